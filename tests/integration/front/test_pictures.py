"""Pictures of the demonstration release: legible in each language and layout, with their footnotes; the map."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipelines import words
from pipelines.core import i18n
from pipelines.core.home import open_home
from pipelines.declarations.registry import load
from pipelines.front import board_pictures, pictures
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.outlines import read_rings
from pipelines.front.edition import CONVICTED, CONVICTION_RATIO, Edition
from pipelines.front.pictures import PictureFile
from pipelines.front.queries import CRIMES, STAGES, read_tables
from pipelines.front.reader import Reader
from pipelines.publication.releases import notes
from pipelines.publication.releases.publish import find_current_release
from pipelines.words import quality
from pipelines.words.language import read_in
from tests.support.drawings import assert_legible
from tests.support.editions import MEMBERS, make_edition
from tests.support.marks_without_colour import collect_keys, find_look_alikes, find_pale_marks

CRIME = CRIMES[0]


@pytest.fixture(scope="module")
def edition(built_home: Path) -> Edition:
    release = find_current_release(open_home(built_home))
    assert release is not None
    return Edition(read_tables(release))


def draw_all(reader: Reader) -> list[PictureFile]:
    edition = reader.edition
    trends = [pictures.draw_trend(reader, CRIME, CONVICTED, area) for area in (edition.region, *edition.territories)]
    others = [pictures.draw_ratios(reader, CRIME, CONVICTION_RATIO), board_pictures.draw_board(reader)]
    stages = [pictures.draw_stages(reader, CRIME, area, track) for area in edition.territories for track in STAGES]
    durations = [pictures.draw_durations(reader, CRIME, metric) for metric in edition.list_duration_metrics(CRIME)]
    shares = [board for name in quality.SHARES if (board := board_pictures.draw_shares(reader, name))]
    assert len(shares) == len(quality.SHARES)
    return [*trends, *others, *shares, *stages, *durations, pictures.draw_territories(reader, CRIME, CONVICTED)]


@pytest.mark.sampled(turn=1)
@pytest.mark.parametrize("language", i18n.list_languages())
def test_pictures_are_legible_and_have_their_notes(edition: Edition, language: str) -> None:
    with read_in(language):
        reader = Reader(edition, language)
        for picture in draw_all(reader):
            for width in (WIDE, NARROW):
                read = assert_legible(picture.draw(width))
                for mark in filter(None, map(reader.footnote_mark, edition.territories)):
                    assert f"{picture.caption} {read.words}".count(mark) != 1, (picture.name, "a mark without its note")


def test_marks_of_each_picture_are_told_apart_without_colour(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    with read_in("en"), collect_keys(monkeypatch) as collected:
        for picture in draw_all(Reader(edition, "en")):
            picture.draw(WIDE)
    assert len(collected) > 20 and sum(map(len, collected)) > 60
    for keys in collected:
        assert find_look_alikes(keys) == [] and find_pale_marks(keys) == []


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


def with_map(edition: Edition, **columns: Any) -> Reader:
    """Return a reader of the release with its map as declared now, with some columns replaced."""
    rows = tuple(row | columns for row in notes.build_map(load()).iter_rows(named=True))
    return Reader(Edition({**edition.tables, "area_map": rows}), "en")


@pytest.mark.parametrize("columns", [{}, {"outline": ""}], ids=["outlines", "tiles"])
def test_map_links_the_profile_of_every_territory(edition: Edition, columns: dict[str, Any]) -> None:
    drawn = pictures.draw_map(with_map(edition, **columns), CRIME)
    assert drawn is not None
    for code in edition.territories:
        assert drawn.count(f'<a href="territory-{code.lower()}.html"') == 2, "once in each layout"
    words_only = " ".join(re.sub("<[^>]*>", " ", drawn).split())
    assert "Security Council resolution 1244" in words_only
    assert ("imply no opinion" in drawn) == (not columns), "outlines say that they are schematic"


def test_tiles_link_the_profile_of_every_territory_and_are_easy_to_choose(edition: Edition) -> None:
    drawn = pictures.draw_tiles(with_map(edition), CRIME)
    assert drawn is not None
    for code in edition.territories:
        assert drawn.count(f'<a href="territory-{code.lower()}.html"') == 2, "once in each layout"
    sides = [float(side) for size in re.findall(r'<rect [^>]*class="box"[^>]*>|<rect [^>]*>', drawn)
             for side in re.findall(r'\b(?:width|height)="([\d.]+)"', size)]  # fmt: skip
    assert len(sides) == 4 * len(edition.territories) and min(sides) >= 24
    assert "Security Council resolution 1244" in " ".join(re.sub("<[^>]*>", " ", drawn).split())


def test_neighbours_have_the_same_line_between_them(edition: Edition) -> None:
    lines: dict[frozenset[tuple[float, float]], list[str]] = {}
    for row in notes.build_map(load()).iter_rows(named=True):
        for ring in read_rings(row["outline"]):
            for ends in pairwise((*ring, ring[0])):
                lines.setdefault(frozenset(ends), []).append(row["area"])
    assert all(len(areas) <= 2 and len(set(areas)) == len(areas) for areas in lines.values())
    with_neighbour = {area for areas in lines.values() if len(areas) == 2 for area in areas}
    assert with_neighbour == set(edition.territories)


def test_region_without_declared_places_has_no_map() -> None:
    assert pictures.draw_map(Reader(make_edition(), "en"), CRIME) is None
    nowhere = [{"area": code, "tile_column": None, "tile_row": None, "outline": ""} for code in MEMBERS]
    assert pictures.draw_map(Reader(make_edition(area_map=nowhere), "en"), CRIME) is None
