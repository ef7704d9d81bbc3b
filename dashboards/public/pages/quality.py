"""Show completeness, punctuality, timeliness, revision and coherence of each territory, in words.

Territories are in their usual order, not ranked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from dashboards.public import layout, queries, tables
from dashboards.public.pages.agreement import show_pairs
from dashboards.public.pages.reporting import show_board
from pipelines import words
from pipelines.words import Row, agreement

COLUMNS: Mapping[str, str] = {
    "COMPLETENESS_RATE": "Share of requested cells provided",
    "PUNCTUALITY_RATE": "Submitted on time",
    "PUNCTUALITY_DAYS": "Days early or late",
    "TIMELAG_FIRST": "Days to the first release",
    "COMPAR_LENGTH": "Periods without gap or break",
    "DATA_REV_AVGSIZE": "Mean revision of totals",
}
TOLD: tuple[tuple[str, str], ...] = (
    (
        "Cells provided",
        "Share of the cells that an office usually fills that were provided. Zero counts as provided.",
    ),
    ("Submitted on time", "Share of due submissions received by the deadline."),
    ("Days early or late", "Mean over the submissions received."),
    ("Days to the first release", "From the end of a period to the first release with its figures."),
    ("Without gap or break", "The shortest of the territory's offices, up to the newest period."),
    ("Mean revision", "How much published totals changed in later releases, as a share of the later figures."),
)
WORLDS: Mapping[str, str] = {
    "published": "Figures that others published, against each other",
    "invented": "This release, against invented sources (demonstration)",
    "returned": "This release, against figures that others published",
}


def render_page() -> None:
    """Render the page "Data quality"."""
    frame = layout.begin_page(
        "Data quality",
        "Who has reported and when, what changed afterwards, and whether it agrees with other sources.",
    )
    show_board(frame)
    if not queries.has_table(frame.path, "quality"):
        st.info("This release was made before quality was measured. The next one has it.")
        layout.end_page(frame, is_linked=False)
        return
    by_area: dict[str, dict[str, Row]] = {}
    for row in queries.read_rows(frame.path, "quality"):
        by_area.setdefault(row["territory"], {})[row["indicator"]] = row
    st.header("Completeness, punctuality and revisions", anchor=False)
    notes = words.Notes()
    lines = [_quality_line(frame, code, by_area.get(code, {}), notes) for code, _ in frame.territories]
    caption = "Quality over all periods and submissions"
    layout.show_table(frame, caption, list(COLUMNS.values()), lines, corner="Territory", notes=notes)
    layout.put_html(tables.render_facts(TOLD))
    st.markdown(
        "These figures show how far you can rely on the data. This is not a ranking: offices differ in what they count."
    )
    _show_revisions(frame)
    _show_coherence(frame)
    layout.end_page(frame, is_linked=False)


def _quality_line(frame: layout.Frame, area: str, rows: Mapping[str, Row], notes: words.Notes) -> tables.Line:
    cells = []
    for indicator, column in COLUMNS.items():
        text, why = _format_figure(rows.get(indicator))
        marks = (notes.number_note(why),) if why else ()
        kind = "value" if text != words.UNAVAILABLE else "unavailable"
        spoken = text if kind == "value" else "not available"
        cells.append(tables.Cell(text, f"{frame.area_name(area)}, {column}: {spoken}", marks, kind=kind))
    return tables.Line(frame.row_heading(area, href=f"territory?territory={area}"), tuple(cells))


def _format_figure(row: Row | None) -> tuple[str, str]:
    """Format a figure in its unit, or the reason why there is none."""
    if row is None or row["value"] is None:
        reason = str(row["reason"] or "") if row is not None else ""
        return words.UNAVAILABLE, f"{reason[0].upper()}{reason[1:].rstrip('.')}." if reason else ""
    if row["unit"] == "fraction":
        return f"{words.format_number(100 * row['value'], 1)}%", ""
    if row["indicator"] == "PUNCTUALITY_DAYS":
        return _format_punctuality(row["value"]), ""
    return words.format_number(row["value"], 1 if row["unit"] == "days" else 0).replace("-", "\u2212"), ""


def _format_punctuality(days: float) -> str:
    """Format days after the deadline: '6.5 early', '2.0 late', 'on the day'."""
    if round(days, 1) == 0:
        return "on the day"
    return f"{words.format_number(abs(days), 1)} {'early' if days < 0 else 'late'}"


def _show_revisions(frame: layout.Frame) -> None:
    """Show how many published totals changed, territory by territory."""
    st.header("Revisions", anchor=False)
    rows_by_area = {row["area"]: row for row in queries.read_rows(frame.path, "revised")}
    if not rows_by_area:
        st.markdown("No revisions yet: no total has been published in two releases.")
        return
    sentences = []
    for code, _ in frame.territories:
        row = rows_by_area.get(code)
        name = frame.marked_name(code)
        if row is None:
            sentences.append(f"{name}: no total has been published in two releases yet.")
            continue
        sentences.append(
            f"{name}: of {words.format_number(row['periods'])} totals published in two releases or more, "
            f"{words.format_number(row['revised'])} changed."
        )
    layout.put_html(_render_list(sentences))


def _show_coherence(frame: layout.Frame) -> None:
    """Show how often two sources on the same figure agree, and each difference with its declared reasons."""
    st.header("Comparison with other sources", anchor=False)
    pairs = queries.read_rows(frame.path, "coherence") if queries.has_table(frame.path, "coherence") else ()
    if not pairs:
        st.markdown("No two sources of this release cover the same figure.")
        return
    worlds: dict[str, list[Row]] = {}
    for row in pairs:
        worlds.setdefault(row["world"], []).append(row)
    for world, rows in worlds.items():
        title = WORLDS.get(world, world)
        layout.put_html(f"<p><b>{escape(title)}.</b> {escape(agreement.count_verdicts(rows))}</p>")
        with st.expander(f"{title}: each pair"):
            show_pairs(frame, title, rows)


def _render_list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in sentences) + "</ul>"
