"""Briefs of small made-up releases: names, chapters, and that a release with little still gives a document."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.front.briefs.compose import Brief, compose_region, compose_territory, find_brief
from pipelines.front.briefs.write import write_brief
from pipelines.front.charts import typeset
from pipelines.front.edition import CONVICTION_RATIO
from pipelines.front.pages import name_brief_file
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_total

METRICS = [
    {"metric": name, "name": name, "definition": "", "formula": "", "caveats": "", "source": "", "is_nested": True}
    for name in ("count", "rate", CONVICTION_RATIO)
]
RELEASE = {
    "release": "2026-Q3", "demonstration": False, "reference_period": "2026-Q3", "drafted_at": "2026-11-20T09:00:00Z",
    "pairs_tested": 0, "comparisons_tested": 0, "figures": 9, "figures_withheld": 2, "annual_totals": 4,
    "annual_totals_withheld": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Reader:
    totals = [make_total(area, year, 60.0) for area in ("WB", "AA", "BB", "CC", "DD") for year in ("2024", "2025")]
    return Reader(make_edition(release=[RELEASE], metric=METRICS, total=totals), "en")


def test_names_of_briefs_follow_those_of_pages() -> None:
    assert name_brief_file("", "TIP") == "brief.pdf" and name_brief_file("AA", "SOM") == "brief-aa-som.pdf"


def test_find_brief_returns_the_brief_of_each_name_and_none_for_a_crime_without_figures(reader: Reader) -> None:
    assert isinstance(find_brief(reader, "brief.pdf"), Brief)
    assert isinstance(find_brief(reader, "brief-dd.pdf"), Brief)
    assert find_brief(reader, "brief-som.pdf") is None and find_brief(reader, "brief-zz.pdf") is None


@pytest.mark.parametrize("area", ["", "BB"])
def test_release_with_two_years_and_no_records_still_gives_a_brief(reader: Reader, area: str) -> None:
    brief = compose_territory(reader, "TIP", area) if area else compose_region(reader, "TIP")
    assert write_brief(brief, reader, "").startswith(b"%PDF-1.7")


def test_count_pages_reads_the_number_that_the_document_states() -> None:
    source = "A #pagebreak() B #context [#metadata(counter(page).final().first()) <pages>]"
    assert typeset.count_pages(source, {}) == 2


def test_write_document_needs_alternative_texts() -> None:
    source = '#set document(title: "T")\n#image(bytes("<svg xmlns=\'http://www.w3.org/2000/svg\'/>"), format: "svg")'
    with pytest.raises(Exception, match="alt"):
        typeset.write_document(source, {}, datetime(2026, 1, 1, tzinfo=UTC))
