"""List the submissions that a person may see, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here
from pipelines.ledger.permissions import can_read

if TYPE_CHECKING:
    from pipelines.submissions.service import Entry, Filter, Position

PAGE = 50
_DRAFTS = ("received", "checked", "refused")
_STATE, _TERRITORY, _PERIOD, _INSTRUMENT, _MINE = "state", "territory", "period", "what", "mine"
_BEFORE, _AFTER = "before", "after"
"""Parameters of the page's address: the filters, and the position in the list from which older or newer entries are
shown."""


def show() -> None:
    """Render the page "My returns"."""
    from pipelines.submissions import service

    here = portal_entry.enter_page()
    layout.title(
        here.tell("My returns"),
        here.tell("Every return of your office, the newest first. A return's name opens its answer."),
    )
    if not service.submission_page(here.desk, here.who, limit=1).entries:
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
        _to_do(here)
        _list(here)
    layout.end(here)


def _to_do(here: Here) -> None:
    """Show what is waiting for this person, above any list."""
    from pipelines.submissions import service

    drafts = service.submissions(here.desk, here.who, states=_DRAFTS, mine=True)
    waiting = [one for one in service.submissions(here.desk, here.who, states=["sent"]) if one.may_approve]
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


def _list(here: Here) -> None:
    """Show one page of the list. Its filters and position are in the address, so that it can be linked to."""
    from pipelines.submissions import service

    before, after = (service.Position.parse(st.query_params.get(name, "")) for name in (_BEFORE, _AFTER))
    page = service.submission_page(
        here.desk, here.who, _filter(here), limit=PAGE, older_than=before, newer_than=after if before is None else None
    )
    layout.put(table(here, page.entries, here.many("{n} return", "{n} returns", len(page.entries))))
    kept = {name: st.query_params.get_all(name) for name in st.query_params if name not in (_BEFORE, _AFTER)}
    layout.put(
        html.pagination(
            here.tell("Pages of this list"),
            newer=(here.tell("Newer returns"), _address(kept, _AFTER, page.newer)),
            older=(here.tell("Older returns"), _address(kept, _BEFORE, page.older)),
        )
    )


def _address(kept: Mapping[str, Sequence[str]], name: str, position: Position | None) -> str | None:
    return None if position is None else html.address("returns", **kept, **{name: str(position)})


def _filter(here: Here) -> Filter:
    """Draw the filters and return their values, which are also in the address."""
    from pipelines.submissions import service

    forms = [f for f in here.desk.registry.forms.values() if can_read(here.who, f.jurisdiction, f.instrument)]
    places = list(dict.fromkeys(form.jurisdiction for form in forms))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        states = _several(here.tell("State"), _STATE, list(words.STATES), _state_words(here), here.tell("every state"))
        place = None
        if len(places) > 1:
            place = _one_of(here.tell("Territory"), _TERRITORY, places, here.area, here.tell("all territories"))
        period = _one_of(
            here.tell("Period"),
            _PERIOD,
            service.reported_periods(here.desk, here.who),
            lambda code: words.period(code, here.language),
            here.tell("every period"),
        )
        instrument = _one_of(
            here.tell("What"),
            _INSTRUMENT,
            sorted({form.instrument for form in forms}),
            lambda code: here.label("instrument", code),
            here.tell("everything"),
        )
        st.session_state["returns.mine"] = _MINE in st.query_params
        mine = st.checkbox(here.tell("Only those I uploaded"), key="returns.mine", on_change=_changed, args=(_MINE,))
    return service.Filter(
        shown=tuple(states) or None, mine=mine, jurisdiction=place, period=period, instrument=instrument
    )


def _state_words(here: Here) -> Callable[[str], str]:
    return lambda code: words.state(code, here.language)[2]


def _several(label: str, name: str, options: list[str], say: Callable[[str], str], every: str) -> list[str]:
    key = f"returns.{name}"
    st.session_state[key] = [code for code in st.query_params.get_all(name) if code in options]
    return list(
        st.multiselect(
            label, options, key=key, format_func=say, placeholder=every, width=300, on_change=_changed, args=(name,)
        )
    )


def _one_of(label: str, name: str, options: list[str], say: Callable[[str], str], every: str) -> str | None:
    key = f"returns.{name}"
    asked = st.query_params.get(name)
    st.session_state[key] = asked if asked in options else None
    return st.selectbox(
        label, options, key=key, format_func=say, placeholder=every, width=220, on_change=_changed, args=(name,)
    )


def _changed(name: str) -> None:
    """Write a changed filter into the address, and start from the newest returns again."""
    value = st.session_state[f"returns.{name}"]
    for parameter in (name, _BEFORE, _AFTER):
        if parameter in st.query_params:
            del st.query_params[parameter]
    if value:
        st.query_params[name] = "1" if value is True else value


def way(entry: Entry) -> str:
    """Return the address of a submission's answer."""
    return html.address("answer", id=entry.submission_id)


def table(here: Here, entries: Sequence[Entry], caption: str, page: str = "answer") -> html.Table:
    """Return submissions as a table; the name of each links to its answer."""
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
    """Return each later return that replaces this one, as a link: its number, since when, for which periods."""
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
        return here.tell("No error and no warning.")  # "none" would be wrong next to a piece of information
    return ", ".join(said) or here.tell("none")
