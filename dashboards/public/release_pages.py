"""Serve what the public reads about releases and is not part of one: calendar, feed, notices, keys, changes.

All of it comes from files below `public/`: the calendar and the notices that the steward announced, the journal of
publications, and the keys. A draft is not among them, so no answer depends on one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import polars as pl

from dashboards.public.page_parts import TYPES, complete_addresses, make_part
from dashboards.public.release_feed import FEED, write_feed
from pipelines.core import clock, i18n
from pipelines.dissemination.table_titles import name_table
from pipelines.front.pages.calendar import CALENDAR, ReleaseRecord
from pipelines.front.pages.releases import CHANGES
from pipelines.front.queries import CRIMES
from pipelines.publication.releases.calendar import read_calendar
from pipelines.publication.releases.changes import ReleaseComparison, compare_folders
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.formats import format_csv
from pipelines.publication.releases.listing import find_previous_edition
from pipelines.publication.releases.preview import read_preview_list
from pipelines.publication.releases.public_records import read_unless_damaged
from pipelines.publication.releases.publications import read_publications
from pipelines.publication.releases.publish import find_current_release
from pipelines.publication.releases.signature import RELEASE_KEYS
from pipelines.web.security_headers import EMBEDDED_POLICY, STRICT_POLICY
from pipelines.words.language import read_in, tell

if TYPE_CHECKING:
    from icalendar import Event
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pipelines.core.home import Home
    from pipelines.publication.releases.calendar import PlannedRelease

ICS: Final = f"{CALENDAR}.ics"
_ADDRESS: Final = re.compile(
    rf"/(?P<lang>[A-Za-z-]+)/(?P<file>{CALENDAR}(?:-(?P<crime>[a-z]+))?\.html|{re.escape(ICS)}|{re.escape(FEED)})"
)
_CHANGES: Final = re.compile(r"/releases/([0-9]{4}-Q[1-4](?:\.[0-9]+)?)/changes\.(csv|json)")
"""Changes since the previous release, or since any other: `?since=2026-Q2`."""
_CHANGES_PAGE: Final = re.compile(
    rf"/releases/(?P<release>[0-9]{{4}}-Q[1-4](?:\.[0-9]+)?)/(?P<lang>[A-Za-z-]+)/{CHANGES}(?:-(?P<crime>[a-z]+))?\.html"
)
"""The same as a page, since an earlier release."""
_TABLE: Final = re.compile(
    rf"(?:/releases/(?P<release>[0-9]{{4}}-Q[1-4](?:\.[0-9]+)?))?/(?P<lang>[A-Za-z-]+)"
    rf"/(?P<page>{CALENDAR}|{CHANGES})(?:-(?P<crime>[a-z]+))?\.(?P<name>[a-z-]+)\.(?P<ending>csv|xlsx|html)"
)
"""A table of one of these pages, as a file or to be embedded."""
_KEY: Final = re.compile(r"/keys/(release-([0-9a-f]{16})\.pub\.pem)")
_DOMAIN: Final = "releases.rti"


class ReleasePages:
    """Answer requests for the calendar, the feed and the keys; pass all others to the application.

    `address` is the public one of the site, which links in files have.
    """

    def __init__(self, app: ASGIApp, open_home: Callable[[], Home], address: str = "") -> None:
        self.app, self.open_home, self.address = app, open_home, address.rstrip("/")
        self.languages = {i18n.html_lang(code): code for code in i18n.list_languages()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            from starlette.concurrency import run_in_threadpool

            query = bytes(scope["query_string"]).decode("latin-1")
            response = await run_in_threadpool(self._respond, str(scope["path"]), query)
            if response is not None:
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _respond(self, path: str, query: str) -> Response | None:
        """Return the answer to an address of ours, or None for all others and before the first release."""
        from starlette.responses import Response

        from pipelines.core.home import HomeError

        page, key, changes = _ADDRESS.fullmatch(path), _KEY.fullmatch(path), _CHANGES.fullmatch(path)
        compared, table = _CHANGES_PAGE.fullmatch(path), _TABLE.fullmatch(path)
        written = page or compared or table
        lang, crime = (written["lang"], _name_crime(written["crime"])) if written is not None else ("", "")
        if crime is None:
            return None
        if key is None and changes is None and lang not in self.languages:
            return None
        try:
            home = self.open_home()
        except HomeError:
            return None
        if key is not None:
            pem = home.public / "keys" / key[1]
            return Response(pem.read_bytes(), media_type="application/x-pem-file") if pem.is_file() else None
        if changes is not None:
            return self._send_changes(home, changes[1], changes[2], query)
        headers = {"Cache-Control": "no-cache", "Content-Language": lang, "Content-Security-Policy": STRICT_POLICY}
        if compared is not None:
            document = self._render_changes(home, compared["release"], self.languages[lang], query, crime)
            return Response(document, 200, headers, "text/html; charset=utf-8") if document is not None else None
        if table is not None:
            return self._send_table(home, table, query, crime, headers)
        assert page is not None
        release = find_current_release(home)
        if release is None:
            return None
        name = page["file"]
        record = read_record(home)
        with read_in(self.languages[lang]):
            if name == ICS:
                content, media_type = _write_calendar(record, lang, self.address), "text/calendar"
            elif name == FEED:
                content, media_type = write_feed(release, record, lang, self.address), "application/atom+xml"
            else:
                text = complete_addresses(_render(release, self.languages[lang], record, crime), self.address)
                content, media_type = text.encode(), "text/html"
        return Response(content, 200, headers, f"{media_type}; charset=utf-8")

    def _send_changes(self, home: Home, release: str, ending: str, query: str) -> Response | None:
        """Return the changes of a public release as a file, or None if one of the releases is not public."""
        from starlette.responses import Response

        published = {line.release for line in read_publications(home)}
        choices = dict(parse_qsl(query))
        since = choices.get("since") or find_previous_edition(home, release)
        if release not in published or since not in published:
            return None
        language = self.languages.get(choices.get("lang", ""), i18n.SOURCE_LANGUAGE)
        content = _compare(home.releases / since, home.releases / release, ending, language)
        name = f"changes-{since}-{release}.{ending}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": STRICT_POLICY}
        return Response(content, 200, headers, "text/csv; charset=utf-8" if ending == "csv" else "application/json")

    def _send_table(
        self, home: Home, table: re.Match[str], query: str, crime: str, headers: dict[str, str]
    ) -> Response | None:
        """Return one table of the calendar or of a list of changes, or None without such a page or table."""
        from starlette.responses import Response

        name, language = table["release"], self.languages[table["lang"]]
        release = home.releases / name if name else find_current_release(home)
        if release is None or (table["page"] == CHANGES) != bool(name):
            return None
        if name:
            text = self._render_changes(home, name, language, query, crime)
        else:
            text = complete_addresses(_render(release, language, read_record(home), crime), self.address)
        ending = table["ending"]
        if text is None or (ending == "html" and name):
            return None
        with read_in(language):
            content = make_part(release, text, table["name"], ending, clock.now().date())
        if content is None:
            return None
        if ending == "html":
            headers = {**headers, "Content-Security-Policy": EMBEDDED_POLICY}
        else:
            file = f"{release.name}.{table['lang']}.{table['page']}.{table['name']}.{ending}"
            headers = {**headers, "Content-Disposition": f'attachment; filename="{file}"'}
        return Response(content, 200, headers, TYPES[ending])

    def _render_changes(self, home: Home, release: str, language: str, query: str, crime: str) -> str | None:
        """Return the page of the changes since an earlier release, or None if one of the two is not public.

        Its links are for a crime.
        """
        published = {line.release for line in read_publications(home)}
        earlier = sorted(
            (name for name in published if edition_key(name) < edition_key(release)), key=edition_key, reverse=True
        )
        since = dict(parse_qsl(query)).get("since") or next(iter(earlier), None)
        if release not in published or since not in earlier:
            return None
        text = _render_comparison(home.releases / since, home.releases / release, language, tuple(earlier), crime)
        return complete_addresses(text, self.address)


def _name_crime(ending: str | None) -> str | None:
    """Return the crime of a page from the end of its address: "" without an ending, None if the crime is unknown."""
    if ending is None:
        return ""
    # The first crime has the address without an ending.
    return next((crime for crime in CRIMES[1:] if crime.lower() == ending), None)


def read_record(home: Home) -> ReleaseRecord:
    """Return what the public may know about releases and drafts: only files below `public/` are read."""
    return ReleaseRecord(
        tuple(read_unless_damaged(read_calendar, home, ())),
        tuple(read_unless_damaged(read_publications, home, ())),
        tuple(read_unless_damaged(read_notices, home, ())),
        tuple((key, RELEASE_KEYS.public_path(home, key).name) for key in RELEASE_KEYS.list_public_keys(home)),
        tuple(read_unless_damaged(read_preview_list, home, ())),
    )


@lru_cache(maxsize=4)
def _compare_releases(older: Path, newer: Path) -> ReleaseComparison:
    return compare_folders(older, newer)


@lru_cache(maxsize=32)
def _render_comparison(older: Path, newer: Path, language: str, earlier: tuple[str, ...], crime: str) -> str:
    from pipelines.front.build import render_changes

    return render_changes(newer, language, _compare_releases(older, newer), older.name, earlier, crime)


@lru_cache(maxsize=16)
def _compare(older: Path, newer: Path, ending: str, language: str) -> bytes:
    """Return the list of changes between two releases, which never change, as a file: each table has its title in a
    language next to its name."""
    comparison = _compare_releases(older, newer)
    figures, schema = (_add_titles(frame, language) for frame in (comparison.figures, comparison.schema))
    if ending == "csv":
        return format_csv(figures)
    titled = replace(comparison, figures=figures, schema=schema)
    content = {"older": older.name, "newer": newer.name, **titled.as_json()}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _add_titles(frame: pl.DataFrame, language: str) -> pl.DataFrame:
    with read_in(language):
        titles = {name: name_table(name) for name in frame["table"].unique()}
    return frame.with_columns(table_title=pl.col("table").replace_strict(titles, return_dtype=pl.String))


@lru_cache(maxsize=32)
def _render(release: Path, language: str, record: ReleaseRecord, crime: str) -> str:
    from pipelines.front.build import render_calendar

    return render_calendar(release, language, record, crime)


def _write_calendar(record: ReleaseRecord, lang: str, address: str) -> bytes:
    """Return the announced releases as iCalendar. A changed date has the UID of the event that it replaces."""
    from icalendar import Calendar

    name = tell("Release calendar")
    uid = f"{hashlib.sha256(address.encode()).hexdigest()[:32]}@{_DOMAIN}"
    product = "-//Regional trafficking indicators//Releases//EN"
    calendar = Calendar.new(prodid=product, name=name, calscale="GREGORIAN", method="PUBLISH", uid=uid)
    for planned in record.planned:
        calendar.add_component(_make_event(planned, lang, address))
    return bytes(calendar.to_ical())


def _make_event(planned: PlannedRelease, lang: str, address: str) -> Event:
    from datetime import timedelta

    from icalendar import STATUS, Event

    moments = [planned.at, *reversed(planned.earlier)]
    start = clock.parse_time(next(moment for moment in moments if moment is not None))
    event = Event.new(
        uid=f"{hashlib.sha256(planned.release.encode()).hexdigest()[:32]}@{_DOMAIN}",
        stamp=clock.parse_time(planned.announced_at),
        start=start,
        end=start + timedelta(minutes=1),
        summary=tell("Release {release}", release=planned.release),
        description=planned.reason,
        url=f"{address}/{lang}/{CALENDAR}.html" if address else None,
        status=STATUS.CONFIRMED if planned.at is not None else STATUS.CANCELLED,
        sequence=len(planned.earlier),
    )
    return event
