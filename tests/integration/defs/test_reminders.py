"""The daily job and its schedule, on a small home."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from pipelines.core.home import initialise_home
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import notices
from pipelines.submissions.accounts import accounts


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """The ledger of a home whose one office has a return that is due."""
    for name in ("RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RTI_NOW", "2026-11-11T06:00:00Z")
    home = initialise_home(tmp_path / "home", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    engine = open_ledger(home)
    accounts.create_account(engine, "al-office", "Office", grants=[Grant("submitter", "AL")], by=SYSTEM)
    return engine


def run_reminders(day: str) -> None:
    from pipelines.defs.home import HomeResource
    from pipelines.defs.reminders import reminders

    assert reminders.execute_in_process(resources={"home": HomeResource()}, partition_key=day).success


def test_daily_job_reminds_once_and_sends(engine: sa.Engine, tmp_path: Path) -> None:
    from pipelines.defs.partitions import DAYS

    for _ in range(2):
        run_reminders(DAYS.get_last_partition_key())
    assert [(n.kind, n.state) for n in notices.list_notices(engine)] == [("reminder", "sent")]
    assert len(list((tmp_path / "home" / "restricted" / "outbox").glob("*.eml"))) == 1


def test_run_for_a_past_day_reminds_nobody(engine: sa.Engine, tmp_path: Path) -> None:
    from pipelines.defs.partitions import DAYS

    for day in DAYS.get_partition_keys()[-4:-1]:
        run_reminders(day)
    assert notices.list_notices(engine) == []
    assert not list((tmp_path / "home" / "restricted" / "outbox").glob("*.eml"))


def test_schedule_requests_the_partition_of_its_day() -> None:
    from pipelines.defs.reminders import daily_reminders

    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 11, 11, 6, tzinfo=UTC))
    request = daily_reminders(context)
    assert isinstance(request, dg.RunRequest)
    assert (request.run_key, request.partition_key) == ("reminders-2026-11-11", "2026-11-11")


def test_days_begin_at_midnight_of_the_region() -> None:
    from pipelines.defs.partitions import DAYS

    late, early = (
        DAYS.get_partition_keys(current_time=datetime(2026, 11, 10, hour, 59, tzinfo=UTC)) for hour in (22, 23)
    )
    assert (late[-1], early[-1]) == ("2026-11-10", "2026-11-11")


def test_schedule_is_part_of_the_code_location() -> None:
    from pipelines.definitions import defs

    definitions = defs()
    assert definitions.get_schedule_def("daily_reminders").job.name == "reminders"
    assert not [key for key in definitions.resolve_all_asset_keys() if key.path[-1] == "QP"]
    assert (
        len([key for key in definitions.resolve_all_asset_keys() if key.path[0] == "returns" and len(key.path) == 2])
        == 7
    )
