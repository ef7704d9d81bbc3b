"""Show why convictions changed from year to year, split into the number indicted and the ratio convicted."""

from __future__ import annotations

import streamlit as st

from dashboards import words
from dashboards.public import layout, queries, tables
from dashboards.words import changes


def show_splits(frame: layout.Frame, area: str, crime: str, crime_name: str, unit: str) -> None:
    """Show a sentence on the newest change that can be described, and a table with each year."""
    st.header("Why convictions changed", anchor=False)
    rows = (
        queries.read_rows(frame.path, "splits", area, crime, unit)
        if queries.has_table(frame.path, "decomposition")
        else ()
    )
    if not rows:
        st.markdown(f"The release has no two years of convictions for {crime_name.lower()} to compare here.")
        return
    names = {code: frame.marked_name(code) for code in frame.areas}
    whole = len(frame.territories) if area == frame.region else 1
    layout.quote_sentence(
        changes.describe_split(changes.find_newest_change(rows), frame.marked_name(area), crime_name, whole), frame
    )
    notes = words.Notes()
    lines = []
    for row in rows:
        volume, ratio = changes.format_effects(row)
        marks: tuple[str, ...] = ()
        if (area == frame.region or row["left_out"]) and (who := changes.describe_reporters(row, names)):
            marks = (notes.number_note(who),)
        if row.get("breaks"):
            marks = (*marks, notes.number_note(words.FLAGS["break"]))
        heading = tables.Cell(f"{row['previous_period']} to {row['period']}", marks=marks)
        fields = (changes.format_before_after(row), changes.format_change(row), volume, ratio)
        lines.append(tables.Line(heading, tuple(tables.value_cell(field, "") for field in fields)))
    caption = (
        f"{frame.marked_name(area)}, {crime_name.lower()}: convictions at first instance from year to year, "
        f"{words.unit_name(unit)}"
    )
    columns = ["Convictions", "Change", "With the number indicted", "With the ratio convicted"]
    coverage = "" if area == frame.region else frame.marked_name(area)
    layout.show_table(frame, caption, columns, lines, corner="Years", notes=notes, coverage=coverage)
    layout.put_html(f'<p class="rti-small">{changes.SPLIT_READ}</p>')
