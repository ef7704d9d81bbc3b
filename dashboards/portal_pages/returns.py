"""My returns: the submissions that somebody may see, with what is to be done next.

Belongs here: the list and its filters, also for pages that show a part of it (`approve.py`, `practice.py`).  Does not
belong here: one submission (`answer.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here

if TYPE_CHECKING:
    from pipelines.desk import Entry

PAGE = 50
_DRAFTS = ("received", "checked", "refused")


def show() -> None:
    """The page."""
    from pipelines import desk

    here = layout.enter()
    layout.title(
        here.tell("My returns"),
        here.tell("Every return of your office, the newest first. A return's name opens its answer."),
    )
    entries = desk.submissions(here.desk, here.who)
    if not entries:
        layout.put(
            html.box(
                "note",
                here.tell("No return yet"),
                html.Markup("<p>{}</p>").format(
                    here.tell("What you upload stands here, from its draft to its release.")
                ),
            )
        )
    else:
        _to_do(here, entries)
        _filtered(here, entries)
    layout.end(here)


def _to_do(here: Here, entries: Sequence[Entry]) -> None:
    """What waits for this person, before any list."""
    drafts = [one for one in entries if one.mine and one.state in _DRAFTS]
    waiting = [one for one in entries if one.may_approve]
    lines: list[html.Part] = [
        html.Markup('{} {} <span class="rti-small">{}</span>').format(
            layout.state(here, one.state), html.link(layout.of_what(here, one), way(one)), one.row.filename
        )
        for one in drafts[:5]
    ]
    if len(drafts) > 5:
        lines.append(here.many("and {n} more draft", "and {n} more drafts", len(drafts) - 5))
    if waiting:
        told = here.many("{n} return waits for your approval", "{n} returns wait for your approval", len(waiting))
        lines.append(html.link(told, "approve"))
    if lines:
        layout.put(html.box("note", here.tell("To be done by you"), html.items(lines)))


def _filtered(here: Here, entries: Sequence[Entry]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        states = st.multiselect(
            here.tell("State"),
            list(words.STATES),
            format_func=lambda code: words.state(code, here.language)[2],
            placeholder=here.tell("every state"),
            key="returns.states",
            width=300,
        )
        periods = sorted({p for one in entries for p in one.periods}, reverse=True)
        period = st.selectbox(
            here.tell("Period"),
            periods,
            index=None,
            placeholder=here.tell("every period"),
            format_func=lambda code: words.period(code, here.language),
            key="returns.period",
            width=200,
        )
        instruments = sorted({b.instrument for one in entries for b in one.blocks})
        instrument = st.selectbox(
            here.tell("What"),
            instruments,
            index=None,
            placeholder=here.tell("everything"),
            format_func=lambda code: here.label("instrument", code),
            key="returns.instrument",
            width=220,
        )
        mine = st.checkbox(here.tell("Only those I uploaded"), key="returns.mine")
    found = [
        one
        for one in entries
        if (not states or words.shown_state(one) in states)
        and (period is None or period in one.periods)
        and (instrument is None or any(b.instrument == instrument for b in one.blocks))
        and (not mine or one.mine)
    ]
    shown = int(st.session_state.setdefault("returns.shown", PAGE))
    layout.put(table(here, found[:shown], here.many("{n} return", "{n} returns", len(found))))
    if len(found) > shown and st.button(here.tell("Show more"), key="returns.more"):
        st.session_state["returns.shown"] = shown + PAGE
        st.rerun()


def way(entry: Entry) -> str:
    """Address of the answer of a submission."""
    return html.address("answer", id=entry.submission_id)


def table(here: Here, entries: Sequence[Entry], caption: str, page: str = "answer") -> html.Table:
    """Submissions as a table; the name of each leads to its answer."""
    columns = [
        here.tell("State"),
        here.tell("Findings"),
        here.tell("Uploaded"),
        here.tell("By"),
        here.tell("Last comment"),
    ]
    rows = [_row(here, one, page) for one in entries]
    return html.without_empty(html.Table(caption, here.tell("Return"), columns, rows))


def _row(here: Here, one: Entry, page: str) -> html.Row:
    heading = html.Markup('{}<br><span class="rti-small">{}</span>').format(
        html.link(layout.of_what(here, one), html.address(page, id=one.submission_id)), one.row.filename
    )
    return html.Row(
        heading,
        (
            html.join((layout.state(here, words.shown_state(one)), *replacements(here, one, page)), "<br>"),
            _findings(here, one),
            words.time(one.row.received_at),
            one.row.sender,
            one.last_comment or "",
        ),
    )


def replacements(here: Here, one: Entry, page: str = "answer") -> list[html.Markup]:
    """Each later return that counts in place of this one, as a link: its number, since when, for which periods."""
    said = []
    for later in one.replaced_by:
        number, day = later.submission_id, words.day(later.since)
        if one.is_replaced and len(one.replaced_by) == 1:
            text = here.tell("by {number} since {day}", number=number, day=day)
        else:
            periods = words.periods((period for *_, period in later.keys), here.language)
            text = here.tell("{periods} replaced by {number} since {day}", periods=periods, number=number, day=day)
        said.append(html.link(text, html.address(page, id=number)))
    return said


def _findings(here: Here, one: Entry) -> str:
    row = one.row
    said = []
    if row.errors:
        said.append(here.many("{n} error", "{n} errors", row.errors))
    if row.warnings:
        said.append(here.many("{n} warning", "{n} warnings", row.warnings))
    if one.open_warnings:
        said.append(here.many("{n} to explain", "{n} to explain", len(one.open_warnings)))
    if not said and row.informations:
        return here.tell("No error and no warning.")  # "none" would be untrue of what asks for nothing
    return ", ".join(said) or here.tell("none")
