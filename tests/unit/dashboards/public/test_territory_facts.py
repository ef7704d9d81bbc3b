"""Test the languages of the facts on a territory's page."""

from __future__ import annotations

import re

import pytest

from dashboards.public import tables
from dashboards.public.pages.territory.facts import list_population_facts
from pipelines.words import Row
from pipelines.words.language import read_in

TRANSLATED = "Uses revised census figures, such as 2.41 million for Albania in 2023."
UNTRANSLATED = "Nobody translated this <5."
POPULATION: Row = {
    "population": 2000000, "year": 2026, "population_year": 2024, "is_carried_forward": True, "series": "Series S",
    "vintage": "Edition E", "reference_date": "mid-year", "caveat": f"{TRANSLATED} {UNTRANSLATED}",
}  # fmt: skip


def render_descriptions(language: str) -> list[str]:
    """Return the HTML of the descriptions of a population on a page in a language."""
    with read_in(language):
        return re.findall(r"<dd>(.*?)</dd>", tables.render_facts(list_population_facts(POPULATION)))


@pytest.mark.parametrize("language", ["sq", "bs", "hr", "mk", "sr", "sr-Latn", "cnr"])
def test_english_source_and_remark_on_a_population_have_their_language(language: str) -> None:
    number, source, caution = render_descriptions(language)
    assert "lang=" not in number and "2024" in number
    assert source == '<span lang="en">Series S; Edition E; mid-year</span>'
    translation, english = caution.split('<span lang="en">')
    assert translation and TRANSLATED not in translation
    assert english == " Nobody translated this &lt;5.</span>"


def test_texts_on_a_population_have_no_language_on_an_english_page() -> None:
    number, source, caution = render_descriptions("en")
    assert number == "2,000,000 (2026, carried forward from 2024)"
    assert source == "Series S; Edition E; mid-year"
    assert caution == f"{TRANSLATED} Nobody translated this &lt;5."


def test_population_without_a_remark_has_no_caution() -> None:
    with read_in("hr"):
        facts = tables.render_facts(list_population_facts({**POPULATION, "caveat": None}))
    assert facts.count("<dd>") == 2
