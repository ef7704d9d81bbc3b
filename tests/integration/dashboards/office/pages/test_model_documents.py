"""Tests of the page "Model documents": forms, downloads, errors at fields, and that no entry stays on the server."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from pipelines.office.model_documents import docx_writer
from pipelines.office.model_documents.declarations import list_documents
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.service.office_client import Document, Office, open_office

FORM = "/model-documents/form"
WORD, PDF = "Download as a Word document", "Download as a PDF"
PLANTED, MARK = "Čuvana Tajna7391", "Tajna7391"
ENTRIES: dict[str, Any] = {
    "entry-sending_authority": "Prosecution service",
    "entry-receiving_authority": "Tužilaštvo, Kosovo",
    "entry-legal_basis": "The treaty",
    "entry-information": f"{PLANTED}\nsecond line",
    "entry-conditions": "none",
    "entry-reply_by": "2026-12-31",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The pages of an empty home."""
    home, _ = home_and_ledger(tmp_path_factory.mktemp("models"), lambda _engine: None)
    with pytest.MonkeyPatch.context() as patch, open_office(home, patch) as opened:
        yield opened


def open_form(office: Office, account: str = "nobody") -> Document:
    return office.open(account, FORM, document="spontaneous_information")


def find_files(folder: Path, text: str) -> list[Path]:
    """Return the files of a folder that hold a text."""
    patterns = [text.encode(encoding) for encoding in ("utf-8", "utf-16-le")]
    return [p for p in folder.rglob("*") if p.is_file() and any(pattern in p.read_bytes() for pattern in patterns)]


@pytest.mark.parametrize("account", ["nobody", "al-sender", "secretariat"])
def test_every_account_can_open_every_form(office: Office, account: str) -> None:
    page = office.open(account, "/model-documents")
    assert page.heading == "Model documents"
    for document in list_documents():
        form = page.follow_link(f"Open the form: {document.title['en']}")
        assert form.heading == document.title["en"] and document.checklist[0]["en"] in form.main
        assert "It is not legal advice" in form.main and f"Version {document.version}" in form.main
        names = {field.get("name") for field in form.find_elements("[name^=entry-]")}
        assert names == {f"entry-{field.id}" for field in document.fields}


def test_visitors_are_asked_to_sign_in(office: Office) -> None:
    for address in ("/model-documents", FORM, "/model-documents/empty"):
        assert office.start_visit(None).open_page(address, follow=False).status == 303


def test_form_is_downloaded_as_docx_and_is_not_to_be_stored(office: Office) -> None:
    import docx

    answer = open_form(office).submit_form(WORD, **ENTRIES, language="hr").response
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert 'filename="spontaneous-information-1.1-hr.docx"' in answer.headers["content-disposition"]
    text = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(answer.content)).paragraphs)
    for entry in ("Prosecution service", "Tužilaštvo, Kosovo", "The treaty", ENTRIES["entry-information"]):
        assert entry in text
    assert "Bez uvjeta" in text and "Dostava informacija" in text
    assert "u kontekstu Rezolucije 1244 (1999)" in text, "the name of the territory has its footnote, in the language"
    assert "All references to Kosovo" not in text
    assert list_documents()[2].checklist[0]["hr"] in text


@pytest.mark.sampled(turn=1)
def test_form_is_downloaded_as_pdf_without_the_checklist(office: Office) -> None:
    answer = open_form(office).submit_form(PDF, **ENTRIES, language="sq", checklist=[]).response
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert str(pdf.Root.Lang) == "sq" and bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.docinfo["/Title"]) == list_documents()[2].title["sq"]
        n_pages = len(pdf.pages)
    with_checklist = open_form(office).submit_form(PDF, **ENTRIES, language="sq").response
    with pikepdf.open(io.BytesIO(with_checklist.content)) as pdf:
        assert len(pdf.pages) == n_pages + 1


@pytest.mark.parametrize(("button", "start"), [("an empty Word document", b"PK"), ("an empty PDF", b"%PDF")])
def test_empty_document_can_be_downloaded(office: Office, button: str, start: bytes) -> None:
    answer = open_form(office).submit_form(f"Download {button}", language="sr-Latn").response
    assert answer.status_code == 200 and answer.content.startswith(start)
    assert answer.headers["cache-control"] == "no-store"


def test_faulty_entries_have_an_error_at_their_field_and_are_kept(office: Office) -> None:
    entries = {**ENTRIES, "entry-legal_basis": "", "entry-reply_by": "soon", "entry-information": "x" * 5001}
    page = open_form(office).submit_form(WORD, **entries, language="bs", checklist=[])
    assert page.status == 422 and page.response.headers["cache-control"] == "no-store"
    assert page.errors == [
        "Fill in this field: Legal basis",
        "This text is too long: Information. Characters allowed: 5000; entered: 5001.",
        "Enter the date as year, month and day, such as 2026-05-31: Reply by",
    ]
    for link in page.find_elements("#errors a"):
        (field,) = page.find_elements(f"[name='{link.get('href').removeprefix('#')}']")
        assert field.get("aria-invalid") == "true" and link.get("href") == f"#{field.get('id')}"
        assert link.text_content() in page.tree.get_element_by_id(f"{field.get('id')}-error").text_content()
    repeated = page.submit_form(WORD, **{name: ENTRIES[name] for name in entries if entries[name] != ENTRIES[name]})
    assert repeated.status == 200, "what was right, the language and the choice of the checklist are still there"
    assert "-bs.docx" in repeated.response.headers["content-disposition"]


def test_characters_that_the_pdf_cannot_show_have_an_error_at_their_field(office: Office) -> None:
    page = open_form(office).submit_form(PDF, **{**ENTRIES, "entry-information": "日本"})
    assert page.status == 422 and [e.get("href") for e in page.find_elements("#errors a")] == ["#entry-information"]
    assert page.submit_form(WORD).status == 200


def test_unknown_addresses_and_forged_forms_are_refused(office: Office) -> None:
    assert office.open("nobody", FORM, document="none").status == 404
    query = {"document": "mla_request", "language": "xx", "format": "pdf"}
    assert office.open("nobody", "/model-documents/empty", **query).status == 404
    fields = {**ENTRIES, "document": "spontaneous_information", "format": "docx"}
    refused = office.start_visit("nobody").post_raw("/model-documents/download", data=fields)
    assert refused.status == 403 and MARK not in refused.response.text


def test_language_of_the_page_can_be_changed_after_an_error(office: Office) -> None:
    page = open_form(office).submit_form(WORD)
    assert page.status == 422
    (back,) = page.find_elements("form[action='/language'] input[name=back]")
    assert back.get("value") == f"{FORM}?document=spontaneous_information"


def test_entries_stay_neither_in_the_home_nor_in_logs(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    form = open_form(office)
    assert form.submit_form(WORD, **ENTRIES).status == 200
    assert form.submit_form(PDF, **ENTRIES).status == 200
    assert form.submit_form(PDF, **{**ENTRIES, "entry-reply_by": "soon"}).status == 422

    def raise_fault(*_: object) -> bytes:
        raise RuntimeError(PLANTED)

    monkeypatch.setattr(docx_writer, "write_docx", raise_fault)
    failed = form.submit_form(WORD, **ENTRIES)
    assert failed.status == 500 and MARK not in failed.response.text
    office.desk.engine.dispose()
    assert find_files(office.desk.home.root, "Secretariat: steward"), "the search finds what the ledger holds"
    assert find_files(office.desk.home.root, MARK) == []
    assert "a request failed" in caplog.text and MARK not in caplog.text
