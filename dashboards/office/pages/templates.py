"""Offer, for each form of the person's offices, the empty workbook of the periods that are due next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.requests import Page
from dashboards.office.responses import FieldError, render_page
from pipelines.design import components as ui
from pipelines.web.files import XLSX, send_file

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from pipelines.declarations.form import Form
    from pipelines.submissions.timetable import Deadline

router = APIRouter()
_ACCEPTED = ("approved", "published")
_TERRITORY, _FORM, _PERIOD = "territory", "form", "period"
"""Parameters of the addresses."""


@dataclass(frozen=True)
class _Offer:
    """A form of which a workbook is offered, and the deadline of its period."""

    form: Form
    deadline: Deadline


@router.get("/templates")
def show_templates(context: Page) -> Response:
    """Render the page "Templates"."""
    return _render(context)


@router.get("/templates/workbook")
def send_workbook(context: Page) -> Response:
    """Return the workbook of a form for a period, among those that the page offers."""
    from pipelines.office import templates

    query = context.request.query_params
    form_id, period = query.get(_FORM, ""), query.get(_PERIOD, "")
    offers = _list_offers(context, _list_due(context))
    offer = next((o for o in offers if (o.form.id, o.deadline.period) == (form_id, period)), None)
    if offer is None:
        raise HTTPException(404)
    try:
        name, content = templates.write_template(
            context.desk.registry,
            form_id,
            period,
            deadline=offer.deadline.collection,
            previous=_read_accepted_figures(context, offer.form),
            demonstration=context.is_demonstration,
        )
    except templates.TemplateError as error:
        return _render(context, status=409, errors=[(context.localize_error(error), "")])
    return send_file(content, name, XLSX)


def _render(context: PageContext, *, status: int = 200, errors: Sequence[FieldError] = ()) -> Response:
    due = _list_due(context)
    places = list(dict.fromkeys(deadline.jurisdiction for deadline in due))
    chosen = context.request.query_params.get(_TERRITORY, "")
    place = chosen if chosen in places else next(iter(places), "")
    offers = _list_offers(context, [deadline for deadline in due if deadline.jurisdiction == place])
    return render_page(
        context,
        "templates.html",
        title=context.tell("Templates"),
        lead=context.tell(
            "A workbook for each of your forms, in your own words and layout: code lists to choose from, checks "
            "while you type, and the last accepted figure in grey next to each cell. Fill it in and upload it. You do "
            "not need to name the form."
        ),
        status=status,
        errors=errors,
        places=[(code, context.area_name(code)) for code in places],
        place=place,
        offers=[_describe_offer(context, offer) for offer in offers],
    )


def _list_due(context: PageContext) -> list[Deadline]:
    """Return what is due next: for each office and instrument the period whose collection closes next, and the one
    before it as long as it has open questions."""
    from pipelines.core import clock
    from pipelines.submissions import timetable

    today = clock.now().date()
    deadlines = timetable.list_deadlines(
        context.desk.registry, pairs=context.who.list_pairs(), today=today, ahead=1, kind=context.desk.kind
    )
    return [deadline for deadline in deadlines if deadline.queries >= today]


def _list_offers(context: PageContext, due: Sequence[Deadline]) -> list[_Offer]:
    """Return the forms of which a workbook can be made for these deadlines."""
    from pipelines.office import templates

    return [
        _Offer(form, deadline)
        for deadline in due
        for form in templates.list_forms(
            context.desk.registry, deadline.jurisdiction, deadline.instrument, deadline.period
        )
        if form.source == deadline.source
    ]


def _describe_due_day(context: PageContext, day: date) -> str:
    from pipelines.core import clock

    if day >= clock.now().date():
        return day.isoformat()
    return context.tell("{day}, which has passed: for late returns and corrections", day=day.isoformat())


def _describe_offer(context: PageContext, offer: _Offer) -> dict[str, object]:
    """Return the title, the facts, and the link of an offer."""
    form, deadline = offer.form, offer.deadline
    code = ui.Markup('<span class="rti-code">{}</span>').format(form.id)
    period = words.format_period(deadline.period, context.language)
    return {
        "title": ui.join_parts(
            (context.mark_names(context.form_name(form.id).removesuffix(f" ({form.id})")), period), ", "
        ),
        "facts": [
            (context.tell("Office"), context.mark_names(context.office_name(form.source, form.jurisdiction))),
            (context.tell("What"), context.code_label("instrument", form.instrument)),
            (context.tell("Period"), period),
            (context.tell("Due by"), _describe_due_day(context, deadline.collection)),
            (context.tell("Form"), ui.Markup("<br>").join(filter(None, (code, context.own_form_title(form.id))))),
            (context.tell("Can be sent instead of"), context.mark_names(context.form_name(form.second_of))),
        ],
        "text": context.tell("Download the workbook for {period}", period=period),
        "address": ui.page_address("/templates/workbook", **{_FORM: form.id, _PERIOD: deadline.period}),
    }


def _read_accepted_figures(context: PageContext, form: Form) -> pl.DataFrame | None:
    """Return the accepted figures of the form's series: those before its newest accepted return, and that return's
    own."""
    import polars as pl

    from pipelines.submissions import service

    accepted_filter = service.SubmissionFilter(states=_ACCEPTED, series=form.series)
    page = service.submission_page(context.desk, context.who, accepted_filter, limit=1)
    if not page.entries:
        return None
    newest = page.entries[0]
    parts = [service.read_history(context.desk, context.who, newest.submission_id)]
    reading = service.make_report(context.desk, context.who, newest.submission_id).reading
    if reading is not None:
        parts.append(reading.observations)
    return pl.concat(parts)
