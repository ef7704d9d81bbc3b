"""Show figures that others published, with citations, conflicts side by side, and a comparison with our own.

Real figures are never shown next to demonstration ones: a demonstration release compares with invented references
only. A difference is shown only if both sides are public.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboards import words
from dashboards.public import layout, queries, tables
from dashboards.public.pages import agreement

Row = Mapping[str, Any]
_ALL = "all"
_MAPPINGS = {"same": "same definition", "near": "definition differs", "none": "no counterpart here"}
_STANDING = {
    "published": "as published",
    "derived": "worked out from the text by the collector",
    "invented": "invented",
}
_ABOUT = {"figures": "What others published", "beside": "In addition to this release"}


def render_page() -> None:
    """Render the page "What others published"."""
    frame = layout.begin_page(
        "What others published",
        "Figures of other publishers, each with its source. Where two of them differ, both are shown.",
        banner="Demonstration data: all our own figures are invented. Figures of other publishers are real unless "
        "they are marked as invented.",
    )
    view = layout.choose_option("View", "view", tuple(_ABOUT), say=lambda code: _ABOUT[code])
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        codes = (*(code for code, _ in frame.territories), _ALL)
        area = layout.choose_option(
            "Territory", "of", codes, say=lambda code: "All territories" if code == _ALL else frame.marked_name(code),
            boxed=True, width=260,
        )  # fmt: skip
        crime = layout.choose_crime(frame)
    of = "" if area == _ALL else area
    if view == "beside":
        _show_comparison(frame, of, crime)
    else:
        _show_figures(frame, of, crime)
    layout.end_page(frame)


def _show_figures(frame: layout.Frame, of: str, crime: str) -> None:
    if frame.is_demonstration:
        st.html(
            '<p class="rti-small">The figures of this view were really published by others. They have nothing to do '
            "with the invented figures of this demonstration and are never shown next to them.</p>"
        )
    rows = queries.read_rows(frame.path, "references", of, of, crime, crime, ("published", "imported"))
    limit = 200
    if not rows:
        st.markdown("No figures of this kind were collected.")
        return
    if len(rows) > limit:
        st.markdown(f"The first {limit} of {len(rows)} figures; choose a territory, or download the whole table.")
    conflicts = _find_conflicts(rows)
    lines = [_figure_line(frame, row, _figure_key(row) in conflicts) for row in rows[:limit]]
    headings = ["Period", "Figure", "Unit", "What they count", "Against our definition", "Source", "Caution"]
    title = "Figures published by others"
    layout.show_table(frame, title, headings, lines, corner="Territory", text=True, is_ours=False)
    _show_agreement(frame, of, crime)


def _show_agreement(frame: layout.Frame, of: str, crime: str) -> None:
    """Show whether two publishers of the same figure agree, and what explains a difference."""
    rows = queries.read_rows(frame.path, "coherence") if queries.has_table(frame.path, "coherence") else ()
    pairs = [
        row
        for row in rows
        if row["world"] == "published" and row["offence_group"] == crime and of in ("", row["territory"])
    ]
    if not pairs:
        return
    st.header("Whether two publishers agree", anchor=False)
    st.markdown(agreement.count_verdicts(pairs))
    agreement.show_pairs(frame, "Two published figures of one thing", pairs)


def _figure_key(row: Row) -> tuple[Any, ...]:
    """Return the key of a published figure. If the publisher's words have a code of ours, the code is used instead of
    the words."""
    names = [
        "territory",
        "jurisdiction",
        "period",
        "measure",
        "count_unit",
        "offence_group",
        "person_type",
        "victim_status",
    ]
    names += ["sex", "age", "exploitation", "citizenship", "breakdown"] + ([] if row["measure"] else ["measure_words"])
    return tuple(row[name] for name in names)


def _find_conflicts(rows: queries.Rows) -> set[tuple[Any, ...]]:
    """Return the keys for which different figures were published."""
    values: dict[tuple[Any, ...], set[Any]] = {}
    for row in rows:
        values.setdefault(_figure_key(row), set()).add(row["value"])
    return {key for key, distinct_values in values.items() if len(distinct_values) > 1}


def _figure_line(frame: layout.Frame, row: Row, conflicts: bool) -> tables.Line:
    figure = words.format_value(
        row["value"], row["obs_status"], row["conf_status"], 0 if float(row["value"] or 0).is_integer() else 1
    )
    # The publisher's own words for a breakdown if there are any, else the codes' labels.
    details = [row["breakdown"]] if row["breakdown"] else _describe_breakdown(frame, row)
    extra = f" ({'; '.join(details)})" if details else ""
    cautions = [
        "Published figures conflict." if conflicts else "",
        "" if row["status"] == "published" else f"{_STANDING.get(row['status'], row['status'])}.".capitalize(),
        row["caveat"] or "",
    ]
    return tables.Line(
        frame.row_heading(row["territory"]),
        (
            tables.Cell(str(row["period"])),
            tables.Cell(figure.text, figure.spoken, kind="number", value=figure.value),
            tables.Cell(row["unit_words"] or ""),
            tables.Cell(f"{row['measure_words']}{extra}", kind="wide"),
            tables.Cell(_MAPPINGS.get(row["mapping"], row["mapping"] or "")),
            tables.Cell(_describe_source(row), href=row["source_url"] or ""),
            tables.Cell(" ".join(part for part in cautions if part)),
        ),
    )


def _describe_breakdown(frame: layout.Frame, row: Row) -> list[str]:
    """Describe the breakdown of a figure in words, since two cells of one table must not look alike."""
    return [
        str(queries.read_labels(frame.path, name).get(row[name], row[name])).lower()
        for name in ("sex", "age", "exploitation", "citizenship", "person_type")
        if row[name] not in (None, "", "_T", "_Z", "_U")
    ]


def _describe_source(row: Row) -> str:
    date = f" ({row['source_date']})" if row["source_date"] and row["source_date"] not in row["source_title"] else ""
    return f"{row['source_title']}{date}"


def _show_comparison(frame: layout.Frame, of: str, crime: str) -> None:
    kind = "invented" if frame.is_demonstration else "published"
    if frame.is_demonstration:
        st.html(
            '<p class="rti-small">In a demonstration both sides are invented: nobody published these references.</p>'
        )
    rows = queries.read_rows(frame.path, "references_beside", kind, of, of, crime)
    if not rows:
        st.markdown("No annual figure of others has a counterpart in this release.")
        return
    measures = queries.read_labels(frame.path, "measure")
    notes = words.Notes()
    lines = [_comparison_line(frame, row, measures, notes) for row in rows]
    layout.show_table(
        frame,
        "Annual figures of others, compared with this release",
        ["Year", "Measure", "Others", "This release", "Difference", "Source"],
        lines,
        corner="Territory",
        text=True,
        notes=notes,
        legend=True,
        extra_symbols=[("×", "No difference is shown, because one side is not public or not available.")],
    )


def _comparison_line(frame: layout.Frame, row: Row, measures: Mapping[str, str], notes: words.Notes) -> tables.Line:
    others = words.format_value(row["value"], row["obs_status"], row["conf_status"])
    if row["own_cell_id"] is None:
        own_field = tables.Cell(words.NOT_COLLECTED, "not collected", kind="number")
    else:
        own_figure = words.format_value(row["own_value"], row["own_obs_status"], row["own_conf_status"])
        own_field = tables.Cell(
            own_figure.text,
            own_figure.spoken,
            href=tables.source_address(frame.id, row),
            kind="number",
            value=own_figure.value,
        )
    marks = (notes.number_note("The definition differs."),) if row["mapping"] == "near" else ()
    difference = (
        "×"
        if row["difference"] is None
        else f"{row['difference']:+,.0f}".replace("-", "−").replace(",", words.THOUSANDS)
    )
    return tables.Line(
        frame.row_heading(row["territory"]),
        (
            tables.Cell(str(row["period"])),
            tables.Cell(
                f"{measures.get(row['measure'], row['measure'])}, {words.unit_name(row['count_unit'])}", marks=marks
            ),
            tables.Cell(others.text, others.spoken, kind="number", value=others.value),
            own_field,
            tables.Cell("0" if row["difference"] == 0 else difference, kind="number", value=row["difference"]),
            tables.Cell(row["source_title"]),
        ),
    )
