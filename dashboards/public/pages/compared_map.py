"""Show the territories on a map, to choose those that are compared."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.public import charts, layout, queries
from dashboards.public.selection import join_options
from pipelines.front.charts import outlines
from pipelines.words.language import tell


def show_map(frame: layout.Frame, areas: Sequence[str]) -> None:
    """Show the territories on a map, folded: each is a link that puts it into the comparison or takes it out.

    A release of earlier software has no outlines.
    """
    rows = queries.read_rows(frame.path, "area_map") if queries.has_table(frame.path, "area_map") else ()
    shapes = {row["area"]: row["outline"] for row in rows if row["outline"]}
    codes = [code for code, _ in frame.territories]
    if not codes or any(code not in shapes for code in codes):
        return
    drawn = []
    for code in codes:
        after_click = [area for area in codes if (area in areas) != (area == code)]
        drawn.append(
            outlines.Outline(
                code,
                frame.area_name(code),
                frame.footnote_mark(code),
                outlines.read_rings(shapes[code]),
                layout.link_with_choices("compare", areas=join_options(after_click or codes)),
                tell("chosen") if code in areas else tell("not chosen"),
                code in areas,
            )
        )
    footnotes = [f"{sign} {text}" for sign, text in frame.name_notes(codes)]
    title = tell("Choose territories on a map")
    spoken = tell("Map of the territories. Choose one to compare it or to leave it out.")
    with st.expander(title):
        picture = charts.render_map(outlines.OutlineMap(title, drawn, footnotes), spoken)
        st.markdown(picture, unsafe_allow_html=True)
