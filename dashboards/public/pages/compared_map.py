"""Show the territories on a map, to choose those that are compared."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.public import charts, layout, queries
from dashboards.public.selection import join_options
from pipelines.front.charts import outlines
from pipelines.words.language import tell


def show_map(frame: layout.Frame, areas: Sequence[str]) -> None:
    """Show the territories on a map, folded: each is a link that puts it into the comparison or takes it out.

    A release of earlier software has no outlines.
    """
    rows = queries.read_rows(frame.path, "area_map") if queries.has_table(frame.path, "area_map") else ()
    shapes = {row["area"] for row in rows if row["outline"]}
    codes = [code for code, _ in frame.territories]
    if not codes or any(code not in shapes for code in codes):
        return
    links = []
    for code in codes:
        after_click = [area for area in codes if (area in areas) != (area == code)]
        links.append(layout.link_with_choices("compare", areas=join_options(after_click or codes)))
    _draw_map(frame, tuple(areas), tuple(links))


@layout.keep_part
def _draw_map(frame: layout.Frame, areas: tuple[str, ...], links: tuple[str, ...]) -> None:
    """Draw the map; `links` are the addresses of the territories."""
    shapes = {row["area"]: row["outline"] for row in queries.read_rows(frame.path, "area_map")}
    codes = [code for code, _ in frame.territories]
    drawn = [
        outlines.Outline(
            code,
            frame.area_name(code),
            frame.footnote_mark(code),
            outlines.read_rings(shapes[code]),
            link,
            tell("chosen") if code in areas else tell("not chosen"),
            code in areas,
        )
        for code, link in zip(codes, links, strict=True)
    ]
    footnotes = [f"{sign} {text}" for sign, text in frame.name_notes(codes)]
    title = tell("Choose territories on a map")
    spoken = tell("Map of the territories. Choose one to compare it or to leave it out.")
    with layout.open_fold(title):
        layout.put_drawing(charts.render_map(outlines.OutlineMap(title, drawn, footnotes), spoken))
