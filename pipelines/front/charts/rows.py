"""Arrange one row per territory on a common axis: its name, its marks, and its figure in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.front.charts.canvas import LINE, NARROW, SIZE, SMALL, SMALL_LINE, WIDE, Canvas, draw_path
from pipelines.front.charts.measure import balance_text, measure_text, wrap_text
from pipelines.front.charts.scales import LinearScale, choose_ticks
from pipelines.words import FormattedFigure

_NAME, _LABEL = 190, 190
"""Widest columns of names and of figures in the wide layout."""
_TRACK = 18
_PAD = 7
_TICKS = 5


@dataclass(frozen=True)
class RowLayout:
    """A row as it is laid out: name, lines of text at the end, and the function that draws its marks."""

    name: str
    figure: str
    notes: Sequence[str]
    draw: Callable[[Canvas, LinearScale, float], None] | None
    is_quiet: bool = False


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


def draw_rows(
    canvas: Canvas,
    lines: Sequence[RowLayout],
    top: float,
    unit: str,
    digits: int,
    head: float,
    draw_behind: Callable[[Canvas, LinearScale, float, float], None] | None = None,
) -> float:
    """Draw the rows below `head`, and the axis; return where the picture goes on.

    `draw_behind` is called before the rows with the scale, and with top and bottom of the rows.
    """
    columns = _choose_columns(canvas.width, lines)
    ticks = choose_ticks(top, _TICKS if columns.end - columns.start > 200 else _TICKS - 1, digits=digits)
    x = LinearScale(ticks[-1], columns.start, columns.end)
    blocks = [(_arrange_narrow if columns.is_narrow else _arrange_wide)(line, columns) for line in lines]
    bottom = head + sum(block.height for block in blocks)
    for tick in ticks:
        if tick:
            canvas.join_path(draw_path([(x(tick), head), (x(tick), bottom)]), "grid")
        else:
            canvas.add_line(x(tick), head, x(tick), bottom, "axis")
    if draw_behind:
        draw_behind(canvas, x, head, bottom)
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


def write_row_name(canvas: Canvas, name: str, top: float, width: float, height: float) -> tuple[float, float]:
    """Write the name of a row of cells in the column of names; return the top of the row and its height.

    `height` is that of the cells. Without a column, which is one of no width, the name is above the cells.
    """
    if not width:
        return canvas.add_lines(0, top + 14, wrap_text(name, canvas.width, SIZE)) - 14 + 2, float(height)
    names = wrap_text(name, width - 10, SIZE)
    height = max(height, LINE * len(names) + 2)
    canvas.add_lines(0, top + height / 2 - LINE * len(names) / 2 + 12, names)
    return top, height


def has_value(figure: FormattedFigure) -> bool:
    """Return True if a figure is a number and not a word that says why there is none."""
    return figure.kind == "value" and figure.value is not None


def _choose_columns(width: int, lines: Sequence[RowLayout]) -> _Columns:
    if width <= (NARROW + WIDE) / 2:
        return _Columns(True, width, width, 5.0, width - 8.0)
    name = min(max((measure_text(line.name, SIZE) for line in lines), default=0) + 8, _NAME)
    texts = [(text, SIZE) for line in lines for text in balance_text(line.figure, _LABEL, SIZE)]
    texts += [(text, SMALL) for line in lines for note in line.notes for text in balance_text(note, _LABEL, SMALL)]
    label = max((measure_text(text, size) for text, size in texts), default=0) + 4
    return _Columns(False, name, label, name + 8, width - label - 16)


def _arrange_wide(line: RowLayout, columns: _Columns) -> _Block:
    names, figures = wrap_text(line.name, columns.name, SIZE), balance_text(line.figure, columns.label, SIZE)
    notes = [part for note in line.notes for part in balance_text(note, columns.label, SMALL)]
    height = max(LINE * len(names), LINE * len(figures) + SMALL_LINE * len(notes), _TRACK) + _PAD
    return _Block(names, figures, notes, height, height / 2)


def _write_wide(canvas: Canvas, line: RowLayout, block: _Block, columns: _Columns, top: float) -> None:
    middle, x_label = top + block.middle, canvas.width - columns.label
    canvas.add_lines(0, middle - LINE * len(block.names) / 2 + 12, block.names)
    height = LINE * len(block.figures) + SMALL_LINE * len(block.notes)
    y = canvas.add_lines(x_label, middle - height / 2 + 12, block.figures, "quiet" if line.is_quiet else "")
    canvas.add_lines(x_label, y - 2, block.notes, "small quiet")


def _arrange_narrow(line: RowLayout, columns: _Columns) -> _Block:
    names, figures = wrap_text(line.name, columns.name, SIZE), wrap_text(line.figure, columns.label, SIZE)
    notes = [part for note in line.notes for part in wrap_text(note, columns.label, SMALL)]
    width = measure_text(line.name, SIZE) + measure_text(line.figure, SIZE) + 12
    is_one_line = len(names) == len(figures) == 1 and width <= columns.name
    text = LINE * (1 if is_one_line else len(names) + len(figures)) + SMALL_LINE * len(notes)
    return _Block(names, figures, notes, text + (_TRACK if line.draw else 0) + _PAD, text + _TRACK / 2 + 2, is_one_line)


def _write_narrow(canvas: Canvas, line: RowLayout, block: _Block, columns: _Columns, top: float) -> None:
    kind = "haloed quiet" if line.is_quiet else "haloed"
    _clear_narrow(canvas, block, columns, top)
    y = canvas.add_lines(0, top + 13, block.names, "haloed")
    if block.is_one_line:
        canvas.add_lines(columns.name, top + 13, block.figures, kind, anchor="end")
    else:
        y = canvas.add_lines(0, y, block.figures, kind)
    canvas.add_lines(0, y - 1, block.notes, "small quiet haloed")


def _clear_narrow(canvas: Canvas, block: _Block, columns: _Columns, top: float) -> None:
    """Cover the rules of the axis behind the text of a row, which would show between its words."""
    figures = [] if block.is_one_line else block.figures
    lines = [(text, SIZE, LINE) for text in (*block.names, *figures)]
    lines += [(text, SMALL, SMALL_LINE) for text in block.notes]
    y = top
    for text, size, height in lines:
        canvas.add_element("rect", x=0, y=y + 1, width=measure_text(text, size), height=height, kind="ground")
        y += height
    if block.is_one_line:
        width = measure_text(block.figures[0], SIZE)
        canvas.add_element("rect", x=columns.name - width, y=top + 1, width=width, height=LINE, kind="ground")
