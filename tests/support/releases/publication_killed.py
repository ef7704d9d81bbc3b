"""Publications that are killed: `python -m tests.support.releases.publication_killed < cases`, one case a line.

A case is `HOME named STEP before|after`, `HOME call NUMBER` (before that call of the file system) or `HOME random
FRACTION` (of the time that a publication takes). Each is done by a child of its own that ends by SIGKILL; one process
loads the program for all of them. For each case one line says how its child ended: `killed`, or `ended` and its code.
`HOME count` publishes unkilled and says how many calls of the file system that took.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401 - the children need not import what a publication imports late

from pipelines.core.home import open_home
from pipelines.declarations import registry
from pipelines.ledger import audit_log, opening  # noqa: F401
from pipelines.refresh import integrity, publication  # noqa: F401
from pipelines.submissions import decisions, receipts, release_log  # noqa: F401
from pipelines.warehouse.records import build
from tests.support.releases import publication_fixture

STEPS: dict[str, tuple[Any, str]] = {
    "baseline prepared": (build, "prepare_baseline"),
    "switch prepared": (publication, "prepare_switch"),
    "journal prepared": (publication, "prepare_journal"),
    "space reserved": (publication, "_reserve_space"),
    "intent written": (publication, "write_intent"),
    "draft moved": (publication, "move_draft"),
    "switched": (publication, "switch_current"),
    "journal written": (publication, "append_journal"),
    "baseline renewed": (build, "renew_baseline"),
    "returns marked": (release_log, "record_publication"),
    "checkpoint written": (audit_log, "write_checkpoint"),
    "intent removed": (publication, "remove_intent"),
}
CALLS = ("rename", "replace", "symlink", "unlink", "fsync", "mkdir", "rmdir", "posix_fallocate")


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_at(owner: Any, name: str, when: str) -> None:
    real = getattr(owner, name)

    def run_step(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            real(*args, **kwargs)
        _kill()

    setattr(owner, name, run_step)


def _count_calls(kill_before: int = 0) -> Callable[[], int]:
    number = 0

    def count_calls_of(real: Any) -> Any:
        def count_call(*args: Any, **kwargs: Any) -> Any:
            nonlocal number
            number += 1
            if number == kill_before:
                _kill()
            return real(*args, **kwargs)

        return count_call

    for name in CALLS:
        setattr(os, name, count_calls_of(getattr(os, name)))
    return lambda: number


def _publish(root: str, kind: str, *more: str) -> None:
    calls = _count_calls(int(more[0]) if kind == "call" else 0) if kind in ("call", "count") else None
    if kind == "named":
        _kill_at(*STEPS[more[0].replace("_", " ")], more[1])
    publication_fixture.publish_draft(open_home(Path(root)))
    if kind == "count" and calls is not None:
        os.write(1, f"{calls()} ".encode())


def _run(line: str, seconds: float) -> None:
    root, kind, *more = line.split()
    child = os.fork()
    if child == 0:
        try:
            _publish(root, kind, *more)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    if kind == "random":
        time.sleep(float(more[0]) * seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    os.write(1, b"killed\n" if killed else f"ended {os.waitstatus_to_exitcode(status)}\n".encode())


def main() -> None:
    """Run every case; `count` also measures how long a publication takes."""
    seconds = 1.0
    registry.load()
    for line in sys.stdin:
        began = time.monotonic()
        _run(line, seconds)
        if line.split()[1] == "count":
            seconds = time.monotonic() - began


if __name__ == "__main__":
    main()
