"""The export of the ledger reads only new events, and writes what a complete export writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.core.home import Home
from pipelines.ledger.acts import Act
from pipelines.ledger.export import TABLES, export_ledger
from pipelines.submissions import decisions
from tests.support.fakes.ledger_fakes import home_and_ledger, make_accepted_submission, time_at

FIGURES: dict[tuple[str, str], float] = {("2025-Q4", "reported"): 3}


def count_read_events(engine: sa.Engine, work: Callable[[], object]) -> int:
    """Return how many rows of the table of events a piece of work fetches."""
    row_counts = []

    def note_rows(_: object, cursor: sa.Connection, statement: str, parameters: Any, *more: object) -> None:
        if "FROM event" in statement and "payload" in statement:
            with sa.create_engine(engine.url).connect() as connection:
                row_counts.append(len(connection.exec_driver_sql(statement, parameters).all()))

    sa.event.listen(engine, "before_cursor_execute", note_rows)
    try:
        work()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note_rows)
    return sum(row_counts)


def count_events(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("select count(*) from event").scalar_one())


def check_same_export(engine: sa.Engine, folder: Path, complete: Path) -> None:
    """Assert that a folder has the bytes that an export to an empty folder writes."""
    export_ledger(engine, complete)
    for name in TABLES:
        assert (folder / f"{name}.parquet").read_bytes() == (complete / f"{name}.parquet").read_bytes(), name


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Home, sa.Engine, str]:
    """A ledger with two accepted returns that was exported; and the second return."""
    home, engine = home_and_ledger(tmp_path)
    make_accepted_submission(home, engine, "1", FIGURES, days=1)
    second = make_accepted_submission(home, engine, "2", FIGURES, days=2)
    export_ledger(engine, home.gathered)
    return home, engine, second


def test_next_export_reads_only_new_events_and_writes_the_same_bytes(
    exported: tuple[Home, sa.Engine, str], tmp_path: Path
) -> None:
    home, engine, second = exported
    n_before = count_events(engine)
    assert count_read_events(engine, lambda: export_ledger(engine, home.gathered)) == 0
    decisions.withdraw_submission(engine, Act(second, "chief", time_at(3), "the wrong file", "wrong_return"))
    make_accepted_submission(home, engine, "3", FIGURES, days=4)
    n_new = count_events(engine) - n_before
    assert n_new > 3
    assert count_read_events(engine, lambda: export_ledger(engine, home.gathered)) == n_new
    check_same_export(engine, home.gathered, tmp_path / "complete")
    moment = time_at(2.5)
    assert export_ledger(engine, tmp_path / "then", as_of=moment) == export_ledger(engine, home.gathered, as_of=moment)


def _exchange_rows(folder: Path) -> None:
    """Replace the exported rows by as many different ones."""
    path = folder / "event.parquet"
    pl.read_parquet(path).with_columns(action=pl.lit("approve")).write_parquet(path)


def _claim_other_end(folder: Path) -> None:
    path = folder / "event.json"
    note = json.loads(path.read_text(encoding="ascii"))
    path.write_text(json.dumps(note | {"head": [note["head"][0], "0" * 64]}), encoding="ascii")


FAULTS: tuple[Callable[[Path], object], ...] = (
    _exchange_rows,
    _claim_other_end,
    lambda folder: (folder / "event.json").unlink(),
    lambda folder: (folder / "event.json").write_text('{"sha256"', encoding="ascii"),
    lambda folder: (folder / "event.json").write_text("[]", encoding="ascii"),
    lambda folder: (folder / "event.parquet").write_bytes(b"PAR1"),
)


@pytest.mark.parametrize("damage", FAULTS)
def test_damaged_export_is_not_continued(
    exported: tuple[Home, sa.Engine, str], tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    home, engine, _ = exported
    damage(home.gathered)
    assert count_read_events(engine, lambda: export_ledger(engine, home.gathered)) == count_events(engine)
    check_same_export(engine, home.gathered, tmp_path / "complete")


def test_export_of_another_ledger_is_not_continued(exported: tuple[Home, sa.Engine, str], tmp_path: Path) -> None:
    """Export a ledger of as many events, and one that lost an event, to the folder of an earlier export."""
    home, engine, _ = exported
    second_home, second_engine = home_and_ledger(tmp_path / "other")
    make_accepted_submission(second_home, second_engine, "9", FIGURES, days=1)
    make_accepted_submission(second_home, second_engine, "8", FIGURES, days=3)
    assert count_events(second_engine) == count_events(engine)
    export_ledger(second_engine, home.gathered)
    check_same_export(second_engine, home.gathered, tmp_path / "complete")
    with second_engine.begin() as connection:
        for name in connection.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars().all():
            connection.exec_driver_sql(f"drop trigger {name}")
        connection.exec_driver_sql("delete from event where event_id = 2")
    export_ledger(second_engine, home.gathered)
    check_same_export(second_engine, home.gathered, tmp_path / "complete without an event")
