"""List the submissions that a person may see, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages import board
from dashboards.office.requests import Page
from dashboards.office.responses import render_page
from pipelines.design import components as ui
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import can_read, draft_pairs, pairs_for
from pipelines.ledger.transitions import DRAFT

if TYPE_CHECKING:
    from pipelines.submissions.service import Position, SubmissionEntry, SubmissionFilter, SubmissionPage

router = APIRouter()
PAGE = 50
_TASKS = 5
"""Drafts and overdue returns that are listed as tasks; of more, only the number is shown."""
_STATE, _TERRITORY, _PERIOD, _INSTRUMENT, _MINE = "state", "territory", "period", "what", "mine"
_BEFORE, _AFTER = "before", "after"
"""Parameters of the page's address: the filters, and the position in the list from which older or newer entries are
shown."""


@router.get("/")
@router.get("/returns")
def show_returns(context: Page) -> Response:
    """Render the page "Returns": tasks, filters, and one page of the list."""
    from pipelines.submissions import service

    title = context.tell("Returns")
    lead = (
        context.tell("The returns of all offices, newest first. Select a name to open its validation report.")
        if any(grant.jurisdiction == EVERY for grant in context.who.grants)
        else context.tell("Every return of your office, newest first. Select a name to open its validation report.")
    )
    tasks, overdue_steps = _list_tasks(context)
    if not service.submission_page(context.desk, context.who, limit=1).entries:
        return render_page(
            context, "returns_none.html", title=title, lead=lead, tasks=tasks, overdue_steps=overdue_steps
        )
    query = context.request.query_params
    choices = _list_choices(context)
    before, after = (service.Position.parse_cursor(query.get(name, "")) for name in (_BEFORE, _AFTER))
    page = service.submission_page(
        context.desk,
        context.who,
        _make_filter(context, choices),
        limit=PAGE,
        older_than=before,
        newer_than=after if before is None else None,
    )
    return render_page(
        context,
        "returns.html",
        title=title,
        lead=lead,
        tasks=tasks,
        overdue_steps=overdue_steps,
        choices=choices,
        can_upload=bool(pairs_for(context.who, "receive")),
        states=query.getlist(_STATE),
        chosen=dict(query),
        table=submissions_table(context, page.entries, _count_returns(context, page)),
        newer=_list_address(context, _AFTER, page.newer),
        older=_list_address(context, _BEFORE, page.older),
    )


def _count_returns(context: PageContext, page: SubmissionPage) -> str:
    """Return the number of returns in the list, or on one of its pages."""
    if page.newer is None and page.older is None:
        return context.many("{n} return", "{n} returns", len(page.entries))
    return context.many("{n} return on this page", "{n} returns on this page", len(page.entries))


def _list_tasks(context: PageContext) -> tuple[list[ui.Part], board.OverdueSteps | None]:
    """Return what is waiting for this person: overdue returns, own drafts, decisions; and steps for the first."""
    from pipelines.submissions import service

    drafts = service.list_submissions(context.desk, context.who, states=DRAFT, mine=True)
    sent = service.list_submissions(context.desk, context.who, states=["sent"])
    waiting = [entry for entry in sent if entry.may_approve]
    withdrawals = service.list_requested_withdrawals(context.desk, context.who)
    lines, overdue_steps = _list_overdue_tasks(context)
    lines += [
        ui.Markup('{} {} <span class="rti-small">{}</span>: {}').format(
            context.state_badge(entry.state),
            ui.render_link(context.describe_submission(entry), answer_address(entry)),
            entry.row.filename,
            _count_findings(context, entry),
        )
        for entry in drafts[:_TASKS]
    ]
    if len(drafts) > _TASKS:
        lines.append(context.many("and {n} more draft", "and {n} more drafts", len(drafts) - _TASKS))
    if waiting:
        headline = context.many(
            "{n} return is waiting for your approval", "{n} returns are waiting for your approval", len(waiting)
        )
        lines.append(ui.render_link(headline, "/approve"))
    if withdrawals:
        lines.append(ui.render_link(describe_withdrawals(context, len(withdrawals)), "/approve"))
    return lines, overdue_steps


def _list_overdue_tasks(context: PageContext) -> tuple[list[ui.Part], board.OverdueSteps | None]:
    """Return the overdue returns that this person can submit, the longest overdue first, as on the board, and what to
    do about them."""
    from pipelines.submissions import timetable

    if not (pairs := pairs_for(context.who, "receive")):
        return [], None
    desk = context.desk
    timetable_board = timetable.build_board(
        desk.engine, desk.registry, pairs, kind=desk.kind, working=draft_pairs(context.who)
    )
    overdue = board.list_overdue(context, timetable_board)
    tasks: list[ui.Part] = [*overdue[:_TASKS]]
    if (unlisted := len(overdue) - _TASKS) > 0:
        more = context.many("and {n} more overdue return", "and {n} more overdue returns", unlisted)
        tasks.append(ui.render_link(more, "/board"))
    return tasks, board.find_overdue_steps(context, timetable_board)


def describe_withdrawals(context: PageContext, n: int) -> str:
    """Return how many requests to withdraw a return are waiting for this person."""
    return context.many(
        "{n} request to withdraw a return is waiting for you",
        "{n} requests to withdraw a return are waiting for you",
        n,
    )


def _list_address(context: PageContext, name: str, position: Position | None) -> str | None:
    """Return the address of the next page of the list with the same filters."""
    if position is None:
        return None
    query = context.request.query_params
    filters = {key: query.getlist(key) for key in query if key not in (_BEFORE, _AFTER)}
    return ui.page_address("/", **filters, **{name: str(position)})


def _list_choices(context: PageContext) -> dict[str, list[tuple[str, str]]]:
    """Return the options of each filter, as pairs of value and text."""
    from pipelines.submissions import service

    forms = [f for f in context.desk.registry.forms.values() if can_read(context.who, f.jurisdiction, f.instrument)]
    places = list(dict.fromkeys(form.jurisdiction for form in forms))
    return {
        _STATE: [(code, words.describe_state(code, context.language)[2]) for code in words.STATES],
        _TERRITORY: [(code, context.area_name(code)) for code in places] if len(places) > 1 else [],
        _PERIOD: [
            (code, words.format_period(code, context.language))
            for code in service.reported_periods(context.desk, context.who)
        ],
        _INSTRUMENT: [
            (code, context.code_label("instrument", code)) for code in sorted({form.instrument for form in forms})
        ],
    }


def _make_filter(context: PageContext, choices: dict[str, list[tuple[str, str]]]) -> SubmissionFilter:
    """Return the filter that the address asks for; values that are not offered are ignored."""
    from pipelines.submissions import service

    query = context.request.query_params

    def list_chosen(name: str) -> list[str]:
        offered = {value for value, _ in choices[name]}
        return [value for value in query.getlist(name) if value in offered]

    return service.SubmissionFilter(
        shown=tuple(list_chosen(_STATE)) or None,
        mine=_MINE in query,
        jurisdiction=next(iter(list_chosen(_TERRITORY)), None),
        period=next(iter(list_chosen(_PERIOD)), None),
        instrument=next(iter(list_chosen(_INSTRUMENT)), None),
    )


def answer_address(entry: SubmissionEntry) -> str:
    """Return the address of a submission's answer."""
    return ui.page_address("/answer", id=entry.submission_id)


def submissions_table(
    context: PageContext, entries: Sequence[SubmissionEntry], caption: str, page: str = "/answer"
) -> ui.PageTable:
    """Return submissions as a table; the name of each links to its answer."""
    columns = [
        context.tell("State"),
        context.tell("Findings"),
        context.tell("Uploaded"),
        context.tell("By"),
        context.tell("Last comment"),
    ]
    rows = [_submission_row(context, entry, page) for entry in entries]
    return ui.drop_empty_columns(ui.PageTable(caption, context.tell("Return"), columns, rows))


def _submission_row(context: PageContext, entry: SubmissionEntry, page: str) -> ui.PageRow:
    heading = ui.Markup('{}<br><span class="rti-small">{}</span>').format(
        ui.render_link(context.describe_submission(entry), ui.page_address(page, id=entry.submission_id)),
        entry.row.filename,
    )
    return ui.PageRow(
        heading,
        (
            ui.join_parts(
                (
                    context.state_badge(words.state_to_show(entry)),
                    *_withdrawal_badges(context, entry),
                    *replacement_links(context, entry, page),
                ),
                "<br>",
            ),
            _count_findings(context, entry),
            ui.render_whole(words.format_time(entry.row.received_at)),
            context.name_person(entry.row.sender),
            entry.last_comment or "",
        ),
    )


def _withdrawal_badges(context: PageContext, entry: SubmissionEntry) -> list[ui.Markup]:
    """Return a badge if somebody has requested that an accepted return is withdrawn."""
    return [ui.render_badge("warning", "▲", context.tell("Withdrawal requested"))] if entry.withdrawal_asked else []


def replacement_links(context: PageContext, one: SubmissionEntry, page: str = "/answer") -> list[ui.Markup]:
    """Return each later return that replaces this one, as a link: for which periods, and since when."""
    links = []
    for later in one.replaced_by:
        periods = words.format_periods((period for *_, period in later.keys), context.language)
        text = context.tell(
            "{periods}: replaced by a later return on {day}", periods=periods, day=words.format_day(later.since)
        )
        links.append(ui.render_link(text, ui.page_address(page, id=later.submission_id)))
    return links


def _count_findings(context: PageContext, entry: SubmissionEntry) -> ui.Part:
    row = entry.row
    counts = []
    if row.errors:
        counts.append(context.many("{n} error", "{n} errors", row.errors))
    if row.warnings:
        counts.append(context.many("{n} warning", "{n} warnings", row.warnings))
    if entry.open_warnings:
        counts.append(context.many("{n} of them to explain", "{n} of them to explain", len(entry.open_warnings)))
    # "No findings" would be wrong next to a piece of information.
    return ui.join_parts(map(ui.render_whole, counts), ", ") or context.tell("No errors and no warnings.")
