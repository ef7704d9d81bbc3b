"""Show how treaties bind a territory; state what was read in a source, and decide on the statements of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.context import PageContext
from dashboards.office.pages.law_decisions import add_decisions, answer_act, render_proposals, render_verification
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_refusal
from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.declarations.territory import Territory
from pipelines.declarations.treaties import VERIFIED, TreatyEvent, apply_statements
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.submissions.service import law
from pipelines.submissions.service.law import ProposalView
from pipelines.submissions.treaty_statements import TreatyStatement

router = APIRouter()
PATH = "/treaties"
LAW_PATH = "/law"
"""Page with the treaties of a jurisdiction, each linked."""
_Views = Sequence[ProposalView[TreatyStatement]]


def find_territory(context: PageContext, place: str) -> str:
    """Return the territory of a jurisdiction if the person may see its treaties, else an empty text."""
    area = next((c for c, item in context.desk.registry.territories.items() if place in _list_codes(c, item)), "")
    return area if area in law.list_treaty_territories(context.desk, context.who) else ""


def list_waiting(context: PageContext, area: str) -> list[ui.Part]:
    """Return links to the treaties of a territory on which a decision is due."""
    views = law.list_statements(context.desk, context.who, area) if area else []
    return [_link_treaty(context, area, v.proposal.content.treaty) for v in views if v.proposal.state == "waiting"]


def make_table(context: PageContext, area: str) -> ui.PageTable:
    """Return the treaties of a territory with a link to the page of each."""
    rows = []
    views = law.list_statements(context.desk, context.who, area)
    for treaty in codes.list_codes("treaty"):
        link = _link_treaty(context, area, treaty)
        events = _list_events(context, area, treaty, views)
        absent = context.tell("not known")
        rows += [ui.PageRow(link, _describe_event(context, event)) for event in events] or [
            ui.PageRow(link, (absent, "", "", ""))
        ]
    caption = context.tell("Treaties: {area}", area=context.area_name(area))
    return ui.PageTable(caption, context.tell("Treaty"), _name_columns(context), rows, wide=True)


@router.get(PATH)
def show_treaty(context: Page) -> Response:
    """Render a treaty and a territory: what is known, its history, and the form for a statement."""
    query = context.request.query_params
    if "area" not in query:
        return redirect_to(context, LAW_PATH)
    return _render_treaty(context, query["area"], query.get("treaty", ""))


@router.post(PATH + "/propose")
def propose_statement(form: Form) -> Response:
    """Propose a statement."""
    statement = TreatyStatement(*(form.read_text(name) for name in ("area", "treaty", "event", "date", "source")))
    return _act(
        form,
        lambda: law.propose_statement(form.context.desk, form.context.who, statement),
        mark("It is proposed. A second person decides on it."),
        entered=statement,
    )


def _act(
    form: SubmittedForm, act: Callable[[], object], message: str, *, entered: TreatyStatement | None = None
) -> Response:
    context, area, treaty = form.context, form.read_text("area"), form.read_text("treaty")
    return answer_act(
        form,
        act,
        message,
        address=_find_page(form),
        show=lambda errors: _render_treaty(context, area, treaty, errors, entered),
    )


def _find_page(form: SubmittedForm) -> str:
    return ui.page_address(PATH, area=form.read_text("area"), treaty=form.read_text("treaty"))


add_decisions(router, PATH, _act, _find_page)


def _render_treaty(
    context: PageContext,
    area: str,
    treaty: str,
    errors: Sequence[FieldError] = (),
    entered: TreatyStatement | None = None,
) -> Response:
    try:
        views = law.list_statements(context.desk, context.who, area)
    except NotAllowedError as error:
        return render_refusal(context, error)
    if treaty not in codes.list_codes("treaty"):
        return redirect_to(context, ui.page_address(LAW_PATH, place=area))
    views = [view for view in views if view.proposal.content.treaty == treaty]
    events = _list_events(context, area, treaty, views)
    return render_proposals(
        context,
        "treaty.html",
        views,
        path=PATH,
        hidden={"area": area, "treaty": treaty},
        errors=errors,
        may_propose=law.may_propose(context.who, area),
        describe=lambda statement: _describe_statement(context, statement),
        title=f"{context.code_label('treaty', treaty)}: {context.area_name(area)}",
        area=area,
        known=_make_known(context, events),
        events=context.list_options("treaty_event"),
        entered=entered or next((replace(event, source="") for event in events if event.status != VERIFIED), None),
    )


def _list_events(context: PageContext, area: str, treaty: str, views: _Views) -> list[TreatyEvent]:
    """Return the events of a treaty and a territory as the next release has them."""
    approved = sorted(
        (view.proposal for view in views if view.proposal.state == "approved"), key=lambda item: item.sequence
    )
    statements = [
        TreatyEvent(area, item.content.treaty, item.content.event, item.content.date, VERIFIED, item.content.source, "")
        for item in approved
    ]
    events = apply_statements(context.desk.registry.treaties, statements)
    return [event for event in events if (event.territory, event.treaty) == (area, treaty)]


def _list_codes(code: str, territory: Territory) -> set[str]:
    return {code, *(place.code for place in territory.jurisdictions)}


def _link_treaty(context: PageContext, area: str, treaty: str) -> ui.Part:
    return ui.render_link(context.code_label("treaty", treaty), ui.page_address(PATH, area=area, treaty=treaty))


def _name_columns(context: PageContext) -> list[str]:
    return [context.tell("What happened"), context.tell("Date"), context.tell("Source"), context.tell("State")]


def _describe_event(context: PageContext, event: TreatyEvent) -> tuple[ui.Part, ...]:
    is_verified = event.status == VERIFIED
    name = context.code_label("treaty_event", event.event)
    is_day = len(event.date) == len("2001-09-06")
    day = event.date if is_day or not event.date else context.tell("{date}, exact day not known", date=event.date)
    return (name, day, event.source, render_verification(context, is_verified=is_verified))


def _make_known(context: PageContext, events: Sequence[TreatyEvent]) -> ui.PageTable | None:
    if not events:
        return None
    event, *columns = _name_columns(context)
    rows = [ui.PageRow(name, tuple(fields)) for name, *fields in (_describe_event(context, item) for item in events)]
    return ui.PageTable(context.tell("What is known"), event, columns, rows, wide=True, quiet=True)


def _describe_statement(context: PageContext, statement: TreatyStatement) -> list[tuple[str, ui.Part]]:
    return [
        (context.tell("What happened"), context.code_label("treaty_event", statement.event)),
        (context.tell("Date"), statement.date),
        (context.tell("Source"), statement.source),
    ]
