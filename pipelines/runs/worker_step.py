"""The step that this process does as a worker, under the lock of its run, which another process holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pipelines.core.home import Home

_ORPHAN_SECONDS: Final = 600.0
"""Seconds that a step waits for a worker that has lost its connection and still does it."""
_is_in_worker = False


class WrongHomeError(Exception):
    """A worker and a run have different homes. The text names both."""


def is_in_worker() -> bool:
    """Return True if this process does a step as a worker."""
    return _is_in_worker


@contextmanager
def joined_step(home: Home, run_id: str, step: str, instance: Path) -> Iterator[None]:
    """Do a step of a run under the lock that the process of the run holds; `instance` is Dagster's folder of the run.

    Raises WrongHomeError, and RunEndedError and HomeBusyError of `join_run`.
    """
    from pipelines.core.home_lock import join_run

    global _is_in_worker
    if instance.resolve() != home.dagster.resolve():
        raise WrongHomeError(
            f"this worker has the home {home.root}, but the run has {instance.parents[1]}; set RTI_HOME to the same "
            "folder, which all machines share, under the same path"
        )
    with join_run(home, run_id, step, wait_seconds=_ORPHAN_SECONDS):
        _is_in_worker = True
        try:
            yield
        finally:
            _is_in_worker = False
