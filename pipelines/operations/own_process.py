"""Keep one process running next to this one, for parts of the service that `rti serve` does not supervise.

A supervisor such as systemd runs the daemon as one process of its own, which then starts the code server itself.
"""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

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
    """End this process in the usual way soon after its parent has ended, even if the parent was killed.

    A process that ignores SIGTERM ends at once instead. A shell starts background jobs with SIGINT ignored, and Dagster
    then ignores SIGTERM as well, so that a code server would stay for ever.
    """
    parent = os.getppid()

    def watch_parent() -> None:
        while os.getppid() == parent:
            threading.Event().wait(check_seconds)
        if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
            os._exit(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, name="parent", daemon=True).start()


def run_and_end(main: Callable[[], None]) -> NoReturn:
    """Run the main function of a process, and end the process as usual, but without freeing each of its objects.

    Freeing those of a process with all definitions takes seconds of processor time: on a busy machine `rti serve`
    waited ten seconds for Dagster's code server and its daemon, and then killed them (grpcio 1.85, November 2026).
    An exception ends the process in the usual way.
    """
    code: str | int | None = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    if isinstance(code, str):
        print(code, file=sys.stderr)
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)
