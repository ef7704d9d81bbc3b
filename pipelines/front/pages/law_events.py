"""List what changed in the law on joint teams: results of the assessment, and treaties that bind a territory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pipelines.front.charts.series import EventMark
from pipelines.front.pages.law import format_date, name_article
from pipelines.front.reader import Reader
from pipelines.words import Row
from pipelines.words.language import lower_first, make_phrase, tell

_ON_TEAMS: Final = ("UNTOC", "EU_MLA", "ETS182", "PCC_SEE")
"""Treaties against which the law on joint teams is measured."""


@dataclass(frozen=True)
class LawEvent:
    """One change: where, from which day, what it rests on, and what changed; `day` may be a month or a year.

    `source` is the document in which somebody verified it; empty for an assessment, which two people approved.
    `is_in_english` is True if `article` is named as the release has it, in English.
    """

    area: str
    day: str
    article: str
    changes: Sequence[str]
    is_verified: bool
    source: str = ""
    is_in_english: bool = False

    @property
    def year(self) -> int:
        return int(self.day[:4])


def list_law_events(reader: Reader, areas: Sequence[str], years: Sequence[int]) -> list[LawEvent]:
    """Return the changes of the law of some territories within years, oldest first.

    An assessment is in a release only after two people have approved it.  How a treaty binds a territory may be from a
    source that nobody has verified yet.
    """
    events = [*_list_assessed(reader, areas), *_list_treaties(reader, areas)]
    return sorted((event for event in events if event.year in years), key=lambda event: (event.day, event.area))


def _list_assessed(reader: Reader, areas: Sequence[str]) -> Iterator[LawEvent]:
    """Yield the days from which another law applies; a second assessment of the same law is not a change of it."""
    changed: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    before: Row = {}
    for row in reader.edition.tables["legal_assessment"]:  # in the order of area, element, treaty and day
        is_same = all(row[name] == before.get(name) for name in ("jurisdiction", "element", "treaty"))
        if row["territory"] in areas and is_same and row["applies_from"] != before["applies_from"]:
            element = reader.find_label("law_element", row["element"])
            key = (row["jurisdiction"], row["applies_from"], row["article"])
            results = changed.setdefault(key, {}).setdefault(element, [])
            if row["result"] != before["result"]:
                results.append(_describe_change(reader, row, before))
        before = row
    for (area, day, article), by_element in changed.items():
        changes = [
            f"{element}: {'; '.join(results) or tell('no change in the results')}"
            for element, results in by_element.items()
        ]
        name = name_article(article)
        yield LawEvent(area, day, name, changes, is_verified=True, is_in_english=name == article)


def _describe_change(reader: Reader, row: Row, before: Row) -> str:
    was, now = (lower_first(reader.find_label("law_status", item["result"])) for item in (before, row))
    return f"{reader.find_label('treaty', row['treaty'])}: {was} → {now}"


def _list_treaties(reader: Reader, areas: Sequence[str]) -> Iterator[LawEvent]:
    for row in reader.edition.tables["treaty_event"]:
        if row["territory"] in areas and row["treaty"] in _ON_TEAMS and row["date"]:
            name = reader.find_label("treaty_event", row["event"])
            treaty = reader.find_label("treaty", row["treaty"])
            yield LawEvent(row["territory"], row["date"], treaty, [name], bool(row["is_verified"]), row["source"])


def mark_events(
    reader: Reader, events: Sequence[LawEvent], years: Sequence[int], *, is_region: bool
) -> list[EventMark]:
    """Return the marks of events on an axis of years; a mark of the region names the territory."""
    marks = []
    for event in events:
        day = format_date(event.day)
        name = f"{day}: {f'{reader.marked_name(event.area)}, ' if is_region else ''}{event.article}"
        unverified = "" if event.is_verified else f" ({make_phrase(tell('Source not yet verified.'))})"
        spoken = f"{name}: {'; '.join(event.changes)}{unverified}"
        marks.append(EventMark(years.index(event.year) + _find_part_of_year(event.day), name + unverified, spoken))
    return marks


def _find_part_of_year(day: str) -> float:
    """Return which part of its year has passed on a day, or at the begin of a month; 0 for a whole year."""
    missing: Mapping[int, str] = {4: "-01-01", 7: "-01"}
    start = date.fromisoformat(day + missing.get(len(day), ""))
    return (start.timetuple().tm_yday - 1) / 366
