"""Check what was entered for a model document, and put it into the document's texts in one language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pipelines.core.i18n import tell
from pipelines.office.model_documents.declarations import (
    DocumentField,
    ModelDocument,
    Paragraph,
    pick_text,
)

DOTTED_LINE = "…" * 20
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_NOT_IN_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class EntryFault:
    """A fault in the entry of a field; its message is made where it is displayed."""

    field: DocumentField
    kind: Literal["required", "too_long", "date", "choice", "not_printable"]


@dataclass(frozen=True)
class TextRun:
    """Words of a paragraph: of the model, or entered by the user."""

    text: str
    is_entry: bool = False


@dataclass(frozen=True)
class DocumentBlock:
    """A paragraph of the finished document, with a label before it if it shows a field under its label."""

    runs: tuple[TextRun, ...]
    label: str = ""


@dataclass(frozen=True)
class DocumentChapter:
    """A section of the finished document."""

    heading: str
    blocks: tuple[DocumentBlock, ...]


@dataclass(frozen=True)
class FilledDocument:
    """A document ready to be written. `footnotes` are English whatever the language of the document is."""

    language: str
    file_stem: str
    title: str
    version: str
    legal_note: str
    chapters: tuple[DocumentChapter, ...]
    checklist_heading: str
    checklist: tuple[str, ...]
    footnotes: tuple[str, ...]


def clean_entry(text: str) -> str:
    """Return an entry with line feeds only, without characters that no document can hold and repeated empty lines."""
    lines = _NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _EMPTY_LINES.sub("\n\n", lines).strip()


def check_entries(document: ModelDocument, entries: Mapping[str, str]) -> list[EntryFault]:
    """Return what is wrong with cleaned entries, in the order of the form."""
    fields = [field for _, fields in document.group_fields() for field in fields]
    kinds = [_find_fault(field, entries.get(field.id, "")) for field in fields]
    return [EntryFault(field, kind) for field, kind in zip(fields, kinds, strict=True) if kind is not None]


def _find_fault(field: DocumentField, entry: str) -> Literal["required", "too_long", "date", "choice"] | None:
    if not entry:
        return "required" if field.required else None
    if len(entry) > field.limit:
        return "too_long"
    if field.kind == "choice" and entry not in {option.value for option in field.options}:
        return "choice"
    if field.kind == "date" and _read_day(entry) is None:
        return "date"
    return None


def _read_day(entry: str) -> date | None:
    try:
        return date.fromisoformat(entry) if len(entry) == len("2026-05-31") else None
    except ValueError:
        return None


def fill_document(
    document: ModelDocument,
    language: str,
    entries: Mapping[str, str],
    *,
    with_checklist: bool,
    footnotes: Sequence[str] = (),
) -> FilledDocument:
    """Return the document in a language with cleaned and checked entries; an empty field becomes a dotted line."""
    from pipelines.words.language import read_in
    from pipelines.words.terms import format_day

    with read_in(language):
        values = {field.id: _format_entry(field, entries.get(field.id, ""), language) for field in document.fields}
        day = format_day(date.fromisoformat(document.date))
    title = pick_text(document.title, language)
    chapters = []
    for number, section in enumerate(document.sections, 1):
        blocks = tuple(_fill_paragraph(document, paragraph, language, values) for paragraph in section.paragraphs)
        chapters.append(DocumentChapter(f"{number}. {pick_text(section.heading, language)}", blocks))
    return FilledDocument(
        language=language,
        file_stem=f"{document.id.replace('_', '-')}-{document.version}-{language}",
        title=title,
        version=tell(
            "Model: {title}, version {version}, {day}", language, title=title, version=document.version, day=day
        ),
        legal_note=describe_review(document, language),
        chapters=tuple(chapters),
        checklist_heading=tell("Checklist before you send it (remove this page)", language),
        checklist=tuple(pick_text(item, language) for item in document.checklist) if with_checklist else (),
        footnotes=tuple(footnotes),
    )  # fmt: skip


def describe_review(document: ModelDocument, language: str) -> str:
    """Return the note that the document is not legal advice, and whether its text in a language was reviewed."""
    if language in document.reviewed:
        return tell("This model is not legal advice. Adapt it to your law and to the case.", language)
    return tell(
        "No lawyer who works in this language has reviewed this model yet. It is not legal advice. Adapt it to your "
        "law and to the case.",
        language,
    )


def _format_entry(field: DocumentField, entry: str, language: str) -> TextRun:
    from pipelines.words.terms import format_day

    if not entry:
        return TextRun(DOTTED_LINE)
    if field.kind == "choice":
        return TextRun(next(pick_text(o.label, language) for o in field.options if o.value == entry), is_entry=True)
    if field.kind == "date":
        return TextRun(format_day(date.fromisoformat(entry)), is_entry=True)
    return TextRun(entry, is_entry=True)


def _fill_paragraph(
    document: ModelDocument, paragraph: Paragraph, language: str, values: Mapping[str, TextRun]
) -> DocumentBlock:
    if paragraph.text is None:
        field = document.get_field(paragraph.fields[0])
        return DocumentBlock((values[field.id],), pick_text(field.label, language))
    runs = []
    # Every second part is the name of a placeholder. Entries are not split, so their brackets stay as they are.
    for position, part in enumerate(_PLACEHOLDER.split(pick_text(paragraph.text, language))):
        if position % 2:
            runs.append(values.get(part, TextRun(DOTTED_LINE)))
        elif part:
            runs.append(TextRun(part))
    return DocumentBlock(tuple(runs))


def find_footnotes(entries: Iterable[str], notes: Mapping[str, str]) -> list[str]:
    """Return the footnotes of the territories that the entries name.

    `notes` maps names of territories to their footnotes. Names are compared without their last letter, because it
    changes with the case of the noun.
    """
    text = "\n".join(entries).casefold()
    matches = [note for name, note in notes.items() if re.search(rf"\b{re.escape(name.casefold()[:-1])}", text)]
    return list(dict.fromkeys(matches))
