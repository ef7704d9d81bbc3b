"""Show whether a count changed between two years, in the region and in each territory."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboards.public import choices, layout, queries, tables
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.words import Row, changes, regions, trends
from pipelines.words.language import lower_first, tell


def show_trends(
    frame: layout.Frame,
    crime: str,
    crime_name: str,
    unit: str,
    measures: Sequence[str],
    years: Sequence[str],
    coverage: Coverage,
) -> None:
    """Show the newest year against an earlier one that can be chosen; `years` are newest first."""
    layout.put_heading(tell("Is the change real?"))
    if len(years) < 2:
        layout.put_text(tell("The release has no two years to compare."))
        return
    convicted = next((measure for measure in measures if measure.startswith("convicted")), measures[-1])
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        measure = choices.choose_option(
            tell("Stage"), "change_of", tuple(measures), default=convicted, say=words.stage_name, boxed=True
        )
        since = choices.choose_option(
            tell("Since"), "since", tuple(years[1:]), default=years[min(2, len(years) - 1)], boxed=True, width=140
        )
    _show_changes(frame, crime, crime_name, unit, measure, since, years[0], coverage)


@layout.keep_part
def _show_changes(
    frame: layout.Frame,
    crime: str,
    crime_name: str,
    unit: str,
    measure: str,
    since: str,
    last: str,
    coverage: Coverage,
) -> None:
    cells = {
        period: {row["area"]: row for row in queries.read_stages(frame.path, "A", period, crime, unit, (measure,))}
        for period in (since, last)
    }
    notes = words.Notes()
    lines, judged = [], []
    for area in (frame.region, *(code for code, _ in frame.territories)):
        first_cell, last_cell = (cells[period].get(area) for period in (since, last))
        if area == frame.region:
            first_cell, last_cell = (cell if regions.is_regional(cell) else None for cell in (first_cell, last_cell))
        trend = trends.judge_trend(first_cell, last_cell, find_breaks(frame, area, crime, since, last, first_cell))
        judged.append(trend)
        marks = (notes.number_note(trend.note, is_unfolded=True),) if trend.note else ()
        subject = f"{frame.area_name(area)}, {words.stage_name(measure)}"
        ends = [
            tables.figure_cell(frame.id, cell, notes, what=f"{subject}, {period}")
            for cell, period in ((first_cell, since), (last_cell, last))
        ]
        verdict = trends.name_verdict(trend, ends)
        times = trends.format_times(trend) or tell("not compared")
        lines.append(
            tables.Line(
                frame.row_heading(area, href="" if area == frame.region else f"territory?territory={area}"),
                (
                    *ends,
                    tables.Cell(times, f"{subject}: {times}"),
                    tables.Cell(verdict, f"{subject}: {verdict}", marks, kind="note"),
                ),
                is_total=area == frame.region,
            )
        )
    caption = tell(
        "{crime}, {stage} ({unit}), {since} and {last}",
        crime=crime_name,
        unit=words.unit_name(unit),
        stage=lower_first(layout.read_vocabulary(frame).find_label("measure", measure)),
        since=since,
        last=last,
    )
    read = " ".join(filter(None, (tell(trends.READ), trends.count_tested(judged))))
    columns = [since, last, trends.name_ratio(since, last), tell("Clear change?")]
    of_region = [(period, cells[period].get(frame.region)) for period in (since, last)]
    layout.show_table(
        frame, caption, columns, lines, corner=tell("Area"), notes=notes, notes_title="",
        coverage=coverage.name_territories(of_region),
    )  # fmt: skip
    layout.put_html(f'<p class="rti-small">{escape(read)}</p>')


def find_breaks(frame: layout.Frame, area: str, crime: str, since: str, last: str, cell: Row | None) -> list[Row]:
    """Return the breaks of a series between two years; those of the region are the breaks of the territories in it."""
    if cell is None:
        return []
    areas = str(cell["reporters"] or "").split(",") if area == frame.region else [area]
    codes = [code for territory in areas for code in (territory, *frame.list_jurisdictions(territory))]
    rows = queries.find_breaks(frame.path, codes, crime)
    inside = [row for row in rows if changes.is_between(row, since, last)]
    return changes.select_breaks(inside, str(cell["measure"]), str(cell["level"]))
