"""Build the tables of breakdowns that several pages show.

Nothing is added up: a margin is shown only if the release has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboards import words
from dashboards.public import layout, queries, tables
from dashboards.words import indicators
from pipelines.core.codes import TOTAL_CODES
from pipelines.statistics.thresholds import ENOUGH_EVENTS

Row = Mapping[str, Any]


def show_breakdown(
    frame: layout.Frame,
    rows: Sequence[Row],
    dimension: str,
    codes: Sequence[str],
    columns: Sequence[tuple[str, str]],
    caption: str,
    *,
    area: str,
    across: str = "measure",
) -> None:
    """Show the counts of a breakdown with categories as rows and measures (or the codes of `across`) as columns.

    Shares with their 95% confidence intervals, if the release has them, follow in a table of their own, to be read
    down a column.
    """
    labels = queries.read_labels(frame.path, dimension)
    at = {(row[across], row[dimension]): row for row in rows}
    corner, headings = dimension.replace("_", " ").capitalize(), [name for _, name in columns]

    def build_lines(cell: Callable[[Row | None, str], tables.Cell]) -> list[tables.Line]:
        return [
            tables.Line(
                tables.Cell(labels.get(code, code)),
                tuple(cell(at.get((column, code)), f"{labels.get(code, code)}, {name}") for column, name in columns),
                is_total=code in TOTAL_CODES,
            )
            for code in codes
        ]

    name = frame.marked_name(area)
    notes = words.Notes()
    counted = build_lines(lambda row, label: tables.figure_cell(frame.id, row, notes, what=label))
    layout.show_table(frame, caption, headings, counted, corner=corner, notes=notes, coverage=name, legend=True)
    if all(row["share_obs_status"] is None for row in rows):
        return
    notes = words.Notes()
    shares = build_lines(lambda row, label: _share_cell(frame, row, dimension, notes, f"{label}, share"))
    title = f"Shares of the total, per cent, with 95% confidence intervals. {caption}"
    layout.show_table(frame, title, headings, shares, corner=corner, notes=notes, coverage=name)


def _share_cell(frame: layout.Frame, row: Row | None, dimension: str, notes: words.Notes, label: str) -> tables.Cell:
    """Return a share with its interval and a link to the counts behind it. A total of zero has no share."""
    if row is None or row["share_obs_status"] is None:
        return tables.Cell("", f"{label}: none")
    share = {name.removeprefix("share_"): value for name, value in row.items() if name.startswith("share_")}
    figure = indicators.format_figure(share)
    is_few = share["state"] == "too_few" and figure.kind == "value"
    address = tables.source_address(frame.id, row, dimension)
    return tables.value_cell(figure, label, indicators.mark_notes(share, notes), address, is_few=is_few)


def coverage_cells(
    frame: layout.Frame, cells: Sequence[Row | None], columns: Sequence[str], notes: words.Notes
) -> tuple[tables.Cell, ...]:
    """Return, for each figure of the region in one row, how many territories are in it, with a note that names them
    unless all are."""
    fields = []
    for cell, column in zip(cells, columns, strict=True):
        if cell is None:
            fields.append(tables.Cell(words.NOT_COLLECTED, f"{column}: {words.NOT_COLLECTED}", kind="note"))
            continue
        text, missing = words.describe_coverage(cell["reporters"] or "", frame.territories)
        marks = (notes.number_note(_name_reporters(frame, cell)),) if missing else ()
        fields.append(tables.Cell(text, f"{column}: {text} territories", marks, kind="note"))
    return tuple(fields)


def _name_reporters(frame: layout.Frame, cell: Row) -> str:
    """Return the note that names the territories in a figure of the region."""
    codes = str(cell["reporters"] or "").split(",")
    names = [frame.marked_name(code) for code, _ in frame.territories if code in codes]
    return f"Includes {words.join_words(names)}." if names else "No territory has reported."


def show_significant_pairs(
    frame: layout.Frame, rows: Sequence[Row], dimension: str, codes: Sequence[str], by: str
) -> None:
    """Show which territories' shares of a category differ significantly, one sentence per category that two or more
    have."""
    labels = queries.read_labels(frame.path, dimension)
    names = {code: frame.marked_name(code) for code, _ in frame.territories}
    items = []
    for code in codes:
        of_code = [row for row in rows if row["category"] == code]
        if any(row["verdict"] in indicators.TESTED for row in of_code):
            apart = [row for row in of_code if row["verdict"] in indicators.APART]
            listed = "".join(f"<li>{escape(indicators.describe_pair(row, names))}</li>" for row in apart)
            inner = f"<ul>{listed}</ul>" if listed else ""
            summary = indicators.describe_share_pairs(str(labels.get(code, code)), of_code)
            items.append(f"<li>{escape(summary)}{inner}</li>")
    if not items:
        st.markdown(
            f"No shares by {by} can be compared: each is based on fewer than {ENOUGH_EVENTS} people, is not public, "
            "or is counted differently."
        )
        return
    layout.put_html(f"<ul>{''.join(items)}</ul>")
    st.markdown(indicators.SIMULTANEOUS)


def show_cross_table(
    frame: layout.Frame, table_id: str, crime: str, unit: str, year: str, columns: Sequence[tuple[str, str]],
    title: str,
    *, across: str = "measure",
) -> None:  # fmt: skip
    """Show sex and age together as rows, measures (or the codes of `across`) as columns. For the region only.

    The rows cover different territories, because not every office counts by age: each has its own coverage, and the
    total is above the others only where all have the same.
    """
    rows = queries.read_rows(frame.path, "crossed", table_id, frame.region, year, crime, unit)
    column_codes = {code for code, _ in columns}
    rows = tuple(row for row in rows if row[across] in column_codes)
    if not rows:
        st.markdown("This release has no such figures by sex and age.")
        return
    notes = words.Notes()
    sexes, ages = queries.read_labels(frame.path, "sex"), queries.read_labels(frame.path, "age")
    at = {(row["sex"], row["age"], row[across]): row for row in rows}
    pairs = [(s, a) for s in sexes for a in ages if any((s, a, code) in at for code in column_codes)]
    bases = {cell["reporters"] for cell in at.values() if words.format_count(cell).kind == "value"}
    is_one_base = len(bases) <= 1
    total = ("_T", "_T")
    # A total of other territories than the rows is the last row, and not styled as their total.
    ordered = pairs if is_one_base else [*(pair for pair in pairs if pair != total), total]
    labels = [label for _, label in columns]
    lines = []
    for sex, age in ordered:
        name = f"{sexes[sex]}, {ages[age].lower()}"
        fields = tuple(
            _covered_cell(frame, at.get((sex, age, code)), notes, f"{name}, {label}", is_one_base=is_one_base)
            for code, label in columns
        )
        lines.append(tables.Line(tables.Cell(name), fields, is_total=is_one_base and (sex, age) == total))
    if not is_one_base:
        notes.add_remark(
            "The figures cover different territories, so rows do not add up to the total and shares must not be "
            "calculated from them."
        )
    title = f"{title}, {year}: {words.unit_name(unit)} by sex and age"
    layout.show_table(frame, title, labels, lines, corner="Sex and age", notes=notes, legend=True)


def _covered_cell(
    frame: layout.Frame, cell: Row | None, notes: words.Notes, label: str, *, is_one_base: bool
) -> tables.Cell:
    """Return a figure of the region; if others of the table cover other territories, with its own coverage."""
    if cell is None or is_one_base or words.format_count(cell).kind != "value":
        return tables.figure_cell(frame.id, cell, notes, what=label)
    field = tables.figure_cell(frame.id, _without_flag(cell, "partial"), notes, what=label)
    base, missing = words.describe_coverage(cell["reporters"] or "", frame.territories)
    marks = (*field.marks, notes.number_note(_name_reporters(frame, cell))) if missing else field.marks
    return replace(field, base=base, spoken=f"{field.spoken}, {base} territories", marks=marks)


def _without_flag(cell: Row | None, flag: str) -> Row | None:
    """Return a cell without one of its flags, whose note its row gives in more detail."""
    if cell is None:
        return None
    return {**cell, "flags": ",".join(part for part in str(cell["flags"] or "").split(",") if part != flag)}


def show_movements(frame: layout.Frame, area: str, crime: str, unit: str, title: str) -> None:
    """Show entries, exits, appeals and stocks as rows, years as columns. Stocks are of one day and are never summed."""
    rows = queries.read_rows(frame.path, "movements", area, crime, unit)
    if not rows:
        st.markdown("The release has no such figures.")
        return
    notes = words.Notes()
    measures, levels = queries.read_labels(frame.path, "measure"), queries.read_labels(frame.path, "level")
    years = sorted({row["period"] for row in rows}, reverse=True)
    at = {(row["measure"], row["level"], row["statistic"], row["period"]): row for row in rows}
    lines = []
    for measure, level, statistic in dict.fromkeys((row["measure"], row["level"], row["statistic"]) for row in rows):
        when = {"start": ", at the start", "end": ", at the end"}.get(statistic, "")
        label, of_level = str(measures.get(measure, measure)), levels.get(str(level), "").lower()
        # Name the level only if the name of the measure does not.
        name = f"{label}{when}" if of_level in label.lower() else f"{label}{when} ({of_level})"
        fields = tuple(
            tables.figure_cell(frame.id, at.get((measure, level, statistic, year)), notes, what=f"{name}, {year}")
            for year in years
        )
        lines.append(tables.Line(tables.Cell(name), fields))
    title = f"{title}: {words.unit_name(unit)} by year"
    coverage = frame.marked_name(area)
    layout.show_table(frame, title, years, lines, corner="Entry or exit", notes=notes, coverage=coverage)
