"""Show the figures of one territory by sex, age, offence and sentence, and those of its jurisdictions."""

from __future__ import annotations

import streamlit as st

from dashboards.public import choices, layout, queries, tables
from dashboards.public.pages.breakdowns import show_breakdown, show_significant_pairs
from dashboards.public.pages.territory.captions import describe_subject
from pipelines import words
from pipelines.words import figures
from pipelines.words.language import lower_first, tell

_BREAKDOWNS = ("sex", "age", "offence", "sentence_type", "sentence_band")


def show_breakdown_of_year(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    """Show one year by the breakdown that the reader chooses, and which differences are significant."""
    layout.put_heading(tell("By sex, age and offence"))
    names = tuple(queries.BREAKDOWN_TABLES.values())
    years = tuple(row["period"] for row in queries.read_rows(frame.path, "years", area, crime, names))
    if not years:
        layout.put_text(
            tell(
                "This release has no breakdown of {crime} for {area}.",
                crime=lower_first(crime_name),
                area=frame.area_name(area),
            )
        )
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        dimension = choices.choose_option(
            tell("Broken down by"), "by", _BREAKDOWNS, say=lambda code: figures.DIMENSIONS[code]
        )
        year = choices.choose_option(tell("Year"), "year", years, boxed=True, width=140)
    _show_one_breakdown(frame, area, crime, crime_name, track, unit, dimension, year)


@layout.keep_part
def _show_one_breakdown(
    frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str, dimension: str, year: str
) -> None:
    title = figures.DIMENSIONS[dimension]
    measures = queries.STAGES[track] if dimension in ("sex", "age", "offence") else (f"sentenced_{track}",)
    rows = queries.read_rows(
        frame.path, "breakdown", dimension=dimension, table_id=queries.BREAKDOWN_TABLES[dimension], area=area,
        period=year, offence_group=crime, count_unit=unit, measures=measures,
    )  # fmt: skip
    if not rows:
        layout.put_text(
            tell("This release has no figures by {dimension} for {year}.", dimension=lower_first(title), year=year)
        )
        return
    unnamed = queries.find_unnamed(frame.path, dimension, measures, crime, unit)
    rows += tuple(row for row in unnamed if (row["area"], row["period"]) == (area, year))
    codes = [code for code in queries.read_labels(frame.path, dimension) if any(r[dimension] == code for r in rows)]
    show_breakdown(
        frame, rows, dimension, codes, [(m, words.stage_name(m)) for m in measures],
        tell(
            "{subject}: {unit} by {dimension}",
            subject=describe_subject(frame, area, crime_name, year, words.TRACKS[track]),
            unit=words.unit_name(unit),
            dimension=lower_first(title),
        ),
        area=area,
    )  # fmt: skip
    if dimension == "age" and rows:
        layout.put_small(tell("Age on the date that the office uses. See its counting rules."))
    with layout.open_fold(tell("Which differences between shares are statistically clear")):
        for measure in measures:
            pairs = queries.read_rows(frame.path, "share_pairs", dimension, measure, year, crime, unit, "_Z")
            layout.put_text(tell("**{stage}, {year}, all territories**", stage=words.stage_name(measure), year=year))
            show_significant_pairs(frame, pairs, dimension, codes)


def show_jurisdictions(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    """Show one year by jurisdiction, for territories that have several."""
    parts = frame.list_jurisdictions(area)
    if not parts:
        return
    layout.put_heading(tell("Jurisdictions"))
    years = tuple(
        row["period"] for row in queries.read_rows(frame.path, "years", parts[0], crime, ("jurisdiction_year",))
    )
    if not years:
        layout.put_text(tell("This release has no figures of {crime} by jurisdiction.", crime=lower_first(crime_name)))
        return
    year = choices.choose_option(tell("Year of the jurisdictions"), "jurisdictions", years, boxed=True, width=140)
    _show_parts(frame, area, crime, crime_name, track, unit, year)


@layout.keep_part
def _show_parts(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str, year: str) -> None:
    parts, measures = frame.list_jurisdictions(area), queries.STAGES[track]
    rows = queries.read_rows(frame.path, "jurisdictions", area, year, crime, unit, measures)
    whole = queries.read_stages(frame.path, "A", year, crime, unit, measures)
    at = {(row["area"], row["measure"]): row for row in (*rows, *whole)}
    notes = words.Notes()
    lines = [
        tables.Line(
            frame.row_heading(code),
            tuple(
                tables.figure_cell(
                    frame.id, at.get((code, m)), notes, what=f"{frame.area_name(code)}, {words.stage_name(m)}"
                )
                for m in measures
            ),
            is_total=code == area,
        )
        for code in (area, *parts)
    ]
    caption = tell(
        "{subject}: {unit} by jurisdiction",
        subject=describe_subject(frame, area, crime_name, year, words.TRACKS[track]),
        unit=words.unit_name(unit),
    )
    headings = [words.stage_name(m) for m in measures]
    layout.show_table(
        frame, caption, headings, lines, corner=tell("Jurisdiction"), notes=notes, coverage=frame.marked_name(area)
    )
