"""Addresses of the questionnaire: its first page, its pages of questions, the check, and the confirmation.

A link carries the right to one questionnaire in its address. Every page is a form that saves and leads on, so that
nothing needs a script, and reloading or returning loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from dashboards.office.survey.rendering import (
    FAULTS,
    describe_answer,
    describe_question,
    form_title,
    render_page,
    render_problem,
)
from dashboards.office.survey.services import SAVES, WRONG_LINKS, get_survey_services
from pipelines.core.i18n import format_day, mark, tell
from pipelines.core.i18n.periods import format_period
from pipelines.model.periods import Period
from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.submissions.timetable.names import jurisdiction_name, note_of
from pipelines.survey import filling_in
from pipelines.survey.bank import text_in
from pipelines.survey.bank_model import Question
from pipelines.survey.filling_in import IncompleteError, LinkError, Visit
from pipelines.survey.invitation_store import Round
from pipelines.survey.letters import MINUTES, PATH, result_address
from pipelines.survey.result_links import first_result_day
from pipelines.survey.surveys import SurveyError, read_today
from pipelines.web.guards import client_network
from pipelines.web.sign_in.csrf import CSRF_FIELD, CsrfError, check_origin
from pipelines.web.sign_in.language import language_of

router = APIRouter()
LINK = PATH + "/{round_id}/{token}"
MOST_FIELDS = 100
LONGEST_FIELD = 16 * 1024
_STATUS = {"cut": 404, "unknown": 404, "not_open": 403, "closed": 410, "sent": 410}


class StaleFormError(SurveyError):
    """A form does not come from a page of its link."""

    def __init__(self) -> None:
        super().__init__(
            mark("This page is out of date, so nothing was changed. Open the link from the message again.")
        )


class TooManyError(SurveyError):
    """Too many requests; nothing was changed."""

    def __init__(self, seconds: int) -> None:
        super().__init__(mark("Too many requests. Nothing was lost. Wait {seconds} seconds and try again."),
                         seconds=seconds)  # fmt: skip
        self.seconds = seconds


async def read_form(request: Request) -> FormData:
    """Return a submitted form; nothing of it is written to a file."""
    return await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD)


SubmittedFields = Annotated[FormData, Depends(read_form)]


def answer_problem(request: Request, error: Exception) -> Response:
    """Answer an error of these pages in plain words."""
    assert isinstance(error, SurveyError)
    if isinstance(error, LinkError) and error.problem == "sent":
        return _render_sent(request, _STATUS[error.problem])
    if isinstance(error, TooManyError):
        response = render_problem(request, error, 429)
        response.headers["Retry-After"] = str(error.seconds)
        return response
    return render_problem(request, error, _STATUS[error.problem] if isinstance(error, LinkError) else 403)


@router.get(PATH + "/sent")
def show_sent(request: Request) -> Response:
    """Render the confirmation. Its address says nothing about who has answered."""
    return _render_sent(request)


def _render_sent(request: Request, status: int = 200) -> Response:
    """Render the confirmation, also for a link that has been used; its links to languages do not repeat the link."""
    title = tell("Your answers have been received", language_of(request))
    day = _find_results_day(get_survey_services(request).survey_desk.surveys.invitations.list_rounds())
    results_day = format_day(day, language_of(request)) if day is not None else ""
    return render_page(
        request, "sent.html", title=title, status=status, address=f"{PATH}/sent", results_day=results_day
    )


def _find_results_day(rounds: Sequence[Round]) -> date | None:
    """Return the day after the last day of the open rounds; None unless all of them have the same one.

    The page does not know which round was answered, so that its address says nothing about anybody.
    """
    days = {first_result_day(round_) for round_ in rounds if round_.state == "open"}
    return days.pop() if len(days) == 1 else None


@router.get(LINK)
def show_start(request: Request, round_id: str, token: str) -> Response:
    """Render the first page: what is asked, until when, and how answers are kept."""
    visit = open_link(request, round_id, token)
    language, registry = language_of(request), get_survey_services(request).desk.registry
    bank = visit.questionnaire.bank
    note = note_of(registry, visit.territory, language)
    return render_page(
        request,
        "start.html",
        title=form_title(visit, language),
        address=link_address(visit),
        role=text_in(bank.lists.roles[visit.questionnaire.role], language),
        territory=jurisdiction_name(registry, visit.territory, language) + ("*" if note else ""),
        footnote=f"* {note}" if note else "",
        period=format_period(visit.round.period, language),
        is_under_way=Period.from_code(visit.round.period).end.isoformat() >= read_today(),
        minutes=MINUTES[visit.round.form],
        closes=format_day(date.fromisoformat(visit.round.closes), language),
        smallest_group=FEWEST_RESPONDENTS,
        has_draft=bool(visit.answers),
        next_address=f"{link_address(visit)}/{_first_open_page(visit)}",
        check_address=f"{link_address(visit)}/check",
        workbook_address=f"{link_address(visit)}/workbook",
        results_address=result_address(
            get_survey_services(request).survey_desk.surveys, "", round_id, (visit.territory, visit.questionnaire.role)
        ),
        results_day=first_result_day(visit.round),
    )


@router.get(LINK + "/check")
def show_check(request: Request, round_id: str, token: str) -> Response:
    """Render all answers, before they are sent."""
    return _render_check(request, open_link(request, round_id, token))


@router.get(LINK + "/send")
def show_check_again(request: Request, round_id: str, token: str) -> Response:
    """Lead to the check: a browser that restores the page after a refused sending opens its address again."""
    return redirect_to(f"{link_address(open_link(request, round_id, token))}/check")


@router.post(LINK + "/send")
def send_all(request: Request, round_id: str, token: str, fields: SubmittedFields) -> Response:
    """Send the answers. The confirmation follows only after they are on the disk."""
    visit = open_link(request, round_id, token)
    check_form(request, visit, fields)
    try:
        filling_in.send_answers(get_survey_services(request).survey_desk.surveys, round_id, token)
    except IncompleteError as error:
        return _render_check(request, visit, error.questions)
    return redirect_to(f"{PATH}/sent")


@router.get(LINK + "/{number:int}")
def show_questions(request: Request, round_id: str, token: str, number: int) -> Response:
    """Render one page of questions."""
    visit = open_link(request, round_id, token)
    if not 1 <= number <= len(visit.questionnaire.list_pages()):
        return redirect_to(link_address(visit))
    return _render_questions(request, visit, number)


@router.post(LINK + "/{number:int}")
def save_questions(request: Request, round_id: str, token: str, number: int, fields: SubmittedFields) -> Response:
    """Save one page of questions and lead on; with a fault, save the rest and show the page again."""
    visit = open_link(request, round_id, token)
    check_form(request, visit, fields)
    pages = visit.questionnaire.list_pages()
    if not 1 <= number <= len(pages):
        return redirect_to(link_address(visit))
    services = get_survey_services(request)
    if seconds := services.rates.count_request(SAVES, visit.link.draft_digest):
        raise TooManyError(seconds)
    page_answers: dict[str, tuple[str, ...]] = {}
    errors: list[tuple[str, str]] = []
    for question in pages[number - 1]:
        values = [value for value in fields.getlist(question.id) if isinstance(value, str)]
        page_answers[question.id], fault = visit.questionnaire.clean_answer(question, values)
        if fault is not None:
            errors.append((tell(FAULTS[fault], language_of(request)), question.id))  # marked in rendering
    visit = filling_in.save_page(services.survey_desk.surveys, visit, page_answers)
    if errors:
        return _render_questions(request, visit, number, errors)
    return redirect_to(f"{link_address(visit)}{_find_target(visit, number, fields)}")


@router.get(PATH + "/{rest:path}")
def show_unknown(request: Request) -> Response:
    """Answer any other address below the questionnaire: a link that was cut off."""
    count_wrong_link(request)
    return answer_problem(request, LinkError("cut"))


def open_link(request: Request, round_id: str, token: str) -> Visit:
    """Return the visit of a link, and count links that open nothing. Raises LinkError, TooManyError."""
    services = get_survey_services(request)
    if seconds := services.rates.check_wait(WRONG_LINKS, client_network(request.scope)):
        raise TooManyError(seconds)
    try:
        return filling_in.open_visit(services.survey_desk.surveys, round_id, token)
    except LinkError as error:
        if error.problem in ("cut", "unknown"):
            count_wrong_link(request)
        raise


def count_wrong_link(request: Request) -> None:
    """Count a link that opens nothing. Raises TooManyError."""
    rates = get_survey_services(request).rates
    if seconds := rates.count_request(WRONG_LINKS, client_network(request.scope)):
        raise TooManyError(seconds)


def check_form(request: Request, visit: Visit, fields: FormData) -> None:
    """Raise StaleFormError unless a form comes from a page of its link."""
    submitted = fields.get(CSRF_FIELD)
    try:
        check_origin(request)
    except CsrfError:
        raise StaleFormError from None
    if not isinstance(submitted, str) or not visit.link.is_form_token(submitted):
        raise StaleFormError


def link_address(visit: Visit) -> str:
    """Return the address of the first page of a link."""
    return f"{PATH}/{visit.round.round_id}/{visit.link.token}"


def redirect_to(address: str) -> Response:
    """Return a redirect to a page after a form."""
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})


def _list_open_pages(visit: Visit) -> list[int]:
    """Return the numbers of the pages that have a question for this person, given the answers so far."""
    visible = _visible_ids(visit)
    pages = visit.questionnaire.list_pages()
    return [number for number, page in enumerate(pages, start=1) if any(q.id in visible for q in page)]


def _visible_ids(visit: Visit) -> set[str]:
    return {question.id for question in visit.questionnaire.list_visible(visit.answers)}


def _first_open_page(visit: Visit) -> int:
    """Return the page of the first question without an answer; the first page if none is missing."""
    pages = visit.questionnaire.list_pages()
    visible = _visible_ids(visit)
    for number in _list_open_pages(visit):
        if any(q.id in visible and q.kind != "free_text" and not visit.answers.get(q.id) for q in pages[number - 1]):
            return number
    return 1


def _find_target(visit: Visit, number: int, fields: FormData) -> str:
    """Return where a saved page leads: back, on, or to the check after the last page."""
    if fields.get("go") == "check":
        return "/check"
    if fields.get("go") == "back":
        earlier = [n for n in _list_open_pages(visit) if n < number]
        return f"/{earlier[-1]}" if earlier else ""
    later = [n for n in _list_open_pages(visit) if n > number]
    return f"/{later[0]}" if later else "/check"


def _render_questions(request: Request, visit: Visit, number: int, errors: Sequence[tuple[str, str]] = ()) -> Response:
    language = language_of(request)
    bank = visit.questionnaire.bank
    visible = _visible_ids(visit)
    questions = [question for question in visit.questionnaire.list_pages()[number - 1] if question.id in visible]
    open_pages = _list_open_pages(visit)
    if not questions:
        return redirect_to(f"{link_address(visit)}/check")
    groups: list[tuple[str, list[dict[str, Any]]]] = []
    for question in questions:
        theme = text_in(bank.lists.themes[bank.theme_by_question[question.id]], language)
        if not groups or groups[-1][0] != theme:
            groups.append((theme, []))
        groups[-1][1].append(describe_question(visit, question, language))
    position = open_pages.index(number) + 1
    step = tell("Page {number} of {total}", language, number=position, total=len(open_pages))
    # A page of several themes has a heading for each.
    title = groups[0][0] if len(groups) == 1 else form_title(visit, language)
    return render_page(
        request,
        "questions.html",
        title=title,
        window_title=f"{title} ({step})",
        status=422 if errors else 200,
        errors=errors,
        address=f"{link_address(visit)}/{number}",
        form_address=f"{link_address(visit)}/{number}",
        csrf=visit.link.form_token,
        groups=groups,
        step=step,
        progress=position / len(open_pages),
        is_first=position == 1,
        has_draft=bool(visit.answers),
    )


def _render_check(request: Request, visit: Visit, missing: Sequence[Question] = ()) -> Response:
    language, bank = language_of(request), visit.questionnaire.bank
    page_of = {q.id: n for n, page in enumerate(visit.questionnaire.list_pages(), start=1) for q in page}
    rows = [
        {
            "id": question.id,
            "text": text_in(question.wording.text, language),
            "answer": describe_answer(visit, question, language),
            "is_required": visit.questionnaire.is_required(question),
            "address": f"{link_address(visit)}/{page_of[question.id]}#{question.id}",
            "theme": text_in(bank.lists.themes[bank.theme_by_question[question.id]], language),
        }
        for question in visit.questionnaire.list_visible(visit.answers)
    ]
    groups = [(theme, list(group)) for theme, group in groupby(rows, key=lambda row: row["theme"])]
    errors = [(text_in(question.wording.text, language), f"row-{question.id}") for question in missing]
    return render_page(
        request,
        "check.html",
        title=tell("Check your answers", language),
        status=422 if errors else 200,
        errors=errors,
        errors_title=tell(
            "These questions need an answer. You can also answer that a question does not apply.", language
        ),
        address=f"{link_address(visit)}/check",
        groups=groups,
        n_missing=sum(bool(row["is_required"]) and not row["answer"] for row in rows),
        csrf=visit.link.form_token,
        send_address=f"{link_address(visit)}/send",
        first_address=f"{link_address(visit)}/1",
        closes=date.fromisoformat(visit.round.closes),
    )


__all__ = ["answer_problem", "router"]
