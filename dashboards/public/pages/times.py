"""Show from case records how long cases take, how old open ones are, and how those of a year ended."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.public import charts, layout, queries
from dashboards.public.pages.record_tables import (
    RecordScope,
    RecordTable,
    Row,
    group_rows,
    name_metric,
    show_cards,
)
from pipelines import words
from pipelines.words import durations, trends
from pipelines.words.language import lower_first, tell


def read_ways(frame: layout.Frame, crime: str) -> dict[str, Row]:
    """Return the declared durations that a crime has, by their code in an address."""
    return {row["stage"]: row for row in queries.read_rows(frame.path, "duration_ways", crime)}


@layout.keep_part
def show_headline(frame: layout.Frame, scope: RecordScope, way: str) -> None:
    """Show the sentences to quote: the median of each register, and which areas have no records."""
    about = read_ways(frame, scope.crime)[way]
    groups = group_rows(frame, queries.read_rows(frame.path, "durations", way, scope.crime))
    medians = [(frame.marked_name(key[0]), group.get("median")) for key, group in groups.items()]
    missing = scope.name_without_records(frame)
    layout.quote_sentence(durations.compose_sentence(name_metric(about), scope.crime_name, medians, missing), frame)


@layout.keep_part
def show_durations(frame: layout.Frame, scope: RecordScope, way: str) -> None:
    """Show the days after which 50%, 75% and 90% of the people had waited, as a table and as a picture."""
    about = read_ways(frame, scope.crime)[way]
    groups = group_rows(frame, queries.read_rows(frame.path, "durations", way, scope.crime))
    layout.put_heading(tell("How long it takes"))
    table = RecordTable("duration", {**durations.QUANTILES, "open_share": tell("Still open (%)")})
    columns = [
        *_name_days(),
        table.statistics["open_share"],
        tell("Persons"),
    ]
    table.show_lines(frame, scope, f"{name_metric(about)}. {scope.crime_name}", columns, groups)
    layout.put_text(
        tell(
            "Half of the people waited no longer than the median. Brackets show the 95% confidence interval. Open "
            "cases are counted with the time they have taken so far. Days are rounded to tens, and people are shown in "
            "bands. Territories are in the order of their names. This is not a ranking."
        )
    )
    dates = durations.name_dates((frame.marked_name(key[0]), list(group.values())) for key, group in groups.items())
    if dates:
        layout.put_text(tell("The records cover these periods. {spans}.", spans=dates))
    layout.put_text(tell(trends.NO_SERIES))  # marked there
    show_cards(frame, groups, tell("durations"))
    drawn = [
        key
        for key, group in groups.items()
        if any(row["value"] is not None for code, row in group.items() if code in durations.QUANTILES)
    ]
    if drawn:
        title = f"{name_metric(about)}, {lower_first(scope.crime_name)}"
        groups_by_name = [(frame.marked_name(key[0]), groups[key]) for key in drawn]
        records = durations.describe_records((name, list(group.values())) for name, group in groups_by_name)
        under = [*frame.lines_under_chart(*(key[0] for key in drawn)), records]
        picture = charts.draw_durations(title, groups_by_name, under=under)
        layout.show_panels(frame, [picture], about=scope.crime_name, key="durations")


def _read_named(frame: layout.Frame, query: str, way: str, crime: str, without: str) -> tuple[Sequence[Row], str]:
    """Return the rows of a query on one duration, and the name of their indicator; show a text if there are none."""
    rows = queries.read_rows(frame.path, query, way, crime)
    if not rows:
        layout.put_text(without)
        return [], ""
    return rows, name_metric(queries.read_rows(frame.path, "metric", rows[0]["metric"])[0])


def _name_days() -> list[str]:
    """Return the headings of the columns of quantiles."""
    return [tell("{title} (days)", title=title) for title in durations.QUANTILES.values()]


@layout.keep_part
def show_pending(frame: layout.Frame, scope: RecordScope, way: str) -> None:
    """Show how old the cases are that were open on the day of the records."""
    layout.put_heading(tell("How old the open cases are"))
    without = tell("No ages are published for this interval. They are published for cases before one court.")
    rows, name = _read_named(frame, "pending", way, scope.crime, without)
    if not rows:
        return
    days = [words.format_day(day) for day in sorted({row["as_at"] for row in rows})]
    columns = [*_name_days(), tell("Persons")]
    groups = group_rows(frame, rows)
    title = tell("{name}, on {days}. {crime}", name=name, days=words.join_words(days), crime=scope.crime_name)
    RecordTable("pending", durations.QUANTILES).show_lines(frame, scope, title, columns, groups)
    layout.put_text(
        tell(
            "Half of the people with an open case have waited no longer than the median. This is not how long cases "
            "take: long cases are over-represented among open ones."
        )
    )
    show_cards(frame, groups, tell("age of open cases"))


@layout.keep_part
def show_cohorts(frame: layout.Frame, scope: RecordScope, way: str) -> None:
    """Show how the cases of everybody who entered in a year have ended."""
    layout.put_heading(tell("Outcomes by year of entry"))
    without = tell("No outcomes by year of entry are published for this interval.")
    rows, name = _read_named(frame, "cohorts", way, scope.crime, without)
    if not rows:
        return
    columns = [*(f"{title} (%)" for title in durations.COHORT.values()), tell("Persons")]
    groups = group_rows(frame, rows, "cohort")
    title = tell("{name}. {crime}, by year of entry", name=name, crime=scope.crime_name)
    RecordTable("cohort", durations.COHORT).show_lines(frame, scope, title, columns, groups, tell("Territory, year"))
    layout.put_text(f"{durations.describe_following(rows[0]['quarters'])} {tell(trends.NO_COHORTS)}")  # marked there
    show_cards(frame, groups, tell("outcomes by year of entry"))
