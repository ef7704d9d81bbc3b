"""Approve: what waits for this person's decision, and for the steward what waits for anybody's."""

from __future__ import annotations

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards.portal_pages import returns


def show() -> None:
    """The page."""
    from pipelines.submissions import service

    here = portal_entry.enter_page()
    layout.title(
        here.tell("Approve"),
        here.tell(
            "Returns that colleagues have sent. Open one to see its validation report, changes and explanations, "
            "and decide there. Somebody else decides on the returns that you sent."
        ),
    )
    waiting = service.submissions(here.desk, here.who, states=["sent"])
    mine = [one for one in waiting if one.may_approve]
    others = [one for one in waiting if not one.may_approve and not one.mine]
    own = [one for one in waiting if one.mine]
    if mine:
        layout.put(
            returns.table(
                here, mine, here.many("{n} return is waiting for you", "{n} returns are waiting for you", len(mine))
            )
        )
    else:
        layout.put(html.box("good", here.tell("There is nothing for you to decide")))
    if others:
        caption = here.many(
            "{n} return is waiting for the approver of its office",
            "{n} returns are waiting for the approvers of their offices",
            len(others),
        )
        layout.put(returns.table(here, others, caption))
    if own:
        caption = here.many(
            "{n} of your returns is waiting for a colleague",
            "{n} of your returns are waiting for a colleague",
            len(own),
        )
        layout.put(returns.table(here, own, caption))
    layout.end(here)
