"""Keep the rounds of the questionnaire (stewards): open and close them, and see response rates, never answers."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.requests import Form, Page
from dashboards.office.responses import redirect_to, render_page, render_refusal
from dashboards.office.shares import format_rate
from dashboards.office.survey.services import get_survey_services
from pipelines.core.i18n import mark
from pipelines.core.i18n.periods import format_period
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.survey import service
from pipelines.survey.bank import text_in
from pipelines.survey.invitation_store import Response as Responses
from pipelines.survey.invitation_store import Round
from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import SurveyError

router = APIRouter()
PATH = "/survey"
_STATES = {
    "planned": ("expected", "○", mark("not open yet")),
    "open": ("sent", "➜", mark("open for answers")),
    "closing": ("draft", "◐", mark("being closed")),
    "closed": ("good", "✔", mark("closed")),
}


@router.get(PATH)
def show_rounds(context: Page) -> Response:
    """Render the rounds, and the response rates of the chosen or newest one."""
    return _render_rounds(context, context.request.query_params.get("round", ""))


@router.post(PATH + "/open")
def open_round(form: Form) -> Response:
    """Open a planned round, after a confirmation: letters that were sent cannot be taken back."""
    context, round_id = form.context, form.read_text("round")
    if not form.has_field(CONFIRMED):
        return ask_for_confirmation(
            form,
            title=context.tell("Open the round: {round}", round=_find_name(context, round_id)),
            question=context.tell("Do you want to open this round now?"),
            consequence=context.tell(
                "From its first day on, everybody on the list gets an invitation. What is sent cannot be taken back."
            ),
            facts=_describe_responses(context, round_id),
            yes=context.tell("Open the round"),
            back=PATH,
        )
    return _act(context, "open", round_id)


@router.post(PATH + "/close")
def close_round(form: Form) -> Response:
    """Close an open round before its last day is over, after a confirmation."""
    context, round_id = form.context, form.read_text("round")
    if not form.has_field(CONFIRMED):
        return ask_for_confirmation(
            form,
            title=context.tell("Close the round: {round}", round=_find_name(context, round_id)),
            question=context.tell("Do you want to close this round now?"),
            consequence=context.tell(
                "Links stop working and drafts are deleted. A closed round cannot be opened again."
            ),
            facts=_describe_responses(context, round_id),
            yes=context.tell("Close the round"),
            back=PATH,
        )
    return _act(context, "close", round_id)


def _describe_responses(context: PageContext, round_id: str) -> list[tuple[str, ui.Part]]:
    """Return the days of a round and how many people have answered; nothing if it does not exist."""
    desk = _open_desk(context)
    round_ = desk.surveys.invitations.find_round(round_id)
    if round_ is None:
        return []
    responses = service.count_responses(desk, context.who, round_id)
    return [
        (context.tell("First day"), round_.opens),
        (context.tell("Invited"), str(sum(response.invited for response in responses))),
        (context.tell("Have answered"), str(sum(response.answered for response in responses))),
        (context.tell("Last day"), round_.closes),
    ]


def _find_name(context: PageContext, round_id: str) -> str:
    """Return the name of a round, or the id of one that does not exist."""
    desk = _open_desk(context)
    round_ = desk.surveys.invitations.find_round(round_id)
    return name_round(context, desk, round_) if round_ is not None else round_id


def _act(context: PageContext, act: str, round_id: str) -> Response:
    desk = _open_desk(context)
    try:
        if act == "open":
            service.open_round(desk, context.who, round_id)
            message = context.tell("The round is open. Invitations are sent within the hour.")
        else:
            service.close_round(desk, context.who, round_id)
            message = context.tell("The round is closed. Its results can be seen.")
    except NotAllowedError as error:
        return render_refusal(context, error)
    except SurveyError as error:
        return _render_rounds(context, round_id, (context.localize_error(error),))
    return redirect_to(context, ui.page_address(PATH, round=round_id), message=message)


def _render_rounds(context: PageContext, chosen: str, errors: Sequence[str] = ()) -> Response:
    desk = _open_desk(context)
    try:
        rounds = service.list_rounds(desk, context.who)
    except NotAllowedError as error:
        return render_refusal(context, error)
    shown_round = next((r for r in rounds if r.round_id == chosen), rounds[-1] if rounds else None)
    responses = service.count_responses(desk, context.who, shown_round.round_id) if shown_round is not None else ()
    return render_page(
        context,
        "survey_rounds.html",
        title=context.tell("Questionnaire"),
        lead=context.tell(
            "Rounds of the questionnaire and how many people have answered. Answers are never shown here."
        ),
        status=409 if errors else 200,
        errors=[(text, "") for text in errors],
        rounds=_make_rounds(context, desk, rounds),
        round=shown_round,
        round_name=name_round(context, desk, shown_round) if shown_round is not None else "",
        rates=_make_rates(context, desk, shown_round, responses) if shown_round is not None else None,
    )


def _open_desk(context: PageContext) -> SurveyDesk:
    return get_survey_services(context.request).survey_desk


def name_round(context: PageContext, desk: SurveyDesk, round_: Round) -> str:
    """Return the name of a round: its form and its period."""
    form = text_in(desk.surveys.bank.lists.forms[round_.form], context.language)
    return f"{form}, {format_period(round_.period, context.language)}"


def _make_rounds(context: PageContext, desk: SurveyDesk, rounds: Sequence[Round]) -> ui.PageTable:
    rows = [
        ui.PageRow(
            ui.render_link(name_round(context, desk, round_), ui.page_address(PATH, round=round_.round_id)),
            (
                round_.opens,
                round_.closes,
                _state_badge(context, round_),
            ),
        )
        for round_ in reversed(rounds)
    ]
    tell = context.tell
    columns = [tell("First day"), tell("Last day"), tell("State")]
    return ui.PageTable(context.many("{n} round", "{n} rounds", len(rows)), tell("Round"), columns, rows)


def _state_badge(context: PageContext, round_: Round) -> ui.Markup:
    kind, sign, text = _STATES[round_.state]
    return ui.render_badge(kind, sign, context.tell(text))  # marked above


def _make_rates(context: PageContext, desk: SurveyDesk, round_: Round, responses: Sequence[Responses]) -> ui.PageTable:
    roles = desk.surveys.bank.lists.roles
    rows = [
        ui.PageRow(
            context.area_name(response.territory),
            (
                text_in(roles[response.role], context.language),
                str(response.invited),
                str(response.answered),
                format_rate(response.answered, response.invited, context.language),
            ),
        )
        for response in responses
    ]
    invited, answered = sum(r.invited for r in responses), sum(r.answered for r in responses)
    total = (context.tell("All roles"), str(invited), str(answered), format_rate(answered, invited, context.language))
    rows.append(ui.PageRow(context.tell("All territories"), total))
    tell = context.tell
    columns = [tell("Role"), tell("Invited"), tell("Have answered"), tell("Response rate")]
    caption = tell("Response rates: {round}", round=name_round(context, desk, round_))
    return ui.PageTable(caption, tell("Territory"), columns, rows, frozenset({1, 2, 3}))
