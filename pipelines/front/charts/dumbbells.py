"""Draw two figures of the same subject on one line, to show how far they are apart: a dumbbell for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import WIDE, Canvas, Drawing
from pipelines.front.charts.rows import RowLayout, draw_rows
from pipelines.front.charts.scales import LinearScale
from pipelines.words.language import tell


@dataclass(frozen=True)
class DumbbellRow:
    """The two figures of one subject, and a note below them."""

    name: str
    first: float
    second: float
    note: str = ""


@dataclass(frozen=True)
class Dumbbells:
    """Pairs of figures on one axis: what the first and the second of each are, and what the axis counts."""

    title: str
    first: str
    second: str
    rows: Sequence[DumbbellRow]
    unit: str


def draw_dumbbells(dumbbells: Dumbbells, *, width: int = WIDE, notes: Sequence[str] = ()) -> Drawing:
    """Return a dot for the first figure and an upright stroke for the second of each row, joined by a line."""
    canvas = Canvas(width)
    top = max((number for row in dumbbells.rows for number in (row.first, row.second)), default=0.0)
    lines = [_arrange_row(row, dumbbells) for row in dumbbells.rows]
    bottom = draw_rows(canvas, lines, top, dumbbells.unit, 0, 0.0)
    keys = [marks.Key(marks.draw_point, dumbbells.first), marks.Key(_draw_second, dumbbells.second)]
    bottom = marks.draw_key(canvas, bottom + 2, keys)
    return canvas.finish_drawing(dumbbells.title, describe_dumbbells(dumbbells), bottom, notes)


def describe_dumbbells(dumbbells: Dumbbells) -> str:
    """Return the row whose figures are furthest apart, as the takeaway, then all rows."""
    sentences = [f"{dumbbells.title}."]
    if dumbbells.rows:
        furthest = max(dumbbells.rows, key=lambda row: abs(row.first - row.second))
        sentences.append(
            tell(
                "The largest difference is that of {name}: {first} against {second}.",
                name=furthest.name,
                first=words.format_number(furthest.first),
                second=words.format_number(furthest.second),
            )
        )
    sentences += [f"{row.name}: {_join_figures(row, dumbbells)}." for row in dumbbells.rows]
    return " ".join(sentences)


def _join_figures(row: DumbbellRow, dumbbells: Dumbbells) -> str:
    pairs = ((dumbbells.first, row.first), (dumbbells.second, row.second))
    return ", ".join(f"{name}: {words.format_number(number)}" for name, number in pairs)


def _arrange_row(row: DumbbellRow, dumbbells: Dumbbells) -> RowLayout:
    text = _join_figures(row, dumbbells)

    def draw_marks(canvas: Canvas, x: LinearScale, y: float) -> None:
        canvas.add_line(x(row.first), y, x(row.second), y, "outer")
        _draw_second(canvas, x(row.second), y)
        marks.draw_point(canvas, x(row.first), y, hint=f"{row.name}: {text}")

    return RowLayout(row.name, text, [row.note] if row.note else [], draw_marks)


def _draw_second(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_line(x, y - 8, x, y + 8, "span")
