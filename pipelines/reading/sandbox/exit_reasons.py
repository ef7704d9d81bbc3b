"""Describe to the sender how a process that read a file ended."""

from __future__ import annotations

import os
import signal


def describe_exit(status: int) -> str:
    """Return the `reason` of read.child_died for a wait status of `os.waitpid`."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return "it used more processor time than a file may"
        if number == signal.SIGKILL:
            return "the system ended it, most likely for lack of memory"
        return f"the reader crashed ({signal.Signals(number).name})"
    return f"the reading process ended early (code {os.WEXITSTATUS(status)})"
