"""Addresses of the questionnaire as a workbook: download it with a link, and upload it with the same link.

An uploaded workbook is read in a child process and never stored; its answers become the draft of the link.
"""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from dashboards.office.survey.rendering import FAULTS, form_title, render_page
from dashboards.office.survey.routes import (
    LINK,
    LONGEST_FIELD,
    TooManyError,
    check_form,
    link_address,
    open_link,
    redirect_to,
)
from dashboards.office.survey.services import UPLOADS, get_survey_services
from pipelines.core.i18n import mark, tell
from pipelines.model.content import Grid, ReadError
from pipelines.reading.sandbox.launchers import read_in_child
from pipelines.survey import filling_in
from pipelines.survey.answer_rules import Fault
from pipelines.survey.bank import text_in
from pipelines.survey.filling_in import Visit
from pipelines.survey.workbook import WorkbookAnswers, WorkbookError, build_workbook, read_answers
from pipelines.web.files import XLSX, send_file
from pipelines.web.sign_in.language import language_of

router = APIRouter()
_reading = threading.Semaphore(2)
"""Workbooks read at the same time; each in a child process that may take a whole processor."""
_UNREADABLE = mark(
    "This file cannot be read, so nothing was saved. Save it as an Excel workbook (.xlsx) without a password and try "
    "again."
)
_NO_FILE = mark("Choose a file first.")


async def read_upload(request: Request) -> FormData:
    """Return a form with one file. The service refuses more than 1 MB before, so that nothing is written to a disk."""
    return await request.form(max_files=1, max_fields=5, max_part_size=LONGEST_FIELD)


@router.get(LINK + "/workbook")
def show_workbook(request: Request, round_id: str, token: str) -> Response:
    """Render the page on which the workbook is downloaded and uploaded."""
    return _render_workbook(request, open_link(request, round_id, token))


@router.get(LINK + "/workbook/file")
def download_workbook(request: Request, round_id: str, token: str) -> Response:
    """Send the workbook of the role, in the language of the page. It has nothing of the person or the link."""
    visit, language = open_link(request, round_id, token), language_of(request)
    content = build_workbook(visit.questionnaire, form_title(visit, language), language)
    return send_file(content, f"{round_id}-{visit.questionnaire.role}-{language}.xlsx", XLSX)


@router.post(LINK + "/workbook")
def upload_workbook(
    request: Request, round_id: str, token: str, fields: Annotated[FormData, Depends(read_upload)]
) -> Response:
    """Save the answers of a workbook as the draft of the link, and lead to the check of all answers."""
    visit = open_link(request, round_id, token)
    check_form(request, visit, fields)
    services = get_survey_services(request)
    if seconds := services.rates.count_request(UPLOADS, visit.link.draft_digest):
        raise TooManyError(seconds)
    file = fields.get("file")
    content = file.file.read() if isinstance(file, UploadFile) else b""
    language = language_of(request)
    if not content:
        return _render_workbook(request, visit, [(tell(_NO_FILE, language), "file")])
    try:
        read = _read_workbook(visit, content)
    except ReadError:
        return _render_workbook(request, visit, [(tell(_UNREADABLE, language), "file")])
    except WorkbookError as error:
        return _render_workbook(request, visit, [(error.localize_message(language), "file")])
    visit = filling_in.save_page(services.survey_desk.surveys, visit, read.answers)
    if read.faults:
        bank = visit.questionnaire.bank
        errors = [
            (f"{text_in(bank.find_question(code).wording.text, language)} {_describe_fault(fault, language)}", "file")
            for code, fault in read.faults.items()
        ]
        return _render_workbook(request, visit, errors)
    return redirect_to(f"{link_address(visit)}/check")


def _describe_fault(fault: Fault, language: str) -> str:
    return tell(FAULTS[fault], language)  # marked in rendering


def _read_workbook(visit: Visit, content: bytes) -> WorkbookAnswers:
    with _reading:
        grid = read_in_child(content, format="xlsx")
    if not isinstance(grid, Grid):
        raise WorkbookError
    return read_answers(visit.questionnaire, grid)


def _render_workbook(request: Request, visit: Visit, errors: list[tuple[str, str]] | None = None) -> Response:
    language = language_of(request)
    address = f"{link_address(visit)}/workbook"
    return render_page(
        request,
        "workbook.html",
        title=tell("Answer offline in a workbook", language),
        status=422 if errors else 200,
        errors=errors or (),
        address=address,
        file_address=f"{address}/file?lang={language}",
        upload_address=address,
        check_address=f"{link_address(visit)}/check" if visit.answers else "",
        start_address=link_address(visit),
        csrf=visit.link.form_token,
    )
