"""Temporary files and folders, written next to the ones that they replace.

The writer holds a lock of each (flock(2)), which the kernel releases when the process ends. So a part that removes the
files of killed processes can ask the kernel which files are being written. Process numbers would not do: each
container that shares a home has its own.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pipelines.core import durable

LONGEST_SECONDS: Final = 3600.0
"""Longest time that writing a file takes. Where the file system has no locks, an older file is left over."""
_NAME: Final = re.compile(r"\..+\.[0-9a-f]{16}\.new")
_UNLOCKED: Final = re.compile(r"\.(.+\.\d+(\.[0-9a-f]{1,15})?\.new|backup-\d+|receiving\.\d+\.\d+)")
"""Names with the number of a process, as versions before decision 60 gave, without a lock."""
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.EBADF}
"""Errors of file systems that lock no files, or no folders."""
_UNNEEDED: Final = -1
"""Handle on Windows, where no service runs and an open file cannot be renamed."""


def name_aside(path: Path) -> Path:
    """Return a temporary path `.<name>.<random>.new` next to a file or folder, which no other writer uses."""
    return path.with_name(f".{path.name.removeprefix('.')}.{secrets.token_hex(8)}.new")


@contextmanager
def hold_file(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield a new locked temporary file next to `path`, and remove it at the end unless it was renamed.

    `mode` are its rights, of which the umask takes some.
    """
    with _hold(path, lambda aside: _create_file(aside, mode)) as aside:
        try:
            yield aside
        finally:
            aside.unlink(missing_ok=True)


@contextmanager
def hold_folder(path: Path, create: Callable[[Path], object] = Path.mkdir) -> Iterator[Path]:
    """Yield a new locked temporary folder next to `path`, and remove it at the end unless it was renamed."""
    with _hold(path, create) as aside:
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def replace_file(path: Path, *, mode: int = 0o666, flush: bool = False, keep: bool = False) -> Iterator[Path]:
    """Yield a temporary file that replaces `path` at the end: readers see the old or the new content.

    With `flush`, the new content is on the disk first, and its name afterwards. With `keep`, a file that exists stays,
    so that the first of several writers wins. After an exception nothing has changed. The folder is made if it is
    missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with hold_file(path, mode) as aside:
        yield aside
        if flush:
            durable.sync_file(aside)
        if keep:
            with suppress(FileExistsError):
                os.link(aside, path)
        else:
            aside.replace(path)
    if flush:
        durable.sync_folder(path.parent)


def remove_abandoned(paths: Iterable[Path]) -> list[Path]:
    """Remove abandoned temporary files and folders, and return them."""
    return [path for path in sorted(paths) if _remove_if_abandoned(path)]


def _remove_if_abandoned(path: Path) -> bool:
    if not _NAME.fullmatch(path.name):
        return bool(_UNLOCKED.fullmatch(path.name)) and _is_old(path) and _remove(path)
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:  # it was renamed or removed meanwhile, or belongs to another user
        return False
    try:
        if not _lock(handle, shared=False):
            return False
        # A second name of a whole file is given without a lock, and renamed at once.
        is_link = not path.is_dir() and os.fstat(handle).st_nlink > 1
        return (not is_link or _is_old(path)) and _remove(path)
    except _NoLocksError:
        return _is_old(path) and _remove(path)
    finally:
        os.close(handle)


def _remove(path: Path) -> bool:
    """Remove a file or folder. Return True if it no longer exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()


def _is_old(path: Path) -> bool:
    """Return True if neither the content nor the names of a file have changed for an hour; the same for a folder."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    return time.time() - max(status.st_mtime, status.st_ctime) > LONGEST_SECONDS


@contextmanager
def _hold(path: Path, create: Callable[[Path], object]) -> Iterator[Path]:
    handle = None
    while handle is None:
        aside = name_aside(path)
        create(aside)
        handle = _open_locked(aside)
    try:
        yield aside
    finally:
        if handle != _UNNEEDED:
            os.close(handle)


def _create_file(path: Path, mode: int) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))


def _open_locked(path: Path) -> int | None:
    """Lock a new file or folder, and return the handle that holds the lock.

    Return None if it has been taken for abandoned already, since it was made without a lock.
    """
    if sys.platform == "win32":
        return _UNNEEDED
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with suppress(_NoLocksError):
        if not _lock(handle, shared=True) or os.fstat(handle).st_nlink == 0:
            os.close(handle)
            return None
    return handle


def _lock(handle: int, *, shared: bool) -> bool:
    """Lock an open file or folder, or return False if another process has. Raises _NoLocksError."""
    if sys.platform == "win32":
        raise _NoLocksError
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise _NoLocksError from error
        raise
    return True


class _NoLocksError(OSError):
    """The file system has no locks, or none for folders."""
