"""Offer a private desk with a training territory, where beginners can make mistakes safely."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dashboards.office.context import PageContext
from dashboards.office.pages import answer, returns, upload
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import redirect_to, render_page
from pipelines.web.files import send_file

PATH = "/practice"


def enter_practice(real: PageContext) -> PageContext:
    """Return the context of the person's practice desk. Raises NotAllowedError without any role."""
    from pipelines.submissions.service import practice

    desk = practice.open(real.desk, real.who)
    return replace(real, desk=desk, who=practice.make_practice_identity(desk, real.who))


def _enter_page(real: Page) -> PageContext:
    return enter_practice(real)


def _enter_form(form: Form) -> SubmittedForm:
    return replace(form, context=enter_practice(form.context))


SECTION = answer.AnswerSection(PATH, enter_practice, "practice_answer.html", upload_page=PATH)
"""The answers to practice returns."""
router = answer.create_answer_router(SECTION)
PracticePage = Annotated[PageContext, Depends(_enter_page)]
PracticeForm = Annotated[SubmittedForm, Depends(_enter_form)]


@router.get(PATH)
async def show_practice(context: PracticePage, id: str = "") -> Response:
    """Render the page "Practice": its files, uploads and returns, or the answer to one return."""
    if id:
        return await run_in_threadpool(answer.render_answer, context, SECTION, id)
    return await render_overview(context)


async def render_overview(context: PageContext, errors: Any = (), status: int = 200) -> Response:
    """Return the page of practice."""
    cards = await upload.list_cards(context, PATH)
    return await run_in_threadpool(_render_overview, context, cards, errors, status)


def _render_overview(context: PageContext, cards: dict[str, Any], errors: Any, status: int) -> Response:
    from pipelines.submissions import service
    from pipelines.submissions.service import practice

    entries = service.list_submissions(context.desk, context.who)
    caption = context.many("{n} return", "{n} returns", len(entries))
    return render_page(
        context,
        "practice.html",
        title=context.tell("Practice"),
        files=practice.make_practice_files(context.language),
        table=returns.submissions_table(context, entries, caption, page=PATH) if entries else None,
        errors=errors,
        status=status,
        **cards,
    )


@router.get(f"{PATH}/file")
def download_practice_file(context: PracticePage, number: int = 0) -> Response:
    """Send one of the files to practise with."""
    from pipelines.submissions.service import practice

    files = practice.make_practice_files(context.language)
    if not 0 <= number < len(files):
        return redirect_to(context, PATH)
    return send_file(files[number].data, files[number].name, "application/octet-stream")


@router.post(PATH)
async def receive_files(request: Request, context: PracticePage) -> Response:
    """Receive files for practice and begin to check them."""
    return await upload.receive_upload(request, context, PATH, render_overview)


@router.get(f"{PATH}/events")
async def follow_upload(context: PracticePage, id: str = "") -> Response:
    """Stream the card of an upload."""
    return upload.stream_upload(context, PATH, id)


@router.post(f"{PATH}/again")
async def check_again(form: PracticeForm) -> Response:
    """Check a file again as another form."""
    return await upload.check_as_other_form(form, PATH)


@router.post(f"{PATH}/colleague/send")
def let_colleague_send(form: PracticeForm, real: Page) -> Response:
    """Let the colleague send a return for the person to approve."""
    from pipelines.submissions.service import practice

    sent = practice.colleague_sends(form.context.desk, real.who)
    return redirect_to(form.context, SECTION.make_address(sent.submission_id))


@router.post(f"{PATH}/colleague/approve")
def let_colleague_approve(form: PracticeForm, real: Page) -> Response:
    """Let the colleague approve a return."""
    from pipelines.submissions.service import practice

    context, submission_id = form.context, form.read_text("id")
    practice.colleague_approves(context.desk, real.who, submission_id)
    message = context.tell(
        "The colleague has approved it. For a real return, a second person in your office does this."
    )
    return redirect_to(context, SECTION.make_address(submission_id), message=message)


@router.post(f"{PATH}/colleague/return")
def let_colleague_give_back(form: PracticeForm, real: Page) -> Response:
    """Let the colleague return a return with a comment."""
    from pipelines.submissions.service import practice

    context, submission_id = form.context, form.read_text("id")
    practice.colleague_gives_back(context.desk, real.who, submission_id)
    message = context.tell("The colleague has returned it with a comment.")
    return redirect_to(context, SECTION.make_address(submission_id), message=message)


@router.get(f"{PATH}/reset")
def confirm_reset(context: PracticePage) -> Response:
    """Ask whether everything that was done in practice is to be deleted."""
    return render_page(context, "practice_reset.html", title=context.tell("Start again?"))


@router.post(f"{PATH}/reset")
def reset_practice(form: Form) -> Response:
    """Delete everything that the person did in practice."""
    from pipelines.submissions.service import practice

    practice.reset_practice(form.context.desk, form.context.who)
    return redirect_to(form.context, PATH, message=form.context.tell("Practice starts again."))
