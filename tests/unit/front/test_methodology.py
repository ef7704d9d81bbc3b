"""Tests of the page on methods: what protection covers, and what it does not."""

from __future__ import annotations

from pipelines.front.pages.methodology import compose_methodology
from pipelines.front.reader import Reader
from pipelines.words import durations, reporting, trends
from pipelines.words.language import read_in, tell
from tests.support.editions import make_edition


def test_page_names_what_is_protected_and_that_differences_are_not() -> None:
    page = compose_methodology(Reader(make_edition(), "en"))
    text = str(page.values)
    assert "Counts of 1 to 4 people in the returns of offices are never shown." in text
    assert "For exchange between police forces and for joint teams, these are counts of 1 to 9." in text
    assert "Small counts are also protected from the offices that report" in text
    assert (
        "Only single counts are protected: the difference of two published counts, or the sum of several hidden ones, "
        "can be as small as a protected one." in text
    )


def test_page_states_the_own_rule_of_practitioners_answers_with_its_reason() -> None:
    text = str(compose_methodology(Reader(make_edition(), "en")).values)
    assert "a share needs at least 5 respondents, and one person alone may be behind it." in text
    assert "groups in which all, or all but one, gave the same answer are withheld" in text
    assert "Counts of 1 to 4 people are never shown" not in text, "untrue of the answers of practitioners"


def test_page_explains_groups_cases_balances_earlier_releases_and_printed_totals() -> None:
    (texts,) = [
        texts
        for anchor, _, texts in compose_methodology(Reader(make_edition(), "en")).values["sections"]
        if anchor == "protection"
    ]
    for words in (
        "If everybody in a total belongs to one group",
        "a figure of 5 or more people may come from a single case.",
        "cases pending at its end must add up.",
        "each release is protected together with all releases before it. A published figure that changes by 1 to 4",
        "A reader who knows all printed totals can work out a few small counts; no release can prevent that.",
    ):
        assert any(words in text for text in texts), words


def test_not_compared_is_also_what_tables_say_of_figures_that_are_too_few() -> None:
    legend = dict(compose_methodology(Reader(make_edition(), "en")).values["legend"])
    assert "missing, withheld or too few to compare, there is a break in the series" in legend["not compared"]
    assert legend["too few to compare"] == "The figure, or one of the counts behind it, is below 20."


def test_page_explains_each_word_that_tables_show_instead_of_figures() -> None:
    with read_in("en"):
        legend = dict(compose_methodology(Reader(make_edition(), "en")).values["legend"])
        words_of_tables = {
            text for code, text in trends.VERDICTS.items() if code not in ("rise", "fall", "no_clear_change")
        }
        words_of_tables |= {reporting.STATES["not_due"], tell(durations.NO_RECORDS), tell(durations.NOT_REACHED)}
    words_of_tables |= {"same territory", "date not found", "not compared", "no regional figure"}
    assert {text.partition(":")[0] for text in words_of_tables} <= legend.keys()
    assert "a break in the series" in legend["not compared"] and "a break in the series" in legend["not tested"]


def test_glossary_tells_statuses_of_victims_apart() -> None:
    glossary = {name: text for _, name, text in compose_methodology(Reader(make_edition(), "en")).values["glossary"]}
    assert {"Presumed victim", "Identified victim", "Injured party"} <= glossary.keys()
    assert "are not added to the victims" in glossary["Injured party"]
