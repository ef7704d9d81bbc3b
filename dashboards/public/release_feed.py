"""Write the Atom feed of releases: publications with what they correct, rollbacks, and notices on wrong figures.

The feed follows RFC 4287. All of it comes from files below `public/`. Each entry that concerns some territories names
them, with the footnotes of their names, and has each as a category, so that a reader can filter by territory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import polars as pl

from pipelines import words
from pipelines.dissemination.table_titles import name_table
from pipelines.front.pages.calendar import CALENDAR, ReleaseRecord, describe_withdrawal
from pipelines.publication.releases.correction_notices import CorrectionNotice
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.publications import Publication, find_withdrawals
from pipelines.words import Row
from pipelines.words.areas import name_areas
from pipelines.words.language import tell

FEED: Final = "releases.atom"
_ENTRIES: Final = 50
"""Newest entries of the feed."""


@dataclass(frozen=True, slots=True)
class ReleaseChanges:
    """Changes that a release made to figures of the release before it, which is `previous`.

    `count` is the number of figures, `areas` are the codes of their territories, `tables` the names of their tables.
    """

    previous: str
    count: int
    areas: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry. `updated` is its time, `areas` are the codes of the territories that it concerns."""

    updated: str
    identity: str
    title: str
    summary: str
    path: str
    areas: tuple[str, ...] = ()


def write_feed(release: Path, record: ReleaseRecord, lang: str, address: str) -> bytes:
    """Return publications, rollbacks and notices as an Atom feed in the reader's language, newest first.

    `release` is the folder of the current release, whose names of areas the feed has, `lang` the tag of the language,
    and `address` the public one of the site.
    """
    from xml.etree.ElementTree import Element, SubElement, tostring

    changes = {line.release: read_changes(release.parent / line.release) for line in record.publications}
    names = _name_areas(release) if record.notices or any(changes.values()) else {}
    withdrawals = find_withdrawals(record.publications)
    entries = [
        _describe_publication(line, withdrawals.get(line.release), changes[line.release], names, lang)
        for line in record.publications
    ]
    entries += [_describe_notice(notice, names, lang) for notice in record.notices]
    entries.sort(key=lambda entry: (entry.updated, entry.identity), reverse=True)
    feed = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": lang})
    SubElement(feed, "title").text = tell("Regional trafficking indicators: releases and corrections")
    SubElement(feed, "id").text = _make_tag(f"feed-{lang}")
    SubElement(feed, "updated").text = max((entry.updated for entry in entries), default="1970-01-01T00:00:00Z")
    SubElement(feed, "link", {"rel": "self", "href": f"{address}/{lang}/{FEED}"})
    author = SubElement(feed, "author")
    SubElement(author, "name").text = tell("Regional trafficking indicators")
    for item in entries[:_ENTRIES]:
        entry = SubElement(feed, "entry")
        SubElement(entry, "title").text = item.title
        SubElement(entry, "id").text = _make_tag(item.identity)
        SubElement(entry, "updated").text = item.updated
        SubElement(entry, "link", {"href": address + item.path})
        for code in item.areas:
            SubElement(entry, "category", {"term": code, "label": _name_area(code, names)})
        footnotes = dict.fromkeys(str(names[code]["footnote"]) for code in item.areas if code in names)
        SubElement(entry, "summary").text = " ".join(filter(None, (item.summary or item.title, *footnotes)))
    return bytes(tostring(feed, encoding="utf-8", xml_declaration=True))


@lru_cache(maxsize=64)
def read_changes(folder: Path) -> ReleaseChanges | None:
    """Return the changes that a published release made to figures already public; None if there are none.

    A correction may also add figures; in the first release of a quarter, new figures do not count as
    changes. The tables of a release never change, so the result is cached.
    """
    path = folder / "data" / "change.parquet"
    if not path.is_file():
        return None
    rows = pl.read_parquet(path, columns=["table", "change", "area"])
    if edition_key(folder.name)[2] == 0:
        rows = rows.filter(pl.col("change") != "added")
    previous = read_manifest(folder).get("previous")
    if rows.is_empty() or previous is None:
        return None
    # Totals of the region follow from those of the territories.
    areas = rows["area"].str.extract("^([A-Z]{2})(?:_|$)").drop_nulls()
    return ReleaseChanges(previous, rows.height, _list_areas(folder, areas), tuple(rows["table"].unique().sort()))


def _list_areas(folder: Path, areas: pl.Series) -> tuple[str, ...]:
    """Return the territories among areas, in the order of the release."""
    territories = pl.read_parquet(folder / "data" / "area.parquet").filter(pl.col("area_kind") == "territory")["area"]
    changed = set(areas)
    return tuple(code for code in territories if code in changed)


def _describe_publication(
    line: Publication,
    withdrawal: Publication | None,
    changes: ReleaseChanges | None,
    names: Mapping[str, Row],
    lang: str,
) -> FeedEntry:
    path = f"/releases/{line.release}/{lang}/releases.html"
    identity = f"{line.release}-{line.published_at}"
    if line.action == "rollback":
        title = tell("Release {release} is current again", release=line.release)
        summary = tell("Made current again: {reason}", reason=line.reason)
        return FeedEntry(line.published_at, identity, title, summary, path)
    sentences = [
        describe_withdrawal(line.release, withdrawal) if withdrawal is not None else "",
        describe_changes(changes, names) if changes is not None else "",
    ]
    areas = changes.areas if changes is not None else ()
    title = tell("Release {release}", release=line.release)
    return FeedEntry(line.published_at, identity, title, " ".join(filter(None, sentences)), path, areas)


def describe_changes(changes: ReleaseChanges, names: Mapping[str, Row]) -> str:
    """Return what a release changed as a sentence; `names` are the rows of the areas by their codes."""
    return tell(
        "Figures that differ from release {previous}: {n}. Territories: {areas}. Tables: {tables}.",
        previous=changes.previous,
        n=words.format_number(changes.count),
        areas=", ".join(_name_area(code, names) for code in names if code in changes.areas) or "–",
        tables=", ".join(map(name_table, changes.tables)),
    )


def _describe_notice(notice: CorrectionNotice, names: Mapping[str, Row], lang: str) -> FeedEntry:
    title = tell(
        "Correction of figures in release {release}: {area}, {period}",
        release=notice.release,
        area=_name_area(notice.area, names),
        period=words.period_short(notice.period) if notice.period else tell("all periods"),
    )
    path = f"/{lang}/{CALENDAR}.html"
    return FeedEntry(notice.issued_at, notice.notice_id, title, notice.text, path, (notice.area,))


def _name_area(code: str, names: Mapping[str, Row]) -> str:
    return str(names[code]["name"]) if code in names else code


def _name_areas(release: Path) -> Mapping[str, Row]:
    """Return the areas of a release with their names in the reader's language, in the order of these names."""
    areas, names = (pl.read_parquet(release / "data" / f"{name}.parquet").to_dicts() for name in ("area", "area_name"))
    return name_areas(areas, names)


def _make_tag(identity: str) -> str:
    """Return a permanent id that does not depend on the address of the site."""
    return f"urn:sha256:{hashlib.sha256(identity.encode()).hexdigest()}"
