"""Show where a number comes from: release, table of the programme, and the returns behind the figure.

Sheet and cell belong to the office; `rti explain` goes on to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboards import words
from dashboards.public import layout, queries, tables
from dashboards.public.pages.territory import submission_table
from dashboards.public.selection import read_selection
from pipelines.publication.provenance.explain import ExplainError, figure_id, parse_id

_DIMENSIONS = {
    "offence": "Offence",
    "person_type": "Persons",
    "victim_status": "Victims",
    "sex": "Sex",
    "age": "Age",
    "exploitation": "Form of exploitation",
    "citizenship": "Citizenship",
    "sentence_type": "Principal sanction",
    "sentence_band": "Length of imprisonment",
}


def render_page() -> None:
    """Render the page "Where a number comes from"."""
    frame = layout.begin_page("Where a number comes from")
    cell_text = st.query_params.get("cell") or ""
    if not cell_text:
        st.markdown(
            "Every figure in this dashboard's tables is a link to this page, which shows the returns that the "
            "figure comes from. Choose a figure on another page, or enter its id."
        )
        typed = st.text_input("Id of a figure", placeholder="area=MK;period=2026-Q3;measure=indicted")
        if not typed:
            layout.end_page(frame)
            return
        cell_text = typed
    _explain_figure(frame, cell_text)
    layout.end_page(frame)


def _explain_figure(frame: layout.Frame, cell_text: str) -> None:
    try:
        release, table, terms = parse_id(cell_text)
    except ExplainError as error:
        st.warning(f"This is not the id of a figure: {error}")
        return
    cells = queries.find_cells(frame.path, table, terms)
    if release not in ("current", frame.id):
        st.info(f"The id is of release {release}; this page shows the current release, {frame.id}.")
    distinct = {figure_id(frame.id, row).split("/", 2)[2]: row for row in reversed(cells)}
    if not distinct:
        st.warning(f"Release {frame.id} has no figure {cell_text}. Check its codes, or follow a figure from a table.")
        return
    if len(distinct) > 1:
        ids = [figure_id(frame.id, row) for row in distinct.values()]
        st.warning(
            "More than one figure fits; say more, for example:\n\n" + "\n".join(f"- `{i}`" for i in sorted(ids)[:6])
        )
        return
    _show_source(frame, cells[0])


def _show_source(frame: layout.Frame, cell: Mapping[str, Any]) -> None:
    # The address of a figure names its crime within the figure's id.
    read_selection().carry_crime(str(cell["offence_group"]))
    notes = words.Notes()
    figure = words.format_count(cell)
    measure = queries.read_labels(frame.path, "measure").get(cell["measure"], cell["measure"])
    crime = queries.read_labels(frame.path, "offence_group").get(cell["offence_group"], cell["offence_group"])
    marks = words.mark_notes(cell, notes)
    value = (
        f"{figure.text} {words.unit_name(cell['count_unit'], cell['value'])}"
        if figure.kind == "value"
        else figure.spoken
    )
    layout.quote_sentence(
        f"{frame.marked_name(cell['area'])}, "
        f"{words.period_words(cell['period'])}: {crime.lower()}, {measure.lower()}: {value}.",
        frame,
    )
    programme = {row["table_id"]: row for row in queries.read_rows(frame.path, "programme")}
    table = programme.get(cell["table_id"])
    territories = [code for code in (cell["reporters"] or "").split(",") if code]
    st.header("1. The figure in the release", anchor=False)
    layout.put_html(
        tables.render_facts(
            [
                ("Release", frame.id),
                ("Table of the programme", f"{table['title']} ({cell['table_id']})" if table else cell["table_id"]),
                ("Area", frame.marked_name(cell["area"])),
                ("Period", words.period_short(cell["period"])),
                ("Measure", measure),
                ("Counted in", words.unit_name(cell["count_unit"])),
                *_dimensions(frame, cell),
                ("Value", f"{figure.text} ({figure.spoken})" if figure.kind != "value" else figure.text),
                ("In it", words.join_words(frame.marked_name(code) for code in territories) or "nobody has reported"),
                ("Notes", ", ".join(marks)),
            ]
        ),
        tables.render_notes(notes, frame.name_notes([cell["area"], *territories])),
    )
    st.header("2. The returns behind it", anchor=False)
    _show_returns(frame, cell)
    st.header("3. The sheet and cell", anchor=False)
    st.markdown(
        "The places in an office's file belong to the office. If you have access to the restricted data, this "
        "command shows the sheet and cell:"
    )
    st.code(f"rti explain '{figure_id(frame.id, cell)}'", language="bash", wrap_lines=True)


def _dimensions(frame: layout.Frame, cell: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (title, queries.read_labels(frame.path, name).get(cell[name], cell[name]))
        for name, title in _DIMENSIONS.items()
        if cell[name] not in (None, "_T", "_Z")
    ]


def _show_returns(frame: layout.Frame, cell: Mapping[str, Any]) -> None:
    rows = queries.read_rows(frame.path, "cell_submissions", cell["cell_id"])
    if not rows:
        st.markdown(
            "There is no return behind this figure: nothing was received for it, or the office did not count it."
            if cell["conf_status"] == "F"
            else "The release does not name the returns behind a withheld figure."
        )
        return
    headings, lines = submission_table(frame, rows)
    layout.put_html(tables.render_table("Returns behind the figure", headings, lines, corner="Return", text=True))
