"""Declare a nil return for a form and periods that are expected and open, with a confirmation."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from dashboards.office.pages.answer_forms import keep_result
from pipelines.ledger.permissions import pairs_for

_ASKED = "nil.asked"


def render_page() -> None:
    """Render the page "Nothing to report"."""
    context = access.enter_page()
    layout.show_title(
        context.tell("Nothing to report"),
        context.tell(
            "If there was nothing to count in a period, report that here, so that the period counts as reported. "
            "Without a report it counts as missing."
        ),
    )
    open_ = open_periods(context)
    if not open_:
        layout.put_html(
            html.render_box(
                "good",
                context.tell("Nothing is open"),
                html.Markup("<p>{}</p>").format(context.tell("There is a return for every period that is due.")),
            )
        )
    elif _ASKED in st.session_state:
        _ask_for_confirmation(context)
    else:
        _ask_for_periods(context, open_)
    layout.end_page(context)


def open_periods(context: PageContext) -> Mapping[str, list[str]]:
    """Return, by form, the periods expected of this person's offices that have no return yet, oldest first."""
    from pipelines.declarations.base import is_within
    from pipelines.submissions import timetable

    registry = context.desk.registry
    board = timetable.build_board(
        context.desk.engine, registry, pairs_for(context.who, "receive"), periods=8, kind=context.desk.kind
    )
    periods_by_form: dict[str, list[str]] = {}
    for row in board.rows:
        for cell in row.cells:
            if cell.submission_id is not None:
                continue
            for form in registry.forms.values():
                if (
                    (form.jurisdiction, form.instrument, form.source, form.freq)
                    == (row.jurisdiction, row.instrument, row.source, row.freq)
                ) and is_within(cell.deadline.period, form.valid):
                    periods_by_form.setdefault(form.id, []).append(cell.deadline.period)
                    break
    return periods_by_form


def _ask_for_periods(context: PageContext, open_: Mapping[str, list[str]]) -> None:
    form = st.selectbox(context.tell("Form"), list(open_), format_func=context.form_name, key="nil.form")
    if form is None:
        return
    periods = st.multiselect(
        context.tell("Periods that are open"),
        open_[str(form)],
        default=open_[str(form)] if len(open_[str(form)]) == 1 else None,
        format_func=lambda code: words.format_period(code, context.language),
        placeholder=context.tell("Choose periods"),
        key=f"nil.periods.{form}",
    )
    comment = st.text_input(context.tell("Note (optional)"), key="nil.comment")
    if st.button(context.tell("There was nothing to report"), type="primary", key="nil.ask"):
        if not periods:
            st.error(context.tell("Choose at least one period first."), icon=None)
        else:
            st.session_state[_ASKED] = (str(form), tuple(sorted(periods)), comment.strip())
            st.rerun()


def _ask_for_confirmation(context: PageContext) -> None:
    form, periods, comment = st.session_state[_ASKED]
    declared = context.desk.registry.forms[form]
    layout.put_html(
        html.render_box(
            "warning",
            context.tell("You are about to report that there was nothing to count"),
            html.render_facts(
                [
                    (context.tell("Territory"), context.area_name(declared.jurisdiction)),
                    (context.tell("Form"), context.form_name(form)),
                    (context.tell("Period"), words.format_periods(periods, context.language)),
                ]
            )
            + html.Markup("<p>{}</p>").format(
                context.tell(
                    "Every figure of this form will be zero for these periods, and will be published as zero once a "
                    "second person has approved it. If the figures are only not known yet, do not report this."
                )
            ),
        )
    )
    with st.container(horizontal=True):
        yes = st.button(context.tell("Yes, there was nothing: send it"), type="primary", key="nil.yes")
        no = st.button(context.tell("No, go back"), key="nil.no")
    if no:
        del st.session_state[_ASKED]
        st.rerun()
    if yes:
        _declare(context, form, list(periods), comment)


def _declare(context: PageContext, form: str, periods: list[str], comment: str) -> None:
    """Create the draft and send it unless an explanation is required; the page of the submission shows the rest."""
    from pipelines.submissions import service

    try:
        draft = service.upload_nil(context.desk, context.who, form, periods, comment or None)
        del st.session_state[_ASKED]
        if draft.submission_id is None:
            st.error(
                context.tell("This nil return was not accepted: {why}", why=_explain_why_not(context, draft.report)),
                icon=None,
            )
            return
        entry = service.get_submission(context.desk, context.who, draft.submission_id)
        if entry.may_send and not entry.replaces:
            service.send_submission(context.desk, context.who, draft.submission_id, comment=comment or None)
            keep_result(context.tell("Sent. Your receipt is below. Please keep it."))
        else:
            keep_result(
                context.tell("It is saved as a draft: see below what you need to answer before you can send it.")
            )
    except (service.NotAllowedError, service.TransitionError, service.SubmissionRefusedError) as error:
        layout.show_refusal(context, error)
        return
    layout.go_to_page("answer", id=draft.submission_id)


def _explain_why_not(context: PageContext, report: object) -> str:
    from pipelines.office import answers
    from pipelines.submissions.checking.report import Report

    assert isinstance(report, Report)
    return " ".join(
        group.title for group in answers.group_findings(report, context.language) if group.severity == "error"
    )
