"""Serve the links of letters to experts: show, confirm, export and erase one entry without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pipelines.core.i18n import mark
from pipelines.ledger import clock_guard
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import SYSTEM
from pipelines.submissions.experts import links, store
from pipelines.submissions.experts.model import Expert, ExpertError
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.submissions.experts.store import ExpertRow

Problem = Literal["cut", "unknown", "used", "expired"]
_TEXTS: dict[Problem, str] = {
    "cut": mark("The link is not complete. Copy the whole link from the message."),
    "unknown": mark("This link is not known, or the entry was deleted. Ask the secretariat if you need a new one."),
    "used": mark("This link has been used. The email of the next quarter has a new one."),
    "expired": mark("This link is too old. The email of this quarter has a new one."),
}


class ExpertLinkError(ExpertError):
    """A link of a letter opens nothing. `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(_TEXTS[problem])
        self.problem = problem


def open_expert_link(desk: Desk, token: str) -> Expert:
    """Return the entry that a link opens; the link is not used up. Raises ExpertLinkError."""
    with open_read_transaction(desk.engine) as connection:
        return _find(connection, token).expert


def confirm_by_link(desk: Desk, token: str) -> None:
    """Confirm the entry of a link, which is used up. Raises ExpertLinkError, ClockSetBackError."""
    with open_write_transaction(desk.engine) as connection:
        clock_guard.refuse_clock_set_back(connection)
        row = _find(connection, token)
        store.confirm_expert(connection, row.expert.expert_id)
        store.record_act(connection, SYSTEM, store.CONFIRMED, row.expert.expert_id, {"by": "link"})


def erase_by_link(desk: Desk, token: str) -> None:
    """Erase the entry of a link. Raises ExpertLinkError, ClockSetBackError."""
    with open_write_transaction(desk.engine) as connection:
        clock_guard.refuse_clock_set_back(connection)
        row = _find(connection, token)
        store.delete_expert(connection, row.expert.expert_id)
        store.record_act(connection, SYSTEM, "experts.erase", store.SUBJECT, {"because": "link"})
    store.empty_log_of_database(desk.engine)


def export_by_link(desk: Desk, token: str) -> dict[str, Any]:
    """Return everything that is held on the person of a link. Raises ExpertLinkError."""
    with open_read_transaction(desk.engine) as connection:
        return store.export_row(connection, _find(connection, token))


def _find(connection: sa.Connection, token: str) -> ExpertRow:
    if not links.is_whole(token):
        raise ExpertLinkError("cut")
    row = store.find_linked(connection, token)
    if isinstance(row, str):
        raise ExpertLinkError(row)
    return row
