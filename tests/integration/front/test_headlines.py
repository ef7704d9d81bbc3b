"""The headlines of static pages name everything that their figures are not a total of, in every language.

Headlines are quoted alone: on slides, in briefs, in the descriptions that search engines show, and by readers. What
must be in them is read from the release and from the code lists, and not from the code that writes them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.core import codes, i18n
from pipelines.core.home import open_home
from pipelines.front import pages
from pipelines.front.briefs import compose as briefs
from pipelines.front.briefs.meeting import list_slides
from pipelines.front.build import compose_pages
from pipelines.front.edition import CONVICTED, CONVICTION_RATIO, Edition
from pipelines.front.pages import Page
from pipelines.front.queries import CRIMES, read_tables
from pipelines.front.reader import Reader, open_reader
from pipelines.publication.releases.publish import find_current_release
from pipelines.words.language import read_in

Row = Mapping[str, Any]
ENOUGH = 20
REGION, FEWEST = "WB", 4
DOUBLED = re.compile(r"\b(\w{4,}),? \1\b", re.IGNORECASE)
"""A word that follows itself."""


@dataclass(frozen=True)
class Figures:
    """The figures of a release that headlines are about, read from its tables."""

    path: Path

    def read_rows(self, statement: str) -> list[dict[str, Any]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            cursor = connection.execute(statement)
            columns = [column[0] for column in cursor.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    @cached_property
    def totals(self) -> dict[tuple[str, str, str, str], Row]:
        """Return yearly totals of persons and of victims by crime, measure, area and year."""
        rows = self.read_rows(
            "select distinct area, area_kind, offence_group, measure, period, value, reporters, flags, n_reported,"
            " n_expected from cell where freq = 'A' and is_total and statistic = 'count'"
            " and (count_unit = 'person' or measure = 'victims_detected' and victim_status = '_T')"
        )
        return {(row["offence_group"], row["measure"], row["area"], row["period"]): row for row in rows}


@dataclass(frozen=True)
class Headline:
    """A text that may be quoted alone, and what it must name: labels in its language, and figures."""

    file: str
    text: str
    labels: tuple[str, ...]
    figures: tuple[Row | None, ...] = ()

    def list_missing_parts(self, n_territories: int) -> list[str]:
        """Return what the text must name and does not."""
        text = self.text.casefold()
        missing = [label for label in self.labels if label.casefold() not in text]
        brackets = [re.findall(r"\d+", group) for group in re.findall(r"\(([^()]*)\)", self.text)]
        for row in filter(None, self.figures):
            present = [code for code in str(row["reporters"] or "").split(",") if code]
            if row["value"] is None or (row["area_kind"] == "region" and len(present) < FEWEST):
                continue
            value = f"{row['value']:.0f}"
            if value not in re.sub(r"(?<=\d)[,\u202f](?=\d{3}\b)", "", self.text):
                missing.append(value)
            if row["area_kind"] == "region":
                whole = str(n_territories)
                cover = [whole] if len(present) == n_territories else [str(len(present)), whole]
                missing += [f"coverage {cover}"] if cover not in brackets else []
            elif len(present) < row["n_expected"] and [str(len(present)), str(row["n_expected"])] not in brackets:
                missing.append(f"{len(present)} of {row['n_expected']} parts")
        return missing


class Composed:
    """The pages of a release in one language."""

    def __init__(self, edition: Edition, figures: Figures, code: str) -> None:
        self.figures, self.code = figures, code
        with read_in(code):
            self.reader: Reader = open_reader(edition, code)
            self.pages = {page.file: page for page in compose_pages(self.reader)}

    def name_area(self, area: str) -> str:
        return self.reader.area_name(area)

    def find_label(self, codelist: str, code: str) -> str:
        return codes.get_code_label(codelist, code, self.code)

    def list_headlines(self) -> Iterator[Headline]:
        for page in self.pages.values():
            if page.crime and page.template in ("home.html", "territory.html", "indicator.html", "victims.html"):
                yield from self._list_headlines_of(page)

    def list_ratio_headlines(self) -> Iterator[tuple[str, str, str]]:
        """Yield the headline, the crime and the metric of each page of a ratio between two stages."""
        for crime in CRIMES:
            for metric in self.reader.edition.list_ratio_metrics(crime):
                page = self.pages[pages.name_indicator_file(metric, crime)]
                yield str(page.values["headline"]), crime, metric

    def _list_headlines_of(self, page: Page) -> Iterator[Headline]:
        crime, values, edition = page.crime, page.values, self.reader.edition
        crime_name, region = self.find_label("offence_group", crime), self.name_area(REGION)
        year = edition.choose_year(crime)
        earlier = str(int(year) - 1)
        if page.template == "home.html":
            rows = [self.figures.totals.get((crime, CONVICTED, REGION, period)) for period in (earlier, year)]
            (_, changed), (_, reported), (_, certain) = values["headlines"]
            for text in (changed, page.description):
                yield Headline(page.file, text, (region, crime_name, earlier, year), tuple(rows))
            yield Headline(page.file, reported, (region, crime_name))
            yield Headline(page.file, certain, (region, crime_name, year), (rows[1],))
        elif page.template == "territory.html":
            area = next(code for code in edition.territories if pages.name_territory_file(code, crime) == page.file)
            name = self.name_area(area)
            rows = [self.figures.totals.get((crime, CONVICTED, area, period)) for period in (earlier, year)]
            (_, changed), (_, compared), (_, state) = values["headlines"]
            for text in (changed, page.description):
                yield Headline(page.file, text, (name, crime_name, earlier, year), tuple(rows))
            ratio = self.reader.metric_name(CONVICTION_RATIO)
            yield Headline(page.file, compared, (name, crime_name, ratio, region))
            yield Headline(page.file, state, (name,))
        elif page.template == "victims.html":
            year = edition.choose_victim_year(crime)
            row = self.figures.totals.get((crime, "victims_detected", REGION, year))
            yield Headline(page.file, values["headline"], (region, crime_name), (row,))
            assert page.description == values["headline"]
            if values["changed"]:
                yield Headline(page.file, values["changed"], (region, crime_name, year), (row,))
        else:
            yield from self._list_headlines_of_indicator(page, crime_name, region, year)

    def _list_headlines_of_indicator(self, page: Page, crime_name: str, region: str, year: str) -> Iterator[Headline]:
        crime, values, edition = page.crime, page.values, self.reader.edition
        assert page.description == values["headline"]
        measure = next(
            (code for (_, code) in edition.counting if pages.name_indicator_file(code, crime) == page.file), None
        )
        if measure is not None:
            row = self.figures.totals.get((crime, measure, REGION, year))
            name = self.find_label("measure", measure)
            yield Headline(page.file, values["headline"], (region, crime_name, name, year), (row,))
        else:
            metric = next(m for m in edition.metrics if pages.name_indicator_file(m, crime) == page.file)
            name, by_area = self.reader.metric_name(metric), edition.find_durations(metric, crime)
            if by_area:
                areas = tuple(self.name_area(area) for area in by_area)
                yield Headline(page.file, values["headline"], (crime_name, name, *areas))
                n_named = values["headline"].casefold().count(crime_name.casefold())
                assert n_named == len(by_area), "in each sentence"
                return
            period = next(iter(re.findall(r"\d{4}", values["headline"])))
            yield Headline(page.file, values["headline"], (region, crime_name, name, period))
            row = None
        if values["changed"]:
            yield Headline(page.file, values["changed"], (region, crime_name, name), (row,) if row else ())


@pytest.fixture(scope="module")
def figures(built_home: Path) -> Figures:
    release = find_current_release(open_home(built_home))
    assert release is not None
    return Figures(release / "release.duckdb")


@pytest.fixture(scope="module")
def edition(figures: Figures) -> Edition:
    return Edition(read_tables(figures.path.parent))


@pytest.mark.parametrize("code", list(i18n.language_names()))
def test_headlines_name_territory_crime_period_and_coverage(edition: Edition, figures: Figures, code: str) -> None:
    composed = Composed(edition, figures, code)
    headlines = list(composed.list_headlines())
    assert len(headlines) > 150
    missing = {f"{headline.file}: {headline.text}": parts for headline in headlines
               if (parts := headline.list_missing_parts(len(edition.territories)))}  # fmt: skip
    assert missing == {}
    doubled = [headline.text for headline in headlines if DOUBLED.search(headline.text)]
    assert doubled == [], "such as: trafficking in persons, persons convicted"


def test_headline_without_one_of_its_parts_is_found(edition: Edition, figures: Figures) -> None:
    headline = next(each for each in Composed(edition, figures, "en").list_headlines() if each.file == "index-som.html")
    assert headline.list_missing_parts(7) == []
    for part in ("Western Balkans", "smuggling of migrants", "2024", "6 of 7"):
        changed = Headline(headline.file, headline.text.replace(part, ""), headline.labels, headline.figures)
        assert changed.list_missing_parts(7), part


def test_figures_of_few_have_the_word_in_the_headline_of_a_profile(edition: Edition, figures: Figures) -> None:
    composed, n_few = Composed(edition, figures, "en"), 0
    for headline in composed.list_headlines():
        if headline.file.startswith("territory-") and headline.figures:
            for row in filter(None, headline.figures):
                is_few = row["value"] is not None and row["value"] < ENOUGH
                n_few += is_few
                if row["value"] is not None:
                    match = re.search(rf"(?<!\d){row['value']:.0f} \(few\) in {row['period']}", headline.text)
                    assert bool(match) == is_few, headline.text
    assert n_few > 5


def test_ratio_of_the_region_says_in_a_sentence_of_its_own_what_is_few(edition: Edition, figures: Figures) -> None:
    rows = figures.read_rows(
        "select metric, offence_group, period, state, default_rule from stage_ratio where area_kind = 'region'"
        " and count_unit = 'person' and value is not null and is_default"
    )
    states = {(row["offence_group"], row["metric"], row["period"]): row for row in rows}
    composed, counted = Composed(edition, figures, "en"), Counter[str]()
    for headline, crime, metric in composed.list_ratio_headlines():
        period = re.search(r"\(.*?\), (?:the years )?(\d{4})(?: to (\d{4}))?:", headline)
        row = states.get((crime, metric, "-".join(filter(None, period.groups())) if period else ""))
        is_few = row is not None and row["state"] == "too_few"
        few_side = "the part or in the rest" if row and row["default_rule"] == "nested" else "one of the two counts"
        counted[few_side if is_few else "enough"] += row is not None
        assert (f". Fewer than {ENOUGH} in {few_side}: too few to compare." in headline) == is_few, headline
        assert headline.count("too few") == is_few and "with care" not in headline, headline
    assert counted["the part or in the rest"] >= 2 and counted["enough"] > 5, counted


def test_slides_and_briefs_have_the_headlines_of_their_page(edition: Edition) -> None:
    with read_in("en"):
        reader = open_reader(edition, "en")
        for crime in ("TIP", "SOM"):
            composed = [briefs.compose_region(reader, crime)]
            composed += [briefs.compose_territory(reader, crime, area) for area in edition.territories]
            for brief in composed:
                headlines = brief.page.values["headlines"]
                first_slides = list_slides(brief)[: len(headlines)]
                assert [(slide.title, *slide.texts) for slide in first_slides] == headlines, brief.page.file
