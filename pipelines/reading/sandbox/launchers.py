"""Choose how reading processes start on this system, and read single files in one.

On Linux they are forks of one prepared process without a network (`forking.py`); elsewhere each is a new interpreter
(`spawning.py`).
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipelines.model.content import Content, ReadError
from pipelines.reading.formats.budget import BASE
from pipelines.reading.sandbox.child import (
    FILE_SIZE,
    MEMORY,
    PRELOAD,
    TIMEOUT,
    Job,
    Launcher,
    describe_work,
    read_job,
)
from pipelines.reading.sandbox.spawning import SpawningLauncher

if sys.platform == "linux":
    from pipelines.reading.sandbox.forking import ForkingLauncher

    _launcher_class: type[ForkingLauncher] | type[SpawningLauncher] = ForkingLauncher
else:
    _launcher_class = SpawningLauncher


def make_launcher(
    work: Callable[[Any], Any],
    *,
    preload: Iterable[str] = PRELOAD,
    memory: int = MEMORY,
    cpu_seconds: float = BASE,
    file_size: int = FILE_SIZE,
) -> Launcher:
    """Return what starts processes for `work`, a function at the top level of an importable module.

    The limits are those of `Work`. Raises ValueError if a child could not import `work`.
    """
    described = describe_work(work, preload=preload, memory=memory, cpu_seconds=cpu_seconds, file_size=file_size)
    return _launcher_class(described)


def read_in_child(
    data: bytes,
    filename: str | None = None,
    *,
    encodings: tuple[str, ...] = (),
    format: str | None = None,
    options: Mapping[str, object] | None = None,
    timeout: float = TIMEOUT,
) -> Content:
    """Run `read.read_content` in a new process that ends with the file.

    May be called from several threads. Raises ReadError: the reader's, read.child_died, read.no_time,
    read.out_of_memory, read.reader_failed.
    """
    child = _shared_launcher().start_child()
    try:
        result = child.run_job(Job(None, data, filename, encodings, format, options), timeout)
    finally:
        child.close()
    if isinstance(result, ReadError):
        raise result
    content: Content = result
    return content


_shared: Launcher | None = None
_shared_lock = threading.Lock()


def _shared_launcher() -> Launcher:
    """Return the launcher of `read_in_child`, started once per process."""
    global _shared
    with _shared_lock:
        if _shared is None or not _shared.is_alive():
            _shared = make_launcher(read_job)
            atexit.register(_shared.close)
        return _shared
