"""The export of the ledger reads only what has changed, and writes what a complete export writes."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pipelines.core.home import Home
from pipelines.ledger.acts import Act, Justification
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.export import TABLES, export_ledger, update_export
from pipelines.submissions import decisions, intake
from tests.support.fakes.ledger_fakes import (
    home_and_ledger,
    keep_values,
    make_accepted_submission,
    make_arrival,
    make_block,
    make_check_result,
    time_at,
)

FIGURES: dict[tuple[str, str], float] = {("2025-Q4", "reported"): 3}


def count_fetched_rows(engine: sa.Engine, work: Callable[[], object]) -> Counter[str]:
    """Return how many rows a piece of work fetches, by the first table of each statement."""
    fetched: Counter[str] = Counter()

    def note_rows(connection: sa.Connection, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT") and "count(" not in statement:
            table = statement.partition("FROM ")[2].split()[0]
            fetched[table] += len(connection.connection.cursor().execute(statement, parameters).fetchall())

    sa.event.listen(engine, "before_cursor_execute", note_rows)
    try:
        work()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note_rows)
    return +fetched  # without those of which no row was fetched


def check_same_export(engine: sa.Engine, folder: Path) -> None:
    """Assert that a folder has the bytes that an export to an empty folder writes."""
    with tempfile.TemporaryDirectory(dir=folder) as complete:
        assert not update_export(engine, Path(complete)).is_continued
        for name in TABLES:
            assert (folder / f"{name}.parquet").read_bytes() == (Path(complete) / f"{name}.parquet").read_bytes(), name


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[tuple[Home, sa.Engine, str]]:
    """A ledger with twelve accepted returns that was exported; and the newest return."""
    home, engine = home_and_ledger(tmp_path)
    for number in range(1, 13):
        newest = make_accepted_submission(home, engine, f"{number}", {(f"20{number + 10}-Q4", "reported"): 3}, number)
    assert not update_export(engine, home.gathered).is_continued
    yield home, engine, newest
    engine.dispose()


def test_next_export_reads_only_what_has_changed_and_writes_the_same_bytes(
    exported: tuple[Home, sa.Engine, str],
) -> None:
    home, engine, newest = exported
    update = lambda: update_export(engine, home.gathered)  # noqa: E731
    assert count_fetched_rows(engine, update).total() <= 2  # ends of the audit log
    decisions.withdraw_submission(engine, Act(newest, "chief", time_at(13), "the wrong file", "wrong_return"))
    make_accepted_submission(home, engine, "late", FIGURES, days=14)
    fetched = count_fetched_rows(engine, update)
    # Two submissions, read for their digests and for the export; four and one events; two keys of blocks.
    assert (fetched["submission"], fetched["event"]) == (4, 10)
    assert fetched["block"] == 2 + 2 + 2
    assert fetched["audit"] < 12
    assert update().is_continued
    check_same_export(engine, home.gathered)
    moment = time_at(2.5)
    then = home.root / "then"
    assert export_ledger(engine, then, as_of=moment) == export_ledger(engine, home.gathered, as_of=moment)
    assert not update().is_continued  # the folder has the state of an earlier moment now


# ---------------------------------------------------------------------------------------- late, corrected and withdrawn


class Office:
    """An office that takes one step after another with its returns of three quarters, ten days of work each."""

    def __init__(self, folder: Path) -> None:
        self.home, self.engine = home_and_ledger(folder)
        self.hours = 0
        self.states: dict[str, str] = {}

    def next_day(self) -> float:
        self.hours += 1
        return self.hours / 24

    def take_step(self, step: str, period: int, which: int) -> None:
        """Take a step with the return of a number among those that allow it; do nothing if there is none."""
        if step == "arrive":
            identity = intake.record_arrival(
                self.engine, make_arrival(f"{self.hours}.csv", self.next_day())
            ).submission_id
            self.states[identity] = "received"
            return
        needed = {"check": "received", "refuse": "received", "justify": "checked", "send": "checked",
                  "approve": "sent", "give_back": "sent", "withdraw": "accepted"}[step]  # fmt: skip
        possible = sorted(identity for identity, state in self.states.items() if state == needed)
        if not possible:
            return
        identity = possible[which % len(possible)]
        moment = self.next_day()
        if step in ("check", "refuse"):
            periods = [f"2025-Q{n}" for n in range(max(1, period), period + 2)]
            keep_values(self.home, identity, {(name, "reported"): self.hours for name in periods})
            warnings = (("w" * 16, "plausible.jump"),) if step == "check" else ()
            result = make_check_result(
                identity, *map(make_block, periods), errors=int(step == "refuse"), warnings=warnings, days=moment
            )
            self.states[identity] = intake.record_check(self.engine, result)
        elif step == "justify":
            words = Justification(identity, "real_change", "checked with the source", "office", at=time_at(moment))
            decisions.justify_warnings(self.engine, words)
        elif step == "send":
            words = Justification(identity, "real_change", "checked with the source", "office", at=time_at(moment))
            decisions.justify_warnings(self.engine, words)
            decisions.send_submission(self.engine, Act(identity, "office", time_at(moment), reason="late_data"))
            self.states[identity] = "sent"
        elif step == "approve":
            decisions.approve_submission(self.engine, self.home, Act(identity, "secretariat", time_at(moment)))
            self.states[identity] = "accepted"
        elif step == "give_back":
            decisions.give_back(self.engine, Act(identity, "secretariat", time_at(moment), "please look again"))
            self.states[identity] = "checked"
        else:
            act = Act(identity, "chief", time_at(moment), "the wrong file", "wrong_return")
            decisions.withdraw_submission(self.engine, act)
            self.states[identity] = "withdrawn"


STEPS = ("arrive", "check", "refuse", "justify", "send", "approve", "give_back", "withdraw", "export")
WALKS = st.lists(
    st.tuples(st.sampled_from(("arrive", "check", "send", "approve", *STEPS)), st.integers(1, 3), st.integers(0, 5)),
    min_size=12,
    max_size=60,
)


def take_walk(folder: Path, walk: Sequence[tuple[str, int, int]]) -> None:
    """Take steps, export wherever the walk says, and assert that each export is that from an empty folder."""
    office = Office(folder)
    try:
        for step, period, which in (*walk, ("export", 1, 0)):
            if step != "export":
                office.take_step(step, period, which)
                continue
            event(f"continued: {update_export(office.engine, office.home.gathered).is_continued}")
            check_same_export(office.engine, office.home.gathered)
            assert update_export(office.engine, office.home.gathered).is_continued
        for state in set(office.states.values()):
            event(f"has a return that is {state}")
    finally:
        office.engine.dispose()


@pytest.mark.sampled(turn=4)
@given(walk=WALKS)
@settings(max_examples=15, deadline=None, derandomize=True)
def test_continued_export_equals_one_from_nothing_after_any_acts(walk: list[tuple[str, int, int]]) -> None:
    """Late, corrected, refused, given back and withdrawn returns in any order, with exports in between."""
    with tempfile.TemporaryDirectory() as folder:
        take_walk(Path(folder), walk)


def test_withdrawn_correction_gives_the_earlier_return_its_period_back(tmp_path: Path) -> None:
    home, engine = home_and_ledger(tmp_path)
    first = make_accepted_submission(home, engine, "1", FIGURES, days=1)
    second = make_accepted_submission(home, engine, "2", FIGURES, days=2)
    export_ledger(engine, home.gathered)
    decisions.withdraw_submission(engine, Act(second, "chief", time_at(3), "the wrong file", "wrong_return"))
    assert update_export(engine, home.gathered).is_continued
    blocks = pl.read_parquet(home.gathered / "block.parquet")
    assert blocks["submission_id"].to_list() == [first, second, first]
    check_same_export(engine, home.gathered)


# --------------------------------------------------------------------------------------------------------------- damage


def _exchange_rows(folder: Path) -> None:
    """Replace the exported rows by as many different ones."""
    path = folder / "event.parquet"
    pl.read_parquet(path).with_columns(action=pl.lit("approve")).write_parquet(path)


def _claim_other_end(folder: Path) -> None:
    path = folder / "exported.json"
    note = json.loads(path.read_text(encoding="ascii"))
    path.write_text(json.dumps(note | {"head": [note["head"][0], "0" * 64]}), encoding="ascii")


FAULTS: tuple[Callable[[Path], object], ...] = (
    _exchange_rows,
    _claim_other_end,
    lambda folder: (folder / "exported.json").unlink(),
    lambda folder: (folder / "exported.json").write_text('{"head"', encoding="ascii"),
    lambda folder: (folder / "exported.json").write_text("[]", encoding="ascii"),
    lambda folder: (folder / "block.parquet").write_bytes(b"PAR1"),
    lambda folder: (folder / "submission.parquet").unlink(),
)


@pytest.mark.parametrize("damage", FAULTS)
def test_damaged_export_is_not_continued(
    exported: tuple[Home, sa.Engine, str], damage: Callable[[Path], object]
) -> None:
    home, engine, _ = exported
    damage(home.gathered)
    assert not update_export(engine, home.gathered).is_continued
    check_same_export(engine, home.gathered)


TAMPERING = (
    "update submission set sender = 'other' where submission_id = '{late}'",
    "update block set period = '2024-Q1' where submission_id = '{late}'",
    "delete from block where submission_id = '{late}'",
    "update event set at = '2020-01-01T00:00:00Z' where submission_id = '{late}'",
    "delete from event where event_id = (select max(event_id) from event)",
    "update audit set actor = 'other' where seq = (select max(seq) from audit)",
    "delete from event where submission_id = '{old}' and action = 'check'",
    "delete from block where submission_id = '{other}'",
)


@pytest.mark.parametrize("statement", TAMPERING)
def test_ledger_that_contradicts_its_audit_log_is_exported_from_the_start(
    exported: tuple[Home, sa.Engine, str], statement: str
) -> None:
    """Check each kind of damage; the last one deletes the block of another return of the same quarter."""
    home, engine, newest = exported
    late = make_accepted_submission(home, engine, "late", {("2022-Q4", "reported"): 4}, days=14)
    old = pl.read_parquet(home.gathered / "submission.parquet")["submission_id"][0]
    with open_write_transaction(engine) as connection:
        for name in connection.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars().all():
            connection.exec_driver_sql(f"drop trigger {name}")
        assert connection.exec_driver_sql(statement.format(late=late, old=old, other=newest)).rowcount
    assert not update_export(engine, home.gathered).is_continued
    check_same_export(engine, home.gathered)


def test_export_of_another_ledger_is_not_continued(exported: tuple[Home, sa.Engine, str], tmp_path: Path) -> None:
    home = exported[0]
    second_home, second_engine = home_and_ledger(tmp_path / "other")
    make_accepted_submission(second_home, second_engine, "9", FIGURES, days=1)
    assert not update_export(second_engine, home.gathered).is_continued
    check_same_export(second_engine, home.gathered)


def test_restored_ledger_is_exported_from_the_start(exported: tuple[Home, sa.Engine, str], tmp_path: Path) -> None:
    """Restore an earlier ledger after a later one was exported, and act otherwise from there on."""
    home, engine, _ = exported
    path, copy = home.restricted / "ledger.sqlite", tmp_path / "kept.sqlite"
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    shutil.copyfile(path, copy)
    make_accepted_submission(home, engine, "late", FIGURES, days=14)
    export_ledger(engine, home.gathered)
    engine.dispose()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(copy, path)
    assert not update_export(engine, home.gathered).is_continued
    export_ledger(engine, home.gathered)
    make_accepted_submission(home, engine, "other", FIGURES, days=15)
    assert update_export(engine, home.gathered).is_continued
    check_same_export(engine, home.gathered)


def test_everything_is_read_if_most_has_changed(
    exported: tuple[Home, sa.Engine, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine, _ = exported
    monkeypatch.setattr("pipelines.ledger.export._MOST_CHANGED", 0)
    make_accepted_submission(home, engine, "late", FIGURES, days=14)
    assert not update_export(engine, home.gathered).is_continued
