"""Show what the change in convictions from year to year is made of: indictments and the conviction ratio."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from dashboards.public import charts, layout, queries, tables
from dashboards.public.pages.reporting import Coverage
from dashboards.public.pages.trends import find_breaks
from pipelines import words
from pipelines.front import sentences
from pipelines.front.charts.bridges import Bridge, BridgeStep
from pipelines.words import Row, changes, regions, trends
from pipelines.words.coverage import DEFAULT_MEASURE
from pipelines.words.language import lower_first, tell


@layout.keep_part
def show_splits(
    frame: layout.Frame, area: str, crime: str, crime_name: str, unit: str, coverage: Coverage | None = None
) -> None:
    """Show sentences on the newest change that can be described, and a table with each year.

    The region's changes are those of its own published totals; `coverage` describes who is in them.
    """
    layout.put_heading(tell("What the change in convictions is made of"))
    is_region = area == frame.region
    rows = [
        _with_region_rule(row) if is_region else row
        for row in (
            queries.read_rows(frame.path, "splits", area, crime, unit)
            if queries.has_table(frame.path, "decomposition")
            else ()
        )
    ]
    if not rows:
        layout.put_text(
            tell(
                "The release has no two years of convictions for {crime} to compare here.",
                crime=lower_first(crime_name),
            )
        )
        return
    newest = changes.find_newest_change(rows)
    verdict = _describe_verdict(frame, area, crime, newest) if changes.is_split(newest) else ""
    crossed = _describe_breaks(frame, area, crime, newest)
    sentence = changes.describe_split(newest, frame.marked_name(area), crime_name, verdict, crossed)
    if coverage is not None and newest["reporters"]:
        sentence = f"{sentence} {coverage.describe_figure(newest)}"
    layout.quote_sentence(sentence, frame)
    if changes.is_split(newest):
        _show_bridge(frame, area, crime_name, unit, newest, sentence)
    notes = words.Notes()
    lines = []
    for row in rows:
        volume, ratio = changes.format_effects(row)
        reason = changes.describe_reason(row, _describe_breaks(frame, area, crime, row))
        marks = (notes.number_note(reason, is_unfolded=changes.crosses_break(row)),) if reason else ()
        years = tell("{first} to {last}", first=row["previous_period"], last=row["period"])
        heading = tables.Cell(years, marks=marks)
        fields = [
            tables.value_cell(field, "")
            for field in (changes.format_before_after(row), changes.format_change(row), volume, ratio)
        ]
        if coverage is not None:
            # A change that is not shown has no coverage; a note on its row gives the reason.
            is_shown = bool(row["reporters"])
            fields.append(
                coverage.build_cell(row, tell("Change in convictions"), notes) if is_shown else tables.Cell("")
            )
        lines.append(tables.Line(heading, tuple(fields)))
    caption = tell(
        "{area}, {crime}: convictions at first instance from year to year, {unit}",
        area=frame.marked_name(area),
        crime=lower_first(crime_name),
        unit=words.unit_name(unit),
    )
    columns = [tell("Convictions"), tell("Change"), tell("Due to indictments"), tell("Due to conviction ratio")]
    columns += [tell("Territories")] if coverage is not None else []
    covered = "" if is_region else frame.marked_name(area)
    layout.show_table(frame, caption, columns, lines, corner=tell("Years"), notes=notes, coverage=covered)
    layout.put_html(f'<p class="rti-small">{escape(changes.explain_split())}</p>')


def _describe_verdict(frame: layout.Frame, area: str, crime: str, row: Row) -> str:
    """Return the sentence on whether a change in convictions is clear, as the home page and the profiles have it."""
    first, last = str(row["previous_period"]), str(row["period"])
    before, after = (
        {**row, "measure": DEFAULT_MEASURE, "level": "first", "value": row[name]}
        for name in ("count_before", "count_after")
    )
    breaks = find_breaks(frame, area, crime, first, last, before)
    return sentences.describe_change(trends.judge_trend(before, after, breaks))


def _describe_breaks(frame: layout.Frame, area: str, crime: str, row: Row) -> str:
    """Return the breaks between the two years of a change, each with the part of the area that it is of."""
    codes_of_breaks = set(str(row.get("breaks") or "").split(",")) - {""}
    if not codes_of_breaks:
        return ""
    members = str(row["reporters"] or "").split(",") if area == frame.region else [area]
    codes_of_areas = [code for member in members for code in (member, *frame.list_jurisdictions(member))]
    crossed = [
        candidate
        for candidate in queries.find_breaks(frame.path, codes_of_areas, crime)
        if candidate["code"] in codes_of_breaks
        and changes.is_between(candidate, str(row["previous_period"]), str(row["period"]))
    ]
    return " ".join(changes.describe_breaks(crossed, lambda crossing: frame.name_owner(crossing, area)))


def _show_bridge(frame: layout.Frame, area: str, crime_name: str, unit: str, row: Row, takeaway: str) -> None:
    """Show the change as bars: the convictions before, both effects, and the convictions after."""
    effects = zip(
        (tell("Due to indictments"), tell("Due to conviction ratio")), changes.format_effects(row), strict=True
    )
    drawn = Bridge(
        tell(
            "{area}, {crime}: convictions at first instance from year to year, {unit}",
            area=frame.marked_name(area),
            crime=lower_first(crime_name),
            unit=words.unit_name(unit),
        ),
        str(row["previous_period"]),
        row["count_before"],
        [BridgeStep(name, figure.value or 0.0, figure.text) for name, figure in effects],
        str(row["period"]),
        row["count_after"],
        words.unit_name(unit),
        takeaway,
    )
    picture = charts.draw_bridge(drawn, under=frame.lines_under_chart(area))
    about = tell("{first} to {last}", first=row["previous_period"], last=row["period"])
    layout.show_panels(frame, [picture], about=about, key=f"bridge-{area}")


def _with_region_rule(row: Row) -> Mapping[str, object]:
    """Take the change out of a row of the region if too few territories are in it."""
    if not row["reporters"] or regions.is_regional(row):
        return row
    return {
        **row, "state": "missing", "change": None, "count_before": None, "obs_status": "M",
        "left_out": f"{row['area']}:few_territories",
    }  # fmt: skip
