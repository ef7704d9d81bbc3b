"""The API's addresses by which returns are handed in: check, submission, nil return.

Belongs here: what they take and answer.  Does not belong here: what is kept of whom (`pipelines/desk/uploading.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from pipelines import desk as door
from pipelines import locales
from pipelines.desk import Desk, Uploaded
from pipelines.locales import tell
from pipelines.people.identity import Identity, NotAllowedError
from pipelines.service import api_models, api_problems
from pipelines.service.api_parts import FILE, PROBLEMS, TheDesk, TheFile, TheQueue, Who
from pipelines.service.api_problems import ProblemError

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": FILE,
            "multipart/form-data": {"schema": {"type": "object", "properties": {"file": FILE["schema"]}}},
        },
    }
}
_NAMED: list[dict[str, Any]] = [
    {
        "name": "X-Filename",
        "in": "header",
        "description": "The file's name, percent-encoded UTF-8; or send `Content-Disposition`.",
        "schema": {"type": "string"},
        "example": "Pravosudstvo_2026_K3.xlsx",
    }
]


Form = Annotated[str | None, Query(description="The form's id, where the file alone does not say it.")]
Kind = Annotated[Literal["full", "patch"] | None, Query(description="`patch` corrects single figures.")]


router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["handing in"])


@router.post(
    "/check",
    response_model=api_models.ReportBody,
    openapi_extra={**_BODY, "parameters": _NAMED},
    responses={413: PROBLEMS[422], 503: PROBLEMS[422]},
)
async def check(desk: TheDesk, queue: TheQueue, who: Who, file: TheFile, form: Form = None, kind: Kind = None) -> Any:
    """Check a file; nothing is kept. The report is that of `rti check --json`, with rules that need history run."""
    report = await queue.run(
        who.account, who.language, lambda: door.check(desk, who, file.data, file.filename, form=form, kind=kind)
    )
    return JSONResponse(report.as_json())


@router.post(
    "/submissions",
    response_model=api_models.UploadBody,
    status_code=201,
    openapi_extra={**_BODY, "parameters": _NAMED},
    responses={
        200: {"model": api_models.UploadBody, "description": "The same bytes came before: told, not taken twice."},
        413: PROBLEMS[422],
        422: {"model": api_models.NotKept, "description": "Not kept: unreadable, naming persons, or not yours."},
        503: PROBLEMS[422],
    },
)
async def upload(
    desk: TheDesk,
    queue: TheQueue,
    who: Who,
    file: TheFile,
    form: Form = None,
    kind: Kind = None,
    corrects: Annotated[str | None, Query(description="The submission that this one corrects.")] = None,
    send: Annotated[bool, Query(description="Send it for approval at once, if nothing is open.")] = False,
    reason: Annotated[str | None, Query(description="A code of revision_reason, where it replaces a return.")] = None,
) -> Any:
    """Hand in a file. It is checked and kept as a draft; with `send`, it is sent where no warning is open.

    Safe to repeat: the same bytes are taken once, and what a broken connection has left undone is done now.
    """

    def work() -> JSONResponse:
        done = door.upload(desk, who, file.data, file.filename, form=form, kind=kind, corrects=corrects)
        return _taken(desk, who, done, send, reason)

    return await queue.run(who.account, who.language, work)


@router.post("/nil", response_model=api_models.UploadBody, status_code=201)
def nil(desk: TheDesk, who: Who, body: api_models.NilRequest) -> Any:
    """Declare that there was nothing to count in some periods. Once approved, it counts as reported."""
    done = door.nil(desk, who, body.form, body.periods, body.comment)
    return _taken(desk, who, done, body.send, body.reason)


def _taken(desk: Desk, who: Identity, done: Uploaded, send: bool, reason: str | None) -> JSONResponse:
    """The answer to what was handed in, sent on the way where that was asked for and can be."""
    if done.submission_id is None:
        content = {**done.as_json(), "receipt": None, "not_sent": None}
        first = next((f for f in done.report.findings if f.severity == "error"), None)
        words = locales.words(first, who.language) if first is not None else locales.Words("", "")
        detail = words.message or tell("No form was recognised in the file.", who.language)
        title = tell("The file was not kept", who.language)
        raise ProblemError(
            422, detail, title=title, remedy=words.remedy or None, language=who.language, extra={"result": content}
        )
    receipt, refused, state = None, None, done.state
    if send and done.state == "checked":
        try:
            receipt = door.send(desk, who, done.submission_id, reason=reason)
        except (door.TransitionError, NotAllowedError) as error:
            refused = api_problems.problem_of(error, who.language).detail
        state = door.submission(desk, who, done.submission_id).state
    receipt = receipt or door.receipt(desk, who, done.submission_id)
    content = {**done.as_json(), "state": state, "receipt": receipt.as_json() if receipt else None, "not_sent": refused}
    if state != "checked":
        content["replaces"] = []
    return JSONResponse(content, 201 if done.new else 200)
