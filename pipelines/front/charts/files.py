"""Write a picture as a file that is complete without its page: SVG and PNG with title, source, release and notes.

Both contain their text as text or as outlines of the fonts in `fonts/`, so they look the same on a machine that has no
fonts with Cyrillic or Albanian letters. A PNG is made by typst from the SVG.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from pipelines.design.assets import CSS as DESIGN
from pipelines.front.charts import typeset
from pipelines.front.charts.canvas import SMALL, SMALL_LINE, TITLE, TITLE_LINE, Canvas, Drawing
from pipelines.front.charts.fit import CSS
from pipelines.front.charts.measure import wrap_text, wrap_title

_MARGIN = 16
_PAGE = """#set page(width: auto, height: auto, margin: 0pt)
#let svg = sys.inputs.svg
#let width = float(svg.match(regex("viewBox=.0 0 ([0-9]+) ")).captures.first())
#image(bytes(svg), format: "svg", width: width * 1pt)
"""
"""A page of the size of the picture, with one point for each of its pixels."""


@dataclass(frozen=True)
class Caption:
    """Title, source with the release, and notes such as footnotes of names, for a picture outside its page."""

    title: str
    source: str
    notes: Sequence[str] = ()


def write_svg(drawing: Drawing, caption: Caption, lang: str) -> bytes:
    """Return the picture as an SVG file; `lang` is its BCP 47 tag."""
    return _compose_file(drawing, caption, lang).encode()


def write_png(drawing: Drawing, caption: Caption, lang: str) -> bytes:
    """Return the picture as a PNG file with two pixels for each of the page."""
    return draw_png(_compose_file(drawing, caption, lang))


def draw_png(svg: str) -> bytes:
    """Return an SVG file of `write_svg` as PNG."""
    return typeset.write_image(_PAGE, {"svg": svg})


def _compose_file(drawing: Drawing, caption: Caption, lang: str) -> str:
    framed = frame_drawing(drawing, caption.title, (*caption.notes, caption.source), margin=_MARGIN)
    return embed_style(framed.svg.replace("<svg ", f'<svg xml:lang="{escape(lang)}" ', 1))


def embed_style(svg: str) -> str:
    """Return an SVG with the style sheet inside, for a place that has none."""
    head, separator, content = svg.partition(">")
    return f"{head}{separator}<style>{resolve_style()}</style>{content}"


@cache
def resolve_style() -> str:
    """Return the style sheet of pictures for programs that know neither custom properties nor media queries."""
    tokens = dict(re.findall(r"(--rti-[\w-]+):\s*([^;]+);", (DESIGN / "tokens.css").read_text(encoding="utf-8")))
    tokens["--rti-font"] = f"'{typeset.FONT}', Arial, Helvetica, sans-serif"
    style = re.sub(r"/\*.*?\*/", "", CSS.read_text(encoding="utf-8"), flags=re.DOTALL)
    style = re.sub(r"@[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", style)
    style = re.sub(r"var\((--[\w-]+)\)", lambda match: tokens[match[1]], style)
    return re.sub(r"\s+", " ", style).strip()


def frame_drawing(drawing: Drawing, title: str, lines: Sequence[str], *, margin: int = 0) -> Drawing:
    """Return the picture on white with a title above and some lines of text below."""
    canvas = Canvas(drawing.width + 2 * margin)
    titles = wrap_title(title, drawing.width, TITLE)
    y = margin + TITLE_LINE * len(titles) + 4
    texts = [part for line in lines for part in wrap_text(line, drawing.width, SMALL)]
    bottom = y + drawing.height + 6 + SMALL_LINE * len(texts)
    canvas.add_element("rect", width=canvas.width, height=bottom + max(margin - 6, 0), kind="ground")
    canvas.add_lines(margin, margin + 13, titles, "title strong")
    # Not a picture inside of the picture, which screen readers would count as a second one.
    canvas.add_raw(f'<g transform="translate({margin} {y})">{drawing.body}</g>')
    canvas.add_lines(margin, y + drawing.height + 6 + 11, texts, "small quiet")
    return canvas.finish_drawing(title, drawing.description, bottom + max(margin - 6, 0))
