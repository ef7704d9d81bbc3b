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
from pipelines.core.i18n import mark
from pipelines.words import Row, agreement
from pipelines.words.language import Texts, tell, upper_first

COLUMNS: Mapping[str, str] = Texts(
    {
        "COMPLETENESS_RATE": mark("Share of requested cells provided"),
        "PUNCTUALITY_RATE": mark("Submitted on time"),
        "PUNCTUALITY_DAYS": mark("Days early or late"),
        "TIMELAG_FIRST": mark("Days to the first release"),
        "COMPAR_LENGTH": mark("Periods without gap or break"),
        "DATA_REV_AVGSIZE": mark("Mean revision of totals"),
    }
)
EXPLANATIONS: tuple[tuple[str, str], ...] = (
    (
        mark("Cells provided"),
        mark("Share of the cells that an office usually fills that were provided. Zero counts as provided."),
    ),
    (mark("Submitted on time"), mark("Share of due submissions received by the deadline.")),
    (mark("Days early or late"), mark("Mean over the submissions received.")),
    (mark("Days to the first release"), mark("From the end of a period to the first release with its figures.")),
    (mark("Without gap or break"), mark("The shortest of the territory's offices, up to the newest period.")),
    (
        mark("Mean revision"),
        mark("How much published totals changed in later releases, as a share of the later figures."),
    ),
)
WORLDS: Mapping[str, str] = Texts(
    {
        "published": mark("Figures that others published, against each other"),
        "invented": mark("This release, against invented sources (demonstration)"),
        "returned": mark("This release, against figures that others published"),
    }
)


def render_page() -> None:
    """Render the page "Data quality"."""
    frame = layout.begin_page(
        mark("Data quality"),
        mark("Who has reported and when, what changed afterwards, and whether it agrees with other sources."),
    )
    show_board(frame)
    if not queries.has_table(frame.path, "quality"):
        st.info(tell("This release was made before quality was measured. The next one has it."))
        layout.end_page(frame, is_linked=False)
        return
    by_area: dict[str, dict[str, Row]] = {}
    for row in queries.read_rows(frame.path, "quality"):
        by_area.setdefault(row["territory"], {})[row["indicator"]] = row
    st.header(tell("Completeness, punctuality and revisions"), anchor=False)
    notes = words.Notes()
    lines = [_quality_line(frame, code, by_area.get(code, {}), notes) for code, _ in frame.territories]
    caption = tell("Quality over all periods and submissions")
    layout.show_table(frame, caption, list(COLUMNS.values()), lines, corner=tell("Territory"), notes=notes)
    explained = [(tell(term), tell(text)) for term, text in EXPLANATIONS]  # marked above
    layout.put_html(tables.render_facts(explained))
    st.markdown(
        tell(
            "These figures show how far you can rely on the data. This is not a ranking: offices differ in what they "
            "count."
        )
    )
    _show_revisions(frame)
    _show_coherence(frame)
    layout.end_page(frame, is_linked=False)


def _quality_line(frame: layout.Frame, area: str, rows: Mapping[str, Row], notes: words.Notes) -> tables.Line:
    cells = []
    for indicator, column in COLUMNS.items():
        text, why = _format_figure(rows.get(indicator))
        marks = (notes.number_note(why),) if why else ()
        kind = "value" if text != tell(words.UNAVAILABLE) else "unavailable"
        cells.append(tables.Cell(text, f"{frame.area_name(area)}, {column}: {text}", marks, kind=kind))
    return tables.Line(frame.row_heading(area, href=f"territory?territory={area}"), tuple(cells))


def _format_figure(row: Row | None) -> tuple[str, str]:
    """Format a figure in its unit, or the reason why there is none."""
    if row is None or row["value"] is None:
        reason = str(row["reason"] or "") if row is not None else ""
        return tell(words.UNAVAILABLE), f"{upper_first(_describe_reason(reason).rstrip('.'))}." if reason else ""
    if row["unit"] == "fraction":
        return f"{words.format_number(100 * row['value'], 1)}%", ""
    if row["indicator"] == "PUNCTUALITY_DAYS":
        return _format_punctuality(row["value"]), ""
    return words.format_number(row["value"], 1 if row["unit"] == "days" else 0).replace("-", "\u2212"), ""


_REASONS: Mapping[str, str] = Texts(
    {
        "no figure is final and known twice": mark("no figure is final and known twice"),
        "nothing was published": mark("nothing was published"),
        "nothing was published as final": mark("nothing was published as final"),
        "published figures do not say of which return they are": mark(
            "published figures do not say of which return they are"
        ),
    }
)


def _describe_reason(reason: str) -> str:
    """Return a reason of the release in the reader's language, in English if it is a new one."""
    return _REASONS.get(reason, reason)


def _format_punctuality(days: float) -> str:
    """Format days after the deadline: '6.5 early', '2.0 late', 'on the day'."""
    if round(days, 1) == 0:
        return tell("on the day")
    number = words.format_number(abs(days), 1)
    return tell("{days} early", days=number) if days < 0 else tell("{days} late", days=number)


def _show_revisions(frame: layout.Frame) -> None:
    """Show how many published totals changed, territory by territory."""
    st.header(tell("Revisions"), anchor=False)
    rows_by_area = {row["area"]: row for row in queries.read_rows(frame.path, "revised")}
    if not rows_by_area:
        st.markdown(tell("No revisions yet: no total has been published in two releases."))
        return
    sentences = []
    for code, _ in frame.territories:
        row = rows_by_area.get(code)
        name = frame.marked_name(code)
        if row is None:
            sentences.append(tell("{area}: no total has been published in two releases yet.", area=name))
            continue
        sentences.append(
            tell(
                "{area}: of {totals} totals published in two releases or more, {changed} changed.",
                area=name,
                totals=words.format_number(row["periods"]),
                changed=words.format_number(row["revised"]),
            )
        )
    layout.put_html(_render_list(sentences))


def _show_coherence(frame: layout.Frame) -> None:
    """Show how often two sources on the same figure agree, and each difference with its declared reasons."""
    st.header(tell("Comparison with other sources"), anchor=False)
    pairs = queries.read_rows(frame.path, "coherence") if queries.has_table(frame.path, "coherence") else ()
    if not pairs:
        st.markdown(tell("No two sources of this release cover the same figure."))
        return
    worlds: dict[str, list[Row]] = {}
    for row in pairs:
        worlds.setdefault(row["world"], []).append(row)
    for world, rows in worlds.items():
        title = WORLDS.get(world, world)
        layout.put_html(f"<p><b>{escape(title)}.</b> {escape(agreement.count_verdicts(rows))}</p>")
        with st.expander(tell("{title}: each pair", title=title)):
            show_pairs(frame, title, rows)


def _render_list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in sentences) + "</ul>"
