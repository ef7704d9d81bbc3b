"""Keep reading processes off the network, and find out how well this machine can.

A network namespace holds for all code of the process. Where the system forbids it, only the audit hook of
`job_loop.py` is left: it stops Python code that opens a socket, but not a library in C that a file has taken over.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from functools import cache
from typing import Final, Literal

Isolation = Literal["namespace", "python"]
"""`namespace`: a network namespace without interfaces; `python`: an audit hook of Python only."""

DESCRIPTIONS: Final[dict[Isolation, str]] = {
    "namespace": "in a network namespace of their own",
    "python": "without a network namespace; only Python's audit hook keeps them off the network",
}
_NEWUSER = 0x10000000
_NEWNET = 0x40000000
_PROBE = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from pipelines.reading.sandbox.isolation import leave_network; print(leave_network())"
)


def leave_network() -> Isolation:
    """Move this process and all its children into a network namespace without an outside interface, if allowed.

    Call it in a process with a single thread only: no other can make a namespace of users.
    """
    if sys.platform != "linux":
        return "python"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNET) == 0 or libc.unshare(_NEWUSER | _NEWNET) == 0:
        return "namespace"
    return "python"


@cache
def measure_isolation() -> Isolation:
    """Return how reading processes that this process starts are kept off the network; tried once in a child."""
    if sys.platform != "linux":
        return "python"
    command = [sys.executable, "-I", "-c", _PROBE, *sys.path]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return "namespace" if answer.stdout.strip() == "namespace" else "python"
