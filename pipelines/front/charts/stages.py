"""Draw the stages from investigation to sentence as boxes, with pending cases and other outcomes at the side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    draw_box,
    draw_path,
)
from pipelines.front.charts.measure import measure_longest_word, wrap_text
from pipelines.words import FormattedFigure
from pipelines.words.language import lower_first, tell

_BOX_SHARE = 0.42
_GAP = 20
_MARGIN = 8
_BIG = 12


@dataclass(frozen=True)
class Side:
    """A count at the side of a stage: the cases that ended in another way, or those that are pending.

    `note` may name the coverage. `is_range` marks a range of persons in records, which replaces a withheld number.
    """

    name: str
    figure: FormattedFigure
    is_pending: bool = False
    is_few: bool = False
    note: str = ""
    is_range: bool = False


@dataclass(frozen=True)
class StageBar:
    """One stage: its name, its count, and what is at its side. `note` may name the coverage."""

    name: str
    figure: FormattedFigure
    sides: Sequence[Side] = ()
    is_few: bool = False
    note: str = ""


@dataclass(frozen=True)
class Stages:
    """The stages in the order of proceedings."""

    title: str
    stages: Sequence[StageBar]


def draw_stages(picture: Stages, *, width: int = WIDE, description: str = "", notes: Sequence[str] = ()) -> Drawing:
    """Return the stages as boxes of one width: each counts other people, so they are not drawn as a funnel."""
    canvas = Canvas(width)
    is_narrow = width <= (NARROW + WIDE) / 2
    between = 30 if is_narrow else 56
    longest = measure_longest_word((f"{side.name}:" for stage in picture.stages for side in stage.sides), SIZE)
    box_width = min(width * (0.5 if is_narrow else _BOX_SHARE), width - between - longest)
    side_left = box_width + between
    y, box_bottom = 1.0, 0.0
    for stage in picture.stages:
        if box_bottom:
            _draw_arrow(canvas, box_width / 2, box_bottom, y)
        box_bottom, bottom = _draw_stage(canvas, stage, y, box_width, side_left)
        y = max(box_bottom, bottom) + _GAP
    y -= _GAP
    keys = []
    sides = [side for stage in picture.stages for side in stage.sides]
    if any(side.is_pending for side in sides):
        keys.append(marks.Key(_show_pending, tell("Still pending")))
    if any(not side.is_pending for side in sides):
        keys.append(marks.Key(_show_exit, tell("Ended another way")))
    figures = [part.figure for part in picture.stages] + [side.figure for side in sides]
    if any(figure.low is not None for figure in figures):
        keys.append(marks.Key(_show_brackets, marks.name_interval()))
    y = marks.draw_key(canvas, y + 6, keys)
    return canvas.finish_drawing(picture.title, description or describe_stages(picture), y + 2, notes)


def _draw_arrow(canvas: Canvas, x: float, top: float, bottom: float) -> None:
    """Draw an arrow from one box to the next."""
    canvas.add_line(x, top, x, bottom - 2, "axis")
    canvas.join_path(draw_path([(x - 4, bottom - 8), (x, bottom - 2), (x + 4, bottom - 8)]), "side")


def _draw_stage(canvas: Canvas, stage: StageBar, top: float, box_width: float, side_left: float) -> tuple[float, float]:
    """Draw a box and its sides; return where each of the two ends."""
    inner = box_width - 2 * _MARGIN
    names = wrap_text(stage.name, inner, SIZE)
    figures = wrap_text(stage.figure.text, inner, SIZE, is_bold=True)
    remarks = [marks.describe_few()] if stage.is_few else []
    remarks += [stage.note] if stage.note else []
    texts = [line for remark in remarks for line in wrap_text(remark, inner, SMALL)]
    height = 2 * _MARGIN + LINE * (len(names) + len(figures)) + SMALL_LINE * len(texts)
    dashed = " dashed" if stage.is_few else ""
    canvas.add_element("rect", x=1, y=top, width=box_width - 2, height=height, rx=3, kind=f"box{dashed}")
    y = canvas.add_lines(_MARGIN, top + _MARGIN + 11, names)
    y = canvas.add_lines(_MARGIN, y, figures, "strong" if stage.figure.kind == "value" else "quiet")
    canvas.add_lines(_MARGIN, y - 1, texts, "small quiet")
    side_y, lowest = top + 2, top + height
    for side in stage.sides:
        text = f"{side.name}: {side.figure.text}{_name_few(side)}{_add_note(side)}"
        lines = wrap_text(text, canvas.width - side_left, SIZE)
        show = _show_pending if side.is_pending else _show_exit
        canvas.join_path(draw_path([(box_width - 1, side_y + 10), (side_left - 22, side_y + 10)]), "side")
        lowest = max(lowest, side_y + 10)
        show(canvas, side_left - 12, side_y + 10)
        side_y = canvas.add_lines(side_left, side_y + 14, lines) - 14 + 3
    if lowest > top + height:
        canvas.join_path(draw_path([(box_width - 1, top + height - 3), (box_width - 1, lowest)]), "side")
    return top + height, side_y


def _name_few(part: StageBar | Side) -> str:
    """Return the state of a count that is too few to compare, as it is added to the count."""
    return f", {marks.name_few()}" if part.is_few else ""


def _add_note(part: StageBar | Side) -> str:
    """Return the note of a count, as it is added to the count."""
    return f"; {lower_first(part.note)}" if part.note else ""


def _show_pending(canvas: Canvas, x: float, y: float) -> None:
    """Draw two bars, the sign of a pause."""
    for x_start in (x - 5, x + 1.5):
        canvas.join_path(draw_box(x_start, y - 5, x_start + 3.5, y + 5), "ink")


def _show_exit(canvas: Canvas, x: float, y: float) -> None:
    """Draw an arrow that leads away."""
    canvas.join_path(draw_path([(x - 9, y), (x + 5, y)]), "side")
    canvas.join_path(draw_path([(x + 1, y - 4), (x + 7, y), (x + 1, y + 4)], is_closed=True), "ink")


def _show_brackets(canvas: Canvas, x: float, y: float) -> None:
    """Draw a pair of brackets, in which an interval is."""
    canvas.add_text(x, y + 4, "(–)", "small", anchor="middle")


def describe_stages(picture: Stages) -> str:
    """Return the stages in order, each followed by what is at its side."""
    sentences = [f"{picture.title}."]
    for stage in picture.stages:
        described: list[StageBar | Side] = [stage, *stage.sides]
        parts = [f"{part.name}: {part.figure.spoken}{_name_few(part)}{_add_note(part)}" for part in described]
        sentences.append(f"{'; '.join(parts)}.")
    return " ".join(sentences)
