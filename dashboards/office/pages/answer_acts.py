"""Offer the actions on a submission from its page: send, approve, return, override, replace; and show its receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.office import html, layout, words
from dashboards.office.layout import PageContext
from dashboards.office.pages import answer_withdrawal
from dashboards.office.pages.answer_forms import choose_reason, try_action
from pipelines.ledger.permissions import has_role_for

if TYPE_CHECKING:
    from pipelines.submissions.service import Entry, SignedReceipt


def show_actions(context: PageContext, entry: Entry) -> None:
    """Show every action that this person may take on this submission now, and its receipt."""
    if entry.may_send:
        _offer_sending(context, entry)
    if entry.may_approve or entry.may_give_back:
        _offer_decision(context, entry)
    if entry.may_override and not entry.may_approve:
        _offer_override(context, entry)
    if entry.state == "sent" and entry.mine:
        layout.put_html(
            html.render_box(
                "note",
                context.tell("It is waiting for a second person"),
                html.Markup("<p>{}</p>").format(
                    context.tell(
                        "A colleague in your office who has the right to approve will decide on it. You cannot "
                        "approve your own return."
                    )
                ),
            )
        )
    _show_receipt(context, entry)
    if entry.state in ("approved", "published") and any(
        has_role_for(context.who, "receive", b.jurisdiction, b.instrument) for b in entry.blocks
    ):
        _offer_replacement(context)
    answer_withdrawal.show_actions(context, entry)


# ------------------------------------------------------------------------------------------------------------- sending


def _offer_sending(context: PageContext, entry: Entry) -> None:
    from pipelines.submissions import service

    layout.show_heading(context.tell("Send"))
    if entry.replaces:
        layout.put_html(
            html.Markup("<p>{}</p>").format(
                context.tell(
                    "This return replaces one that was accepted. Check the changes below, and give a reason. "
                    "Nothing is overwritten: both are kept."
                )
            )
        )
    with st.form(key="answer.send", border=True):
        reason = (
            choose_reason(context, context.tell("Reason for the revision"), "send.reason") if entry.replaces else None
        )
        comment = st.text_input(context.tell("Note to the person who approves it (optional)"), key="send.comment")
        is_submitted = st.form_submit_button(context.tell("Send for approval"), type="primary")
    if not is_submitted:
        return
    if entry.replaces and reason is None:
        st.error(context.tell("Choose the reason for the revision first."), icon=None)
        return
    try_action(
        context,
        lambda: service.send_submission(
            context.desk, context.who, entry.submission_id, reason=reason, comment=comment.strip() or None
        ),
        context.tell("Sent. Your receipt is below. Please keep it."),
    )


def _show_receipt(context: PageContext, entry: Entry) -> None:
    from pipelines.submissions import service

    receipt = service.get_receipt(context.desk, context.who, entry.submission_id)
    if receipt is None:
        return
    body = _receipt_body(context, receipt)
    if entry.state != "sent" or not entry.mine:
        short = context.tell("{receipt}, {time}", receipt=receipt.receipt_id, time=words.format_time(receipt.at))
        body = html.Markup("<details><summary>{}</summary>{}</details>").format(short, body)
    layout.put_html(html.render_box("good", context.tell("Receipt"), body))
    st.download_button(
        context.tell("Download the receipt"),
        receipt.as_bytes(),
        file_name=receipt.filename,
        mime="application/json",
        on_click="ignore",
        key="answer.receipt",
    )


def _receipt_body(context: PageContext, receipt: SignedReceipt) -> html.Markup:
    content = receipt.as_json()
    counts = content["counts"]
    code = html.Markup('<span class="rti-code">{}</span>')
    facts = html.render_facts(
        [
            (context.tell("Receipt"), code.format(receipt.receipt_id)),
            (context.tell("Return"), code.format(receipt.submission_id)),
            (context.tell("Sent"), words.format_time(content["sent_at"])),
            (context.tell("File"), content["file"]["name"]),
            (context.tell("Fingerprint of the file (SHA-256)"), code.format(content["file"]["sha256"])),
            (
                context.tell("Read"),
                context.tell(
                    "{figures} figures ({missing} missing), {events} events, {explained} warnings explained",
                    figures=counts["observations"],
                    missing=counts["missing"],
                    events=counts["events"],
                    explained=counts["justified"],
                ),
            ),
            (context.tell("Version of the rules"), code.format(content["rules_version"])),
            (context.tell("Signature (Ed25519)"), code.format(content["signature"])),
        ]
    )
    verify = html.Markup("<p>{} <code>rti receipt verify {}</code></p>").format(
        context.tell("You can verify it yourself on any computer with the public key of the secretariat:"),
        receipt.filename,
    )
    return html.join_parts([facts, _totals_table(context, content["totals"]), verify])


def _totals_table(context: PageContext, totals: list[dict[str, Any]]) -> html.Markup:
    """Show the control totals from the check; every part of the key except the figure describes what is summed."""
    if not totals:
        return html.Markup("")
    figures = [name for name in ("observations", "missing", "sum", "total", "value") if name in totals[0]]
    names = [name for name in totals[0] if name not in figures]
    rows = [
        html.Row(
            " · ".join(context.code_label(name, str(line[name])) for name in names if line.get(name) not in (None, "")),
            tuple("" if line[name] is None else f"{line[name]:g}" for name in figures),
        )
        for line in totals
    ]
    titles = {
        "observations": context.tell("Figures"),
        "missing": context.tell("Missing"),
        "sum": context.tell("Sum"),
        "total": context.tell("Sum"),
        "value": context.tell("Sum"),
    }
    table = html.Table(
        context.tell("Control totals, to compare with your own"),
        context.tell("What"),
        [titles[name] for name in figures],
        rows,
        numbers=frozenset(range(len(figures))),
    )
    summary = context.many("{n} control total", "{n} control totals", len(totals))
    return html.Markup("<details><summary>{}</summary>{}</details>").format(summary, table)


# ------------------------------------------------------------------------------------------------------------ deciding


def _offer_decision(context: PageContext, entry: Entry) -> None:
    from pipelines.submissions import service

    layout.show_heading(context.tell("Decide"))
    layout.put_html(
        html.Markup("<p>{}</p>").format(
            context.tell(
                "{who} sent this return. If you approve it, it counts from the next refresh. If you return it, it "
                "goes back to its sender with your comment.",
                who=entry.row.sender,
            )
        )
    )
    with st.form(key="answer.decide", border=True):
        comment = st.text_area(context.tell("Comment (needed to return it)"), key="decide.comment").strip()
        with st.container(horizontal=True):
            yes = entry.may_approve and st.form_submit_button(context.tell("Approve"), type="primary")
            back = entry.may_give_back and st.form_submit_button(context.tell("Return to its sender"))
    if yes:
        try_action(
            context,
            lambda: service.approve_submission(context.desk, context.who, entry.submission_id, comment=comment or None),
            context.tell("Approved. It counts from the next refresh on."),
        )
    elif back and not comment:
        st.error(context.tell("Explain in the comment why you return it."), icon=None)
    elif back:
        try_action(
            context,
            lambda: service.give_back(context.desk, context.who, entry.submission_id, comment),
            context.tell("Returned to its sender with your comment."),
        )


def _offer_override(context: PageContext, entry: Entry) -> None:
    from pipelines.submissions import service

    with st.expander(context.tell("Override as steward")):
        layout.put_html(
            html.Markup("<p>{}</p>").format(
                context.tell(
                    "Use this only if no second person in the office can decide. Your name and your comment will "
                    "always be shown with this return."
                )
            )
        )
        with st.form(key="answer.override", border=False):
            comment = st.text_area(context.tell("Why it cannot wait for the office"), key="override.comment").strip()
            is_submitted = st.form_submit_button(context.tell("Approve by override"))
        if is_submitted and not comment:
            st.error(context.tell("Give a reason first. It is saved and shown."), icon=None)
        elif is_submitted:
            try_action(
                context,
                lambda: service.approve_submission(
                    context.desk, context.who, entry.submission_id, comment=comment, override=True
                ),
                context.tell("Approved by override. Your comment is shown with it."),
            )


# ----------------------------------------------------------------------------------------------------------- replacing


def _offer_replacement(context: PageContext) -> None:
    with st.expander(context.tell("Replace this return")):
        layout.put_html(
            html.Markup("<p>{}</p><p>{}</p>").format(
                context.tell(
                    "Upload the corrected file. It is recognised by its form and period, compared with this one "
                    "figure by figure, and replaces it once approved. This one stays in the history."
                ),
                html.render_link(context.tell("Upload a corrected return"), "upload"),
            )
        )
