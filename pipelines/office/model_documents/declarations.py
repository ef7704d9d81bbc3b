"""Read the declarations of model documents: fields to fill in, sections of text, and a checklist, in each language."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from pipelines.core import i18n
from pipelines.core.text.script import transliterate_serbian
from pipelines.declarations.base import DeclarationModel, Many, find_placeholders
from pipelines.declarations.yaml_file import load_yaml, validate_data

FOLDER = Path(__file__).parent
BLANK = "blank"
"""Placeholder of a dotted line that is always left empty, such as that of a signature."""
LINE_LIMIT, LONG_LIMIT = 300, 5000
"""Characters that a field of one line, and a long field, may have."""


def _check_languages(value: dict[str, str]) -> dict[str, str]:
    expected = set(i18n.list_languages()) - {i18n.SERBIAN_LATIN}
    if set(value) != expected:
        wrong = ", ".join(sorted(expected ^ set(value)))
        raise ValueError(f"a text is in each of {', '.join(sorted(expected))}; check {wrong}")
    for language, text in value.items():
        if not text.strip() or text != text.strip():
            raise ValueError(f"the text in {language} is empty, or begins or ends with a blank")
    placeholders = {language: sorted(find_placeholders(text)) for language, text in value.items()}
    for language, names in placeholders.items():
        if names != placeholders[i18n.SOURCE_LANGUAGE]:
            raise ValueError(f"the text in {language} has other placeholders than the English one")
    return value


Words = Annotated[dict[str, str], AfterValidator(_check_languages)]
"""A text by language, with the same placeholders in each; Serbian is in Cyrillic."""


def pick_text(words: Words, language: str) -> str:
    """Return a text in a language; Serbian in Latin letters is transliterated."""
    if language == i18n.SERBIAN_LATIN:
        return transliterate_serbian(words["sr"])
    return words[language]


class Option(DeclarationModel):
    """One of the options of a choice."""

    value: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    label: Words


class DocumentField(DeclarationModel):
    """A field to fill in; its label is shown on the form and, where a section names it, in the document."""

    id: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    kind: Literal["line", "long", "date", "choice"]
    required: bool = False
    label: Words
    hint: Words | None = None
    options: Many[Option] = ()

    @property
    def limit(self) -> int:
        """Return how many characters the field may have."""
        return LONG_LIMIT if self.kind == "long" else LINE_LIMIT

    @model_validator(mode="after")
    def _check_options(self) -> DocumentField:
        if (self.kind == "choice") != bool(self.options):
            raise ValueError("a choice has options, and no other field has")
        if self.id == BLANK:
            raise ValueError(f"{BLANK} is the placeholder of a dotted line, not a field")
        return self


class Paragraph(DeclarationModel):
    """A paragraph: a text with `{field}` placeholders, or a field under its label."""

    text: Words | None = None
    field: str | None = None

    @model_validator(mode="after")
    def _check_content(self) -> Paragraph:
        if (self.text is None) == (self.field is None):
            raise ValueError("a paragraph has a text or a field")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields that the paragraph shows, in the order of the English text."""
        if self.text is None:
            return (self.field,) if self.field else ()
        return tuple(name for name in find_placeholders(self.text[i18n.SOURCE_LANGUAGE]) if name != BLANK)


class DocumentSection(DeclarationModel):
    """A section of a document."""

    heading: Words
    paragraphs: Annotated[Many[Paragraph], Field(min_length=1)]


class ModelDocument(DeclarationModel):
    """A model document. `version` and `date` change whenever a text changes."""

    id: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+$")]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    title: Words
    purpose: Words
    reviewed: Many[str] = ()
    """Languages whose text a lawyer has reviewed who works in that language."""
    fields: Annotated[Many[DocumentField], Field(min_length=1)]
    sections: Annotated[Many[DocumentSection], Field(min_length=1)]
    checklist: Annotated[Many[Words], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_fields(self) -> ModelDocument:
        declared = [field.id for field in self.fields]
        if repeated := {name for name in declared if declared.count(name) > 1}:
            raise ValueError(f"a field is declared twice: {', '.join(sorted(repeated))}")
        used = {name for section in self.sections for paragraph in section.paragraphs for name in paragraph.fields}
        if unknown := used - set(declared):
            raise ValueError(f"a section shows a field that is not declared: {', '.join(sorted(unknown))}")
        if unused := set(declared) - used:
            raise ValueError(f"no section shows the field {', '.join(sorted(unused))}")
        if unknown := set(self.reviewed) - set(i18n.list_languages()):
            raise ValueError(f"not a language: {', '.join(sorted(unknown))}")
        return self

    def get_field(self, field_id: str) -> DocumentField:
        """Return a declared field."""
        return next(field for field in self.fields if field.id == field_id)

    def group_fields(self) -> Iterator[tuple[DocumentSection, list[DocumentField]]]:
        """Yield the sections with the fields that each is the first to show; sections without any are left out."""
        assigned: set[str] = set()
        for section in self.sections:
            names = dict.fromkeys(name for paragraph in section.paragraphs for name in paragraph.fields)
            fields = [self.get_field(name) for name in names if name not in assigned]
            assigned.update(names)
            if fields:
                yield section, fields


def read_document(path: Path) -> ModelDocument:
    """Read one declaration; raises DeclarationError."""
    return validate_data(ModelDocument, load_yaml(path), path)


@cache
def list_documents() -> tuple[ModelDocument, ...]:
    """Return all model documents, in the order of their files' names."""
    return tuple(read_document(path) for path in sorted(FOLDER.glob("*.yml")))


def find_document(document_id: str) -> ModelDocument | None:
    """Return a model document, or None if there is none of this name."""
    return next((document for document in list_documents() if document.id == document_id), None)
