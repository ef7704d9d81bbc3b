"""Small made-up submissions for tests of the ledger, without files or forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.ledger import facts
from pipelines.ledger.acts import Act, Arrival, Block, CheckResult
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.model import long_tables
from pipelines.submissions import decisions, intake
from pipelines.submissions.accounts import accounts
from tests.support.ledger_template import open_prepared_ledger

START = datetime(2026, 2, 10, 9, tzinfo=UTC)


def time_at(days: float) -> datetime:
    return START + timedelta(days=days)


def create_people(engine: sa.Engine) -> None:
    """Create the office that sends, the approvers, and the secretariat's steward."""
    approving = ("secretariat", "chief", *(f"approver-{n}" for n in range(4)))
    new_accounts = [accounts.NewAccount("office", "Office", (Grant("submitter", "QQ"),))]
    new_accounts += [accounts.NewAccount(name, name, (Grant("approver", "QQ"),)) for name in approving]
    new_accounts += [accounts.NewAccount("the-steward", "Steward", (Grant("steward"),))]
    with clock.freeze_time(time_at(-30)):
        accounts.create_many(engine, new_accounts, by=SYSTEM)


def home_and_ledger(folder: Path, prepare: Callable[[sa.Engine], None] = create_people) -> tuple[Home, sa.Engine]:
    """Make a home whose ledger has the accounts that `prepare` creates."""
    home = initialise_home(folder / "home", "demonstration")
    facts.prepare_fact_folders(home)
    return home, open_prepared_ledger(home, prepare)


def make_arrival(name: str, days: float = 0, sender: str = "office", content: str | None = None) -> Arrival:
    import hashlib

    sha256 = hashlib.sha256((content or name).encode()).hexdigest()
    return Arrival(sha256, 100, name, sender, time_at(days), demonstration=True)


def make_block(period: str = "2025-Q4", jurisdiction: str = "QQ", rows: int = 2) -> Block:
    return Block(jurisdiction, "justice", "QQ-JUSTICE-OFFICE", "Q", period, rows)


def make_check_result(
    submission_id: str,
    *blocks: Block,
    errors: int = 0,
    warnings: tuple[tuple[str, str], ...] = (),
    kind: str = "full",
    days: float = 0.1,
    version: str = "1",
) -> CheckResult:
    return CheckResult(
        submission_id,
        "csv",
        "QQ",
        "QQ-JUSTICE-1",
        kind,
        blocks,
        errors,
        warnings,
        0,
        "d" * 64,
        version,
        "h" * 64,
        time_at(days),
        "QQ",
        "justice",
    )


def make_observations(
    submission_id: str, values: dict[tuple[str, str], float], form: str = "QQ-JUSTICE-OFFICE"
) -> pl.DataFrame:
    """Return observation rows from values by (period, measure)."""
    common = {name: "_T" for name, dtype in long_tables.OBSERVATION.items() if dtype == pl.String()}
    rows = [
        {
            **common,
            "territory": "QQ",
            "jurisdiction": "QQ",
            "instrument": "justice",
            "freq": "Q",
            "period": period,
            "period_start": START.date(),
            "period_end": START.date(),
            "measure": measure,
            "value": value,
            "obs_status": "A",
            "form": form,
            "place": "Sheet!B2",
            "submission_id": submission_id,
            "origin_submission_id": submission_id,
        }
        for (period, measure), value in values.items()
    ]
    return pl.DataFrame(rows, schema=long_tables.OBSERVATION)


def keep_values(home: Home, submission_id: str, values: dict[tuple[str, str], float]) -> None:
    facts.keep_reading(
        home,
        submission_id,
        make_observations(submission_id, values),
        long_tables.empty_table(long_tables.CASE_EVENT),
        [],
    )


def make_accepted_submission(
    home: Home, engine: sa.Engine, name: str, values: dict[tuple[str, str], float], days: float, kind: str = "full"
) -> str:
    """Take one submission from arrival to acceptance at `days`, and return its id."""
    identity = intake.record_arrival(engine, make_arrival(name, days - 0.5)).submission_id
    keep_values(home, identity, values)
    periods = sorted({period for period, _ in values})
    intake.record_check(
        engine, make_check_result(identity, *(make_block(p) for p in periods), kind=kind, days=days - 0.4)
    )
    decisions.send_submission(engine, Act(identity, "office", time_at(days - 0.3), reason="late_data"))
    decisions.approve_submission(engine, home, Act(identity, "secretariat", time_at(days)))
    return identity
