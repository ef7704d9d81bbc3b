"""Run jobs that write workbooks and previews in child processes of their own launcher."""

from __future__ import annotations

import atexit
import threading
from typing import Any

from pipelines.model.content import ReadError
from pipelines.office.answers.inside import execute_job
from pipelines.office.answers.jobs import Job
from pipelines.reading.sandbox.child import Launcher
from pipelines.reading.sandbox.launchers import make_launcher
from pipelines.submissions.checking.read_task import PRELOAD

TIMEOUT = 60.0
"""Seconds for one workbook: 20,000 cells with a thousand comments take three."""
FILE_SIZE = 128 << 20
"""Bytes of one file in the child's own folder: openpyxl writes each sheet to it before it packs the workbook."""

_shared: Launcher | None = None
_digest = ""
_lock = threading.Lock()


def run_job(job: Job) -> Any:
    """Run a job in a child process of its own. May be called from several threads. Raises ReadError."""
    child = _launcher().start_child()
    try:
        result = child.run_job(job, TIMEOUT)
    finally:
        child.close()
    if isinstance(result, ReadError):
        raise result
    return result


def _launcher() -> Launcher:
    """Return the launcher of these children: one per process, replaced when other declarations are loaded."""
    from pipelines.declarations.registry import load

    global _shared, _digest
    digest = load().digest
    with _lock:
        if _shared is None or _digest != digest or not _shared.is_alive():
            # The replaced launcher ends with this process, since other threads may still wait for its children.
            _shared, _digest = (
                make_launcher(execute_job, preload=PRELOAD, cpu_seconds=TIMEOUT, file_size=FILE_SIZE),
                digest,
            )
            atexit.register(_shared.close)
        return _shared
