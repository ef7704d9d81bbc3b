"""Draw one row per territory on a common axis: a figure with its interval, or a median with what 75% and 90% took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isinf

from pipelines import words
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import LINE, SIZE, WIDE, Canvas, Drawing, draw_path
from pipelines.front.charts.measure import wrap_text
from pipelines.front.charts.rows import RowLayout, draw_rows, has_value
from pipelines.front.charts.scales import LinearScale
from pipelines.words import FormattedFigure
from pipelines.words.language import lower_first, tell, upper_first


@dataclass(frozen=True)
class TerritoryRow:
    """The figure of one territory, or the word that says why there is none; `note` is written below the figure."""

    name: str
    figure: FormattedFigure
    is_few: bool = False
    note: str = ""


@dataclass(frozen=True)
class RegionComparison:
    """Figures of the territories with the figure of the region, and what the axis counts."""

    title: str
    rows: Sequence[TerritoryRow]
    unit: str
    region: TerritoryRow | None = None
    digits: int = 0
    is_share: bool = False
    """The figures are shares of a whole, so the part or the rest can be too few."""


@dataclass(frozen=True)
class DurationRow:
    """The time after which half, 75% and 90% of the people of one territory had waited."""

    name: str
    median: FormattedFigure
    three_quarters: FormattedFigure
    nine_tenths: FormattedFigure
    is_few: bool = False
    note: str = ""


@dataclass(frozen=True)
class TerritoryDurations:
    """Times of the territories on one axis, and its unit."""

    title: str
    rows: Sequence[DurationRow]
    unit: str


def draw_comparison(
    comparison: RegionComparison,
    *,
    width: int = WIDE,
    description: str = "",
    notes: Sequence[str] = (),
    top: float = 0.0,
) -> Drawing:
    """Return a dot and its interval per row; the region is a dashed line through all rows.

    `top` is the end of a scale that several pictures share, by default the largest number of the rows.
    """
    figures = [row.figure for row in (*comparison.rows, *([comparison.region] if comparison.region else []))]
    ends = [end for f in figures for end in (f.value, f.high) if end is not None and not isinf(end)]
    few = marks.describe_few(is_share=comparison.is_share)
    lines = [_arrange_row(row, is_share=comparison.is_share) for row in comparison.rows]
    canvas = Canvas(width)
    region = comparison.region if comparison.region and has_value(comparison.region.figure) else None
    head = 0.0
    if comparison.region:
        text = f"{comparison.region.name}: {comparison.region.figure.text}"
        notes_of_region = [few] if comparison.region.is_few and region else []
        notes_of_region += [comparison.region.note] if comparison.region.note else []
        texts = [text, *notes_of_region]
        region_lines = [line for part in texts for line in wrap_text(part, width - 24, SIZE)]
        if region:
            canvas.add_line(8, 2, 8, LINE * len(region_lines), "rule")
        head = canvas.add_lines(20 if region else 0, 12, region_lines) - 12 + 6
    behind = partial(_draw_region, region) if region else None
    bottom = draw_rows(canvas, lines, top or max(ends, default=0), comparison.unit, comparison.digits, head, behind)
    keys = [marks.Key(marks.show_interval, marks.name_interval())] if _has_interval(figures) else []
    if any(row.is_few and has_value(row.figure) for row in comparison.rows):
        keys.append(marks.Key(marks.show_few, few))
    bottom = marks.draw_key(canvas, bottom + 2, keys)
    return canvas.finish_drawing(comparison.title, description or describe_comparison(comparison), bottom, notes)


def draw_durations(
    durations: TerritoryDurations, *, width: int = WIDE, description: str = "", notes: Sequence[str] = ()
) -> Drawing:
    """Return the median and the times of 75% and 90% of the people, one row per territory."""
    figures = [f for row in durations.rows for f in (row.median, row.three_quarters, row.nine_tenths)]
    ends = [end for f in figures for end in (f.value, f.high) if end is not None and not isinf(end)]
    canvas = Canvas(width)
    lines = [_arrange_durations(row) for row in durations.rows]
    bottom = draw_rows(canvas, lines, max(ends, default=0), durations.unit, 0, 0.0)
    keys = [
        marks.Key(marks.show_interval, tell("Median, with its 95% confidence interval")),
        marks.Key(_show_quarters, tell("75% of the people waited up to this long")),
        marks.Key(_show_tenths, tell("90% of the people waited up to this long")),
    ]
    if any(row.is_few for row in durations.rows):
        keys.append(marks.Key(marks.show_few, marks.describe_few()))
    bottom = marks.draw_key(canvas, bottom + 2, keys)
    spoken = description or describe_durations(durations)
    return canvas.finish_drawing(durations.title, spoken, bottom, notes)


def _has_interval(figures: Sequence[FormattedFigure]) -> bool:
    return any(has_value(figure) and figure.low is not None for figure in figures)


def _arrange_row(row: TerritoryRow, *, is_share: bool) -> RowLayout:
    # The part of a share may be large and the rest too small. The key says so; the field next to a name is too narrow.
    few = upper_first(marks.name_few()) if is_share else marks.describe_few()
    notes = [few] if row.is_few and has_value(row.figure) else []
    notes += [row.note] if row.note else []
    if not has_value(row.figure):
        return RowLayout(row.name, row.figure.text, notes, None, is_quiet=True)
    return RowLayout(row.name, row.figure.text, notes, lambda canvas, x, y: _draw_interval(canvas, row, x, y))


def _draw_interval(canvas: Canvas, row: TerritoryRow, x: LinearScale, y: float) -> None:
    """Draw a dot on the line of its interval; an interval without an upper end ends in an arrow."""
    _draw_span(canvas, row.figure, x, y)
    hint = f"{row.name}: {row.figure.spoken}"
    marks.draw_point(canvas, x(row.figure.value or 0.0), y, hint=hint, is_few=row.is_few)


def _draw_span(canvas: Canvas, figure: FormattedFigure, x: LinearScale, y: float) -> None:
    if figure.low is None or figure.high is None:
        return
    end = x.end if isinf(figure.high) else x(figure.high)
    canvas.add_line(x(figure.low), y, end, y, "span")
    if isinf(figure.high):
        canvas.add_element(
            "path", d=draw_path([(end - 7, y - 5), (end, y), (end - 7, y + 5)], is_closed=True), kind="mark"
        )


def _arrange_durations(row: DurationRow) -> RowLayout:
    notes = [row.note] if row.note else []
    if not has_value(row.median):
        return RowLayout(row.name, row.median.text, notes, None, is_quiet=True)
    return RowLayout(row.name, _join_durations(row), notes, lambda canvas, x, y: _draw_times(canvas, row, x, y))


def _join_durations(row: DurationRow, *, spoken: bool = False) -> str:
    figures = [row.median, row.three_quarters, row.nine_tenths]
    if not has_value(row.median):
        return row.median.spoken
    texts = [f.spoken if spoken else words.format_number(f.value) if f.value is not None else f.text for f in figures]
    parts = [f"{share}: {text}" for share, text in zip(("50%", "75%", "90%"), texts, strict=True)]
    # Lines break between the three times, not inside of one.
    return ", ".join(parts if spoken else [part.replace(" ", "\u00a0") for part in parts])


def _draw_times(canvas: Canvas, row: DurationRow, x: LinearScale, y: float) -> None:
    last = max(f.value for f in (row.median, row.three_quarters, row.nine_tenths) if f.value is not None)
    canvas.add_line(x(row.median.value or 0.0), y, x(last), y, "outer")
    _draw_span(canvas, row.median, x, y)
    if row.three_quarters.value is not None:
        _draw_quarters(canvas, x(row.three_quarters.value), y)
    if row.nine_tenths.value is not None:
        _draw_tenths(canvas, x(row.nine_tenths.value), y)
    marks.draw_point(canvas, x(row.median.value or 0.0), y, hint=_join_durations(row, spoken=True), is_few=row.is_few)


def _draw_quarters(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_element("path", d=draw_path([(x - 4, y - 6), (x + 4, y), (x - 4, y + 6)], is_closed=True), kind="hollow")


def _draw_tenths(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_line(x, y - 7, x, y + 7, "span")


def _show_quarters(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_line(x - 8, y, x + 8, y, "outer")
    _draw_quarters(canvas, x, y)


def _show_tenths(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_line(x - 8, y, x + 6, y, "outer")
    _draw_tenths(canvas, x + 6, y)


def _draw_region(region: TerritoryRow, canvas: Canvas, x: LinearScale, top: float, bottom: float) -> None:
    """Draw the region's figure as a dashed line, and its interval as a shade."""
    figure = region.figure
    if figure.low is not None and figure.high is not None:
        end = x.end if isinf(figure.high) else x(figure.high)
        canvas.add_element("rect", x=x(figure.low), y=top, width=end - x(figure.low), height=bottom - top, kind="shade")
    at = x(figure.value or 0.0)
    canvas.add_element("line", x1=at, y1=top, x2=at, y2=bottom, kind="rule", hint=f"{region.name}: {figure.spoken}")


def describe_comparison(comparison: RegionComparison) -> str:
    """Return the comparison in sentences: lowest, highest and region, then which rows are not compared."""
    sure = [row for row in comparison.rows if has_value(row.figure) and not row.is_few]
    few = lower_first(marks.describe_few(is_share=comparison.is_share))
    others: dict[str, list[str]] = {}
    for row in comparison.rows:
        if row not in sure:
            reason = few if has_value(row.figure) else row.figure.spoken
            others.setdefault(reason, []).append(row.name)
    sentences = [f"{comparison.title}."]
    if len(sure) > 1:
        ordered = sorted(sure, key=lambda row: row.figure.value or 0.0)
        sentences.append(
            tell(
                "Lowest: {lowest}. Highest: {highest}.",
                lowest=f"{ordered[0].name}, {ordered[0].figure.spoken}",
                highest=f"{ordered[-1].name}, {ordered[-1].figure.spoken}",
            )
        )
    elif sure:
        sentences.append(f"{sure[0].name}: {sure[0].figure.spoken}.")
    if comparison.region:
        is_few = comparison.region.is_few and has_value(comparison.region.figure)
        state = f", {few}" if is_few else ""
        sentences.append(f"{comparison.region.name}: {comparison.region.figure.spoken}{state}.")
    if others:
        areas = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in others.items())
        sentences.append(tell("Not compared: {areas}.", areas=areas))
    return " ".join(sentences)


def describe_durations(durations: TerritoryDurations) -> str:
    """Return the times of each territory, one sentence for each."""
    times = [f"{row.name}: {_join_durations(row, spoken=True)}." for row in durations.rows]
    return " ".join([f"{durations.title}.", *times])
