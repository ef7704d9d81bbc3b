"""List the submissions that a person may see, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from pipelines.ledger.permissions import can_read

if TYPE_CHECKING:
    from pipelines.submissions.service import Entry, Filter, Position

PAGE = 50
_DRAFTS = ("received", "checked", "refused")
_STATE, _TERRITORY, _PERIOD, _INSTRUMENT, _MINE = "state", "territory", "period", "what", "mine"
_BEFORE, _AFTER = "before", "after"
"""Parameters of the page's address: the filters, and the position in the list from which older or newer entries are
shown."""


def render_page() -> None:
    """Render the page "My returns"."""
    from pipelines.submissions import service

    context = access.enter_page()
    layout.show_title(
        context.tell("My returns"),
        context.tell("Every return of your office, newest first. Select a name to open its validation report."),
    )
    if not service.submission_page(context.desk, context.who, limit=1).entries:
        layout.put_html(
            html.render_box(
                "note",
                context.tell("No return yet"),
                html.Markup("<p>{}</p>").format(context.tell("Your uploads are listed here, from draft to release.")),
            )
        )
    else:
        _show_tasks(context)
        _show_list(context)
    layout.end_page(context)


def _show_tasks(context: PageContext) -> None:
    """Show what is waiting for this person, above any list."""
    from pipelines.submissions import service

    drafts = service.list_submissions(context.desk, context.who, states=_DRAFTS, mine=True)
    waiting = [
        entry for entry in service.list_submissions(context.desk, context.who, states=["sent"]) if entry.may_approve
    ]
    lines: list[html.Part] = [
        html.Markup('{} {} <span class="rti-small">{}</span>').format(
            layout.state_badge(context, entry.state),
            html.render_link(layout.describe_submission(context, entry), answer_address(entry)),
            entry.row.filename,
        )
        for entry in drafts[:5]
    ]
    if len(drafts) > 5:
        lines.append(context.many("and {n} more draft", "and {n} more drafts", len(drafts) - 5))
    if waiting:
        headline = context.many(
            "{n} return is waiting for your approval", "{n} returns are waiting for your approval", len(waiting)
        )
        lines.append(html.render_link(headline, "approve"))
    if lines:
        layout.put_html(html.render_box("note", context.tell("Your tasks"), html.render_list(lines)))


def _show_list(context: PageContext) -> None:
    """Show one page of the list. Its filters and position are in the address, so that it can be linked to."""
    from pipelines.submissions import service

    before, after = (service.Position.parse_cursor(st.query_params.get(name, "")) for name in (_BEFORE, _AFTER))
    page = service.submission_page(
        context.desk,
        context.who,
        _choose_filters(context),
        limit=PAGE,
        older_than=before,
        newer_than=after if before is None else None,
    )
    layout.put_html(
        submissions_table(context, page.entries, context.many("{n} return", "{n} returns", len(page.entries)))
    )
    filters = {name: st.query_params.get_all(name) for name in st.query_params if name not in (_BEFORE, _AFTER)}
    layout.put_html(
        html.render_pagination(
            context.tell("Pages of this list"),
            newer=(context.tell("Newer returns"), _list_address(filters, _AFTER, page.newer)),
            older=(context.tell("Older returns"), _list_address(filters, _BEFORE, page.older)),
        )
    )


def _list_address(filters: Mapping[str, Sequence[str]], name: str, position: Position | None) -> str | None:
    return None if position is None else html.page_address("returns", **filters, **{name: str(position)})


def _choose_filters(context: PageContext) -> Filter:
    """Draw the filters and return their values, which are also in the address."""
    from pipelines.submissions import service

    forms = [f for f in context.desk.registry.forms.values() if can_read(context.who, f.jurisdiction, f.instrument)]
    places = list(dict.fromkeys(form.jurisdiction for form in forms))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        states = _choose_several(
            context.tell("State"), _STATE, list(words.STATES), _state_words(context), context.tell("every state")
        )
        place = None
        if len(places) > 1:
            place = _choose_one(
                context.tell("Territory"), _TERRITORY, places, context.area_name, context.tell("all territories")
            )
        period = _choose_one(
            context.tell("Period"),
            _PERIOD,
            service.reported_periods(context.desk, context.who),
            lambda code: words.format_period(code, context.language),
            context.tell("every period"),
        )
        instrument = _choose_one(
            context.tell("What"),
            _INSTRUMENT,
            sorted({form.instrument for form in forms}),
            lambda code: context.code_label("instrument", code),
            context.tell("everything"),
        )
        st.session_state["returns.mine"] = _MINE in st.query_params
        mine = st.checkbox(
            context.tell("Only those I uploaded"), key="returns.mine", on_change=_write_filter, args=(_MINE,)
        )
    return service.Filter(
        shown=tuple(states) or None, mine=mine, jurisdiction=place, period=period, instrument=instrument
    )


def _state_words(context: PageContext) -> Callable[[str], str]:
    return lambda code: words.describe_state(code, context.language)[2]


def _choose_several(label: str, name: str, options: list[str], say: Callable[[str], str], every: str) -> list[str]:
    key = f"returns.{name}"
    st.session_state[key] = [code for code in st.query_params.get_all(name) if code in options]
    return list(
        st.multiselect(
            label,
            options,
            key=key,
            format_func=say,
            placeholder=every,
            width=300,
            on_change=_write_filter,
            args=(name,),
        )
    )


def _choose_one(label: str, name: str, options: list[str], say: Callable[[str], str], every: str) -> str | None:
    key = f"returns.{name}"
    requested = st.query_params.get(name)
    st.session_state[key] = requested if requested in options else None
    return st.selectbox(
        label, options, key=key, format_func=say, placeholder=every, width=220, on_change=_write_filter, args=(name,)
    )


def _write_filter(name: str) -> None:
    """Write a changed filter into the address, and start from the newest returns again."""
    value = st.session_state[f"returns.{name}"]
    for parameter in (name, _BEFORE, _AFTER):
        if parameter in st.query_params:
            del st.query_params[parameter]
    if value:
        st.query_params[name] = "1" if value is True else value


def answer_address(entry: Entry) -> str:
    """Return the address of a submission's answer."""
    return html.page_address("answer", id=entry.submission_id)


def submissions_table(context: PageContext, entries: Sequence[Entry], caption: str, page: str = "answer") -> html.Table:
    """Return submissions as a table; the name of each links to its answer."""
    columns = [
        context.tell("State"),
        context.tell("Findings"),
        context.tell("Uploaded"),
        context.tell("By"),
        context.tell("Last comment"),
    ]
    rows = [_submission_row(context, entry, page) for entry in entries]
    return html.drop_empty_columns(html.Table(caption, context.tell("Return"), columns, rows))


def _submission_row(context: PageContext, entry: Entry, page: str) -> html.Row:
    heading = html.Markup('{}<br><span class="rti-small">{}</span>').format(
        html.render_link(layout.describe_submission(context, entry), html.page_address(page, id=entry.submission_id)),
        entry.row.filename,
    )
    return html.Row(
        heading,
        (
            html.join_parts(
                (layout.state_badge(context, words.state_to_show(entry)), *replacement_links(context, entry, page)),
                "<br>",
            ),
            _count_findings(context, entry),
            words.format_time(entry.row.received_at),
            entry.row.sender,
            entry.last_comment or "",
        ),
    )


def replacement_links(context: PageContext, one: Entry, page: str = "answer") -> list[html.Markup]:
    """Return each later return that replaces this one, as a link: its number, since when, for which periods."""
    links = []
    for later in one.replaced_by:
        number, day = later.submission_id, words.format_day(later.since)
        if one.is_replaced and len(one.replaced_by) == 1:
            text = context.tell("by {number} since {day}", number=number, day=day)
        else:
            periods = words.format_periods((period for *_, period in later.keys), context.language)
            text = context.tell("{periods} replaced by {number} since {day}", periods=periods, number=number, day=day)
        links.append(html.render_link(text, html.page_address(page, id=number)))
    return links


def _count_findings(context: PageContext, entry: Entry) -> str:
    row = entry.row
    counts = []
    if row.errors:
        counts.append(context.many("{n} error", "{n} errors", row.errors))
    if row.warnings:
        counts.append(context.many("{n} warning", "{n} warnings", row.warnings))
    if entry.open_warnings:
        counts.append(context.many("{n} to explain", "{n} to explain", len(entry.open_warnings)))
    if not counts and row.informations:
        return context.tell("No error and no warning.")  # "none" would be wrong next to a piece of information
    return ", ".join(counts) or context.tell("none")
