"""Tests of the words for unprotected figures."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.office.context import PageContext
from dashboards.office.figure_words import compose_note, describe_broken_balance, format_figure

NOTHING: Any = None


@pytest.mark.parametrize(
    ("language", "figure", "gap"),
    [("en", "1,234.50", "1,200"), ("hr", "1\u202f234,50", "1\u202f200")],
)
def test_figures_have_the_signs_of_the_persons_language(language: str, figure: str, gap: str) -> None:
    context = PageContext(NOTHING, NOTHING, language, NOTHING, NOTHING)
    assert format_figure(context, {"value": 1234.5, "low": None}, 2) == figure
    balance = {"opening": 1200, "entries": 0, "exits": 0, "closing": 0, "gap": -1200, "count_unit": "person"}
    title, account = describe_broken_balance(context, balance)
    assert gap in title and gap in account


def test_broken_balance_says_in_words_which_side_is_greater() -> None:
    context = PageContext(NOTHING, NOTHING, "en", NOTHING, NOTHING)
    for closing, words in ((27, "2 persons more"), (23, "2 persons fewer")):
        balance = {"opening": 20, "entries": 10, "exits": 5, "closing": closing, "gap": 25 - closing}
        title, _ = describe_broken_balance(context, balance | {"count_unit": "person"})
        assert title == f"{words} at the end than calculated"


def test_only_a_figure_that_exists_is_called_provisional() -> None:
    context = PageContext(NOTHING, NOTHING, "en", NOTHING, NOTHING)
    assert compose_note(context, [{"value": 3.0, "flags": "provisional"}]) == "Provisional: it may still change."
    assert compose_note(context, [{"value": None, "flags": "provisional"}]) == ""
    reason = compose_note(context, [{"value": None, "reasons": "card_missing", "flags": "provisional"}])
    assert reason == "How the office counts is not declared."
