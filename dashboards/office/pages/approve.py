"""Show what is waiting for this person's decision, and to the steward everything that is waiting."""

from __future__ import annotations

from dashboards.office import access, html, layout
from dashboards.office.pages import returns


def render_page() -> None:
    """Render the page "Approve"."""
    from pipelines.submissions import service

    context = access.enter_page()
    layout.show_title(
        context.tell("Approve"),
        context.tell(
            "Returns that colleagues have sent. Open one to see its validation report, changes and explanations, "
            "and decide there. Somebody else decides on the returns that you sent."
        ),
    )
    waiting = service.list_submissions(context.desk, context.who, states=["sent"])
    mine = [entry for entry in waiting if entry.may_approve]
    others = [entry for entry in waiting if not entry.may_approve and not entry.mine]
    own_entries = [entry for entry in waiting if entry.mine]
    if mine:
        layout.put_html(
            returns.submissions_table(
                context,
                mine,
                context.many("{n} return is waiting for you", "{n} returns are waiting for you", len(mine)),
            )
        )
    else:
        layout.put_html(html.render_box("good", context.tell("There is nothing for you to decide")))
    if others:
        caption = context.many(
            "{n} return is waiting for the approver of its office",
            "{n} returns are waiting for the approvers of their offices",
            len(others),
        )
        layout.put_html(returns.submissions_table(context, others, caption))
    if own_entries:
        caption = context.many(
            "{n} of your returns is waiting for a colleague",
            "{n} of your returns are waiting for a colleague",
            len(own_entries),
        )
        layout.put_html(returns.submissions_table(context, own_entries, caption))
    layout.end_page(context)
