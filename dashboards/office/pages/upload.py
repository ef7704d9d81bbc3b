"""Take a file, show its check as it goes on, and ask whether it was recognised rightly.

With scripts each file is sent at once and its findings appear as they are found; without them the page shows the same
after a reload. Practice has the same page for its own desk.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.errors import describe_fault
from dashboards.office.pages.answer import ANSWER, AnswerSection, find_arrival_address
from dashboards.office.requests import Form, Page, SubmittedForm, check_form
from dashboards.office.responses import redirect_to, render_fragment, render_page
from dashboards.office.services import get_services
from dashboards.office.uploads import Upload, UploadError, read_files, read_upload_form
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.findings.texts import describe_finding
from pipelines.ledger.permissions import has_role_for
from pipelines.ledger.transitions import DRAFT
from pipelines.reading.formats.common import MAX_BYTES
from pipelines.reading.formats.read import RULES as READ_RULES
from pipelines.web.check_queue import QueueFullError
from pipelines.web.sign_in.csrf import check_origin

if TYPE_CHECKING:
    from pipelines.submissions.checking.check import CheckProgress
    from pipelines.submissions.service import UploadResult

router = APIRouter()
PATH = "/upload"
_SHOWN_FINDINGS = 3
_PROGRESS = {"reading": 0.1, "begun": 0.2, "read": 0.5, "judging": 0.6, "judged": 0.9}
"""Position of the progress bar for each part of a check."""
_WAIT_SECONDS = 0.8
"""Seconds for which a page without scripts waits for an answer before it shows how far the check is."""
_HEARTBEAT_SECONDS = 15.0
"""Seconds after which a silent stream sends a comment, so that no proxy takes it for dead."""
_DRAFT_STATES = ("received", "checked", "refused")
GONE = mark("This upload is no longer shown here. Look at your returns: what was saved is in the list.")


@dataclass(frozen=True)
class UploadCard:
    """The state of one upload as a page shows it: progress while it is checked, then its outcome."""

    upload_id: str
    filename: str
    events: str
    """Address from which a script hears of changes; empty if the check has ended."""
    progress: float = 0.0
    doing: str = ""
    first_findings: ui.Part = ""
    error: str = ""
    is_gone: bool = False
    """True if the upload has left memory, whether or not it was saved; `error` says where to look for it."""
    badge: ui.Part = ""
    recognised: ui.Part = ""
    refusal: ui.Part = ""
    answer: str = ""
    forms: tuple[tuple[str, str, str], ...] = ()


# --------------------------------------------------------------------------------------------------------------- routes


@router.get(PATH)
async def show_upload_page(context: Page) -> Response:
    """Render the page "Upload a return", with the uploads that its address names."""
    return await render_upload_page(context)


@router.post(PATH)
async def receive_files(request: Request, context: Page) -> Response:
    """Receive files and begin to check them."""
    return await receive_upload(request, context, PATH, render_upload_page)


@router.get(f"{PATH}/events")
async def follow_upload(context: Page, id: str = "") -> Response:
    """Stream the card of an upload after each change (server-sent events)."""
    return stream_upload(context, PATH, id)


@router.post(f"{PATH}/again")
async def check_again(form: Form) -> Response:
    """Check a file again as another form."""
    return await check_as_other_form(form, PATH)


async def render_upload_page(context: PageContext, errors: Any = (), status: int = 200) -> Response:
    """Return the page of uploads."""
    values = await list_cards(context, PATH)
    return await run_in_threadpool(
        render_page,
        context,
        "upload.html",
        title=context.tell("Upload a return"),
        lead=context.tell(
            "Upload the file as your office makes it. It is checked at once and saved as a draft. Nothing is sent "
            "until you choose to send it."
        ),
        errors=errors,
        status=status,
        **values,
    )


# ------------------------------------------------------------------------------------- shared with the page of practice


async def list_cards(context: PageContext, place: str) -> dict[str, Any]:
    """Return what `upload_area.html` shows: the drop area, and a card for each upload that the address names."""
    uploads = get_services(context.request).uploads
    account = context.session.identity.account
    cards: list[UploadCard] = []
    for upload_id in dict.fromkeys(context.request.query_params.getlist("upload")):
        upload = uploads.find_upload(account, place, upload_id)
        if upload is None:
            cards.append(UploadCard(upload_id, context.tell("Upload"), "", error=context.tell(GONE), is_gone=True))
            continue
        if not upload.has_ended:
            await upload.wait_for_change(upload.version, _WAIT_SECONDS)
        cards.append(await run_in_threadpool(make_card, context, upload))
    return {
        "cards": cards,
        "place": place,
        "limit": MAX_BYTES // 1024 // 1024,
        "kinds": context.tell(READ_RULES["read.no_reader"][1]),  # marked in pipelines/reading/formats/read.py
        "reloads": any(card.events for card in cards),
        "own_forms": context.form_options(list_own_forms(context)),
    }


async def receive_upload(request: Request, context: PageContext, place: str, render: Any) -> Response:
    """Receive the files of a request for a page, and answer a script with JSON or a browser with a redirect."""
    uploads = get_services(request).uploads
    account = context.session.identity.account
    is_script = "application/json" in request.headers.get("accept", "")
    check_origin(request)
    try:
        fields = await read_upload_form(request, uploads.queue, account)
        check_form(context, fields)
        form = SubmittedForm(context, fields)
        own_forms = list_own_forms(context)
        begun = [
            uploads.begin_upload(
                context.desk,
                context.who,
                place,
                data,
                filename,
                form=form.read_choice("form", own_forms),
                kind="patch" if form.has_field("patch") else None,
                upload_id=form.read_text("upload_id"),
            )
            for filename, data in await read_files(form.list_files("files"))
        ]
    except (UploadError, QueueFullError) as error:
        status = error.status if isinstance(error, UploadError) else 503
        message = error.localize_message(context.language)
        headers = {"Connection": "close"} if status in (408, 413) else None
        if is_script:
            return JSONResponse({"error": message}, status, headers)
        response: Response = await render(context, errors=[(message, "files")], status=status)
        response.headers.update(headers or {})
        return response
    if is_script:
        return JSONResponse({"upload": begun[0].upload_id, "events": _events_address(begun[0])}, 202)
    return redirect_to(context, ui.page_address(place, upload=[upload.upload_id for upload in begun]))


def stream_upload(context: PageContext, place: str, upload_id: str) -> Response:
    """Return a stream of server-sent events: `card` with the card as HTML at each change, `end` with the last one."""
    uploads = get_services(context.request).uploads
    upload = uploads.find_upload(context.session.identity.account, place, upload_id)

    async def stream_cards() -> AsyncIterator[str]:
        if upload is None:
            unknown = UploadCard(upload_id, context.tell("Upload"), "", error=context.tell(GONE), is_gone=True)
            yield _event("end", await run_in_threadpool(_render_card, context, unknown, place))
            return
        version = -1
        while True:
            if version == upload.version and not await upload.wait_for_change(version, _HEARTBEAT_SECONDS):
                yield ": still checking\n\n"
                continue
            version, has_ended = upload.version, upload.has_ended
            card = await run_in_threadpool(make_card, context, upload)
            yield _event("end" if has_ended else "card", await run_in_threadpool(_render_card, context, card, place))
            if has_ended:
                return

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream_cards(), media_type="text/event-stream", headers=headers)


async def check_as_other_form(form: SubmittedForm, place: str) -> Response:
    """Withdraw the draft of an upload and check its file again as another form, or as corrections only."""
    context = form.context
    uploads = get_services(context.request).uploads
    upload = uploads.find_upload(context.session.identity.account, place, form.read_text("upload"))
    chosen = form.read_choice("form", list_own_forms(context))
    if upload is None or upload.result is None or chosen is None:
        return redirect_to(context, place, message=context.tell(GONE))
    data = await run_in_threadpool(_take_back, context, upload)
    uploads.forget_upload(upload)
    kind = "patch" if form.has_field("patch") else None
    begun = uploads.begin_upload(context.desk, context.who, place, data, upload.filename, form=chosen, kind=kind)
    return redirect_to(context, ui.page_address(place, upload=begun.upload_id))


def _take_back(context: PageContext, upload: Upload) -> bytes:
    """Return the bytes of an upload, after its draft was withdrawn so that they can be uploaded again; never anything
    that was sent."""
    from pipelines.submissions import service

    assert upload.result is not None
    identity = upload.result.submission_id
    if identity is None:
        assert upload.data is not None  # kept until the upload is forgotten
        return upload.data
    data = service.read_original(context.desk, context.who, identity)[1]
    if service.get_submission(context.desk, context.who, identity).state in _DRAFT_STATES:
        comment = context.tell("Checked again as another form")
        service.withdraw_submission(context.desk, context.who, identity, "wrong_return", comment)
    return data


def list_own_forms(context: PageContext) -> list[str]:
    """Return the forms that this person may submit, for the desk's kind of territories."""
    return [
        form.id
        for form in context.desk.registry.forms.values()
        if has_role_for(context.who, "receive", form.jurisdiction, form.instrument)
        and context.desk.registry.territory_of(form.jurisdiction).kind == context.desk.kind
    ]


# ---------------------------------------------------------------------------------------------------------------- cards


def _events_address(upload: Upload) -> str:
    return ui.page_address(f"{upload.place}/events", id=upload.upload_id)


def _render_card(context: PageContext, card: UploadCard, place: str) -> str:
    return render_fragment(context, "upload_card.html", card=card, place=place)


def _event(name: str, html: str) -> str:
    lines = "\n".join(f"data: {line}" for line in html.splitlines())
    return f"event: {name}\n{lines}\n\n"


def make_card(context: PageContext, upload: Upload) -> UploadCard:
    """Return what to show of an upload now."""
    if upload.error is not None:
        return UploadCard(upload.upload_id, upload.filename, "", error=_describe_error(context, upload.error))
    if upload.result is None:
        return _make_progress_card(context, upload)
    result = upload.result
    answer = ""
    if result.submission_id is not None:
        section = ANSWER if upload.place == PATH else AnswerSection(upload.place)
        answer = find_arrival_address(section, result.submission_id, result.report)
    own_forms = list_own_forms(context)
    likely = [form for form in result.report.candidates if form in own_forms]
    forms = [*likely, *(form for form in own_forms if form not in likely)]
    return UploadCard(
        upload.upload_id,
        upload.filename,
        "",
        badge=_describe_outcome(context, result),
        recognised=_describe_recognised(context, result),
        refusal=_explain_refusal(context, result) if result.submission_id is None else "",
        answer=answer,
        forms=tuple(context.form_options(forms)),
    )


def _describe_error(context: PageContext, error: Exception) -> str:
    """Return why a file was not accepted, or which fault of the service stopped its check."""
    from pipelines.core.errors import UserFacingError
    from pipelines.submissions.checking.check import UnknownFormError

    if isinstance(error, UserFacingError | UnknownFormError):
        return context.localize_error(error)
    _, reason = describe_fault(error, context.language)
    return reason


def _make_progress_card(context: PageContext, upload: Upload) -> UploadCard:
    reported = list(upload.progress)
    newest = reported[-1] if reported else None
    doing = context.tell("Reading the file")
    if newest is not None and newest.name == "begun":
        doing = context.tell("Only the beginning of the file has been read; the check continues")
    elif newest is not None and newest.name in ("read", "judging", "judged"):
        form = newest.form
        read = context.tell("Read: {form}", form=context.form_name(form)) if form else context.tell("Read")
        doing = f"{read}. {context.tell('Comparing with the rules and with your earlier returns')}"
    first = next((progress for progress in reversed(reported) if progress.name in ("begun", "read")), None)
    return UploadCard(
        upload.upload_id,
        upload.filename,
        _events_address(upload),
        progress=_PROGRESS.get(newest.name, 0.1) if newest is not None else 0.05,
        doing=doing,
        first_findings=_describe_first_findings(context, first) if first is not None else "",
    )


def _describe_first_findings(context: PageContext, progress: CheckProgress) -> ui.Markup:
    from pipelines.findings.finding import worst_first

    findings = worst_first(progress.findings)
    if not findings:
        return ui.render_small(context.tell("The file itself has no errors so far."))
    lines = [
        ui.Markup("{} {}: {}").format(
            context.severity_badge(finding.severity),
            str(finding.where) or context.tell("the whole file"),
            describe_finding(finding, context.language).message,
        )
        for finding in findings[:_SHOWN_FINDINGS]
    ]
    headline = context.many("{n} finding so far", "{n} findings so far", len(findings))
    return ui.join_parts((ui.render_paragraph(headline), ui.render_list(lines)))


def _describe_outcome(context: PageContext, result: UploadResult) -> ui.Markup:
    report = result.report
    if result.submission_id is None:
        return ui.render_badge("error", "✖", context.tell("Not saved: see below what to do"))
    if not result.new:
        _, _, state = words.describe_state(result.state or "received", context.language)
        return ui.render_paragraph(
            context.tell(
                "This exact file was uploaded before. Its state: {state}. Uploading it again changed nothing.",
                state=state,
            )
        )
    errors, warnings = report.count_findings("error"), report.count_findings("warning")
    if errors:
        return ui.render_badge("error", "✖", context.many("{n} error to correct", "{n} errors to correct", errors))
    if warnings:
        return ui.render_badge(
            "warning", "▲", context.many("{n} warning to explain", "{n} warnings to explain", warnings)
        )
    return ui.render_badge("good", "✔", context.tell("No problems found"))


def _describe_recognised(context: PageContext, result: UploadResult) -> ui.Markup:
    report = result.report
    if any(finding.rule.startswith("read.") and finding.severity == "error" for finding in report.findings):
        return ui.Markup("")  # why it cannot be read is said below
    if report.form is None:
        return ui.render_paragraph(
            context.tell("No form was recognised in this file. Choose its form below, or see what is wrong.")
        )
    return ui.render_facts(
        [
            (context.tell("Territory"), context.area_name(report.jurisdiction or "")),
            (context.tell("What"), context.code_label("instrument", report.instrument or "")),
            (context.tell("Form"), context.describe_form(report.form)),
            (context.tell("Period"), words.format_periods((b.period for b in report.blocks), context.language)),
            (context.tell("Kind"), words.describe_kind(report.kind, context.language, replaces=bool(result.replaces))),
            (context.tell("Figures read"), f"{report.observations or report.events}"),
            (context.tell("Now"), _describe_state_now(context, result)),
        ]
    )


def _describe_state_now(context: PageContext, result: UploadResult) -> str:
    """Return what this upload is now: a draft, or a return that was sent before from the same file."""
    if result.submission_id is None or result.state is None:
        return ""
    if result.state in DRAFT:
        return context.tell("A draft. Nothing has been sent.")
    _, _, state = words.describe_state(result.state, context.language)
    day = words.format_day(result.received_at)
    return context.tell("{state}, uploaded on {day}.", state=state, day=day)


def _explain_refusal(context: PageContext, result: UploadResult) -> ui.Markup:
    from pipelines.office import answers

    return ui.join_parts(
        ui.Markup("<p><b>{}</b></p><p>{}</p>").format(group.title, group.remedy)
        for group in answers.group_findings(result.report, context.language)
        if group.severity == "error"
    )
