"""Keep a reading process from every file but those of the program, by Landlock: rules that a process gives to itself.

The kernel applies them to all code of the process and of its forks, with no right of an administrator and no user of
its own, and nothing takes them back. System calls and numbers are those of `landlock(7)` and `linux/landlock.h`.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final

# `fork_server.py` and `isolation.py` import this module on Linux only.
assert sys.platform == "linux"

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

_WRITE_FILE, _READ_FILE, _READ_DIRECTORY = 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_RIGHTS_ON_FILES: Final = ((1, (1 << 13) - 1), (2, 1 << 13), (3, _TRUNCATE), (5, 1 << 15))
"""Rights on files, each with the first version of Landlock that knows it: those of the first version, to move between
folders, to truncate, to control devices."""
_CONNECTIONS: Final = (4, 3)
"""Since version 4: to bind a TCP port, and to connect to one."""
_OUTSIDE: Final = (6, 3)
"""Since version 6: abstract sockets and signals of processes that have other rules."""
_IN_OWN_FOLDER: Final = (1 << 13) - 2
"""All rights of the first version but to execute."""
_SYSTEM_PATHS: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache",
    "/usr/share/zoneinfo", "/etc/localtime", "/etc/mime.types",
    "/dev/null", "/dev/urandom", "/proc/self", "/sys/devices/system/cpu", "/sys/fs/cgroup",
)  # fmt: skip
"""Shared libraries, time zones, and what libraries ask of the machine: processors and the memory that they may use."""


@cache
def find_version() -> int:
    """Return the version of Landlock that the kernel has, 0 if it has none or does not let this process use it."""
    return max(int(_system_call()(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))), 0)


def list_program_paths() -> list[Path]:
    """Return the files and folders that Python and this program need: libraries, packages, nothing of a home.

    Of a folder on `sys.path` that is not Python's own, such as that of the project, these are the packages, since it
    can also have a home in it. Installers may link packages from their cache: the kernel asks for rights where a link
    leads.
    """
    folders = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    if sys.prefix != sys.base_prefix:
        folders.add(Path(sys.prefix).resolve())
    paths = [Path(path) for path in _SYSTEM_PATHS] + sorted(folders)
    for entry in (Path(entry).resolve() for entry in sys.path if entry):
        if any(entry.is_relative_to(folder) for folder in folders):
            continue
        paths += [entry] if entry.is_file() else sorted(init.parent for init in entry.glob("*/__init__.py"))
    return paths + [link.resolve() for folder in sorted(folders) for link in folder.glob("*") if link.is_symlink()]


def restrict_files(readable: Iterable[Path], own_folder: Path) -> None:
    """Let this thread, and what it starts, only read `readable` and only write in `own_folder`, for good.

    It also can run no program and, as far as the version allows, open no TCP connection and reach no process outside.
    Paths that do not exist are left out. Raises OSError if the kernel refuses; call it only if `find_version` is not 0.
    """
    version, call = find_version(), _system_call()
    files = sum(rights for since, rights in _RIGHTS_ON_FILES if version >= since)
    attributes = struct.pack("=Q", files)
    for since, rights in (_CONNECTIONS, _OUTSIDE):
        if version >= since:
            attributes += struct.pack("=Q", rights)
    ruleset = _require_success(call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)))
    try:
        for path in readable:
            _allow_path(ruleset, path, _READ_FILE | _READ_DIRECTORY)
        _allow_path(ruleset, Path("/dev/null"), _READ_FILE | _WRITE_FILE)
        _allow_path(ruleset, own_folder, _IN_OWN_FOLDER | (files & _TRUNCATE))
        _require_success(ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _require_success(call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)


def _allow_path(ruleset: int, path: Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not path.is_dir():
            rights &= _READ_FILE | _WRITE_FILE
        rule = struct.pack("=Qi", rights, place)
        _require_success(_system_call()(_ADD_RULE, ctypes.c_int(ruleset), _PATH_BENEATH, rule, ctypes.c_uint32(0)))
    finally:
        os.close(place)


@cache
def _system_call() -> Callable[..., int]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return call


def _require_success(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return answer
