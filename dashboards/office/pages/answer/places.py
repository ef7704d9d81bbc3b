"""Show the place of a figure in a file."""

from __future__ import annotations

import re

from pipelines.design import components as ui
from pipelines.words.language import upper_first

_CELL = re.compile(r"\w+ [A-Z]{1,3}\d+\Z")
"""The end of a place in a sheet, such as "cell E33"."""


_QUARTER = re.compile(r"\w+ [IVX]{1,4}(?=,)")
"""The end of the name of a quarter's sheet, such as "Tremujori III": what has no digit is not kept whole for pages."""


def render_place(place: str) -> ui.Part:
    """Return a place that begins with a capital; the name of a cell and the number of a quarter are on the line of the
    word before them."""
    text = upper_first(place)
    cell = _CELL.search(text)
    if cell is None:
        return text
    sheet = text[: cell.start()]
    quarter = _QUARTER.search(sheet)
    if quarter is None:
        return ui.join_parts((sheet, ui.render_whole(cell[0])))
    parts = (sheet[: quarter.start()], ui.render_whole(quarter[0]), sheet[quarter.end() :], ui.render_whole(cell[0]))
    return ui.join_parts(parts)
