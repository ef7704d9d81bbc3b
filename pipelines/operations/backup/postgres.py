"""Dump a ledger on PostgreSQL and restore it with PostgreSQL's own programs, `pg_dump` and `pg_restore`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.operations.backup.errors import BackupError

if TYPE_CHECKING:
    import sqlalchemy as sa


@contextmanager
def exported_snapshot(engine: sa.Engine) -> Iterator[str]:
    """Hold a transaction that sees the database as it is now, and yield its name for `pg_dump`."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        yield str(connection.exec_driver_sql("select pg_export_snapshot()").scalar_one())


def dump_database(url: str, target: Path, snapshot: str) -> None:
    """Write the database as a snapshot shows it, in the format of `pg_restore`. Raises BackupError."""
    options = ("--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--file", str(target))
    _run(url, "pg_dump", *options, "--snapshot", snapshot)


def restore_database(url: str, dump: Path) -> None:
    """Fill an empty database from a dump, in one transaction. Raises BackupError."""
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run(url, "pg_restore", *options, "--dbname", _environment(url)["PGDATABASE"], str(dump))


def require_empty_database(url: str) -> None:
    """Raise BackupError unless the database exists and has no table."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        tables = sa.inspect(engine).get_table_names()
    except sa.exc.DatabaseError as error:
        raise BackupError(f"the database {engine.url!r} cannot be opened: {error.orig}; create it first") from error
    if tables:
        raise BackupError(
            f"the database {engine.url!r} is not empty, and nothing is replaced; name an empty one in RTI_LEDGER_URL"
        )


def _run(url: str, program: str, *options: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise BackupError(f"the program {program} is not found; install the client programs of PostgreSQL")
    # The password goes by the environment, because other users can see the options of a process.
    completed = subprocess.run(
        [path, *options], env={**os.environ, **_environment(url)}, capture_output=True, text=True, check=False
    )
    if completed.returncode:
        lines = completed.stderr.strip().splitlines() or ["no message"]
        raise BackupError(f"{program} failed: {lines[0]}")


def _environment(url: str) -> dict[str, str]:
    import sqlalchemy as sa

    parsed = sa.engine.make_url(url)
    values = {
        "PGHOST": parsed.host,
        "PGPORT": str(parsed.port) if parsed.port else None,
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
        "PGDATABASE": parsed.database,
    }
    return {name: str(value) for name, value in values.items() if value}
