"""Choose what a brief contains: the headlines, pictures and tables of a page, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.design.components import Part
from pipelines.front import pages, pictures, sentences
from pipelines.front.edition import CONVICTED, CONVICTION_RATIO, Edition
from pipelines.front.pages import Page, Section
from pipelines.front.pages.home import compose_home, compose_ratios
from pipelines.front.pages.territories import compose_comparison, compose_profile
from pipelines.front.pictures import PictureFile
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words.language import tell

TERRITORY_PAGES, REGION_PAGES = 2, 4
_OPTIONAL = ("outcomes", "durations", "breakdown")
"""Parts of a profile that a brief has as far as there is room, the most important first."""


@dataclass(frozen=True)
class Chapter:
    """A part of a brief with a heading. One that is optional is left out if the brief would be too long."""

    heading: str
    texts: Sequence[Part] = ()
    picture: PictureFile | None = None
    tables: Sequence[FigureTable] = ()
    starts_page: bool = False
    is_optional: bool = False


@dataclass(frozen=True)
class Brief:
    """A brief: the page on which it is based, its chapters, and how many pages it has at most."""

    page: Page
    kind: str
    chapters: Sequence[Chapter]
    most_pages: int


def find_brief(reader: Reader, file: str) -> Brief | None:
    """Return the brief with the name of a file, or None if the release has no such brief."""
    edition = reader.edition
    for crime in (crime for crime in CRIMES if edition.has_crime(crime)):
        if file == pages.name_brief_file("", crime):
            return compose_region(reader, crime)
        for area in edition.territories:
            if file == pages.name_brief_file(area, crime):
                return compose_territory(reader, crime, area)
    return None


def list_briefs(edition: Edition) -> list[str]:
    """Return the names of the files of all briefs of a release."""
    return [
        pages.name_brief_file(area, crime)
        for crime in CRIMES
        if edition.has_crime(crime)
        for area in ("", *edition.territories)
    ]


def compose_territory(reader: Reader, crime: str, area: str) -> Brief:
    """Return the brief on one territory."""
    page = compose_profile(reader, crime, area)
    sections: dict[str, Section] = {section.anchor: section for section in page.values["sections"]}
    chapters = [Chapter(heading, (text,)) for heading, text in page.values["headlines"]]
    if page.values["trend"]:
        chapters.append(Chapter(tell("Convictions over time"), picture=page.values["trend"]))
    chapters.append(
        Chapter(tell("From investigation to sentence"), (page.values["no_funnel"],), tables=[page.values["stages"]])
    )
    chapters.append(
        Chapter(
            tell("Territories compared"),
            (tell(sentences.NO_RANKING),),  # marked in sentences
            pictures.draw_ratios(reader, crime, CONVICTION_RATIO),
            starts_page=True,
        )
    )
    for anchor in (anchor for anchor in _OPTIONAL if anchor in sections):
        section = sections[anchor]
        chapters.append(Chapter(section.title, section.texts, tables=section.tables, is_optional=True))
    chapters.append(_explain_figures())
    return Brief(page, tell("Territory brief"), chapters, TERRITORY_PAGES)


def compose_region(reader: Reader, crime: str) -> Brief:
    """Return the brief on the region."""
    page = compose_home(reader, crime)
    values = page.values
    first, final = compose_comparison(reader, crime).values["tables"]
    chapters = [Chapter(heading, (text,)) for heading, text in values["headlines"]]
    chapters += [
        Chapter(tell("Convictions over time"), picture=values["trend"], tables=[values["trend_table"]]),
        Chapter(
            tell("Territories compared"),
            (values["no_funnel"], values["no_ranking"]),
            tables=[first],
            starts_page=True,
        ),
        Chapter(tell("Convictions in each territory"), picture=pictures.draw_territories(reader, crime, CONVICTED)),
        Chapter(
            str(values["ratio_title"]),
            (values["pairs"],),
            values["ratio"],
            [compose_ratios(reader, crime, CONVICTION_RATIO, has_cover=False)],
            starts_page=True,
        ),
        Chapter(words.TRACKS["final"], tables=[final], is_optional=True),
        Chapter(tell("Who has reported"), picture=values["board"], tables=[values["board_table"]], starts_page=True),
        _explain_figures(),
    ]
    return Brief(page, tell("Regional brief"), chapters, REGION_PAGES)


def _explain_figures() -> Chapter:
    """Return what a reader needs to know about every figure."""
    few, explanation = words.LEGEND["few"]
    withheld, hidden = words.LEGEND["withheld"]
    texts = (
        tell(sentences.WHY_INTERVAL),  # marked in sentences
        tell(sentences.CLEAR),  # marked in sentences
        f"{words.language.upper_first(few)}: {words.language.lower_first(explanation)}",
        f"{words.language.upper_first(withheld)}: {words.language.lower_first(hidden)}",
    )
    return Chapter(tell("How to read the figures"), texts)
