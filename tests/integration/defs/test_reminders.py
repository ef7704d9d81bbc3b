"""The daily job and its schedule, on a small home."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.core.home import initialise_home
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import notices
from pipelines.submissions.accounts import accounts


def test_daily_job_reminds_once_and_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dagster as dg

    from pipelines.defs.home import HomeResource
    from pipelines.defs.reminders import daily_reminders, reminders

    for name in ("RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RTI_NOW", "2026-11-11T06:00:00Z")
    home = initialise_home(tmp_path / "home", "demonstration")
    engine = open_ledger(home)
    accounts.create_account(engine, "al-office", "Office", grants=[Grant("submitter", "AL")], by=SYSTEM)
    resources = {"home": HomeResource(root=str(home.root))}
    for _ in range(2):
        assert reminders.execute_in_process(resources=resources).success
    assert [(n.kind, n.state) for n in notices.list_notices(engine)] == [("reminder", "sent")]
    assert len(list((home.restricted / "outbox").glob("*.eml"))) == 1

    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 11, 11, 6, tzinfo=UTC))
    request = daily_reminders(context)
    assert isinstance(request, dg.RunRequest) and request.run_key == "reminders-2026-11-11"


def test_schedule_is_part_of_the_code_location() -> None:
    from pipelines.definitions import defs

    definitions = defs()
    assert definitions.get_schedule_def("daily_reminders").job.name == "reminders"
    assert not [key for key in definitions.resolve_all_asset_keys() if key.path[-1] == "QP"]
    assert (
        len([key for key in definitions.resolve_all_asset_keys() if key.path[0] == "returns" and len(key.path) == 2])
        == 7
    )
