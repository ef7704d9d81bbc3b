"""The history of a check: of two offices of one territory that send records, each sees its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from expectations.judge import History
from pipelines.core import clock
from pipelines.ledger.identity import Grant, Identity
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION, empty_table
from pipelines.submissions.service import uploading

FORMS = {
    name: SimpleNamespace(series=name, jurisdiction="QQ", instrument=instrument)
    for name, instrument in (("QQ-REGISTER", "register"), ("QQ-REQUESTS", "requests"))
}


@pytest.mark.parametrize(
    ("instruments", "visible"),
    [
        (("register",), {"QQ-REGISTER"}),
        (("requests",), {"QQ-REQUESTS"}),
        (("register", "requests"), set(FORMS)),
    ],
)
def test_history_has_only_records_that_the_sender_may_see(
    monkeypatch: pytest.MonkeyPatch, instruments: tuple[str, ...], visible: set[str]
) -> None:
    rows = [dict.fromkeys(CASE_EVENT) | {"jurisdiction": "QQ", "form": name} for name in FORMS]
    history = History(empty_table(OBSERVATION), pl.DataFrame(rows, schema=CASE_EVENT), clock.now())
    monkeypatch.setattr(uploading.checking_history, "gather_history", lambda *_: history)
    desk: Any = SimpleNamespace(home=None, engine=None, registry=SimpleNamespace(forms=FORMS))
    sender = Identity("a", "A", "en", tuple(Grant("submitter", "QQ", name) for name in instruments))
    seen_history = uploading._history_for(desk, sender)(["QQ"])
    assert seen_history is not None and set(seen_history.events["form"]) == visible
