"""Find the rows and cells of an HTML table as a browser does, whatever elements are around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.reading.formats.html_text import UNSEEN

_NOT_ROWS = {"table", "caption", "colgroup", "col", *UNSEEN}
"""Elements of a table in which no rows or cells of it are looked for."""


def iter_rows(table: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each row of this table, but not of tables inside it, as its element and its cells.

    Head first and foot last, as a browser shows them. Cells without a `tr` are a row of their own, whose element is the
    one that contains them. Other elements, such as a form around rows or cells, are looked through.
    """
    feet = [foot for foot in table if foot.tag == "tfoot"]
    yield from _iter_rows_in(table, feet)
    for foot in feet:
        yield from _iter_rows_in(foot, [])


def _iter_rows_in(holder: Any, left_out: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    loose_cells: list[Any] = []
    for child in holder:
        tag = child.tag
        if tag == "td" or tag == "th":
            loose_cells.append(child)
            continue
        if not isinstance(tag, str) or tag in _NOT_ROWS or child in left_out:
            continue
        if loose_cells:
            yield holder, loose_cells
            loose_cells = []
        if tag == "tr":
            cells = list(child.iterchildren("td", "th"))
            yield child, cells if len(cells) == len(child) else list(_iter_cells(child))
        else:
            yield from _iter_rows_in(child, [])
    if loose_cells:
        yield holder, loose_cells


def _iter_cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag in ("td", "th"):
            yield child
        elif isinstance(child.tag, str) and child.tag not in _NOT_ROWS:
            yield from _iter_cells(child)
