"""Show what is waiting for this person's decision, and to the steward everything that is waiting."""

from __future__ import annotations

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards.portal_pages import returns


def render_page() -> None:
    """Render the page "Approve"."""
    from pipelines.submissions import service

    context = portal_entry.enter_page()
    layout.show_title(
        context.tell("Approve"),
        context.tell(
            "Returns that colleagues have sent. Open one to see its answer, its changes and its explanations, and "
            "decide there. What you sent yourself is decided by somebody else."
        ),
    )
    waiting = service.submissions(context.desk, context.who, states=["sent"])
    mine = [entry for entry in waiting if entry.may_approve]
    others = [entry for entry in waiting if not entry.may_approve and not entry.mine]
    own_entries = [entry for entry in waiting if entry.mine]
    if mine:
        layout.put_html(
            returns.submissions_table(
                context, mine, context.many("{n} return waits for you", "{n} returns wait for you", len(mine))
            )
        )
    else:
        layout.put_html(html.render_box("good", context.tell("Nothing waits for your decision")))
    if others:
        caption = context.many(
            "{n} return waits for the approver of its office",
            "{n} returns wait for the approvers of their offices",
            len(others),
        )
        layout.put_html(returns.submissions_table(context, others, caption))
    if own_entries:
        caption = context.many(
            "{n} return of yours waits for a colleague", "{n} returns of yours wait for a colleague", len(own_entries)
        )
        layout.put_html(returns.submissions_table(context, own_entries, caption))
    layout.end_page(context)
