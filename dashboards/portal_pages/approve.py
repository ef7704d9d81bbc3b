"""Show what is waiting for this person's decision, and to the steward everything that is waiting."""

from __future__ import annotations

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards.portal_pages import returns


def show() -> None:
    """Render the page "Approve"."""
    from pipelines.submissions import service

    here = portal_entry.enter_page()
    layout.title(
        here.tell("Approve"),
        here.tell(
            "Returns that colleagues have sent. Open one to see its answer, its changes and its explanations, and "
            "decide there. What you sent yourself is decided by somebody else."
        ),
    )
    waiting = service.submissions(here.desk, here.who, states=["sent"])
    mine = [one for one in waiting if one.may_approve]
    others = [one for one in waiting if not one.may_approve and not one.mine]
    own = [one for one in waiting if one.mine]
    if mine:
        layout.put(
            returns.table(here, mine, here.many("{n} return waits for you", "{n} returns wait for you", len(mine)))
        )
    else:
        layout.put(html.box("good", here.tell("Nothing waits for your decision")))
    if others:
        caption = here.many(
            "{n} return waits for the approver of its office",
            "{n} returns wait for the approvers of their offices",
            len(others),
        )
        layout.put(returns.table(here, others, caption))
    if own:
        caption = here.many(
            "{n} return of yours waits for a colleague", "{n} returns of yours wait for a colleague", len(own)
        )
        layout.put(returns.table(here, own, caption))
    layout.end(here)
