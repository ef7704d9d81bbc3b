"""Withdraw a return from its page: by one person before it is accepted, with a second person afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here
from dashboards.portal_pages.answer_forms import attempt, reasons

if TYPE_CHECKING:
    from pipelines.submissions.service import Entry


def acts(here: Here, entry: Entry) -> None:
    """Show what this person may do now to withdraw a submission, and who has requested it."""
    _asked(here, entry)
    if entry.may_withdraw:
        _withdraw(here, entry, override=False)
    elif entry.may_override_withdrawal:
        _withdraw(here, entry, override=True)
    if entry.may_ask_withdrawal and not entry.may_withdraw:
        _ask(here, entry)


def _asked(here: Here, entry: Entry) -> None:
    """Show a requested withdrawal to everybody who sees the return, as long as the return is in force."""
    if not entry.withdrawal_asked:
        return
    told = [
        here.tell("{time} by {who}: {comment}", time=words.time(one.at), who=one.actor, comment=said)
        for one in entry.withdrawal_asked
        for said in [f"{here.label('revision_reason', one.reason)}. {one.comment}"]
    ]
    sentence = here.tell("It counts until a second person of the office, who did not send it nor ask, withdraws it.")
    body = html.join([html.items(told), html.Markup("<p>{}</p>").format(sentence)])
    layout.put(html.box("warning", here.tell("A withdrawal is asked for"), body))


def _ask(here: Here, entry: Entry) -> None:
    from pipelines.submissions import service

    with st.expander(here.tell("Ask to withdraw this return")):
        layout.put(
            html.Markup("<p>{}</p>").format(
                here.tell("It is accepted and counts. A colleague of your office who may approve has to withdraw it.")
            )
        )
        with st.form(key="answer.ask_withdrawal", border=False):
            reason = reasons(here, here.tell("Reason of the withdrawal"), "ask_withdrawal.reason")
            comment = st.text_input(here.tell("In words"), key="ask_withdrawal.comment").strip()
            asked = st.form_submit_button(here.tell("Ask for the withdrawal"))
        if not asked:
            return
        if reason is None or not comment:
            st.error(here.tell("Choose a reason and say it in words."), icon=None)
            return
        attempt(
            here,
            lambda: service.ask_withdrawal(here.desk, here.who, entry.submission_id, reason, comment),
            here.tell("Asked. Your colleagues who may approve are told."),
        )


def _withdraw(here: Here, entry: Entry, *, override: bool) -> None:
    from pipelines.submissions import service

    counts = entry.state in ("approved", "published")
    consequence = (
        here.tell(
            "It will count no longer from the next refresh on, and the return that was accepted before it counts "
            "again. Its place in releases already published stays."
        )
        if counts
        else here.tell("It will not be decided on any more. To hand it in again, upload the file anew.")
    )
    asked_key = f"withdraw.asked.{entry.submission_id}"
    title = here.tell("Withdraw by override as steward") if override else here.tell("Withdraw this return")
    with st.expander(title, expanded=asked_key in st.session_state):
        if override:
            layout.put(
                html.Markup("<p>{}</p>").format(
                    here.tell(
                        "Use this only where no second person of the office can decide. Your name and your comment are "
                        "shown with this return ever after."
                    )
                )
            )
        with st.form(key="answer.withdraw", border=False):
            reason = reasons(here, here.tell("Reason of the withdrawal"), "withdraw.reason")
            comment = st.text_input(here.tell("In words"), key="withdraw.comment").strip()
            asked = st.form_submit_button(here.tell("Withdraw"))
        if asked and (reason is None or not comment):
            st.error(here.tell("Choose a reason and say it in words."), icon=None)
        elif asked:
            st.session_state[asked_key] = (reason, comment)
        if asked_key not in st.session_state:
            return
        kept_reason, kept_comment = st.session_state[asked_key]
        layout.put(
            html.box(
                "warning",
                here.tell("Withdraw it indeed?"),
                html.Markup("<p>{}</p>").format(consequence),
                level=3,
            )
        )
        with st.container(horizontal=True):
            yes = st.button(here.tell("Yes, withdraw it"), type="primary", key="withdraw.yes")
            no = st.button(here.tell("No, leave it as it is"), key="withdraw.no")
    if no:
        del st.session_state[asked_key]
        st.rerun()
    if yes:
        del st.session_state[asked_key]
        attempt(
            here,
            lambda: service.withdraw(
                here.desk, here.who, entry.submission_id, kept_reason, kept_comment, override=override
            ),
            here.tell("Withdrawn."),
        )
