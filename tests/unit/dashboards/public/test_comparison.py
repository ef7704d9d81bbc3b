"""Rows of different indicators in one shape: versions, periods, pairs, and the word for each missing figure."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.public import comparison, queries
from dashboards.public.comparison import RECOMMENDED, Choice

RATIO = Choice("ratio", "b_per_a", "person")


def make_row(area: str, period: str = "2025", **columns: Any) -> dict[str, Any]:
    return {
        "area": area, "area_kind": "region" if area == "WB" else "territory", "freq": "Q" if "-Q" in period else "A",
        "period": period, "value": 50.0, "low": 40.0, "high": 60.0, "state": "enough", "obs_status": "A",
        "conf_status": "F", "n_reported": 1, "reporters": area, "flags": "",
    } | columns  # fmt: skip


def make_version(area: str, version: str, *, is_default: bool = False, period: str = "2025") -> dict[str, Any]:
    return make_row(area, period, version=version, is_default=is_default)


def make_pair(first: str, second: str, **columns: Any) -> dict[str, Any]:
    return {
        "area_a": first, "area_b": second, "measure": "convicted", "dimension": "_Z", "category": "_Z",
        "victim_status": "_Z",
    } | columns  # fmt: skip


def test_select_version_takes_the_recommended_one_else_that_of_the_same_period() -> None:
    rows = [
        make_version("AA", "cohort"), make_version("AA", "same_period"), make_version("AA", "lagged", is_default=True),
        make_version("BB", "same_period"), make_version("BB", "lagged"), make_version("CC", "lagged"),
    ]  # fmt: skip
    chosen = {row["area"]: row["version"] for row in comparison.select_version(rows, RECOMMENDED)}
    assert chosen == {"AA": "lagged", "BB": "same_period"}
    assert [row["area"] for row in comparison.select_version(rows, "lagged")] == ["AA", "BB", "CC"]
    plain = [make_row("AA")]
    assert comparison.select_version(plain, "lagged") == plain, "an indicator without versions"


def test_list_versions_offers_a_choice_only_where_there_are_several() -> None:
    assert comparison.list_versions([make_version("AA", "same_period")]) == []
    rows = [make_version("AA", "same_period"), make_version("BB", "cohort")]
    assert comparison.list_versions(rows) == [RECOMMENDED, "same_period", "cohort"]


def test_group_periods_lists_those_with_a_figure_of_a_territory_newest_first() -> None:
    rows = [
        make_row("AA", "2024"), make_row("AA", "2025"), make_row("AA", "2026-Q1"), make_row("WB", "2023"),
        make_row("BB", "2022", value=None),
    ]  # fmt: skip
    assert comparison.group_periods(rows) == {"A": ["2025", "2024"], "Q": ["2026-Q1"]}


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({"obs_status": "Q", "conf_status": "C"}, "withheld"),
        ({"obs_status": "O", "n_reported": 0}, "not received"),
        ({"obs_status": "O"}, "not available"),
        ({"obs_status": "L"}, "not collected"),
        ({"obs_status": "M"}, "not applicable"),
        ({"obs_status": "M", "state": "too_few_territories"}, "no regional figure"),
    ],
)
def test_format_compared_has_a_word_for_each_missing_figure(columns: dict[str, Any], word: str) -> None:
    row = make_row("AA", value=None, low=None, high=None, **columns)
    assert comparison.format_compared(row, "ratio").text == word
    assert not comparison.is_few(row | {"state": "too_few"}), "without a figure nothing is few"


def test_format_compared_shows_decimals_of_rates_only() -> None:
    row = make_row("AA", value=1.234, low=0.5, high=2.0)
    assert comparison.format_compared(row, "rate").text == "1.23 (0.50–2.00)"
    assert comparison.format_compared(row, "ratio").text == "1 (1–2)"
    assert comparison.format_compared(None, "rate").text == "not collected"
    assert comparison.format_compared(comparison.make_absent("AA", "2025"), "rate").text == "not collected"


def test_read_figures_takes_out_a_figure_of_the_region_from_too_few_territories(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = (make_row("WB", reporters="AA,BB,CC"), make_row("WB", "2024", reporters="AA,BB,CC,DD"), make_row("AA"))
    monkeypatch.setattr(queries, "read_rows", lambda *_, **__: rows)
    few, region, territory = comparison.read_figures("", Choice("rate", "convicted_first"), "TIP")
    assert (few["value"], few["low"], few["state"]) == (None, None, "too_few_territories")
    assert (region, territory) == rows[1:]


@pytest.mark.parametrize(
    ("choice", "column"),
    [
        (RATIO, {"version": "same_period"}),
        (Choice("clearance", "cleared", "person"), {"undefined": "incoming_missing"}),
    ],
)
def test_read_figures_leaves_the_state_of_a_ratio_to_the_release(
    choice: Choice, column: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check a ratio or a clearance rate that lacks a count, and lists the territory of the other one."""
    row = make_row("WB", value=None, state="missing", obs_status="O", reporters="AA", **column)
    monkeypatch.setattr(queries, "read_rows", lambda *_, **__: (row,))
    assert comparison.read_figures("", choice, "TIP") == [row]
    assert comparison.format_compared(row, choice.kind).text == "not available"


def test_select_family_has_the_pairs_of_the_chosen_indicator_and_part() -> None:
    pairs = [make_pair("AA", "BB"), make_pair("AA", "CC"), make_pair("BB", "CC", measure="indicted")]
    assert comparison.select_family(pairs, RATIO) == pairs
    assert comparison.select_family(pairs, Choice("clearance", "clearance_rate_first")) == pairs
    for kind in ("rate", "count"):
        assert comparison.select_family(pairs, Choice(kind, "convicted")) == pairs[:2]
    assert comparison.select_family(pairs, Choice("count", "convicted.appeal")) == [], "rates are of one level"
    shares = [make_pair("AA", "BB", dimension="sex", category=code) for code in ("F", "M")]
    assert comparison.select_family(shares, Choice("share", "convicted", part="sex.M")) == shares[1:]
    others = [make_pair("AA", "BB", victim_status="identified")]
    assert comparison.select_family(others, RATIO) == []


def test_select_pairs_has_those_of_the_chosen_territories() -> None:
    pairs = [make_pair("AA", "BB"), make_pair("AA", "CC"), make_pair("BB", "CC")]
    assert comparison.select_pairs(pairs, ["AA", "BB"]) == pairs[:1]


def test_counts_are_tested_by_their_rates_and_clearance_by_its_own_pairs() -> None:
    metrics = [comparison.name_tested_metric(Choice(kind, "code")) for kind in ("count", "rate", "share", "clearance")]
    assert metrics == ["rate", "rate", "share", "code"]


def test_choice_finds_the_level_of_its_measure() -> None:
    assert Choice("count", "convicted_first").level == "first"
    assert (Choice("count", "acquitted.final").measure, Choice("count", "acquitted.final").level) == (
        "acquitted",
        "final",
    )
    assert RATIO.measure == ""


@pytest.mark.parametrize(
    ("choice", "freq", "name"),
    [
        (Choice("count", "indicted", "person"), "A", "Name"),
        (Choice("rate", "indicted", "person"), "A", "Name, per 100,000 inhabitants"),
        (Choice("rate", "indicted", "person"), "P3", "Name, per 100,000 inhabitants a year"),
        (Choice("share", "indicted", "person", "sex.F"), "A", "Name, per cent"),
        (Choice("clearance", "disposition_time_first", "case"), "A", "Name, days"),
    ],
)
def test_title_says_the_scale_unless_the_name_does(choice: Choice, freq: str, name: str) -> None:
    assert comparison.name_with_scale("Name", choice, freq) == name
