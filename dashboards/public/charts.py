"""Arrange the figures of the explorer into pictures of `pipelines.front.charts`, with their title and notes.

Small pictures that a page shows next to each other have the narrow layout only, the others have all layouts.
What must accompany a picture (the demonstration notice, the footnote of a name) is inside, because pictures are copied
out of pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front.charts import (
    bars,
    board,
    bridges,
    dumbbells,
    files,
    fit,
    from_rows,
    intervals,
    lengths,
    lines,
    outlines,
    series,
    shades,
    stages,
)
from pipelines.front.charts.canvas import BROAD, NARROW, WIDE, Drawing
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import Row, changes, durations
from pipelines.words.language import Texts, tell


@dataclass(frozen=True)
class Picture:
    """A picture with its title and the lines that are always shown below it.

    `wide` and `broad` are its other layouts, for a page that shows one picture in the whole width. `signs` are those
    of series over time that are in it (`series.list_signs`).
    """

    drawing: Drawing
    under: Sequence[str] = ()
    wide: Drawing | None = None
    broad: Drawing | None = None
    signs: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        return self.drawing.title

    @property
    def for_file(self) -> Drawing:
        """The layout of files."""
        return self.wide or self.drawing

    @property
    def framed(self) -> Drawing:
        """The picture with its title and lines, as the page shows it on a narrow screen."""
        return self.add_frame(self.drawing)

    def add_frame(self, drawing: Drawing) -> Drawing:
        """Return one layout with the title and the lines."""
        return files.frame_drawing(drawing, self.title, self.under)

    @property
    def spoken(self) -> str:
        """The picture in words."""
        return self.framed.description


def draw_stages(
    title: str,
    cells: Sequence[tuple[str, Mapping[str, Any] | None]],
    *,
    rate: bool,
    top: float,
    under: Sequence[str] = (),
) -> Picture:
    """Return horizontal bars of one area, one per stage. `top` is the common end of the scale."""
    those = [_make_bar(words.stage_name(measure), cell, rate=rate) for measure, cell in cells]
    return _frame(bars.draw_bars(bars.Bars(title, those), top=top, width=NARROW), under)


def draw_parts(title: str, cells: Sequence[tuple[str, Mapping[str, Any]]], *, under: Sequence[str] = ()) -> Picture:
    """Return horizontal bars of counts, one per category, for the whole width of the page."""
    drawn = bars.Bars(title, [_make_bar(name, cell, rate=False) for name, cell in cells])
    return _fit(lambda width: bars.draw_bars(drawn, width=width), under)


def _make_bar(name: str, cell: Mapping[str, Any] | None, *, rate: bool) -> bars.Bar:
    figure = words.format_absent() if cell is None else words.format_rate(cell) if rate else words.format_count(cell)
    # An interval next to the bar would not fit; it is in the table and in the text alternative.
    label = words.format_number(figure.value, 2 if rate else 0) if figure.value is not None else figure.text
    return bars.Bar(name, figure, label, cell is not None and figure.kind == "value" and words.is_few(cell))


_SIGNS: Mapping[str, str] = Texts(
    {
        "band": mark("Shaded band: 95% confidence interval."),
        "few": mark("Hollow point: fewer than {enough}, too few to compare. A line of mostly hollow points is paler."),
        "provisional": mark("Diamond: provisional."),
        "break": mark("Dashed vertical line: a break in the series."),
        "shade": mark("Grey band: the period in which the break falls."),
        "absent": mark("The word at the foot shows why a period has no point."),
    },
    enough=ENOUGH_EVENTS,
)
"""How to read each sign of a series over time."""


def explain_series(pictures: Sequence[Picture]) -> str:
    """Return the sentences on how to read pictures of series, on the signs that are in them."""
    signs = frozenset().union(*(picture.signs for picture in pictures))
    return " ".join(text for sign, text in _SIGNS.items() if sign in signs)


def draw_series(
    title: str,
    cells: Sequence[Mapping[str, Any]],
    *,
    under: Sequence[str] = (),
    breaks: Sequence[Row] = (),
    periods: Sequence[str] = (),
    top: float = 0.0,
    is_joined: bool = True,
    name_owner: Callable[[Row], str] = lambda _: "",
) -> Picture:
    """Return one stage over time in the band of its 95% confidence intervals; both break where a figure is missing.

    Its text alternative begins with the first, last, highest and lowest figure; the table next to it has all of them.

    `cells` have `low`, `high`, `state` and `flags` in addition to their count. `breaks` are rows of the release's
    breaks. `periods` and `top` are the periods and the end of the scale that several pictures share. Points are not
    joined if `is_joined` is false. `name_owner` returns the name of the part of the area that a break is of.
    """
    picture = from_rows.make_series(
        title, cells, breaks=breaks, periods=periods, is_joined=is_joined, name_owner=name_owner
    )
    cuts = from_rows.find_cuts([str(cell["period"]) for cell in cells], cells, breaks)
    found_breaks = changes.describe_breaks([row for crossed in cuts.values() for row in crossed], name_owner)
    texts = [_describe_course(picture)]
    texts += [
        tell("Break in the series. {text}", text=text if text.endswith(".") else f"{text}.") for text in found_breaks
    ]
    framed = _frame(series.draw_series(picture, width=NARROW, description=" ".join(texts), top=top), under)
    return replace(framed, signs=series.list_signs([picture]))


def _describe_course(picture: series.ChartSeries) -> str:
    """Return the course of one stage in words: its ends and extremes, what is missing, few or provisional.

    Breaks are left out, because they are described with their causes.
    """
    # Reporters of a territory's figure are its parts, which are not listed as the territories of a region are.
    points = [replace(point, reporters=None) for point in picture.points]
    texts = [series.describe_series(replace(picture, points=points, breaks=[]))]
    if few := [point.period for point in points if point.has_value and point.is_few]:
        texts.append(tell("Too few to compare: {periods}.", periods=", ".join(few)))
    if provisional := [point.period for point in points if point.has_value and point.is_provisional]:
        texts.append(tell("Provisional: {periods}.", periods=", ".join(provisional)))
    return " ".join(texts)


def _frame(drawing: Drawing, under: Sequence[str]) -> Picture:
    spoken = " ".join([drawing.description, *(text if text.endswith(".") else f"{text}." for text in under)])
    return Picture(Drawing(drawing.svg, drawing.title, spoken, drawing.width, drawing.height), under)


def draw_comparison(comparison: intervals.RegionComparison, *, under: Sequence[str] = ()) -> Picture:
    """Return a dot with its interval per territory, and the region as a line."""
    return _fit(lambda width: intervals.draw_comparison(comparison, width=width), under)


def draw_durations(
    title: str, groups: Sequence[tuple[str, Mapping[str, Row] | None]], *, under: Sequence[str] = ()
) -> Picture:
    """Return the median and the times of 75% and 90% of the people, one row per name with its figures by statistic."""
    drawn = intervals.TerritoryDurations(
        title, [_make_duration_row(name, group) for name, group in groups], tell("days")
    )
    return _fit(lambda width: intervals.draw_durations(drawn, width=width), under)


def _make_duration_row(name: str, group: Mapping[str, Row] | None) -> intervals.DurationRow:
    if group is None:
        absent = durations.format_no_records()
        return intervals.DurationRow(name, absent, absent, absent)
    rows = [group.get(statistic) for statistic in durations.QUANTILES]
    median, three_quarters, nine_tenths = map(durations.format_limits, rows)
    is_few = any(durations.is_shown_few(row) for row in rows)
    return intervals.DurationRow(name, median, three_quarters, nine_tenths, is_few)


def draw_lengths(title: str, groups: Sequence[tuple[str, Mapping[str, Row]]], *, under: Sequence[str] = ()) -> Picture:
    """Return the quartiles of sentences on the legal range, one row per name with its figures by statistic."""
    rows = [from_rows.make_length_row(name, group) for name, group in groups]
    drawn = lengths.Lengths(title, rows, tell("months"))
    return _fit(lambda width: lengths.draw_lengths(drawn, width=width), under)


def draw_board(drawn: board.StateBoard, *, under: Sequence[str] = ()) -> Picture:
    """Return a sign or a number for each territory and period."""
    return _fit(lambda width: board.draw_board(drawn, width=width), under)


def draw_trend(drawn: series.ChartSeries, *, under: Sequence[str] = ()) -> Picture:
    """Return one series in the whole width of the page."""
    picture = _fit(lambda width: series.draw_series(drawn, width=width), under)
    return replace(picture, signs=series.list_signs([drawn]))


def draw_lines(
    title: str, all_series: Sequence[series.ChartSeries], full: int, *, under: Sequence[str] = ()
) -> Picture:
    """Return several series in one picture: one in full, by its position, the others as lines behind it."""
    picture = _fit(lambda width: lines.draw_lines(title, all_series, full, width=width), under)
    # Only the one in full has all signs.
    return replace(picture, signs=series.list_signs([all_series[full]]))


def draw_multiples(title: str, panels: Sequence[series.ChartSeries], *, under: Sequence[str] = ()) -> Picture:
    """Return several series next to each other, all on one scale and over the same periods."""
    picture = _fit(lambda width: series.draw_multiples(title, panels, width=width), under)
    return replace(picture, signs=series.list_signs(panels))


def draw_flow(drawn: stages.Stages, *, under: Sequence[str] = ()) -> Picture:
    """Return the stages of one area as boxes, with what is at their side."""
    return _fit(lambda width: stages.draw_stages(drawn, width=width), under)


def draw_bridge(drawn: bridges.Bridge, *, under: Sequence[str] = ()) -> Picture:
    """Return what a change is made of, from the number before to the number after."""
    return _fit(lambda width: bridges.draw_bridge(drawn, width=width), under)


def draw_dumbbells(drawn: dumbbells.Dumbbells, *, under: Sequence[str] = ()) -> Picture:
    """Return pairs of figures, each joined by a line."""
    return _fit(lambda width: dumbbells.draw_dumbbells(drawn, width=width), under)


def draw_shades(drawn: shades.ShadedTable, *, under: Sequence[str] = ()) -> Picture:
    """Return a table of shares whose fields are shaded by size."""
    return _fit(lambda width: shades.draw_shades(drawn, width=width), under)


def render_map(drawn: outlines.OutlineMap, spoken: str) -> str:
    """Return the HTML of a map whose areas are links. It has no figures and is not offered as a file."""
    layouts = fit.render_picture(lambda width: outlines.draw_outlines(drawn, width=width, description=spoken))
    return f'<div class="rti-map">{layouts}</div>'


def _fit(draw: Callable[[int], Drawing], under: Sequence[str]) -> Picture:
    """Return a picture in all layouts."""
    narrow, wide, broad = (_frame(draw(width), under).drawing for width in (NARROW, WIDE, BROAD))
    return Picture(narrow, under, wide, broad)


def render_picture(picture: Picture) -> str:
    """Return a picture as HTML for a page."""
    if picture.wide is None:
        return f'<div class="rti-picture">{picture.framed.svg}</div>'
    by_width = {NARROW: picture.drawing, WIDE: picture.wide, BROAD: picture.broad or picture.wide}
    layouts = fit.render_picture(lambda width: picture.add_frame(by_width[width]), has_broad=picture.broad is not None)
    return f'<div class="rti-picture">{layouts}</div>'
