"""Pictures of the demonstration release: legible in each language and layout, with their footnotes; the map."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import words
from pipelines.core import i18n
from pipelines.core.home import open_home
from pipelines.front import pictures
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.edition import CONVICTED, CONVICTION_RATIO, Edition
from pipelines.front.pictures import Picture
from pipelines.front.queries import CRIMES, STAGES, read_tables
from pipelines.front.reader import Reader
from pipelines.publication.releases.publish import find_current_release
from pipelines.words.language import read_in
from tests.support.drawings import assert_legible
from tests.support.editions import make_edition

CRIME = CRIMES[0]


@pytest.fixture(scope="module")
def edition(built_home: Path) -> Edition:
    release = find_current_release(open_home(built_home))
    assert release is not None
    return Edition(read_tables(release))


def draw_all(reader: Reader) -> list[Picture]:
    edition = reader.edition
    trends = [pictures.draw_trend(reader, CRIME, CONVICTED, area) for area in (edition.region, *edition.territories)]
    others = [pictures.draw_ratios(reader, CRIME, CONVICTION_RATIO), pictures.draw_board(reader)]
    stages = [pictures.draw_stages(reader, CRIME, area) for area in edition.territories]
    durations = [pictures.draw_durations(reader, CRIME, metric) for metric in edition.list_duration_metrics(CRIME)]
    return [*trends, *others, *stages, *durations, pictures.draw_territories(reader, CRIME, CONVICTED)]


@pytest.mark.parametrize("language", i18n.list_languages())
def test_pictures_are_legible_and_have_their_notes(edition: Edition, language: str) -> None:
    with read_in(language):
        reader = Reader(edition, language)
        for picture in draw_all(reader):
            for width in (WIDE, NARROW):
                read = assert_legible(picture.draw(width))
                for mark in filter(None, map(reader.footnote_mark, edition.territories)):
                    assert f"{picture.caption} {read.words}".count(mark) != 1, (picture.name, "a mark without its note")


def test_stages_have_the_counts_of_the_release_and_what_ended_at_their_side(edition: Edition) -> None:
    reader, year = Reader(edition, "en"), edition.choose_year(CRIME)
    for area in edition.territories:
        read = assert_legible(pictures.draw_stages(reader, CRIME, area).draw(WIDE))
        for measure in STAGES["first"]:
            cell = edition.find_total(CRIME, measure, area, year)
            assert words.stage_name(measure) in read.words
            if cell is not None and cell["value"] is not None:
                assert f"{cell['value']:.0f}" in read.words, (area, measure)
        exits = [
            row
            for row in edition.tables["exit"]
            if (row["area"], row["offence_group"], row["period"]) == (area, CRIME, year)
            and row["level"] in ("prosecution", "first")
        ]
        assert all(f"{reader.find_label('measure', row['measure'])}: " in read.words for row in exits), area


def test_map_links_the_profile_of_every_territory(edition: Edition) -> None:
    reader = Reader(edition, "en")
    drawn = pictures.draw_map(reader, CRIME)
    assert drawn is not None
    for code in edition.territories:
        assert drawn.count(f'<a href="territory-{code.lower()}.html"') == 2, "once in each layout"
    assert "Security Council resolution 1244" in drawn


def test_region_without_declared_places_has_no_map() -> None:
    assert pictures.draw_map(Reader(make_edition(), "en"), CRIME) is None
