"""Rights of what is written in a home: for one user, or for a group whose users each run a part of the service.

A home is shared if the group of `restricted/` may write in it. Then everything below is written for the group, and
`restricted/` still keeps all others out. The users have the group as their primary one, so that what they write
belongs to it: a unit may not set the bit that would give a folder's group to its files (`RestrictSUIDSGID=`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipelines.core.home import Home

OF_ONE_USER: Final = ("practice", "restricted/dagster")
"""Folders of a shared home that one part uses: the offices' pages, and the worker with Dagster's UI and its storage."""
_SHARED_FOLDER: Final = 0o770
_SHARED_UMASK: Final = 0o002


def is_shared(home: Home) -> bool:
    """Return True if several users of one group write in the home."""
    return home.restricted.is_dir() and _is_of_group(home.restricted)


def find_foreign_rights(home: Home, path: Path) -> int:
    """Return the rights on a path that users who do not run the service have: those of all, and of a foreign group."""
    return path.stat().st_mode & (stat.S_IRWXO if is_shared(home) else stat.S_IRWXO | stat.S_IRWXG)


def make_private_folder(folder: Path) -> None:
    """Create a folder below a private one, such as `restricted/`, with its rights: 700, or 770 in a shared home."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=_SHARED_FOLDER if _is_of_group(folder.parent) else 0o700, exist_ok=True)


def choose_private_mode(folder: Path) -> int:
    """Return the rights of a new file in a private folder: 600, or 660 in a shared home."""
    return 0o660 if _is_of_group(folder) else 0o600


def restrict_file(path: Path) -> None:
    """Give a file in a private folder its rights. Another user of a shared home finds them given already."""
    private_mode = choose_private_mode(path.parent)
    if stat.S_IMODE(path.stat().st_mode) != private_mode:
        path.chmod(private_mode)


def adopt_umask(home: Home) -> None:
    """Let this process and those that it starts write for the group, if the home is shared."""
    if is_shared(home):
        os.umask(_SHARED_UMASK)


def share_home(home: Home) -> None:
    """Give the group of a home the rights that its user has. Raises PermissionError for a file of another user."""
    if stat.S_IMODE(home.restricted.stat().st_mode) != _SHARED_FOLDER:
        home.restricted.chmod(_SHARED_FOLDER)
    for path in (home.root, *list_paths(home.root)):
        mode = stat.S_IMODE(path.stat().st_mode)
        shared_mode = mode | _rights_of_user(mode)
        if mode != shared_mode:
            path.chmod(shared_mode)


def find_unshared(home: Home) -> Iterator[Path]:
    """Yield what the other users of a shared home cannot use: of another group, or with fewer rights for the group."""
    group = home.restricted.stat().st_gid
    of_one_user = [home.root / name for name in OF_ONE_USER]
    for path in list_paths(home.root):
        if any(path.is_relative_to(folder) for folder in of_one_user):
            continue
        with suppress(FileNotFoundError):  # removed meanwhile
            status = path.stat()
            if status.st_gid != group or _rights_of_user(status.st_mode) & ~status.st_mode:
                yield path


def _is_of_group(folder: Path) -> bool:
    return folder.stat().st_mode & stat.S_IRWXG == stat.S_IRWXG


def _rights_of_user(mode: int) -> int:
    """Return the rights of the group that equal those of the user."""
    return (mode & stat.S_IRWXU) >> 3


def list_paths(folder: Path) -> Iterator[Path]:
    """Yield the files and folders below a folder that are still there; no symbolic links."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent) / name
            if not path.is_symlink() and path.exists():
                yield path
