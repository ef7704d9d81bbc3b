"""Draw what a change is made of: the number before, the effects that add up to the change, and the number after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import WIDE, Canvas, Drawing, draw_path
from pipelines.front.charts.rows import RowLayout, draw_rows
from pipelines.front.charts.scales import LinearScale
from pipelines.words.language import tell

_HEIGHT = 14
"""Height of a bar, in pixels."""
_ARROW = 5
"""Length and half of the height of the arrow at the end of a bar."""


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

    An arrow at the end of an effect points up or down the scale, and a fall is darker than a rise, so that neither
    looks like a hollow bar, which in other pictures is too few to compare.
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
    keys = [
        marks.Key(show, text)
        for is_present, show, text in (
            (any(effect.change > 0 for effect in bridge.effects), _show_rise, tell("Raises the number")),
            (any(effect.change < 0 for effect in bridge.effects), _show_fall, tell("Lowers the number")),
        )
        if is_present
    ]
    bottom = marks.draw_key(canvas, bottom, keys)
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
        kind = "part" if end >= start else "fall"
        _draw_bar(canvas, x(min(start, end)), x(max(start, end)), y, kind, f"{effect.name}: {effect.text}")
        if abs(x(end) - x(start)) >= 2 * _ARROW:
            _draw_arrow(canvas, x(end), y, is_rise=end > start)
        _draw_step(canvas, x(end), y)

    return RowLayout(effect.name, effect.text, (), draw_marks)


def _draw_bar(canvas: Canvas, start: float, end: float, y: float, kind: str, hint: str) -> None:
    # An effect of zero is a line, which is still seen.
    width = max(end - start, 1.5)
    canvas.add_element("rect", x=start, y=y - _HEIGHT / 2, width=width, height=_HEIGHT, kind=kind, hint=hint)


def _draw_arrow(canvas: Canvas, x: float, y: float, *, is_rise: bool) -> None:
    """Draw an arrow in the bar whose point is at its end `x`."""
    base = x - _ARROW if is_rise else x + _ARROW
    path = draw_path([(base, y - _ARROW), (x, y), (base, y + _ARROW)], is_closed=True)
    canvas.add_element("path", d=path, kind="ink" if is_rise else "ground")


def _show_rise(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_element("rect", x=x - 8, y=y - 5, width=16, height=10, kind="part")
    _draw_arrow(canvas, x + 8, y, is_rise=True)


def _show_fall(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_element("rect", x=x - 8, y=y - 5, width=16, height=10, kind="fall")
    _draw_arrow(canvas, x - 8, y, is_rise=False)


def _draw_step(canvas: Canvas, x: float, y: float) -> None:
    """Mark below a bar the number at which the next one begins."""
    canvas.add_line(x, y + _HEIGHT / 2, x, y + _HEIGHT / 2 + 5, "outer")
