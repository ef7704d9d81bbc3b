"""Start runs of the daemon as forks of a process that has loaded everything, instead of as new interpreters.

Loading the definitions, dbt and Great Expectations takes seconds of processor time, for which people wait after an
approval. Multiprocessing's fork server loads them once. It is a process of its own without requests and threads, so a
fork of it is safe, which one of the code server would not be. Until it has loaded, and once a file of the program has
changed, a run loads everything by itself.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Final

from pipelines.declarations.registry import territory_folders

_PRELOAD: Final = "pipelines.operations.run_preload"
_ROOT: Final = Path(__file__).resolve().parents[2]
_SOURCES: Final = tuple(_ROOT / name for name in ("pipelines", "expectations", "dbt_project"))
_LOG = logging.getLogger("rti.runs")


class RunStarter:
    """Chooses how the next run starts: forked once everything is loaded, else by a new interpreter."""

    def __init__(self, preload: str = _PRELOAD) -> None:
        self._preload = preload
        self._state: tuple[tuple[str, int, int], ...] | None = None

    def prepare_later(self, seconds: float) -> None:
        """Load everything after some seconds, in which the service starts. Systems other than Linux do not fork."""
        if sys.platform == "linux":
            timer = threading.Timer(seconds, self.prepare_runs)
            timer.daemon = True
            timer.start()

    def prepare_runs(self) -> None:
        """Start the process that loads everything, and wait until it has."""
        state = tuple(list_states())
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([self._preload])
        probe = context.Process(target=_require_loaded, args=(self._preload,))
        probe.start()
        probe.join()
        if probe.exitcode == 0:
            self._state = state
        else:
            _LOG.warning("runs cannot be prepared, so each loads the program by itself; the reason is above")

    def choose_context(self) -> BaseContext:
        """Return the context of multiprocessing for the next run. After a change of a file, no run is forked."""
        if self._state is not None and self._state != tuple(list_states()):
            _LOG.warning("files of the program have changed: each run loads them again until the service restarts")
            self._state = None
        return multiprocessing.get_context("spawn" if self._state is None else "forkserver")


def kill_runs() -> None:
    """Kill the runs that this process has started, and the process from which runs are forked.

    The latter would otherwise notice the end of this one only when it has loaded everything.
    """
    for process in multiprocessing.active_children():
        process.kill()
    prepared: int | None = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    if prepared is not None:
        with suppress(ProcessLookupError):
            os.kill(prepared, signal.SIGKILL)


def list_states() -> Iterator[tuple[str, int, int]]:
    """Yield name, time of change and size of each file of the program, its declarations and its dbt project."""
    for folder in (*_SOURCES, *territory_folders()):
        for path in sorted(folder.rglob("*")):
            if "__pycache__" not in path.parts and "target" not in path.parts and path.is_file():
                status = path.stat()
                yield str(path), status.st_mtime_ns, status.st_size


def _require_loaded(preload: str) -> None:
    """End with an error unless this process is a fork of one that has loaded everything."""
    if preload not in sys.modules:
        raise SystemExit(1)
