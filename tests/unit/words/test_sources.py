"""Tests that our own remarks are taken out of texts of others, and are in the reader's language."""

from __future__ import annotations

import pytest

from pipelines.words import changes, language
from pipelines.words.sources import has_statement, split_ending, split_remark


@pytest.mark.parametrize(
    ("title", "publishers", "remark"),
    [
        ("GRETA on Serbia, seen second-hand", "GRETA on Serbia", "Seen second-hand: others quote the source."),
        ("Kosovo Police, as reported in the press (2)", "Kosovo Police (2)", "As reported in the press."),
        ("UNODC GLOTIP", "UNODC GLOTIP", ""),
    ],
)  # fmt: skip
def test_remark_is_separated_from_the_title_of_the_publisher(title: str, publishers: str, remark: str) -> None:
    assert split_remark(title) == (publishers, remark)


def test_remark_at_the_end_of_an_english_text_is_separated() -> None:
    assert split_ending("New code. Source not yet verified.") == ("New code.", "Source not yet verified.")
    assert split_ending("Source not yet verified. New code.") == ("Source not yet verified. New code.", "")


def test_sentence_that_ends_with_a_date_has_one_full_stop() -> None:
    with language.read_in("hr"):
        assert language.tell("{area}, {period}: {state}.", area="A", period="2026.", state="3. tromjesečje 2026.") == (
            "A, 2026.: 3. tromjesečje 2026."
        )
    sentence = language.tell("{area}, {period}: {state}.", area="A", period="2026", state="and so on...")
    assert sentence == "A, 2026: and so on...."


def test_change_of_the_kind_of_return_is_in_the_words_of_the_page() -> None:
    row = {
        "words": "shape_changed",
        "detail": "aggregates > register",
        "text": "Counts come from: aggregates > register.",
    }
    assert changes.describe_cause(row) == (
        "Counts come from another kind of return: summary returns before, records of a register since then."
    )


def test_office_without_a_statement_is_only_its_name() -> None:
    assert not has_statement("Ministry of Justice: Source not yet verified.")
    assert has_statement("Ministry of Justice: Publishes a yearbook. Source not yet verified.")
    assert has_statement("New code. Source not yet verified.") and has_statement("Ministry of Justice: Reports late.")
