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
from pipelines.front.queries import CRIMES
from pipelines.words import Row, coverage, quality
from pipelines.words.language import lower_first, tell


def render_page() -> None:
    """Render the page "Data quality"."""
    frame = layout.begin_page(
        mark("Data quality"),
        mark("Who has reported and when, what changed afterwards, and whether it agrees with other sources."),
        banner=words.OWN_DEMONSTRATION,
    )
    labels = queries.read_labels(frame.path, "offence_group")
    layout.put_text(coverage.name_crimes(lower_first(labels[crime]) for crime in CRIMES))
    show_board(frame)
    if not queries.has_table(frame.path, "quality"):
        st.info(tell("This release was made before quality was measured. The next one has it."))
        layout.end_page(frame, is_linked=False, is_ours=False)
        return
    _show_measures(frame)
    _show_revisions(frame)
    _show_coherence(frame)
    layout.end_page(frame, is_linked=False, is_ours=False)


@layout.keep_part
def _show_measures(frame: layout.Frame) -> None:
    """Show the measures of quality of each territory, and what they mean."""
    at = quality.group_measures(queries.read_rows(frame.path, "quality"))
    layout.put_heading(tell("Completeness, punctuality and revisions"))
    notes = words.Notes()
    lines = [_quality_line(frame, code, at, notes) for code, _ in frame.territories]
    caption = tell("Quality over all periods and submissions")
    layout.show_table(frame, caption, list(quality.COLUMNS.values()), lines, corner=tell("Territory"), notes=notes)
    explained = quality.explain_columns()
    layout.put_html(tables.render_facts(explained))
    layout.put_text(
        tell(
            "These figures show how far you can rely on the data. This is not a ranking: offices differ in what they "
            "count."
        )
    )


def _quality_line(
    frame: layout.Frame, area: str, at: Mapping[tuple[str, str], Sequence[Row]], notes: words.Notes
) -> tables.Line:
    cells = []
    for indicator, column in quality.COLUMNS.items():
        text, why = quality.format_measures(at.get((area, indicator), ()))
        marks = (notes.number_note(why),) if why else ()
        kind = "value" if text != tell(words.UNAVAILABLE) else "unavailable"
        cells.append(tables.Cell(text, f"{frame.area_name(area)}, {column}: {text}", marks, kind=kind))
    return tables.Line(frame.row_heading(area, href=f"territory?territory={area}"), tuple(cells))


@layout.keep_part
def _show_revisions(frame: layout.Frame) -> None:
    """Show how many published totals changed, territory by territory."""
    layout.put_heading(tell("Revisions"))
    rows = {row["area"]: row for row in queries.read_rows(frame.path, "revised")}
    names = [(code, frame.marked_name(code)) for code, _ in frame.territories]
    layout.put_html(_render_list(quality.describe_revisions(rows, names)))


@layout.keep_part
def _show_coherence(frame: layout.Frame) -> None:
    """Show how often two sources on the same figure agree, and each difference with its declared reasons."""
    layout.put_heading(tell("Comparison with other sources"))
    pairs = queries.read_rows(frame.path, "coherence") if queries.has_table(frame.path, "coherence") else ()
    if not pairs:
        layout.put_text(tell("No two sources of this release cover the same figure."))
        return
    layout.put_text(tell(quality.DIFFERENCES_READ))  # marked in words.quality
    for world, rows in quality.group_pairs(pairs).items():
        title = quality.name_world(world)
        layout.put_html(f"<p><b>{escape(title)}.</b> {escape(quality.describe_world(world, rows))}</p>")
        with layout.open_fold(tell("{title}: each pair", title=title)):
            show_pairs(frame, title, rows)


def _render_list(sentences: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in sentences) + "</ul>"
