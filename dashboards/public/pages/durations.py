"""Show durations, ages, cohorts and sentences from records, and clearance from counts."""

from __future__ import annotations

import streamlit as st

from dashboards.public import choices, layout, queries, tables
from dashboards.public.pages import sentence_lengths
from dashboards.public.pages.clearance import show_clearance
from dashboards.public.pages.record_tables import RecordScope, name_metric, read_scope
from dashboards.public.pages.times import read_ways, show_cohorts, show_durations, show_headline, show_pending
from pipelines.core.i18n import mark
from pipelines.words.language import lower_first, tell

_LEAD = mark(
    "Durations, outcomes and sentences need case records, which not every territory sends. Clearance rates need "
    "counts only."
)


def render_page() -> None:
    """Render the page "Durations and sentences"."""
    frame = layout.begin_page(mark("Durations and sentences"), _LEAD)
    if not queries.has_table(frame.path, "duration"):
        st.info(tell("This release was made before durations were published. The next one has them."))
        layout.end_page(frame, is_linked=False)
        return
    headline = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        crime = choices.choose_crime(frame)
        ways = read_ways(frame, crime)
        way = ""
        if ways:
            way = choices.choose_option(
                tell("Part of the proceedings"),
                "way",
                tuple(ways),
                default="first",
                say=lambda code: name_metric(ways[code]),
                boxed=True,
                width=420,
            )
    scope = read_scope(frame, crime)
    if not ways:
        name = lower_first(scope.crime_name)
        layout.put_text(tell("The release has no times from case records for {crime}.", crime=name))
    else:
        with headline:
            show_headline(frame, scope, way)
        show_durations(frame, scope, way)
        show_pending(frame, scope, way)
        show_cohorts(frame, scope, way)
    _show_sentences(frame, scope)
    show_clearance(frame, crime, scope.crime_name)
    layout.put_html(tables.render_legend())
    layout.end_page(frame)


def _show_sentences(frame: layout.Frame, scope: RecordScope) -> None:
    """Show the sentences of one year and one kind of decision."""
    layout.put_heading(tell("Sentences"))
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        track = choices.choose_track()
        year = sentence_lengths.choose_year(frame, scope.crime, track)
    if not year:
        name = lower_first(scope.crime_name)
        layout.put_text(tell("This release has no sentences from case records for {crime}.", crime=name))
        return
    sentence_lengths.quote_lengths(frame, scope, track, year)
    sentence_lengths.show_shares(frame, scope, track, year)
    sentence_lengths.show_lengths(frame, scope, track, year)
