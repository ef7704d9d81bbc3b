"""Write a filled document as a Word document with headings, lists and the language of its text."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pipelines.office.model_documents.filling import DocumentBlock, FilledDocument

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_FONT = "Arial"
_STYLES = ("Normal", "Heading 1", "Heading 2", "List Bullet", "Footer")
_LANGUAGES = {
    "en": "en-GB",
    "sq": "sq-AL",
    "bs": "bs-Latn-BA",
    "hr": "hr-HR",
    "mk": "mk-MK",
    "sr": "sr-Cyrl-RS",
    "sr-Latn": "sr-Latn-RS",
    "cnr": "sr-Latn-ME",
}
"""Tags by which Word knows the languages; it has no tag of its own for Montenegrin."""


def write_docx(document: FilledDocument, created: datetime) -> bytes:
    """Return the document as DOCX."""
    import docx
    from docx.shared import Cm

    output = docx.Document()
    _describe_file(output, document, created)
    _set_styles(output, _LANGUAGES[document.language])
    section = output.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    output.add_heading(document.title, 1)
    for chapter in document.chapters:
        output.add_heading(chapter.heading, 2)
        for block in chapter.blocks:
            _add_block(output.add_paragraph(), block)
    output.add_paragraph(document.legal_note)
    for footnote in document.footnotes:
        _mark_english(output.add_paragraph(footnote))
    if document.checklist:
        heading = output.add_heading(document.checklist_heading, 2)
        heading.paragraph_format.page_break_before = True
        for item in document.checklist:
            output.add_paragraph(item, "List Bullet")
    section.footer.paragraphs[0].text = document.version
    stream = io.BytesIO()
    output.save(stream)
    return stream.getvalue()


def _describe_file(output: Document, document: FilledDocument, created: datetime) -> None:
    """Replace the properties of the library's own template, which names the library as the author."""
    properties = output.core_properties
    properties.title, properties.language = document.title, _LANGUAGES[document.language]
    properties.version = document.version
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = created.astimezone(UTC).replace(microsecond=0)


def _set_styles(output: Document, language: str) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    defaults = output.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    for tag in defaults.findall(qn("w:lang")):
        tag.set(qn("w:val"), language)
    sizes = {"Normal": 11, "Heading 1": 16, "Heading 2": 12.5, "List Bullet": 11, "Footer": 9}
    for name in _STYLES:
        style: Any = output.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = _FONT, Pt(sizes[name]), RGBColor(0x1F, 0x2A, 0x37)
        fonts = style.element.rPr.rFonts
        for attribute in [key for key in fonts.attrib if key.endswith("Theme")]:
            del fonts.attrib[attribute]  # a font of the theme would take precedence
        fonts.set(qn("w:cs"), _FONT)


def _add_block(paragraph: Paragraph, block: DocumentBlock) -> None:
    if block.label:
        paragraph.add_run(f"{block.label}: ").bold = True
    for run in block.runs:
        paragraph.add_run(run.text)  # a line feed becomes a line break


def _mark_english(paragraph: Paragraph) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for run in paragraph.runs:
        tag = OxmlElement("w:lang")
        tag.set(qn("w:val"), _LANGUAGES["en"])
        run._element.get_or_add_rPr().append(tag)
