"""Sentences about pairs of territories, and figures that are not shown."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.statistics.thresholds import FEWEST_TERRITORIES_IN_REGION
from pipelines.words import Notes, figures, indicators

NAMES = {"AA": "Aland", "BB": "Beland"}


def make_pair(verdict: str, **columns: Any) -> dict[str, Any]:
    return {
        "area_a": "AA", "area_b": "BB", "verdict": verdict, "is_with_care": False, "reasons": "", "metric": "rate",
        "value_a": 17.0, "value_b": 10.0, "ratio": 1.7, "low": 1.1, "high": 2.6,
    } | columns  # fmt: skip


def test_pair_that_depends_on_persons_per_case_shows_no_clear_difference() -> None:
    sentence = indicators.describe_pair(make_pair("depends_on_persons_per_case"), NAMES)
    assert "no clear difference" in sentence and "how many persons a case has" in sentence
    assert "higher" not in sentence and "1.1" not in sentence
    assert "is higher than that for" in indicators.describe_pair(make_pair("higher"), NAMES)


def test_pair_that_depends_on_persons_per_case_counts_as_compared_and_not_as_different() -> None:
    pairs = [make_pair("depends_on_persons_per_case"), make_pair("too_few")]
    others = (
        "Pairs are not compared if a count is too small, a figure is missing or withheld, or the counting rules differ "
        "too much."
    )
    assert (
        indicators.describe_pairs(pairs)
        == f"1 of 2 pairs of territories could be compared. No pair differs clearly. {others}"
    )
    assert indicators.describe_pairs([*pairs, make_pair("higher")]).startswith(
        f"2 of 3 pairs of territories could be compared. Clear differences: 1. {others} Because 2 pairs"
    )
    assert "not compared" not in indicators.describe_pairs([make_pair("higher")] * 2), "all are compared"


def test_pairs_of_territories_without_the_figure_count_as_not_compared() -> None:
    # Four of seven territories report it: the release has six pairs of them, and there are 21 of all.
    pairs = [make_pair("no_difference"), *[make_pair("too_few")] * 5]
    assert indicators.describe_pairs(pairs, 7).startswith("1 of 21 pairs of territories could be compared.")
    assert indicators.describe_pairs(pairs[1:], 7).startswith("None of the 21 pairs can be compared:")
    assert indicators.describe_pairs(pairs[:1], 3).startswith("1 of 3 pairs"), "two more pairs have no row"


def test_pairs_that_count_differently_are_counted_with_what_differs() -> None:
    pairs = [
        make_pair("no_difference", is_with_care=True, reasons="juveniles_differs,attempts_not_stated"),
        make_pair("higher", is_with_care=True, reasons="attempts_not_stated"),
        make_pair("too_few", is_with_care=True, reasons="stage_differs"),
    ]
    text = indicators.describe_pairs(pairs)
    assert (
        "In 1 of the compared pairs, the territories do not count in the same way, so compare it with care. What "
        "differs: the inclusion of juveniles." in text
    )
    two = indicators.describe_pairs([pairs[0], make_pair("lower", is_with_care=True, reasons="stage_differs")])
    differences = "compare them with care. What differs: the stage and the inclusion of juveniles."
    assert differences in two and "In 2 of the compared pairs" in two
    assert "care" not in indicators.describe_pairs(pairs[1:])


@pytest.mark.parametrize(
    ("ages", "text"),
    [
        ("_T/_T", ""), ("", ""), ("Y_GE18/Y_GE18", "Adults only (18 and over)."),
        ("Y_GE18/_T", "One of the two counts is of adults only (18 and over)."),
    ],
)  # fmt: skip
def test_ratio_without_minors_in_a_count_has_a_note(ages: str, text: str) -> None:
    row = {"value": 50.0, "ages": ages, "flags": "", "reasons": ""}
    notes = Notes()
    indicators.mark_notes(row, notes)
    assert indicators.explain_ages(row) == text and notes.texts == ([text] if text else [])
    assert indicators.explain_ages(row | {"value": None}) == "", "there is no figure to explain"


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ("higher", "The pair differs clearly."), ("no_difference", "The pair does not differ clearly."),
        ("too_few", "The pair cannot be compared:"),
    ],
)  # fmt: skip
def test_only_pair_is_not_counted(verdict: str, text: str) -> None:
    sentence = indicators.describe_pairs([make_pair(verdict)])
    assert sentence.startswith(text) and not any(letter.isdigit() for letter in sentence)


@pytest.mark.parametrize("columns", [{"low": None, "high": None}, {}])
def test_figure_of_too_few_territories_is_not_shown_and_says_why(columns: dict[str, Any]) -> None:
    row = {"value": None, "obs_status": "M", "conf_status": "F", "state": "too_few_territories"} | columns
    figure = indicators.format_figure(row)
    assert figure.text == figure.spoken == "no regional figure" and figure.kind != "value"
    notes = Notes()
    assert indicators.mark_notes(row, notes) == ("1",)
    assert f"fewer than {FEWEST_TERRITORIES_IN_REGION} territories" in notes.texts[0]


@pytest.mark.parametrize(
    ("of", "text"), [("count", ":"), ("share", " in the part or in the rest:"), ("ratio", " in one of the two counts:")]
)
def test_note_of_few_cases_says_what_is_few(of: str, text: str) -> None:
    notes = Notes()
    row = {"value": 12.0, "state": "too_few", "obs_status": "A", "conf_status": "F", "flags": "", "reasons": ""}
    indicators.mark_notes(row, notes, of=of)
    assert notes.texts == [f"Fewer than 20{text} chance alone can change this a lot."]
    metric = {"count": "rate", "share": "exit_share", "ratio": "clearance_rate_first"}[of]
    assert indicators.find_basis({"metric": metric}) == of


@pytest.mark.parametrize(
    ("metric", "is_nested", "basis"),
    [
        ("count", False, "count"), ("rate", False, "count"), ("share", False, "share"),
        ("convicted_first_per_adjudicated_first", True, "share"), ("convicted_first_per_indicted", False, "ratio"),
        ("clearance_rate_first", False, "ratio"),
    ],
)  # fmt: skip
def test_ratio_of_a_part_to_its_whole_is_made_of_a_share(metric: str, is_nested: bool, basis: str) -> None:
    assert indicators.choose_basis(metric, is_nested=is_nested) == basis
    row = {"metric": metric, "default_rule": "nested" if is_nested else "no_lag"}
    assert indicators.find_basis(row) == basis


@pytest.mark.parametrize(
    ("rule", "few"), [("nested", "in the part or in the rest"), ("no_lag", "in one of the two counts")]
)
def test_ratio_of_a_count_to_one_that_it_is_part_of_is_few_by_the_rest(rule: str, few: str) -> None:
    # 38 of 38 convicted persons were sentenced: both counts are 38, and nobody is left over.
    row = {"value": 100.0, "state": "too_few", "obs_status": "A", "conf_status": "F", "flags": "", "reasons": "",
           "metric": "sentenced_first_per_convicted_first", "default_rule": rule}  # fmt: skip
    notes = Notes()
    indicators.mark_notes(row, notes)
    assert notes.texts == [f"Fewer than 20 {few}: chance alone can change this a lot."]
    assert figures.explain_few(row) == f"Fewer than 20 {few}: too few to compare."
    assert figures.explain_few(row | {"state": "enough"}) == figures.explain_few({}) == ""


def test_each_rule_of_a_default_version_has_a_sentence() -> None:
    assert set(indicators.RULES) == {"nested", "cohort_complete", "lag_known", "lag_zero", "no_lag", "refused"}


def test_pairs_of_some_territories_say_for_how_many_the_tests_allow() -> None:
    pairs = [make_pair("higher", n_tested=6), make_pair("no_difference", n_tested=6)]
    text = indicators.describe_pairs(pairs)
    assert text.startswith("2 of 2 pairs of territories could be compared. Clear differences: 1.")
    assert "allow for all 6 pairs of territories compared at once" in text
    assert indicators.describe_pairs(pairs * 3).endswith(
        "Because 6 pairs are compared at once, each pair is tested more strictly and its interval is wider, to avoid "
        "false alarms. The intervals of the figures are not changed."
    ), "the intervals next to it are those of single figures at 95%"


def test_clearance_rate_of_the_region_from_different_territories_has_no_figure_and_a_note() -> None:
    row = {
        "value": None, "obs_status": "O", "conf_status": "F", "state": "missing", "undefined": "resolved_missing",
        "area_kind": "region", "n_reported": 3, "reporters": "AA,BB,CC,DD",
    }  # fmt: skip
    notes = Notes()
    assert indicators.format_figure(row).text == "no regional figure"
    assert indicators.mark_notes(row, notes) == ("1",)
    assert notes.texts[0].endswith("because not all counts of what was resolved are from the same territories.")
    of_same = {**row, "n_reported": 4}
    assert indicators.format_figure(of_same).text == "not available" and indicators.mark_notes(of_same, notes) == ()
