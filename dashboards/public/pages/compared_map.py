"""Show the territories on a map, to choose those that are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from dashboards.public import charts, layout, queries
from dashboards.public.selection import join_options
from pipelines.core.result_cache import ResultCache
from pipelines.front.charts import outlines
from pipelines.words.language import current_language, tell

_MAPS: Final = ResultCache[str](64)
"""Maps without the addresses of their links, which carry all choices of a reader and so differ with each of them."""
_LINK: Final = re.compile(r'href="(\w+)"')


def show_map(frame: layout.Frame, areas: Sequence[str]) -> None:
    """Show the territories on a map, folded: each is a link that puts it into the comparison or takes it out.

    A release of earlier software has no outlines.
    """
    rows = queries.read_rows(frame.path, "area_map") if queries.has_table(frame.path, "area_map") else ()
    shapes = {row["area"]: row["outline"] for row in rows if row["outline"]}
    codes = [code for code, _ in frame.territories]
    if not codes or any(code not in shapes for code in codes):
        return
    after_click = [join_options([c for c in codes if (c in areas) != (c == code)] or codes) for code in codes]
    links = dict(zip(codes, layout.list_links("compare", "areas", after_click), strict=True))
    key = (frame.path, current_language(), tuple(areas))
    drawn = _MAPS.get_or_make(key, lambda: _render_map(frame, codes, areas, shapes))
    with layout.open_fold(tell("Choose territories on a map")):
        layout.put_drawing(_LINK.sub(lambda link: f'href="{escape(links[link[1]])}"', drawn))


def _render_map(frame: layout.Frame, codes: Sequence[str], areas: Sequence[str], shapes: dict[str, str]) -> str:
    """Return the map as HTML, in which each link leads to the code of its territory instead of an address."""
    drawn = [
        outlines.Outline(
            code,
            frame.area_name(code),
            frame.footnote_mark(code),
            outlines.read_rings(shapes[code]),
            code,
            tell("chosen") if code in areas else tell("not chosen"),
            code in areas,
        )
        for code in codes
    ]
    footnotes = [f"{sign} {text}" for sign, text in frame.name_notes(codes)]
    title = tell("Choose territories on a map")
    spoken = tell("Map of the territories. Choose one to compare it or to leave it out.")
    return charts.render_map(outlines.OutlineMap(title, drawn, footnotes), spoken)
