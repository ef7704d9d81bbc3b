"""Write code that embeds a table or a picture of the explorer in pages of other sites, with its whole content.

The choices of a reader are not part of a release, so that nothing has a lasting address. The code therefore
contains the figures, the notes and the source, and shows what its author saw, without asking this service. Tables and
pictures of static pages have an address instead (`page_parts.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from html import escape
from typing import Final

from dashboards.public import charts, exports
from dashboards.public.tables import Cell, Line, Table, format_marks
from pipelines import words
from pipelines.front.assets import shorten_style
from pipelines.front.charts import fit
from pipelines.words.language import tell

_STYLE: Final = (
    "body{font:14px/1.4 system-ui,sans-serif;color:#1f2a37;background:#fff;margin:.5rem}"
    "p,li{font-size:12px;margin:.3rem 0;overflow-wrap:anywhere}ul{list-style:none;padding:0}"
    "div{overflow-x:auto}table{border-collapse:collapse}caption{text-align:left;font-weight:700}"
    "th,td{border-bottom:1px solid #d5dae1;padding:.25rem .5rem;text-align:right;vertical-align:top}"
    "th:first-child,.words :is(th,td){text-align:left}tr.total>*{font-weight:700}sup{font-size:.75em;line-height:0}"
)
_AROUND: Final = 110
"""Height of what a frame has besides its picture or table, in pixels."""
_ROW: Final = 36
_NOTE: Final = 40


def write_table_code(table: Table, citation: str, address: str, lang: str) -> str:
    """Return the code of a table with its notes and its citation, which links to `address`.

    `lang` is the tag of the language of the table.
    """
    heads = "".join(f'<th scope="col">{escape(text)}</th>' for text in (table.corner or tell("Row"), *table.columns))
    notes = exports.list_notes(table, citation)[:-1]  # the last one is the citation
    # A mark of a name is one sign, all others are words.
    listed = "".join(f"<li>{escape(mark)}{':' if len(mark) > 1 else ''} {escape(text)}</li>" for mark, text in notes)
    content = (
        f'<div tabindex="0" role="region" aria-label="{escape(table.caption)}">'
        f"<table{' class=words' if table.text else ''}><caption>{escape(table.caption)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(map(_render_line, table.lines))}</tbody></table></div>"
        f"{f'<ul>{listed}</ul>' if listed else ''}"
    )
    height = _AROUND + _ROW * (len(table.lines) + 2) + _NOTE * len(notes)
    return _write_frame(table.caption, f"{content}{_link_source(citation, address)}", _STYLE, height, lang)


def _render_line(line: Line) -> str:
    fields = "".join(f"<td>{_render_cell(cell)}</td>" for cell in line.cells)
    kind = " class=total" if line.is_total else ""
    return f'<tr{kind}><th scope="row">{_render_cell(line.heading)}</th>{fields}</tr>'


def _render_cell(cell: Cell) -> str:
    """Return a field with its words: "few" and its coverage after the figure, then the marks of its notes."""
    few = words.LEGEND["few"][0] if cell.kind == "few" and cell.value is not None else ""
    text = " ".join(filter(None, (cell.text, few, cell.base)))
    return f"{escape(text)}{f'<sup>{escape(format_marks(cell.marks))}</sup>' if cell.marks else ''}"


def write_picture_code(picture: charts.Picture, title: str, source: str, address: str, lang: str) -> str:
    """Return the code of a picture with its title and notes, and its source, a link to `address`.

    It has the layouts for telephones and for the text of a page; the explorer's third one would be too wide for both.
    """
    drawing = picture.for_file
    titled = replace(picture, drawing=replace(picture.drawing, title=title), broad=None)
    height = drawing.height + _AROUND + _NOTE * len(picture.under)
    content = f"{charts.render_picture(titled)}{_link_source(source, address)}"
    return _write_frame(title, content, _STYLE + _read_picture_style(), height, lang)


@cache
def _read_picture_style() -> str:
    return shorten_style(fit.read_page_style())


def _link_source(source: str, address: str) -> str:
    return f'<p><a href="{escape(address)}" target="_blank" rel="noopener">{escape(source)}</a></p>'


def _write_frame(title: str, content: str, style: str, height: int, lang: str) -> str:
    """Return a frame that holds a document. It runs no script, and its link opens a window of its own."""
    document = (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style><body>{content}</body></html>"
    )
    attributes: Sequence[tuple[str, str]] = (
        ("title", title),
        ("width", "100%"),
        ("height", str(height)),
        ("loading", "lazy"),
        ("sandbox", "allow-popups allow-popups-to-escape-sandbox"),
        # Not `split`, which would take the thin spaces within numbers as well.
        ("srcdoc", re.sub(r"[ \n]+", " ", document)),
    )
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes)
    return f"<iframe {written}></iframe>"
