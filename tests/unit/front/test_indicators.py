"""Tests of the pages of ratios between stages: the periods of the two counts."""

from __future__ import annotations

import pytest

from pipelines.front.pages import Page
from pipelines.front.pages.facts import explain_formula, link_same_formula, list_facts
from pipelines.front.pages.indicators import compose_indicators
from pipelines.front.reader import Reader
from pipelines.words.language import read_in
from tests.support.editions import MEMBERS, make_edition, make_metric, make_ratio, make_total

CODE = "convicted_first_per_indicted"


@pytest.mark.parametrize(
    ("version", "lag", "text"),
    [
        ("same_period", 0, "Both counts are of the same period."),
        ("lagged", 1, "Both counts are of the same period, unless a note at a figure says otherwise."),
    ],
)
def test_formula_names_the_periods_of_both_counts(version: str, lag: int, text: str) -> None:
    ratios = [make_ratio("WB", "2025"), make_ratio("AA", "2025", version=version, lag=lag)]
    about = make_metric(CODE, "Convicted per 100 indicted")
    edition = make_edition(stage_ratio=ratios, total=[make_total("WB", "2025", 90.0)], metric=[about])
    assert explain_formula(Reader(edition, "en"), about, "TIP") == f"convicted_first × 100 ÷ indicted. {text}"
    nested = make_metric(CODE, "Convicted per 100 indicted", is_nested=True)
    assert "period" not in explain_formula(Reader(edition, "en"), nested, "TIP")


def compose_page(**of_region: object) -> Page:
    """Return the page of a ratio; `of_region` changes the figures of the region."""
    years = ("2024", "2025")
    ratios = [
        make_ratio(code, year, **(of_region if code == "WB" else {})) for code in ("WB", *MEMBERS) for year in years
    ]
    ratios = [{**row, "reporters": "AA,BB,CC"} if row["area"] == "WB" else row for row in ratios]
    edition = make_edition(
        stage_ratio=[{**row, "reporters": "AA,BB,CC,DD"} if row["period"] == "2025" else row for row in ratios],
        total=[make_total("WB", year, 90.0) for year in ("2024", "2025")],
        metric=[make_metric(CODE, "Convicted per 100 indicted")],
    )
    (page,) = [page for page in compose_indicators(Reader(edition, "en"), "TIP") if CODE.replace("_", "-") in page.file]
    return page


def test_ratio_by_year_has_the_number_of_territories_in_the_region() -> None:
    _, by_year = compose_page().values["tables"]
    region, cover, *territories = by_year.rows
    assert "Western Balkans" in region.heading and cover.heading == "Territories included"
    assert [str(field).partition("<")[0] for field in cover.fields] == ["3 of 4", "4 of 4"]
    assert len(territories) == len(MEMBERS)


def test_citation_names_the_years_and_how_many_territories_are_in_each() -> None:
    """Require it because a citation had the coverage of the newest year for all years of the page."""
    text = "Territories in the regional figures: 3 of 4 in 2024 and 4 of 4 in 2025."
    assert compose_page().coverage == text


def test_ratio_of_the_region_of_one_year_is_noted_next_to_ratios_of_two_years() -> None:
    """Require it because 120, which is 279 of 233 of one year, was next to 127 and 111 of two years without a word."""
    note = "For the region, both counts are of the same period, also for territories"
    for lag, version, n_notes in ((1, "lagged", 1), (0, "same_period", 0)):
        ratios = [make_ratio("WB", "2025"), make_ratio("AA", "2025", version=version, lag=lag)]
        about = make_metric(CODE, "Convicted per 100 indicted")
        edition = make_edition(stage_ratio=ratios, total=[make_total("WB", "2025", 90.0)], metric=[about])
        (page,) = (page for page in compose_indicators(Reader(edition, "en"), "TIP") if "per-indicted" in page.file)
        for table in page.values["tables"]:
            noted = [text for text in table.notes.texts if text.startswith(note)]
            assert len(noted) == n_notes, table.name
        assert ("for the region, both" in page.values["picture"].draw(720).svg) is bool(n_notes)


def test_headline_of_a_ratio_names_both_stages() -> None:
    headline = compose_page().values["headline"]
    assert headline.startswith("Western Balkans (all 4 territories), 2025: TIP, convicted per 100 indicted: 80")


def test_lead_names_the_years_of_regional_figures_if_its_period_has_none() -> None:
    of_years = {"2023": "AA,BB,CC,DD", "2024": "AA,BB,CC,DD", "2025": "AA,BB,DD"}
    ratios = [{**make_ratio("WB", year), "reporters": reporters} for year, reporters in of_years.items()]
    ratios[-1].update(TOO_FEW, value=None, low=None, high=None)
    edition = make_edition(
        stage_ratio=[*ratios, *(make_ratio(code, year) for code in MEMBERS for year in of_years)],
        total=[make_total("WB", year, 90.0) for year in of_years],
        metric=[make_metric(CODE, "Convicted per 100 indicted")],
    )
    (page,) = (page for page in compose_indicators(Reader(edition, "en"), "TIP") if "per-indicted" in page.file)
    assert page.values["headline"].endswith("no regional figure.")
    assert page.values["cover"].endswith("The table by year has a regional figure for 2023 and 2024.")
    assert "regional figure" not in compose_page().values["cover"]


def test_indicators_of_one_formula_lead_to_each_other() -> None:
    ratio = make_metric("adjudicated_first_per_indicted", "Adjudicated per 100 indicted")
    same = make_metric("other", "Other", formula=ratio["formula"])
    edition = make_edition(
        stage_ratio=[{**make_ratio("AA", "2025"), "metric": row["metric"]} for row in (ratio, same)],
        metric=[ratio, same],
    )
    ((title, link),) = link_same_formula(Reader(edition, "en"), ratio, "TIP")
    assert (title, str(link)) == ("Indicator with the same formula", '<a href="indicator-other.html">Other</a>')
    lone = make_metric("adjudicated_first_per_indicted", "Adjudicated per 100 indicted", formula="a x 100 / b")
    assert link_same_formula(Reader(edition, "en"), lone, "TIP") == []


def test_formula_that_divides_by_another_year_is_not_called_the_same() -> None:
    """Require it because Serbia had 111 on one page and 152 on the other, as figures of one formula."""
    ratio = make_metric("adjudicated_first_per_indicted", "Adjudicated per 100 indicted")
    rate = make_metric("clearance_rate_first", "Clearance rate", formula=ratio["formula"])
    edition = make_edition(
        stage_ratio=[{**make_ratio("AA", "2025", version="lagged", lag=1), "metric": ratio["metric"]}],
        clearance=[{**make_ratio("AA", "2025"), "metric": rate["metric"]}],
        total=[make_total("WB", "2025", 90.0)],
        metric=[ratio, rate],
    )
    ((title, link),) = link_same_formula(Reader(edition, "en"), ratio, "TIP")
    assert title == "Similar indicator" and "It always divides by the count of the same year." in link
    ((title, link),) = link_same_formula(Reader(edition, "en"), rate, "TIP")
    assert title == "Similar indicator" and "Some of its figures are divided by the count of an earlier year." in link


WITHHELD = {"obs_status": "Q", "conf_status": "C", "state": "withheld"}
TOO_FEW = {"obs_status": "M", "conf_status": "F", "state": "too_few_territories"}


@pytest.mark.parametrize(
    ("status", "cover"), [(WITHHELD, "4 of 4"), ({"obs_status": "M", "state": "missing"}, "no regional figure")]
)
def test_number_of_territories_is_never_withheld(status: dict[str, object], cover: str) -> None:
    _, by_year = compose_page(value=None, low=None, high=None, **status).values["tables"]
    assert cover in str(by_year.rows[1].fields[1])


@pytest.mark.parametrize(
    ("status", "reporters", "figure", "cover"),
    [
        (WITHHELD, "AA,BB,CC,DD", "withheld", "4 of 4"),
        (TOO_FEW, "AA,BB,DD", "no regional figure", "3 of 4"),
    ],
)
def test_ratio_with_a_withheld_count_and_its_number_of_territories_agree(
    status: dict[str, str], reporters: str, figure: str, cover: str
) -> None:
    """Check the state and the territories that the release gives; one count is of all four territories."""
    hidden = {"value": None, "low": None, "high": None, "reporters": reporters, **status}
    edition = make_edition(
        stage_ratio=[make_ratio("AA", "2025"), make_ratio("WB", "2025", **hidden)],
        total=[
            make_total("WB", "2025", None, obs_status="Q", conf_status="C"),
            make_total("WB", "2025", 90.0, measure="indicted", reporters=reporters),
        ],
        metric=[make_metric(CODE, "Convicted per 100 indicted")],
    )
    (page,) = [page for page in compose_indicators(Reader(edition, "en"), "TIP") if CODE.replace("_", "-") in page.file]
    region, included = page.values["tables"][1].rows[:2]
    assert figure in str(region.fields[0]) and str(included.fields[0]).partition("<")[0] == cover


CLEARANCE = "clearance_rate_prosecution"
MIXED = "No regional figure is shown, because not all counts of what was resolved are from the same territories."

NO_COVER = "Territories in the regional figures: no regional figure in 2024–2025."


def compose_clearance_page(language: str = "en", **of_region: object) -> Page:
    """Return the page of a clearance rate; `of_region` changes the figures of the region."""
    common = {"metric": CLEARANCE, "unit_measure": "PC", "undefined": "", "n_reported": 4}
    rows = [
        make_ratio(code, year, **{**common, **(of_region if code == "WB" else {})})
        for code in ("WB", "AA", "BB")
        for year in ("2024", "2025")
    ]
    for row in rows:
        del row["version"]  # which only ratios of two stages have
    about = make_metric(CLEARANCE, "Clearance rate")
    reader = Reader(make_edition(clearance=rows, total=[make_total("WB", "2025", 90.0)], metric=[about]), language)
    with read_in(language):
        (page,) = [page for page in compose_indicators(reader, "TIP") if "clearance" in page.file]
    return page


def test_clearance_rate_by_year_has_the_number_of_territories_in_the_region() -> None:
    _, cover, *territories = compose_clearance_page(reporters="AA,BB,CC,DD").values["tables"][0].rows
    assert cover.heading == "Territories included" and [*map(str, cover.fields)] == ["4 of 4", "4 of 4"]
    assert len(territories) == len(MEMBERS)


@pytest.mark.parametrize(
    "status",
    [
        {"obs_status": "Q", "conf_status": "C", "state": "withheld", "undefined": "withheld"},
        {"obs_status": "O", "state": "missing", "undefined": "resolved_missing"},
    ],
)
def test_region_whose_counts_are_from_different_territories_has_no_figure_and_says_why(status: dict[str, str]) -> None:
    """Check a region with one kind of decisions from four territories, who are named, and another from three."""
    page = compose_clearance_page(value=None, low=None, high=None, n_reported=3, **status)
    headline = "Western Balkans, 2025: TIP, clearance rate, per cent: no regional figure."
    assert (page.values["headline"], page.values["cover"], page.coverage) == (headline, MIXED, NO_COVER)
    table = page.values["tables"][0]
    assert all("no regional figure" in str(field) for field in table.rows[0].fields)
    assert "Territories included" not in {str(row.heading) for row in table.rows}, "none are in all of its counts"
    assert table.notes.texts[0] == MIXED
    source = dict(page.values["facts"])["Source of the counts"]
    assert source == "Returns of the offices of 2 territories, release 2026-Q3."


def test_withheld_clearance_rate_of_the_same_territories_stays_withheld() -> None:
    status = {"obs_status": "Q", "conf_status": "C", "state": "withheld", "undefined": "withheld"}
    page = compose_clearance_page(value=None, low=None, high=None, **status)
    assert "per cent: withheld." in page.values["headline"]
    assert "withheld" in str(page.values["tables"][0].rows[0].fields[0])


@pytest.mark.parametrize("language", ["en", "mk"])
def test_facts_are_sentences_and_ranges_of_pages_have_a_dash(language: str) -> None:
    source = "Przyborowski (1940), Biometrika 31, 313-323; Wilenski (2024), Report 2024-11, doi 10.1/a-2"
    about = make_metric(CODE, "Convicted", definition="Half of the cases", source=source, caveats="Take care.")
    with read_in(language):
        facts = list_facts(Reader(make_edition(), language), about, what="Is it one?", formula="number of days")
    texts = [str(text).removeprefix('<span lang="en">').removesuffix("</span>") for _, text in facts[:-1]]
    dashed = "Przyborowski (1940), Biometrika 31, 313–323; Wilenski (2024), Report 2024-11, doi 10.1/a-2."
    assert texts == ["Is it one?", "Number of days.", "Half of the cases.", "Take care.", dashed]
