"""Put a picture into a page: all its layouts, of which the style sheet shows the one that fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from pipelines.design.assets import CSS as DESIGN
from pipelines.front.charts.canvas import BROAD, NARROW, WIDE, Drawing

CSS = Path(__file__).with_name("charts.css")
"""Style sheet of all pictures; it uses the tokens of the design system."""
_HINT = re.compile(r"<title>.*?</title>", re.DOTALL)
_EMPTY = re.compile(r"></(?:circle|rect|path|line)>")
_CURVES = re.compile(r'<path d="[^"]+" class="(?P<kind>curve|curve faded)"/>(?:<path d="[^"]+" class="(?P=kind)"/>)+')
_ROUTE = re.compile(r' d="([^"]+)"')
_STRAIGHT = re.compile(
    r'<line x1="(?P<x>[^"]+)" y1="(?P<y>[^"]+)" x2="(?:(?P=x)" y2="(?P<down>[^"]+)"|(?P<across>[^"]+)" y2="(?P=y)")'
    r'(?P<kind> class="axis")/>'
)
_ACROSS = re.compile(r"(?<=[ML])([-\d.]+) ([-\d.]+)L([-\d.]+) \2(?![\d.])")
_DOWN = re.compile(r"(?<=[ML])([-\d.]+) ([-\d.]+)L\1 ([-\d.]+)")
_WITH_HINT = r"<(?:circle|rect|path|line) [^<>]*>"
_SAME_HINTS = re.compile(rf"(?:{_WITH_HINT}(?P<hint><title>[^<]*</title>)</\w+>)(?:{_WITH_HINT}(?P=hint)</\w+>)+")
_DESCRIBED = re.compile(
    r'(?P<ids>aria-labelledby="\w+ \w+")><title id="\w+">(?P<title>.*?)</title><desc id="\w+">(?P<desc>.*?)</desc>',
    re.DOTALL,
)
_LAYOUTS = {"broad": BROAD, "wide": WIDE, "narrow": NARROW}


def read_page_style() -> str:
    """Return the style sheet of pictures with its tokens, for a page that does not have the design system."""
    return f"{(DESIGN / 'tokens.css').read_text(encoding='utf-8')}\n{CSS.read_text(encoding='utf-8')}"


def render_picture(draw: Callable[[int], Drawing], *, has_broad: bool = False) -> Markup:
    """Return a picture that fits its container; `draw` is called with each width.

    `has_broad` is for pages that are broader than the text, as those of the explorer. Layouts that are not shown are
    hidden from screen readers too. They have the name and description of the first one, which are in the page once,
    and the narrow one has no hints, since a telephone has no pointer.
    """
    layout = Markup('<div class="rti-chart-{}">{}</div>')
    widths = {name: width for name, width in _LAYOUTS.items() if has_broad or name != "broad"}
    drawings = {name: draw(width).svg for name, width in widths.items()}
    largest, *smaller = drawings
    pictures = {largest: shorten_marks(drawings[largest])}
    pictures |= {name: share_description(shorten_marks(drawings[name]), drawings[largest]) for name in smaller}
    pictures["narrow"] = _drop_hints(pictures["narrow"])
    # Drawings escape their texts.
    parts = [layout.format(name, Markup(svg)) for name, svg in pictures.items()]  # noqa: S704
    return Markup('<div class="rti-chart-fit">{}</div>').format(Markup("").join(parts))


def _drop_hints(svg: str) -> str:
    """Return a picture without hints, and with the marks that had one as empty elements."""
    return _EMPTY.sub("/>", _HINT.sub("", svg))


def share_description(svg: str, other: str) -> str:
    """Return a picture that refers to the title and description of another one if they are the same; else as it is."""
    described, shared = _DESCRIBED.search(svg), _DESCRIBED.search(other)
    if (
        described is None
        or shared is None
        or described["title"] + described["desc"] != shared["title"] + shared["desc"]
    ):
        return svg
    return svg[: described.start()] + shared["ids"] + ">" + svg[described.end() :]


def shorten_marks(svg: str) -> str:
    """Return a picture with neighbouring parts of a curve as one path, with one end of what is level or upright, and
    with the hint of neighbouring marks once.

    Without that, a profile in Macedonian would be over the size of a page.
    """
    svg = _CURVES.sub(lambda curve: f'<path d="{"".join(_ROUTE.findall(curve[0]))}" class="{curve["kind"]}"/>', svg)
    svg = _STRAIGHT.sub(_write_straight, svg)
    svg = _SAME_HINTS.sub(lambda marks: f"<g>{marks['hint']}{_drop_hints(marks[0])}</g>", svg)
    return _ROUTE.sub(lambda route: _DOWN.sub(r"\1 \2V\3", _ACROSS.sub(r"\1 \2H\3", route[0])), svg)


def _write_straight(line: re.Match[str]) -> str:
    end = f"V{line['down']}" if line["down"] is not None else f"H{line['across']}"
    return f'<path d="M{line["x"]} {line["y"]}{end}"{line["kind"]}/>'
