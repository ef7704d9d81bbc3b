"""Show the place of a figure in a file."""

from __future__ import annotations

import re

from pipelines.design import components as ui
from pipelines.words.language import upper_first

_CELL = re.compile(r"\w+ [A-Z]{1,3}\d+\Z")
"""The end of a place in a sheet, such as "cell E33"."""


def render_place(place: str) -> ui.Part:
    """Return a place that begins with a capital, with the name of a cell on the line of the word before it."""
    text = upper_first(place)
    cell = _CELL.search(text)
    return text if cell is None else ui.join_parts((text[: cell.start()], ui.render_whole(cell[0])))
