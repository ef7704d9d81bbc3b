"""Tests of what is checked in entries of model documents, and how they are put into the texts."""

from __future__ import annotations

import pytest

from pipelines.core.i18n import list_languages
from pipelines.office.model_documents.declarations import (
    LINE_LIMIT,
    LONG_LIMIT,
    ModelDocument,
    find_document,
    list_documents,
)
from pipelines.office.model_documents.filling import (
    DOTTED_LINE,
    check_entries,
    clean_entry,
    fill_document,
    find_footnotes,
)

NOTES = {"Kosovo": "a note", "Косово": "a note"}


@pytest.fixture
def document() -> ModelDocument:
    document = find_document("spontaneous_information")
    assert document is not None
    return document


def test_clean_entry_removes_what_no_document_can_hold() -> None:
    assert clean_entry(" a\r\nb\rc\x00\x0b\ufffe\n\n\n\nd ") == "a\nb\nc\n\nd"
    assert clean_entry("čšж 🙂\td") == "čšж 🙂\td"


def test_check_entries_names_each_faulty_field(document: ModelDocument) -> None:
    entries = {
        "sending_authority": "A",
        "receiving_authority": "B",
        "legal_basis": "x" * LONG_LIMIT,
        "information": "x" * (LONG_LIMIT + 1),
        "reference": "x" * (LINE_LIMIT + 1),
        "conditions": "other",
        "reply_by": "2026-02-30",
        "signed_on": "20260228",
    }
    faults = {fault.field.id: fault.kind for fault in check_entries(document, entries)}
    assert faults == {
        "information": "too_long",
        "reference": "too_long",
        "conditions": "choice",
        "reply_by": "date",
        "signed_on": "date",
    }
    required = [fault.field.id for fault in check_entries(document, {}) if fault.kind == "required"]
    assert required == [field.id for field in document.fields if field.required]


def test_fill_document_inserts_entries_as_they_are(document: ModelDocument) -> None:
    entries = {"place": "{signed_on} & <b>", "signed_on": "2026-05-31", "conditions": "none", "information": "a\nb"}
    filled = fill_document(document, "en", entries, with_checklist=False)
    texts = ["".join(run.text for run in block.runs) for chapter in filled.chapters for block in chapter.blocks]
    assert "Place and date: {signed_on} & <b>, 31 May 2026" in texts
    assert "No conditions" in texts and "a\nb" in texts
    assert f"Signature and stamp: {DOTTED_LINE}" in texts
    assert filled.checklist == () and filled.file_stem == "spontaneous-information-1.1-en"
    assert filled.chapters[0].heading == "1. Authorities"


def test_fill_document_leaves_a_dotted_line_for_each_empty_field(document: ModelDocument) -> None:
    filled = fill_document(document, "sr-Latn", {}, with_checklist=True)
    lines = [run for chapter in filled.chapters for block in chapter.blocks for run in block.runs]
    assert sum(run.text == DOTTED_LINE for run in lines) == len(document.fields) + 1, "and one for the signature"
    assert not any(run.is_entry for run in lines)
    assert len(filled.checklist) == len(document.checklist)
    assert filled.title == "Dostavljanje informacija na sopstvenu inicijativu"


@pytest.mark.parametrize("language", list_languages())
def test_dates_that_end_with_a_point_do_not_end_a_sentence(language: str) -> None:
    for document in list_documents():
        entries = {field.id: "2026-05-31" for field in document.fields if field.kind == "date"}
        filled = fill_document(document, language, entries, with_checklist=False)
        for block in (block for chapter in filled.chapters for block in chapter.blocks):
            assert ".." not in "".join(run.text for run in block.runs)


def test_legal_note_says_whether_a_lawyer_has_reviewed_the_language(document: ModelDocument) -> None:
    reviewed = document.model_copy(update={"reviewed": ("en",)})
    assert "reviewed" in fill_document(document, "en", {}, with_checklist=False).legal_note
    note = fill_document(reviewed, "en", {}, with_checklist=False).legal_note
    assert "reviewed" not in note and "not legal advice" in note


@pytest.mark.parametrize("entry", ["Court in KOSOVO", "Gjykata e Kosovës", "Суд на Косову"])
def test_named_territory_has_its_footnote_once(entry: str) -> None:
    assert find_footnotes(["other", entry], NOTES) == ["a note"]


def test_other_names_have_no_footnote() -> None:
    assert find_footnotes(["Court in Skopje", "xkosovo"], NOTES) == []
