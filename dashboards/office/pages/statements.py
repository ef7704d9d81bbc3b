"""Draft and clear statements of institutions: facts in their own name, apart from the answers of practitioners."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page, render_refusal
from dashboards.office.survey.services import get_survey_services
from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.survey import statements
from pipelines.survey.bank import Bank, text_in
from pipelines.survey.bank_model import Question
from pipelines.survey.statements import FiledStatement, Statement, StatementView

router = APIRouter()
PATH = "/statements"
_ANSWER = "answer-"
_NO_NUMBER = "n0"
"""Code of the answer zero in the lists of numbers."""
_STATES = {
    "waiting": ("sent", "➜", mark("waiting for approval")),
    "cleared": ("good", "✔", mark("approved")),
    "returned": ("warning", "↩", mark("returned")),
    "withdrawn": ("off", "⊘", mark("withdrawn")),
}


@router.get(PATH)
def show_statements(context: Page) -> Response:
    """Render the statements for a jurisdiction, and the form for a new one."""
    return _render_list(context, context.request.query_params.get("place", ""))


@router.post(PATH + "/draft")
def draft_statement(form: Form) -> Response:
    """Draft a statement, which waits for the focal point."""
    bank = _read_bank(form.context)
    answers = {
        question.series: form.read_text(_ANSWER + question.id)
        for question in map(bank.find_question, statements.list_questions(bank))
    }
    statement = Statement(form.read_text("place"), form.read_text("institution"), form.read_text("year"), answers)
    desk = form.context.desk
    return _act(
        form,
        lambda: statements.draft_statement(desk.engine, desk.registry, bank, statement, actor=form.context.who.account),
        mark("The statement waits for approval by the focal point."),
        entered=statement,
    )


@router.post(PATH + "/clear")
def clear_statement(form: Form) -> Response:
    """Clear the draft of another person."""
    return _act(
        form,
        lambda: statements.clear_statement(
            form.context.desk.engine, form.read_text("statement"), actor=form.context.who.account
        ),
        mark("The statement is approved. People with a role in the territory can read it."),
    )


@router.post(PATH + "/return")
def return_statement(form: Form) -> Response:
    """Return a draft to its author with a reason."""
    return _act(
        form,
        lambda: statements.return_statement(
            form.context.desk.engine,
            form.read_text("statement"),
            actor=form.context.who.account,
            comment=form.read_text("comment"),
        ),
        mark("The statement is returned. Its author reads your comment here."),
    )


@router.post(PATH + "/withdraw")
def withdraw_statement(form: Form) -> Response:
    """Withdraw one's own draft, after a confirmation."""
    if not form.has_field(CONFIRMED) and (filed := _find_own_draft(form)) is not None:
        context = form.context
        return ask_for_confirmation(
            form,
            title=context.tell("Withdraw the statement"),
            question=context.tell("You are about to withdraw your statement"),
            consequence=context.tell("Nobody can approve it after that. If you need it again, draft a new one."),
            facts=[
                (context.tell("Institution"), filed.statement.institution),
                (context.tell("Year"), filed.statement.year),
            ],
            yes=context.tell("Yes, withdraw it"),
            back=ui.page_address(PATH, place=filed.statement.jurisdiction),
        )
    return _act(
        form,
        lambda: statements.withdraw_statement(
            form.context.desk.engine, form.read_text("statement"), actor=form.context.who.account
        ),
        mark("You have withdrawn your statement."),
    )


def _find_own_draft(form: SubmittedForm) -> FiledStatement | None:
    """Return the draft that a form withdraws, if the person may withdraw it."""
    context, place = form.context, form.read_text("place")
    if place not in statements.list_places(context.desk.registry, context.who):
        return None
    views = statements.list_statements(context.desk.engine, context.desk.registry, context.who, place)
    statement_id = form.read_text("statement")
    return next((view.filed for view in views if view.may_withdraw and view.filed.statement_id == statement_id), None)


def _act(form: SubmittedForm, act: Callable[[], object], message: str, *, entered: Statement | None = None) -> Response:
    """Do an act and return to the list with its result, or show why it was refused."""
    context, place = form.context, form.read_text("place")
    try:
        act()
    except NotAllowedError as error:
        return render_refusal(context, error)
    except TransitionError as error:
        return _render_list(context, place, (context.describe_form_error(error),), entered)
    return redirect_to(context, ui.page_address(PATH, place=place), message=context.tell(message))  # marked above


def _render_list(
    context: PageContext, chosen: str, errors: Sequence[FieldError] = (), entered: Statement | None = None
) -> Response:
    places = statements.list_places(context.desk.registry, context.who)
    place = chosen if chosen in places else next(iter(places), "")
    desk = context.desk
    views = statements.list_statements(desk.engine, desk.registry, context.who, place) if place else []
    bank = _read_bank(context)
    questions = [bank.find_question(question) for question in statements.list_questions(bank)]
    return render_page(
        context,
        "statements.html",
        title=context.tell("Statements of institutions"),
        lead=context.tell(
            "Facts that an institution states in its own name. A second person, its focal point, approves them."
        ),
        errors=errors,
        status=409 if errors else 200,
        places=[(code, context.area_name(code)) for code in places],
        place=place,
        waiting=[
            {"view": view, "id": view.filed.statement_id, "facts": _describe_statement(context, bank, view.filed)}
            for view in views
            if view.filed.state == "waiting"
        ],
        table=_tabulate(context, bank, [view for view in views if view.filed.state != "waiting"]),
        may_draft=statements.may_draft(context.who, place),
        questions=[
            (
                _ANSWER + question.id,
                text_in(question.wording.text, context.language),
                [(code, _name_answer(context, bank, question, code)) for code in bank.list_codes(question)],
                entered.answers.get(question.series, "") if entered else "",
            )
            for question in questions
        ],
        entered=entered,
        year=entered.year if entered else str(clock.now().year),
        longest=statements.LONGEST_NAME,
    )


def _tabulate(context: PageContext, bank: Bank, views: Sequence[StatementView]) -> ui.PageTable | None:
    """Return statements that are decided on, newest first; None without any."""
    rows = []
    for view in views:
        filed = view.filed
        kind, sign, text = _STATES[filed.state]
        answers = "; ".join(
            f"{question} {answer}" for question, answer in _list_answers(context, bank, filed.statement)
        )
        state = ui.render_badge(kind, sign, context.tell(text))  # marked above
        rows.append(
            ui.PageRow(
                filed.statement.institution,
                (filed.statement.year, answers, state, filed.decided_at[:10], filed.comment),
            )
        )
    if not rows:
        return None
    tell = context.tell
    columns = [tell("Year"), tell("Answers"), tell("State"), tell("Date"), tell("Comment")]
    caption = context.many("{n} statement", "{n} statements", len(rows))
    return ui.PageTable(caption, tell("Institution"), columns, rows, wide=True)


def _describe_statement(context: PageContext, bank: Bank, filed: FiledStatement) -> list[tuple[str, ui.Part]]:
    return [
        (context.tell("Institution"), filed.statement.institution),
        (context.tell("Year"), filed.statement.year),
        *_list_answers(context, bank, filed.statement),
        *((text, context.tell("No answer")) for text in _list_unanswered(context, bank, filed.statement)),
        (context.tell("Drafted by"), context.name_person(filed.drafted_by)),
    ]


def _list_answers(context: PageContext, bank: Bank, statement: Statement) -> list[tuple[str, str]]:
    """Return the questions that a statement answers, in the wording that was asked, with the answers."""
    pairs = []
    for question in bank.questions:
        for wording in question.wordings:
            code = statement.answers.get(f"{question.id}.{wording.version}")
            if code is not None:
                pairs.append((text_in(wording.text, context.language), _name_answer(context, bank, question, code)))
    return pairs


def _name_answer(context: PageContext, bank: Bank, question: Question, code: str) -> str:
    """Return an answer in words. "No case" of the bank does not answer how many requests were sent."""
    return context.tell("None") if code == _NO_NUMBER else bank.answer_text(question, code, context.language)


def _list_unanswered(context: PageContext, bank: Bank, statement: Statement) -> list[str]:
    """Return the questions that institutions are asked and to which a statement has no answer."""
    questions = [bank.find_question(question) for question in statements.list_questions(bank)]
    answered = {series.partition(".")[0] for series in statement.answers}
    return [text_in(item.wording.text, context.language) for item in questions if item.id not in answered]


def _read_bank(context: PageContext) -> Bank:
    return get_survey_services(context.request).survey_desk.surveys.bank
