"""Tests of the files of model documents: read back, they hold every entry, headings, language and no author."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.core.i18n import list_languages
from pipelines.office.model_documents import docx_writer, pdf_writer
from pipelines.office.model_documents.declarations import ModelDocument, list_documents
from pipelines.office.model_documents.filling import FilledDocument, fill_document
from tests.support.pdf_structure import read_structure

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
TAGS = {
    "en": "en-GB",
    "sq": "sq-AL",
    "bs": "bs-Latn-BA",
    "hr": "hr-HR",
    "mk": "mk-MK",
    "sr": "sr-Cyrl-RS",
    "sr-Latn": "sr-Latn-RS",
    "cnr": "sr-Latn-ME",
}
NOTE = "A footnote in English."


def make_entries(document: ModelDocument) -> dict[str, str]:
    """Return an entry for each field, each with a text of its own."""
    values = {"date": "2026-05-31", "line": "Žuta {line} #[x] {id}", "long": "Ëndërr <{id}>\nжеѓа & {blank} {id}"}
    return {
        field.id: field.options[-1].value if field.options else values[field.kind].replace("{id}", field.id)
        for field in document.fields
    }


def fill_example(document: ModelDocument, language: str) -> FilledDocument:
    return fill_document(document, language, make_entries(document), with_checklist=True, footnotes=[NOTE])


def read_pdf_text(content: bytes) -> str:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(content)) as pdf:
        return "\n".join(page.extract_text() for page in pdf.pages)


@pytest.mark.parametrize("document", list_documents(), ids=lambda document: document.id)
def test_docx_has_every_entry_and_heading(document: ModelDocument) -> None:
    import docx

    filled = fill_example(document, "mk")
    output = docx.Document(io.BytesIO(docx_writer.write_docx(filled, NOW)))
    text = "\n".join(paragraph.text for paragraph in output.paragraphs)
    for field_id, entry in make_entries(document).items():
        if document.get_field(field_id).kind in ("line", "long"):
            assert entry in text, field_id
    for field in (field for field in document.fields if field.options):
        assert field.options[-1].label["mk"] in text
    assert "31 " in text and "2026-05-31" not in text
    headings = [p.text for p in output.paragraphs if p.style is not None and p.style.name.startswith("Heading")]
    assert headings == [filled.title, *(chapter.heading for chapter in filled.chapters), filled.checklist_heading]
    assert [p.text for p in output.paragraphs if p.style is not None and p.style.name == "List Bullet"] == list(
        filled.checklist
    )
    assert filled.legal_note in text and NOTE in text
    assert output.sections[0].footer.paragraphs[0].text == filled.version


@pytest.mark.parametrize("language", list_languages())
def test_docx_states_its_language_and_no_author(language: str) -> None:
    import docx
    from docx.oxml.ns import qn

    filled = fill_example(list_documents()[-1], language)
    output: Any = docx.Document(io.BytesIO(docx_writer.write_docx(filled, NOW)))
    tags = [tag.get(qn("w:val")) for tag in output.styles.element.iter(qn("w:lang"))]
    assert set(tags) == {TAGS[language]}
    english = [p for p in output.paragraphs if p.text == NOTE]
    assert english[0].runs[0]._element.rPr.find(qn("w:lang")).get(qn("w:val")) == "en-GB"
    properties = output.core_properties
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
    assert properties.title == filled.title and properties.created.year == 2026


@pytest.mark.parametrize(
    ("number", "language", "tag"), [(0, "mk", "mk"), (1, "sq", "sq"), (2, "sr-Latn", "sr"), (2, "cnr", "cnr")]
)
def test_pdf_is_tagged_and_has_every_entry(number: int, language: str, tag: str) -> None:
    document = list_documents()[number]
    filled = fill_example(document, language)
    content = pdf_writer.write_pdf(filled, NOW)
    structure = read_structure(content)
    assert structure.standard == "1" and structure.is_marked and structure.lang == tag
    assert structure.title == filled.title and structure.shows_title
    roles = [element.role for element in structure.tags]
    assert roles.count("/H1") == 1 and roles.count("/H2") == len(filled.chapters) + 1
    assert roles.count("/LI") == len(filled.checklist)
    text = read_pdf_text(content)
    for field in (field for field in document.fields if field.kind == "line"):
        assert make_entries(document)[field.id] in text, field.id
    for field in (field for field in document.fields if field.kind == "long"):
        assert f"жеѓа & {{blank}} {field.id}" in text, field.id


def test_pdf_with_characters_outside_its_font_names_the_fields() -> None:
    document = list_documents()[1]
    entries = {**make_entries(document), "facts": "the shop 日本", "place": "🙂"}
    filled = fill_document(document, "en", entries, with_checklist=False)
    with pytest.raises(pdf_writer.NotPrintableError) as caught:
        pdf_writer.write_pdf(filled, NOW)
    assert "日" not in str(caught.value) and caught.value.__cause__ is None
    assert [field.id for field in pdf_writer.find_not_printable(document, entries, NOW)] == ["facts", "place"]
    assert docx_writer.write_docx(filled, NOW)
