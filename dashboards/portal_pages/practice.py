"""Offer a private desk with a training territory, where beginners can make mistakes safely."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards.portal_layout import PageContext
from dashboards.portal_pages import answer, returns, upload
from dashboards.portal_pages.answer_forms import lead, said, say

_ASKED = "practice.asked"
_ANEW = "practice.anew"


def show() -> None:
    """Render the page "Practice"."""
    from pipelines.ledger.identity import NotAllowedError
    from pipelines.submissions.service import practice

    real = portal_entry.enter_page()
    layout.title(real.tell("Practice"))
    try:
        if st.session_state.pop(_ANEW, False):
            practice.reset(real.desk, real.who)
            say(real.tell("Practice begins anew."))
        opened = practice.open(real.desk, real.who)
        context = PageContext(opened, practice.who(opened, real.who), real.language, real.notes)
    except NotAllowedError as error:
        layout.refused(real, error)
        layout.end(real)
        return
    layout.put(
        html.box(
            "warning",
            real.tell("Nothing here counts"),
            html.Markup("<p>{}</p>").format(
                real.tell(
                    "This is a training territory with invented figures, for you alone. Try everything: hand in, make "
                    "mistakes, send, let a colleague decide, begin anew. Nothing of it reaches a real return."
                )
            ),
        )
    )
    if submission_id := st.query_params.get("id"):
        _one(real, context, submission_id)
    else:
        _overview(real, context)
    layout.end(context)
    lead()


def _overview(real: PageContext, context: PageContext) -> None:
    from pipelines.submissions import service
    from pipelines.submissions.service import practice

    said(context)
    layout.heading(context.tell("1. Take a file"))
    for number, file in enumerate(practice.files(context.language)):
        with st.container(horizontal=True, key=f"beside-practice-{number}", gap="small", vertical_alignment="center"):
            st.download_button(
                file.name, file.data, file_name=file.name, on_click="ignore", key=f"practice.file.{number}"
            )
            layout.put(html.note(file.teaches))
    layout.heading(context.tell("2. Hand it in"))
    upload.uploader(context, "practice", _to)
    layout.heading(context.tell("3. Your practice returns"))
    entries = service.submissions(context.desk, context.who)
    if entries:
        layout.put(
            returns.table(context, entries, context.many("{n} return", "{n} returns", len(entries)), page="practice")
        )
    else:
        layout.put(html.Markup("<p>{}</p>").format(context.tell("None yet.")))
    with st.container(horizontal=True):
        if st.button(context.tell("Let the colleague send a return for me to approve"), key="practice.colleague"):
            sent = practice.colleague_sends(context.desk, real.who)
            _to("answer", id=sent.submission_id)
        if st.button(context.tell("Begin anew"), key="practice.reset"):
            st.session_state[_ASKED] = True
    if st.session_state.get(_ASKED):
        _begin_anew(real)


def _to(_page: str, **query: str) -> Any:
    """Return this page as the address of every practice answer."""
    layout.go("practice", **query)


def _begin_anew(real: PageContext) -> None:
    layout.put(
        html.box(
            "warning",
            real.tell("Begin anew?"),
            html.Markup("<p>{}</p>").format(real.tell("Everything you did at practice is then gone.")),
            level=3,
        )
    )
    with st.container(horizontal=True):
        st.button(
            real.tell("Yes, begin anew"), type="primary", key="practice.yes", on_click=_answered, kwargs={"anew": True}
        )
        st.button(real.tell("No, keep it"), key="practice.no", on_click=_answered, kwargs={"anew": False})


def _answered(*, anew: bool) -> None:
    """Empty the list of files before the page runs: a second run to empty it would lose a file dropped between the two
    (as on the page of uploads)."""
    del st.session_state[_ASKED]
    if anew:
        upload.forget("practice")
        st.session_state[_ANEW] = True


def _one(real: PageContext, context: PageContext, submission_id: str) -> None:
    from pipelines.submissions import service
    from pipelines.submissions.service import practice

    layout.put(html.Markup("<p>{}</p>").format(html.link(context.tell("Back to practice"), "practice")))
    try:
        entry = service.submission(context.desk, context.who, submission_id)
    except service.NotAllowedError as error:
        layout.refused(context, error)
        return
    if entry.mine and entry.state == "sent":
        with st.container(horizontal=True):
            approve = st.button(context.tell("Let the colleague approve it"), type="primary", key="practice.approve")
            back = st.button(context.tell("Let the colleague return it"), key="practice.back")
        if approve:
            practice.colleague_approves(context.desk, real.who, submission_id)
            say(context.tell("The colleague has approved it. In earnest, a second person of your office does so."))
            st.rerun()
        if back:
            practice.colleague_gives_back(context.desk, real.who, submission_id)
            say(context.tell("The colleague has returned it with a comment."))
            st.rerun()
    answer.one(context, submission_id, level=2)
