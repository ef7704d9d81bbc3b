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
    """Return a picture with neighbouring parts of a curve as one path."""
    return _CURVES.sub(lambda curve: f'<path d="{"".join(_ROUTE.findall(curve[0]))}" class="{curve["kind"]}"/>', svg)
