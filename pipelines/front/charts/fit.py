"""Put a picture into a page: both layouts, of which the style sheet shows the one that fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from pipelines.design.assets import CSS as DESIGN
from pipelines.front.charts.canvas import NARROW, WIDE, Drawing

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
_LAYOUTS = (("wide", WIDE), ("narrow", NARROW))


def read_page_style() -> str:
    """Return the style sheet of pictures with its tokens, for a page that does not have the design system."""
    return f"{(DESIGN / 'tokens.css').read_text(encoding='utf-8')}\n{CSS.read_text(encoding='utf-8')}"


def render_picture(draw: Callable[[int], Drawing]) -> Markup:
    """Return a picture that fits its container; `draw` is called with each width.

    The layout that is not shown is hidden from screen readers too. The narrow one has the name and description of the
    wide one, which are in the page once, and no hints, since a telephone has no pointer.
    """
    layout = Markup('<div class="rti-chart-{}">{}</div>')
    wide, narrow = (draw(width).svg for _, width in _LAYOUTS)
    drawn = [shorten_marks(wide), _drop_hints(share_description(shorten_marks(narrow), wide))]
    # Drawings escape their texts.
    parts = [layout.format(name, Markup(svg)) for (name, _), svg in zip(_LAYOUTS, drawn, strict=True)]  # noqa: S704
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
