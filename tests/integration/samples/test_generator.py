"""The invented truth is consistent, and its writers write the same bytes twice."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date

import pytest

from tests.samples import arrivals, plan
from tests.samples.articles import ARTICLES, list_articles
from tests.samples.rows import LEVELS, Office, Period, Row, SampleReturn, make_quarter, make_year, quarters_between
from tests.samples.simulation import draw_cohort
from tests.samples.territories import RS
from tests.samples.truth import LAST, Truth, draw_truth, in_band, of_age
from tests.samples.writers import csvfile, docx, html, jsonstat, ods, pdf, px, sdmx, xls, xlsx
from tests.samples.writers.cube import Cube, Dimension
from tests.samples.writers.layout import Sheet, head_cell
from tests.support.paths import ROOT

JURISDICTIONS = sorted({article.jurisdiction for article in ARTICLES})
QUARTERS = quarters_between(plan.FIRST, LAST)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return draw_truth()


def _count_flows(truth: Truth, place: str, period: Period, named: dict[str, str]) -> int:
    return sum(truth.count_events(place, period, measure, level=level) for measure, level in named.items())


ENTRIES = dict.fromkeys(("reported", "requalified_in", "reopened", "transferred_in"), "prosecution")
EXITS = dict.fromkeys(("indicted", "rejected", "discontinued", "requalified_out", "transferred_out"), "prosecution")
BALANCES = (
    ("pending_prosecution", ENTRIES, EXITS),
    ("pending_first", {"indicted": "prosecution", "remitted": "first"}, {"adjudicated_first": "first"}),
    ("pending_appeal", {"appealed": "appeal"}, {"decided_on_appeal": "appeal"}),
)


@pytest.mark.parametrize("place", JURISDICTIONS)
def test_pending_at_the_end_is_start_plus_entries_less_exits(truth: Truth, place: str) -> None:
    for stock, entries, exits in BALANCES:
        for period in QUARTERS:
            moved = _count_flows(truth, place, period, entries) - _count_flows(truth, place, period, exits)
            start, end = (truth.count_pending(place, period, stock, statistic) for statistic in ("start", "end"))
            assert start + moved == end, (stock, period.code)


@pytest.mark.parametrize("place", JURISDICTIONS)
def test_sex_age_and_sanctions_add_up_and_a_year_is_its_quarters(truth: Truth, place: str) -> None:
    for measure in ("reported", "convicted_first", "sentenced_first", "sentenced_final"):
        total = truth.count_events(place, make_year(2024), measure)
        assert total == sum(truth.count_events(place, make_year(2024), measure, sex=sex) for sex in ("M", "F"))
        assert total == sum(
            truth.count_events(place, make_year(2024), measure, age=age) for age in ("Y_LT18", "Y_GE18")
        )
        assert total == sum(truth.count_events(place, make_quarter(2024, n), measure) for n in (1, 2, 3, 4))
        assert total == truth.count_events(place, make_quarter(2024, 4), measure, ytd=True)
    prison = [
        truth.count_events(place, make_year(2024), "sentenced_first", sentence_type="prison", band=band)
        for band in ("M0T24", "M24T60", "M60T120", "M120T", "_T")
    ]
    assert sum(prison[:-1]) == prison[-1]


@pytest.mark.parametrize("place", JURISDICTIONS)
def test_a_decision_is_a_conviction_or_one_of_the_exits_of_a_court(truth: Truth, place: str) -> None:
    for period in QUARTERS:
        for level in ("first", "final"):
            exits = dict.fromkeys(("acquitted", "rejected", "discontinued"), level)
            convicted = truth.count_events(place, period, f"convicted_{level}")
            assert truth.count_events(place, period, f"adjudicated_{level}") == convicted + _count_flows(
                truth, place, period, exits
            )


def test_cases_are_never_more_than_persons(truth: Truth) -> None:
    for period in QUARTERS:
        cases = truth.count_events("RS", period, "reported", unit="case")
        assert 0 < cases <= truth.count_events("RS", period, "reported")


def test_the_transfer_leaves_one_jurisdiction_and_arrives_in_the_other(truth: Truth) -> None:
    period = make_quarter(2024, 2)
    handed_over = truth.count_events("BA_STATE", period, "transferred_out", level="prosecution", article="186")
    received = truth.count_events("BA_FED", period, "transferred_in", level="prosecution", article="210a")
    assert handed_over == received == 3


def test_cohorts_depend_on_their_own_seed_only() -> None:
    alone = draw_cohort(2026, list_articles("XK")[2], make_quarter(2023, 1))
    again = draw_cohort(2026, list_articles("XK")[2], make_quarter(2023, 1))
    other_seed = draw_cohort(2027, list_articles("XK")[2], make_quarter(2023, 1))
    assert alone.happenings == again.happenings != other_seed.happenings


def test_no_case_is_reported_under_an_article_that_is_not_law(truth: Truth) -> None:
    for number in range(2016, 2024):
        for article in list_articles("XK") + list_articles("BA_SRP"):
            if not (article.is_valid_on(date(number, 1, 1)) or article.is_valid_on(date(number, 12, 31))):
                assert (
                    truth.count_events(article.jurisdiction, make_year(number), "reported", article=article.article)
                    == 0
                )


def test_articles_agree_with_the_law_of_their_territory() -> None:
    law: dict[tuple[str, str], str] = {}
    for path in sorted((ROOT / "pipelines" / "territories").glob("*/law.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                name = f"{row['article']}({row['paragraph']})" if row["paragraph"] else row["article"]
                law[row["jurisdiction"], name] = row["offence"]
    for article in ARTICLES:
        assert law[article.jurisdiction, article.article] == article.offence, article


def test_ages_and_lengths_are_half_open() -> None:
    assert of_age(17, "Y_LT18") and not of_age(18, "Y_LT18") and of_age(18, "Y18T24") and of_age(24, "Y18T24")
    assert in_band(12, "M12T24") and not in_band(24, "M12T24") and in_band(120, "M120T") and in_band(None, "_T")
    assert not in_band(None, "M0T12")


def test_levels_are_those_of_the_code_list() -> None:
    with (ROOT / "dbt_project/seeds/codelists/measure.csv").open(encoding="utf-8", newline="") as handle:
        rules = {row["code"]: row["level_rule"] for row in csv.DictReader(handle)}
    assert {code: rule for code, rule in rules.items() if rule != "free"} == LEVELS


def test_known_source_error_is_corrected_to_the_truth(truth: Truth) -> None:
    period, indicator, article = RS.TYPING_ERROR
    measure = RS.INDICATORS[indicator][1]["measure"]
    assert truth.count_events("RS", period, measure, unit="case", article=article) == RS.MEANT != RS.TYPED


OFFICE = Office("AL", "AL", "justice", "AL_PP")


def _make_row(value: int | None, sex: str = "_T", period: Period = QUARTERS[0]) -> Row:
    return OFFICE.make_row(period, "reported", value, offence="ICCS0204", law_article="110/b", sex=sex)


def _make_return(path: str, received: str, rows: tuple[Row, ...], kind: str = "full") -> SampleReturn:
    return SampleReturn(path, b"", "AL", "justice", "AL_PP", "AL-JUSTICE-1", (QUARTERS[0],), received, rows, kind=kind)


def test_golden_rows_take_the_newest_return_and_apply_patches() -> None:
    first = _make_return("AL/a", "2023-01-01T00:00:00Z", (_make_row(5), _make_row(3, "M"), _make_row(2, "F")))
    second = _make_return("AL/b", "2023-02-01T00:00:00Z", (_make_row(7), _make_row(4, "M")))
    patch = _make_return("AL/c", "2023-03-01T00:00:00Z", (_make_row(6, "M"),), kind="patch")
    assert arrivals.golden_rows([first, second]) == sorted(
        [_make_row(7), _make_row(4, "M")], key=lambda row: tuple(map(str, row))
    )
    assert {(row.sex, row.value) for row in arrivals.golden_rows([first, second, patch])} == {("_T", 7), ("M", 6)}


def test_golden_rows_refuse_a_key_given_twice_in_one_file() -> None:
    with pytest.raises(ValueError, match="means one key twice"):
        arrivals.golden_rows([_make_return("AL/a", "2023-01-01T00:00:00Z", (_make_row(5), _make_row(6)))])


def test_golden_csv_writes_missing_as_empty_and_zero_as_zero() -> None:
    text = arrivals.golden_csv([_make_row(0), _make_row(None)._replace(obs_status="O")])
    assert [line.rsplit(",", 2)[1:] for line in text.splitlines()[1:]] == [["0", "A"], ["", "O"]]


def test_an_entry_without_its_level_is_refused() -> None:
    with pytest.raises(TypeError, match="needs its level"):
        OFFICE.make_row(QUARTERS[0], "acquitted", 1, offence="ICCS0204")


def test_arrivals_follow_the_calendar_and_one_is_still_due() -> None:
    assert len(plan.list_due_returns("AL", "justice")) == 17 and len(plan.list_due_returns("XK", "victims")) == 4
    late = [(due.series.source, due.period.code) for due in plan.RETURNS if due.received_at > plan.CLOCK]
    assert late == [("BA_BRC_PO", "2026-Q3")]
    assert plan.list_due_returns("AL", "victims", years=10)[0].period.code == "2016-Q4"


SHEET = Sheet(
    "Fletë",
    ((head_cell("Neni", down=2), head_cell("Gjinia", across=2)), (head_cell("M"), head_cell("F")), ("110/a", 1, 2)),
)
CUBE = Cube(
    (
        Dimension("sex", {"hr": "Spol"}, {"M": {"hr": "muško"}, "Z": {"hr": "žensko"}}),
        Dimension("time", {"hr": "Godina"}, {"2024": {"hr": "2024."}}, time=True),
    ),
    lambda where: 1 if where["sex"] == "M" else "-",
)
OBSERVATION = sdmx.Observation({"FREQ": "A", "SEX": "M"}, "2024", 1, {"OBS_STATUS": "A"})
HEADER = {"agency": "RS", "flow": "DF", "prepared": "2024-01-01T00:00:00Z", "comment": "demonstration"}
TEXTS = {"TITLE": {"hr": "Naslov"}}
WRITERS: dict[str, Callable[[], bytes]] = {
    "xlsx": lambda: xlsx.write_workbook([SHEET], title="x"),
    "xls": lambda: xls.write_workbook([SHEET]),
    "ods": lambda: ods.write_spreadsheet([SHEET]),
    "docx": lambda: docx.write_document(["Raport", SHEET], title="x"),
    "html": lambda: html.write_page(["Raport", SHEET], title="x", language="sq"),
    "pdf": lambda: pdf.write_report(["Raport", SHEET], title="x", footer="f", head_rows=2),
    "csv": lambda: csvfile.write_csv([["Čl.", 1.5]], encoding="cp1250"),
    "px": lambda: px.write_px(
        CUBE,
        heading=["time"],
        languages=["hr"],
        texts=TEXTS,
        properties={},
        signs={},
        codepage="windows-1250",
        last_updated="20240101 09:00",
    ),
    "jsonstat": lambda: jsonstat.write_dataset(CUBE, language="hr", label="l", source="s", updated="2024", notes=[]),
    "sdmx": lambda: sdmx.write_specific([OBSERVATION], **HEADER),
    "sdmx generic": lambda: sdmx.write_generic([OBSERVATION], **HEADER),
    "sdmx csv": lambda: sdmx.csv_1_0([OBSERVATION], flow="DF"),
}


@pytest.mark.parametrize("format_", WRITERS)
def test_a_writer_gives_the_same_bytes_twice(format_: str) -> None:
    assert WRITERS[format_]() == WRITERS[format_]()
