"""Draw the marks that several pictures share, and the key that explains those that occur."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.front.charts.canvas import SMALL, SMALL_LINE, Canvas, draw_box, draw_path
from pipelines.front.charts.measure import measure_text, wrap_text
from pipelines.words import FormattedFigure
from pipelines.words.language import tell, upper_first

RADIUS = 4
_SIGN, _BETWEEN = 22, 18
_KEY_LINE = 21


@dataclass(frozen=True)
class Key:
    """One entry of a key: how its mark is drawn around a point, what it means, and the room that the mark needs."""

    show: Callable[[Canvas, float, float], None]
    text: str
    room: float = _SIGN


def describe_few(*, is_share: bool = False) -> str:
    """Return what a hollow mark means: of a share, a large part can leave too few for the rest."""
    return upper_first(words.describe_few_state(is_share=is_share))


def name_interval() -> str:
    """Return what a band or a line around a figure means."""
    return tell("95% confidence interval")


def name_few() -> str:
    """Return the state of a figure that is too few to compare, as it is read aloud."""
    return tell(words.TOO_FEW)  # marked in words


def draw_key(canvas: Canvas, top: float, keys: Sequence[Key], left: float = 0) -> float:
    """Draw the entries from left to right in as many lines as they need; return where the picture goes on."""
    if not keys:
        return top
    x, y = left, top + 14
    for key in keys:
        lines = wrap_text(key.text, canvas.width - left - key.room, SMALL)
        width = key.room + max(measure_text(line, SMALL) for line in lines)
        if x > left and x + width > canvas.width:
            x, y = left, y + _KEY_LINE
        key.show(canvas, x + key.room / 2 - 2, y - 4)
        y = canvas.add_lines(x + key.room, y, lines, "small") - SMALL_LINE
        x += width + _BETWEEN
    return y + 6


def draw_point(
    canvas: Canvas, x: float, y: float, *, hint: str = "", is_few: bool = False, is_partial: bool = False,
    is_provisional: bool = False,
) -> None:  # fmt: skip
    """Draw a figure: hollow if it is too few to compare, a diamond if it is provisional, a square if it is partial."""
    kind = "hollow" if is_few else "mark"
    if is_provisional:
        r = RADIUS + 1.5
        path = draw_path([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], is_closed=True)
        canvas.add_element("path", d=path, kind=kind, hint=hint)
    elif is_partial:
        canvas.add_element(
            "rect", x=x - RADIUS, y=y - RADIUS, width=2 * RADIUS, height=2 * RADIUS, kind=kind, hint=hint
        )
    else:
        canvas.add_element("circle", cx=x, cy=y, r=RADIUS, kind=kind, hint=hint)


def draw_cross(canvas: Canvas, x: float, y: float, size: float, kind: str) -> None:
    """Draw a diagonal cross."""
    falling, rising = [(x - size, y - size), (x + size, y + size)], [(x - size, y + size), (x + size, y - size)]
    canvas.add_element("path", d=draw_path(falling) + draw_path(rising), kind=kind)


def draw_absent_sign(canvas: Canvas, kind: str, x: float, y: float) -> None:
    """Draw the sign of a missing figure: a struck square if it is withheld, a cross if it was not received, else a
    dash."""
    if kind == "withheld":
        canvas.add_element("rect", x=x - 5, y=y - 5, width=10, height=10, kind="absent")
        canvas.add_line(x - 5, y + 5, x + 5, y - 5, "absent")
    elif kind == "unreceived":
        draw_cross(canvas, x, y, 5, "absent")
    else:
        canvas.add_line(x - 5, y, x + 5, y, "absent")


def draw_absent(canvas: Canvas, figure: FormattedFigure, x: float, floor: float, step: float, height: float) -> None:
    """Draw the sign of a missing figure at the foot of its period, with its word above as far as there is room."""
    draw_absent_sign(canvas, figure.kind, x, floor - 9)
    if measure_text(figure.text, SMALL) <= step - 4:
        canvas.add_text(x, floor - 20, figure.text, "small quiet", anchor="middle")
    elif step >= SMALL_LINE and measure_text(figure.text, SMALL) <= height - 20:
        canvas.add_text(x + 4, floor - 20, figure.text, "small quiet", is_turned=True)


def show_absent(kind: str) -> Callable[[Canvas, float, float], None]:
    """Return the function that draws the sign of a kind of missing figure."""
    return lambda canvas, x, y: draw_absent_sign(canvas, kind, x, y)


def show_band(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_element("rect", x=x - 7, y=y - 5, width=14, height=10, kind="band")


def show_interval(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_line(x - 8, y, x + 8, y, "span")
    draw_point(canvas, x, y)


def show_few(canvas: Canvas, x: float, y: float) -> None:
    draw_point(canvas, x, y, is_few=True)


def show_partial(canvas: Canvas, x: float, y: float) -> None:
    draw_point(canvas, x, y, is_partial=True)


def show_partial_few(canvas: Canvas, x: float, y: float) -> None:
    draw_point(canvas, x, y, is_few=True, is_partial=True)


def show_shade(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_element("rect", x=x - 7, y=y - 6, width=14, height=12, kind="shade")
    # The band of a picture has the rule at one of its sides; the pale sign alone would not be seen on white.
    canvas.add_element("path", d=draw_box(x - 7, y - 6, x + 7, y + 6), kind="side")


def show_provisional(canvas: Canvas, x: float, y: float) -> None:
    draw_point(canvas, x, y, is_provisional=True)


def show_provisional_few(canvas: Canvas, x: float, y: float) -> None:
    draw_point(canvas, x, y, is_few=True, is_provisional=True)


def show_former(canvas: Canvas, x: float, y: float) -> None:
    draw_cross(canvas, x, y, 4, "former")


def show_break(canvas: Canvas, x: float, y: float) -> None:
    canvas.add_line(x, y - 8, x, y + 8, "rule")
