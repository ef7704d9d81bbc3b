"""Digests of facts: recorded at approval, chained into the audit log, compared with the files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.core.home import Home
from pipelines.ledger import audit_log, database, facts, migrations
from pipelines.ledger.acts import Act, CheckResult
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.transitions import TransitionError
from pipelines.ledger.verification import verify_ledger
from pipelines.model import long_tables
from pipelines.refresh import integrity
from pipelines.submissions import decisions, intake, waiting_checks
from tests.support.fakes.ledger_fakes import (
    home_and_ledger,
    keep_values,
    make_accepted_submission,
    make_arrival,
    make_block,
    make_check_result,
    make_observations,
    time_at,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[tuple[Home, sa.Engine]]:
    home, engine = home_and_ledger(tmp_path)
    yield home, engine
    engine.dispose()


def _rows(engine: sa.Engine) -> list[tuple[str, str, str, int]]:
    with engine.connect() as connection:
        query = "select submission_id, facts_table, sha256, size from fact_file order by 1, 2"
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_approve_records_digest_and_size_of_each_facts_file(tmp_path: Path, database: str) -> None:
    home, engine = home_and_ledger(tmp_path)
    identity = make_accepted_submission(home, engine, "q.csv", {("2025-Q4", "reported"): 3}, days=1)
    data = (home.facts / "observation" / f"{identity}.parquet").read_bytes()
    assert _rows(engine) == [(identity, "observation", hashlib.sha256(data).hexdigest(), len(data))]
    entry = [e for e in audit_log.list_entries(engine, subject=identity) if e["action"] == "facts.accept"]
    assert [(e["actor"], e["at"]) for e in entry] == [("secretariat", "2026-02-11T09:00:00Z")]
    assert verify_ledger(engine, home=home).good
    assert integrity.check_facts(home, engine) == []
    engine.dispose()


def test_approve_records_each_table_of_a_register(ledger: tuple[Home, sa.Engine]) -> None:
    home, engine = ledger
    identity = intake.record_arrival(engine, make_arrival("register.csv")).submission_id
    event = dict.fromkeys(long_tables.CASE_EVENT) | {"submission_id": identity, "period": "2025-Q4"}
    events = pl.DataFrame([event], schema=long_tables.CASE_EVENT)
    facts.keep_reading(home, identity, make_observations(identity, {("2025-Q4", "reported"): 3}), events, [])
    intake.record_check(engine, make_check_result(identity, make_block()))
    decisions.send_submission(engine, Act(identity, "office", time_at(0.2)))
    decisions.approve_submission(engine, home, Act(identity, "secretariat", time_at(1)))
    assert [row[1] for row in _rows(engine)] == ["case_event", "observation"]
    assert verify_ledger(engine).good
    (home.facts / "case_event" / f"{identity}.parquet").unlink()
    assert [d.submission_id for d in integrity.check_facts(home, engine)] == [identity]


def test_approve_that_fails_records_no_digest(ledger: tuple[Home, sa.Engine]) -> None:
    home, engine = ledger
    identity = intake.record_arrival(engine, make_arrival("q.csv")).submission_id
    keep_values(home, identity, {("2025-Q4", "reported"): 3})
    intake.record_check(engine, make_check_result(identity, make_block()))
    with pytest.raises(TransitionError):
        decisions.approve_submission(engine, home, Act(identity, "secretariat", time_at(1)))
    assert _rows(engine) == []


def _flip_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _add_file(path: Path) -> None:
    planted = path.parent.with_name("case_event") / path.name
    planted.write_bytes(path.read_bytes())


def _raise_values(path: Path) -> None:
    """Write a valid Parquet file with other figures, as in deliberate tampering."""
    pl.read_parquet(path).with_columns(pl.col("value") + 100).write_parquet(path)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (_flip_bit, "not those that were approved"),
        (_raise_values, "not those that were approved"),
        (lambda path: path.write_bytes(path.read_bytes()[:100]), "not those that were approved"),
        (Path.unlink, "are missing"),
        (_add_file, "no approval recorded"),
    ],
    ids=["one bit", "other values", "cut", "deleted", "added"],
)
@pytest.mark.parametrize("which", ["current", "replaced"])
def test_check_facts_names_the_return_of_a_damaged_file(
    ledger: tuple[Home, sa.Engine], which: str, fault: Callable[[Path], None], words: str
) -> None:
    home, engine = ledger
    first = make_accepted_submission(home, engine, "first.xlsx", {("2025-Q3", "reported"): 3}, days=1)
    second = make_accepted_submission(home, engine, "second.xlsx", {("2025-Q3", "reported"): 4}, days=2)
    identity, name = (second, "second.xlsx") if which == "current" else (first, "first.xlsx")
    fault(home.facts / "observation" / f"{identity}.parquet")
    damages = integrity.check_facts(home, engine)
    assert [(d.kind, d.submission_id) for d in damages] == [("facts", identity)]
    message = damages[0].message
    assert words in message
    for part in (identity, name, "QQ", "QQ-JUSTICE-1", "2025-Q3", str(damages[0].file)):
        assert part in message
    with pytest.raises(integrity.IntegrityError, match=identity):
        integrity.require_intact_inputs(home)


def test_verify_ledger_finds_altered_digest_row(ledger: tuple[Home, sa.Engine]) -> None:
    home, engine = ledger
    identity = make_accepted_submission(home, engine, "q.csv", {("2025-Q4", "reported"): 3}, days=1)
    path = home.facts / "observation" / f"{identity}.parquet"
    _raise_values(path)
    data = path.read_bytes()
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), open_write_transaction(engine) as connection:
        connection.exec_driver_sql("delete from fact_file")
    forged = f"update fact_file set sha256 = '{hashlib.sha256(data).hexdigest()}', size = {len(data)}"
    with open_write_transaction(engine) as connection:
        connection.exec_driver_sql("drop trigger fact_file_no_update")
        connection.exec_driver_sql(forged)
    assert integrity.check_facts(home, engine) == []
    assert [f.localize_message() for f in verify_ledger(engine).faults] == [
        f"The recorded digests of the facts of {identity} are not those in entry "
        f"{_entry_of(engine, identity)} of the audit log: they were changed."
    ]


def _entry_of(engine: sa.Engine, identity: str) -> int:
    return next(
        int(e["seq"]) for e in audit_log.list_entries(engine, subject=identity) if e["action"].startswith("facts.")
    )


def test_approve_of_reading_changed_after_check_raises(ledger: tuple[Home, sa.Engine]) -> None:
    home, engine = ledger
    identity = intake.record_arrival(engine, make_arrival("q.csv")).submission_id
    keep_values(home, identity, {("2025-Q4", "reported"): 3})
    digests = waiting_checks.fact_digests.reading_digests(home, identity)
    path = home.facts / "waiting" / "observation" / f"{identity}.parquet"
    assert digests == {"observation": hashlib.sha256(path.read_bytes()).hexdigest()}
    checked = make_check_result(identity, make_block())
    intake.record_check(engine, type(checked)(**{**_fields(checked), "reading": digests}))
    decisions.send_submission(engine, Act(identity, "office", time_at(0.2)))
    original = path.read_bytes()
    _raise_values(path)
    with pytest.raises(TransitionError, match=f"What was read from {identity} has changed on the disk"):
        decisions.approve_submission(engine, home, Act(identity, "secretariat", time_at(1)))
    path.write_bytes(original)
    decisions.approve_submission(engine, home, Act(identity, "secretariat", time_at(1)))


def _fields(checked: CheckResult) -> dict[str, object]:
    return {name: getattr(checked, name) for name in checked.__dataclass_fields__}


# ------------------------------------------------------------------------------------------------------------ migration


@pytest.fixture
def older_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, list[str]]:
    """Home with a ledger of revision 0003, three accepted returns, and the facts of one of them missing."""
    home, engine = home_and_ledger(tmp_path)
    ids = [
        make_accepted_submission(home, engine, f"{n}.csv", {(f"2025-Q{n}", "reported"): float(n)}, days=n)
        for n in (1, 2, 3)
    ]
    engine.dispose()
    # Remove what the revisions from 0004 on added, so that opening runs them.
    raw = database.engine_of(home.ledger_url)
    with open_write_transaction(raw) as connection:
        for statement in (
            "drop trigger audit_no_delete",
            "delete from audit where action like 'facts.%'",
            "drop table fact_file",
            "drop table web_session",
            "drop table expert_link",
            "drop table expert",
            "drop index ix_audit_subject",
            "update alembic_version set version_num = '0003'",
        ):
            connection.exec_driver_sql(statement)
        rows = connection.exec_driver_sql(
            "select seq, at, actor, action, subject, detail from audit order by seq"
        ).all()
        connection.exec_driver_sql("delete from audit")
        previous = audit_log.ZEROS
        for seq, row in enumerate(rows, start=1):
            hashed = audit_log.hash_entry(seq, *row[1:], previous)
            connection.exec_driver_sql(
                "insert into audit values (?, ?, ?, ?, ?, ?, ?, ?)", (seq, *row[1:], previous, hashed)
            )
            previous = hashed
    raw.dispose()
    (home.facts / "observation" / f"{ids[2]}.parquet").unlink()
    return home, ids


def test_open_ledger_of_older_revision_records_present_facts(older_ledger: tuple[Home, list[str]]) -> None:
    home, ids = older_ledger
    engine = open_ledger(home)
    adopted = [e for e in audit_log.list_entries(engine) if e["action"].startswith("facts.")]
    assert adopted[0]["action"] == "facts.begin"
    assert adopted[0]["detail"] == {"missing": [ids[2]], "submissions": 2}
    assert {(e["action"], e["subject"], e["actor"]) for e in adopted[1:]} == {
        ("facts.adopt", ids[0], "system"), ("facts.adopt", ids[1], "system")
    }  # fmt: skip
    assert verify_ledger(engine, home=home).good
    assert [d.submission_id for d in integrity.check_facts(home, engine)] == [ids[2]]
    _raise_values(home.facts / "observation" / f"{ids[0]}.parquet")
    assert {d.submission_id for d in integrity.check_facts(home, engine)} == {ids[0], ids[2]}
    engine.dispose()
    reopened = open_ledger(home)
    assert len([e for e in audit_log.list_entries(reopened) if e["action"] == "facts.begin"]) == 1
    reopened.dispose()
    assert migrations.HEAD == "0006"
