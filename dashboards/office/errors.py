"""Answer requests that no page can answer: not signed in, not allowed, not found, a stale form, a fault of the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards.office.context import PageContext
from dashboards.office.requests import NoRoleError, NotSignedInError, enter_page
from dashboards.office.responses import render_page, render_refusal
from dashboards.office.services import ASSETS, get_services
from pipelines.core import i18n
from pipelines.core.i18n import tell
from pipelines.core.storage_faults import DAMAGED_REMEDY, DAMAGED_TITLE, find_fault
from pipelines.ledger.clock_guard import ClockSetBackError
from pipelines.ledger.identity import NotAllowedError
from pipelines.submissions.experts.letters import PATH as EXPERT_LINK
from pipelines.survey.filling_in import LinkError
from pipelines.survey.letters import PATH as QUESTIONNAIRE
from pipelines.survey.surveys import SurveyError
from pipelines.web.sign_in.csrf import CsrfError
from pipelines.web.sign_in.language import language_of

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request


def install_handlers(app: FastAPI) -> None:
    """Let the application answer every error with a page in the reader's language."""
    app.add_exception_handler(NotSignedInError, _ask_for_sign_in)
    app.add_exception_handler(NoRoleError, _refuse_role)
    app.add_exception_handler(NotAllowedError, _refuse)
    app.add_exception_handler(ClockSetBackError, _refuse_clock)
    app.add_exception_handler(CsrfError, _refuse_foreign_form)
    app.add_exception_handler(SurveyError, _answer_survey_problem)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(Exception, _answer_fault)


def _answer_survey_problem(request: Request, error: Exception) -> Response:
    """Answer an error of the questionnaire; an act of the steward on it answers its own errors."""
    from dashboards.office.survey.routes import answer_problem

    return answer_problem(request, error)


def _is_questionnaire(request: Request) -> bool:
    """Return True for the pages that people open by a one-time link, without an account."""
    return request.url.path.startswith(f"{QUESTIONNAIRE}/")


def _is_expert_link(request: Request) -> bool:
    """Return True for the pages that experts open by the link of a letter, without an account."""
    return request.url.path.startswith(f"{EXPERT_LINK}/")


def _ask_for_sign_in(_request: Request, error: Exception) -> Response:
    assert isinstance(error, NotSignedInError)
    return RedirectResponse(error.address, status_code=303, headers={"Cache-Control": "no-store"})


def _refuse_role(request: Request, _error: Exception) -> Response:
    from pipelines.ledger import permissions

    return render_refusal(enter_page(request), permissions.make_missing_role_error())


def _refuse(request: Request, error: Exception) -> Response:
    return render_refusal(enter_page(request), error)


def _refuse_clock(request: Request, error: Exception) -> Response:
    """Answer a page that records what it shows, or an act that does not expect the error, while the clock is wrong."""
    context = enter_page(request)
    return _render_fault(context, context.tell("Something went wrong"), context.localize_error(error), 409)


def _refuse_foreign_form(request: Request, _error: Exception) -> Response:
    context = enter_page(request)
    reason = context.tell("This form is out of date, so nothing was done. Open the page again and repeat the action.")
    return _render_fault(context, context.tell("Something went wrong"), reason, 403)


def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _is_questionnaire(request):
        return _answer_survey_problem(request, LinkError("cut"))
    if _is_expert_link(request):
        from dashboards.office.experts.routes import answer_unknown

        return answer_unknown(request)
    try:
        context = enter_page(request)
    except NotSignedInError as missing:
        return _ask_for_sign_in(request, missing)
    if error.status_code == 404:
        title, reason = (
            context.tell("Page not found"),
            context.tell("There is no page at this address. Check the address, or choose a page."),
        )
    else:
        title = context.tell("Something went wrong")
        reason = context.tell("The request could not be read, so nothing was done. Open the page again.")
    return _render_fault(context, title, reason, error.status_code)


def _answer_fault(request: Request, error: Exception) -> Response:
    from pipelines.web import fault_log

    reference = fault_log.log_fault(error)
    fault = find_fault(error)
    status = 500 if fault is None else 503 if fault.is_away else 507
    if _is_questionnaire(request) or _is_expert_link(request):
        return _render_fault_of_nobody(request, error, status, reference)
    try:
        context = enter_page(request)
    except NotSignedInError as missing:
        return _ask_for_sign_in(request, missing)
    except Exception:
        # The ledger itself cannot be read, so the session cannot be found. The fault is logged above.
        return _render_fault_of_nobody(request, error, status, reference)
    title, reason = describe_fault(error, context.language)
    return _render_fault(context, title, reason, status, reference)


def describe_fault(error: Exception, language: str) -> tuple[str, str]:
    """Return title and text for an error that no page expects: damaged data, a fault of the disk, or any other.

    The text never quotes the error, whose words may name paths of the server or values of a file.
    """
    from pipelines.submissions.service.stored import DamagedFileError

    if isinstance(error, DamagedFileError):
        reason = f"{error.localize_message(language)} {tell(DAMAGED_REMEDY, language)}"  # marked in core.storage_faults
        return tell(DAMAGED_TITLE, language), reason  # marked in core.storage_faults
    if (fault := find_fault(error)) is not None:
        title, detail, remedy = fault.localize_message(language)
        return title, f"{detail} {remedy}"
    reason = tell("The page could not be shown. Try again; if it happens again, ask the steward.", language)
    return tell("Something went wrong", language), reason


def _render_fault_of_nobody(request: Request, error: Exception, status: int, reference: str) -> Response:
    """Return a page about a fault that does not say whose pages it belongs to, in the language of the browser."""
    from functools import partial

    language = language_of(request)
    title, reason = describe_fault(error, language)
    html = (
        get_services(request)
        .environment.get_template("fault_of_nobody.html")
        .render(
            tell=partial(tell, language=language),
            lang=i18n.html_lang(language),
            asset=ASSETS.find_address,
            demonstration=False,
            title=title,
            reason=reason,
            reference=reference,
        )
    )
    return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})


def _render_fault(context: PageContext, title: str, reason: str, status: int, reference: str = "") -> Response:
    return render_page(context, "fault.html", title=title, status=status, reason=reason, reference=reference)
