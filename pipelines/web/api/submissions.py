"""API endpoints for viewing submissions and acting on them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from pipelines.core.i18n import tell
from pipelines.ledger.identity import Identity
from pipelines.ledger.transitions import State
from pipelines.submissions import service as door
from pipelines.submissions.service import Desk
from pipelines.web.api import models
from pipelines.web.api.parts import FILE, PROBLEMS, Id, TheDesk, TheQueue, Who
from pipelines.web.api.problems import ProblemError
from pipelines.web.files import XLSX, send_file

router = APIRouter(prefix="/v1", responses=PROBLEMS)
_LINK = {
    "Link": {
        "description": 'The next page: `<address>; rel="next"` (RFC 8288). Absent on the last page.',
        "schema": {"type": "string"},
    }
}


@router.get(
    "/submissions",
    response_model=list[models.SubmissionBody],
    tags=["looking"],
    responses={200: {"description": "One page, newest first.", "headers": _LINK}},
)
def submissions(
    request: Request,
    desk: TheDesk,
    who: Who,
    state: Annotated[list[State] | SkipJsonSchema[None], Query(description="Only these states.")] = None,
    mine: Annotated[bool, Query(description="Only what this account sent.")] = False,
    limit: Annotated[int, Query(description="Submissions on a page.", ge=1, le=500)] = 100,
    cursor: Annotated[
        Annotated[str, Field(pattern=door.Position.PATTERN)] | SkipJsonSchema[None],
        Query(description="Where to continue: as in the `Link` of the page before."),
    ] = None,
) -> Any:
    """Return the submissions this account may see, newest first, one page at a time.

    While there are older ones, the answer has a header `Link: <...>; rel="next"` (RFC 8288) with the address of the
    next page. Submissions that come in meanwhile do not shift the pages.
    """
    criteria = door.SubmissionFilter(states=tuple(state) if state is not None else None, mine=mine)
    position = door.Position.parse_cursor(cursor) if cursor is not None else None
    page = door.submission_page(desk, who, criteria, limit=limit, older_than=position)
    headers = {}
    if page.older is not None:
        query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        following = urlencode([*query, ("cursor", str(page.older))], safe=":~")
        headers["Link"] = f'<{quote(request.url.path)}?{following}>; rel="next"'
    return JSONResponse([_entry(e) for e in page.entries], headers=headers)


@router.get("/submissions/{submission_id}", response_model=models.SubmissionBody, tags=["looking"])
def submission(desk: TheDesk, who: Who, submission_id: Id) -> Any:
    """One submission, and what this account may do with it."""
    return JSONResponse(_entry(door.get_submission(desk, who, submission_id)))


@router.get("/submissions/{submission_id}/report", response_model=models.ReportBody, tags=["looking"])
async def report(desk: TheDesk, queue: TheQueue, who: Who, submission_id: Id) -> Any:
    """The report of a submission, made again from its bytes."""
    content = await queue.run(who.account, lambda: door.make_report(desk, who, submission_id))
    return JSONResponse(content.as_json())


@router.get("/submissions/{submission_id}/receipt", response_model=models.ReceiptBody, tags=["looking"])
def receipt(desk: TheDesk, who: Who, submission_id: Id) -> Any:
    """The signed receipt of the last sending, byte for byte: `rti receipt verify` takes it."""
    document = door.get_receipt(desk, who, submission_id)
    if document is None:
        detail = tell("It has no receipt: a receipt is given when a return is sent.", who.language)
        raise ProblemError(404, detail, language=who.language)
    return send_file(document.as_bytes(), document.filename, "application/json")


@router.get(
    "/submissions/{submission_id}/findings.csv",
    response_class=Response,
    tags=["looking"],
    responses={200: {"content": {"text/csv": FILE}, "description": "Every finding as a line."}},
)
async def findings(desk: TheDesk, queue: TheQueue, who: Who, submission_id: Id) -> Any:
    """Every finding of a submission as a line of CSV."""
    from pipelines.office import answers

    def make_response() -> Response:
        content = answers.render_csv(door.make_report(desk, who, submission_id), who.language)
        return send_file(content.encode(), f"findings-{submission_id}.csv", "text/csv; charset=utf-8")

    return await queue.run(who.account, make_response)


@router.get(
    "/submissions/{submission_id}/annotated",
    response_class=Response,
    tags=["looking"],
    responses={200: {"content": {XLSX: FILE, "application/octet-stream": FILE}, "description": "A workbook."}},
)
async def annotated(desk: TheDesk, queue: TheQueue, who: Who, submission_id: Id) -> Any:
    """Their own workbook with the findings in its cells; for other formats a workbook of findings."""
    from pipelines.office import answers

    def make_response() -> Response:
        content = door.make_report(desk, who, submission_id)
        _, data = door.read_original(desk, who, submission_id)
        name, workbook = answers.annotate_workbook(
            data, content, who.language, demonstration=desk.home.kind == "demonstration"
        )
        return send_file(workbook, name, XLSX if name.endswith(".xlsx") else "application/octet-stream")

    return await queue.run(who.account, make_response)


# --------------------------------------------------------------------------------------------------------------- acting


@router.post("/submissions/{submission_id}/justify", response_model=models.StateBody, tags=["acting"])
def justify(desk: TheDesk, who: Who, submission_id: Id, body: models.JustifyRequest) -> Any:
    """Say why a warning is right, or all that are open."""
    n_open = door.justify_warnings(desk, who, submission_id, body.finding, body.reason, body.text)
    return _state(desk, who, submission_id, n_open)


@router.post("/submissions/{submission_id}/send", response_model=models.ReceiptBody, tags=["acting"])
def send(desk: TheDesk, who: Who, submission_id: Id, body: models.SendRequest | None = None) -> Any:
    """Send a checked return for approval; the answer is its signed receipt, byte for byte."""
    request_body = body or models.SendRequest(reason=None, comment=None)
    document = door.send_submission(desk, who, submission_id, reason=request_body.reason, comment=request_body.comment)
    return send_file(document.as_bytes(), document.filename, "application/json")


@router.post("/submissions/{submission_id}/approve", response_model=models.StateBody, tags=["acting"])
def approve(desk: TheDesk, who: Who, submission_id: Id, body: models.ApproveRequest | None = None) -> Any:
    """Accept what was sent: it counts from now on. Never for who sent it."""
    request_body = body or models.ApproveRequest(comment=None, override=False)
    door.approve_submission(desk, who, submission_id, comment=request_body.comment, override=request_body.override)
    return _state(desk, who, submission_id)


@router.post("/submissions/{submission_id}/return", response_model=models.StateBody, tags=["acting"])
def give_back(desk: TheDesk, who: Who, submission_id: Id, body: models.ReturnRequest) -> Any:
    """Give a sent return back to its sender, with a comment."""
    door.give_back(desk, who, submission_id, body.comment)
    # The return is a draft again, which its approver may see too.
    return _state(desk, who, submission_id)


@router.post("/submissions/{submission_id}/withdraw", response_model=models.StateBody, tags=["acting"])
def withdraw(desk: TheDesk, who: Who, submission_id: Id, body: models.WithdrawRequest) -> Any:
    """Take a return back: it counts no longer, and the accepted one before it counts again.

    Its sender alone takes back what does not count yet. What is accepted is taken back by an approver who neither sent
    it nor asked for it, or by a steward with `override`.
    """
    door.withdraw_submission(desk, who, submission_id, body.reason, body.comment, override=body.override)
    return _state(desk, who, submission_id)


@router.post("/submissions/{submission_id}/ask-withdrawal", response_model=models.StateBody, tags=["acting"])
def ask_withdrawal(desk: TheDesk, who: Who, submission_id: Id, body: models.AskWithdrawalRequest) -> Any:
    """Ask a second person of the office to take an accepted return back. It counts until that person does."""
    door.ask_withdrawal(desk, who, submission_id, body.reason, body.comment)
    return _state(desk, who, submission_id)


# ------------------------------------------------------------------------------------------------------------ the parts


def _state(desk: Desk, who: Identity, submission_id: str, n_open: int = 0) -> JSONResponse:
    entry = door.get_submission(desk, who, submission_id)
    return JSONResponse({"submission_id": submission_id, "state": entry.state, "to_justify": n_open})


def _entry(entry: door.SubmissionEntry) -> dict[str, Any]:
    row = entry.row
    acts = (
        *("justify", "send", "approve", "override", "give_back"),
        *("withdraw", "override_withdrawal", "ask_withdrawal"),
    )
    return {
        "submission_id": row.submission_id,
        "state": row.state,
        "file": {"name": row.filename, "sha256": row.sha256, "size": row.size, "format": row.format},
        "territory": row.territory,
        "form": row.form,
        "kind": row.kind,
        "blocks": [
            {
                "jurisdiction": b.jurisdiction,
                "instrument": b.instrument,
                "form": b.form,
                "freq": b.freq,
                "period": b.period,
                "rows": b.rows,
                "nil": b.nil,
            }
            for b in entry.blocks
        ],
        "received_at": row.received_at,
        "sender": row.sender,
        "accepted_at": row.accepted_at,
        "corrects": row.corrects_submission_id,
        "revision_reason": row.revision_reason,
        "errors": row.errors,
        "warnings": row.warnings,
        "informations": row.informations,
        "to_justify": [{"finding": key, "rule": rule} for key, rule in entry.open_warnings],
        "replaces": entry.replaces,
        "replaced_by": [replacement.as_json() for replacement in entry.replaced_by],
        "last_comment": entry.last_comment,
        "last_at": entry.last_at,
        "withdrawal_asked": [
            {"by": a.actor, "at": a.at, "reason": a.reason, "comment": a.comment} for a in entry.withdrawal_asked
        ],
        "may": [("return" if act == "give_back" else act) for act in acts if getattr(entry, f"may_{act}")],
    }
