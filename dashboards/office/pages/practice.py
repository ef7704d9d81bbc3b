"""Offer a private desk with a training territory, where beginners can make mistakes safely."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.office import access, html, layout
from dashboards.office.layout import PageContext
from dashboards.office.pages import answer, returns, upload
from dashboards.office.pages.answer_forms import keep_result, move_focus, show_result

_ASKED = "practice.asked"
_ANEW = "practice.anew"


def render_page() -> None:
    """Render the page "Practice"."""
    from pipelines.ledger.identity import NotAllowedError
    from pipelines.submissions.service import practice

    real = access.enter_page()
    layout.show_title(real.tell("Practice"))
    try:
        if st.session_state.pop(_ANEW, False):
            practice.reset_practice(real.desk, real.who)
            keep_result(real.tell("Practice starts again."))
        opened = practice.open(real.desk, real.who)
        context = PageContext(opened, practice.make_practice_identity(opened, real.who), real.language, real.notes)
    except NotAllowedError as error:
        layout.show_refusal(real, error)
        layout.end_page(real)
        return
    layout.put_html(
        html.render_box(
            "warning",
            real.tell("This is only for practice"),
            html.Markup("<p>{}</p>").format(
                real.tell(
                    "This is a training territory with invented figures, for you alone. Try everything: upload, "
                    "make mistakes, send, let a colleague decide, start again. Nothing you do here affects a real "
                    "return."
                )
            ),
        )
    )
    if submission_id := st.query_params.get("id"):
        _show_answer(real, context, submission_id)
    else:
        _show_overview(real, context)
    layout.end_page(context)
    move_focus()


def _show_overview(real: PageContext, context: PageContext) -> None:
    from pipelines.submissions import service
    from pipelines.submissions.service import practice

    show_result(context)
    layout.show_heading(context.tell("1. Download a file"))
    for number, file in enumerate(practice.make_practice_files(context.language)):
        with st.container(horizontal=True, key=f"beside-practice-{number}", gap="small", vertical_alignment="center"):
            st.download_button(
                file.name, file.data, file_name=file.name, on_click="ignore", key=f"practice.file.{number}"
            )
            layout.put_html(html.render_note(file.teaches))
    layout.show_heading(context.tell("2. Upload it"))
    upload.show_uploader(context, "practice", _stay_on_page)
    layout.show_heading(context.tell("3. Your practice returns"))
    entries = service.list_submissions(context.desk, context.who)
    if entries:
        layout.put_html(
            returns.submissions_table(
                context, entries, context.many("{n} return", "{n} returns", len(entries)), page="practice"
            )
        )
    else:
        layout.put_html(html.Markup("<p>{}</p>").format(context.tell("None yet.")))
    with st.container(horizontal=True):
        if st.button(context.tell("Let the colleague send a return for me to approve"), key="practice.colleague"):
            sent = practice.colleague_sends(context.desk, real.who)
            _stay_on_page("answer", id=sent.submission_id)
        if st.button(context.tell("Start again"), key="practice.reset"):
            st.session_state[_ASKED] = True
    if st.session_state.get(_ASKED):
        _begin_anew(real)


def _stay_on_page(_page: str, **query: str) -> Any:
    """Return this page as the address of every practice answer."""
    layout.go_to_page("practice", **query)


def _begin_anew(real: PageContext) -> None:
    layout.put_html(
        html.render_box(
            "warning",
            real.tell("Start again?"),
            html.Markup("<p>{}</p>").format(real.tell("Everything you did in practice will be deleted.")),
            level=3,
        )
    )
    with st.container(horizontal=True):
        st.button(
            real.tell("Yes, start again"),
            type="primary",
            key="practice.yes",
            on_click=_empty_file_list,
            kwargs={"anew": True},
        )
        st.button(real.tell("No, keep it"), key="practice.no", on_click=_empty_file_list, kwargs={"anew": False})


def _empty_file_list(*, anew: bool) -> None:
    """Empty the list of files before the page runs: a second run to empty it would lose a file dropped between the two
    (as on the page of uploads)."""
    del st.session_state[_ASKED]
    if anew:
        upload.forget_files("practice")
        st.session_state[_ANEW] = True


def _show_answer(real: PageContext, context: PageContext, submission_id: str) -> None:
    from pipelines.submissions import service
    from pipelines.submissions.service import practice

    layout.put_html(html.Markup("<p>{}</p>").format(html.render_link(context.tell("Back to practice"), "practice")))
    try:
        entry = service.get_submission(context.desk, context.who, submission_id)
    except service.NotAllowedError as error:
        layout.show_refusal(context, error)
        return
    if entry.mine and entry.state == "sent":
        with st.container(horizontal=True):
            approve = st.button(context.tell("Let the colleague approve it"), type="primary", key="practice.approve")
            back = st.button(context.tell("Let the colleague return it"), key="practice.back")
        if approve:
            practice.colleague_approves(context.desk, real.who, submission_id)
            keep_result(
                context.tell(
                    "The colleague has approved it. For a real return, a second person in your office does this."
                )
            )
            st.rerun()
        if back:
            practice.colleague_gives_back(context.desk, real.who, submission_id)
            keep_result(context.tell("The colleague has returned it with a comment."))
            st.rerun()
    answer.show_answer(context, submission_id, level=2)
