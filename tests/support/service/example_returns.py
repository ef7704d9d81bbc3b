"""Upload, send and approve returns at the desk, for tests of pages that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from tests.support.service import portal_fixture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.ledger.identity import Identity


def get_identity(desk: service.Desk, account: str) -> Identity:
    """Return the identity of an account with its present grants."""
    return accounts.get_identity(desk.engine, account)


def upload_draft(
    desk: service.Desk,
    account: str = "al-sender",
    changes: Mapping[str, str | int] = portal_fixture.UNUSUAL,
    name: str = "third.xlsx",
) -> str:
    """Upload a return of the prosecution service and return the number of the draft."""
    result = service.upload_file(desk, get_identity(desk, account), portal_fixture.make_workbook(changes), name)
    assert result.submission_id is not None
    return result.submission_id


def send_return(desk: service.Desk) -> str:
    """Upload the unusual return, explain its warnings, send it and return its number."""
    number, sender = upload_draft(desk), get_identity(desk, "al-sender")
    service.justify_warnings(desk, sender, number, None, "large_case", "Two large cases were reported in September.")
    service.send_submission(desk, sender, number, reason="late_data")
    return number


def approve_return(desk: service.Desk) -> str:
    """Send the unusual return, approve it as a second person and return its number."""
    number = send_return(desk)
    service.approve_submission(desk, get_identity(desk, "al-approver"), number)
    return number
