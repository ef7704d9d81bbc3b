"""Show presumed and identified victims, by territory, and broken down for one territory.

They are separate from the counts of proceedings, which are of other persons.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.public import charts, choices, layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.pages.breakdowns import (
    regional_cell,
    show_breakdown,
    show_cross_table,
    show_significant_pairs,
)
from dashboards.public.pages.reporting import Coverage
from dashboards.public.pages.victim_forms import show_forms
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import figures, regions, victims
from pipelines.words.coverage import VICTIM_RETURNS
from pipelines.words.language import lower_first, tell

_BREAKDOWNS = ("exploitation", "sex", "age")
TABLES = ("victims_quarter", "victims_year")
_VICTIM = "victim"  # the count unit that the titles of this page name already


def render_page() -> None:
    """Render the page "Victims"."""
    frame = layout.begin_page(
        mark("Victims"),
        mark(
            "Detected victims are those presumed and those identified, as counted by the authorities that register "
            "them."
        ),
    )
    groups = tuple(row["offence_group"] for row in queries.read_rows(frame.path, "victim_groups"))
    if not groups:
        st.info(tell("This release has no figures of victims."))
        layout.end_page(frame)
        return
    headline = st.container()
    controls = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    with controls:
        crime = choices.choose_crime(frame, groups)
        units = tuple(row["count_unit"] for row in queries.read_rows(frame.path, "victim_units", crime))
        unit = units[0]
        if len(units) > 1:
            unit = choices.choose_option(tell("Unit"), "victims_in", units, say=words.unit_name)
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    periods = queries.list_periods(frame.path, crime, TABLES)
    if periods:
        with controls:
            opening = regions.choose_opening(_read_windows(frame, crime, unit), periods)
            freq, period = choices.choose_period(frame, periods, default=opening)
            is_rate = choices.choose_rate(freq)
        coverage = Coverage(frame, VICTIM_RETURNS, crime, unit)
        with headline:
            _show_headline(frame, crime, unit, freq, period, coverage)
        _show_comparison(frame, crime, crime_name, unit, freq, period, coverage, is_rate=is_rate)
        if freq == "A":
            _show_by_sex_and_age(frame, crime, crime_name, unit, period, coverage)
            show_forms(frame, crime, crime_name, unit, period)
    else:
        layout.put_text(tell("The release has no figures of {crime} to compare.", crime=lower_first(crime_name)))
    _show_territory(frame, crime, crime_name, unit)
    layout.end_page(frame)


def _list_statuses(frame: layout.Frame, rows: Sequence[words.Row]) -> list[str]:
    """Return the statuses of victims that some figures have, in their order."""
    labels = queries.read_labels(frame.path, "victim_status")
    return [code for code in labels if any(row["victim_status"] == code for row in rows)]


@layout.keep_part
def _show_headline(frame: layout.Frame, crime: str, unit: str, freq: str, period: str, coverage: Coverage) -> None:
    rows = queries.read_rows(frame.path, "victims", freq, period, crime, unit)
    of_region = {row["victim_status"]: row for row in rows if row["area"] == frame.region}
    statuses = _list_statuses(frame, rows)
    whole = of_region.get("_T") or of_region.get(statuses[0] if statuses else "")
    if whole is not None:
        vocabulary, n_territories = layout.read_vocabulary(frame), len(frame.territories)
        sentence = victims.describe_victims(whole, vocabulary, n_territories, coverage.list_absences(whole))
        layout.quote_sentence(sentence, frame)


@layout.keep_part
def _show_by_sex_and_age(
    frame: layout.Frame, crime: str, crime_name: str, unit: str, year: str, coverage: Coverage
) -> None:
    statuses = tuple(queries.read_labels(frame.path, "victim_status").items())[:4]
    subject = _describe_subject(frame.area_name(frame.region), crime_name)
    with layout.open_fold(tell("By sex and age")):
        show_cross_table(
            frame, "victims_region_sex_age", crime, unit, year, statuses, subject, coverage, across="victim_status"
        )


@layout.keep_part
def _show_comparison(
    frame: layout.Frame,
    crime: str,
    crime_name: str,
    unit: str,
    freq: str,
    period: str,
    coverage: Coverage,
    *,
    is_rate: bool,
) -> None:
    rows = queries.read_rows(frame.path, "victims", freq, period, crime, unit)
    labels = queries.read_labels(frame.path, "victim_status")
    statuses = _list_statuses(frame, rows)
    at = {(row["area"], row["victim_status"]): row for row in rows}
    notes = words.Notes()
    codes = [code for code, _ in frame.territories]
    lines = [
        tables.Line(
            frame.row_heading(area, href="" if area == frame.region else f"territory?territory={area}"),
            tuple(
                regional_cell(
                    frame, at.get((area, status)), notes, f"{frame.area_name(area)}, {labels[status]}", rate=is_rate
                )
                if area == frame.region
                else tables.figure_cell(
                    frame.id,
                    at.get((area, status)),
                    notes,
                    what=f"{frame.area_name(area)}, {labels[status]}",
                    rate=is_rate,
                )
                for status in statuses
            ),
            is_total=area == frame.region,
        )
        for area in (frame.region, *codes)
    ]
    covered = tuple(coverage.build_cell(at.get((frame.region, status)), labels[status], notes) for status in statuses)
    lines.insert(1, tables.Line(tables.Cell(tell("Territories included")), covered))
    if is_rate:
        notes.add_remark(tell(words.RATES_OF_PERIOD))
    subject = {"crime": lower_first(crime_name), "period": words.period_short(period)}
    if unit == _VICTIM and not is_rate:
        title = tell("Victims of {crime}, {period}", **subject)
    else:
        counted = tell("rates per 100,000 inhabitants in the period") if is_rate else words.unit_name(unit)
        title = tell("Victims of {crime}, {period}: {counted}", **subject, counted=counted)
    headings = [labels[status] for status in statuses]
    of_region = [(labels[status], at.get((frame.region, status))) for status in statuses]
    layout.show_table(
        frame, title, headings, lines, corner=tell("Area"), notes=notes, coverage=coverage.name_territories(of_region),
        legend=True,
    )  # fmt: skip
    cards.show_cards_of_levels(frame, frozenset(row["level"] for row in rows), freq, period, unit)


def _read_windows(frame: layout.Frame, crime: str, unit: str) -> list[words.Row]:
    """Return the periods in which the numbers of victims can be compared; empty for a release without them."""
    if not queries.has_table(frame.path, "window"):
        return []
    rows = queries.read_rows(frame.path, "windows", "rate", crime, unit)
    return [row for row in rows if row["measure"] == "victims_detected"]


def _describe_subject(area: str, crime_name: str) -> str:
    return tell("{area}, victims of {crime}", area=area, crime=lower_first(crime_name))


def _show_territory(frame: layout.Frame, crime: str, crime_name: str, unit: str) -> None:
    layout.put_heading(tell("Victims in one territory"))
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        area = choices.choose_territory(frame)
        years = tuple(
            row["period"]
            for row in queries.read_rows(frame.path, "years", area, crime, tuple(queries.VICTIM_TABLES.values()))
        )
        if not years:
            area_name = frame.marked_name(area)
            layout.put_text(tell("The release has no breakdown of victims for {area}.", area=area_name))
            return
        by = choices.choose_option(
            tell("Broken down by"), "victims_by", _BREAKDOWNS, say=lambda code: figures.DIMENSIONS[code]
        )
        year = choices.choose_option(tell("Year"), "victims_year", years, boxed=True, width=140)
    _show_breakdown_of_year(frame, area, crime, crime_name, unit, by, year)


@layout.keep_part
def _show_breakdown_of_year(
    frame: layout.Frame, area: str, crime: str, crime_name: str, unit: str, by: str, year: str
) -> None:
    rows = queries.read_rows(
        frame.path, "breakdown", dimension=by, table_id=queries.VICTIM_TABLES[by], area=area, period=year,
        offence_group=crime, count_unit=unit, measures=("victims_detected",),
    )  # fmt: skip
    detailed = [row for row in rows if row[by] not in ("_T", "_Z")]
    if not detailed:
        layout.put_text(
            tell(
                "The release has no figures by {dimension} for {area} in {year}.",
                dimension=lower_first(figures.DIMENSIONS[by]),
                area=frame.marked_name(area),
                year=year,
            )
        )
        return
    labels = queries.read_labels(frame.path, by)
    status_labels = queries.read_labels(frame.path, "victim_status")
    statuses = [code for code in status_labels if any(row["victim_status"] == code for row in detailed)]
    codes = [code for code in labels if any(row[by] == code for row in detailed)]
    broken_down = {
        "subject": _describe_subject(frame.marked_name(area), crime_name),
        "year": year,
        "dimension": lower_first(figures.DIMENSIONS[by]),
    }
    if unit == _VICTIM:
        title = tell("{subject}, {year}, by {dimension}", **broken_down)
    else:
        title = tell("{subject}, {year}, by {dimension}: {unit}", **broken_down, unit=words.unit_name(unit))
    show_breakdown(
        frame, detailed, by, codes, [(code, status_labels[code]) for code in statuses],
        title, area=area, across="victim_status",
    )  # fmt: skip
    detailed = [row for row in detailed if row["victim_status"] == statuses[0]]
    ordered = [(labels[code], row) for code in codes for row in detailed if row[by] == code]
    chart = charts.draw_parts(
        f"{tell('{subject}, {year}, by {dimension}', **broken_down)}: {lower_first(status_labels[statuses[0]])}",
        ordered,
        under=frame.lines_under_chart(area),
    )
    layout.show_panels(frame, [chart], about=title, key="victims")
    layout.put_lower_heading(tell("Which differences are statistically clear"))
    layout.put_text(tell("**{stage}, {year}, all territories**", stage=status_labels[statuses[0]], year=year))
    pairs = queries.read_rows(frame.path, "share_pairs", by, "victims_detected", year, crime, unit, statuses[0])
    show_significant_pairs(frame, pairs, by, codes)
