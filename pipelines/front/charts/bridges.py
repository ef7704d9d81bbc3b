"""Draw what a change is made of: the number before, the effects that add up to the change, and the number after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.front.charts.canvas import WIDE, Canvas, Drawing
from pipelines.front.charts.rows import RowLayout, draw_rows
from pipelines.front.charts.scales import LinearScale

_HEIGHT = 14
"""Height of a bar, in pixels."""


@dataclass(frozen=True)
class BridgeStep:
    """One part of a change: its name, and by how much it changes the number."""

    name: str
    change: float
    text: str


@dataclass(frozen=True)
class Bridge:
    """A change from one number to another, and the effects that add up to it.

    `before` and `after` are the names of the two numbers, such as their years; `takeaway` is the change in a sentence.
    """

    title: str
    before: str
    number_before: float
    effects: Sequence[BridgeStep]
    after: str
    number_after: float
    unit: str
    takeaway: str


def draw_bridge(bridge: Bridge, *, width: int = WIDE, notes: Sequence[str] = ()) -> Drawing:
    """Return two bars from zero, and between them a bar for each effect from where the one before ended.

    A rise is a filled bar and a fall a hollow one; both have their sign in the label.
    """
    canvas = Canvas(width)
    levels = list_levels(bridge)
    lines = [_arrange_number(bridge.before, bridge.number_before, levels[0])]
    lines += [
        _arrange_effect(effect, start, end)
        for effect, start, end in zip(bridge.effects, levels[:-1], levels[1:], strict=True)
    ]
    lines.append(_arrange_number(bridge.after, bridge.number_after, None))
    bottom = draw_rows(canvas, lines, max(*levels, bridge.number_after), bridge.unit, 0, 0.0)
    return canvas.finish_drawing(bridge.title, bridge.takeaway, bottom, notes)


def list_levels(bridge: Bridge) -> list[float]:
    """Return the number before and the number after each effect; the last one is the number after the change."""
    levels = [bridge.number_before]
    for effect in bridge.effects:
        levels.append(levels[-1] + effect.change)
    return levels


def _arrange_number(name: str, number: float, next_level: float | None) -> RowLayout:
    text = words.format_number(number)

    def draw_marks(canvas: Canvas, x: LinearScale, y: float) -> None:
        _draw_bar(canvas, x(0.0), x(number), y, "full", f"{name}: {text}")
        if next_level is not None:
            _draw_step(canvas, x(next_level), y)

    return RowLayout(name, text, (), draw_marks)


def _arrange_effect(effect: BridgeStep, start: float, end: float) -> RowLayout:
    def draw_marks(canvas: Canvas, x: LinearScale, y: float) -> None:
        kind = "part" if end >= start else "hollow"
        _draw_bar(canvas, x(min(start, end)), x(max(start, end)), y, kind, f"{effect.name}: {effect.text}")
        _draw_step(canvas, x(end), y)

    return RowLayout(effect.name, effect.text, (), draw_marks)


def _draw_bar(canvas: Canvas, start: float, end: float, y: float, kind: str, hint: str) -> None:
    # An effect of zero is a line, which is still seen.
    width = max(end - start, 1.5)
    canvas.add_element("rect", x=start, y=y - _HEIGHT / 2, width=width, height=_HEIGHT, kind=kind, hint=hint)


def _draw_step(canvas: Canvas, x: float, y: float) -> None:
    """Mark below a bar the number at which the next one begins."""
    canvas.add_line(x, y + _HEIGHT / 2, x, y + _HEIGHT / 2 + 5, "outer")
