"""Tests that a ledger of every earlier revision comes to the newest one with its rows intact.

`tests/golden/ledgers/<revision>.sql` is a dump of a SQLite ledger that the last commit of that revision wrote, by its
own code: accounts, six returns in five states, a corrected one among them, a justification, notices and a token. Only
the receipt and the session on the web were inserted. On PostgreSQL the same rows are put into tables of that revision.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from pipelines.ledger import audit_log, database, migrations, queries
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.opening import open_url
from pipelines.ledger.schema import METADATA
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import intake
from tests.support.fakes.ledger_fakes import create_people, make_arrival
from tests.support.paths import ROOT

DUMPS = ROOT / "tests" / "golden" / "ledgers"
REVISIONS = sorted(path.stem for path in DUMPS.glob("*.sql"))
Rows = Mapping[str, list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("real_migrations")


def read_dump(revision: str) -> Rows:
    """Return the rows of a dump by table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript((DUMPS / f"{revision}.sql").read_text(encoding="utf-8"))
        connection.row_factory = sqlite3.Row
        tables = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
        names = [row["name"] for row in tables if row["name"] != "alembic_version"]
        return {name: [dict(row) for row in connection.execute(f'select * from "{name}"')] for name in names}


def write_sqlite(path: Path, revision: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DUMPS / f"{revision}.sql").read_text(encoding="utf-8"))
    return f"sqlite:///{path}"


def write_postgresql(url: str, revision: str) -> str:
    """Create the tables of a revision and insert the rows of its dump, each table after those that it refers to."""
    engine = database.engine_of(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    rows = read_dump(revision)
    with open_write_transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for table in METADATA.sorted_tables:
            if not rows.get(table.name):
                continue
            reflected = sa.Table(table.name, sa.MetaData(), autoload_with=connection)
            connection.execute(reflected.insert(), [_as_python(reflected, row) for row in rows[table.name]])
        connection.exec_driver_sql("select setval('event_event_id_seq', (select max(event_id) from event))")
    engine.dispose()
    return url


def _as_python(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of SQLite with true, false and JSON as Python has them."""
    values = dict(row)
    for column in table.columns:
        value = values[column.name]
        if value is None:
            values[column.name] = sa.null() if isinstance(column.type, sa.JSON) else None
        elif isinstance(column.type, sa.Boolean):
            values[column.name] = bool(value)
        elif isinstance(column.type, sa.JSON):
            values[column.name] = json.loads(value)
    return values


def read_ledger(engine: sa.Engine, table: str, columns: list[str]) -> list[dict[str, Any]]:
    query = sa.select(*(METADATA.tables[table].c[name] for name in columns))
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def to_text(rows: list[dict[str, Any]], table: str) -> list[str]:
    """Return rows as comparable texts; SQLite keeps JSON as text and truth as a number."""
    declared = METADATA.tables[table]
    texts = []
    for row in rows:
        values = {}
        for name, value in row.items():
            kind = declared.c[name].type
            if isinstance(kind, sa.Boolean) and value is not None:
                value = bool(value)
            elif isinstance(kind, sa.JSON) and isinstance(value, str):
                value = json.loads(value)
            values[name] = value
        texts.append(json.dumps(values, sort_keys=True))
    return sorted(texts)


def test_there_is_a_dump_of_every_earlier_revision() -> None:
    from alembic.script import ScriptDirectory

    folder = Path(migrations.__file__).parent
    every = {script.revision for script in ScriptDirectory(str(folder)).walk_revisions()}
    assert set(REVISIONS) == every - {migrations.HEAD}


@pytest.mark.parametrize("revision", REVISIONS)
def test_ledger_of_earlier_revision_keeps_its_rows(
    revision: str, database: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", "2026-03-25T09:00:00Z")
    if database == "sqlite":
        url = write_sqlite(tmp_path / "ledger.sqlite", revision)
    else:
        url = write_postgresql(request.getfixturevalue("postgres_databases").create_empty(), revision)
    engine = open_url(url)
    before = read_dump(revision)
    assert len(before["submission"]) == 6 and len(before["event"]) == 18
    for table, rows in before.items():
        if not rows:
            continue
        columns = list(rows[0])
        after = to_text(read_ledger(engine, table, columns), table)
        lost = set(to_text(rows, table)) - set(after)
        assert not lost, table
        assert len(after) == len(rows) or table == "audit", table
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select version_num from alembic_version").scalar() == migrations.HEAD
        assert {table for table in METADATA.tables if not sa.inspect(connection).has_table(table)} == set()
    states = sorted(submission.state for submission in queries.list_submissions(engine))
    assert states == ["approved", "approved", "approved", "checked", "received", "refused"]
    assert {row["jurisdiction"] for row in read_ledger(engine, "submission", ["jurisdiction", "state"])} == {"QQ", None}
    assert verify_ledger(engine).faults == ()
    if revision == "0001":
        actions = [entry["action"] for entry in audit_log.list_entries(engine)]
        assert actions[0] == "audit.begin" and len(actions) == 1 + len(before["event"])
    if revision == "0001":  # it had no accounts
        create_people(engine)
    intake.record_arrival(engine, make_arrival("new.csv", 40))
    assert len(queries.list_submissions(engine)) == 7
    assert verify_ledger(engine).faults == ()
    engine.dispose()


def test_interrupted_migration_leaves_the_earlier_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.ledger import audit_digests

    url = write_sqlite(tmp_path / "ledger.sqlite", "0001")

    def stop_migration(_: sa.Connection) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(audit_digests, "adopt_events", stop_migration)
    with pytest.raises(RuntimeError, match="killed"):
        open_url(url)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        assert connection.execute("select version_num from alembic_version").fetchone() == ("0001",)
        names = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    assert "audit" not in names and "submission" in names
    monkeypatch.undo()
    assert len(queries.list_submissions(open_url(url))) == 6
