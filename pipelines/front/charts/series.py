"""Draw one or several series over time: interval band, breaks, revisions, missing figures, and a coverage strip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipelines import words
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import LINE, SIZE, SMALL, WIDE, Box, Canvas, Drawing, draw_path
from pipelines.front.charts.measure import measure_text, wrap_text
from pipelines.front.charts.scales import BandScale, LinearScale, choose_ticks
from pipelines.words import FormattedFigure
from pipelines.words.language import current_language, tell

HEIGHT = 190
_PANEL_HEIGHT, _WIDE_PANEL_HEIGHT = 96, 124
"""Height of one of several pictures on a telephone, and where several are next to each other."""
_STRIP = 18
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC_LETTERS = "абвгдежзијклмнопрстуфхцчш"
_IN_CYRILLIC = ("mk", "sr")
_MOST_CUTS = 2
"""Changes of the number of territories that are written below a picture."""
_GAP = 16
_LEAST_PANEL = 190
_NARROWEST_PANEL = 145
"""Least width of a picture in a row that saves a picture from being alone in the last row."""
_FEWEST_TICKS, TICKS = 3, 5
_BETWEEN_LABELS = 6
"""Least room between the labels of two periods, in pixels."""
_PERIOD_TICK = 5
"""Length of a tick that leads from a point to the label of its period, in pixels."""


NOTHING = FormattedFigure("", "", "nothing")
"""Figure of a period that is not part of a series, where other series have one."""


@dataclass(frozen=True)
class PeriodPoint:
    """The figure of one period: a number, the word that says why there is none, or NOTHING.

    `former` is the number that was published first, if it was revised. `reporters` is how many territories are in it,
    and `covered` are their codes, as the release has them. `period` is its name, and `code` its code, from which the
    axis takes a shorter name if there is one.
    """

    period: str
    figure: FormattedFigure
    is_few: bool = False
    is_provisional: bool = False
    is_partial: bool = False
    former: float | None = None
    reporters: int | None = None
    code: str = ""
    covered: str = ""

    @property
    def has_value(self) -> bool:
        return self.figure.kind == "value" and self.figure.value is not None


@dataclass(frozen=True)
class BreakMark:
    """A break between the periods at positions `start` - 1 and `end`, over which no line is drawn; these are adjacent
    if its day is known.

    `origin` is the position of the period from which it applies, as its name has it, `start` by default: its rule is
    just before the point of this period.
    """

    start: int
    end: int
    name: str
    origin: int | None = None

    @property
    def rule(self) -> int:
        """Return the position of the period before whose point the rule is."""
        return self.start if self.origin is None else self.origin


@dataclass(frozen=True)
class EventMark:
    """Something that happened at a position of the axis, where a period reaches from one whole number to the next.

    The line goes on over an event. `name` is written below the picture, and `spoken` is what its description says.
    """

    at: float
    name: str
    spoken: str


@dataclass(frozen=True)
class ChartSeries:
    """One series; `territories` is how many territories the region has (0: no coverage strip)."""

    title: str
    points: Sequence[PeriodPoint]
    breaks: Sequence[BreakMark] = ()
    territories: int = 0
    digits: int = 0
    is_joined: bool = True
    events: Sequence[EventMark] = ()
    is_share: bool = False

    @property
    def is_faded(self) -> bool:
        """Return True if more than half of the figures are too few to compare; the line is paler then."""
        with_value = [point for point in self.points if point.has_value]
        return sum(point.is_few for point in with_value) > len(with_value) / 2

    @property
    def top(self) -> float:
        """The largest number of the series, its interval or a former figure."""
        ends = [end for point in self.points for end in _list_ends(point)]
        return max(ends, default=0.0)


def _is_absent(point: PeriodPoint) -> bool:
    """Return True for a figure that is missing, with its reason."""
    return not point.has_value and point.figure is not NOTHING


def _list_ends(point: PeriodPoint) -> list[float]:
    if not point.has_value:
        return []
    ends = (point.figure.value, point.figure.high, point.former)
    return [end for end in ends if end is not None and end != float("inf")]


def draw_series(
    series: ChartSeries, *, width: int = WIDE, description: str = "", notes: Sequence[str] = (), top: float = 0.0
) -> Drawing:
    """Return one series over time with its coverage strip; `notes` are drawn at the foot.

    `top` is the end of a scale that several pictures share, by default the largest number of the series.
    """
    canvas = Canvas(width)
    axis = choose_axis(top or series.top, TICKS, series.digits)
    bottom = plot_series(canvas, series, 0, width, LINE + 2, HEIGHT, axis)
    if series.territories:
        bottom = draw_strip(canvas, series, axis.width, width, bottom + 4)
    bottom = marks.draw_key(canvas, bottom + 4, list_keys([series], canvas))
    bottom = _list_events(canvas, series.events, bottom)
    return canvas.finish_drawing(series.title, description or describe_series(series), bottom, notes)


def draw_multiples(
    title: str, panels: Sequence[ChartSeries], *, width: int = WIDE, description: str = "",
    notes: Sequence[str] = (),
) -> Drawing:  # fmt: skip
    """Return several series next to each other, all on one scale and over the same periods."""
    canvas = Canvas(width)
    columns = _count_columns(len(panels), width)
    panel_width = (width - _GAP * (columns - 1)) / columns
    digits = max((panel.digits for panel in panels), default=0)
    axis = choose_axis(max((panel.top for panel in panels), default=0.0), _FEWEST_TICKS, digits)
    height = _WIDE_PANEL_HEIGHT if columns > 1 else _PANEL_HEIGHT
    bottom = 0.0
    for those in _arrange_panels(panels, columns):
        titles = [wrap_text(panel.title, panel_width, SIZE, is_bold=True) for panel in those]
        below_titles = bottom + LINE * max(len(lines) for lines in titles) + 2
        ends = []
        for column, (panel, lines) in enumerate(zip(those, titles, strict=True)):
            x_left = column * (panel_width + _GAP)
            canvas.add_lines(x_left, bottom + 12, lines, "strong")
            ends.append(plot_series(canvas, panel, x_left, x_left + panel_width, below_titles + 14, height, axis))
        bottom = max(ends) + 12
    bottom = marks.draw_key(canvas, bottom - 4, list_keys(panels, canvas))
    return canvas.finish_drawing(title, description or describe_multiples(title, panels), bottom, notes)


def _arrange_panels(panels: Sequence[ChartSeries], columns: int) -> Iterator[Sequence[ChartSeries]]:
    """Yield the panels of each row, at most `columns` of them and as many in each as can be."""
    n_rows = -(-len(panels) // columns)
    start = 0
    for row in range(n_rows):
        end = start + len(panels) // n_rows + (row < len(panels) % n_rows)
        yield panels[start:end]
        start = end


def _count_columns(n_panels: int, width: int) -> int:
    """Return how many pictures are next to each other: as many as fit, or one more if the last row had only one."""
    columns = max(min(width // _LEAST_PANEL, n_panels), 1)
    is_lone = columns > 1 and n_panels % columns == 1 and n_panels > 1
    has_room = (width - _GAP * columns) / (columns + 1) >= _NARROWEST_PANEL
    return columns + 1 if is_lone and has_room else columns


@dataclass(frozen=True)
class AxisTicks:
    """The ticks of an axis, their labels, and the width that the labels need."""

    ticks: Sequence[float]
    labels: Sequence[str]
    width: float


def choose_axis(top: float, most: int, digits: int) -> AxisTicks:
    ticks = choose_ticks(top, most, digits=digits)
    needed = next(count for count in range(6) if all(abs(round(tick, count) - tick) < 1e-9 for tick in ticks))
    labels = [words.format_number(tick, needed) for tick in ticks]
    return AxisTicks(ticks, labels, max(measure_text(label, SIZE) for label in labels) + 6)


def plot_series(
    canvas: Canvas,
    series: ChartSeries,
    x_left: float,
    x_right: float,
    top: float,
    height: float,
    axis: AxisTicks,
    draw_behind: Callable[[BandScale, LinearScale], None] | None = None,
) -> float:
    """Draw axes, band, line, marks and labels between `x_left` and `x_right`; return where the picture goes on.

    `draw_behind` draws what is behind the line of the series: its band, and the lines of others.
    """
    floor, start = top + height, x_left + axis.width
    y, x = LinearScale(axis.ticks[-1], floor, top), BandScale(len(series.points), start, x_right)
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        if tick:
            canvas.join_path(draw_path([(start, y(tick)), (x_right, y(tick))]), "grid")
        else:
            canvas.add_line(start, y(tick), x_right, y(tick), "axis")
        canvas.add_text(start - 6, y(tick) + 4, label, "quiet", anchor="end")
    # The grey band of a break would cover the lines of others, which have no break there.
    unnamed = draw_breaks(canvas, series.breaks, x, top, floor)
    if draw_behind is not None:
        draw_behind(x, y)
    _draw_events(canvas, series.events, x, top, floor)
    for run in find_runs(series):
        if draw_behind is None:
            draw_band(canvas, series, run, x, y)
        _draw_run(canvas, series, run, x, y)
    for position, point in enumerate(series.points):
        if point.has_value:
            draw_figure(canvas, point, x.find_center(position), y)
        elif point.figure is not NOTHING:
            marks.draw_absent(canvas, point.figure, x.find_center(position), floor, x.step, height)
    _label_periods(canvas, series, x, floor, x_right)
    _keep_marks_free(canvas, series, x, y, top)
    _label_points(canvas, series, x, y, x_left, x_right)
    return _list_breaks(canvas, unnamed, x_left, x_right, floor + LINE + 2)


def find_runs(series: ChartSeries) -> list[list[int]]:
    """Return the positions that a line joins: never over a missing figure, a break or a change of who is included."""
    cuts = {cut for span in series.breaks for cut in range(span.start, span.end + 1)}
    runs: list[list[int]] = []
    for position, point in enumerate(series.points):
        if not point.has_value:
            continue
        is_next = bool(runs) and runs[-1][-1] == position - 1 and position not in cuts and series.is_joined
        if is_next and series.points[position - 1].covered == point.covered:
            runs[-1].append(position)
        else:
            runs.append([position])
    return runs


def _draw_run(canvas: Canvas, series: ChartSeries, run: Sequence[int], x: BandScale, y: LinearScale) -> None:
    """Draw the line through adjacent figures as one path: a path for each part names each inner point twice."""
    if len(run) > 1:
        points = [(x.find_center(position), y(series.points[position].figure.value or 0)) for position in run]
        canvas.add_element("path", d=draw_path(points), kind="curve faded" if series.is_faded else "curve")


def draw_band(
    canvas: Canvas, series: ChartSeries, run: Sequence[int], x: BandScale, y: LinearScale, *, kind: str = "band",
    dash: str = "",
) -> None:  # fmt: skip
    """Draw the band of the intervals of adjacent figures; its edge may have the dashes of a line."""
    intervals = [(position, series.points[position].figure) for position in run]
    known_intervals = [
        (position, f.low, f.high) for position, f in intervals if f.low is not None and f.high is not None
    ]
    if len(known_intervals) == 1:
        ((position, low, high),) = known_intervals
        canvas.add_element(
            "rect", x=x.find_center(position) - 4, y=y(high), width=8, height=max(y(low) - y(high), 0), kind=kind,
            stroke_dasharray=dash,
        )  # fmt: skip
    elif known_intervals:
        upper = [(x.find_center(position), y(high)) for position, _, high in known_intervals]
        lower = [(x.find_center(position), y(low)) for position, low, _ in reversed(known_intervals)]
        outline = draw_path([*upper, *lower], is_closed=True)
        # No edge at the sides, which would cross the labels of the first and the last figure.
        canvas.add_element("path", d=outline, kind=f"{kind} edgeless")
        canvas.add_element("path", d=draw_path(upper) + draw_path(lower), kind="edge", stroke_dasharray=dash)


def draw_figure(canvas: Canvas, point: PeriodPoint, x: float, y: LinearScale) -> None:
    value = point.figure.value or 0.0
    if point.former is not None:
        canvas.add_line(x, y(point.former), x, y(value), "axis")
        marks.draw_cross(canvas, x, y(point.former), 4, "former")
    marks.draw_point(
        canvas, x, y(value), hint=f"{point.period}: {point.figure.spoken}", is_few=point.is_few,
        is_partial=point.is_partial, is_provisional=point.is_provisional,
    )  # fmt: skip


def draw_breaks(canvas: Canvas, breaks: Sequence[BreakMark], x: BandScale, top: float, floor: float) -> list[str]:
    """Draw a dashed rule at each break, or a shade over the time in which it falls, with its name at the top.

    A name that would cross the rule of another break is replaced by a letter. Return these names in the order of the
    letters; `_list_breaks` writes them.
    """
    unnamed: list[str] = []
    edges = sorted(x.find_edge(span.rule) for span in breaks)
    for span in sorted(breaks, key=lambda each: each.rule):
        at = x.find_edge(span.rule)
        after = min((edge - 4 for edge in edges if edge > at), default=x.end)
        before = max((edge + 4 for edge in edges if edge < at), default=0.0)
        if _is_spread(span):
            x_first, x_end = x.find_edge(min(span.start, span.rule)), x.find_edge(span.end)
            canvas.add_element("rect", x=x_first, y=top, width=x_end - x_first, height=floor - top, kind="shade")
        canvas.add_line(at, top - 6, at, floor, "rule")
        is_named = canvas.add_text_if_free(at + 4, top - 2, span.name, "small haloed", x_end=after)
        if not is_named and at - 4 - measure_text(span.name, SMALL) >= before:
            is_named = canvas.add_text_if_free(at - 4, top - 2, span.name, "small haloed", anchor="end")
        if is_named or not span.name:
            continue
        if span.name not in unnamed:
            unnamed.append(span.name)
        letters = _list_letters()
        letter = letters[unnamed.index(span.name) % len(letters)]
        if not canvas.add_text_if_free(at + 4, top - 2, letter, "small haloed"):
            canvas.add_text_if_free(at - 4, top - 2, letter, "small haloed", anchor="end")
    return unnamed


def _is_spread(span: BreakMark) -> bool:
    """Return True if a break falls within a time that is shaded."""
    return span.end > min(span.start, span.rule)


def _list_letters() -> str:
    """Return the letters for names of breaks that have no room, in the alphabet of the reader's language."""
    return _CYRILLIC_LETTERS if current_language() in _IN_CYRILLIC else _LETTERS


def _list_breaks(canvas: Canvas, names: Sequence[str], x_left: float, x_right: float, top: float) -> float:
    """Write the letters and names of breaks below the axis; return where the picture goes on."""
    for letter, name in zip(_list_letters(), names, strict=False):
        lines = wrap_text(f"({letter}) {name}", x_right - x_left, SMALL)
        top = canvas.add_lines(x_left, top + 12, lines, "small") - 10
    return top + 4 if names else top


def _draw_events(canvas: Canvas, events: Sequence[EventMark], x: BandScale, top: float, floor: float) -> None:
    """Draw a dashed rule at each event, with its number if there is room; `_list_events` writes the names."""
    for number, event in enumerate(events, start=1):
        at = x.find_edge(event.at)
        canvas.add_line(at, top - 2, at, floor, "rule")
        if not canvas.add_text_if_free(at, top - 5, str(number), "small", anchor="middle"):
            canvas.add_text_if_free(at + 3, top - 5, str(number), "small")


def _list_events(canvas: Canvas, events: Sequence[EventMark], top: float) -> float:
    """Write the numbers and names of events below a picture; return where the picture goes on."""
    for number, event in enumerate(events, start=1):
        top = canvas.add_lines(0, top + 12, wrap_text(f"({number}) {event.name}", canvas.width, SMALL), "small") - 10
    return top + 6 if events else top


def _keep_marks_free(canvas: Canvas, series: ChartSeries, x: BandScale, y: LinearScale, top: float) -> None:
    """Keep the labels of figures off the axis, the rules of breaks and all points: next to the point of another period,
    a label is read as its figure."""
    floor = y(0)
    canvas.kept_free.append(Box(x.start, floor - 0.5, x.end, floor + 0.5))
    for at in (x.find_edge(span.rule) for span in series.breaks):
        canvas.kept_free.append(Box(at - 0.5, top, at + 0.5, floor))
    for position, point in enumerate(series.points):
        if point.has_value:
            center, height, r = x.find_center(position), y(point.figure.value or 0.0), marks.RADIUS
            canvas.kept_free.append(Box(center - r, height - r, center + r, height + r))


def _label_points(
    canvas: Canvas, series: ChartSeries, x: BandScale, y: LinearScale, x_left: float, x_right: float
) -> None:
    """Label the last, first, highest and lowest figure, then all others that have room."""
    with_value = [position for position, point in enumerate(series.points) if point.has_value]
    if not with_value:
        return
    by_value = sorted(with_value, key=lambda position: series.points[position].figure.value or 0.0)
    edges = [x.find_edge(span.rule) for span in series.breaks]
    alone = {run[0] for run in find_runs(series) if len(run) == 1 and series.points[run[0]].figure.low is not None}
    for position in dict.fromkeys([with_value[-1], with_value[0], by_value[-1], by_value[0], *with_value]):
        value = series.points[position].figure.value or 0.0
        text = words.format_number(value, series.digits)
        kind = "haloed strong" if position == with_value[-1] else "haloed"
        half = measure_text(text, SIZE, is_bold="strong" in kind) / 2
        at = _place_label(x.find_center(position), half, (x_left, x_right), edges)
        if position in alone and _label_bar(canvas, series, position, x, y, (x_right, text, kind)):
            continue
        for height in (-9, 19):
            if canvas.add_text_if_free(at, y(value) + height, text, kind, anchor="middle"):
                break


def _place_label(center: float, half: float, ends: tuple[float, float], edges: Sequence[float]) -> float:
    """Return the middle of the label of a point: it is moved so that it stays between two ends, and on its own side of
    the rule of a break."""
    first = max([ends[0], *(edge + 2 for edge in edges if edge < center)])
    last = min([ends[1], *(edge - 2 for edge in edges if edge > center)])
    return min(max(center, first + half), last - half)


def _label_bar(
    canvas: Canvas, series: ChartSeries, position: int, x: BandScale, y: LinearScale, label: tuple[float, str, str]
) -> bool:
    """Label a figure without neighbours, whose interval is a bar, to its right or above; return True if it has room.

    `label` has the right end of the picture, the text and its kind. A label ends before the next break.
    """
    x_right, text, kind = label
    figure, center = series.points[position].figure, x.find_center(position)
    edges = [x.find_edge(span.rule) - 3 for span in series.breaks if x.find_edge(span.rule) > center]
    start, end = center + marks.RADIUS + 4, min([*edges, x_right])
    if canvas.add_text_if_free(start, y(figure.value or 0.0) + 4, text, kind, x_end=end):
        return True
    top = figure.value if figure.high is None else figure.high
    return canvas.add_text_if_free(center, y(top or 0.0) - 5, text, kind, anchor="middle", x_end=x_right)


def _label_periods(canvas: Canvas, series: ChartSeries, x: BandScale, floor: float, x_right: float) -> None:
    """Label the newest and the first period, and those between in equal steps from the newest if there is room."""
    labels = [words.period_brief(point.code) if point.code else point.period for point in series.points]

    def place_label(position: int) -> tuple[float, float]:
        """Return where a label begins and ends: it is moved if it would leave the picture or reach the labels of the
        other axis."""
        half = measure_text(labels[position], SIZE) / 2
        at = min(max(x.find_center(position), x.start - _BETWEEN_LABELS / 2 + half), x_right - half)
        return at - half, at + half

    def have_room(positions: Sequence[int]) -> bool:
        ends = [place_label(position) for position in positions]
        return all(newer - older >= _BETWEEN_LABELS for (newer, _), (_, older) in pairwise(ends))

    positions = choose_labels(len(labels), have_room)
    places = [(sum(place_label(position)) / 2, position) for position in positions]
    # A label that was moved can be below the point of another period, so that ticks show which points have labels. So
    # do they where the steps between the labels are not equal.
    is_moved = any(abs(at - x.find_center(position)) > x.step / 2 for at, position in places)
    has_ticks = is_moved or len({newer - older for newer, older in pairwise(positions)}) > 1
    for at, position in places:
        is_written = canvas.add_text_if_free(at, floor + LINE, labels[position], anchor="middle")
        if is_written and has_ticks:
            center = x.find_center(position)
            canvas.add_line(center, floor, center, floor + _PERIOD_TICK, "axis")


def choose_labels(count: int, have_room: Callable[[Sequence[int]], bool]) -> list[int]:
    """Return the positions of the periods that are labelled, the newest first.

    They are the newest, the first, and those between in the smallest step from the newest that has room; a step that
    also reaches the first one is taken instead if it is not twice as large. Without room for two, only the newest is.
    """
    if not count:
        return []
    last, smallest = count - 1, 0
    fallback = [last]
    for step in range(1, last + 1):
        positions = list(range(last, -1, -step))
        if positions[-1] == 0 and have_room(positions):
            return positions
        if smallest and step >= 2 * smallest:
            return fallback
        # The label next to the first one gives way to it.
        between = [position for position in positions if position and have_room([position, 0])]
        if not smallest and between[:1] == [last] and have_room([*between, 0]):
            smallest, fallback = step, [*between, 0]
    return fallback


def draw_strip(canvas: Canvas, series: ChartSeries, start: float, end: float, top: float) -> float:
    """Draw how many territories are in each figure, below the axis of the series, and write where their number changes:
    a jump of the line is then not read as one of the persons."""
    label = tell("Territories included, of {n}", n=series.territories)
    top = canvas.add_lines(0, top + 12, wrap_text(label, canvas.width, SMALL), "small quiet") - 8
    x = BandScale(len(series.points), start, end)
    for position, point in enumerate(series.points):
        if point.reporters is None:
            continue
        is_full = point.reporters >= series.territories
        gap = 1 if x.step > 8 else 0
        canvas.add_element(
            "rect", x=x.find_edge(position) + gap, y=top, width=x.step - 2 * gap, height=_STRIP,
            kind="full" if is_full else "part",
        )  # fmt: skip
        kind = "small inverse" if is_full else "small"
        canvas.add_text_if_free(x.find_center(position), top + 13, str(point.reporters), kind, anchor="middle")
    bottom = top + _STRIP
    for text in list_coverage_changes(series):
        bottom = canvas.add_lines(0, bottom + 14, wrap_text(text, canvas.width, SMALL), "small") - 10
    return bottom


def list_coverage_changes(series: ChartSeries) -> list[str]:
    """Return where the number of territories changes from one figure to the next.

    None if it changes more often than can be read: the numbers of the strip say it then.
    """
    with_value = [point for point in series.points if point.has_value and point.reporters is not None]
    cuts = [(earlier, later) for earlier, later in pairwise(with_value) if earlier.reporters != later.reporters]
    if len(cuts) > _MOST_CUTS:
        return []
    texts = []
    for place, (earlier, later) in enumerate(cuts):
        numbers = {"n": later.reporters, "before": earlier.reporters}
        if place + 1 == len(cuts):
            texts.append(
                tell("Territories included from {period} on: {n} instead of {before}.", period=later.period, **numbers)
            )
            continue
        # The number changes again: this one ends with the last figure before.
        last = cuts[place + 1][0].period
        period = later.period if later.period == last else f"{later.period}–{last}"
        texts.append(tell("Territories included, {period}: {n} instead of {before}.", period=period, **numbers))
    return texts


def list_signs(all_series: Sequence[ChartSeries]) -> frozenset[str]:
    """Return the names of the signs that occur in pictures of some series, of those that a page explains."""
    points = [point for series in all_series for point in series.points]
    with_value = [point for point in points if point.has_value]
    occurs = {
        "band": any(point.figure.low is not None for point in with_value),
        "few": any(point.is_few for point in with_value),
        "provisional": any(point.is_provisional for point in with_value),
        "break": any(series.breaks for series in all_series),
        "shade": any(span.end > min(span.start, span.rule) for series in all_series for span in series.breaks),
        "absent": any(map(_is_absent, points)),
    }
    return frozenset(name for name, is_drawn in occurs.items() if is_drawn)


def list_keys(all_series: Sequence[ChartSeries], canvas: Canvas) -> list[marks.Key]:
    """Return the marks that occur and are not labelled where they are drawn."""
    points = [point for series in all_series for point in series.points if point.has_value]
    few = marks.describe_few(is_share=any(series.is_share for series in all_series))
    provisional, partial = [p for p in points if p.is_provisional], [p for p in points if p.is_partial]
    # The sign in the key is as the points are: hollow if all of them are too few to compare.
    show_provisional = marks.show_provisional_few if all(p.is_few for p in provisional) else marks.show_provisional
    show_partial = marks.show_partial_few if all(p.is_few for p in partial) else marks.show_partial
    breaks = [span for series in all_series for span in series.breaks]
    candidates: list[tuple[bool, Callable[[Canvas, float, float], None], str]] = [
        (any(p.figure.low is not None for p in points), marks.show_band, marks.name_interval()),
        (any(p.is_few for p in points), marks.show_few, few),
        (bool(partial), show_partial, tell("Not all territories are included")),
        (bool(provisional), show_provisional, words.FLAGS["provisional"].removesuffix(".")),
        (any(p.former is not None for p in points), marks.show_former, tell("First published figure")),
        (bool(breaks), marks.show_break, tell("Break in the series")),
        (any(map(_is_spread, breaks)), marks.show_shade, tell("Period in which the break falls")),
        (any(series.events for series in all_series), marks.show_break, tell("Change of law")),
    ]
    absent = {p.figure.kind: p.figure for series in all_series for p in series.points if _is_absent(p)}
    signs = [marks.Key(marks.show_absent(kind), figure.text) for kind, figure in sorted(absent.items())]
    return [*(marks.Key(show, text) for occurs, show, text in candidates if occurs), *signs]


def describe_multiples(title: str, panels: Sequence[ChartSeries], *, has_breaks: bool = False) -> str:
    """Return the first and the last figure of each series, with `has_breaks` also its breaks."""
    sentences = [f"{title}."]
    for panel in panels:
        with_value = [point for point in panel.points if point.has_value]
        ends = ", ".join(f"{p.period}: {p.figure.spoken}" for p in dict.fromkeys((*with_value[:1], *with_value[-1:])))
        sentences.append(f"{panel.title}: {ends or tell('no figure can be shown')}.")
        sentences += _list_break_sentence(panel) if has_breaks else []
    return " ".join(sentences)


def _list_break_sentence(series: ChartSeries) -> list[str]:
    """Return the sentence that names the breaks of a series, each with its period; none if it has no break."""
    names = dict.fromkeys(span.name for span in series.breaks)
    return [tell("Breaks in the series: {breaks}.", breaks="; ".join(names))] if names else []


def _is_alike(with_value: Sequence[PeriodPoint]) -> bool:
    """Return True if the same territories are in all figures; those of one territory have no number of reporters."""
    return len({(point.reporters, point.covered) for point in with_value if point.reporters is not None}) < 2


def _describe_ends(series: ChartSeries, with_value: Sequence[PeriodPoint]) -> str:
    """Return the first and the last figure, and the highest and the lowest of those that are not too few to compare."""
    ends = tell(
        "{title}. {first_period}: {first}. {last_period}: {last}.",
        title=series.title,
        first=with_value[0].figure.spoken,
        first_period=with_value[0].period,
        last=with_value[-1].figure.spoken,
        last_period=with_value[-1].period,
    )
    by_value = sorted((p for p in with_value if not p.is_few), key=lambda point: point.figure.value or 0.0)
    if len(by_value) < 2:
        return ends
    extremes = tell(
        "Highest: {highest} ({highest_period}). Lowest: {lowest} ({lowest_period}).",
        highest=words.format_number(by_value[-1].figure.value or 0.0, series.digits),
        highest_period=by_value[-1].period,
        lowest=words.format_number(by_value[0].figure.value or 0.0, series.digits),
        lowest_period=by_value[0].period,
    )
    return f"{ends} {extremes}"


def _list_unlike(series: ChartSeries, with_value: Sequence[PeriodPoint]) -> str:
    """Return figures of different territories one by one, with how many are in each; none is called the highest."""
    figures = "; ".join(
        tell(
            "{period}: {figure} (territories included: {n} of {whole})",
            period=point.period,
            figure=point.figure.spoken,
            n=point.reporters,
            whole=series.territories,
        )
        for point in with_value
    )
    return tell("{title}. {figures}. The figures cover different territories.", title=series.title, figures=figures)


def describe_series(series: ChartSeries) -> str:
    """Return the series in sentences: first, last, highest and lowest figure, what is missing, and breaks.

    Figures of different territories are listed instead, because they are not alike.
    """
    with_value = [point for point in series.points if point.has_value]
    if not with_value:
        sentences = [tell("{title}: no figure can be shown.", title=series.title)]
    else:
        sentences = [_describe_ends(series, with_value) if _is_alike(with_value) else _list_unlike(series, with_value)]
    missing = [f"{point.period} ({point.figure.spoken})" for point in series.points if _is_absent(point)]
    if missing and with_value:
        sentences.append(tell("Without a figure: {periods}.", periods=", ".join(missing)))
    sentences += _list_break_sentence(series)
    if series.events:
        sentences.append(tell("Changes to the law: {events}.", events="; ".join(e.spoken for e in series.events)))
    return " ".join(sentences)
