"""Show the stages of proceedings of the region for one period, territory by territory.

Each page has one crime, one kind of decision and one unit; figures of different kinds never share a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboards.public import choices, layout, queries
from dashboards.public.pages.breakdowns import show_cross_table
from dashboards.public.pages.changes import show_splits
from dashboards.public.pages.flow import show_flow
from dashboards.public.pages.region_charts import show_charts
from dashboards.public.pages.region_scope import StageScope
from dashboards.public.pages.region_spread import show_spread
from dashboards.public.pages.region_stages import show_headline, show_stages
from dashboards.public.pages.reporting import Coverage
from dashboards.public.pages.trends import show_trends
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import regions
from pipelines.words.coverage import STAGE_RETURNS
from pipelines.words.language import Texts, lower_first, tell

_STAGES: Mapping[str, str] = Texts({"main": mark("Main stages"), "all": mark("All stages")})


def render_page() -> None:
    """Render the page "From investigation to sentence"."""
    frame = layout.begin_page(
        mark("From investigation to sentence"),
        mark(
            "From investigation to sentence, for each territory and for the region. Each stage counts different "
            "people: convictions of a period can exceed its investigations. The order of territories is not a ranking."
        ),
    )
    # The sentence is above the choices, although it depends on them, because it is the first thing seen on a telephone.
    headline = st.container()
    controls = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    with controls:
        crime = choices.choose_crime(frame)
        track = choices.choose_track()
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    periods = queries.list_periods(frame.path, crime)
    if not periods:
        layout.put_text(tell("The release has no figures of {crime} to compare.", crime=lower_first(crime_name)))
        layout.end_page(frame, is_linked=False)
        return
    with controls:
        freq, period = choices.choose_period(
            frame, periods, default=regions.choose_opening(_read_windows(frame, crime, track), periods)
        )
        is_rate = choices.choose_rate(freq)
        selection = choices.choose_option(tell("Stages"), "stages", tuple(_STAGES), say=lambda code: _STAGES[code])
        measures = queries.STAGES[track] if selection == "all" else queries.MAIN_STAGES[track]
        rows = queries.read_rows(frame.path, "units", queries.STAGE_TABLES, crime, measures)
        units = tuple(row["count_unit"] for row in rows)
        unit = units[0]
        if len(units) > 1:
            unit = choices.choose_option(tell("Unit"), "unit", units, say=words.unit_name)
    coverage = Coverage(frame, STAGE_RETURNS, crime, unit)
    scope = StageScope(crime, crime_name, track, freq, period, unit, tuple(measures), is_rate)
    with headline:
        show_headline(frame, scope, coverage)
    show_stages(frame, scope, coverage)
    show_charts(frame, scope)
    layout.show_section(lambda: show_flow(frame, crime, track, freq, period, unit))
    show_spread(frame, scope, coverage)
    if freq == "A":
        _show_by_sex(frame, scope, coverage)
    show_splits(frame, frame.region, crime, crime_name, unit, coverage)
    show_trends(frame, crime, crime_name, unit, scope.measures, tuple(periods.get("A", ())), coverage)
    layout.link_brief(frame, "", crime)
    layout.end_page(frame, has_brief=True)


@layout.keep_part
def _show_by_sex(frame: layout.Frame, scope: StageScope, coverage: Coverage) -> None:
    title = f"{frame.area_name(frame.region)}, {lower_first(scope.crime_name)}, {scope.name_decisions()}"
    columns = tuple((measure, words.stage_name(measure)) for measure in scope.measures)
    with layout.open_fold(tell("The region by sex")):
        show_cross_table(frame, "region_year_sex", scope.crime, scope.unit, scope.period, columns, title, coverage)


def _read_windows(frame: layout.Frame, crime: str, track: str) -> list[Mapping[str, Any]]:
    """Return the periods in which rates of persons convicted can be compared; empty for a release without them."""
    if not queries.has_table(frame.path, "window"):
        return []
    rows = queries.read_rows(frame.path, "windows", "rate", crime, "person")
    return [row for row in rows if row["measure"] == f"convicted_{track}"]
