"""Draw several series over time in one picture: one of them in full, the others as lines with their names.

The lines differ by their dashes and each has its name, so that the picture can be read without colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipelines.front.charts import marks
from pipelines.front.charts.canvas import LINE, NARROW, SMALL, WIDE, Canvas, Drawing, draw_path
from pipelines.front.charts.measure import measure_text, wrap_text
from pipelines.front.charts.scales import BandScale, LinearScale
from pipelines.front.charts.series import (
    HEIGHT,
    TICKS,
    ChartSeries,
    choose_axis,
    describe_multiples,
    draw_band,
    draw_figure,
    draw_strip,
    find_runs,
    list_keys,
    plot_series,
)
from pipelines.words.language import tell

MOST_BANDS = 3
"""Lines that have their bands and points, too; more would cover each other."""
_DASHES = ("7 3", "2 3", "14 3 2 3", "20 4", "2 9", "8 3 2 3 2 3", "9 9")
"""Dashes of the lines behind the one in full, which has none. They differ in their longest stroke or their gaps, so
that a reader of the key does not take one for another."""
_SAMPLE = 48
"""Length of the piece of a line in the key, which shows each of the dashes at least twice."""
_NAMES = 150
"""Widest column of names at the end of the lines, in pixels."""
_CEILING = LINE + 2
_FLOOR = _CEILING + HEIGHT


def draw_lines(
    title: str, all_series: Sequence[ChartSeries], full: int, *, width: int = WIDE, description: str = "",
    notes: Sequence[str] = (),
) -> Drawing:  # fmt: skip
    """Return the series at position `full` with band, points, breaks and coverage, and the others as lines behind it.

    Up to MOST_BANDS series have their bands and points as well. `series.find_runs` cuts lines.
    """
    canvas = Canvas(width)
    main = all_series[full]
    others = [series for place, series in enumerate(all_series) if place != full]
    has_bands = len(all_series) <= MOST_BANDS
    top = max((series.top if has_bands else _find_top(series) for series in others), default=0.0)
    axis = choose_axis(max(main.top, top), TICKS, main.digits)
    names = [wrap_text(series.title, _NAMES, SMALL) for series in all_series] if width > NARROW else []
    column = max(measure_text(line, SMALL, is_bold=True) for lines in names for line in lines) + 14 if names else 0.0

    dashes = dict(zip((place for place in range(len(all_series)) if place != full), _DASHES, strict=False))

    def draw_behind(x: BandScale, y: LinearScale) -> None:
        """Draw all bands, then the lines of the others, which no band covers."""
        for place, dash in dashes.items() if has_bands else ():
            for run in find_runs(all_series[place]):
                draw_band(canvas, all_series[place], run, x, y, kind="band clear", dash=dash)
        for run in find_runs(main):
            draw_band(canvas, main, run, x, y, kind="band clear")
        for place, dash in dashes.items():
            _draw_line(canvas, all_series[place], dash, x, y, has_points=has_bands)

    bottom = plot_series(canvas, main, 0, width - column, _CEILING, HEIGHT, axis, draw_behind)
    if names:
        y = LinearScale(axis.ticks[-1], _FLOOR, _CEILING)
        x = BandScale(len(main.points), axis.width, width - column)
        _label_lines(canvas, all_series, names, full, x, y, width - column + 12)
    if main.territories:
        bottom = draw_strip(canvas, main, axis.width, width - column, bottom + 4)
    drawn = all_series if has_bands else [main]
    keys = [
        marks.Key(_show_dash(dashes.get(place, "")), series.title, _SAMPLE + 6)
        for place, series in enumerate(all_series if not names else ())
    ]
    if not has_bands and any(len(run) == 1 for series in others for run in find_runs(series)):
        keys.append(marks.Key(_show_lone, tell("Single figure, without a line")))
    bottom = marks.draw_key(canvas, bottom + 4, [*keys, *list_keys(drawn, canvas)])
    spoken = description or describe_multiples(title, all_series, has_breaks=True)
    return canvas.finish_drawing(title, spoken, bottom, notes)


def _find_top(series: ChartSeries) -> float:
    """Return the largest figure of a series, without its intervals."""
    return max((point.figure.value or 0.0 for point in series.points if point.has_value), default=0.0)


def _draw_line(
    canvas: Canvas, series: ChartSeries, dash: str, x: BandScale, y: LinearScale, *, has_points: bool
) -> None:
    """Draw the line of a series; a figure without a neighbour is a cross, since a ring means a figure of few people."""
    for run in find_runs(series):
        at = [(x.find_center(position), y(series.points[position].figure.value or 0)) for position in run]
        paths, dashes = [draw_path(at)], {"stroke_dasharray": dash}
        if len(run) == 1:
            paths, dashes = _list_strokes(*at[0], has_points=has_points), {}
        canvas.add_element("path", d=" ".join(paths), kind="other", hint=series.title, **dashes)
        for position in run if has_points else ():
            draw_figure(canvas, series.points[position], x.find_center(position), y)


def _list_strokes(x: float, y: float, *, has_points: bool) -> list[str]:
    """Return the paths of an upright cross; a figure that has a point of its own gets the horizontal stroke only."""
    strokes = (((x - 5, y), (x + 5, y)), ((x, y - 5), (x, y + 5)))
    return [draw_path(stroke) for stroke in strokes[: 1 if has_points else 2]]


def _show_lone(canvas: Canvas, x: float, y: float) -> None:
    """Draw the cross of a figure without a line, for the key."""
    canvas.add_element("path", d=" ".join(_list_strokes(x, y, has_points=False)), kind="other")


def _label_lines(
    canvas: Canvas, all_series: Sequence[ChartSeries], names: Sequence[Sequence[str]], full: int, x: BandScale,
    y: LinearScale, left: float,
) -> None:  # fmt: skip
    """Write the name of each line at the height of its last figure, and lead from the figure to a name that is moved.

    A series without figures is named last, without a line.
    """
    ends = [
        next((place for place in reversed(range(len(series.points))) if series.points[place].has_value), None)
        for series in all_series
    ]
    heights = [
        y.start if end is None else y(series.points[end].figure.value or 0.0)
        for series, end in zip(all_series, ends, strict=True)
    ]
    order = sorted(range(len(all_series)), key=lambda place: (heights[place], place))
    sizes = [len(lines) * (SMALL + 2) + 2 for lines in names]
    tops = _spread_apart([heights[place] - sizes[place] / 2 for place in order], [sizes[place] for place in order])
    for place, name_top in zip(order, tops, strict=True):
        end, middle = ends[place], name_top + sizes[place] / 2
        if end is not None:
            start = x.find_center(end) + marks.RADIUS + 1
            canvas.add_line(start, heights[place], left - 3, middle, "axis")
        kind = "small strong" if place == full else "small"
        canvas.add_lines(left, name_top + SMALL, names[place], kind)


def _spread_apart(tops: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Return the tops of boxes, moved so that none covers the one before and the last ends at the axis."""
    moved: list[float] = []
    end = 0.0
    for top, size in zip(tops, sizes, strict=True):
        moved.append(max(top, end))
        end = moved[-1] + size
    end = _FLOOR + LINE
    for place in reversed(range(len(moved))):
        moved[place] = min(moved[place], end - sizes[place])
        end = moved[place]
    return moved


def _show_dash(dash: str) -> Callable[[Canvas, float, float], None]:
    """Return the function that draws a piece of a line for the key."""

    def show_dash(canvas: Canvas, x: float, y: float) -> None:
        kind = "other" if dash else "curve"
        ends = [(x - _SAMPLE / 2, y), (x + _SAMPLE / 2, y)]
        canvas.add_element("path", d=draw_path(ends), kind=kind, stroke_dasharray=dash)

    return show_dash
