"""Compose the pages of a release in the language of a reader: what each shows, before a template writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines import words
from pipelines.design.components import Part
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words import Row, coverage, regions
from pipelines.words.language import tell

HOME, TERRITORIES, INDICATORS = "index", "territories", "indicators"
VICTIMS, SENTENCES = "victims", "sentences"
QUALITY, RELEASES, METHODOLOGY, ACCESSIBILITY = "quality", "releases", "methodology", "accessibility"
DATA, LAW, PRACTICE, COOPERATION = "data", "law", "practice", "cooperation"
MONITORING, ARTICLES = "monitoring", "law_articles"
TYPES, BASES, EXCHANGE, TEAMS = "cooperation_types", "cooperation_bases", "informal_exchange", "joint_teams"
OF_ONE_CRIME = (HOME, TERRITORIES, INDICATORS, VICTIMS, SENTENCES, COOPERATION)
"""Main pages that each crime of a release has, if need be as a page that says that there is nothing."""


@dataclass(frozen=True)
class Page:
    """One page: the name of its file, its template and place in the navigation, and what the template shows.

    `views` are the same page for each crime: text, address, and whether it is this page. `crime` is the one that the
    page is about, which its links keep; empty for a page about both. `area` is the territory of a profile.
    `demonstration` is the notice on the page of a demonstration if not every figure of the page is invented.
    `address` is the path of a page that is not part of a release.
    """

    file: str
    template: str
    section: str
    title: str
    description: str
    coverage: str = ""
    lead: str = ""
    views: Sequence[tuple[str, str, bool]] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    crime: str = ""
    area: str = ""
    demonstration: str = ""
    address: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a profile that is folded: its anchor, its title, sentences, tables, and pictures."""

    anchor: str
    title: str
    texts: Sequence[Part] = ()
    tables: Sequence[FigureTable] = ()
    pictures: Sequence[Any] = ()


def cite_page(reader: Reader, page: Page, demonstration: str) -> str:
    """Return the citation of a page without its address: title, coverage, publisher and release.

    `demonstration` is the notice that figures of the page are invented, empty if they are not.
    """
    release = tell("Regional trafficking indicators, release {release}.", release=reader.edition.id)
    return " ".join(part for part in (f"{page.title}.", page.coverage, release, demonstration) if part)


def cite_regional(reader: Reader, by_period: Mapping[str, Row | None]) -> str:
    """Return the periods of the regional figures of a page, and how many territories are in them, for its citation."""
    cover = regions.count_territories(list(by_period.items()), len(reader.edition.territories))
    return tell(words.REGIONAL_COVER, cover=cover)  # marked in words.citations


def name_crimes(reader: Reader) -> str:
    """Return the sentence that a page is about both crimes, whichever of them its links keep."""
    return coverage.name_crimes(reader.name_crime(crime) for crime in CRIMES)


def name_file(name: str, crime: str = "") -> str:
    """Return the file of a page; the pages of the first crime have the shorter name."""
    suffix = f"-{crime.lower()}" if crime not in ("", CRIMES[0]) else ""
    return f"{name.replace('_', '-').lower()}{suffix}.html"


def find_crime_of_file(file: str) -> str:
    """Return the crime that the name of a page's file ends with; empty for the first crime and for both."""
    return next((crime for crime in CRIMES[1:] if file.endswith(f"-{crime.lower()}.html")), "")


def name_territory_file(territory: str, crime: str) -> str:
    """Return the file of the profile of a territory."""
    return name_file(f"territory-{territory}", crime)


def name_indicator_file(indicator: str, crime: str) -> str:
    """Return the file of the page of an indicator."""
    return name_file(f"indicator-{indicator}", crime)


def name_brief_file(area: str, crime: str) -> str:
    """Return the file of a brief; `area` is empty for the region."""
    return name_file(f"brief-{area}" if area else "brief", crime).replace(".html", ".pdf")


def name_meeting_file(area: str, crime: str) -> str:
    """Return the file of the first slide of a meeting; `area` is empty for the region."""
    return name_brief_file(area, crime).replace("brief", "meeting", 1).replace(".pdf", ".html")


def name_table(reader: Reader, name: str, crime: str, caption: str) -> str:
    """Return the caption of a table of one indicator, which names it and the crime: a saved table has no heading."""
    return f"{name}, {reader.name_crime(crime)}. {caption}"


def name_picture(name: str, crime: str = "") -> str:
    """Return the name of the files of a picture, without the ending."""
    return name_file(name, crime).removesuffix(".html")


def list_views(reader: Reader, files: Mapping[str, str], crime: str) -> list[tuple[str, str, bool]]:
    """Return the links to one page for each crime that has it; `files` are their files by crime."""
    if len(files) < 2:
        return []
    return [(reader.find_label("offence_group", code), file, code == crime) for code, file in files.items()]
