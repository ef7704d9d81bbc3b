"""Offer the files of an answer, and make each when somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer, load_answer
from dashboards.office.pages.answer.findings import list_certain_corrections
from pipelines.design import components as ui
from pipelines.web.files import XLSX


@dataclass(frozen=True)
class FileOffer:
    """A file that can be downloaded: the last part of its address, its name in words, and a note."""

    kind: str
    label: str
    note: ui.Part = ""


@dataclass(frozen=True)
class MadeFile:
    """A file as it is sent."""

    content: bytes
    filename: str
    media_type: str


class NoSuchFileError(Exception):
    """An answer has no file of the kind that was asked for."""


def list_files(answer: Answer) -> Sequence[FileOffer]:
    """Return the files of an answer."""
    context = answer.context
    workbook = (
        FileOffer(
            "workbook",
            context.tell("Your workbook with the findings in its cells"),
            context.tell("Comments and colours are in the cells themselves."),
        )
        if answer.report.format == "xlsx"
        else FileOffer("workbook", context.tell("A workbook of the findings"))
    )
    return (
        workbook,
        FileOffer(
            "page",
            context.tell("The validation report as a page (HTML)"),
            context.tell("To print, or to send to a colleague."),
        ),
        FileOffer("table", context.tell("The findings as a table (CSV)")),
        FileOffer(
            "report",
            context.tell("The validation report for programs (JSON)"),
            ui.mark_code(context.tell("The same as the command `rti check` gives.")),
        ),
        FileOffer("original", context.tell("Your file as you uploaded it")),
    )


def make_file(context: PageContext, submission_id: str, kind: str) -> MadeFile:
    """Return a file of an answer. Raises NoSuchFileError, NotAllowedError, DamagedFileError, ReadError."""
    if kind not in _MAKERS:
        raise NoSuchFileError(kind)
    return _MAKERS[kind](context, submission_id)


def _make_original(context: PageContext, submission_id: str) -> MadeFile:
    from pipelines.submissions import service

    filename, data = service.read_original(context.desk, context.who, submission_id)
    return MadeFile(data, filename, "application/octet-stream")


def _make_receipt(context: PageContext, submission_id: str) -> MadeFile:
    from pipelines.submissions import service

    receipt = service.get_receipt(context.desk, context.who, submission_id)
    if receipt is None:
        raise NoSuchFileError("receipt")
    return MadeFile(receipt.as_bytes(), receipt.filename, "application/json")


def _make_receipt_key(context: PageContext, submission_id: str) -> MadeFile:
    """Return the public key that verifies the receipt of a submission."""
    from pipelines.submissions import receipt_keys, service

    receipt = service.get_receipt(context.desk, context.who, submission_id)
    if receipt is None:
        raise NoSuchFileError("receipt-key")
    path = receipt_keys.public_path(context.desk.home, receipt.as_json()["key"]["id"])
    if not path.exists():
        raise NoSuchFileError("receipt-key")
    return MadeFile(path.read_bytes(), path.name, "application/x-pem-file")


def _make_workbook(context: PageContext, submission_id: str) -> MadeFile:
    from pipelines.office import answers

    answer = load_answer(context, submission_id)
    data = _make_original(context, submission_id).content
    _, workbook = answers.annotate_workbook(
        data, answer.report, context.language, demonstration=context.is_demonstration
    )
    return MadeFile(workbook, _name_file(answer, "xlsx"), XLSX)


def _make_page(context: PageContext, submission_id: str) -> MadeFile:
    from pipelines.office import answers

    answer = load_answer(context, submission_id)
    html = answers.render_html(answer.report, context.language, demonstration=context.is_demonstration)
    return MadeFile(html.encode(), _name_file(answer, "html"), "text/html")


def _make_table(context: PageContext, submission_id: str) -> MadeFile:
    from pipelines.office import answers

    answer = load_answer(context, submission_id)
    return MadeFile(answers.render_csv(answer.report, context.language).encode(), _name_file(answer, "csv"), "text/csv")


def _make_report(context: PageContext, submission_id: str) -> MadeFile:
    answer = load_answer(context, submission_id)
    text = json.dumps(answer.report.as_json(), ensure_ascii=False, indent=2)
    return MadeFile(text.encode(), _name_file(answer, "json"), "application/json")


def _make_corrected(context: PageContext, submission_id: str) -> MadeFile:
    """Return a copy of the workbook with all unambiguous corrections, to review and upload."""
    from pipelines.office import answers

    answer = load_answer(context, submission_id)
    corrections = list_certain_corrections(answer)
    if not corrections:
        raise NoSuchFileError("corrected")
    original = _make_original(context, submission_id)
    copy = answers.correct_workbook(original.content, corrections, answer.report, context.language)
    return MadeFile(copy, context.tell("corrected-{file}", file=original.filename), XLSX)


def _name_file(answer: Answer, extension: str) -> str:
    filename = answer.entry.row.filename
    stem = filename.rpartition(".")[0] or filename
    return f"{'demonstration-' if answer.context.is_demonstration else ''}{stem}-{answer.submission_id}.{extension}"


_MAKERS: Mapping[str, Callable[[PageContext, str], MadeFile]] = {
    "workbook": _make_workbook,
    "page": _make_page,
    "table": _make_table,
    "report": _make_report,
    "original": _make_original,
    "corrected": _make_corrected,
    "receipt": _make_receipt,
    "receipt-key": _make_receipt_key,
}
