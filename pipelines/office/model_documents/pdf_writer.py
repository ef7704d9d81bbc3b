"""Write a filled document as tagged PDF/UA-1 with typst."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pipelines.office.model_documents.declarations import DocumentField, ModelDocument
from pipelines.office.model_documents.filling import DocumentBlock, FilledDocument

PDF: Final = "application/pdf"
_TEMPLATE = Path(__file__).with_name("document.typ")


class NotPrintableError(Exception):
    """The font of the PDF lacks a character of the document. The message never quotes it."""


def write_pdf(document: FilledDocument, created: datetime) -> bytes:
    """Return the document as PDF. Raises NotPrintableError."""
    return _typeset(_describe(document), created)


def find_not_printable(
    document: ModelDocument, entries: Mapping[str, str], created: datetime
) -> Iterable[DocumentField]:
    """Yield the fields whose entries have characters that the PDF cannot show."""
    for field in document.fields:
        entry = entries.get(field.id, "")
        if field.kind in ("line", "long") and entry:
            try:
                _typeset({**_EMPTY, "chapters": [{"heading": "1", "blocks": [_describe_text(entry)]}]}, created)
            except NotPrintableError:
                yield field


_EMPTY: Mapping[str, Any] = {
    "lang": "en", "title": "-", "version": "", "legal_note": "", "checklist_heading": "", "checklist": [],
    "footnotes": [],
}  # fmt: skip


def _typeset(data: Mapping[str, Any], created: datetime) -> bytes:
    import typst

    from pipelines.front.charts import typeset

    source = _TEMPLATE.read_text(encoding="utf-8")
    try:
        return typeset.write_document(source, {"data": json.dumps(data, ensure_ascii=False)}, created)
    except typst.TypstError as error:
        if "could not be displayed" in str(error):
            raise NotPrintableError from None  # the message of typst quotes the text
        raise RuntimeError("typst refused a model document") from None


def _describe(document: FilledDocument) -> Mapping[str, Any]:
    """Return what the template shows, as JSON can hold it."""
    return {
        "lang": document.language.partition("-")[0],
        "title": document.title,
        "version": document.version,
        "legal_note": document.legal_note,
        "chapters": [
            {"heading": chapter.heading, "blocks": [_describe_block(block) for block in chapter.blocks]}
            for chapter in document.chapters
        ],
        "checklist_heading": document.checklist_heading,
        "checklist": document.checklist,
        "footnotes": document.footnotes,
    }


def _describe_block(block: DocumentBlock) -> Mapping[str, Any]:
    return {
        "label": f"{block.label}: " if block.label else "",
        "lines": "".join(r.text for r in block.runs).split("\n"),
    }


def _describe_text(text: str) -> Mapping[str, Any]:
    return {"label": "", "lines": text.split("\n")}
