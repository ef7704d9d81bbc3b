"""Exceptions of the disk and of stored data, each mapped to its fault and what to do."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
from collections import namedtuple
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from pipelines.core import storage_faults
from pipelines.core.durable import DamagedJsonError, read_computed_json, read_json, read_shaped_json
from pipelines.core.spawned import open_pool
from pipelines.core.storage_faults import find_fault

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "restricted").mkdir()
    return tmp_path


def _raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def _by_sqlalchemy(words: str) -> BaseException:
    return sa.exc.OperationalError("insert into …", {}, sqlite3.OperationalError(words))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "full"),
        (OSError(errno.EROFS, "Read-only file system", "/x/y"), "read_only"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "denied"),
        (OSError(errno.EIO, "Input/output error"), "unreadable"),
        (_by_sqlalchemy("database or disk is full"), "full"),
        (_by_sqlalchemy("attempt to write a readonly database"), "read_only"),
        (_by_sqlalchemy("disk I/O error"), "unreadable"),
        (_by_sqlalchemy("unable to open database file"), "unreadable"),
        (sqlite3.DatabaseError("database disk image is malformed"), "damaged"),
        (sqlite3.DatabaseError("file is not a database"), "damaged"),
        (duckdb.IOException('IO Error: Could not read enough bytes from file "/x/y.duckdb": …'), "damaged"),
        (RuntimeError("polars: No space left on device (os error 28)"), "full"),
        (DamagedJsonError(Path("/x/y.json")), "damaged"),
        (RuntimeError('the refresh failed at x: DamagedJsonError: "/x/y.json" is not whole JSON'), "damaged"),
        (MemoryError(), "memory"),
        (BrokenProcessPool("A process in the process pool was terminated abruptly while …"), "memory"),
        (duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block"), "memory"),
        (RuntimeError("the refresh failed at x: WarehouseError: 1 of …: Out of Memory Error: failed to pin"), "memory"),
        # Dagster and dbt pass on only the text.
        (RuntimeError("the refresh failed at x: OSError: [Errno 28] No space left on device: '/x/y'"), "full"),
    ],
)
def test_find_fault_recognises_each_cause(root: Path, error: BaseException, kind: str) -> None:
    fault = find_fault(_raised(error), root)
    assert fault is not None and fault.kind == kind
    wrapped = find_fault(_raised(LookupError("something else"), error), root)
    assert wrapped is not None and wrapped.kind == kind


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a value"),
        KeyError("x"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/x"),
        PermissionError(errno.EACCES, "Permission denied"),  # a port that may not be bound
        sa.exc.IntegrityError("insert", {}, sqlite3.IntegrityError("UNIQUE constraint failed")),
        duckdb.BinderException("Binder Error: no column"),
        _by_sqlalchemy("database is locked"),
    ],
)
def test_find_fault_leaves_faults_of_the_program_alone(root: Path, error: BaseException) -> None:
    assert find_fault(_raised(error), root) is None


def test_find_fault_ignores_a_suppressed_cause(root: Path) -> None:
    def raise_without_cause() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise ValueError("a value") from None

    with pytest.raises(ValueError, match="a value") as caught:
        raise_without_cause()
    assert find_fault(caught.value, root) is None


def test_full_disk_is_reported_with_its_folder_and_free_space(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_faults.shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 40 * 1024))
    fault = find_fault(OSError(errno.ENOSPC, "No space left on device", str(root / "restricted" / "a")), root)
    assert fault is not None
    assert fault.message == (
        f"The disk holding {root / 'restricted'} is full (40 kB free). Free some space and run the command again. "
        "Nothing was lost."
    )
    assert str(root) not in " ".join(fault.localize_message("en"))
    assert fault.is_passing


def test_builder_that_reaches_its_limit_of_memory_is_told_the_limit(root: Path) -> None:
    small = {"memory_limit": "20MB", "temp_directory": ""}
    with duckdb.connect(config=small) as connection, pytest.raises(duckdb.OutOfMemoryException) as raised:
        connection.sql("select list(i) from range(50_000_000) as numbers(i)").fetchall()
    fault = find_fault(raised.value, root)
    assert fault is not None and fault.is_passing
    assert fault.message.startswith("DuckDB reached its limit of memory: failed to allocate ")
    assert "MiB/19.0 MiB used). Set `RTI_BUILD_MEMORY` to more" in fault.message
    assert fault.message.endswith("and run the command again. Nothing was lost.")


def test_killed_process_of_a_pool_is_reported_as_lack_of_memory(root: Path) -> None:
    with open_pool(1) as pool, pytest.raises(BrokenProcessPool) as raised:
        pool.submit(signal.raise_signal, signal.SIGKILL).result()
    fault = find_fault(raised.value, root)
    assert fault is not None and fault.message.startswith(
        "A process that computed for this command was ended by the system"
    )
    title, detail, remedy = fault.localize_message("en")
    assert title == "The memory of the service is not enough"
    assert detail.endswith("Nothing that was confirmed to you is lost.") and "again later" in remedy


@pytest.mark.parametrize("words", ["disk I/O error", "unable to open database file"])
def test_find_fault_checks_the_disk_where_sqlite_is_unspecific(
    root: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_faults.shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 0))
    full = find_fault(_by_sqlalchemy(words), root)
    assert full is not None and full.kind == "full"
    monkeypatch.setattr(storage_faults.os, "statvfs", lambda _: type("S", (), {"f_flag": os.ST_RDONLY})())
    read_only = find_fault(_by_sqlalchemy(words), root)
    assert read_only is not None and read_only.kind == "read_only"
    assert "is read-only. Make it writable" in read_only.message


@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        ("restricted/warehouse/counts-000003.duckdb", "delete it, and the next `rti refresh` makes it again"),
        ("public/releases/2026-Q3/release.duckdb", "Restore the release from a backup"),
        ("restricted/store/ab/abcdef", "Restore it from a backup"),
    ],
)
def test_damaged_file_is_reported_with_the_remedy_for_its_folder(root: Path, place: str, remedy: str) -> None:
    path = root / place
    fault = find_fault(duckdb.IOException(f'IO Error: The file "{path}" exists, but it is not a valid DuckDB'), root)
    assert fault is not None and fault.kind == "damaged" and not fault.is_passing
    assert str(path) in fault.message and remedy in fault.message


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\x00" * 20, b"\xff\xfe"])
def test_damaged_json_is_named_or_counts_as_missing_if_it_is_computed_again(root: Path, content: bytes) -> None:
    path = root / "restricted" / "approval.json"
    with pytest.raises(FileNotFoundError):
        read_json(path)
    assert read_computed_json(path) is None
    path.write_bytes(content)
    with pytest.raises(DamagedJsonError) as raised:
        read_json(path)
    fault = find_fault(raised.value, root)
    assert fault is not None and fault.message.startswith(f"{path} is damaged") and "from a backup" in fault.message
    assert read_computed_json(path) is None
    path.write_bytes(b'{"a": 1}')
    assert read_json(path) == read_computed_json(path) == {"a": 1}


@pytest.mark.parametrize("content", [b"7", b"[]", b'{"b": 1}'])
def test_json_of_another_shape_counts_as_damaged(root: Path, content: bytes) -> None:
    path = root / "restricted" / "approval.json"
    path.write_bytes(b'{"a": 1}')
    assert read_shaped_json(path, lambda read: read["a"]) == 1
    path.write_bytes(content)
    with pytest.raises(DamagedJsonError):
        read_shaped_json(path, lambda read: read["a"])


def test_damaged_run_history_is_distinguished_from_the_ledger(root: Path) -> None:
    malformed = sqlite3.DatabaseError("database disk image is malformed")
    ledger = root / "restricted" / "ledger.sqlite"
    (root / "restricted" / "dagster").mkdir()
    sqlite3.connect(ledger).execute("create table t (x)").connection.close()
    fault_of_history = find_fault(malformed, root)
    assert fault_of_history is not None and "restricted/dagster is damaged" in fault_of_history.message
    ledger.write_bytes(b"x" * 8192)
    fault_of_ledger = find_fault(malformed, root)
    assert (
        fault_of_ledger is not None
        and f"{ledger} is damaged" in fault_of_ledger.message
        and "Restore it from a backup" in fault_of_ledger.message
    )
