"""Describe to the sender how a process that read a file ended."""

from __future__ import annotations

import signal
import sys


def describe_exit(code: int) -> str:
    """Return the `reason` of read.child_died for an exit code as `subprocess` has it: negative if a signal ended it."""
    if code >= 0:
        return f"the reading process ended early (code {code})"
    if sys.platform != "win32":
        if code == -signal.SIGXCPU:
            return "it used more processor time than a file may"
        if code == -signal.SIGKILL:
            return "the system ended it, most likely for lack of memory"
    return f"the reader crashed ({signal.Signals(-code).name})"
