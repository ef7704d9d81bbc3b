"""Show the state of the return for each office, instrument and period, with deadlines; overdue returns first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.people.managed_accounts import make_office_address
from dashboards.office.requests import Page
from dashboards.office.responses import render_page
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.ledger.permissions import Act, can_read_drafts, draft_pairs, has_role_for
from pipelines.publication.releases.calendar import format_minute
from pipelines.web.files import send_file

if TYPE_CHECKING:
    from pipelines.submissions.timetable import Deadline, ExpectedReturn, OfficeRow, TimetableBoard

router = APIRouter()
STATES: Mapping[str, words.Sign] = {
    "expected": ("expected", "○", mark("expected")),
    "draft": ("draft", "◐", mark("draft")),
    "findings": ("findings", "▲", mark("with findings")),
    "sent": ("sent", "➜", mark("sent")),
    "approved": ("good", "✔", mark("approved")),
    "published": ("good", "★", mark("published")),
    "overdue": ("overdue", "✖", mark("overdue")),
}
_OPEN = ("sent", "approved", "published")
_QUARTERS = "quarters"
"""Parameter of the page's address: how many quarters the board shows."""
_SHOWN = ("4", "8", "12")
_DEFAULT_SHOWN = "8"
_FIRST = 12
"""Overdue returns that are listed; more are folded."""


@router.get("/board")
def show_board(context: Page) -> Response:
    """Render the submission board."""
    from pipelines.submissions import timetable

    chosen = context.request.query_params.get(_QUARTERS, "")
    quarters = chosen if chosen in _SHOWN else _DEFAULT_SHOWN
    board = timetable.build_board(
        context.desk.engine,
        context.desk.registry,
        context.who.list_pairs(),
        periods=int(quarters),
        kind=context.desk.kind,
        working=draft_pairs(context.who),
    )
    overdue = list_overdue(context, board)
    frequencies = (("Q", context.tell("Quarterly returns")), ("A", context.tell("Annual returns")))
    tables = [_make_table(context, board, freq, caption) for freq, caption in frequencies]
    return render_page(
        context,
        "board.html",
        title=context.tell("Submission board"),
        lead=context.tell(
            "Which returns are due from each office, and how far they are. Select a state to open the return."
        ),
        has_rows=bool(board.rows),
        options=[(number, number) for number in _SHOWN],
        quarters=quarters,
        overdue=overdue[:_FIRST],
        overdue_more=overdue[_FIRST:],
        overdue_steps=find_overdue_steps(context, board),
        next_days=_list_next_days(context) if board.rows else [],
        legend=[ui.render_badge(kind, sign, context.tell(text)) for kind, sign, text in STATES.values()],
        tables=[table for table in tables if table is not None],
        has_unpublished=any(row.instrument == "requests" for row in board.rows),
        has_own_dates=any(len(days) > 1 for freq, _ in frequencies for days in _list_due_days(board, freq).values()),
    )


@router.get("/board/timetable.ics")
def send_timetable(context: Page) -> Response:
    """Return the deadlines to come as a calendar file."""
    from pipelines.core import clock
    from pipelines.submissions import timetable

    today = clock.now().date()
    calendar = timetable.export_calendar(
        timetable.to_come(_list_deadlines(context, today), today),
        context.language,
        demonstration=context.is_demonstration,
        registry=context.desk.registry,
    )
    return send_file(calendar, "timetable.ics", "text/calendar")


@dataclass(frozen=True)
class OverdueSteps:
    """Next steps of a person with overdue returns: sentences, and links as pairs of a text and an address."""

    sentences: Sequence[str]
    links: Sequence[tuple[str, str]]


def list_overdue(context: PageContext, board: TimetableBoard) -> list[ui.Markup]:
    """Return the overdue returns, the longest overdue first; the state leads to a draft, if there is one."""
    return [
        ui.Markup("{} {}: {}").format(
            _link_return(context, cell, state_badge(context, cell)),
            describe_row(context, row, cell.deadline.period),
            context.many(
                "{n} day after the due date, {day}",
                "{n} days after the due date, {day}",
                (board.today - cell.deadline.collection).days,
                day=cell.deadline.collection.isoformat(),
            ),
        )
        for row, cell in _find_late(board)
    ]


def find_overdue_steps(context: PageContext, board: TimetableBoard) -> OverdueSteps | None:
    """Return what a person can do about the overdue returns of a board; None if nothing is overdue."""
    late = [cell for _, cell in _find_late(board)]
    if not late:
        return None
    tell = context.tell
    who = context.who

    def has_right(act: Act, cell: ExpectedReturn) -> bool:
        return has_role_for(who, act, cell.deadline.jurisdiction, cell.deadline.instrument)

    uploadable, others = ([cell for cell in late if has_right("receive", cell) is is_own] for is_own in (True, False))
    sentences, links = [], []
    if any(cell.submission_id is None for cell in uploadable):
        sentences.append(
            tell("Upload each return now: a late return still counts. If there was nothing to report, confirm that.")
        )
        links += [(tell("Upload a return"), "/upload"), (tell("Nothing to report"), "/nil")]
    if any(cell.submission_id is not None for cell in uploadable):
        sentences.append(
            tell("A draft does not count as a return. Send it, or withdraw it if there was nothing to report.")
        )
    if others:
        sentences.append(tell("Only people of the office who may submit can send its return. Please ask them for it."))
        places = dict.fromkeys(c.deadline.jurisdiction for c in others if has_right("keep_accounts", c))
        if places:
            sentences.append(tell("“People” shows who they are, with their email addresses."))
            links += [
                (tell("People: {area}", area=context.area_name(place)), make_office_address(place)) for place in places
            ]
    return OverdueSteps(sentences, links)


def _find_late(board: TimetableBoard) -> list[tuple[OfficeRow, ExpectedReturn]]:
    """Return the overdue returns, the longest overdue first."""
    late = [(row, cell) for row in board.rows for cell in row.cells if not cell.is_in and cell.late]
    return sorted(late, key=lambda pair: pair[1].deadline.collection)


def _link_return(context: PageContext, cell: ExpectedReturn, badge: ui.Markup) -> ui.Markup:
    """Return the state of an expected return as a link to the return, if the person may open it."""
    may_work = can_read_drafts(context.who, [(cell.deadline.jurisdiction, cell.deadline.instrument)])
    if cell.submission_id is None or not (cell.state in _OPEN or may_work):
        return badge
    return ui.render_link(badge, ui.page_address("/answer", id=cell.submission_id))


def _list_deadlines(context: PageContext, today: date) -> list[Deadline]:
    from pipelines.refresh.quarter import set_release_days
    from pipelines.submissions import timetable

    desk = context.desk
    deadlines = timetable.list_deadlines(
        desk.registry, pairs=context.who.list_pairs(), today=today, ahead=4, kind=desk.kind
    )
    return set_release_days(desk.home, desk.registry, deadlines)


def _list_next_days(context: PageContext) -> list[tuple[str, str]]:
    """Return the next day of each kind, as pairs of its name and the date."""
    from pipelines.core import clock
    from pipelines.refresh.quarter import find_next_release

    today = clock.now().date()
    ahead = _list_deadlines(context, today)
    days_by_name = {
        context.tell("Next due date for returns"): [deadline.collection for deadline in ahead],
        context.tell("Next due date for answers to questions"): [deadline.queries for deadline in ahead],
    }
    next_days = [
        (name, min((day for day in days if day >= today), default=None)) for name, days in days_by_name.items()
    ]
    facts = [(name, _format_next_day(context, day.isoformat(), day, today)) for name, day in next_days if day]
    release = find_next_release(context.desk.home, context.desk.registry)
    if release is not None:
        name = context.tell("Next release") if release.minute else context.tell("Next release (not announced yet)")
        text = format_minute(release.minute) if release.minute else release.day.isoformat()
        facts.append((name, _format_next_day(context, text, release.day, today)))
    return facts


def _format_next_day(context: PageContext, text: str, day: date, today: date) -> str:
    return f"{text} ({context.many('in {n} day', 'in {n} days', (day - today).days)})"


def _make_table(context: PageContext, board: TimetableBoard, freq: str, caption: str) -> ui.PageTable | None:
    rows = [row for row in board.rows if row.freq == freq]
    if not rows:
        return None
    periods = sorted({cell.deadline.period for row in rows for cell in row.cells}, reverse=True)
    days = _list_due_days(board, freq)
    # The due date is in the heading of the column, or the first and the last one if offices have different ones.
    # The year may be on a second line: as "3. квартал 2026" on one line, eight quarters are wider than a page.
    names = {period: words.format_period(period, context.language).replace(". ", ".\u00a0") for period in periods}
    columns = [f"{names[p]}\n{', '.join(dict.fromkeys((min(days[p]), max(days[p]))))}" for p in periods]
    return ui.PageTable(
        caption,
        context.tell("Office"),
        # Before the quarters: eight of them are wider than a page in some languages.
        [context.tell("On time"), *columns],
        [_make_row(context, row, periods, {period for period in periods if len(days[period]) > 1}) for row in rows],
        wide=True,
    )


def _list_due_days(board: TimetableBoard, freq: str) -> dict[str, set[str]]:
    """Return the days on which returns of a frequency are due, by period."""
    days: dict[str, set[str]] = {}
    for row in board.rows:
        for cell in row.cells if row.freq == freq else ():
            days.setdefault(cell.deadline.period, set()).add(cell.deadline.collection.isoformat())
    return days


def _make_row(context: PageContext, row: OfficeRow, periods: Sequence[str], dated: Set[str]) -> ui.PageRow:
    """Return the row of an office; in `dated` periods, whose deadline is not that of all, open returns have theirs."""
    cells = {cell.deadline.period: cell for cell in row.cells}
    punctuality = (
        context.tell("{n} of {due}", n=row.punctuality.on_time, due=row.punctuality.due) if row.punctuality.due else ""
    )
    fields = [
        _render_cell(context, cells[period], has_date=period in dated) if period in cells else context.tell("not due")
        for period in periods
    ]
    return ui.PageRow(describe_row(context, row), (punctuality, *fields))


def describe_row(context: PageContext, row: OfficeRow, period: str | None = None) -> ui.Part:
    """Return the office and instrument of a row, and one of its periods, in one line."""
    label = f"{context.office_name(row.source, row.territory)}: {context.code_label('instrument', row.instrument)}"
    return context.mark_names(f"{label}, {words.format_period(period, context.language)}" if period else label)


def _render_cell(context: PageContext, cell: ExpectedReturn, *, has_date: bool) -> ui.Markup:
    may_work = can_read_drafts(context.who, [(cell.deadline.jurisdiction, cell.deadline.instrument)])
    badges = _link_return(context, cell, state_badge(context, cell))
    if has_date and not cell.is_in:
        badges += ui.Markup("<br>{}").format(cell.deadline.collection.isoformat())
    if cell.pending is not None and cell.pending_state is not None:
        kind, sign, text = STATES[cell.pending_state]
        other_badge = ui.render_badge(kind, sign, context.tell("replacement: {state}", state=context.tell(text)))
        badges += ui.Markup("<br>") + (
            ui.render_link(other_badge, ui.page_address("/answer", id=cell.pending)) if may_work else other_badge
        )
    return badges


def state_badge(context: PageContext, cell: ExpectedReturn) -> ui.Markup:
    """Return the state of one expected return, with its special circumstances in words."""
    kind, sign, text = STATES[cell.state]
    state = context.tell(text)
    if cell.nil:
        state = context.tell("{state}, nil", state=state)
    if cell.late and cell.is_in:
        state = context.tell("{state}, late", state=state)
    return ui.render_badge(kind, sign, state)
