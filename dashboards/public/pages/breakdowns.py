"""Build the tables of breakdowns that several pages show.

Nothing is added up: a margin is shown only if the release has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboards import words
from dashboards.public import charts, layout, queries, tables
from dashboards.public.pages.reporting import Coverage
from dashboards.words import indicators, regions
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
    across: str = "measure",
    names: Sequence[tuple[str, str]] = (),
) -> None:
    """Show the counts of a breakdown with categories as rows and measures (or the codes of `across`) as columns;
    shares with their ranges, if the release has them, follow in a table of their own, to be read down a column."""
    labels = queries.read_labels(frame.path, dimension)
    at = {(row[across], row[dimension]): row for row in rows}
    corner, headings = dimension.replace("_", " ").capitalize(), [name for _, name in columns]

    def build_lines(cell: Callable[[Row | None, str], tables.Cell]) -> list[tables.Line]:
        return [
            tables.Line(
                tables.Cell(labels.get(code, code)),
                tuple(cell(at.get((column, code)), f"{labels.get(code, code)}, {name}") for column, name in columns),
            )
            for code in codes
        ]

    notes = words.Notes()
    counted = build_lines(lambda row, label: tables.figure_cell(frame.id, row, notes, what=label))
    layout.put_html(tables.render_table(caption, headings, counted, corner=corner), tables.render_notes(notes, names))
    if all(row["share_obs_status"] is None for row in rows):
        return
    notes = words.Notes()
    shares = build_lines(lambda row, label: _share_cell(row, notes, f"{label}, share"))
    title = f"Shares of the total, per cent, with 95% confidence intervals. {caption}"
    layout.put_html(tables.render_table(title, headings, shares, corner=corner), tables.render_notes(notes, names))


def _share_cell(row: Row | None, notes: words.Notes, label: str) -> tables.Cell:
    """Return a share with its range, set back if it is too few. A total of zero has no share."""
    if row is None or row["share_obs_status"] is None:
        return tables.Cell("", f"{label}: none")
    share = {name.removeprefix("share_"): value for name, value in row.items() if name.startswith("share_")}
    figure = indicators.format_figure(share)
    marks = indicators.mark_notes(share, notes)
    is_few = share["state"] == "too_few" and figure.kind == "value"
    spoken = f"{label}: {words.TOO_FEW}, {figure.spoken}" if is_few else f"{label}: {figure.spoken}"
    return tables.Cell(figure.text, spoken, marks, kind="few" if is_few else figure.kind)


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
            f"No share by {by} can be compared: each has under {ENOUGH_EVENTS} on a side, is not public, or "
            "counts differently."
        )
        return
    layout.put_html(f"<ul>{''.join(items)}</ul>")
    st.markdown(indicators.SIMULTANEOUS)


def show_cross_table(
    frame: layout.Frame, table_id: str, crime: str, unit: str, year: str, columns: Sequence[tuple[str, str]],
    title: str,
    coverage: Coverage,
    *, across: str = "measure",
) -> None:  # fmt: skip
    """Show sex and age together as rows, measures (or the codes of `across`) as columns. For the region only.

    Each row has its own coverage, since not every territory has every breakdown. A row of everyone is a total of the
    rows only if the same territories are in all of them.
    """
    rows = queries.read_rows(frame.path, "crossed", table_id, frame.region, year, crime, unit)
    column_codes = {code for code, _ in columns}
    rows = tuple(row for row in rows if row[across] in column_codes)
    if not rows:
        st.markdown("The release has no figures by sex and age of this kind.")
        return
    notes = words.Notes()
    sexes, ages = queries.read_labels(frame.path, "sex"), queries.read_labels(frame.path, "age")
    at = {(row["sex"], row["age"], row[across]): row for row in rows}
    is_one_base = all(len({r["reporters"] for r in rows if r[across] == code}) <= 1 for code in column_codes)
    lines = []
    for sex in sexes:
        for age in ages:
            cells = [at.get((sex, age, code)) for code, _ in columns]
            if not any(cells):
                continue
            is_everyone = (sex, age) == ("_T", "_T")
            name = "Everyone" if is_everyone else f"{sexes[sex]}, {ages[age].lower()}"
            fields = [
                regional_cell(frame, cell, notes, f"{name}, {label}")
                for cell, (_, label) in zip(cells, columns, strict=True)
            ]
            fields.append(_coverage_of_row(coverage, [cell for cell in cells if cell is not None], name, notes))
            lines.append(tables.Line(tables.Cell(name), tuple(fields), is_total=is_everyone and is_one_base))
    if not is_one_base:
        lines = [line for line in lines if line.heading.text != "Everyone"] + [
            line for line in lines if line.heading.text == "Everyone"
        ]
        notes.number_note("The rows cover different territories, so that they do not add up to everyone.")
    demonstration = f" {charts.DEMONSTRATION}." if frame.is_demonstration else ""
    caption = f"{title}, {year}: {words.unit_name(unit)} by sex and age. Release {frame.id}.{demonstration}"
    headings = [*(label for _, label in columns), "Territories"]
    layout.put_html(
        tables.render_table(caption, headings, lines, corner="Sex and age"),
        tables.render_notes(notes, frame.name_notes([code for code, _ in frame.territories])),
    )


def regional_cell(
    frame: layout.Frame, cell: Row | None, notes: words.Notes, what: str, *, rate: bool = False
) -> tables.Cell:
    """Return a figure of the region as a field, or words instead of it if too few territories are in it."""
    if cell is None or regions.is_regional(cell) or not regions.count_reporters(cell):
        return tables.figure_cell(frame.id, cell, notes, what=what, rate=rate)
    marks = (notes.number_note(regions.TOO_FEW_TERRITORIES.format(fewest=regions.FEWEST)),)
    return tables.Cell(regions.NO_REGION, f"{what}: {regions.NO_REGION}", marks, kind="note")


def _coverage_of_row(coverage: Coverage, cells: Sequence[Row], name: str, notes: words.Notes) -> tables.Cell:
    """Return how many territories are in the figures of a row: '5 of 7', or '3 to 5 of 7' if its columns differ."""
    by_reporters = {str(cell["reporters"] or ""): cell for cell in cells}
    if len(by_reporters) == 1:
        return coverage.build_cell(cells[0], name, notes)
    numbers = sorted({regions.count_reporters(cell) for cell in by_reporters.values()})
    whole = len(coverage.frame.territories)
    text = f"{numbers[0]} to {numbers[-1]} of {whole}" if len(numbers) > 1 else f"{numbers[0]} of {whole}"
    return tables.Cell(text, f"{name}: {text} territories, depending on the column", kind="note")


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
    demonstration = f" {charts.DEMONSTRATION}." if frame.is_demonstration else ""
    caption = f"{title}: {words.unit_name(unit)} by year. Release {frame.id}.{demonstration}"
    layout.put_html(
        tables.render_table(caption, years, lines, corner="Entry, exit or stock"),
        tables.render_notes(notes, frame.name_notes([area])),
    )
