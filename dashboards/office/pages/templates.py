"""Offer, for each form of the person's offices, the empty workbook of the periods that are due next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from dashboards.office.pages.answer_files import XLSX

if TYPE_CHECKING:
    import polars as pl

    from pipelines.declarations.form import Form
    from pipelines.submissions.timetable import Deadline

_ACCEPTED = ("approved", "published")


def render_page() -> None:
    """Render the page "Templates"."""
    context = access.enter_page()
    layout.show_title(
        context.tell("Templates"),
        context.tell(
            "A workbook for each of your forms, in your own words and layout: code lists to choose from, checks "
            "while you type, and the last accepted figure in grey next to each cell. Fill it in and upload it; it "
            "is recognised."
        ),
    )
    due = _due_periods(context)
    places = list(dict.fromkeys(d.jurisdiction for d in due))
    if not places:
        layout.put_html(html.render_box("note", context.tell("No form is due of your offices")))
    else:
        place = places[0]
        if len(places) > 1:
            place = str(
                st.selectbox(context.tell("Territory"), places, format_func=context.area_name, key="templates.place")
                or places[0]
            )
        _show_offers(context, [d for d in due if d.jurisdiction == place])
    layout.end_page(context)


def _due_periods(context: PageContext) -> list[Deadline]:
    """Return what is due next: for each office and instrument the period whose collection closes next, and the one
    before it as long as it has open questions."""
    from pipelines.core import clock
    from pipelines.submissions import timetable

    today = clock.now().date()
    deadlines = timetable.list_deadlines(
        context.desk.registry, pairs=context.who.list_pairs(), today=today, ahead=1, kind=context.desk.kind
    )
    return [d for d in deadlines if d.queries >= today]


def _show_offers(context: PageContext, due: Sequence[Deadline]) -> None:
    from pipelines.declarations.form_titles import form_title
    from pipelines.office import templates

    offered = 0
    for deadline in due:
        forms = templates.list_forms(context.desk.registry, deadline.jurisdiction, deadline.instrument, deadline.period)
        for form in (f for f in forms if f.source == deadline.source):
            offered += 1
            with st.container(key=f"template-{form.id}-{deadline.period}", border=True, gap="small"):
                layout.show_heading(form_title(form, context.language))
                layout.put_html(
                    html.render_facts(
                        [
                            (context.tell("Office"), context.office_name(form.source, form.jurisdiction)),
                            (context.tell("What"), context.code_label("instrument", form.instrument)),
                            (context.tell("Period"), words.format_period(deadline.period, context.language)),
                            (context.tell("Due by"), deadline.collection.isoformat()),
                            (context.tell("Form"), form.id),
                            (context.tell("Instead of"), _instead(form)),
                        ]
                    )
                )
                _button(context, form, deadline)
    if not offered:
        layout.put_html(html.render_box("note", context.tell("No workbook can be made for the forms of this office")))


def _instead(form: Form) -> str:
    return f"{form.second_of}" if form.second_of else ""


def _button(context: PageContext, form: Form, deadline: Deadline) -> None:
    from pipelines.office import templates

    def render_template() -> bytes:
        return templates.write_template(
            context.desk.registry,
            form.id,
            deadline.period,
            deadline=deadline.collection,
            previous=_accepted_figures(context, form),
            demonstration=context.is_demonstration,
        )[1]

    st.download_button(
        context.tell(
            "Download the workbook for {period}", period=words.format_period(deadline.period, context.language)
        ),
        render_template,
        file_name=f"{form.id}_{deadline.period}.xlsx",
        mime=XLSX,
        on_click="ignore",
        key=f"template.{form.id}.{deadline.period}",
    )


def _accepted_figures(context: PageContext, form: Form) -> pl.DataFrame | None:
    """Return the accepted figures of the form's series: those before its newest accepted return, and that return's
    own."""
    import polars as pl

    from pipelines.submissions import service

    accepted_filter = service.Filter(states=_ACCEPTED, series=form.series)
    page = service.submission_page(context.desk, context.who, accepted_filter, limit=1)
    if not page.entries:
        return None
    newest = page.entries[0]
    parts = [service.read_history(context.desk, context.who, newest.submission_id)]
    reading = service.make_report(context.desk, context.who, newest.submission_id).reading
    if reading is not None:
        parts.append(reading.observations)
    return pl.concat(parts)
