"""Keep corrective measures: add them, change status, evidence and deadline, and see what has moved since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import monitoring_words as monitoring
from dashboards.office.context import PageContext
from dashboards.office.requests import Form, Page
from dashboards.office.responses import FieldError, redirect_to, render_page, render_refusal
from dashboards.office.survey.result_words import describe_sample, explain_favourable
from dashboards.office.survey.services import get_survey_services
from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.core.i18n.periods import format_period
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.office.monitoring.report import find_measured_change
from pipelines.survey import measures
from pipelines.survey.measures import Measure, Progress
from pipelines.survey.surveys import SurveyError
from pipelines.words.language import lower_first

if TYPE_CHECKING:
    from pipelines.survey.service import SurveyDesk

router = APIRouter()
PATH = "/measures"


@router.get(PATH)
def show_measures(context: Page) -> Response:
    """Render the measures of an area, or of all, and the form for a new one."""
    query = context.request.query_params
    return _render_list(
        context, query.get("area", ""), {name: query.get(name, "") for name in ("question", "indicator")}
    )


@router.get(PATH + "/one")
def show_measure(context: Page) -> Response:
    """Render one measure: what has moved since, and the form to change it."""
    return _render_one(context, context.request.query_params.get("id", ""))


@router.post(PATH + "/add")
def add_measure(form: Form) -> Response:
    """Add a measure."""
    context = form.context
    names = ("area", "question", "text", "owner", "deadline", "indicator")
    entered = {name: form.read_text(name) for name in names}
    try:
        added = measures.add_measure(
            _open_desk(context), context.who, entered["area"], entered["question"], entered["text"], entered["owner"],
            _read_day(entered["deadline"]), entered["indicator"],
        )  # fmt: skip
    except NotAllowedError as error:
        return render_refusal(context, error)
    except SurveyError as error:
        return _render_list(context, entered["area"], entered, [context.describe_form_error(error)])
    return redirect_to(
        context, ui.page_address(PATH, area=added.territory), message=context.tell("The measure is added.")
    )


@router.post(PATH + "/change")
def change_measure(form: Form) -> Response:
    """Change the status, evidence or deadline of a measure."""
    context, measure_id = form.context, form.read_text("id")
    status = form.read_choice("status", measures.STATUSES)
    new_status = next((code for code in measures.STATUSES if code == status), measures.STATUSES[0])
    try:
        measures.update_measure(
            _open_desk(context), context.who, measure_id, new_status, evidence=form.read_text("evidence"),
            deadline=_read_day(form.read_text("deadline")),
        )  # fmt: skip
    except NotAllowedError as error:
        return render_refusal(context, error)
    except SurveyError as error:
        return _render_one(context, measure_id, [context.describe_form_error(error)], form.read_text("evidence"))
    address = ui.page_address(f"{PATH}/one", id=measure_id)
    return redirect_to(context, address, message=context.tell("The measure is changed."))


def tabulate_measures(
    context: PageContext, desk: SurveyDesk, listed: Sequence[Measure], *, areas: bool = True
) -> ui.PageTable:
    """Return measures as a table; each leads to its page."""
    bank, tell = desk.surveys.bank, context.tell
    today = clock.now().date().isoformat()
    rows = []
    for item in listed:
        is_late = item.status in ("planned", "under_way") and item.deadline < today
        late = ui.render_badge("error", "✖", tell("overdue")) if is_late else ""
        area = (monitoring.name_area(context, item.territory),) if areas else ()
        rows.append(
            ui.PageRow(
                ui.render_link(item.text, ui.page_address(f"{PATH}/one", id=item.measure_id)),
                (
                    *area,
                    monitoring.name_role(bank, item.owner, context.language),
                    ui.join_parts([item.deadline, late], " "),
                    monitoring.status_badge(context, item.status),
                    _describe_progress(context, desk, measures.find_progress(desk, item)),
                ),
            )
        )
    area_column = [tell("Territory")] if areas else []
    columns = [*area_column, tell("Owner"), tell("Deadline"), tell("Status"), tell("Favourable answers")]
    caption = context.many("{n} measure", "{n} measures", len(rows))
    return ui.PageTable(caption, tell("Measure to take"), columns, rows, wide=True)


def _describe_progress(context: PageContext, desk: SurveyDesk, progress: Progress) -> ui.Part:
    """Return the favourable answers in the first and the newest round."""
    shares = [_format_share(context, desk, item) for item in (progress.first, progress.newest) if item is not None]
    return ui.render_list(shares) or context.tell("no answers, or too few to show")


def _format_share(context: PageContext, desk: SurveyDesk, result: Mapping[str, Any] | None) -> str:
    """Return a favourable share with its interval, its respondents, and the period of its round.

    A round that the store does not have is named by its id.
    """
    if result is None:
        return context.tell("no answers, or too few to show")
    round_ = desk.surveys.invitations.find_round(result["round_id"])
    period = format_period(round_.period, context.language) if round_ is not None else result["round_id"]
    return f"{period}: {describe_sample(result, context.language)}"


def _render_list(
    context: PageContext, area: str, entered: dict[str, str], errors: Sequence[FieldError] = ()
) -> Response:
    desk = _open_desk(context)
    bank, language = desk.surveys.bank, context.language
    visible = measures.list_measures(desk, context.who)
    areas = list(dict.fromkeys(item.territory for item in visible))
    listed = [item for item in visible if area in ("", item.territory)]
    kept_areas = measures.list_kept_areas(desk, context.who)
    return render_page(
        context,
        "measures.html",
        title=context.tell("Corrective measures"),
        lead=context.tell("What is done about a gap, by whom, by when, and whether it has helped."),
        errors=errors,
        status=409 if errors else 200,
        table=tabulate_measures(context, desk, listed) if listed else None,
        areas=[(code, monitoring.name_area(context, code)) for code in areas],
        area=area,
        kept=[(code, monitoring.name_area(context, code)) for code in kept_areas],
        questions=[(q.id, f"{q.id}: {monitoring.name_question(bank, q.id, language)}") for q in bank.questions],
        owners=[(role, monitoring.name_role(bank, role, language)) for role in bank.lists.roles],
        indicators=monitoring.list_indicators(context),
        entered={"question": "", "text": "", "owner": "", "deadline": "", "indicator": ""} | entered,
        shortest=measures.SHORTEST_TEXT,
    )


def _render_one(
    context: PageContext, measure_id: str, errors: Sequence[FieldError] = (), evidence: str = ""
) -> Response:
    desk = _open_desk(context)
    try:
        measure = measures.find_measure(desk, context.who, measure_id)
    except SurveyError as missing:
        return render_refusal(context, missing, 404)
    bank, tell = desk.surveys.bank, context.tell
    facts: list[tuple[str, ui.Part]] = [
        (tell("Territory"), monitoring.name_area(context, measure.territory)),
        (tell("Question"), monitoring.name_question(bank, measure.question, context.language)),
        (tell("Owner"), monitoring.name_role(bank, measure.owner, context.language)),
        (tell("Deadline"), measure.deadline),
        (tell("Status"), monitoring.status_badge(context, measure.status)),
        (tell("Evidence"), measure.evidence),
        (tell("Indicator that should improve"), monitoring.name_indicator(context, measure.indicator)),
    ]
    return render_page(
        context,
        "measure.html",
        title=measure.text,
        errors=errors,
        status=409 if errors else 200,
        measure=measure,
        facts=facts,
        moved=_tabulate_change(context, desk, measure),
        may_change=measure.territory in measures.list_kept_areas(desk, context.who),
        statuses=[(code, tell(text)) for code, (_, _, text) in monitoring.STATUSES.items()],  # marked there
        evidence=evidence or measure.evidence,
        shortest=measures.SHORTEST_TEXT,
    )


def _tabulate_change(context: PageContext, desk: SurveyDesk, measure: Measure) -> ui.PageTable:
    """Return the favourable share of the question, and the indicator of the returns, before and now."""
    tell = context.tell
    progress = measures.find_progress(desk, measure)
    shares = tuple(_format_share(context, desk, item) for item in (progress.first, progress.newest))
    bank = desk.surveys.bank
    question = bank.find_question(measure.question)
    rows = [ui.PageRow(explain_favourable(bank, question, context.language), shares)]
    rows += [
        ui.PageRow(
            f"{monitoring.name_outcome(context, row.outcome)}; "
            f"{lower_first(context.code_label('offence_group', row.offence_group))}",
            (
                monitoring.format_earlier(context, row),
                monitoring.format_outcome(context, row) + (f" ({row.period})" if row.period else ""),
            ),
        )
        for row in find_measured_change(desk, context.who, measure)
    ]
    return ui.PageTable(tell("What has changed"), tell("Indicator"), [tell("Before"), tell("Now")], rows)


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SurveyError(mark("Enter the deadline as a day, such as 2027-03-31.")).at_field("deadline") from None


def _open_desk(context: PageContext) -> SurveyDesk:
    return get_survey_services(context.request).survey_desk
