"""Show the state of the return for each office, instrument and period, with deadlines; overdue returns first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here
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


def show() -> None:
    """Render the submission board."""
    from pipelines.submissions import timetable

    here = portal_entry.enter_page()
    layout.title(
        here.tell("Submission board"),
        here.tell("What is expected of whom, and how far it has come. A state leads to its return."),
    )
    periods = st.segmented_control(
        here.tell("Quarters shown"), _SHOWN, default=_SHOWN[1], required=True, key="board.periods"
    )
    registry = here.desk.registry
    made = timetable.board(
        here.desk.engine,
        registry,
        here.who.pairs(),
        periods=int(periods or _SHOWN[1]),
        kind=here.desk.kind,
        working=draft_pairs(here.who),
    )
    if not made.rows:
        layout.put(html.box("note", here.tell("Nothing is expected of your offices")))
    else:
        _overdue(here, made)
        _next(here)
        layout.put(_legend(here))
        for freq, caption in (("Q", here.tell("Quarterly returns")), ("A", here.tell("Annual returns"))):
            _grid(here, made, freq, caption)
    layout.end(here)


def _overdue(here: Here, made: Board) -> None:
    late = [(row, cell) for row in made.rows for cell in row.cells if not cell.is_in and cell.late]
    if not late:
        layout.put(html.box("good", here.tell("Nothing is overdue")))
        return
    late.sort(key=lambda pair: pair[1].deadline.collection)
    lines = [
        html.Markup("{} {}: {}").format(
            badge(here, cell),
            _what(here, row, cell.deadline.period),
            here.tell(
                "{days} days after its day, {day}",
                days=(made.today - cell.deadline.collection).days,
                day=cell.deadline.collection.isoformat(),
            ),
        )
        for row, cell in late
    ]
    heading = here.many("{n} return is overdue", "{n} returns are overdue", len(late))
    body = html.items(lines[:_FIRST])
    if len(lines) > _FIRST:
        more = here.many("{n} more", "{n} more", len(lines) - _FIRST)
        body += html.Markup("<details><summary>{}</summary>{}</details>").format(more, html.items(lines[_FIRST:]))
    layout.put(html.box("error", heading, body))


def _next(here: Here) -> None:
    from pipelines.core import clock
    from pipelines.submissions import timetable

    today = clock.now().date()
    ahead = timetable.deadlines(here.desk.registry, pairs=here.who.pairs(), today=today, ahead=4, kind=here.desk.kind)
    coming = sorted((d for d in ahead if d.collection >= today), key=lambda d: d.collection)
    days = {
        name: day
        for name, day in (
            (here.tell("Next day for returns"), min((d.collection for d in coming), default=None)),
            (
                here.tell("Next day for answers to questions"),
                min((d.queries for d in ahead if d.queries >= today), default=None),
            ),
            (here.tell("Next release"), min((d.release for d in ahead if d.release >= today), default=None)),
        )
        if day is not None
    }
    layout.put(html.facts([(name, _day(here, day, today)) for name, day in days.items()]))
    st.download_button(
        here.tell("Timetable for your calendar (ICS)"),
        lambda: timetable.ics(
            timetable.to_come(ahead, today),
            here.language,
            demonstration=here.is_demonstration,
            registry=here.desk.registry,
        ),
        file_name="timetable.ics",
        mime="text/calendar",
        on_click="ignore",
        key="board.ics",
    )


def _day(here: Here, day: date, today: date) -> str:
    left = (day - today).days
    return f"{day.isoformat()} ({here.many('in {n} day', 'in {n} days', left)})"


def _legend(here: Here) -> html.Markup:
    signs = [html.badge(kind, sign, here.tell(text)) for kind, sign, text in STATES.values()]
    return html.Markup('<p class="rti-small">{} {}</p>').format(
        html.join(signs, " "), here.tell("“late” after a state: it came after its day.")
    )


def _grid(here: Here, made: Board, freq: str, caption: str) -> None:
    rows = [row for row in made.rows if row.freq == freq]
    if not rows:
        return
    periods = sorted({cell.deadline.period for row in rows for cell in row.cells}, reverse=True)
    days: dict[str, set[str]] = {}
    for row in rows:
        for cell in row.cells:
            days.setdefault(cell.deadline.period, set()).add(cell.deadline.collection.isoformat())
    # A deadline common to all offices is in the heading of the column; otherwise each state's tooltip shows its own.
    columns = [f"{p}\n{min(days[p])}" if len(days[p]) == 1 else p for p in periods]
    layout.put(
        html.Table(
            caption,
            here.tell("Office"),
            [*columns, here.tell("On time")],
            [_row(here, row, periods) for row in rows],
            wide=True,
        )
    )


def _row(here: Here, row: Row, periods: Sequence[str]) -> html.Row:
    cells = {cell.deadline.period: cell for cell in row.cells}
    kept = here.tell("{n} of {due}", n=row.punctuality.on_time, due=row.punctuality.due) if row.punctuality.due else ""
    return html.Row(_what(here, row), (*(_cell(here, cells[p]) if p in cells else "" for p in periods), kept))


def _what(here: Here, row: Row, period: str | None = None) -> str:
    what = f"{here.office(row.source, row.territory)}: {here.label('instrument', row.instrument)}"
    return f"{what}, {words.period(period, here.language)}" if period else what


def _cell(here: Here, cell: Cell) -> html.Markup:
    may_work = can_read_drafts(here.who, [(cell.deadline.jurisdiction, cell.deadline.instrument)])
    made = badge(here, cell)
    if cell.submission_id is not None and (cell.state in _OPEN or may_work):
        made = html.link(made, html.address("answer", id=cell.submission_id))
    if cell.pending is not None and cell.pending_state is not None:
        kind, sign, text = STATES[cell.pending_state]
        other: html.Markup = html.badge(kind, sign, here.tell("another: {state}", state=here.tell(text)))
        made += html.Markup("<br>") + (html.link(other, html.address("answer", id=cell.pending)) if may_work else other)
    return made


def badge(here: Here, cell: Cell) -> html.Markup:
    """Return the state of one expected return, with its special circumstances in words."""
    kind, sign, text = STATES[cell.state]
    said = here.tell(text)
    if cell.nil:
        said = here.tell("{state}, nil", state=said)
    if cell.late and cell.is_in:
        said = here.tell("{state}, late", state=said)
    return html.badge(kind, sign, said)
