"""Tests that our own remarks are taken out of texts of others, and are in the reader's language."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pipelines.declarations import registry
from pipelines.publication.releases import notes
from pipelines.publication.releases.public_texts import clean_table, clean_text, name_offices
from pipelines.warehouse.reference import glotip, published, uncts
from pipelines.words import agreement, changes, language
from pipelines.words.sources import (
    describe_breakdown,
    explain_publisher_abbreviations,
    has_statement,
    split_ending,
    split_remark,
    split_sentences,
    translate_note,
    translate_remark,
    translate_statement,
    translate_words,
)
from tests.support.paths import ROOT


@pytest.mark.parametrize(
    ("title", "publishers", "remark"),
    [
        (
            "GRETA on Serbia, seen second-hand", "GRETA on Serbia",
            "Read in a copy or a quotation on another site, not in the original.",
        ),
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


GLOTIP = 'The source says in words that there were none; GLOTIP would print "<5".'
NOT_FINAL = "The source does not say whether the convictions are final."


def list_remarks() -> list[str]:
    """Return our remarks on figures of others, as a release has them."""
    folder = Path(published.__file__).parent
    texts = [published.INVENTED_CAVEAT]
    for path in (*folder.glob("*.csv"), *ROOT.glob("pipelines/territories/*/population.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            texts += [row.get("caveat") or "" for row in csv.DictReader(handle)]
    for indicators in (glotip.INDICATORS, uncts.INDICATORS):
        texts += [indicator.caveat or "" for indicator in indicators.values()]
    return list(dict.fromkeys(clean_text(text, {}) for text in texts if text))


@pytest.mark.parametrize("tongue", ["sq", "bs", "hr", "mk", "sr", "sr-Latn", "cnr"])
def test_remarks_on_figures_of_others_are_in_the_language_of_the_page(tongue: str) -> None:
    remarks = list_remarks()
    assert len(remarks) > 50
    with language.read_in(tongue):
        english = [
            text for remark in remarks for text, language_of_text in translate_remark(remark) if language_of_text
        ]
    assert english == []


@pytest.mark.parametrize("tongue", ["sq", "bs", "hr", "mk", "sr", "sr-Latn", "cnr"])
def test_notes_and_counting_rules_of_territories_are_in_the_language_of_the_page(tongue: str) -> None:
    declared = registry.load()
    tables = {"note": notes.build_notes(declared), "counting_rule": notes.counting_rules(declared)}
    national = {code for code, territory in declared.territories.items() if territory.kind == "national"}
    cleaned = {name: clean_table(name, table.lazy(), name_offices(declared)) for name, table in tables.items()}
    rows = {
        name: [row for row in table.collect().iter_rows(named=True) if row["territory"] in national]
        for name, table in cleaned.items()
    }
    assert len(rows["note"]) > 40 and len(rows["counting_rule"]) > 40
    with language.read_in(tongue):
        pieces = [piece for row in rows["note"] for piece in translate_note(row["text"])]
        pieces += [piece for row in rows["counting_rule"] for piece in translate_statement(row["stage_definition"])]
    assert [text for text, of_text in pieces if of_text] == []


def test_note_of_an_office_has_its_name_and_an_unknown_sentence_stays_english() -> None:
    statement = "Ministry of the Interior: Publishes identified victims by year. Nobody translated this."
    text = f"{statement} Source not yet verified."
    with language.read_in("hr"):
        assert translate_note(text) == [
            ("Ministarstvo unutarnjih poslova:", ""),
            ("Objavljuje identificirane žrtve po godinama.", ""),
            ("Nobody translated this.", "en"),
            (language.tell("Source not yet verified."), ""),
        ]
        assert translate_note("Nobody: knows this.") == [("Nobody: knows this.", "en")]
    assert translate_note(text) == [(statement, "en"), ("Source not yet verified.", "")]
    assert translate_statement("") == []


def list_words() -> list[str]:
    """Return the words of other publishers for what the collected figures count."""
    path = Path(published.__file__).with_name("published_figures.csv")
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    words = [row["measure_words"] for row in rows] + [row["unit_words"] for row in rows if not row["count_unit"]]
    return list(dict.fromkeys([*words, *glotip.INDICATORS, *uncts.INDICATORS]))


@pytest.mark.parametrize("tongue", ["sq", "bs", "hr", "mk", "sr", "sr-Latn", "cnr"])
def test_words_of_others_for_what_they_count_are_in_the_language_of_the_page(tongue: str) -> None:
    path = Path(published.__file__).with_name("published_figures.csv")
    with path.open(encoding="utf-8", newline="") as handle:
        breakdowns = {row["breakdown"] for row in csv.DictReader(handle) if row["breakdown"]}
    breakdowns |= {"by form of exploitation: Forced labour", "by citizenship: Nationals"}
    with language.read_in(tongue):
        pieces = [piece for text in list_words() for piece in translate_words(text)]
        pieces += [piece for text in breakdowns for piece in describe_breakdown(text)]
    assert len(pieces) > 80 and [text for text, of_text in pieces if of_text] == []


def test_breakdown_is_translated_as_far_as_its_words_are_known() -> None:
    assert describe_breakdown("") == translate_words("") == []
    assert describe_breakdown("form of exploitation: sexual") == [("(form of exploitation: sexual)", "en")]
    with language.read_in("mk"):
        assert describe_breakdown("form of exploitation: sexual") == [("(форма на експлоатација: сексуална)", "")]
        assert describe_breakdown("by citizenship: Iceland") == [("(според државјанство:", ""), ("Iceland)", "en")]
        assert describe_breakdown("shoe size") == [("(shoe size)", "en")]


def test_body_that_gives_a_reason_is_named_in_the_language_of_the_page() -> None:
    reason = "Investigations that were carried over are counted with those that were new"
    with language.read_in("mk"):
        [(text, of_text)] = translate_remark(f"{reason} (GRETA, cited by the ILO Committee of Experts).")
    assert text.endswith(" (ГРЕТА, цитирана од Комитетот на експерти на МОТ).") and not of_text


def test_remark_is_translated_sentence_by_sentence_and_an_unknown_one_stays_english() -> None:
    assert split_sentences(f"{GLOTIP} {NOT_FINAL}") == [GLOTIP, NOT_FINAL]
    with language.read_in("hr"):
        pieces = translate_remark(f"{GLOTIP} Nobody translated this. {NOT_FINAL}")
        assert [tongue for _, tongue in pieces] == ["", "en", ""]
        assert pieces[0][0].endswith("GLOTIP bi napisao „<5”.") and pieces[1][0] == "Nobody translated this."
        assert translate_remark("") == []
    assert translate_remark(NOT_FINAL) == [(NOT_FINAL, "en")], "the page itself is in English"


def test_reason_of_a_difference_is_translated_and_names_the_body_that_gives_it() -> None:
    reason = "Investigations that were carried over are counted with those that were new (GRETA, 2016)."
    row = {
        "verdict": "explained", "reason_text": reason, "difference": 25.0, "definition": "near",
        "left_caveat": NOT_FINAL, "right_caveat": NOT_FINAL, "left_source": "A", "right_source": "B",
    }  # fmt: skip
    with language.read_in("hr"):
        pieces = agreement.explain_pair(row)
    assert ("(GRETA, 2016).", "en") in pieces, "the body is named before the full stop"
    assert [text for text, tongue in pieces if tongue] == ["(GRETA, 2016)."], "everything else is in Croatian"
    assert not any(text.endswith(".") for text, _ in pieces[: pieces.index(("(GRETA, 2016).", "en"))][-1:])
    assert sum("pravomoćne" in text for text, _ in pieces) == 1, "each remark is given once"
    assert reason in [text for text, _ in agreement.explain_pair(row)]


def test_abbreviations_of_publishers_are_spelled_out_where_they_occur() -> None:
    meanings = explain_publisher_abbreviations(
        ["UNODC GLOTIP 2023-05-30", "investigations initiated (SPAK)", "UNODC GLOTIP"]
    )
    assert [meaning.partition(":")[0] for meaning in meanings] == ["GLOTIP", "SPAK"]
    assert explain_publisher_abbreviations(["Ministry of the Interior"]) == []
    in_cyrillic = {"mk": ["започнати истраги (СПАК)", "Комитетот на експерти на МОТ"], "sr": ["ГРЕТА", "МОР-а"]}
    heads = {"mk": ["МОТ (ILO)", "SPAK (СПАК)"], "sr": ["МОР (ILO)", "ГРЕТА"]}
    for code, texts in in_cyrillic.items():
        with language.read_in(code):
            assert [meaning.partition(":")[0] for meaning in explain_publisher_abbreviations(texts)] == heads[code]
