"""How a process that read a file came to its end, in words for its sender."""

from __future__ import annotations

import os
import signal


def reason(status: int) -> str:
    """Why a process with this wait status (of `os.waitpid`) has ended early: the `reason` of read.child_died."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return "it used more processor time than a file may"
        if number == signal.SIGKILL:
            return "the system ended it, most likely for lack of memory"
        return f"the reader crashed ({signal.Signals(number).name})"
    return f"the reading process ended early (code {os.WEXITSTATUS(status)})"
