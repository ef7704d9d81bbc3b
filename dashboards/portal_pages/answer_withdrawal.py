"""Taking a return back from its page: alone while it does not count, by a second person once it does."""

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
    """What this person may do to take a submission back now, and who has asked for it."""
    _asked(here, entry)
    if entry.may_withdraw:
        _withdraw(here, entry, override=False)
    elif entry.may_override_withdrawal:
        _withdraw(here, entry, override=True)
    if entry.may_ask_withdrawal and not entry.may_withdraw:
        _ask(here, entry)


def _asked(here: Here, entry: Entry) -> None:
    """Shown to everybody who sees the return, as long as it counts."""
    if not entry.withdrawal_asked:
        return
    told = [
        here.tell("{time} by {who}: {comment}", time=words.time(one.at), who=one.actor, comment=said)
        for one in entry.withdrawal_asked
        for said in [f"{here.label('revision_reason', one.reason)}. {one.comment}"]
    ]
    sentence = here.tell(
        "It counts until a second person of the office, who neither sent it nor made the request, withdraws it."
    )
    body = html.join([html.items(told), html.Markup("<p>{}</p>").format(sentence)])
    layout.put(html.box("warning", here.tell("A withdrawal has been requested"), body))


def _ask(here: Here, entry: Entry) -> None:
    from pipelines.submissions import service

    with st.expander(here.tell("Request withdrawal of this return")):
        layout.put(
            html.Markup("<p>{}</p>").format(
                here.tell("It is accepted and counts. Only a colleague in your office who can approve can withdraw it.")
            )
        )
        with st.form(key="answer.ask_withdrawal", border=False):
            reason = reasons(here, here.tell("Reason for the withdrawal"), "ask_withdrawal.reason")
            comment = st.text_input(here.tell("In words"), key="ask_withdrawal.comment").strip()
            asked = st.form_submit_button(here.tell("Request the withdrawal"))
        if not asked:
            return
        if reason is None or not comment:
            st.error(here.tell("Choose a reason and explain it in your own words."), icon=None)
            return
        attempt(
            here,
            lambda: service.ask_withdrawal(here.desk, here.who, entry.submission_id, reason, comment),
            here.tell("Request sent. Your colleagues who can approve it will be notified."),
        )


def _withdraw(here: Here, entry: Entry, *, override: bool) -> None:
    from pipelines.submissions import service

    counts = entry.state in ("approved", "published")
    consequence = (
        here.tell(
            "From the next refresh it no longer counts, and the return accepted before it counts again. Releases "
            "already published do not change."
        )
        if counts
        else here.tell("Nobody will decide on it any more. To submit it again, upload the file again.")
    )
    asked_key = f"withdraw.asked.{entry.submission_id}"
    title = here.tell("Withdraw by override as steward") if override else here.tell("Withdraw this return")
    with st.expander(title, expanded=asked_key in st.session_state):
        if override:
            layout.put(
                html.Markup("<p>{}</p>").format(
                    here.tell(
                        "Use this only if no second person in the office can decide. Your name and your comment "
                        "will always be shown with this return."
                    )
                )
            )
        with st.form(key="answer.withdraw", border=False):
            reason = reasons(here, here.tell("Reason for the withdrawal"), "withdraw.reason")
            comment = st.text_input(here.tell("In words"), key="withdraw.comment").strip()
            asked = st.form_submit_button(here.tell("Withdraw"))
        if asked and (reason is None or not comment):
            st.error(here.tell("Choose a reason and explain it in your own words."), icon=None)
        elif asked:
            st.session_state[asked_key] = (reason, comment)
        if asked_key not in st.session_state:
            return
        kept_reason, kept_comment = st.session_state[asked_key]
        layout.put(
            html.box(
                "warning",
                here.tell("Withdraw this return?"),
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
