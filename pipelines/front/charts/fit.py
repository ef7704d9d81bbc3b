"""Put a picture into a page: both layouts, of which the style sheet shows the one that fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from pipelines.design.assets import CSS as DESIGN
from pipelines.front.charts.canvas import NARROW, WIDE, Drawing

CSS = Path(__file__).with_name("charts.css")
"""Style sheet of all pictures; it uses the tokens of the design system."""
_LAYOUTS = (("wide", WIDE), ("narrow", NARROW))


def read_page_style() -> str:
    """Return the style sheet of pictures with its tokens, for a page that does not have the design system."""
    return f"{(DESIGN / 'tokens.css').read_text(encoding='utf-8')}\n{CSS.read_text(encoding='utf-8')}"


def render_picture(draw: Callable[[int], Drawing]) -> Markup:
    """Return a picture that fits its container; `draw` is called with each width.

    The layout that is not shown is hidden from screen readers too.
    """
    layout = Markup('<div class="rti-chart-{}">{}</div>')
    # Drawings escape their texts.
    parts = [layout.format(name, Markup(draw(width).svg)) for name, width in _LAYOUTS]  # noqa: S704
    return Markup('<div class="rti-chart-fit">{}</div>').format(Markup("").join(parts))
