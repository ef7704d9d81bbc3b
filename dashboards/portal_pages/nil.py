"""Declare a nil return for a form and periods that are expected and open, with a confirmation."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here
from dashboards.portal_pages.answer_forms import say
from pipelines.ledger.permissions import pairs_for

_ASKED = "nil.asked"


def show() -> None:
    """Render the page "Nothing to report"."""
    here = portal_entry.enter_page()
    layout.title(
        here.tell("Nothing to report"),
        here.tell(
            "If there was nothing to count in a period, say so here: it counts as reported. Silence counts as missing."
        ),
    )
    open_ = open_periods(here)
    if not open_:
        layout.put(
            html.box(
                "good",
                here.tell("Nothing is open"),
                html.Markup("<p>{}</p>").format(here.tell("Every period expected of you has its return.")),
            )
        )
    elif _ASKED in st.session_state:
        _confirm(here)
    else:
        _ask(here, open_)
    layout.end(here)


def open_periods(here: Here) -> Mapping[str, list[str]]:
    """Return, by form, the periods expected of this person's offices that have no return yet, oldest first."""
    from pipelines.declarations.base import within
    from pipelines.submissions import timetable

    registry = here.desk.registry
    made = timetable.board(here.desk.engine, registry, pairs_for(here.who, "receive"), periods=8, kind=here.desk.kind)
    out: dict[str, list[str]] = {}
    for row in made.rows:
        for cell in row.cells:
            if cell.submission_id is not None:
                continue
            for form in registry.forms.values():
                if (
                    (form.jurisdiction, form.instrument, form.source, form.freq)
                    == (row.jurisdiction, row.instrument, row.source, row.freq)
                ) and within(cell.deadline.period, form.valid):
                    out.setdefault(form.id, []).append(cell.deadline.period)
                    break
    return out


def _ask(here: Here, open_: Mapping[str, list[str]]) -> None:
    form = st.selectbox(here.tell("Form"), list(open_), format_func=here.form, key="nil.form")
    if form is None:
        return
    periods = st.multiselect(
        here.tell("Periods that are open"),
        open_[str(form)],
        default=open_[str(form)] if len(open_[str(form)]) == 1 else None,
        format_func=lambda code: words.period(code, here.language),
        placeholder=here.tell("Choose periods"),
        key=f"nil.periods.{form}",
    )
    comment = st.text_input(here.tell("Note (may stay empty)"), key="nil.comment")
    if st.button(here.tell("There was nothing to report"), type="primary", key="nil.ask"):
        if not periods:
            st.error(here.tell("Choose at least one period first."), icon=None)
        else:
            st.session_state[_ASKED] = (str(form), tuple(sorted(periods)), comment.strip())
            st.rerun()


def _confirm(here: Here) -> None:
    form, periods, comment = st.session_state[_ASKED]
    declared = here.desk.registry.forms[form]
    layout.put(
        html.box(
            "warning",
            here.tell("You are about to say that there was nothing"),
            html.facts(
                [
                    (here.tell("Territory"), here.area(declared.jurisdiction)),
                    (here.tell("Form"), here.form(form)),
                    (here.tell("Period"), words.periods(periods, here.language)),
                ]
            )
            + html.Markup("<p>{}</p>").format(
                here.tell(
                    "Every figure of this form is then zero for these periods, and is published as zero once a second "
                    "person has approved it. If figures only are not known yet, do not declare this."
                )
            ),
        )
    )
    with st.container(horizontal=True):
        yes = st.button(here.tell("Yes, there was nothing: send it"), type="primary", key="nil.yes")
        no = st.button(here.tell("No, go back"), key="nil.no")
    if no:
        del st.session_state[_ASKED]
        st.rerun()
    if yes:
        _declare(here, form, list(periods), comment)


def _declare(here: Here, form: str, periods: list[str], comment: str) -> None:
    """Create the draft and send it unless an explanation is required; the page of the submission shows the rest."""
    from pipelines.submissions import service

    try:
        made = service.nil(here.desk, here.who, form, periods, comment or None)
        del st.session_state[_ASKED]
        if made.submission_id is None:
            st.error(here.tell("This nil return was not taken: {why}", why=_why(here, made.report)), icon=None)
            return
        entry = service.submission(here.desk, here.who, made.submission_id)
        if entry.may_send and not entry.replaces:
            service.send(here.desk, here.who, made.submission_id, comment=comment or None)
            say(here.tell("Sent. Your receipt stands below; keep it."))
        else:
            say(here.tell("It is kept as a draft: see below what is to be answered before it is sent."))
    except (service.NotAllowedError, service.TransitionError, service.SubmissionRefusedError) as error:
        layout.refused(here, error)
        return
    layout.go("answer", id=made.submission_id)


def _why(here: Here, report: object) -> str:
    from pipelines.office import answers
    from pipelines.submissions.checking.report import Report

    assert isinstance(report, Report)
    return " ".join(group.title for group in answers.groups(report, here.language) if group.severity == "error")
