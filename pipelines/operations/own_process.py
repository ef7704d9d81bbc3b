"""Keep one process running next to this one, for parts of the service that `rti serve` does not supervise.

A supervisor such as systemd runs the daemon as one process of its own, which then starts the code server itself.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipelines.operations.supervision import RestartPolicy, SessionProcess, SupervisionError, Supervisor

_CHECK_SECONDS: Final = 0.5
_LOG = logging.getLogger("rti.service")


@contextmanager
def keep_running(
    name: str, command: Sequence[str], *, cwd: Path, policy: RestartPolicy | None = None
) -> Iterator[None]:
    """Run a command while the block lasts, and start it again if it ends. Its output goes where this process's goes."""

    def start_process() -> SessionProcess:
        return SessionProcess(command, cwd=cwd, environment=os.environ, log=None)

    supervisor = Supervisor({name: start_process}, log=_LOG.warning, policy=policy)
    is_ending = threading.Event()

    def check_until_end() -> None:
        try:
            while not is_ending.wait(_CHECK_SECONDS):
                supervisor.check_processes()
        except SupervisionError as error:
            _LOG.error("%s", error)

    supervisor.start_process(name)
    thread = threading.Thread(target=check_until_end, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_ending.set()
        thread.join()
        supervisor.stop_processes()


def end_with_parent(check_seconds: float = 1.0) -> None:
    """End this process in the usual way soon after its parent has ended, even if the parent was killed."""
    parent = os.getppid()

    def watch_parent() -> None:
        while os.getppid() == parent:
            threading.Event().wait(check_seconds)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, name="parent", daemon=True).start()
