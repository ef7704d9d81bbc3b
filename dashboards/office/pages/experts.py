"""Look up experts on joint investigation teams, find a counterpart for a case, and write to an expert."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import figure_words
from dashboards.office.context import PageContext
from dashboards.office.experts import words as expert_words
from dashboards.office.requests import Form, Page
from dashboards.office.responses import FieldError, redirect_to, render_page, render_refusal
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.submissions.experts.counterparts import Counterpart
from pipelines.submissions.experts.model import ExpertError
from pipelines.submissions.notices import NoticeSettingsError
from pipelines.submissions.service import experts
from pipelines.submissions.service.experts import ExpertQuery

router = APIRouter()
PATH = "/experts"
COUNTERPARTS = PATH + "/counterpart"
ENTRY = PATH + "/entry"


@router.get(PATH)
def show_experts(context: Page) -> Response:
    """Render the search, and the entries that meet it if one was asked for."""
    query = context.request.query_params
    criteria = ExpertQuery(*(query.get(name, "") for name in ExpertQuery.__dataclass_fields__))
    matches = (
        sorted(
            experts.search_experts(context.desk, context.who, criteria),
            key=lambda expert: (context.area_name(expert.details.jurisdiction), expert.details.position),
        )
        if "search" in query
        else None
    )
    return render_page(
        context,
        "experts.html",
        title=context.tell("Network of experts"),
        lead=context.tell("People who help with joint investigation teams and requests. Every search is recorded."),
        criteria=criteria,
        territories=list_territories(context),
        roles=expert_words.list_roles(context.language),
        spoken=expert_words.list_languages(),
        crimes=expert_words.list_crimes(context),
        procedures=expert_words.list_procedures(context.language),
        table=expert_words.tabulate_experts(context, matches, ENTRY) if matches else None,
        has_searched=matches is not None,
        may_keep=bool(experts.list_expert_places(context.desk, context.who)),
        may_read_log=experts.may_read_log(context.who),
    )


@router.get(COUNTERPARTS)
def show_counterparts(context: Page) -> Response:
    """Render the form for a counterpart, and the ranked experts if two territories and a crime were chosen."""
    query = context.request.query_params
    territories, crimes = list_territories(context), expert_words.list_crimes(context)
    own_territory, other_territory, crime = (query.get(name, "") for name in ("from", "territory", "crime"))
    codes = [code for code, _ in territories]
    is_complete = own_territory in codes and other_territory in codes and crime in dict(crimes)
    languages = query.getlist("language")
    counterparts = None
    if is_complete:
        counterparts = experts.find_counterparts(
            context.desk, context.who, own_territory, other_territory, crime, languages
        )
    return render_page(
        context,
        "expert_counterparts.html",
        title=context.tell("Find a counterpart"),
        lead=context.tell("Experts of the other territory, those with most languages in common first."),
        territories=territories,
        crimes=crimes,
        spoken=expert_words.list_languages(),
        chosen=(own_territory, other_territory, crime, languages),
        table=_tabulate_counterparts(context, counterparts, other_territory) if counterparts else None,
        has_searched=counterparts is not None,
    )


@router.get(ENTRY)
def show_entry(context: Page) -> Response:
    """Render one entry, and the form for a message."""
    return _render_entry(context, context.request.query_params.get("id", ""))


@router.post(PATH + "/message")
def pass_message(form: Form) -> Response:
    """Send a message to an expert."""
    context, expert_id, text = form.context, form.read_text("id"), form.read_text("text")
    try:
        experts.pass_message(context.desk, context.who, expert_id, text)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except (ExpertError, NoticeSettingsError) as error:
        return _render_entry(context, expert_id, context.describe_form_error(error), text)
    return redirect_to(
        context, PATH, message=context.tell("Your message has been sent. The expert can answer you by email.")
    )


def list_territories(context: PageContext) -> list[tuple[str, str]]:
    """Return the territories as options."""
    places = experts.list_all_places(context.desk)
    return [(code, context.area_name(code)) for code in places if "_" not in code]


def _render_entry(context: PageContext, expert_id: str, error: FieldError | None = None, entered: str = "") -> Response:
    expert = experts.get_expert(context.desk, context.who, expert_id)
    return render_page(
        context,
        "expert_entry.html",
        title=expert.details.position,
        errors=[error] if error else [],
        status=409 if error else 200,
        expert=expert,
        facts=expert_words.describe_expert(context, expert),
        refusal=context.tell(experts.NOT_OFFERED[expert.state]) if expert.state in experts.NOT_OFFERED else "",
        has_address=experts.has_address(context.desk, context.who),
        entered=entered,
        longest=experts.LONGEST_MESSAGE,
        limits=[
            figure_words.format_number(context, limit) for limit in (experts.SHORTEST_MESSAGE, experts.LONGEST_MESSAGE)
        ],
    )


def _tabulate_counterparts(context: PageContext, counterparts: list[Counterpart], territory: str) -> ui.PageTable:
    tell = context.tell
    rows = [
        ui.PageRow(
            ui.render_link(item.expert.details.position, ui.page_address(ENTRY, id=item.expert.expert_id)),
            (
                item.expert.details.institution,
                expert_words.name_languages(item.languages) or tell("no language in common"),
                "; ".join(name for code, name in expert_words.list_procedures(context.language)
                          if code in item.expert.details.procedures),
                expert_words.state_badge(context, item.expert),
            ),
        )
        for item in counterparts
    ]  # fmt: skip
    columns = [tell("Institution"), tell("Languages in common"), tell("Procedures"), tell("State")]
    caption = f"{context.many('{n} expert', '{n} experts', len(rows))}: {context.area_name(territory)}"
    return ui.PageTable(caption, tell("Position"), columns, rows, wide=True)
