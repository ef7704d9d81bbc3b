"""Render the page of one territory in five sections; the comparison of territories is on the region's page."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards.public import choices, layout, queries
from dashboards.public.pages.breakdowns import show_movements
from dashboards.public.pages.changes import show_splits
from dashboards.public.pages.territory.breakdown import show_breakdown_of_year, show_jurisdictions
from dashboards.public.pages.territory.counting_rules import show_counting_rules
from dashboards.public.pages.territory.facts import show_facts
from dashboards.public.pages.territory.outcomes import show_exits
from dashboards.public.pages.territory.returns import show_returns
from dashboards.public.pages.territory.trend import show_trend
from pipelines.core.i18n import mark
from pipelines.words.language import Texts, lower_first, tell

_ALL = "all"
_SECTIONS: Mapping[str, str] = Texts(
    {
        "trend": mark("Trend"),
        "outcomes": mark("Outcomes"),
        "breakdown": mark("Breakdown"),
        "rules": mark("Rules"),
        "data": mark("Data received"),
        "all": mark("All"),
    }
)
_SECTION_OF_CHOICE = {"left_in": "outcomes", "by": "breakdown", "year": "breakdown", "jurisdictions": "breakdown"}
"""Section of a choice that an address may name without its section."""


def render_page() -> None:
    """Render the page "Territory profile"."""
    frame = layout.begin_page(
        mark("Territory profile"),
        mark("Figures over time, outcomes, breakdowns, counting rules, and the data received."),
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        area = choices.choose_territory(frame)
        crime = choices.choose_crime(frame)
        track = choices.choose_track()
    # All sections together can be printed; one alone is short and quick.
    section = choices.choose_section(tell("Section"), "section", _SECTIONS, _SECTION_OF_CHOICE)
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    measures = queries.STAGES[track]
    units = tuple(
        r["count_unit"] for r in queries.read_rows(frame.path, "units", queries.STAGE_TABLES, crime, measures)
    )
    unit = "person" if "person" in units or not units else units[0]
    layout.put_heading(f"{frame.marked_name(area)}: {lower_first(crime_name)}")
    layout.link_brief(frame, area, crime)
    if section in ("trend", _ALL):
        layout.show_section(lambda: show_trend(frame, area, crime, crime_name, track, unit))
    if section in ("outcomes", _ALL):
        layout.show_section(lambda: show_exits(frame, area, crime, crime_name, unit))
        title = f"{frame.marked_name(area)}, {lower_first(crime_name)}"
        with layout.open_fold(tell("Appeals, pending, reopened, rejected and discontinued cases, year by year")):
            show_movements(frame, area, crime, unit, title)
        show_splits(frame, area, crime, crime_name, unit)
    if section in ("breakdown", _ALL):
        layout.show_section(lambda: show_breakdown_of_year(frame, area, crime, crime_name, track, unit))
        layout.show_section(lambda: show_jurisdictions(frame, area, crime, crime_name, track, unit))
    if section in ("rules", _ALL):
        show_counting_rules(frame, area)
        show_facts(frame, area)
    if section in ("data", _ALL):
        show_returns(frame, area)
    layout.end_page(frame, has_brief=True)
