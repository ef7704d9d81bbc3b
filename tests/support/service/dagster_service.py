"""Run the code server and the daemon of a home as `rti serve` starts them, with a clock of the test's choice."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.core.home import Home
from pipelines.operations.serve import PROJECT, make_code_server_command, make_daemon_command
from pipelines.operations.supervision import SessionProcess
from pipelines.runs.instance import instance_folder
from tests.support.service.serving import kill_processes_of

LONGEST = 420.0
"""Seconds for each stage; on an idle machine the longest takes forty."""


def start_clock_at(moment: datetime) -> str:
    """Return the `RTI_NOW` of a clock that shows a moment now and goes on."""
    seconds = (moment - datetime.now(UTC)) // timedelta(seconds=1)
    return f"{'-' if seconds < 0 else '+'}PT{abs(seconds)}S"


@contextmanager
def run_dagster(home: Home, logs: Path, **variables: str) -> Iterator[Path]:
    """Run the code server and the daemon until the block ends; yield the daemon's log. `variables` are further ones."""
    environment = {
        **os.environ,
        "RTI_HOME": str(home.root),
        "DAGSTER_HOME": str(instance_folder(home)),
        **variables,
    }
    log = logs / "daemon.log"
    with ExitStack() as stack:
        socket = f"{stack.enter_context(tempfile.TemporaryDirectory(prefix='rti-'))}/code-server"
        stack.callback(kill_processes_of, home.root)
        commands = {logs / "code-server.log": make_code_server_command(socket), log: make_daemon_command(socket)}
        for output, command in commands.items():
            process = SessionProcess(command, cwd=PROJECT, environment=environment, log=output)
            stack.callback(process.kill)
        yield log


def wait_for(condition: Callable[[], bool], log: Path, *, pause: float = 0.5) -> None:
    """Wait until a condition is true. Fail with the end of a log if that takes too long."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < LONGEST, log.read_text(encoding="utf-8")[-4000:]
        time.sleep(pause)
