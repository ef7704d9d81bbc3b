"""A PostgreSQL for the tests of the ledger: find Debian's, install it as root if missing, start one for a session.

Run as `python -m tests.support.postgres` by `make test`, to check the package. Exits with 1 and the command to run
otherwise.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.ports import free_port

if TYPE_CHECKING:
    import sqlalchemy as sa

USER = "postgres"
_LONGEST = 60
"""Seconds that one step of the server may take."""
_MOST_DELETED = 1024**2
"""Bytes of tables that are emptied by deleting rows. Rows that were deleted keep their space, so fuller tables are
truncated, which takes ten times as long: each gets new files."""

_END_OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""
_RESTART_SEQUENCES = """
select setval((quote_ident(schemaname) || '.' || quote_ident(sequencename))::regclass, start_value, false)
from pg_sequences where last_value is not null
"""


def find_programs() -> Path | None:
    """Return the folder of the server's programs: `RTI_POSTGRES_BIN`, else Debian's newest, else that on the path."""
    if configured := os.environ.get("RTI_POSTGRES_BIN"):
        return Path(configured)
    debian = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    if debian:
        return max(debian, key=lambda p: int(p.parent.name) if p.parent.name.isdecimal() else 0)
    on_path = shutil.which("pg_ctl")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """A server on loopback with a folder of its own, which tests may stop and start."""

    def __init__(self, programs: Path, folder: Path, port: int, *, is_durable: bool) -> None:
        self._programs, self._folder = programs, folder
        self.address = f"postgresql+psycopg://{USER}@127.0.0.1:{port}"
        self._options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        self._options += " -c max_connections=60"
        if not is_durable:
            self._options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"

    def start_server(self) -> None:
        """Start the server and wait until it accepts connections."""
        command = (self._programs / "pg_ctl", "-D", self._folder / "data", "-l", self._folder / "log")
        _run(*command, "-o", self._options, "-w", "-t", str(_LONGEST), "start")

    def stop_server(self) -> None:
        """Stop the server at once, as in a crash."""
        _run(
            self._programs / "pg_ctl", "-D", self._folder / "data", "-m", "immediate", "-w", "-t", str(_LONGEST), "stop"
        )


@contextmanager
def run_server() -> Iterator[str]:
    """Run a server until the block ends; yield its address without a database."""
    with run_stoppable_server(is_durable=False) as server:
        yield server.address


@contextmanager
def run_stoppable_server(*, is_durable: bool = True) -> Iterator[Server]:
    """Run a server until the block ends.

    Without `is_durable` it does not sync to disk, for tests of transactions: a stop then loses what was committed.
    """
    programs = find_programs()
    if programs is None:
        raise RuntimeError("no PostgreSQL is found; install it with `python -m tests.support.postgres`")
    folder = Path(tempfile.mkdtemp(prefix="rti-postgres-"))
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        folder.chmod(0o700)
        _run(programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        server = Server(programs, folder, free_port(), is_durable=is_durable)
        server.start_server()
        try:
            yield server
        finally:
            if (data / "postmaster.pid").exists():
                server.stop_server()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Databases with an empty ledger in them: the first is migrated, others are copies of it, and each is emptied and
    used again, which takes a seventh of the time that making one does."""

    def __init__(self, address: str) -> None:
        import sqlalchemy as sa

        self.address = address
        self._engine = sa.create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
        self._template: str | None = None
        self._free: list[str] = []
        self._engines: dict[str, sa.Engine] = {}

    def create_empty(self) -> str:
        """Return the URL of a new database without any table."""
        return self._create("template0")

    def take_migrated(self) -> str:
        """Return the URL of a database with an empty ledger."""
        if self._free:
            return self._free.pop()
        if self._template is None:
            from pipelines.ledger.opening import open_url

            url = self._create("template0")
            open_url(url).dispose()
            self._template = url.rpartition("/")[2]
        return self._create(self._template)

    def give_back(self, url: str) -> None:
        """Empty a database for the next test; connections that are still open are closed, except our own.

        Ours stays open for the next time, since opening one takes longer than emptying the tables.
        """
        import sqlalchemy as sa

        from pipelines.ledger import migrations

        if url not in self._engines:
            self._engines[url] = sa.create_engine(url, pool_size=1)
        with self._engines[url].begin() as connection:
            connection.exec_driver_sql(_END_OTHERS)
            # As a replica the append-only triggers are silent.
            connection.exec_driver_sql("set local session_replication_role = replica")
            _empty_tables(connection)
            connection.exec_driver_sql(_RESTART_SEQUENCES)
            version = connection.exec_driver_sql("select version_num from alembic_version").scalar()
            disabled = connection.exec_driver_sql("select count(*) from pg_trigger where tgenabled = 'D'").scalar()
        if version == migrations.HEAD and not disabled:
            self._free.append(url)

    def close(self) -> None:
        """Close the connections to the server."""
        for engine in (self._engine, *self._engines.values()):
            engine.dispose()

    def _create(self, template: str) -> str:
        name = f"ledger_{secrets.token_hex(6)}"
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"create database {name} template {template}")
        return f"{self.address}/{name}"


def _empty_tables(connection: sa.Connection) -> None:
    """Empty the tables of the ledger, after transactions that still use them."""
    from pipelines.ledger.schema import METADATA

    tables = [table.name for table in METADATA.sorted_tables]
    connection.exec_driver_sql(f"lock table {', '.join(tables)} in access exclusive mode")
    sizes = " + ".join(f"pg_relation_size('{table}')" for table in tables)
    if connection.exec_driver_sql(f"select {sizes}").scalar_one() > _MOST_DELETED:
        connection.exec_driver_sql(f"truncate {', '.join(tables)}")
    else:
        connection.exec_driver_sql("; ".join(f"delete from {table}" for table in tables))


def _run(*command: object) -> None:
    """Run one of the server's programs, as its own user where we are root: it refuses root."""
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    # Its output goes to a file: the server that `pg_ctl start` leaves behind would hold a pipe open.
    with tempfile.TemporaryFile() as output:
        result = subprocess.run(
            [*as_user, *map(str, command)], stdout=output, stderr=output, cwd="/", timeout=2 * _LONGEST, check=False
        )
        if result.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[0]} ended with {result.returncode}: {output.read().decode(errors='replace')}")


def main() -> int:
    """Find or install a PostgreSQL; return 0 if there is one in the end."""
    if path := find_programs():
        print(f"PostgreSQL for the tests of the ledger: {path}")
        return 0
    command = "apt-get update && apt-get install -y postgresql"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(f"The tests of the ledger need a PostgreSQL. Install it with: sudo sh -c '{command}'", file=sys.stderr)
        return 1
    print("No PostgreSQL found; installing Debian's (about half a minute)")
    # Only the programs are needed: no cluster is created and no service is started.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    script = (
        "mkdir -p /etc/postgresql-common && "
        "grep -qs create_main_cluster /etc/postgresql-common/createcluster.conf || "
        "echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf"
    )
    subprocess.run(["sh", "-c", script], check=True)
    subprocess.run(["sh", "-c", f"{command} -qq"], check=True, env=environment, stdout=subprocess.DEVNULL)
    return 0 if find_programs() else 1


if __name__ == "__main__":
    sys.exit(main())
