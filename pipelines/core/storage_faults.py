"""Recognise faults of the disk, of stored data, of memory and of servers from exceptions, and say what to do.

Used by the command line, the API, the pages and the health check for full or read-only disks, denied access, damaged
databases, too little memory, and a database or a storage of files that does not answer.  Exceptions are recognised by
their class or error number, else by the messages of SQLite, DuckDB, Polars and the operating system, because Dagster
and dbt pass on only the message.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.core.file_store import StoreAwayError
from pipelines.core.i18n import gettext, mark

Kind = Literal["full", "read_only", "denied", "unreadable", "damaged", "memory", "away", "store_away"]

NEARLY_FULL = 1024 * 1024
"""Free bytes: on a disk with less, SQLite reports "disk I/O error", because it cannot create its index file."""
_BY_NUMBER: dict[int, Kind] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EIO: "unreadable",
}
_BY_WORDS: tuple[tuple[str, Kind], ...] = (
    ("No space left on device", "full"),
    ("Disk quota exceeded", "full"),
    ("database or disk is full", "full"),
    ("Read-only file system", "read_only"),
    ("attempt to write a readonly database", "read_only"),
    ("database disk image is malformed", "damaged"),
    ("file is not a database", "damaged"),
    ("not a valid DuckDB database file", "damaged"),
    ("Corrupt database file", "damaged"),
    ("File out of specification", "damaged"),
    ("is not whole JSON", "damaged"),  # durable.DamagedJsonError
    ("Out of Memory Error", "memory"),  # DuckDB has reached its limit
    ("process pool was terminated abruptly", "memory"),
    ("disk I/O error", "unreadable"),
    ("unable to open database file", "unreadable"),
    ("Input/output error", "unreadable"),
)
_LIMIT_REACHED = re.compile(r"Out of Memory Error: ([^\n]*?)\.?(?: Possible solutions|\n|$)")
_AWAY = (
    "connection refused",
    "server closed the connection",
    "the connection is closed",
    "connection timeout expired",
    "the database system is shutting down",
    "the database system is starting up",
    "terminating connection due to",
    "no such file or directory\n\tis the server running",
)
"""Parts of the messages of psycopg while PostgreSQL is stopped, is starting, or has ended a connection."""
_DUCKDB_DAMAGE = ("IOException", "SerializationException", "FatalException", "InternalException")
_QUOTED = re.compile(r"""["'](/[^"']+)["']""")
_AGAIN = "and run the command again. Nothing was lost."


@dataclass(frozen=True, slots=True)
class StorageFault:
    """A recognised fault. `message` is for the operator and contains paths; `outside` is for users and has none."""

    kind: Kind
    message: str
    outside: str

    @property
    def is_passing(self) -> bool:
        """Return True if the request can succeed later without a restore."""
        return self.kind != "damaged"

    @property
    def is_away(self) -> bool:
        """Return True if a server that the service needs does not answer."""
        return self.kind in ("away", "store_away")

    def localize_message(self, language: str) -> tuple[str, str, str]:
        """Return the message for users of the API and the pages: title, what happened, what to do."""
        titles: dict[Kind, str] = {"away": AWAY_TITLE, "store_away": STORE_AWAY_TITLE, "memory": MEMORY_TITLE}
        title_of_passing = titles.get(self.kind, CANNOT_WRITE_TITLE)
        passing = (title_of_passing, self.outside, CANNOT_WRITE_REMEDY)
        words = passing if self.is_passing else (DAMAGED_TITLE, self.outside, DAMAGED_REMEDY)
        title, detail, remedy = (gettext(text, language) for text in words)
        return title, detail, remedy


_SERVER_AWAY = mark("The service cannot reach its database at the moment. Nothing that was confirmed to you is lost.")
AWAY_TITLE = mark("The database of the service does not answer")
_STORE_AWAY = mark(
    "The service cannot reach its storage of files at the moment. Nothing that was confirmed to you is lost."
)
STORE_AWAY_TITLE = mark("The storage of files does not answer")
_TOO_LITTLE_MEMORY = mark(
    "The service does not have enough memory at the moment. Nothing that was confirmed to you is lost."
)
MEMORY_TITLE = mark("The memory of the service is not enough")
_CANNOT_WRITE = mark("The service cannot use its disk at the moment. Nothing that was confirmed to you is lost.")
_DAMAGED = mark("Data of the service is damaged on its disk, so your request could not be carried out.")
CANNOT_WRITE_TITLE = mark("The disk of the service cannot be used")
CANNOT_WRITE_REMEDY = mark("Contact the steward of the secretariat, and try again later.")
DAMAGED_TITLE = mark("Stored data is damaged")
DAMAGED_REMEDY = mark("Contact the steward of the secretariat: it must be restored from a backup.")


def find_fault(error: BaseException, root: Path | None = None) -> StorageFault | None:
    """Return the storage fault behind an exception or one of its causes, or None.

    `root` is the home, by default the one in `RTI_HOME`.
    """
    from pipelines.core.home import default_root

    place = root or default_root()
    for cause in _chain(error):
        kind = _kind_of(cause)
        if kind is not None:
            return _name_fault(kind, cause, place)
    return None


def is_server_away(words: str) -> bool:
    """Return True if the message of an error of PostgreSQL's client says that the server does not answer."""
    return any(part in words.lower() for part in _AWAY)


def disk_fault(place: Path) -> StorageFault | None:
    """Return the fault of the disk that holds a folder, or None if it can be written."""
    folder = _existing(place)
    if _is_read_only(folder):
        return _read_only(folder)
    if _free(folder) < NEARLY_FULL:
        return _full(folder)
    return None


def _kind_of(error: BaseException) -> Kind | None:
    if isinstance(error, StoreAwayError):
        return "store_away"
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        kind = _BY_NUMBER[error.errno]
        # Binding a forbidden port raises EACCES as well, but without a file name.
        return kind if kind != "denied" or error.filename is not None else None
    words = str(error)
    for pattern, kind in _BY_WORDS:
        if pattern in words:
            return kind
    if type(error).__module__.startswith("psycopg") and is_server_away(words):
        return "away"
    if type(error).__module__.lstrip("_").startswith("duckdb") and type(error).__name__ in _DUCKDB_DAMAGE:
        return "damaged"
    return None


def _name_fault(kind: Kind, error: BaseException, root: Path) -> StorageFault:
    if kind == "away":
        message = f"The database server of the ledger does not answer ({_reason(error)}). Start PostgreSQL, {_AGAIN}"
        return StorageFault(kind, message, _SERVER_AWAY)
    if kind == "store_away":
        return StorageFault(kind, f"{str(error)[:1].upper()}{str(error)[1:]}.", _STORE_AWAY)
    if kind == "memory":
        return _too_little_memory(error)
    path = _path_in(error)
    folder = _existing(path or root)
    if kind == "unreadable":
        # SQLite reports the same error for a full, a read-only and a broken disk.
        fault = disk_fault(folder)
        if fault is not None:
            return fault
        message = (
            f"{path or root} cannot be read or written ({_reason(error)}). Check the disk and the permissions of that "
            f"folder, {_AGAIN}"
        )
        return StorageFault(kind, message, _CANNOT_WRITE)
    if kind == "full":
        return _full(_fuller(folder) if path is None else folder)
    if kind == "read_only":
        # On a full disk, an engine opened for reading refuses writes with the same message.
        return disk_fault(folder) or _read_only(folder)
    if kind == "denied":
        message = f"{path or root} may not be read or written by this user. Correct its owner or permissions {_AGAIN}"
        return StorageFault(kind, message, _CANNOT_WRITE)
    return _damaged(error, path, root)


def _full(folder: Path) -> StorageFault:
    message = f"The disk holding {folder} is full ({_free(folder) // 1024} kB free). Free some space {_AGAIN}"
    return StorageFault("full", message, _CANNOT_WRITE)


def _read_only(folder: Path) -> StorageFault:
    message = f"The disk holding {folder} is read-only. Make it writable {_AGAIN}"
    return StorageFault("read_only", message, _CANNOT_WRITE)


def _too_little_memory(error: BaseException) -> StorageFault:
    if limit := _LIMIT_REACHED.search(str(error)):
        remedy = "Set `RTI_BUILD_MEMORY` to more, or use a larger machine,"
        message = f"DuckDB reached its limit of memory: {limit[1]}. {remedy}"
    elif isinstance(error, MemoryError):
        message = "There is no memory left. End other programs, or use a larger machine,"
    else:
        message = (
            "A process that computed for this command was ended by the system or by a person, most often for lack of "
            "memory. End other programs, set `RTI_BUILD_MEMORY` to less, or use a larger machine,"
        )
    return StorageFault("memory", f"{message} {_AGAIN}", _TOO_LITTLE_MEMORY)


def _damaged(error: BaseException, path: Path | None, root: Path) -> StorageFault:
    reason = _reason(error)
    ledger = root / "restricted" / "ledger.sqlite"
    if path is None and "database" in reason:
        history = root / "restricted" / "dagster"
        if is_whole_sqlite(ledger) and history.is_dir():
            remedy = "It holds no data of returns: move that folder away, and the next `rti refresh` makes it again."
            return StorageFault("damaged", f"The run history in {history} is damaged ({reason}). {remedy}", _DAMAGED)
        path = ledger
    where = path or root
    inside = where.relative_to(root).parts if where.is_relative_to(root) else ()
    if inside[:2] in (("restricted", "warehouse"), ("restricted", "protected"), ("restricted", "gathered")):
        remedy = "It is computed from the returns: delete it, and the next `rti refresh` makes it again."
    elif inside[:2] in (("public", "releases"), ("public", "current")):
        remedy = "Restore the release from a backup; `rti audit verify` checks every file of it."
    else:
        remedy = "Restore it from a backup; `rti audit verify` names everything else that is damaged."
    return StorageFault("damaged", f"{where} is damaged ({reason}). {remedy}", _DAMAGED)


def is_whole_sqlite(path: Path) -> bool:
    """Return True if SQLite's quick check of a file finds no fault; False if the file is missing."""
    import sqlite3

    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _path_in(error: BaseException) -> Path | None:
    """Return the absolute path in an exception, or None."""
    if isinstance(error, OSError) and isinstance(error.filename, str):
        return Path(error.filename).absolute()
    match = _QUOTED.search(str(error))
    return Path(match[1]) if match else None


def _reason(error: BaseException) -> str:
    """Return the first line of the message of the innermost error."""
    words = str(getattr(error, "orig", None) or error).strip()
    return next((line.strip().removesuffix(".") for line in words.splitlines() if line.strip()), type(error).__name__)


def _existing(path: Path) -> Path:
    """Return the folder of a path, or the nearest one above it that exists."""
    return next((candidate for candidate in (path, *path.parents) if candidate.is_dir()), Path("/"))


def _fuller(root: Path) -> Path:
    """Return the home or the temporary folder, whichever has less space: a failed write names no file."""
    return min((root, Path(tempfile.gettempdir())), key=_free)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _is_read_only(folder: Path) -> bool:
    if sys.platform == "win32":
        return not os.access(folder, os.W_OK)
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, innermost first, because the innermost has the path and the error number."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        driver = getattr(current, "orig", None)
        if isinstance(driver, BaseException):
            chain.append(driver)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return reversed(chain)
