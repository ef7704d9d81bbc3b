"""Draw one row per territory on a common axis: a figure with its interval, or a median with what 75% and 90% took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isinf

from pipelines import words
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import (
    LINE,
    NARROW,
    SIZE,
    SMALL,
    SMALL_LINE,
    WIDE,
    Canvas,
    Drawing,
    draw_path,
)
from pipelines.front.charts.measure import measure_text, wrap_text
from pipelines.front.charts.scales import LinearScale, choose_ticks
from pipelines.words import FormattedFigure
from pipelines.words.language import lower_first, tell

_NAME, _LABEL = 190, 190
"""Widest columns of names and of figures in the wide layout."""
_TRACK = 18
_PAD = 7
_TICKS = 5


@dataclass(frozen=True)
class Row:
    """The figure of one territory, or the word that says why there is none; `note` is region_lines below the figure."""

    name: str
    figure: FormattedFigure
    is_few: bool = False
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """Figures of the territories with the figure of the region, and what the axis counts."""

    title: str
    rows: Sequence[Row]
    unit: str
    region: Row | None = None
    digits: int = 0


@dataclass(frozen=True)
class DurationRow:
    """The time after which 50%, 75% and 90% of the cases of one territory had ended."""

    name: str
    median: FormattedFigure
    three_quarters: FormattedFigure
    nine_tenths: FormattedFigure
    is_few: bool = False
    note: str = ""


@dataclass(frozen=True)
class Durations:
    """Times of the territories on one axis, and its unit."""

    title: str
    rows: Sequence[DurationRow]
    unit: str


@dataclass(frozen=True)
class _Line:
    """A row as it is laid out: name, lines of text at the end, and the function that draws its marks."""

    name: str
    figure: str
    notes: Sequence[str]
    draw: Callable[[Canvas, LinearScale, float], None] | None
    is_quiet: bool = False


def draw_comparison(
    comparison: Comparison, *, width: int = WIDE, description: str = "", notes: Sequence[str] = (), top: float = 0.0
) -> Drawing:
    """Return a dot and its interval per row; the region is a dashed line through all rows.

    `top` is the end of a scale that several pictures share, by default the largest number of the rows.
    """
    figures = [row.figure for row in (*comparison.rows, *([comparison.region] if comparison.region else []))]
    ends = [end for f in figures for end in (f.value, f.high) if end is not None and not isinf(end)]
    lines = [_arrange_row(row) for row in comparison.rows]
    canvas = Canvas(width)
    region = comparison.region if comparison.region and _has_value(comparison.region.figure) else None
    head = 0.0
    if comparison.region:
        text = f"{comparison.region.name}: {comparison.region.figure.text}"
        texts = [text, *([comparison.region.note] if comparison.region.note else [])]
        region_lines = [line for part in texts for line in wrap_text(part, width - 24, SIZE)]
        if region:
            canvas.add_line(8, 2, 8, LINE * len(region_lines), "rule")
        head = canvas.add_lines(20 if region else 0, 12, region_lines) - 12 + 6
    bottom = _draw_rows(canvas, lines, top or max(ends, default=0), comparison.unit, comparison.digits, head, region)
    keys = [marks.Key(marks.show_interval, marks.name_interval())] if _has_interval(figures) else []
    if any(row.is_few and _has_value(row.figure) for row in comparison.rows):
        keys.append(marks.Key(marks.show_few, marks.describe_few()))
    bottom = marks.draw_key(canvas, bottom + 2, keys)
    return canvas.finish_drawing(comparison.title, description or describe_comparison(comparison), bottom, notes)


def draw_durations(
    durations: Durations, *, width: int = WIDE, description: str = "", notes: Sequence[str] = ()
) -> Drawing:
    """Return the median and the times of 75% and 90% of the cases, one row per territory."""
    figures = [f for row in durations.rows for f in (row.median, row.three_quarters, row.nine_tenths)]
    ends = [end for f in figures for end in (f.value, f.high) if end is not None and not isinf(end)]
    canvas = Canvas(width)
    lines = [_arrange_durations(row) for row in durations.rows]
    bottom = _draw_rows(canvas, lines, max(ends, default=0), durations.unit, 0, 0.0, None)
    keys = [
        marks.Key(marks.show_interval, tell("Median, with its 95% confidence interval")),
        marks.Key(_show_quarters, tell("75% of cases ended within")),
        marks.Key(_show_tenths, tell("90% of cases ended within")),
    ]
    if any(row.is_few for row in durations.rows):
        keys.append(marks.Key(marks.show_few, marks.describe_few()))
    bottom = marks.draw_key(canvas, bottom + 2, keys)
    spoken = description or describe_durations(durations)
    return canvas.finish_drawing(durations.title, spoken, bottom, notes)


def _has_value(figure: FormattedFigure) -> bool:
    return figure.kind == "value" and figure.value is not None


def _has_interval(figures: Sequence[FormattedFigure]) -> bool:
    return any(_has_value(figure) and figure.low is not None for figure in figures)


def _arrange_row(row: Row) -> _Line:
    notes = [marks.describe_few()] if row.is_few and _has_value(row.figure) else []
    notes += [row.note] if row.note else []
    if not _has_value(row.figure):
        return _Line(row.name, row.figure.text, notes, None, is_quiet=True)
    return _Line(row.name, row.figure.text, notes, lambda canvas, x, y: _draw_interval(canvas, row, x, y))


def _draw_interval(canvas: Canvas, row: Row, x: LinearScale, y: float) -> None:
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


def _arrange_durations(row: DurationRow) -> _Line:
    notes = [row.note] if row.note else []
    if not _has_value(row.median):
        return _Line(row.name, row.median.text, notes, None, is_quiet=True)
    return _Line(row.name, _join_durations(row), notes, lambda canvas, x, y: _draw_times(canvas, row, x, y))


def _join_durations(row: DurationRow, *, spoken: bool = False) -> str:
    figures = [row.median, row.three_quarters, row.nine_tenths]
    if not _has_value(row.median):
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


@dataclass(frozen=True)
class _Columns:
    """Where names, marks and figures are. In the narrow layout there is one column: the marks are below the text."""

    is_narrow: bool
    name: float
    label: float
    start: float
    end: float


@dataclass(frozen=True)
class _Block:
    """The lines of text of one row, and how high the row is."""

    names: Sequence[str]
    figures: Sequence[str]
    notes: Sequence[str]
    height: float
    middle: float
    """From the top of the row to its marks."""
    is_one_line: bool = False


def _draw_rows(
    canvas: Canvas, lines: Sequence[_Line], top: float, unit: str, digits: int, head: float, region: Row | None
) -> float:
    """Draw the rows below `head`, and the axis; return where the picture goes on."""
    columns = _choose_columns(canvas.width, lines)
    ticks = choose_ticks(top, _TICKS if columns.end - columns.start > 200 else _TICKS - 1, digits=digits)
    x = LinearScale(ticks[-1], columns.start, columns.end)
    blocks = [(_arrange_narrow if columns.is_narrow else _arrange_wide)(line, columns) for line in lines]
    bottom = head + sum(block.height for block in blocks)
    for tick in ticks:
        canvas.add_line(x(tick), head, x(tick), bottom, "grid" if tick else "axis")
    if region:
        _draw_region(canvas, region, x, head, bottom)
    y = head
    for line, block in zip(lines, blocks, strict=True):
        (_write_narrow if columns.is_narrow else _write_wide)(canvas, line, block, columns, y)
        if line.draw:
            line.draw(canvas, x, y + block.middle)
        y += block.height
    for tick in ticks:
        text = words.format_number(tick, digits if ticks[1] % 1 else 0)
        half = measure_text(text, SIZE) / 2
        at = min(max(x(tick), half), canvas.width - half)
        canvas.add_text_if_free(at, bottom + LINE, text, "quiet", anchor="middle")
    units = wrap_text(unit, columns.end - columns.start, SMALL)
    return canvas.add_lines(columns.start, bottom + LINE + SMALL_LINE + 2, units, "small quiet") - SMALL_LINE + 6


def _choose_columns(width: int, lines: Sequence[_Line]) -> _Columns:
    if width <= (NARROW + WIDE) / 2:
        return _Columns(True, width, width, 5.0, width - 8.0)
    name = min(max((measure_text(line.name, SIZE) for line in lines), default=0) + 8, _NAME)
    texts = [(text, SIZE) for line in lines for text in wrap_text(line.figure, _LABEL, SIZE)]
    texts += [(text, SMALL) for line in lines for note in line.notes for text in wrap_text(note, _LABEL, SMALL)]
    label = max((measure_text(text, size) for text, size in texts), default=0) + 4
    return _Columns(False, name, label, name + 8, width - label - 16)


def _arrange_wide(line: _Line, columns: _Columns) -> _Block:
    names, figures = wrap_text(line.name, columns.name, SIZE), wrap_text(line.figure, columns.label, SIZE)
    notes = [part for note in line.notes for part in wrap_text(note, columns.label, SMALL)]
    height = max(LINE * len(names), LINE * len(figures) + SMALL_LINE * len(notes), _TRACK) + _PAD
    return _Block(names, figures, notes, height, height / 2)


def _write_wide(canvas: Canvas, line: _Line, block: _Block, columns: _Columns, top: float) -> None:
    middle, x_label = top + block.middle, canvas.width - columns.label
    canvas.add_lines(0, middle - LINE * len(block.names) / 2 + 12, block.names)
    height = LINE * len(block.figures) + SMALL_LINE * len(block.notes)
    y = canvas.add_lines(x_label, middle - height / 2 + 12, block.figures, "quiet" if line.is_quiet else "")
    canvas.add_lines(x_label, y - 2, block.notes, "small quiet")


def _arrange_narrow(line: _Line, columns: _Columns) -> _Block:
    names, figures = wrap_text(line.name, columns.name, SIZE), wrap_text(line.figure, columns.label, SIZE)
    notes = [part for note in line.notes for part in wrap_text(note, columns.label, SMALL)]
    width = measure_text(line.name, SIZE) + measure_text(line.figure, SIZE) + 12
    is_one_line = len(names) == len(figures) == 1 and width <= columns.name
    text = LINE * (1 if is_one_line else len(names) + len(figures)) + SMALL_LINE * len(notes)
    return _Block(names, figures, notes, text + (_TRACK if line.draw else 0) + _PAD, text + _TRACK / 2 + 2, is_one_line)


def _write_narrow(canvas: Canvas, line: _Line, block: _Block, columns: _Columns, top: float) -> None:
    kind = "haloed quiet" if line.is_quiet else "haloed"
    y = canvas.add_lines(0, top + 13, block.names, "haloed")
    if block.is_one_line:
        canvas.add_lines(columns.name, top + 13, block.figures, kind, anchor="end")
    else:
        y = canvas.add_lines(0, y, block.figures, kind)
    canvas.add_lines(0, y - 1, block.notes, "small quiet haloed")


def _draw_region(canvas: Canvas, region: Row, x: LinearScale, top: float, bottom: float) -> None:
    """Draw the region's figure as a dashed line, and its interval as a shade."""
    figure = region.figure
    if figure.low is not None and figure.high is not None:
        end = x.end if isinf(figure.high) else x(figure.high)
        canvas.add_element("rect", x=x(figure.low), y=top, width=end - x(figure.low), height=bottom - top, kind="shade")
    at = x(figure.value or 0.0)
    canvas.add_element("line", x1=at, y1=top, x2=at, y2=bottom, kind="rule", hint=f"{region.name}: {figure.spoken}")


def describe_comparison(comparison: Comparison) -> str:
    """Return the comparison in sentences: lowest, highest and region, then which rows are not compared."""
    sure = [row for row in comparison.rows if _has_value(row.figure) and not row.is_few]
    others = [
        f"{row.name} ({lower_first(marks.describe_few()) if _has_value(row.figure) else row.figure.spoken})"
        for row in comparison.rows
        if row not in sure
    ]
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
        sentences.append(f"{comparison.region.name}: {comparison.region.figure.spoken}.")
    if others:
        sentences.append(tell("Not compared: {areas}.", areas=", ".join(others)))
    return " ".join(sentences)


def describe_durations(durations: Durations) -> str:
    """Return the times of each territory, one sentence for each."""
    times = [f"{row.name}: {_join_durations(row, spoken=True)}." for row in durations.rows]
    return " ".join([f"{durations.title}.", *times])


# ------------------------------------------------------------------------------------------- sentences, legal range


@dataclass(frozen=True)
class LengthRow:
    """The quartiles of the sentences of one territory, and the least and most that the law allows."""

    name: str
    lower: FormattedFigure
    median: FormattedFigure
    upper: FormattedFigure
    law: FormattedFigure
    least: float | None = None
    most: float | None = None
    is_few: bool = False


@dataclass(frozen=True)
class Lengths:
    """Sentences of the territories on one axis, and its unit."""

    title: str
    rows: Sequence[LengthRow]
    unit: str


def draw_lengths(lengths: Lengths, *, width: int = WIDE, notes: Sequence[str] = ()) -> Drawing:
    """Return the quartiles of each territory as a box on a bar, which is the legal range."""
    canvas = Canvas(width)
    ends = [
        end
        for row in lengths.rows
        for end in (row.most, row.least, row.lower.value, row.median.value, row.upper.value)
        if end is not None
    ]
    lines = [_arrange_lengths(row) for row in lengths.rows]
    bottom = _draw_rows(canvas, lines, max(ends, default=0), lengths.unit, 0, 0.0, None)
    has_law = any(row.most is not None for row in lengths.rows)
    keys = [
        *([marks.Key(_show_law, tell("Legal range (months)"))] if has_law else []),
        marks.Key(_show_middle, tell("Middle half of the sentences")),
        marks.Key(marks.draw_point, tell("Median")),
    ]
    if any(row.is_few and _has_value(row.median) for row in lengths.rows):
        keys.append(marks.Key(marks.show_few, marks.describe_few()))
    bottom = marks.draw_key(canvas, bottom + 2, keys)
    return canvas.finish_drawing(lengths.title, describe_lengths(lengths), bottom, notes)


def describe_lengths(lengths: Lengths) -> str:
    """Return the quartiles and the legal range of each territory, one sentence for each."""
    return " ".join([f"{lengths.title}.", *(f"{row.name}: {_join_lengths(row, spoken=True)}." for row in lengths.rows)])


def _arrange_lengths(row: LengthRow) -> _Line:
    notes = [marks.describe_few()] if row.is_few and _has_value(row.median) else []
    notes.append(f"{tell('Legal range (months)')}: {row.law.text}")
    is_drawn = _has_value(row.median) or row.most is not None
    draw = (lambda canvas, x, y: _draw_quartiles(canvas, row, x, y)) if is_drawn else None
    return _Line(row.name, _join_lengths(row), notes, draw, is_quiet=not _has_value(row.median))


def _join_lengths(row: LengthRow, *, spoken: bool = False) -> str:
    quartiles = {tell("Lower quartile"): row.lower, tell("Median"): row.median, tell("Upper quartile"): row.upper}
    texts = [
        f"{name}: {figure.spoken if spoken or figure.value is None else words.format_number(figure.value)}"
        for name, figure in quartiles.items()
    ]
    if spoken:
        texts.append(f"{tell('Legal range (months)')}: {row.law.spoken}")
    return ", ".join(lower_first(text) if place else text for place, text in enumerate(texts))


def _draw_quartiles(canvas: Canvas, row: LengthRow, x: LinearScale, y: float) -> None:
    hint = f"{row.name}: {_join_lengths(row, spoken=True)}"
    if row.most is not None:
        _draw_law(canvas, x(row.least or 0.0), x(row.most), y, hint)
    if row.lower.value is not None and row.upper.value is not None:
        _draw_middle(canvas, x(row.lower.value), x(row.upper.value), y, hint)
    if row.median.value is not None:
        marks.draw_point(canvas, x(row.median.value), y, hint=hint, is_few=row.is_few)


def _draw_law(canvas: Canvas, start: float, end: float, y: float, hint: str = "") -> None:
    canvas.add_element("rect", x=start, y=y - 8, width=end - start, height=16, kind="band", hint=hint)


def _draw_middle(canvas: Canvas, start: float, end: float, y: float, hint: str = "") -> None:
    canvas.add_element("rect", x=start, y=y - 5, width=end - start, height=10, kind="box", hint=hint)


def _show_law(canvas: Canvas, x: float, y: float) -> None:
    _draw_law(canvas, x - 9, x + 9, y)


def _show_middle(canvas: Canvas, x: float, y: float) -> None:
    _draw_middle(canvas, x - 8, x + 8, y)
