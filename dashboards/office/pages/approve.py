"""Show what is waiting for this person's decision, and to the steward everything that is waiting."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.pages import returns
from dashboards.office.requests import Page
from dashboards.office.responses import render_page

router = APIRouter()


@router.get("/approve")
def show_waiting(context: Page) -> Response:
    """Render the page "Approve"."""
    from pipelines.submissions import service

    waiting = service.list_submissions(context.desk, context.who, states=["sent"])
    mine = [entry for entry in waiting if entry.may_approve]
    others = [entry for entry in waiting if not entry.may_approve and not entry.mine]
    own_entries = [entry for entry in waiting if entry.mine]
    withdrawals = service.list_requested_withdrawals(context.desk, context.who)
    captions = (
        (withdrawals, returns.describe_withdrawals(context, len(withdrawals))),
        (mine, context.many("{n} return is waiting for you", "{n} returns are waiting for you", len(mine))),
        (
            others,
            context.many(
                "{n} return is waiting for the approver of its office",
                "{n} returns are waiting for the approvers of their offices",
                len(others),
            ),
        ),
        (
            own_entries,
            context.many(
                "{n} of your returns is waiting for a colleague",
                "{n} of your returns are waiting for a colleague",
                len(own_entries),
            ),
        ),
    )
    return render_page(
        context,
        "approve.html",
        title=context.tell("Approve"),
        lead=context.tell(
            "Returns that colleagues have sent. Open one to see its validation report, changes and explanations, "
            "and decide there. Somebody else decides on the returns that you sent."
        ),
        is_free=not mine and not withdrawals,
        tables=[returns.submissions_table(context, entries, caption) for entries, caption in captions if entries],
    )
