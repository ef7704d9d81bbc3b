"""Show sentences to imprisonment from case records: their shares, and their quartiles on the range that the law allows.

First-instance and final decisions never share a table. Two pages show them: that of durations, and the comparison of
territories.
"""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.public import charts, choices, layout, queries
from dashboards.public.pages.record_tables import (
    Group,
    Groups,
    RecordScope,
    RecordTable,
    group_rows,
    show_cards,
)
from pipelines import words
from pipelines.words import durations
from pipelines.words.language import lower_first, tell

_BELOW = "below_minimum"


def choose_year(frame: layout.Frame, crime: str, track: str) -> str:
    """Show the choice of the year in which sentences were imposed, at first the newest with a figure; empty without
    any."""
    years = queries.read_rows(frame.path, "sentence_years", crime, track)
    if not years:
        return ""
    first = next((row["period"] for row in years if row["n"]), years[0]["period"])
    options = tuple(row["period"] for row in years)
    return choices.choose_option(tell("Year"), "sentenced_in", options, default=first, boxed=True, width=140)


def read_groups(frame: layout.Frame, scope: RecordScope, track: str, year: str) -> dict[tuple[str, ...], Group]:
    """Return the figures of each register of the scope, in its order."""
    groups = group_rows(frame, queries.read_rows(frame.path, "sentences", scope.crime, track, year))
    return {key: groups[key] for area in scope.list_areas(frame) for key in groups if key[0] == area}


def name_subject(scope: RecordScope, track: str, year: str) -> str:
    """Return what all figures on sentences of a page are about."""
    return f"{scope.crime_name}, {year}, {lower_first(words.TRACKS[track])}"


@layout.keep_part
def quote_lengths(frame: layout.Frame, scope: RecordScope, track: str, year: str) -> None:
    """Show the sentences to quote: the median of each register with quartiles and legal range, and who has none."""
    groups = read_groups(frame, scope, track, year)
    texts = [durations.describe_lengths(name, group) for name, group in _name_groups(frame, groups)]
    missing = durations.name_without_records(scope.name_without_records(frame))
    sentences = " ".join([*texts, missing]).strip()
    layout.quote_sentence(f"{name_subject(scope, track, year)}. {sentences}", frame)


@layout.keep_part
def show_shares(frame: layout.Frame, scope: RecordScope, track: str, year: str) -> None:
    """Show which shares of those sentenced are to serve imprisonment, or have it suspended."""
    groups = read_groups(frame, scope, track, year)
    columns = [*(f"{title} (%)" for title in durations.SHARES.values()), tell("Persons")]
    title = tell(
        "Imprisonment as the principal sanction, share of all sentenced. {subject}",
        subject=name_subject(scope, track, year),
    )
    kinds = _select_statistics(groups, durations.SHARES)
    RecordTable("sentence", durations.SHARES).show_lines(frame, scope, title, columns, kinds)


@layout.keep_part
def show_lengths(frame: layout.Frame, scope: RecordScope, track: str, year: str) -> None:
    """Show the quartiles of each register on the legal range, as a picture above its table."""
    groups = read_groups(frame, scope, track, year)
    title = tell(
        "Imprisonment to be served, in months, as imposed. {subject}", subject=name_subject(scope, track, year)
    )
    names = [frame.marked_name(area) for area, *_ in groups]
    under = [
        *frame.lines_under_chart(*(area for area, *_ in groups)),
        *([durations.name_records(names)] if names else []),
    ]
    picture = charts.draw_lengths(title, _name_groups(frame, groups), under=under)
    layout.show_panels(frame, [picture], about=title, key="lengths")
    statistics = {**durations.LENGTHS, _BELOW: tell("Below legal minimum (%)")}
    columns = [*statistics.values(), tell("Legal range (months)"), tell("Persons")]
    table = RecordTable("sentence", statistics, (durations.format_law, durations.format_persons))
    table.show_lines(frame, scope, title, columns, _select_statistics(groups, statistics))
    layout.put_text(durations.explain_lengths(groups.values()))
    show_cards(frame, groups, tell("sentences"))


def _name_groups(frame: layout.Frame, groups: Groups) -> list[tuple[str, Group]]:
    """Return the figures of each register with the name of its area, and its own if the area has several."""
    several = {area for area, *_ in groups if sum(key[0] == area for key in groups) > 1}
    return [
        (", ".join([frame.marked_name(area), *([source] if area in several else [])]), group)
        for (area, source, *_), group in groups.items()
    ]


def _select_statistics(groups: Groups, statistics: Mapping[str, str]) -> dict[tuple[str, ...], Group]:
    return {key: {code: row for code, row in group.items() if code in statistics} for key, group in groups.items()}
