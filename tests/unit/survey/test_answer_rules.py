"""Routing, pages and the checks of one answer."""

from __future__ import annotations

import pytest

from pipelines.survey.answer_rules import QUESTIONS_ON_A_PAGE, Questionnaire
from pipelines.survey.bank import load_bank

BANK = load_bank()
FULL = Questionnaire(BANK, "full", "prosecutor")


def list_ids(questions: object) -> list[str]:
    return [question.id for question in questions]  # type: ignore[attr-defined]


def test_list_visible_follows_the_answers() -> None:
    dependent = {"JT03", "JT04", "JT05", "JT09"}
    assert not dependent & set(list_ids(FULL.list_visible({})))
    assert not dependent & set(list_ids(FULL.list_visible({"JT02": ("no",)})))
    assert dependent <= set(list_ids(FULL.list_visible({"JT02": ("yes",)})))


def test_keep_visible_drops_answers_of_a_branch_that_was_left() -> None:
    answers = {"JT02": ("no",), "JT03": ("4",), "JT01": ("yes",)}
    assert FULL.keep_visible(answers) == {"JT02": ("no",), "JT01": ("yes",)}


@pytest.mark.parametrize("role", BANK.lists.roles)
@pytest.mark.parametrize("form", BANK.lists.forms)
def test_list_pages_holds_each_question_once_after_its_condition(role: str, form: str) -> None:
    questionnaire = Questionnaire(BANK, form, role)  # type: ignore[arg-type]
    pages = questionnaire.list_pages()
    assert [q for page in pages for q in page] == list(BANK.list_questions(questionnaire.form, role))
    assert max(map(len, pages)) <= QUESTIONS_ON_A_PAGE
    for page in pages:
        assert not {q.show_if.question for q in page if q.show_if is not None} & set(list_ids(page))


@pytest.mark.parametrize(
    ("question", "values", "expected"),
    [
        ("FR01", ["4"], (("4",), None)),
        ("FR01", [], ((), None)),
        ("FR01", ["6"], ((), "unknown")),
        ("FR01", ["4", "5"], (("4",), "several")),
        ("FR01", ["no_experience"], (("no_experience",), None)),
        ("IE02", ["direct", "selec"], (("selec", "direct"), None)),
        ("IE02", ["none", "selec"], (("selec", "none"), "exclusive")),
        ("IE02", ["selec", "not_applicable"], (("selec", "not_applicable"), "exclusive")),
        ("TR10", ["  More time. "], (("More time.",), None)),
        ("TR10", ["x" * 1200], (("x" * 1000,), None)),
    ],
)
def test_clean_answer(question: str, values: list[str], expected: object) -> None:
    assert FULL.clean_answer(BANK.find_question(question), values) == expected


def test_find_missing_accepts_no_experience() -> None:
    required = set(list_ids(FULL.find_missing({})))
    assert "FR01" in required
    assert "TR10" not in required
    assert set(list_ids(FULL.find_missing({"FR01": ("no_experience",)}))) == required - {"FR01"}
