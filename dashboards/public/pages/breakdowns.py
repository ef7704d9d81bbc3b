"""Build the tables of breakdowns that several pages show.

Nothing is added up: a margin is shown only if the release has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from dashboards.public import layout, queries, tables
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.core.codes import TOTAL_CODES
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import figures, indicators, regions
from pipelines.words.language import lower_first, tell

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
    corner, headings = figures.DIMENSIONS[dimension], [name for _, name in columns]

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
    if all(row.get("share_obs_status") is None for row in rows):
        return
    notes = words.Notes()
    shares = build_lines(
        lambda row, label: _share_cell(frame, row, dimension, notes, tell("{subject}, share", subject=label))
    )
    title = tell("Shares of the total, per cent, with 95% confidence intervals. {caption}", caption=caption)
    layout.show_table(frame, title, headings, shares, corner=corner, notes=notes, coverage=name, is_share=True)


def _share_cell(frame: layout.Frame, row: Row | None, dimension: str, notes: words.Notes, label: str) -> tables.Cell:
    """Return a share with its interval and a link to the counts behind it. A total of zero has no share; a count that
    is not a number has the word for it."""
    if row is None or row.get("share_obs_status") is None:
        count = words.format_absent() if row is None else words.format_count(row)
        if count.kind != "value":
            return tables.value_cell(count, label)
        return tables.Cell("", tell("{subject}: none", subject=label))
    share = {name.removeprefix("share_"): value for name, value in row.items() if name.startswith("share_")}
    figure = indicators.format_figure(share)
    is_few = share["state"] == "too_few" and figure.kind == "value"
    address = tables.source_address(frame.id, row, dimension)
    return tables.value_cell(figure, label, indicators.mark_notes(share, notes, of="share"), address, is_few=is_few)


def show_significant_pairs(frame: layout.Frame, rows: Sequence[Row], dimension: str, codes: Sequence[str]) -> None:
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
        layout.put_text(
            tell(
                "No shares by {dimension} can be compared: each is based on fewer than {enough} people, is not public, "
                "or is counted differently.",
                dimension=lower_first(figures.DIMENSIONS[dimension]),
                enough=ENOUGH_EVENTS,
            )
        )
        return
    layout.put_html(f"<ul>{''.join(items)}</ul>")
    layout.put_text(tell(indicators.SIMULTANEOUS))


def show_cross_table(
    frame: layout.Frame, table_id: str, crime: str, unit: str, year: str, columns: Sequence[tuple[str, str]],
    title: str,
    coverage: Coverage,
    *, across: str = "measure",
) -> None:  # fmt: skip
    """Show sex and age together as rows, measures (or the codes of `across`) as columns. For the region only.

    Where the table has no ages, the rows are sexes.

    Each row has its own coverage, since not every territory has every breakdown; where the figures of a row differ in
    it, each figure has its own. A row of everyone is a total of the rows only if the same territories are in all of
    them; otherwise it is the last row.
    """
    rows = queries.read_rows(frame.path, "crossed", table_id, frame.region, year, crime, unit)
    column_codes = {code for code, _ in columns}
    rows = tuple(row for row in rows if row[across] in column_codes)
    if not rows:
        layout.put_text(tell("This release has no such figures by sex and age."))
        return
    notes = words.Notes()
    has_ages = any(row["age"] != "_T" for row in rows)
    sexes, ages = queries.read_labels(frame.path, "sex"), queries.read_labels(frame.path, "age")
    at = {(row["sex"], row["age"], row[across]): row for row in rows}
    is_one_base = all(len({r["reporters"] for r in rows if r[across] == code}) <= 1 for code in column_codes)
    pairs = [(s, a) for s in sexes for a in ages if any((s, a, code) in at for code in column_codes)]
    total = ("_T", "_T")
    ordered = pairs if is_one_base else sorted(pairs, key=lambda pair: pair == total)
    lines = []
    for sex, age in ordered:
        cells = [at.get((sex, age, code)) for code, _ in columns]
        of_row = [cell for cell in cells if cell is not None]
        is_everyone = (sex, age) == total
        name = f"{sexes[sex]}, {lower_first(ages[age])}" if has_ages else sexes[sex]
        name = tell("Everyone") if is_everyone else name
        has_one_base = len({cell["reporters"] for cell in of_row}) <= 1
        fields = [
            regional_cell(frame, cell, notes, f"{name}, {label}")
            if has_one_base or cell is None
            else _covered_cell(frame, cell, notes, f"{name}, {label}", coverage)
            for cell, (_, label) in zip(cells, columns, strict=True)
        ]
        fields.append(_coverage_of_row(coverage, of_row, name, notes))
        lines.append(tables.Line(tables.Cell(name), tuple(fields), is_total=is_everyone and is_one_base))
    if not is_one_base:
        notes.add_remark(
            tell(
                "The rows cover different territories, so they do not add up to everyone and shares must not be "
                "calculated from them."
            )
        )
    if has_ages:
        title = tell("{title}, {year}: {unit} by sex and age", title=title, year=year, unit=words.unit_name(unit))
    else:
        title = tell("{title}, {year}: {unit} by sex", title=title, year=year, unit=words.unit_name(unit))
    headings = [*(label for _, label in columns), tell("Territories")]
    of_everyone = [(label, at.get((*total, code))) for code, label in columns]
    corner = tell("Sex and age") if has_ages else tell("Sex")
    layout.show_table(
        frame, title, headings, lines, corner=corner, notes=notes, legend=True,
        coverage=coverage.name_territories(of_everyone) if is_one_base else "",
    )  # fmt: skip


def _covered_cell(frame: layout.Frame, cell: Row, notes: words.Notes, label: str, coverage: Coverage) -> tables.Cell:
    """Return a figure of the region with its own coverage, which replaces the note that it is partial."""
    without_flag = ",".join(flag for flag in str(cell["flags"] or "").split(",") if flag != "partial")
    field = regional_cell(frame, {**cell, "flags": without_flag}, notes, label)
    if field.value is None:
        return field
    base = coverage.build_cell(cell, label, notes)
    marks = tuple(dict.fromkeys((*field.marks, *base.marks)))
    return replace(
        field, base=base.text, spoken=f"{field.spoken}, {tell('{count} territories', count=base.text)}", marks=marks
    )


def regional_cell(
    frame: layout.Frame, cell: Row | None, notes: words.Notes, what: str, *, rate: bool = False
) -> tables.Cell:
    """Return a figure of the region as a field, or words instead of it if too few territories are in it."""
    if cell is None or regions.is_regional(cell) or not regions.count_reporters(cell):
        return tables.figure_cell(frame.id, cell, notes, what=what, rate=rate)
    marks = (notes.number_note(regions.explain_too_few()),)
    no_region = tell(regions.NO_REGION)
    return tables.Cell(no_region, f"{what}: {no_region}", marks, kind="note")


def _coverage_of_row(coverage: Coverage, cells: Sequence[Row], name: str, notes: words.Notes) -> tables.Cell:
    """Return how many territories are in the figures of a row: '5 of 7', or '3 to 5 of 7' if its columns differ."""
    by_reporters = {str(cell["reporters"] or ""): cell for cell in cells}
    if len(by_reporters) == 1:
        return coverage.build_cell(cells[0], name, notes)
    numbers = sorted({regions.count_reporters(cell) for cell in by_reporters.values()})
    whole = len(coverage.frame.territories)
    text = tell("{n} of {whole}", n=numbers[0], whole=whole)
    if len(numbers) > 1:
        text = tell("{low} to {high} of {whole}", low=numbers[0], high=numbers[-1], whole=whole)
    spoken = tell("{subject}: {count} territories, depending on the column", subject=name, count=text)
    return tables.Cell(text, spoken, kind="note")


@layout.keep_part
def show_movements(frame: layout.Frame, area: str, crime: str, unit: str, title: str) -> None:
    """Show entries, exits, appeals and stocks as rows, years as columns. Stocks are of one day and are never summed."""
    rows = queries.read_rows(frame.path, "movements", area, crime, unit)
    if not rows:
        layout.put_text(tell("The release has no such figures."))
        return
    notes = words.Notes()
    measures, levels = queries.read_labels(frame.path, "measure"), queries.read_labels(frame.path, "level")
    years = sorted({row["period"] for row in rows}, reverse=True)
    at = {(row["measure"], row["level"], row["statistic"], row["period"]): row for row in rows}
    lines = []
    for measure, level, statistic in dict.fromkeys((row["measure"], row["level"], row["statistic"]) for row in rows):
        label, of_level = str(measures.get(measure, measure)), levels.get(str(level), "")
        name = label
        if statistic == "start":
            name = tell("{measure}, at the start", measure=label)
        elif statistic == "end":
            name = tell("{measure}, at the end", measure=label)
        # Name the level only if the name of the measure does not.
        if of_level and not figures.is_level_named(measure, str(level)):
            name = f"{name} ({lower_first(of_level)})"
        fields = tuple(
            tables.figure_cell(frame.id, at.get((measure, level, statistic, year)), notes, what=f"{name}, {year}")
            for year in years
        )
        lines.append(tables.Line(tables.Cell(name), fields))
    title = tell("{title}: {unit} by year", title=title, unit=words.unit_name(unit))
    coverage = frame.marked_name(area)
    layout.show_table(
        frame, title, years, lines, corner=tell("Entry, exit or pending cases"), notes=notes, coverage=coverage
    )
