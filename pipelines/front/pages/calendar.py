"""Compose the page of the release calendar, which the service writes on request: it changes between releases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pipelines import words
from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.design.components import Markup
from pipelines.front import pages
from pipelines.front.pages import Page
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, period_field
from pipelines.publication.releases.calendar import PlannedRelease
from pipelines.publication.releases.correction_notices import CorrectionNotice
from pipelines.publication.releases.preview import PreviewReader
from pipelines.publication.releases.publications import Publication
from pipelines.words.language import tell

OPEN_CURRENT: Final = mark("Open this page in the current release")
"""Link of each page of a withdrawn release."""
UNCHECKED: Final = mark(
    "It cannot be checked at the moment whether this release was withdrawn, or whether figures in it turned out to be "
    "wrong."
)
"""Notice on each page while the files that would say so are damaged."""
_KEPT: Final = mark("Its figures stay here for those who have quoted them.")
CALENDAR: Final = "calendar"
"""Name of the page, which is not part of a release."""


@dataclass(frozen=True)
class ReleaseRecord:
    """Content of the page. `readers` see a draft before; `keys` are those that sign: id and file."""

    planned: Sequence[PlannedRelease]
    publications: Sequence[Publication]
    notices: Sequence[CorrectionNotice]
    keys: Sequence[tuple[str, str]]
    readers: Sequence[PreviewReader] = ()


def compose_calendar(reader: Reader, record: ReleaseRecord) -> Page:
    """Return the page of the release calendar."""
    title = tell("Release calendar")
    return Page(
        pages.name_file(CALENDAR),
        "calendar.html",
        pages.RELEASES,
        title,
        title,
        lead=_describe_times(record),
        values={
            "planned": _compose_planned(reader, record),
            "published": _compose_published(reader, record),
            "notices": _compose_notices(reader, record),
            "readers": _compose_readers(reader, record),
            "keys": list(_list_keys(record)),
            "source": _state_source(reader, title),
        },
        address=f"/{reader.lang}/{pages.name_file(CALENDAR)}",
    )


def _state_source(reader: Reader, title: str) -> str:
    """Return the citation of the page without its address; it names no release, because the page is in none."""
    invented = [tell(words.DEMONSTRATION)] if reader.edition.is_demonstration else []  # marked in words.citations
    return " ".join([f"{title}.", f"{tell('Regional trafficking indicators')}.", *invented])


def _describe_times(record: ReleaseRecord) -> str:
    """Return when releases become public, which also holds for those that were published without an announcement."""
    announced = {entry.release for entry in record.planned if entry.moment is not None}
    if all(publication.release in announced for publication in record.publications):
        return tell("Each release is announced with its exact time. It is not public before then.")
    return tell(
        "Releases are announced here with their exact time, and are not public before then. The table of published "
        "releases shows which of them were not announced."
    )


def format_minute(moment: datetime) -> str:
    """Return a day and a minute in the reader's language."""
    return tell("{day}, {time} UTC", day=words.format_day(moment.date()), time=moment.strftime("%H:%M"))


def describe_next(planned: PlannedRelease | None) -> str:
    """Return when the next release appears, for the foot of each page; empty if none is announced."""
    if planned is None or planned.moment is None:
        return ""
    return tell("Next release: {release}, {minute}.", release=planned.release, minute=format_minute(planned.moment))


def describe_withdrawal(release: str, rollback: Publication) -> str:
    """Return the sentences for the pages of a release that a rollback withdrew: when, why, and that it stays."""
    day = words.format_day(clock.parse_time(rollback.published_at).date())
    sentence = tell(
        "Release {release} was withdrawn on {day}. Reason: {reason}",
        release=release,
        day=day,
        reason=rollback.reason or "–",
    )
    return f"{sentence} {tell(_KEPT)}"


def _compose_planned(reader: Reader, record: ReleaseRecord) -> FigureTable | None:
    """Return the releases that are announced and not published, the next one first; None if there are none."""
    published = {publication.release for publication in record.publications}
    planned = [entry for entry in record.planned if entry.release not in published]
    if not planned:
        return None
    columns = [tell("Published at"), tell("Previously announced for"), tell("Reason for the change")]
    table = FigureTable(
        reader, tell("Announced releases"), tell("Release"), columns, is_text=True, name="announced", is_quiet=True
    )
    for entry in planned:
        earlier = "; ".join(format_minute(clock.parse_time(moment)) for moment in entry.earlier)
        when = format_minute(entry.moment) if entry.moment is not None else tell("cancelled")
        table.add_row(entry.release, (when, earlier, entry.reason))
    return table


def _compose_published(reader: Reader, record: ReleaseRecord) -> FigureTable:
    """Return the publications and rollbacks, newest first."""
    has_notes = any(publication.action == "rollback" for publication in record.publications)
    columns = [tell("Published"), tell("Announced for"), *([tell("Note")] if has_notes else [])]
    table = FigureTable(
        reader, tell("Published releases"), tell("Release"), columns, is_text=True, name="published", is_quiet=True
    )
    planned = {entry.release: entry.moment for entry in record.planned}
    for publication in reversed(record.publications):
        address = f"/releases/{publication.release}/{reader.lang}/"
        announced = planned.get(publication.release)
        note = (
            tell("Made current again: {reason}", reason=publication.reason) if publication.action == "rollback" else ""
        )
        table.add_row(
            Markup('<a href="{}">{}</a>').format(address, publication.release),
            (
                format_minute(clock.parse_time(publication.published_at)),
                format_minute(announced) if announced is not None else tell("not announced"),
                *([note] if has_notes else []),
            ),
        )
    return table


def _list_keys(record: ReleaseRecord) -> Iterator[tuple[str, str]]:
    """Yield the name of each key that signs, by the day from which releases have its signature, and its address."""
    for identity, file in record.keys:
        days = [clock.parse_time(entry.published_at) for entry in record.publications if entry.key_id == identity]
        name = (
            tell("Public key of releases since {day}", day=words.format_day(min(days).date()))
            if days
            else tell("Public key that has not signed a release yet")
        )
        yield name, f"/keys/{file}"


def _compose_notices(reader: Reader, record: ReleaseRecord) -> FigureTable | None:
    """Return the notices on corrected figures, newest first; None if there are none."""
    if not record.notices:
        return None
    columns = [tell("Territory"), tell("Period"), tell("Published"), tell("Note")]
    table = FigureTable(
        reader, tell("Notices on corrected figures"), tell("Release"), columns, is_text=True, name="notices",
        is_quiet=True,
    )  # fmt: skip
    for notice in reversed(record.notices):
        period = period_field(notice.period) if notice.period else tell("all periods")
        issued = words.format_day(clock.parse_time(notice.issued_at).date())
        table.add_row(notice.release, (reader.marked_name(notice.area), period, issued, notice.text))
    return table


def _compose_readers(reader: Reader, record: ReleaseRecord) -> FigureTable | None:
    """Return the people who see a draft before its release; None if there are none."""
    if not record.readers:
        return None
    columns = [tell("Organisation"), tell("Reason"), tell("Added on")]
    title = tell("Who sees a draft before its release")
    table = FigureTable(reader, title, tell("Name"), columns, is_text=True, name="readers", is_quiet=True)
    for person in record.readers:
        since = words.format_day(clock.parse_time(person.since).date())
        table.add_row(person.name, (person.organisation, person.reason, since))
    return table
