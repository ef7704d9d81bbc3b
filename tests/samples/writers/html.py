"""Web pages as an office's site serves them: headings, paragraphs and tables with rowspan and colspan."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tests.samples.writers.layout import Placed, Sheet, format_value, place_cells

Part = str | Sheet
"""A paragraph, or a table whose name is its caption."""


def _cell(placed: Placed, space: str) -> str:
    cell = placed.cell
    tag = "th" if cell.head else "td"
    spans = (f' colspan="{cell.across}"' if cell.across > 1 else "") + (
        f' rowspan="{cell.down}"' if cell.down > 1 else ""
    )
    text = escape(format_value(cell.value, decimal=",")).replace("\u00a0", space)
    mark = f"<sup>{escape(cell.mark)}</sup>" if cell.mark else ""
    return f"<{tag}{spans}>{text}{mark}</{tag}>"


def _table(sheet: Sheet) -> list[str]:
    lines = ['<table class="tabela">', f"<caption>{escape(sheet.name)}</caption>"]
    rows: dict[int, list[str]] = {number: [] for number in range(len(sheet.rows))}
    for placed in place_cells(sheet.rows):
        rows[placed.row].append(_cell(placed, "&nbsp;"))
    lines += [f"<tr>{''.join(cells)}</tr>" for cells in rows.values()]
    lines.append("</table>")
    return lines


def write_page(
    parts: Sequence[Part], *, title: str, language: str, menu: Sequence[str] = (), encoding: str = "utf-8"
) -> bytes:
    """Return a page of the parts in their order, under a heading, with a script and a menu as real sites have."""
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{language}">',
        "<head>",
        f'<meta charset="{encoding}">',
        f"<title>{escape(title)}</title>",
        "<style>.tabela td, .tabela th { border: 1px solid #999; padding: 2px 6px; }</style>",
        "<script>window.print_page = function () { window.print(); };</script>",
        "</head>",
        "<body>",
    ]
    if menu:
        lines += ["<nav><ul>", *(f'<li><a href="#">{escape(item)}</a></li>' for item in menu), "</ul></nav>"]
    lines.append(f"<h1>{escape(title)}</h1>")
    for part in parts:
        lines += [f"<p>{escape(part)}</p>"] if isinstance(part, str) else _table(part)
    lines += ["</body>", "</html>", ""]
    return "\n".join(lines).encode(encoding)
