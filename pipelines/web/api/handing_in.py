"""API endpoints for handing in returns: check, submission, nil return."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic.json_schema import SkipJsonSchema

from pipelines.core.i18n import tell
from pipelines.findings.texts import FindingText, describe_finding
from pipelines.ledger.identity import Identity
from pipelines.submissions import service as door
from pipelines.submissions.service import UploadResult
from pipelines.web.api import models
from pipelines.web.api.parts import FILE, PROBLEMS, Revision, TheDesk, TheFile, TheQueue, Who
from pipelines.web.api.problems import ProblemError

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


Form = Annotated[str | SkipJsonSchema[None], Query(description="The form's id, where the file alone does not say it.")]
Kind = Annotated[Literal["full", "patch"] | SkipJsonSchema[None], Query(description="`patch` corrects single figures.")]


_KEPT_OR_NOT: dict[int | str, dict[str, Any]] = {
    200: {
        "model": models.UploadBody,
        "description": "The same bytes came before; the file is not stored a second time.",
    },
    422: {
        "model": models.Problem | models.NotKept,
        "description": "Not kept: unreadable, naming persons, or not yours.",
    },
}
router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["handing in"])


@router.post(
    "/check",
    response_model=models.ReportBody,
    openapi_extra={**_BODY, "parameters": _NAMED},
)
async def check(desk: TheDesk, queue: TheQueue, who: Who, file: TheFile, form: Form = None, kind: Kind = None) -> Any:
    """Check a file; nothing is kept. The report is that of `rti check --json`, with rules that need history run."""
    report = await queue.run(
        who.account, lambda: door.check_file(desk, who, file.data, file.filename, form=form, kind=kind)
    )
    return JSONResponse(report.as_json())


@router.post(
    "/submissions",
    response_model=models.UploadBody,
    status_code=201,
    openapi_extra={**_BODY, "parameters": _NAMED},
    responses=_KEPT_OR_NOT,
)
async def upload(
    desk: TheDesk,
    queue: TheQueue,
    who: Who,
    file: TheFile,
    form: Form = None,
    kind: Kind = None,
    corrects: Annotated[str | SkipJsonSchema[None], Query(description="The submission that this one corrects.")] = None,
    send: Annotated[bool, Query(description="Send it for approval at once, if nothing is open.")] = False,
    reason: Revision = None,
) -> Any:
    """Hand in a file. It is checked and kept as a draft; with `send`, it is sent where no warning is open.

    Safe to repeat: the same bytes are taken once, and what a broken connection has left undone is done now.
    """

    def make_response() -> JSONResponse:
        options = {"form": form, "kind": kind, "corrects": corrects, "reason": reason}
        return _upload_response(who, door.hand_in(desk, who, file.data, file.filename, send=send, **options))

    return await queue.run(who.account, make_response)


@router.post("/nil", response_model=models.UploadBody, status_code=201, responses=_KEPT_OR_NOT)
def nil(desk: TheDesk, who: Who, body: models.NilRequest) -> Any:
    """Declare that there was nothing to count in some periods. Once approved, it counts as reported."""
    uploaded = door.declare_nil(desk, who, body.form, body.periods, body.comment, send=body.send, reason=body.reason)
    return _upload_response(who, uploaded)


def _upload_response(who: Identity, uploaded: UploadResult) -> JSONResponse:
    """Return the answer to a submitted file."""
    if uploaded.submission_id is not None:
        return JSONResponse(uploaded.as_json(), 201 if uploaded.new else 200)
    first = next((f for f in uploaded.report.findings if f.severity == "error"), None)
    words = describe_finding(first, who.language) if first is not None else FindingText("", "")
    detail = words.message or tell("No form was recognised in the file.", who.language)
    title = tell("The file was not kept", who.language)
    remedy = words.remedy or None
    raise ProblemError(
        422, detail, title=title, remedy=remedy, language=who.language, extra={"result": uploaded.as_json()}
    )
