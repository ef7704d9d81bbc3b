"""Point-in-time recovery of a ledger on PostgreSQL, by the steps of docs/backup.md, with a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_url
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions.accounts import accounts
from tests.support import postgres
from tests.support.paths import ROOT
from tests.support.ports import free_port

pytestmark = pytest.mark.postgres
DOCUMENTED = (
    "archive_mode = on",
    "archive_command = 'test ! -f /mnt/wal/%f && cp %p /mnt/wal/%f'",
    "restore_command = 'cp /mnt/wal/%f %p'",
    "recovery_target_action = 'promote'",
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the server's own user, which may not enter those of pytest."""
    place = Path(tempfile.mkdtemp(prefix="rti-recovery-"))
    (place / "wal").mkdir()
    if os.geteuid() == 0:
        for path in (place, place / "wal"):
            shutil.chown(path, postgres.USER)
    yield place
    shutil.rmtree(place, ignore_errors=True)


def _call(*command: object) -> None:
    as_user = ["runuser", "-u", postgres.USER, "--"] if os.geteuid() == 0 else []
    completed = subprocess.run(
        [*as_user, *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
    )
    assert completed.returncode == 0, completed.stderr


@contextmanager
def _running(programs: Path, data: Path, port: int) -> Iterator[str]:
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={data.parent} -c fsync=off"
    log = data.parent / f"{data.name}.log"
    command = (programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-t", 60, "start")
    as_user = ["runuser", "-u", postgres.USER, "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*as_user, *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        cwd="/",
    )
    try:
        yield f"postgresql+psycopg://{postgres.USER}@127.0.0.1:{port}/postgres"
    finally:
        _call(programs / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")


def _add_account(engine: sa.Engine, name: str) -> None:
    accounts.create_many(engine, [accounts.NewAccount(name, name, (Grant("submitter", "QQ"),))], by=SYSTEM)


def test_documented_settings_are_those_that_are_tested() -> None:
    text = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
    assert [line for line in DOCUMENTED if line not in text] == []


@pytest.mark.sampled(turn=5)
def test_ledger_is_recovered_to_a_minute(folder: Path) -> None:
    programs = postgres.find_programs()
    assert programs is not None
    data, base, wal = folder / "data", folder / "base", folder / "wal"
    settings = [line.replace("/mnt/wal", str(wal)) for line in DOCUMENTED]
    _call(programs / "initdb", "-D", data, "-U", postgres.USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n".join([*settings[:2], ""]))
    port = free_port()
    with _running(programs, data, port) as url:
        engine = open_url(url)
        _add_account(engine, "before-base")
        _call(programs / "pg_basebackup", "-D", base, "-X", "none", "-c", "fast", "-h", "127.0.0.1", "-p", port, "-U",
              postgres.USER)  # fmt: skip
        _add_account(engine, "after-base")
        with engine.connect() as connection:
            moment = connection.exec_driver_sql("select clock_timestamp()::text").scalar_one()
        time.sleep(0.05)
        _add_account(engine, "too-late")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("select pg_switch_wal()")
        engine.dispose()
    shutil.rmtree(data)  # the disk is lost; the base backup and the archived log remain
    with (base / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n".join([settings[2], f"recovery_target_time = '{moment}'", settings[3], ""]))
    (base / "recovery.signal").touch()
    if os.geteuid() == 0:
        shutil.chown(base / "recovery.signal", postgres.USER)
    with _running(programs, base, port) as url:
        engine = open_url(url)
        with engine.connect() as connection:
            names = set(connection.exec_driver_sql("select account_id from account").scalars())
        assert {"before-base", "after-base"} <= names
        assert "too-late" not in names
        assert verify_ledger(engine).good
        engine.dispose()
