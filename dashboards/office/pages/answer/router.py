"""The routes of an answer: its page, its acts, and its files."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from dashboards.office.context import PageContext
from dashboards.office.pages.answer.acts import ACTS, Act, MissingInputError, read_confirmed_withdrawal
from dashboards.office.pages.answer.files import NoSuchFileError, make_file
from dashboards.office.pages.answer.rendering import (
    render_answer,
    render_unreadable,
    render_withdrawal_confirmation,
)
from dashboards.office.pages.answer.section import ANSWER, AnswerSection
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page
from pipelines.web.files import send_file

_CONFIRM = "withdraw/confirm"


def create_answer_router(section: AnswerSection) -> APIRouter:
    """Return the routes below the page of a section: `<base>/<act>` for forms and `<base>/files/<kind>` for files.

    The page itself, `<base>?id=…`, is the caller's; it calls `render_answer`.
    """
    router = APIRouter()
    for name, act in ACTS.items():
        router.add_api_route(section.act_address(name), _make_act_endpoint(section, act), methods=["POST"])
    router.add_api_route(section.act_address(_CONFIRM), _make_confirmation_endpoint(section), methods=["POST"])
    for name in (*ACTS, _CONFIRM):
        router.add_api_route(section.act_address(name), _make_way_back(section), methods=["GET"])
    router.add_api_route(f"{section.base}/files/{{kind}}", _make_file_endpoint(section), methods=["GET"])
    return router


def _make_act_endpoint(section: AnswerSection, act: Act) -> Callable[..., Response]:
    def carry_out(form: Form) -> Response:
        from pipelines.model.content import ReadError
        from pipelines.submissions import service

        context, submission_id = section.enter(form.context), form.read_text("id")
        try:
            outcome = act(context, submission_id, form)
        except MissingInputError as error:
            return _render_again(section, context, form, 422, (error.text, error.field))
        except (service.DamagedFileError, ReadError) as error:
            return render_unreadable(context, submission_id, error)
        except service.NotAllowedError as error:
            return _render_again(section, context, form, 403, (context.localize_error(error), ""))
        except (service.TransitionError, service.SubmissionRefusedError) as error:
            return _render_again(section, context, form, 409, (context.localize_error(error), ""))
        address = section.make_address(submission_id, view=form.read_text("view"))
        return redirect_to(context, address, message=outcome.message, anchor=outcome.anchor)

    return carry_out


def _render_again(
    section: AnswerSection, context: PageContext, form: SubmittedForm, status: int, error: FieldError
) -> Response:
    """Return the page of a form again, with what was entered and why nothing was done."""
    return render_answer(
        context,
        section,
        form.read_text("id"),
        view=form.read_text("view"),
        status=status,
        errors=[error],
        entered=form.fields,
    )


def _make_confirmation_endpoint(section: AnswerSection) -> Callable[..., Response]:
    def ask_for_confirmation(form: Form) -> Response:
        from pipelines.submissions import service

        context, submission_id = section.enter(form.context), form.read_text("id")
        entry = service.get_submission(context.desk, context.who, submission_id)
        if not entry.may_withdraw and not entry.may_override_withdrawal:
            return redirect_to(context, section.make_address(submission_id))
        try:
            reason, comment = read_confirmed_withdrawal(context, form)
        except MissingInputError as error:
            return _render_again(section, context, form, 422, (error.text, error.field))
        return render_withdrawal_confirmation(context, section, entry, reason, comment)

    return ask_for_confirmation


def _make_way_back(section: AnswerSection) -> Callable[..., Response]:
    def go_to_section(_context: Page) -> Response:
        """Lead a browser that asks again for the address of an act, as after a change of language, to the section."""
        return RedirectResponse(section.base, status_code=303)

    return go_to_section


def _make_file_endpoint(section: AnswerSection) -> Callable[..., Response]:
    def send_made_file(context: Page, kind: str, id: str = "") -> Response:
        from pipelines.model.content import ReadError

        entered = section.enter(context)
        try:
            file = make_file(entered, id, kind)
        except ReadError as error:
            return render_unreadable(entered, id, error)
        except NoSuchFileError:
            raise HTTPException(404) from None
        return send_file(file.content, file.filename, file.media_type)

    return send_made_file


router = create_answer_router(ANSWER)


@router.get("/answer")
def show_answer(context: Page) -> Response:
    """Render the page "Validation report"."""
    if submission_id := context.request.query_params.get("id"):
        return render_answer(context, ANSWER, submission_id)
    return render_page(
        context,
        "answer/none.html",
        title=context.tell("Validation report"),
        lead=context.tell("Choose a return to see its validation report."),
    )
