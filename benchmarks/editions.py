"""Give a built home a history of several editions of every return, without reading any: `… HOME TIMES`.

Each return is repeated so many times, each time some minutes earlier, with facts, blocks and events of its own. The
newest edition stays the one that counts, so every figure stays the same and only the history is longer.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.ledger import facts
from pipelines.ledger.database import sqlite_path
from pipelines.refresh import due

TABLES = ("submission", "block", "event", "justification", "fact_file")
_MOMENTS = ("received_at", "accepted_at", "at")


def add_editions(home: Home, times: int) -> int:
    """Add earlier editions until there are `times` of each return; return how many returns there are then."""
    path = sqlite_path(home.ledger_url)
    if path is None:
        raise ValueError("editions can be added to a ledger in SQLite only")
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {table: [dict(row) for row in connection.execute(f"select * from {table}")] for table in TABLES}
        for number in range(1, times):
            for table in TABLES:
                for row in rows[table]:
                    _insert(connection, table, _move_row(home, table, row, number))
        connection.commit()
        n_returns = int(connection.execute("select count(*) from submission").fetchone()[0])
        last = int(connection.execute("select max(event_id) from event").fetchone()[0])
    due.mark_gathered(home, last)
    due.mark_refreshed(home)
    return n_returns


def _move_row(home: Home, table: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a row of an earlier edition; for a file of facts, write the file too."""
    moved = dict(row)
    for name in ("submission_id", "corrects_submission_id"):
        if moved.get(name):
            moved[name] = name_edition(moved[name], number)
    for name in _MOMENTS:
        if moved.get(name):
            moment = clock.parse_time(moved[name]) - timedelta(minutes=number)
            moved[name] = clock.format_timestamp(moment)
    moved.pop("event_id", None)
    if table == "fact_file":
        source = facts.path_of(home, row["facts_table"], row["submission_id"])
        target = facts.path_of(home, row["facts_table"], moved["submission_id"])
        pl.read_parquet(source).with_columns(submission_id=pl.lit(moved["submission_id"])).write_parquet(target)
        moved |= {"sha256": hashlib.sha256(target.read_bytes()).hexdigest(), "size": target.stat().st_size}
    return moved


def name_edition(submission_id: str, number: int) -> str:
    """Return the id of an earlier edition."""
    return "S" + hashlib.sha256(f"{submission_id} {number}".encode()).hexdigest()[:15]


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"insert into {table} ({names}) values ({marks})", tuple(row.values()))


if __name__ == "__main__":
    print(add_editions(open_home(Path(sys.argv[1])), int(sys.argv[2])))
