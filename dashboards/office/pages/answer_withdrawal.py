"""Withdraw a return from its page: by one person before it is accepted, with a second person afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import html, layout, words
from dashboards.office.layout import PageContext
from dashboards.office.pages.answer_forms import choose_reason, try_action

if TYPE_CHECKING:
    from pipelines.submissions.service import Entry


def show_actions(context: PageContext, entry: Entry) -> None:
    """Show what this person may do now to withdraw a submission, and who has requested it."""
    _show_requests(context, entry)
    if entry.may_withdraw:
        _offer_withdrawal(context, entry, override=False)
    elif entry.may_override_withdrawal:
        _offer_withdrawal(context, entry, override=True)
    if entry.may_ask_withdrawal and not entry.may_withdraw:
        _offer_request(context, entry)


def _show_requests(context: PageContext, entry: Entry) -> None:
    """Show a requested withdrawal to everybody who sees the return, as long as the return is in force."""
    if not entry.withdrawal_asked:
        return
    requests = [
        context.tell(
            "{time} by {who}: {comment}", time=words.format_time(request.at), who=request.actor, comment=reason
        )
        for request in entry.withdrawal_asked
        for reason in [f"{context.code_label('revision_reason', request.reason)}. {request.comment}"]
    ]
    sentence = context.tell(
        "It counts until a second person of the office, who neither sent it nor made the request, withdraws it."
    )
    body = html.join_parts([html.render_list(requests), html.Markup("<p>{}</p>").format(sentence)])
    layout.put_html(html.render_box("warning", context.tell("A withdrawal has been requested"), body))


def _offer_request(context: PageContext, entry: Entry) -> None:
    from pipelines.submissions import service

    with st.expander(context.tell("Request withdrawal of this return")):
        layout.put_html(
            html.Markup("<p>{}</p>").format(
                context.tell(
                    "It is accepted and counts. Only a colleague in your office who can approve can withdraw it."
                )
            )
        )
        with st.form(key="answer.ask_withdrawal", border=False):
            reason = choose_reason(context, context.tell("Reason for the withdrawal"), "ask_withdrawal.reason")
            comment = st.text_input(context.tell("In words"), key="ask_withdrawal.comment").strip()
            is_submitted = st.form_submit_button(context.tell("Request the withdrawal"))
        if not is_submitted:
            return
        if reason is None or not comment:
            st.error(context.tell("Choose a reason and explain it in your own words."), icon=None)
            return
        try_action(
            context,
            lambda: service.ask_withdrawal(context.desk, context.who, entry.submission_id, reason, comment),
            context.tell("Request sent. Your colleagues who can approve it will be notified."),
        )


def _offer_withdrawal(context: PageContext, entry: Entry, *, override: bool) -> None:
    from pipelines.submissions import service

    counts = entry.state in ("approved", "published")
    consequence = (
        context.tell(
            "From the next refresh it no longer counts, and the return accepted before it counts again. Releases "
            "already published do not change."
        )
        if counts
        else context.tell("Nobody will decide on it any more. To submit it again, upload the file again.")
    )
    asked_key = f"withdraw.asked.{entry.submission_id}"
    title = context.tell("Withdraw by override as steward") if override else context.tell("Withdraw this return")
    with st.expander(title, expanded=asked_key in st.session_state):
        if override:
            layout.put_html(
                html.Markup("<p>{}</p>").format(
                    context.tell(
                        "Use this only if no second person in the office can decide. Your name and your comment "
                        "will always be shown with this return."
                    )
                )
            )
        with st.form(key="answer.withdraw", border=False):
            reason = choose_reason(context, context.tell("Reason for the withdrawal"), "withdraw.reason")
            comment = st.text_input(context.tell("In words"), key="withdraw.comment").strip()
            is_submitted = st.form_submit_button(context.tell("Withdraw"))
        if is_submitted and (reason is None or not comment):
            st.error(context.tell("Choose a reason and explain it in your own words."), icon=None)
        elif is_submitted:
            st.session_state[asked_key] = (reason, comment)
        if asked_key not in st.session_state:
            return
        kept_reason, kept_comment = st.session_state[asked_key]
        layout.put_html(
            html.render_box(
                "warning",
                context.tell("Withdraw this return?"),
                html.Markup("<p>{}</p>").format(consequence),
                level=3,
            )
        )
        with st.container(horizontal=True):
            yes = st.button(context.tell("Yes, withdraw it"), type="primary", key="withdraw.yes")
            no = st.button(context.tell("No, leave it as it is"), key="withdraw.no")
    if no:
        del st.session_state[asked_key]
        st.rerun()
    if yes:
        del st.session_state[asked_key]
        try_action(
            context,
            lambda: service.withdraw_submission(
                context.desk, context.who, entry.submission_id, kept_reason, kept_comment, override=override
            ),
            context.tell("Withdrawn."),
        )
