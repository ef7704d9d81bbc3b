"""Build the tables of breakdowns that several pages show.

Nothing is added up: a margin is shown only if the release has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboards import charts, indicator_words, layout, queries, tables, words

Row = Mapping[str, Any]


def breakdown_table(
    here: layout.Frame,
    found: Sequence[Row],
    dimension: str,
    codes: Sequence[str],
    columns: Sequence[tuple[str, str]],
    caption: str,
    *,
    across: str = "measure",
    names: Sequence[tuple[str, str]] = (),
) -> None:
    """Show the counts of a breakdown with categories as rows and measures (or the codes of `across`) as columns;
    shares with their ranges, if the release has them, follow in a table of their own, to be read down a column."""
    labels = queries.labels(here.path, dimension)
    at = {(row[across], row[dimension]): row for row in found}
    corner, headings = dimension.replace("_", " ").capitalize(), [name for _, name in columns]

    def lines(cell: Callable[[Row | None, str], tables.Cell]) -> list[tables.Line]:
        return [
            tables.Line(
                tables.Cell(labels.get(code, code)),
                tuple(cell(at.get((column, code)), f"{labels.get(code, code)}, {name}") for column, name in columns),
            )
            for code in codes
        ]

    notes = words.Notes()
    counted = lines(lambda row, what: tables.figure(here.id, row, notes, what=what))
    layout.put(tables.table(caption, headings, counted, corner=corner), tables.notes_list(notes, names))
    if all(row["share_obs_status"] is None for row in found):
        return
    notes = words.Notes()
    shares = lines(lambda row, what: _share(row, notes, f"{what}, share"))
    title = f"Shares of the total, per cent, with 95 % ranges. {caption}"
    layout.put(tables.table(title, headings, shares, corner=corner), tables.notes_list(notes, names))


def _share(row: Row | None, notes: words.Notes, what: str) -> tables.Cell:
    """Return a share with its range, set back if it is too few. A total of zero has no share."""
    if row is None or row["share_obs_status"] is None:
        return tables.Cell("", f"{what}: none")
    share = {name.removeprefix("share_"): value for name, value in row.items() if name.startswith("share_")}
    shown = indicator_words.figure(share)
    marks = indicator_words.marks(share, notes)
    is_few = share["state"] == "too_few" and shown.kind == "value"
    spoken = f"{what}: {words.TOO_FEW}, {shown.spoken}" if is_few else f"{what}: {shown.spoken}"
    return tables.Cell(shown.text, spoken, marks, kind="few" if is_few else shown.kind)


def told_apart(here: layout.Frame, rows: Sequence[Row], dimension: str, codes: Sequence[str], by: str) -> None:
    """Show which territories' shares of a category differ significantly, one sentence per category that two or more
    have."""
    labels = queries.labels(here.path, dimension)
    names = {code: here.marked(code) for code, _ in here.territories}
    said = []
    for code in codes:
        of_code = [row for row in rows if row["category"] == code]
        if any(row["verdict"] in indicator_words.TESTED for row in of_code):
            apart = [row for row in of_code if row["verdict"] in indicator_words.APART]
            listed = "".join(f"<li>{escape(indicator_words.pair(row, names))}</li>" for row in apart)
            inner = f"<ul>{listed}</ul>" if listed else ""
            told = indicator_words.share_told(str(labels.get(code, code)), of_code)
            said.append(f"<li>{escape(told)}{inner}</li>")
    if not said:
        st.markdown(
            f"No share by {by} can be compared: each has under 20 on a side, is not public, or counts otherwise."
        )
        return
    layout.put(f"<ul>{''.join(said)}</ul>")
    st.markdown(indicator_words.SIMULTANEOUS)


def cross_table(
    here: layout.Frame, table_id: str, crime: str, unit: str, year: str, columns: Sequence[tuple[str, str]], title: str,
    *, across: str = "measure",
) -> None:  # fmt: skip
    """Show sex and age together as rows, measures (or the codes of `across`) as columns. For the region only."""
    found = queries.read(here.path, "crossed", table_id, here.region, year, crime, unit)
    wanted = {code for code, _ in columns}
    found = tuple(row for row in found if row[across] in wanted)
    if not found:
        st.markdown("The release has no figures by sex and age of this kind.")
        return
    notes = words.Notes()
    sexes, ages = queries.labels(here.path, "sex"), queries.labels(here.path, "age")
    at = {(row["sex"], row["age"], row[across]): row for row in found}
    lines = []
    for sex in sexes:
        for age in ages:
            if any((sex, age, code) in at for code in wanted):
                name = f"{sexes[sex]}, {ages[age].lower()}"
                fields = tuple(
                    tables.figure(here.id, at.get((sex, age, code)), notes, what=f"{name}, {label}")
                    for code, label in columns
                )
                lines.append(tables.Line(tables.Cell(name), fields, is_total=(sex, age) == ("_T", "_T")))
    demonstration = f" {charts.DEMONSTRATION}." if here.is_demonstration else ""
    caption = f"{title}, {year}: {words.unit(unit)} by sex and age. Release {here.id}.{demonstration}"
    layout.put(
        tables.table(caption, [label for _, label in columns], lines, corner="Sex and age"),
        tables.notes_list(notes, here.name_notes([code for code, _ in here.territories])),
    )


def movements_table(here: layout.Frame, area: str, crime: str, unit: str, title: str) -> None:
    """Show entries, exits, appeals and stocks as rows, years as columns. Stocks are of one day and are never summed."""
    found = queries.read(here.path, "movements", area, crime, unit)
    if not found:
        st.markdown("The release has no such figures.")
        return
    notes = words.Notes()
    measures, levels = queries.labels(here.path, "measure"), queries.labels(here.path, "level")
    years = sorted({row["period"] for row in found}, reverse=True)
    at = {(row["measure"], row["level"], row["statistic"], row["period"]): row for row in found}
    lines = []
    for measure, level, statistic in dict.fromkeys((row["measure"], row["level"], row["statistic"]) for row in found):
        when = {"start": ", at the start", "end": ", at the end"}.get(statistic, "")
        label, of_level = str(measures.get(measure, measure)), levels.get(str(level), "").lower()
        # Name the level only if the name of the measure does not.
        name = f"{label}{when}" if of_level in label.lower() else f"{label}{when} ({of_level})"
        fields = tuple(
            tables.figure(here.id, at.get((measure, level, statistic, year)), notes, what=f"{name}, {year}")
            for year in years
        )
        lines.append(tables.Line(tables.Cell(name), fields))
    demonstration = f" {charts.DEMONSTRATION}." if here.is_demonstration else ""
    caption = f"{title}: {words.unit(unit)} by year. Release {here.id}.{demonstration}"
    layout.put(
        tables.table(caption, years, lines, corner="Entry, exit or stock"),
        tables.notes_list(notes, here.name_notes([area])),
    )
