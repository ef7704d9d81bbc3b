"""Fill in model documents of international cooperation and download them; nothing that is entered is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboards.office.context import PageContext
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, render_page
from pipelines.core import clock, i18n
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.office.model_documents import filling
from pipelines.office.model_documents.declarations import (
    DocumentField,
    ModelDocument,
    find_document,
    list_documents,
    pick_text,
)
from pipelines.office.model_documents.filling import EntryFault, FilledDocument
from pipelines.submissions.timetable.names import note_of
from pipelines.web.files import send_file

router = APIRouter()
PATH = "/model-documents"
_DOCUMENT, _LANGUAGE, _FORMAT, _CHECKLIST = "document", "language", "format", "checklist"
"""Names of fields and parameters; those of a document's own fields begin with `_ENTRY`."""
_ENTRY = "entry-"
_FORMATS = ("docx", "pdf")
_FAULTS: Mapping[str, str] = {
    "required": mark("Fill in this field: {label}"),
    "too_long": mark("This text is too long: {label}. Characters allowed: {limit}; entered: {length}."),
    "date": mark("Enter the date as year, month and day, such as 2026-05-31: {label}"),
    "choice": mark("Choose one of the options: {label}"),
    "not_printable": mark(
        "The PDF cannot show some characters of this text: {label}. Replace them, or download the Word document."
    ),
}


@dataclass(frozen=True)
class _Draft:
    """The entries of one submitted form, which are gone when its request ends."""

    language: str
    entries: Mapping[str, str] = field(default_factory=dict, repr=False)
    with_checklist: bool = True


@router.get(PATH)
def show_documents(context: Page) -> Response:
    """Render the list of model documents."""
    return render_page(
        context,
        "model_documents.html",
        title=context.tell("Model documents"),
        lead=context.tell(
            "Prepare a request, an agreement or a transmission of information from a model. Nothing that you enter is "
            "saved here: it is used once, for the file that you download."
        ),
        documents=[
            {
                "title": pick_text(document.title, context.language),
                "purpose": pick_text(document.purpose, context.language),
                "version": _describe_version(context, document),
                "address": ui.page_address(f"{PATH}/form", **{_DOCUMENT: document.id}),
            }
            for document in list_documents()
        ],
    )


@router.get(PATH + "/form")
def show_form(context: Page) -> Response:
    """Render the empty form of one document."""
    document = _find_document(context.request.query_params.get(_DOCUMENT, ""))
    return _render_form(context, document, _Draft(context.language))


@router.get(PATH + "/empty")
def send_empty(context: Page) -> Response:
    """Return a document with dotted lines instead of entries."""
    query = context.request.query_params
    document, language = _find_document(query.get(_DOCUMENT, "")), query.get(_LANGUAGE, "")
    if language not in i18n.list_languages() or query.get(_FORMAT) not in _FORMATS:
        raise HTTPException(404)
    return _send_document(filling.fill_document(document, language, {}, with_checklist=True), query[_FORMAT])


@router.post(PATH + "/download")
def send_filled(form: Form) -> Response:
    """Return a document with the entries of the form, or the form with what is wrong with them."""
    from pipelines.office.model_documents.pdf_writer import NotPrintableError, find_not_printable

    context, document = form.context, _find_document(form.read_text(_DOCUMENT))
    draft = _read_draft(form, document)
    if faults := filling.check_entries(document, draft.entries):
        return _render_form(context, document, draft, faults)
    filled = filling.fill_document(
        document,
        draft.language,
        draft.entries,
        with_checklist=draft.with_checklist,
        footnotes=filling.find_footnotes(draft.entries.values(), _list_footnotes(context, draft.language)),
    )
    try:
        return _send_document(filled, form.read_choice(_FORMAT, _FORMATS) or _FORMATS[0])
    except NotPrintableError:
        fields = find_not_printable(document, draft.entries, clock.now())
        return _render_form(context, document, draft, [EntryFault(each, "not_printable") for each in fields])


def _find_document(document_id: str) -> ModelDocument:
    document = find_document(document_id)
    if document is None:
        raise HTTPException(404)
    return document


def _read_draft(form: SubmittedForm, document: ModelDocument) -> _Draft:
    entries = {each.id: filling.clean_entry(form.read_text(_ENTRY + each.id)) for each in document.fields}
    language = form.read_choice(_LANGUAGE, i18n.list_languages()) or form.context.language
    return _Draft(language, entries, form.has_field(_CHECKLIST))


def _send_document(filled: FilledDocument, file_format: str) -> Response:
    from pipelines.office.model_documents import docx_writer, pdf_writer

    if file_format == "pdf":
        content, media_type = pdf_writer.write_pdf(filled, clock.now()), pdf_writer.PDF
    else:
        content, media_type = docx_writer.write_docx(filled, clock.now()), docx_writer.DOCX
    return send_file(content, f"{filled.file_stem}.{file_format}", media_type)


def _list_footnotes(context: PageContext, language: str) -> dict[str, str]:
    """Return the footnote of each territory that has one, in a language, by the first word of each of its names."""
    registry = context.desk.registry
    return {
        name.name.split()[0]: note
        for code, territory in registry.territories.items()
        if (note := note_of(registry, code, language))
        for name in territory.names
    }


def _render_form(
    context: PageContext, document: ModelDocument, draft: _Draft, faults: Sequence[EntryFault] = ()
) -> Response:
    language = context.language
    return render_page(
        context,
        "model_document_form.html",
        title=pick_text(document.title, language),
        lead=pick_text(document.purpose, language),
        status=422 if faults else 200,
        errors=_describe_faults(context, faults, draft),
        document=document.id,
        page_address=ui.page_address(f"{PATH}/form", **{_DOCUMENT: document.id}),
        version=_describe_version(context, document),
        legal_note=filling.describe_review(document, language),
        languages_of_document=list(i18n.language_names().items()),
        language=draft.language,
        with_checklist=draft.with_checklist,
        checklist=[pick_text(item, language) for item in document.checklist],
        groups=[
            (pick_text(section.heading, language), [_describe_field(context, each, draft) for each in fields])
            for section, fields in document.group_fields()
        ],
    )


def _describe_version(context: PageContext, document: ModelDocument) -> str:
    return context.tell("Version {version}, {day}", version=document.version, day=document.date)


def _describe_field(context: PageContext, declared: DocumentField, draft: _Draft) -> dict[str, object]:
    label = pick_text(declared.label, context.language)
    return {
        "name": _ENTRY + declared.id,
        "kind": declared.kind,
        "label": label if declared.required else context.tell("{label} (optional)", label=label),
        "hint": pick_text(declared.hint, context.language) if declared.hint else "",
        "required": declared.required,
        "limit": str(declared.limit),
        "options": [(option.value, pick_text(option.label, context.language)) for option in declared.options],
        "value": draft.entries.get(declared.id, ""),
    }


def _describe_faults(context: PageContext, faults: Iterable[EntryFault], draft: _Draft) -> list[FieldError]:
    return [
        (
            context.tell(  # marked in _FAULTS
                _FAULTS[fault.kind],
                label=pick_text(fault.field.label, context.language),
                limit=fault.field.limit,
                length=len(draft.entries.get(fault.field.id, "")),
            ),
            _ENTRY + fault.field.id,
        )
        for fault in faults
    ]
