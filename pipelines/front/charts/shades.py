"""Draw a table of shares whose fields are shaded by size, with hatching that is seen without colour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.core.rounding import round_half_up
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import (
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
from pipelines.front.charts.rows import has_value, write_row_name
from pipelines.front.charts.scales import BandScale
from pipelines.words import FormattedFigure
from pipelines.words.language import tell, upper_first

STEPS = (10, 25, 50)
"""Per cent at which a field is shaded one step darker."""
_NAME = 130
"""Width of the names of rows, unless one of their words is wider."""
_UPRIGHT = 130
"""Longest line of an upright name of a column, unless one of its words is longer."""
_ROW = 26
_GAPS = (0, 9, 5, 0)
"""Pixels between the lines of the hatching of each step; the first step has none, and the last one is filled."""


@dataclass(frozen=True)
class ShadedCell:
    """One field: its share in per cent, or the word that says why there is none."""

    figure: FormattedFigure
    is_few: bool = False


@dataclass(frozen=True)
class ShadedRow:
    """The fields of one category, one for each column."""

    name: str
    cells: Sequence[ShadedCell]


@dataclass(frozen=True)
class ShadedTable:
    """Categories as rows and areas as columns."""

    title: str
    columns: Sequence[str]
    rows: Sequence[ShadedRow]


def find_step(share: float) -> int:
    """Return the step of a share, from 0 to the number of `STEPS`; what counts is the rounded number that is shown."""
    return sum(round_half_up(share) >= step for step in STEPS)


def draw_shades(table: ShadedTable, *, width: int = WIDE, notes: Sequence[str] = ()) -> Drawing:
    """Return the table. On a narrow screen the names of the rows are above their fields.

    The names of columns are upright if a word of them is wider than its column.
    """
    is_narrow = width <= (NARROW + WIDE) / 2
    start = 0.0 if is_narrow else max(_measure_longest_word((row.name for row in table.rows), SIZE) + 12, _NAME)
    canvas = Canvas(width)
    x = BandScale(len(table.columns), start, width)
    is_upright = _measure_longest_word(table.columns, SMALL) > x.step
    y = (_write_upright if is_upright else _write_heads)(canvas, table.columns, x)
    for row in table.rows:
        y, height = write_row_name(canvas, row.name, y, start, _ROW)
        for position, cell in enumerate(row.cells):
            hint = f"{row.name}, {table.columns[position]}: {_speak(cell)}"
            x_left, x_right = x.find_edge(position) + 1, x.find_edge(position + 1) - 1
            _draw_cell(canvas, cell, x_left, x_right, y + (height - _ROW) / 2, hint)
        y += height + (6 if is_narrow else 3)
    y = marks.draw_key(canvas, y + 4, _list_keys(table))
    return canvas.finish_drawing(table.title, describe_shades(table), y, notes)


def _measure_longest_word(names: Iterable[str], size: int) -> float:
    return max(measure_text(word, size) for name in names for word in name.split())


def _write_heads(canvas: Canvas, columns: Sequence[str], x: BandScale) -> float:
    lines_by_column = [wrap_text(name, x.step, SMALL) for name in columns]
    height = SMALL_LINE * max(map(len, lines_by_column))
    for position, lines in enumerate(lines_by_column):
        top = height - SMALL_LINE * len(lines) + 11
        canvas.add_lines(x.find_center(position), top, lines, "small", anchor="middle")
    return height + 6.0


def _write_upright(canvas: Canvas, columns: Sequence[str], x: BandScale) -> float:
    lines_by_column = [wrap_text(name, max(_UPRIGHT, _measure_longest_word([name], SMALL)), SMALL) for name in columns]
    height = max(measure_text(line, SMALL) for lines in lines_by_column for line in lines) + 6
    for position, lines in enumerate(lines_by_column):
        x_first = x.find_center(position) + 4 - SMALL_LINE * (len(lines) - 1) / 2
        for place, line in enumerate(lines):
            canvas.add_text(x_first + SMALL_LINE * place, height - 2, line, "small", is_turned=True)
    return height + 2.0


def _draw_cell(canvas: Canvas, cell: ShadedCell, left: float, right: float, top: float, hint: str) -> None:
    if not has_value(cell.figure):
        canvas.add_element("rect", x=left, y=top, width=right - left, height=_ROW, kind="open", hint=hint)
        marks.draw_absent_sign(canvas, cell.figure.kind, (left + right) / 2, top + _ROW / 2)
        return
    step = find_step(cell.figure.value or 0.0)
    _draw_ground(canvas, left, right, top, top + _ROW, step, hint)
    text = words.format_number(cell.figure.value or 0.0)
    middle, half = (left + right) / 2, measure_text(text, SMALL) / 2 + 3
    if cell.is_few:
        half += 9
    if 0 < step < len(STEPS):
        # The hatching would run through the number.
        canvas.add_element("rect", x=middle - half, y=top + 5, width=2 * half, height=16, kind="ground")
    kind = "small inverse" if step == len(STEPS) else "small"
    if not cell.is_few:
        canvas.add_text(middle, top + 17, text, kind, anchor="middle")
        return
    canvas.add_text(middle - 6, top + 17, text, kind, anchor="middle")
    marks.show_few(canvas, middle + half - 7, top + _ROW / 2)


def _draw_ground(
    canvas: Canvas, left: float, right: float, top: float, bottom: float, step: int, hint: str = ""
) -> None:
    """Fill a field with the shade and the hatching of a step."""
    kind = ("open", "part", "part", "full")[step]
    canvas.add_element("rect", x=left, y=top, width=right - left, height=bottom - top, kind=kind, hint=hint)
    gap = _GAPS[step]
    if gap:
        canvas.add_element("path", d=_hatch_box(left, right, top, bottom, gap), kind="outer")


def _hatch_box(left: float, right: float, top: float, bottom: float, gap: float) -> str:
    """Return the path of rising lines in a rectangle, each cut at its edges."""
    path, height = "", bottom - top
    offset = gap
    while offset < right - left + height:
        start = (left + max(offset - height, 0.0), top + min(offset, height))
        end = (left + min(offset, right - left), top + max(offset - (right - left), 0.0))
        path += draw_path([start, end])
        offset += gap
    return path


def _list_keys(table: ShadedTable) -> list[marks.Key]:
    cells = [cell for row in table.rows for cell in row.cells]
    steps = {find_step(cell.figure.value or 0.0) for cell in cells if has_value(cell.figure)}
    keys = [marks.Key(_show_step(step), name_step(step)) for step in sorted(steps)]
    if any(cell.is_few and has_value(cell.figure) for cell in cells):
        keys.append(marks.Key(marks.show_few, marks.describe_few(is_share=True)))
    absent = {cell.figure.kind: cell.figure.text for cell in cells if not has_value(cell.figure)}
    return keys + [marks.Key(marks.show_absent(kind), upper_first(text)) for kind, text in absent.items()]


def name_step(step: int) -> str:
    """Return the shares of a step: `10–24%`."""
    low, high = (0, *STEPS)[step], (*(step - 1 for step in STEPS), 100)[step]
    return f"{low}\u2013{high}%"


def _show_step(step: int) -> Callable[[Canvas, float, float], None]:
    return lambda canvas, x, y: _draw_ground(canvas, x - 8, x + 8, y - 7, y + 7, step)


def _speak(cell: ShadedCell) -> str:
    few = f", {marks.name_few()}" if cell.is_few and has_value(cell.figure) else ""
    return f"{cell.figure.spoken}{few}"


def describe_shades(table: ShadedTable) -> str:
    """Return the largest share of each column of those that are not too few to compare, then each row."""
    largest = []
    for position, column in enumerate(table.columns):
        cells = [(row.name, row.cells[position]) for row in table.rows]
        sure = [(name, cell) for name, cell in cells if has_value(cell.figure) and not cell.is_few]
        if len(sure) > 1:
            name, cell = max(sure, key=lambda pair: pair[1].figure.value or 0.0)
            largest.append(f"{column}: {name}, {_speak(cell)}")
    sentences = [f"{table.title}."]
    if largest:
        text = tell("Largest share of those that can be compared, by territory: {shares}.", shares="; ".join(largest))
        sentences.append(text)
    sentences += [
        f"{row.name}: "
        + "; ".join(f"{name}: {_speak(cell)}" for name, cell in zip(table.columns, row.cells, strict=True))
        + "."
        for row in table.rows
    ]
    return " ".join(sentences)
