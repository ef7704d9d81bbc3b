"""The finder of torn figures finds planted ones in sentences of each language, and none that are kept together."""

from __future__ import annotations

import pytest

from pipelines.core import i18n
from pipelines.words.language import many, read_in
from pipelines.words.line_breaks import keep_page_whole, unbroken_fields, unbroken_phrases
from tests.support.torn_figures import find_torn

PLANTED = (
    ("en", "5 changes were tested."), ("en", "Number of persons: 20"), ("en", "95% confidence interval"),
    ("en", "resolution 1244 (1999)"), ("en", "release 2026-Q3"), ("en", "at 09:00 UTC"), ("mk", "106 пара податоци"),
    ("mk", "2 се совпаѓаат и 104 се разликуваат"), ("sq", "Numri i personave: 20"), ("sq", "kuartili i sipërm: 84"),
    ("sq", "dhe 2 ndryshojnë pa arsye"), ("hr", "95% interval"), ("sr", "106 парова података"),
)  # fmt: skip


@pytest.mark.parametrize(("language", "text"), PLANTED)
def test_torn_number_of_a_sentence_is_found_unless_it_is_kept_together(language: str, text: str) -> None:
    page = f"<main><p>Xxxx {text} xxxx</p></main>"
    assert find_torn(page, language)
    with read_in(language):
        whole = keep_page_whole(page, unbroken_phrases(), has_spaces=True, in_tables=unbroken_fields())
    assert find_torn(whole, language) == []


@pytest.mark.parametrize("language", list(i18n.language_names()))
@pytest.mark.parametrize("n", [1, 2, 5, 21])
def test_number_of_agreeing_figures_is_kept_with_its_verb_in_each_language(language: str, n: int) -> None:
    with read_in(language):
        page = f"<main><p>{many('{n} agrees', '{n} agree', n)}</p></main>"
        whole = keep_page_whole(page, unbroken_phrases(), has_spaces=True)
    assert find_torn(page, language) and find_torn(whole, language) == []


def test_numbers_in_tables_are_not_judged_as_those_of_sentences() -> None:
    assert find_torn("<main><table><tr><td>Persons: 20</td></tr></table></main>", "en") == []
