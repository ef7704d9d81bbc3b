"""Small made-up submissions for tests of the ledger: no file is read, no form is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.ledger import facts
from pipelines.ledger.acts import Act, Arrival, Block, CheckResult
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.model import long_tables
from pipelines.submissions import decisions, intake
from pipelines.submissions.accounts import accounts

START = datetime(2026, 2, 10, 9, tzinfo=UTC)


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def home_and_ledger(folder: Path) -> tuple[Home, sa.Engine]:
    home = initialise_home(folder / "home", "demonstration")
    facts.prepare_fact_folders(home)
    engine = open_ledger(home)
    people(engine)
    return home, engine


def people(engine: sa.Engine) -> None:
    """The office that sends, others that approve, and the secretariat's steward."""
    approving = ("secretariat", "chief", *(f"approver-{n}" for n in range(4)))
    made = [accounts.NewAccount("office", "Office", (Grant("submitter", "QQ"),))]
    made += [accounts.NewAccount(name, name, (Grant("approver", "QQ"),)) for name in approving]
    made += [accounts.NewAccount("the-steward", "Steward", (Grant("steward"),))]
    with clock.freeze_time(at(-30)):
        accounts.create_many(engine, made, by=SYSTEM)


def arrival(name: str, days: float = 0, sender: str = "office", content: str | None = None) -> Arrival:
    import hashlib

    sha256 = hashlib.sha256((content or name).encode()).hexdigest()
    return Arrival(sha256, 100, name, sender, at(days), demonstration=True)


def block(period: str = "2025-Q4", jurisdiction: str = "QQ", rows: int = 2) -> Block:
    return Block(jurisdiction, "justice", "QQ-JUSTICE-OFFICE", "Q", period, rows)


def result(
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
        at(days),
        "QQ",
        "justice",
    )


def observations(
    submission_id: str, values: dict[tuple[str, str], float], form: str = "QQ-JUSTICE-OFFICE"
) -> pl.DataFrame:
    """Rows by (period, measure)."""
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


def keep(home: Home, submission_id: str, values: dict[tuple[str, str], float]) -> None:
    facts.keep_reading(
        home, submission_id, observations(submission_id, values), long_tables.empty_table(long_tables.CASE_EVENT), []
    )


def accepted(
    home: Home, engine: sa.Engine, name: str, values: dict[tuple[str, str], float], days: float, kind: str = "full"
) -> str:
    """One submission carried from arrival to acceptance; accepted at `days`."""
    identity = intake.record_arrival(engine, arrival(name, days - 0.5)).submission_id
    keep(home, identity, values)
    periods = sorted({period for period, _ in values})
    intake.record_check(engine, result(identity, *(block(p) for p in periods), kind=kind, days=days - 0.4))
    decisions.send_submission(engine, Act(identity, "office", at(days - 0.3), reason="late_data"))
    decisions.approve_submission(engine, home, Act(identity, "secretariat", at(days)))
    return identity
