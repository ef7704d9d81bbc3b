"""Take reading processes off the network. Measure the isolation that this machine gives them.

A network namespace and Landlock hold for all code of the process. Where the system forbids the namespace, only the
audit hook of `job_loop.py` is left: it stops Python code that opens a socket, but not a library in C that a file has
taken over. Without Landlock, such a library has the rights of the user.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from functools import cache
from typing import Final, Literal, get_args

Isolation = Literal["full", "network", "files", "python"]
"""Protections of the kernel: `network` is a network namespace without interfaces, `files` is Landlock, `full` is both.
With `python` there is neither, and an audit hook of Python keeps Python code off the network."""

DESCRIPTIONS: Final[dict[Isolation, str]] = {
    "full": "that reach no network, and no file but those of the program",
    "network": "that reach no network, but every file of their user",
    "files": "that reach no file but those of the program; only Python's audit hook keeps them off the network",
    "python": "that reach every file of their user; only Python's audit hook keeps them off the network",
}
_ENFORCED: Final[dict[Isolation, frozenset[str]]] = {
    "full": frozenset({"network", "files"}),
    "network": frozenset({"network"}),
    "files": frozenset({"files"}),
    "python": frozenset(),
}
_NEWUSER = 0x10000000
_NEWNET = 0x40000000
_PROBE = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from pipelines.reading.sandbox.isolation import leave_network; print(leave_network())"
)


def leave_network() -> Isolation:
    """Move this process and its children into a network namespace without an outside interface, if allowed.

    Return the isolation that its children can have: Landlock is applied in each of them (`landlock.py`). Call it in a
    process with a single thread only: no other can make a namespace of users.
    """
    if sys.platform != "linux":
        return "python"
    from pipelines.reading.sandbox import landlock

    libc = ctypes.CDLL(None, use_errno=True)
    has_left = libc.unshare(_NEWNET) == 0 or libc.unshare(_NEWUSER | _NEWNET) == 0
    if landlock.find_version():
        return "full" if has_left else "files"
    return "network" if has_left else "python"


def parse_isolation(text: str) -> Isolation:
    """Return the isolation that a process has named. Raises ValueError for any other text."""
    for isolation in get_args(Isolation):
        if text == isolation:
            return isolation  # type: ignore[no-any-return]
    raise ValueError(f"no isolation is called {text!r}")


def list_missing(measured: Isolation, required: Isolation) -> frozenset[str]:
    """Return those of `network` and `files` that are required and that the kernel does not enforce."""
    return _ENFORCED[required] - _ENFORCED[measured]


@cache
def measure_isolation() -> Isolation:
    """Return how the reading processes that this process starts are kept apart; tried once in a child."""
    if sys.platform != "linux":
        return "python"
    command = [sys.executable, "-I", "-c", _PROBE, *sys.path]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return parse_isolation(answer.stdout.strip())
