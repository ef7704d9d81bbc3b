"""Declare a nil return for a form and periods that are expected and open, with a confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.answer.control_totals import make_totals_table
from dashboards.office.pages.board import describe_row
from dashboards.office.requests import Form, Page
from dashboards.office.responses import FieldError, redirect_to, render_page
from pipelines.design import components as ui
from pipelines.ledger.permissions import pairs_for

router = APIRouter()
_FORM, _PERIOD, _COMMENT = "form", "period", "comment"
"""Fields of the page's forms; the first two are also parameters of its address."""


@dataclass(frozen=True)
class _Declaration:
    """A nil return before it is declared: a form, some of its periods, and a note."""

    form: str
    periods: tuple[str, ...]
    comment: str = ""


@router.get("/nil")
def show_nil(context: Page) -> Response:
    """Render the page "Nothing to report"; the address may name the form and the periods."""
    query = context.request.query_params
    return _render_choice(context, _Declaration(query.get(_FORM, ""), tuple(query.getlist(_PERIOD))))


@router.post("/nil/confirm")
def confirm_nil(form: Form) -> Response:
    """Show what is about to be declared; nothing is done yet."""
    from pipelines.submissions import service

    context, declaration = form.context, _read_declaration(form)
    if field_error := _check_declaration(context, declaration):
        return _render_choice(context, declaration, status=422, errors=[field_error])
    declared = context.desk.registry.forms[declaration.form]
    totals = service.read_last_totals(context.desk, context.who, declaration.form, declaration.periods[-1])
    return render_page(
        context,
        "nil_confirm.html",
        title=context.tell("Nothing to report"),
        declaration=declaration,
        facts=[
            (context.tell("Territory"), context.area_name(declared.jurisdiction)),
            (context.tell("Form"), context.describe_form(declaration.form)),
            (context.tell("Period"), words.format_periods(declaration.periods, context.language)),
            (context.tell("Note"), declaration.comment),
        ],
        last_totals=make_totals_table(context, totals),
    )


@router.post("/nil/edit")
def edit_nil(form: Form) -> Response:
    """Return from the confirmation to the choice, with what was entered."""
    return _render_choice(form.context, _read_declaration(form))


@router.post("/nil/declare")
def declare_nil(form: Form) -> Response:
    """Create the draft and send it unless an explanation is required; the page of the submission shows the rest."""
    from pipelines.submissions import service

    context, declaration = form.context, _read_declaration(form)
    if field_error := _check_declaration(context, declaration):
        return _render_choice(context, declaration, status=409, errors=[field_error])
    comment = declaration.comment or None
    try:
        draft = service.upload_nil(context.desk, context.who, declaration.form, list(declaration.periods), comment)
        if draft.submission_id is None:
            why = context.tell("This nil return was not accepted: {why}", why=_explain_why_not(context, draft.report))
            return _render_choice(context, declaration, status=409, errors=[(why, "")])
        entry = service.get_submission(context.desk, context.who, draft.submission_id)
        if entry.may_send and not entry.replaces:
            service.send_submission(context.desk, context.who, draft.submission_id, comment=comment)
            message = context.tell("Sent. Your receipt is below. Please keep it.")
        else:
            message = context.tell("It is saved as a draft: see below what you need to answer before you can send it.")
    except (service.TransitionError, service.SubmissionRefusedError) as error:
        return _render_choice(context, declaration, status=409, errors=[(context.localize_error(error), "")])
    return redirect_to(context, ui.page_address("/answer", id=draft.submission_id), message=message)


def open_periods(context: PageContext) -> Mapping[str, dict[str, date]]:
    """Return, by form, the periods expected of this person's offices that have no return yet, oldest first, each with
    the day on which its return is due."""
    from pipelines.declarations.base import is_within
    from pipelines.submissions import timetable

    registry = context.desk.registry
    board = timetable.build_board(
        context.desk.engine, registry, pairs_for(context.who, "receive"), periods=8, kind=context.desk.kind
    )
    periods_by_form: dict[str, dict[str, date]] = {}
    for row in board.rows:
        for cell in row.cells:
            if cell.submission_id is not None:
                continue
            for form in registry.forms.values():
                if (
                    (form.jurisdiction, form.instrument, form.source, form.freq)
                    == (row.jurisdiction, row.instrument, row.source, row.freq)
                ) and is_within(cell.deadline.period, form.valid):
                    periods_by_form.setdefault(form.id, {})[cell.deadline.period] = cell.deadline.collection
                    break
    return periods_by_form


def _list_unfinished(context: PageContext) -> list[ui.Part]:
    """Return the due periods of this person's offices that have only a draft, as links to it."""
    from pipelines.submissions import timetable

    desk = context.desk
    board = timetable.build_board(desk.engine, desk.registry, pairs_for(context.who, "receive"), kind=desk.kind)
    return [
        ui.render_link(
            describe_row(context, row, cell.deadline.period),
            ui.page_address("/answer", id=cell.submission_id),
        )
        for row in board.rows
        for cell in row.cells
        if cell.submission_id is not None and cell.state in ("draft", "findings")
    ]


def _read_declaration(form: Form) -> _Declaration:
    return _Declaration(form.read_text(_FORM), tuple(sorted(set(form.read_texts(_PERIOD)))), form.read_text(_COMMENT))


def _check_declaration(context: PageContext, declaration: _Declaration) -> FieldError | None:
    """Return what is wrong with a declaration: no period, or one that is not open (any more)."""
    if not declaration.periods:
        return context.tell("Choose at least one period first."), _PERIOD
    periods_by_form = open_periods(context)
    if not set(declaration.periods) <= set(periods_by_form.get(declaration.form, ())):
        reason = context.tell("There is already a return for one of these periods. Check your choice.")
        return reason, _PERIOD if periods_by_form else ""
    return None


def _render_choice(
    context: PageContext, entered: _Declaration, *, status: int = 200, errors: Sequence[FieldError] = ()
) -> Response:
    """Render the choice of the form and its periods with what was entered; at first the only open period is chosen."""
    periods_by_form = open_periods(context)
    form = entered.form if entered.form in periods_by_form else next(iter(periods_by_form), "")
    periods = periods_by_form.get(form, {})
    return render_page(
        context,
        "nil.html",
        title=context.tell("Nothing to report"),
        lead=context.tell(
            "If there was nothing to count in a period, report that here, so that the period counts as reported. "
            "Without a report it counts as missing."
        ),
        status=status,
        errors=errors,
        unfinished=_list_unfinished(context),
        forms=context.form_options(periods_by_form),
        form=form,
        periods=[(code, _describe_period(context, code, day)) for code, day in periods.items()],
        chosen=list(periods) if len(periods) == 1 and not errors else entered.periods,
        comment=entered.comment,
    )


def _describe_period(context: PageContext, code: str, due: date) -> str:
    """Return a period with the day on which its return is due, and for how long it is overdue."""
    from pipelines.core import clock

    period, late = words.format_period(code, context.language), (clock.now().date() - due).days
    if late > 0:
        return context.many(
            "{period}: due on {day}, overdue by {n} day",
            "{period}: due on {day}, overdue by {n} days",
            late,
            period=period,
            day=due.isoformat(),
        )
    return context.tell("{period}: due on {day}", period=period, day=due.isoformat())


def _explain_why_not(context: PageContext, report: object) -> str:
    from pipelines.office import answers
    from pipelines.submissions.checking.report import Report

    assert isinstance(report, Report)
    return " ".join(
        group.title for group in answers.group_findings(report, context.language) if group.severity == "error"
    )
