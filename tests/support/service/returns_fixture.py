"""Returns of the prosecution service in the states that tests of the offices' pages begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from tests.support.service import portal_fixture

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity

FILENAME = "third.xlsx"
EXPLANATION = "Two large cases were reported in September."


def find_identity(desk: service.Desk, account: str) -> Identity:
    """Return what an account may do."""
    return accounts.get_identity(desk.engine, account)


def upload_draft(
    desk: service.Desk,
    account: str = "al-sender",
    changes: Mapping[str, str | int] = portal_fixture.UNUSUAL,
    filename: str = FILENAME,
) -> str:
    """Upload a return at the desk and return its number; by default it has warnings and no error."""
    uploaded = service.upload_file(desk, find_identity(desk, account), portal_fixture.workbook(changes), filename)
    assert uploaded.submission_id is not None
    return uploaded.submission_id


def send_return(desk: service.Desk) -> str:
    """Upload a return, explain its warnings and send it; return its number."""
    number, who = upload_draft(desk), find_identity(desk, "al-sender")
    service.justify_warnings(desk, who, number, None, "large_case", EXPLANATION)
    service.send_submission(desk, who, number, reason="late_data")
    return number


def approve_return(desk: service.Desk) -> str:
    """Upload, explain, send and approve a return; return its number."""
    number = send_return(desk)
    service.approve_submission(desk, find_identity(desk, "al-approver"), number)
    return number
