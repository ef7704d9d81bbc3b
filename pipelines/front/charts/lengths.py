"""Draw sentences per territory: the quartiles as a box on a bar, which is the legal range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import WIDE, Canvas, Drawing
from pipelines.front.charts.rows import RowLayout, draw_rows, has_value
from pipelines.front.charts.scales import LinearScale
from pipelines.words import FormattedFigure
from pipelines.words.language import lower_first, tell


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
    bottom = draw_rows(canvas, lines, max(ends, default=0), lengths.unit, 0, 0.0)
    has_law = any(row.most is not None for row in lengths.rows)
    keys = [
        *([marks.Key(_show_law, tell("Legal range (months)"))] if has_law else []),
        marks.Key(_show_middle, tell("Middle half of the sentences")),
        marks.Key(marks.draw_point, tell("Median")),
    ]
    if any(row.is_few and has_value(row.median) for row in lengths.rows):
        keys.append(marks.Key(marks.show_few, marks.describe_few()))
    bottom = marks.draw_key(canvas, bottom + 2, keys)
    return canvas.finish_drawing(lengths.title, describe_lengths(lengths), bottom, notes)


def describe_lengths(lengths: Lengths) -> str:
    """Return the quartiles and the legal range of each territory, one sentence for each."""
    return " ".join([f"{lengths.title}.", *(f"{row.name}: {_join_lengths(row, spoken=True)}." for row in lengths.rows)])


def _arrange_lengths(row: LengthRow) -> RowLayout:
    notes = [marks.describe_few()] if row.is_few and has_value(row.median) else []
    notes.append(f"{tell('Legal range (months)')}: {row.law.text}")
    is_drawn = has_value(row.median) or row.most is not None
    draw = (lambda canvas, x, y: _draw_quartiles(canvas, row, x, y)) if is_drawn else None
    return RowLayout(row.name, _join_lengths(row), notes, draw, is_quiet=not has_value(row.median))


def _join_lengths(row: LengthRow, *, spoken: bool = False) -> str:
    quartiles = {tell("Lower quartile"): row.lower, tell("Median"): row.median, tell("Upper quartile"): row.upper}
    texts = [
        f"{name}: {figure.spoken if spoken or figure.value is None else words.format_number(figure.value)}"
        for name, figure in quartiles.items()
    ]
    if spoken:
        texts.append(f"{tell('Legal range (months)')}: {row.law.spoken}")
    joined = ", ".join(lower_first(text) if place else text for place, text in enumerate(texts))
    # No line begins with a number: it stays with its name.
    return joined if spoken else re.sub(r": (?=\d)", ":\u00a0", joined)


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
