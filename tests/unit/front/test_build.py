"""Tests of the pages of a small made-up release, among them those of a release that has almost nothing."""

from __future__ import annotations

import pytest

from pipelines.front.build import (
    cite_page,
    compose_pages,
    list_foot_links,
    list_navigation,
    name_demonstration,
)
from pipelines.front.edition import Edition
from pipelines.front.pages import name_file, name_indicator_file, name_territory_file
from pipelines.front.pages.data import compose_data
from pipelines.front.pages.law import compose_articles, compose_law
from pipelines.front.pages.methodology import compose_methodology
from pipelines.front.pages.quality import compose_quality
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_total

METRICS = [
    {"metric": name, "name": name, "definition": "", "formula": "", "caveats": "", "source": "", "is_nested": True}
    for name in ("count", "rate", "convicted_first_per_adjudicated_first")
]
RELEASE = {
    "release": "2026-Q3", "demonstration": False, "reference_period": "2026-Q3", "drafted_at": "2026-11-20T09:00:00Z",
    "pairs_tested": 0, "comparisons_tested": 0, "figures": 9, "figures_withheld": 2, "annual_totals": 4,
    "annual_totals_withheld": 1,
}  # fmt: skip

REQUESTS_ON_SMUGGLING = {
    "territory": "AA", "year": 2025, "offence_group": "SOM", "direction": "incoming", "partner": "_T",
    "measure": "requests_registered", "statistic": "count", "value": 40.0, "area_kind": "territory", "obs_status": "A",
    "conf_status": "F", "n_reported": 1, "flags": "", "basis": "reported", "age": "_T", "person_type": "_T",
    "is_total": True, "is_additive": True,
}  # fmt: skip


def list_files(edition: Edition) -> list[str]:
    return [page.file for page in compose_pages(Reader(edition, "en"))]


def test_names_of_files_are_short_for_the_first_crime() -> None:
    assert name_file("index", "TIP") == "index.html" and name_file("index", "SOM") == "index-som.html"
    assert name_territory_file("AA", "TIP") == "territory-aa.html"
    assert name_indicator_file("convicted_first", "SOM") == "indicator-convicted-first-som.html"


@pytest.mark.parametrize("totals", [[], [make_total("WB", "2026-Q3", 20.0), make_total("AA", "2026-Q3", 20.0)]])
def test_release_without_a_year_has_the_pages_that_the_navigation_names(totals: list[dict[str, object]]) -> None:
    files = list_files(make_edition(release=[RELEASE], metric=METRICS, total=totals))
    assert files == [
        "index.html", "territories.html", "indicators.html", "victims.html", "sentences.html", "cooperation.html",
        "quality.html", "releases.html", "data.html", "law.html", "law-articles.html", "practice.html",
        "monitoring.html", "methodology.html", "accessibility.html",
    ]  # fmt: skip


def test_release_with_one_year_of_one_crime_has_its_profiles_and_indicators() -> None:
    totals = [make_total(area, "2025", 60.0) for area in ("WB", "AA", "BB", "CC", "DD")]
    files = list_files(make_edition(release=[RELEASE], metric=METRICS, total=totals))
    assert {"index.html", "territory-aa.html", "territory-dd.html", "indicator-convicted-first.html"} < set(files)
    assert len(files) == len(set(files)) and not any(file.endswith("-som.html") for file in files)


def test_release_with_smuggling_alone_leads_to_it_from_the_first_page() -> None:
    totals = [make_total(area, "2025", 60.0, offence_group="SOM") for area in ("WB", "AA", "BB", "CC", "DD")]
    composed = {
        page.file: page
        for page in compose_pages(Reader(make_edition(release=[RELEASE], metric=METRICS, total=totals), "en"))
    }
    assert ("SOM", "index-som.html", False) in composed["index.html"].views
    assert "territory-aa-som.html" in composed


def test_each_crime_of_a_release_has_the_pages_that_its_navigation_names() -> None:
    totals = [make_total(area, "2025", 60.0) for area in ("WB", "AA", "BB", "CC", "DD")]
    edition = make_edition(release=[RELEASE], metric=METRICS, total=totals, cooperation=[REQUESTS_ON_SMUGGLING])
    reader = Reader(edition, "en")
    composed = {page.file: page for page in compose_pages(reader)}
    for page in composed.values():
        links = [(text, address) for text, address, _ in list_navigation(reader, page) if "?" not in address]
        linked = [address for _, address in (*links, *list_foot_links(reader, page))]
        addresses = {address for address in linked if not address.endswith(".pdf")}
        assert addresses <= set(composed), page.file
        assert {composed[address].crime for address in addresses} <= {"", page.crime or "TIP"}, page.file
    victims = composed["victims-som.html"]
    assert (victims.title, victims.crime) == ("Victims: SOM", "SOM")
    assert victims.lead == "This release has no yearly figures for this crime yet."


def test_page_without_figures_of_a_crime_with_others_does_not_say_that_there_are_none() -> None:
    totals = [
        make_total(area, "2025", 60.0, offence_group=crime)
        for area in ("WB", "AA", "BB", "CC", "DD")
        for crime in ("TIP", "SOM")
    ]
    reader = Reader(make_edition(release=[RELEASE], metric=METRICS, total=totals), "en")
    victims = next(page for page in compose_pages(reader) if page.file == "victims-som.html")
    assert victims.lead == "This release has no figures on victims of this crime."


def test_comparison_says_for_each_territory_whether_convictions_changed() -> None:
    before = {"WB": 200.0, "AA": 30.0, "BB": 90.0, "CC": 40.0, "DD": 12.0}
    after = {"WB": 210.0, "AA": 90.0, "BB": 30.0, "CC": 45.0, "DD": 45.0}
    totals = [make_total(area, "2023", value) for area, value in before.items()]
    totals += [make_total(area, "2024", 50.0) for area in before]
    totals += [make_total(area, "2025", value) for area, value in after.items()]
    edition = make_edition(release=[RELEASE], metric=METRICS, total=totals)
    page = next(page for page in compose_pages(Reader(edition, "en")) if page.file == "territories.html")
    table = page.values["changes"].table
    assert list(table.columns) == ["2023", "2025", "Ratio of 2025 to 2023", "Clear change?"]
    verdicts = ["no clear change", "clear rise", "clear fall", "no clear change", "too few to compare"]
    assert [str(row.fields[3]).partition("<")[0] for row in table.rows] == verdicts
    assert '<data value="3" ' in table.rows[1].fields[2] and ">3.00 <" in table.rows[1].fields[2]
    assert "not compared" in table.rows[4].fields[2]


def test_page_with_figures_of_others_does_not_say_that_all_are_invented() -> None:
    """Compare with a page of our own figures alone, and with a release of real data."""
    others = "all our own figures are invented"
    edition = make_edition(total=[make_total("AA", "2025", 12.0)], release=[RELEASE])
    reader = Reader(Edition({**edition.tables, "release": [{**RELEASE, "demonstration": True}]}), "en")
    for page in (compose_quality(reader), compose_data(reader)):
        assert others in name_demonstration(reader, page)
        assert cite_page(reader, page).endswith("Figures of other publishers are real unless marked invented.")
    law = cite_page(reader, compose_law(reader))
    assert "The assessments of the law, with their articles and dates, are invented too." in law, "they are not figures"
    assert law.endswith("The treaties and their dates are not invented.")
    assert law.partition(". ")[2] == cite_page(reader, compose_articles(reader)).partition(". ")[2]
    assert cite_page(reader, compose_methodology(reader)).endswith(
        "Demonstration data: all our own figures are invented."
    )
    real = Reader(edition, "en")
    assert name_demonstration(real, compose_quality(real)) == ""
    assert "invented" not in cite_page(real, compose_quality(real))


def test_page_on_quality_says_what_pairs_of_figures_are_and_what_a_difference_means() -> None:
    """Require more than a count: "106 pairs: 104 differ with no reason given" sounds like 104 errors."""
    sides = {"left_source": "a", "right_source": "b"}
    rows = [{"world": world, "verdict": "open", **sides} for world in ("published", "invented", "returned")]
    rows.append({"world": "published", "verdict": "reconciles", "left_source": "a", "right_source": "a"})
    reader = Reader(make_edition(total=[make_total("AA", "2025", 12.0)], agreement=rows), "en")
    *texts, last = compose_quality(reader).values["agreement"]
    assert [text.count(":") for text in texts] == [1, 1, 1, 2]
    assert all("Each pair is " in text for text in texts)
    assert texts[1].endswith("mean nothing. 1 pair of figures: 1 differs with no reason given.")
    assert texts[0].endswith(" 1 pair of figures: 1 differs with no reason given."), "the one of two sources"
    assert texts[-1].endswith(" 1 pair of figures of one source: 1 is consistent.")
    assert last.startswith("A difference alone is not an error")
    none = Reader(make_edition(total=[make_total("AA", "2025", 12.0)]), "en")
    assert compose_quality(none).values["agreement"] == []
