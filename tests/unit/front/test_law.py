"""Tests of the page on the law: signs of results, and events of treaties in order."""

from __future__ import annotations

from typing import Any

from pipelines.front.pages.law import compose_law
from pipelines.front.reader import Reader
from tests.support.editions import make_edition

LABELS = {
    "law_element": {"PURPOSE": "Purpose"},
    "law_status": {"met": "Met", "not_met": "Not met", "unknown": "Not assessed"},
    "treaty": {"UNTOC": "Convention"},
    "treaty_event": {"signed": "Signed", "ratified": "Ratified"},
}
CODELISTS: list[dict[str, Any]] = [
    {"codelist": name, "code": code, "label": label}
    for name, labels in LABELS.items()
    for code, label in labels.items()
]


def make_event(event: str, date: str) -> dict[str, Any]:
    return {
        "territory": "AA",
        "treaty": "UNTOC",
        "event": event,
        "date": date,
        "is_verified": True,
        "source": "",
        "note": "",
    }


def make_result(area: str, result: str) -> dict[str, Any]:
    return {
        "jurisdiction": area, "element": "PURPOSE", "treaty": "UNTOC", "result": result, "result_before": "",
        "is_current": True, "applies_from": "2020-01-01",
    }  # fmt: skip


def test_results_have_a_sign_and_a_word_and_what_is_not_assessed_says_so() -> None:
    element = {"treaty": "UNTOC", "element": "PURPOSE", "provision": "19", "is_verified": True}
    results = [make_result("AA_X", "met"), make_result("BB", "not_met")]
    page = compose_law(
        Reader(make_edition(codelist=CODELISTS, treaty_element=[element], legal_assessment=results), "en")
    )
    (table,) = page.values["tables"]
    met, not_met, *others = table.rows[0].fields
    assert met == '<span class="front-state front-state-met"><span class="front-word">Met</span></span>'
    assert "front-state-not-met" in not_met and ">Not met<" in not_met
    assert all("front-state-unknown" in field and ">Not assessed<" in field for field in others) and others


def test_events_of_a_treaty_are_one_sentence_with_the_month_in_words() -> None:
    events = [make_event("signed", "2000-12-12"), make_event("ratified", "2001-09")]
    page = compose_law(Reader(make_edition(codelist=CODELISTS, treaty_event=events), "en"))
    treaties = page.values["treaties"]
    phrase = '<span class="front-phrase">{}</span>'
    signed, ratified = phrase.format("Signed: 12 December 2000;"), phrase.format("ratified: September 2001")
    assert str(treaties.rows[0].fields[0]) == f"{signed} {ratified}", "no date is on the line of another event"
    assert "date not found" in str(treaties.rows[1].fields[0]), "no field is empty"


def test_note_on_a_treaty_has_a_mark_at_each_field_that_it_is_about() -> None:
    noted = make_event("ratified", "2001-09") | {"note": "Another source gives a later day.", "is_verified": False}
    events = [noted, noted | {"territory": "BB"}, make_event("signed", "2000-12-12") | {"territory": "CC"}]
    treaties = compose_law(Reader(make_edition(codelist=CODELISTS, treaty_event=events), "en")).values["treaties"]
    fields = [str(row.fields[0]) for row in treaties.table.rows]
    assert [field.endswith(">1,2</sup></span>") for field in fields] == [True, True, False, False]
    notes = {mark: str(text) for mark, text in treaties.all_notes}
    assert notes["1"] == "Convention: Another source gives a later day." and notes["2"] == "Source not yet verified."


def test_changes_of_the_law_are_headed_as_those_of_territories_and_jurisdictions() -> None:
    changed = make_result("AA_X", "met") | {"result_before": "not_met"}
    page = compose_law(Reader(make_edition(codelist=CODELISTS, legal_assessment=[changed]), "en"))
    assert page.values["changes"].corner == "Territory or jurisdiction"
    assert "Only changes of a result are listed, from all years." in page.values["changes"].notes.remarks
