"""Tests of tables of changes: which two years, what is compared, and what is said where nothing is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines import words
from pipelines.front.pages import changes
from pipelines.front.reader import Reader
from pipelines.words import trends
from tests.support.editions import make_edition, make_total

Row = dict[str, Any]
SPAN = ("2023", "2025")


@pytest.mark.parametrize(
    ("years", "last", "span"),
    [
        (["2020", "2021", "2022", "2023", "2024", "2025"], "", ("2023", "2025")),
        (["2020", "2021", "2022", "2023"], "2022", ("2020", "2022")),
        (["2024", "2025"], "", ("2024", "2025")),
        (["2025"], "", None),
        ([], "", None),
    ],
)
def test_span_is_two_years_or_what_there_is(years: list[str], last: str, span: tuple[str, str] | None) -> None:
    assert changes.choose_span(years, last) == span


def _list_rows(reader: Reader, lines: list[changes.TestedLine]) -> list[list[str]]:
    table = changes.add_lines(changes.make_table(reader, "Persons", SPAN), lines)
    return [[str(field) for field in row.fields] for row in table.rows]


def test_counts_of_all_areas_are_judged() -> None:
    totals = [make_total(area, "2023", value) for area, value in {"WB": 300.0, "AA": 100.0, "BB": 12.0}.items()]
    totals += [make_total(area, "2025", value) for area, value in {"WB": 600.0, "AA": 104.0, "BB": 40.0}.items()]
    reader = Reader(make_edition(total=totals), "en")
    table = changes.make_table(reader, "Persons", SPAN)
    lines = changes.judge_counts(table, "TIP", "convicted_first", SPAN)
    assert [line.trend.verdict for line in lines] == ["rise", "no_clear_change", "too_few", "missing", "missing"]
    assert changes._describe_region(reader, "TIP", "Convicted, persons", SPAN, lines[0], is_count=True).startswith(
        "Western Balkans (all 4 territories): TIP, convicted, persons: 600 in 2025, 300 in 2023. "
        "This is a clear rise: 2.00 times as many"
    )
    rows = _list_rows(reader, lines)
    assert "2.00" in rows[0][2] and rows[0][3] == "clear rise"
    assert "not compared" in rows[2][2] and "too few to compare" in rows[2][3]
    assert "not collected" in rows[3][3]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([None, 30.0], "not received"),
        ([30.0, None], "not received"),
        ([None, None], "not received"),
    ],
)
def test_verdict_without_a_figure_is_the_state_of_that_figure(values: list[float | None], state: str) -> None:
    status = {"obs_status": "O", "n_reported": 0}
    totals = [
        make_total("AA", year, value, **({} if value is not None else status))
        for year, value in zip(SPAN, values, strict=True)
    ]
    reader = Reader(make_edition(total=totals), "en")
    lines = changes.judge_counts(changes.make_table(reader, "Persons", SPAN), "TIP", "convicted_first", SPAN)
    row = _list_rows(reader, lines)[1]
    assert "not compared" in row[2] and state in row[3] and "not available" not in row[3]


def test_verdict_without_two_figures_is_the_later_state() -> None:
    states = [words.format_status("unreceived"), words.format_status("not_applicable")]
    assert trends.name_verdict(trends.Trend("missing"), states) == "not applicable"
    assert trends.name_verdict(trends.Trend("withheld"), states) == "withheld"


def test_region_of_three_territories_is_not_judged() -> None:
    totals = [make_total("WB", year, 300.0, reporters="AA,BB,CC") for year in SPAN]
    reader = Reader(make_edition(total=totals), "en")
    lines = changes.judge_counts(changes.make_table(reader, "Persons", SPAN), "TIP", "convicted_first", SPAN)
    assert lines[0].trend.verdict == "missing" and "no regional figure" in str(lines[0].fields[0])
    assert "no regional figure" in _list_rows(reader, lines)[0][3]
    rates = changes.judge_rates(changes.make_table(reader, "Rates", SPAN), "TIP", "convicted_first", SPAN)
    for judged in (lines, rates):
        assert changes._describe_region(reader, "TIP", "Convicted", SPAN, judged[0]).startswith(
            "Western Balkans: TIP, convicted: no regional figure in 2025, no regional figure in 2023. "
            "The change is not shown, because neither of the two figures is available."
        ), "three territories counted it, so that it is not a figure which nobody collects"


def test_rates_are_judged_with_their_populations() -> None:
    totals = [
        make_total("AA", year, 200.0, rate=20.0 / place, rate_obs_status="A", rate_conf_status="F",
                   rate_numerator=200.0, rate_denominator=1e6 * place)
        for place, year in enumerate(SPAN, start=1)
    ]  # fmt: skip
    reader = Reader(make_edition(total=totals), "en")
    lines = changes.judge_rates(changes.make_table(reader, "Rates", SPAN), "TIP", "convicted_first", SPAN)
    assert (lines[1].trend.verdict, lines[1].trend.change and lines[1].trend.change.ratio) == ("fall", 0.5)


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        (145.0, 198.0, "Not clear, because one case can involve several people."),  # 1.37 (1.10-1.70)
        (198.0, 145.0, "Not clear, because one case can involve several people."),
        (100.0, 110.0, ""),  # the interval includes 1
        (40.0, 120.0, ""),  # clear
    ],
)
def test_change_that_depends_on_persons_per_case_has_the_reason_as_a_note(
    before: float, after: float, note: str
) -> None:
    ends = [make_total("AA", year, count) for year, count in zip(SPAN, (before, after), strict=True)]
    trend = trends.judge_trend(ends[0], ends[1], [])
    assert trend.note == note
    rates = [_make_ratio(year, numerator=count, denominator=1e6) for year, count in (("2023", before), ("2025", after))]
    assert trends.judge_figures("rate", rates[0], rates[1], []).note == note
    requests = trends.judge_trend(ends[0], ends[1], [], unclear=trends.UNCLEAR_OF_REQUESTS)
    assert requests.note == ("Not clear, because several requests can belong to one case." if note else "")


def test_note_of_a_change_that_depends_on_persons_per_case_is_below_the_table() -> None:
    totals = [make_total("AA", year, count) for year, count in zip(SPAN, (145.0, 198.0), strict=True)]
    reader = Reader(make_edition(total=totals), "en")
    table = changes.make_table(reader, "Persons", SPAN)
    lines = changes.judge_counts(table, "TIP", "convicted_first", SPAN)
    row = next(row for row in _list_rows(reader, lines) if "1.37" in row[2])
    assert row[3].startswith("no clear change<sup")
    changes.add_lines(table, lines)
    assert "Not clear, because one case can involve several people." in table.notes.texts


def test_share_without_a_rest_is_too_few_by_the_rest_and_not_by_its_counts() -> None:
    first, last = (
        _make_ratio(year, numerator=count, denominator=whole) for year, count, whole in
        (("2023", 38.0, 38.0), ("2025", 196.0, 198.0))
    )  # fmt: skip
    assert trends.judge_figures("part", first, last, []).note == (
        "Too few to compare: at least one of the two figures has fewer than 20 in the part or in the rest."
    )
    assert trends.judge_figures("ratio", first, last, []).verdict != "too_few"


@pytest.mark.parametrize("dispersion", [1.0, 2.1])
def test_rate_of_one_population_changes_as_its_count(dispersion: float) -> None:
    rows = [_make_ratio(year, numerator=count, denominator=1e6, dispersion=dispersion) for year, count in
            (("2023", 25.0), ("2025", 29.0))]  # fmt: skip
    counts = [make_total("AA", year, count) for year, count in (("2023", 25.0), ("2025", 29.0))]
    assert trends.judge_figures("rate", *rows, []).change == trends.judge_trend(*counts, []).change


def _make_ratio(period: str, **changed: Any) -> Row:
    row = {
        "metric": "m", "area": "AA", "period": period, "value": 50.0, "low": 40.0, "high": 60.0, "numerator": 100.0,
        "denominator": 200.0, "dispersion": 1.0, "version": "same_period", "denominator_period": period,
        "state": "enough", "flags": "", "obs_status": "A", "conf_status": "F", "reporters": "AA",
    }  # fmt: skip
    return row | changed


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "no_clear_change"),
        ({"value": 80.0, "numerator": 160.0}, "rise"),
        ({"version": "lagged", "lag": 1}, "untestable"),
        ({"numerator": None, "denominator": None}, "untestable"),
        ({"reporters": "AA,BB"}, "reporters"),
        ({"value": None, "obs_status": "Q", "conf_status": "C"}, "withheld"),
        ({"value": 5.0, "numerator": 10.0}, "too_few"),
    ],
)
def test_ratios_are_judged_by_the_counts_behind_them(changed: Row, verdict: str) -> None:
    reader = Reader(make_edition(), "en")
    by_year = [{"AA": _make_ratio("2023")}, {"AA": _make_ratio("2025", **changed)}]
    lines = changes.judge_ratios(changes.make_table(reader, "Ratios", SPAN), "TIP", by_year, "part")
    assert lines[1].trend.verdict == verdict
    assert "undefined" not in " ".join(_list_rows(reader, lines)[1])


def test_break_of_either_count_of_a_ratio_prevents_the_test() -> None:
    """Check that a ratio with a time lag has its earlier count from the year before the span."""
    day = date(2022, 7, 1)
    a_break = {
        "area": "AA", "first_day": day, "last_day": day, "offence_group": "", "measure": "indicted", "level": "",
        "code": "x", "kind": "law", "first_period": "2022-Q3", "words": "declared", "text": "New law.", "detail": "",
    }  # fmt: skip
    operands = [{"metric": "m", "measure": measure, "level": ""} for measure in ("convicted_first", "indicted")]
    reader = Reader(make_edition(**{"break": [a_break], "metric_operand": operands}), "en")
    verdicts, notes = [], []
    for lag in (0, 1):
        rows = [_make_ratio(year, denominator_period=str(int(year) - lag)) for year in SPAN]
        by_year = [{"AA": row} for row in rows]
        lines = changes.judge_ratios(changes.make_table(reader, "Ratios", SPAN), "TIP", by_year, "ratio")
        verdicts.append(lines[1].trend.verdict)
        notes.append(lines[1].trend.note)
    assert verdicts == ["no_clear_change", "break"]
    assert notes[0] == "" and notes[1].endswith(
        "The figure of 2023 is divided by a count of 2022, so breaks from 2022 on are included."
    ), "the break is before the first year of the table"


def _make_median(value: float, low: float, high: float | None, state: str = "enough") -> Row:
    return {
        "value": value, "low": low, "high": high, "state": state, "obs_status": "A", "conf_status": "F",
        "unit_measure": "MO", "statistic": "median",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "verdict", "text"),
    [
        (_make_median(60, 50, 72), _make_median(30, 25, 36), "fall", "0.50 (0.39–0.65)"),
        (_make_median(60, 24, 84), _make_median(54, 12, 84), "no_clear_change", "0.90 (0.19–2.49)"),
        (_make_median(60, 50, 72), _make_median(66, 60, None), "no_clear_change", "1.10 (0.90 or more)"),
        (_make_median(60, 50, 72), _make_median(30, 25, 36, "too_few"), "too_few", ""),
    ],
)
def test_medians_are_judged_by_their_published_limits(first: Row, last: Row, verdict: str, text: str) -> None:
    """Check limits that are sqrt(log(60/50)^2 + log(36/30)^2) and so on from the ratio, on the scale of logarithms."""
    trend = trends.judge_medians(first, last, [])
    assert (trend.verdict, trends.format_times(trend)) == (verdict, text)


def test_two_spans_that_can_differ_are_explained() -> None:
    years = ["2022", "2023", "2024", "2025"]
    text = changes.explain_span(years, SPAN)
    assert text.startswith("Headlines on convictions compare 2025 with 2024. Tables of changes, and the texts on ")
    assert changes.explain_span(years[2:], ("2024", "2025")) == "" == changes.explain_span([], None)
