"""Withheld groups cannot be obtained by subtracting the published ones from the region."""

from __future__ import annotations

import random

import pytest

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey.suppression import AnswerCounts, choose_withheld


@pytest.mark.parametrize(
    ("parts", "exposed", "hidden", "expected"),
    [
        ({"AL": 9, "ME": 7, "RS": 5}, (), 0, set()),
        # One small group: the smallest published one follows.
        ({"AL": 9, "ME": 7, "RS": 4}, (), 0, {"RS", "ME"}),
        # Two small groups that are enough together.
        ({"AL": 9, "ME": 3, "RS": 4}, (), 0, {"ME", "RS"}),
        ({"AL": 9, "ME": 1, "RS": 2}, (), 0, {"ME", "RS", "AL"}),
        # Answers without a territory hide a small group.
        ({"AL": 9, "ME": 7, "RS": 4}, (), 6, {"RS"}),
        # Few answers without a territory would be obtained by themselves.
        ({"AL": 9, "ME": 7}, (), 2, {"ME"}),
        # A group of one institution is never the only one that is withheld.
        ({"AL": 9, "ME": 7, "RS": 8}, ("AL",), 0, {"AL", "ME"}),
        ({"AL": 0, "ME": 7, "RS": 8}, (), 0, {"AL"}),
    ],
)
def test_choose_withheld(parts: dict[str, int], exposed: tuple[str, ...], hidden: int, expected: set[str]) -> None:
    assert choose_withheld(parts, exposed, hidden) == expected


def test_choose_withheld_never_leaves_a_small_difference() -> None:
    rng = random.Random(2)
    for _ in range(2000):
        parts = {code: rng.choice((0, 1, 3, 4, 5, 8, 20)) for code in "ABCDEFG"}
        hidden = rng.choice((0, 0, 1, 3, 6))
        withheld = choose_withheld(parts, (), hidden)
        assert all(parts[code] >= FEWEST_RESPONDENTS for code in parts.keys() - withheld)
        difference = hidden + sum(parts[code] for code in withheld)
        assert difference == 0 or difference >= FEWEST_RESPONDENTS or len(withheld) == len(parts)


def make_answers(favourable: tuple[str, ...] = (), **groups: dict[str, int]) -> AnswerCounts:
    whole: dict[str, int] = {}
    for counts in groups.values():
        for code, n in counts.items():
            whole[code] = whole.get(code, 0) + n
    return AnswerCounts(groups, whole, favourable)


def test_group_of_one_answer_is_withheld_with_company() -> None:
    answers = make_answers(AL={"yes": 6}, ME={"yes": 4, "no": 5}, RS={"yes": 9, "no": 8})
    assert choose_withheld({"AL": 6, "ME": 9, "RS": 17}, answers=answers) == {"AL", "ME"}, "the rest would be AL alone"


def test_group_in_which_one_person_differs_is_withheld() -> None:
    # One person who differs knows what each of the others answered.
    answers = make_answers(AL={"yes": 6, "no": 1}, ME={"yes": 4, "no": 5}, RS={"yes": 9, "no": 8})
    assert choose_withheld({"AL": 7, "ME": 9, "RS": 17}, answers=answers) == {"AL", "ME"}
    answers = make_answers(AL={"yes": 6, "no": 2}, ME={"yes": 4, "no": 5}, RS={"yes": 9, "no": 8})
    assert choose_withheld({"AL": 8, "ME": 9, "RS": 17}, answers=answers) == set()


def test_withheld_groups_of_one_answer_do_not_stay_one_together() -> None:
    answers = make_answers(AL={"yes": 6}, ME={"yes": 3}, RS={"yes": 9, "no": 8}, HR={"yes": 10, "no": 10})
    parts = {"AL": 6, "ME": 3, "RS": 17, "HR": 20}
    assert choose_withheld(parts, answers=answers) == {"AL", "ME", "RS"}
    different = make_answers(AL={"yes": 6}, ME={"no": 3}, RS={"yes": 9, "no": 8}, HR={"yes": 10, "no": 10})
    assert choose_withheld(parts, answers=different) == {"AL", "ME"}


def test_people_who_are_in_no_group_count_for_the_rest() -> None:
    groups = {"AL": {"yes": 5, "no": 4}, "ME": {"yes": 5, "no": 5}}
    uniform = AnswerCounts(groups, {"yes": 16, "no": 9})
    assert choose_withheld({"AL": 9, "ME": 10}, hidden=6, answers=uniform) == {"AL"}
    mixed = AnswerCounts(groups, {"yes": 13, "no": 12})
    assert choose_withheld({"AL": 9, "ME": 10}, hidden=6, answers=mixed) == set()


def test_answers_that_several_people_choose_together_are_judged_one_by_one() -> None:
    answers = make_answers(AL={"mail": 7, "phone": 3}, ME={"mail": 4, "phone": 5}, RS={"mail": 8, "phone": 9})
    assert "AL" in choose_withheld({"AL": 7, "ME": 7, "RS": 12}, answers=answers), "all of AL chose mail"


@pytest.mark.parametrize(
    ("answers", "is_withheld"),
    [
        # Everybody knows of each of the nine that the answer was not favourable, or that it was.
        ({"hard": 5, "fair": 4}, True),
        ({"easy": 5, "very easy": 4}, True),
        ({"hard": 4, "fair": 4, "easy": 1}, False),
        # Of ten people it is a result, and no longer a statement on somebody.
        ({"hard": 5, "fair": 5}, False),
    ],
)
def test_small_group_on_one_side_is_withheld_with_company(answers: dict[str, int], is_withheld: bool) -> None:
    mixed = {"easy": 6, "hard": 7}
    counts = make_answers(("easy", "very easy"), AL=answers, ME=mixed, RS={"easy": 9, "hard": 8})
    parts = {"AL": sum(answers.values()), "ME": 13, "RS": 17}
    assert choose_withheld(parts, answers=counts) == ({"AL", "ME"} if is_withheld else set())
    assert choose_withheld(parts, answers=AnswerCounts(counts.groups, counts.whole)) == set(), "no answer is favourable"


def test_rest_of_a_few_people_is_not_on_one_side() -> None:
    groups = {"AL": {"easy": 5, "hard": 8}, "ME": {"easy": 7, "hard": 9}}
    answers = AnswerCounts(groups, {"easy": 12, "hard": 20, "fair": 3}, ("easy",))
    assert choose_withheld({"AL": 13, "ME": 16}, hidden=6, answers=answers) == {"AL"}, "3 found it hard and 3 fair"
