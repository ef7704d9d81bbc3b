"""The offices' pages of an empty home, with people for the law of some territories and of the region."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.service.office_client import Office, open_office

PEOPLE = {
    "me-lawyer": (Grant("submitter", "ME", "legislation"),),
    "me-judge": (Grant("approver", "ME", "legislation"),),
    "rs-lawyer": (Grant("submitter", "RS", "legislation"), Grant("approver", "RS", "legislation")),
    "state-lawyer": (Grant("submitter", "BA_STATE", "legislation"),),
    "ba-lawyer": (Grant("submitter", "BA"), Grant("submitter", "BA_STATE")),
    "region-lawyer": (Grant("submitter", "*", "legislation"),),
    "region-judge": (Grant("approver", "*", "legislation"),),
}


@contextmanager
def open_law_office(folder: Path) -> Iterator[Office]:
    """Run the pages."""
    new = [accounts.NewAccount(name, name, grants) for name, grants in PEOPLE.items()]
    home, _ = home_and_ledger(folder, lambda engine: accounts.create_many(engine, new, by=SYSTEM))
    with pytest.MonkeyPatch.context() as patch, open_office(home, patch) as opened:
        yield opened
