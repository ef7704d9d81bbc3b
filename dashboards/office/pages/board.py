"""Show the state of the return for each office, instrument and period, with deadlines; overdue returns first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from pipelines.core.i18n import mark
from pipelines.ledger.permissions import can_read_drafts, draft_pairs

if TYPE_CHECKING:
    from pipelines.submissions.timetable import Board, Cell, Row

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
_SHOWN = (4, 8, 12)
_FIRST = 12


def render_page() -> None:
    """Render the submission board."""
    from pipelines.submissions import timetable

    context = access.enter_page()
    layout.show_title(
        context.tell("Submission board"),
        context.tell(
            "Which returns are due from each office, and how far they are. Select a state to open the return."
        ),
    )
    periods = st.segmented_control(
        context.tell("Quarters shown"), _SHOWN, default=_SHOWN[1], required=True, key="board.periods"
    )
    registry = context.desk.registry
    board = timetable.build_board(
        context.desk.engine,
        registry,
        context.who.list_pairs(),
        periods=int(periods or _SHOWN[1]),
        kind=context.desk.kind,
        working=draft_pairs(context.who),
    )
    if not board.rows:
        layout.put_html(html.render_box("note", context.tell("Nothing is expected of your offices")))
    else:
        _overdue(context, board)
        _next(context)
        layout.put_html(_legend(context))
        for freq, caption in (("Q", context.tell("Quarterly returns")), ("A", context.tell("Annual returns"))):
            _grid(context, board, freq, caption)
    layout.end_page(context)


def _overdue(context: PageContext, board: Board) -> None:
    late = [(row, cell) for row in board.rows for cell in row.cells if not cell.is_in and cell.late]
    if not late:
        layout.put_html(html.render_box("good", context.tell("Nothing is overdue")))
        return
    late.sort(key=lambda pair: pair[1].deadline.collection)
    lines = [
        html.Markup("{} {}: {}").format(
            state_badge(context, cell),
            _what(context, row, cell.deadline.period),
            context.tell(
                "{days} days after the due date, {day}",
                days=(board.today - cell.deadline.collection).days,
                day=cell.deadline.collection.isoformat(),
            ),
        )
        for row, cell in late
    ]
    heading = context.many("{n} return is overdue", "{n} returns are overdue", len(late))
    body = html.render_list(lines[:_FIRST])
    if len(lines) > _FIRST:
        more = context.many("{n} more", "{n} more", len(lines) - _FIRST)
        body += html.Markup("<details><summary>{}</summary>{}</details>").format(more, html.render_list(lines[_FIRST:]))
    layout.put_html(html.render_box("error", heading, body))


def _next(context: PageContext) -> None:
    from pipelines.core import clock
    from pipelines.submissions import timetable

    today = clock.now().date()
    ahead = timetable.list_deadlines(
        context.desk.registry, pairs=context.who.list_pairs(), today=today, ahead=4, kind=context.desk.kind
    )
    coming = sorted((d for d in ahead if d.collection >= today), key=lambda d: d.collection)
    days = {
        name: day
        for name, day in (
            (context.tell("Next day for returns"), min((d.collection for d in coming), default=None)),
            (
                context.tell("Next day for answers to questions"),
                min((d.queries for d in ahead if d.queries >= today), default=None),
            ),
            (context.tell("Next release"), min((d.release for d in ahead if d.release >= today), default=None)),
        )
        if day is not None
    }
    layout.put_html(html.render_facts([(name, _day(context, day, today)) for name, day in days.items()]))
    st.download_button(
        context.tell("Timetable for your calendar (ICS)"),
        lambda: timetable.export_calendar(
            timetable.to_come(ahead, today),
            context.language,
            demonstration=context.is_demonstration,
            registry=context.desk.registry,
        ),
        file_name="timetable.ics",
        mime="text/calendar",
        on_click="ignore",
        key="board.ics",
    )


def _day(context: PageContext, day: date, today: date) -> str:
    days_left = (day - today).days
    return f"{day.isoformat()} ({context.many('in {n} day', 'in {n} days', days_left)})"


def _legend(context: PageContext) -> html.Markup:
    signs = [html.render_badge(kind, sign, context.tell(text)) for kind, sign, text in STATES.values()]
    return html.Markup('<p class="rti-small">{} {}</p>').format(
        html.join_parts(signs, " "), context.tell("“late” after a state: the return arrived after the due date.")
    )


def _grid(context: PageContext, board: Board, freq: str, caption: str) -> None:
    rows = [row for row in board.rows if row.freq == freq]
    if not rows:
        return
    periods = sorted({cell.deadline.period for row in rows for cell in row.cells}, reverse=True)
    days: dict[str, set[str]] = {}
    for row in rows:
        for cell in row.cells:
            days.setdefault(cell.deadline.period, set()).add(cell.deadline.collection.isoformat())
    # A deadline common to all offices is in the heading of the column; otherwise each state's tooltip shows its own.
    columns = [f"{p}\n{min(days[p])}" if len(days[p]) == 1 else p for p in periods]
    layout.put_html(
        html.Table(
            caption,
            context.tell("Office"),
            [*columns, context.tell("On time")],
            [_row(context, row, periods) for row in rows],
            wide=True,
        )
    )


def _row(context: PageContext, row: Row, periods: Sequence[str]) -> html.Row:
    cells = {cell.deadline.period: cell for cell in row.cells}
    punctuality = (
        context.tell("{n} of {due}", n=row.punctuality.on_time, due=row.punctuality.due) if row.punctuality.due else ""
    )
    return html.Row(
        _what(context, row), (*(_cell(context, cells[p]) if p in cells else "" for p in periods), punctuality)
    )


def _what(context: PageContext, row: Row, period: str | None = None) -> str:
    label = f"{context.office_name(row.source, row.territory)}: {context.code_label('instrument', row.instrument)}"
    return f"{label}, {words.format_period(period, context.language)}" if period else label


def _cell(context: PageContext, cell: Cell) -> html.Markup:
    may_work = can_read_drafts(context.who, [(cell.deadline.jurisdiction, cell.deadline.instrument)])
    badges = state_badge(context, cell)
    if cell.submission_id is not None and (cell.state in _OPEN or may_work):
        badges = html.render_link(badges, html.page_address("answer", id=cell.submission_id))
    if cell.pending is not None and cell.pending_state is not None:
        kind, sign, text = STATES[cell.pending_state]
        other_badge: html.Markup = html.render_badge(
            kind, sign, context.tell("another: {state}", state=context.tell(text))
        )
        badges += html.Markup("<br>") + (
            html.render_link(other_badge, html.page_address("answer", id=cell.pending)) if may_work else other_badge
        )
    return badges


def state_badge(context: PageContext, cell: Cell) -> html.Markup:
    """Return the state of one expected return, with its special circumstances in words."""
    kind, sign, text = STATES[cell.state]
    state = context.tell(text)
    if cell.nil:
        state = context.tell("{state}, nil", state=state)
    if cell.late and cell.is_in:
        state = context.tell("{state}, late", state=state)
    return html.render_badge(kind, sign, state)
