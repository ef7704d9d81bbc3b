"""Compose tables on whether figures changed between two years: one table for counts, rates, ratios and medians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.design.components import Part
from pipelines.front import sentences
from pipelines.front.edition import Edition
from pipelines.front.pages.fields import area_field, rate_field, ratio_field
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure, format_times
from pipelines.statistics.change import Kind
from pipelines.words import FormattedFigure, Row, durations, indicators, regions, trends
from pipelines.words.language import tell

_SPAN = 2
"""Years over which a change is tested."""
Span = tuple[str, str]
"""The first and the last year of a test."""
_OTHER_SPAN = mark(
    "Headlines on convictions compare {last} with {previous}. Tables of changes, and the texts on victims and "
    "indicators, compare {last} with {first}, because a slow change shows over a longer time only. So the results can "
    "differ."
)


class TestedChanges(TypedDict):
    """The tested changes of a page: sentences on the region, and tables of all areas."""

    changed: str
    changes: list[FigureTable]


def choose_span(years: Sequence[str], last: str = "") -> Span | None:
    """Return the first and the last year of a test: two years apart, or one if there is none in between.

    None without two years. `last` is the newest of `years` by default.
    """
    last = last or (years[-1] if years else "")
    earlier = [year for year in years if year < last][-_SPAN:]
    return (earlier[0], last) if earlier else None


def explain_span(years: Sequence[str], span: Span | None) -> str:
    """Return why the headlines of convictions, which compare two years in a row, can differ from a test over a longer
    span; empty text if the span is those two years, or if there is none."""
    if span is None:
        return ""
    first, last = span
    previous = max(year for year in years if year < last)
    return tell(_OTHER_SPAN, first=first, last=last, previous=previous) if previous != first else ""  # marked above


@dataclass(frozen=True)
class TestedLine:
    """One line of a table: its heading, its two figures as fields and as words, and the judgement of their change.

    `rows` are the rows of the release that the figures are from.
    """

    heading: Part
    fields: tuple[Part, Part]
    figures: tuple[FormattedFigure, FormattedFigure]
    trend: trends.Trend
    is_total: bool = False
    rows: tuple[Row | None, Row | None] = (None, None)


def make_table(reader: Reader, caption: str, span: Span, name: str = "changes", corner: str = "") -> FigureTable:
    """Return a table of changes between two years, without lines."""
    first, last = span
    columns = [first, last, trends.name_ratio(first, last), tell("Clear change?")]
    # The table of the figures by year has the caption without the years.
    caption = f"{caption}: {tell('{first} and {last}', first=first, last=last)}"
    return FigureTable(reader, caption, corner or tell("Area"), columns, word_columns=(3,), name=name)


def add_lines(table: FigureTable, lines: Sequence[TestedLine], explanation: str = trends.READ) -> FigureTable:
    """Add lines to a table of changes, and the remarks on how to read it.

    `explanation` is marked in words.trends; a table that follows another one on the same page needs none.
    """
    for line in lines:
        if line.is_total and any(line.rows):
            table.record_regional(line.rows)
        verdict = table.verdict_field(trends.name_verdict(line.trend, line.figures), line.trend.note)
        table.add_row(line.heading, (*line.fields, format_times(line.trend), verdict), is_total=line.is_total)
    if explanation:
        table.notes.add_remark(tell(explanation))  # marked in words.trends
    if chance := trends.count_tested([line.trend for line in lines]):
        table.notes.add_remark(chance)
    return table


def add_remarks(table: FigureTable, *texts: str) -> FigureTable:
    """Add those remarks to a table that have a text."""
    for text in filter(None, texts):
        table.notes.add_remark(text)
    return table


def compose_region(
    reader: Reader,
    crime: str,
    name: str,
    caption: str,
    span: Span | None,
    judge: Callable[[FigureTable, Span], Sequence[TestedLine]],
    *,
    is_count: bool = False,
) -> TestedChanges:
    """Return whether a figure of the region and of each territory changed; nothing without two years.

    `name` says what is measured, and in which unit.
    """
    if span is None:
        return {"changed": "", "changes": []}
    table = make_table(reader, caption, span)
    lines = judge(table, span)
    changed = _describe_region(reader, crime, name, span, lines[0], is_count=is_count)
    return {"changed": changed, "changes": [add_lines(table, lines)]}


def _describe_region(
    reader: Reader, crime: str, name: str, span: Span, line: TestedLine, *, is_count: bool = False
) -> str:
    """Return the figures of the region in both years, which are those of a line, and whether they changed."""
    numbers = sentences.describe_ends(reader, crime, name, span, line.figures, line.rows)
    return f"{numbers} {sentences.describe_change(line.trend, is_count=is_count)}"


def judge_counts(table: FigureTable, crime: str, measure: str, span: Span) -> list[TestedLine]:
    """Return the persons who reached a stage in both years, in the region and each territory."""
    edition = table.reader.edition
    lines = []
    for code in (edition.region, *edition.territories):
        cells = [edition.find_total(crime, measure, code, year) for year in span]
        lines.append(judge_count(table, crime, code, cells, span))
    return lines


def judge_victims(table: FigureTable, crime: str, span: Span) -> list[TestedLine]:
    """Return the presumed and identified victims in both years, in the region and each territory."""
    edition = table.reader.edition
    lines = []
    for code in (edition.region, *edition.territories):
        cells = [edition.find_victims(crime, code, year) for year in span]
        lines.append(judge_count(table, crime, code, cells, span))
    return lines


def judge_median(heading: Part, rows: Sequence[Row | None], breaks: Sequence[Row]) -> TestedLine:
    """Return the change between two medians of case records."""
    first, last = rows
    fields = [format_figure(durations.format_limits(row), is_few=durations.is_shown_few(row)) for row in rows]
    return TestedLine(
        heading,
        (fields[0], fields[1]),
        (_format_ratio(first), _format_ratio(last)),
        trends.judge_medians(first, last, breaks),
    )


def judge_count(
    table: FigureTable, crime: str, area: str, cells: Sequence[Row | None], span: Span, heading: Part = ""
) -> TestedLine:
    """Return the change between two counts of an area; none of the region is compared from too few territories."""
    edition = table.reader.edition
    is_region = area == edition.region
    before, after = _take_regional(edition, area, cells)
    fields = [area_field(table, cell, is_region=is_region) for cell in cells]
    return TestedLine(
        heading or table.name_area(area),
        (fields[0], fields[1]),
        _format_pair(cells, is_region, (_format_count(before), _format_count(after))),
        trends.judge_trend(before, after, edition.find_breaks(area, crime, *span, before)),
        is_region,
        (cells[0], cells[1]),
    )


def judge_rates(table: FigureTable, crime: str, measure: str, span: Span) -> list[TestedLine]:
    """Return the persons per inhabitants in both years, in the region and each territory."""
    edition = table.reader.edition
    lines = []
    for code in (edition.region, *edition.territories):
        cells = [edition.find_total(crime, measure, code, year) for year in span]
        before, after = _take_regional(edition, code, cells)
        fields = [rate_field(table, cell, is_region=code == edition.region) for cell in cells]
        first, last = (None if cell is None else _select_rate(cell) for cell in (before, after))
        breaks = edition.find_breaks(code, crime, *span, before)
        lines.append(
            TestedLine(
                table.name_area(code),
                (fields[0], fields[1]),
                _format_pair(cells, code == edition.region, (_format_value(first, 2), _format_value(last, 2))),
                trends.judge_figures("rate", first, last, breaks),
                code == edition.region,
            )
        )
    return lines


def _select_rate(cell: Row) -> Row:
    """Return the rate of a count as a figure of its own."""
    columns = {"rate": "value", "rate_obs_status": "obs_status", "rate_conf_status": "conf_status"}
    operands = {"rate_numerator": "numerator", "rate_denominator": "denominator"}
    return {"reporters": cell["reporters"], **{new: cell[old] for old, new in {**columns, **operands}.items()}}


def judge_ratios(table: FigureTable, crime: str, by_year: Sequence[Mapping[str, Row]], kind: Kind) -> list[TestedLine]:
    """Return a ratio or a clearance rate in both years, in the region and each territory; rows are by area."""
    edition = table.reader.edition
    lines = []
    for code in (edition.region, *edition.territories):
        first, last = (of_year.get(code) for of_year in by_year)
        lines.append(
            TestedLine(
                table.name_area(code),
                (ratio_field(table, first), ratio_field(table, last)),
                (_format_ratio(first), _format_ratio(last)),
                trends.judge_figures(kind, first, last, edition.find_ratio_breaks(code, crime, first, last)),
                code == edition.region,
                (first, last),
            )
        )
    return lines


def _take_regional(edition: Edition, area: str, cells: Sequence[Row | None]) -> list[Row | None]:
    """Return cells without those of the region that are from too few territories."""
    return [cell if area != edition.region or regions.is_regional(cell) else None for cell in cells]


def _format_pair(
    cells: Sequence[Row | None], is_region: bool, figures: tuple[FormattedFigure, FormattedFigure]
) -> tuple[FormattedFigure, FormattedFigure]:
    """Return two figures of an area; those of the region from too few territories become words."""
    first, last = (
        regions.refuse_figure() if is_region and regions.is_refused(cell) else figure
        for cell, figure in zip(cells, figures, strict=True)
    )
    return first, last


def _format_ratio(row: Row | None) -> FormattedFigure:
    """Return a ratio without its interval, since a sentence has the interval of the change."""
    figure = indicators.format_figure(row)
    return figure if figure.kind != "value" else _format_value(row)


def _format_value(row: Row | None, digits: int = 0) -> FormattedFigure:
    if row is None:
        return words.format_absent()
    return words.format_value(row["value"], row["obs_status"], row["conf_status"], digits)


def _format_count(cell: Row | None) -> FormattedFigure:
    return words.format_absent() if cell is None else words.format_count(cell)
