"""Load the definitions once for the Dagster UI and the daemon of `rti serve`, or for a daemon by itself.

`python -m pipelines.operations.code_server` listens on a socket in a folder that only this user can enter. Started by
itself, the UI loads the definitions in a server of Dagster's, and the daemon starts a server of this kind.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core.garbage import collect_rarely
from pipelines.core.settings import SettingsError
from pipelines.core.structured_log import configure_log
from pipelines.operations.own_process import end_with_parent, keep_running, run_and_end

if TYPE_CHECKING:
    from dagster._core.workspace.load_target import WorkspaceLoadTarget

DEFINITIONS: Final = "pipelines.definitions"
_PATIENCE: Final = 90.0
_OPEN_CALL_SECONDS: Final = 1
"""Seconds that open calls may go on when the server is asked to end. With Dagster's 60, a UI that was reading the
definitions at this moment kept the server until its supervisor killed it."""
_START_SECONDS: Final = 20.0
"""Seconds in which the service starts; preparing runs takes a processor for some seconds and must not delay it."""


def add_socket_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the socket of a shared code server."""
    parser.add_argument("--code-server", metavar="SOCKET", help="the socket of a code server that runs already")


@contextmanager
def served_definitions(socket: str | None) -> Iterator[str]:
    """Yield the socket of the shared code server; without one, run a code server while the block lasts."""
    if socket is not None:
        yield socket
        return
    with tempfile.TemporaryDirectory(prefix="rti-") as folder:
        own_socket = f"{folder}/code-server"
        command = [
            sys.executable,
            "-m",
            "pipelines.operations.code_server",
            "--socket",
            own_socket,
            "--end-with-parent",
        ]
        with keep_running("code server", command, cwd=Path.cwd()):
            yield own_socket


def choose_definitions(socket: str | None) -> WorkspaceLoadTarget:
    """Return where Dagster finds the definitions: a shared server, once it answers, or else a server of its own.

    Both have the same name, so that sensors keep their state. If the shared server does not answer in a minute and a
    half, the caller starts without it; Dagster connects later.
    """
    from dagster._cli.workspace.cli_target import workspace_opts_to_load_target
    from dagster._core.workspace.load_target import GrpcServerTarget
    from dagster_shared.cli import WorkspaceOpts

    if socket is None:
        return workspace_opts_to_load_target(WorkspaceOpts(module_name=(DEFINITIONS,)))
    _wait_for_server(socket)
    return GrpcServerTarget(host="localhost", port=None, socket=socket, location_name=DEFINITIONS)


def _wait_for_server(socket: str) -> None:
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient
    from dagster._utils.interrupts import check_captured_interrupt

    client, end = DagsterGrpcClient(socket=socket), time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if check_captured_interrupt():
            # The daemon only records the signals that end it, so that no wait may be longer than its supervisor's.
            raise KeyboardInterrupt
        try:
            client.ping("")
            return
        except DagsterUserCodeUnreachableError:
            time.sleep(0.1)


def _adapt_instance(arguments: str) -> str:
    """Return the arguments of a run with an instance like that of `rti refresh`."""
    from dagster._grpc.types import ExecuteExternalJobArgs
    from dagster._serdes import deserialize_value, serialize_value
    from dagster_shared.record import copy

    from pipelines.runs.instance import adapt_to_run

    run = deserialize_value(arguments, ExecuteExternalJobArgs)
    if run.instance_ref is None:
        return arguments
    return serialize_value(copy(run, instance_ref=adapt_to_run(run.instance_ref)))


def _prepare_runs() -> None:
    """Let Dagster's code server, which always starts new interpreters, ask `prepared_runs` how each run starts."""
    from dagster._grpc import server

    # Imported by the code server alone: it loads the declarations, which the UI and the daemon do not need to start.
    from pipelines.operations.prepared_runs import RunStarter

    starter = RunStarter()

    start_run = server.DagsterApiServer.StartRun

    def start_prepared_run(self: Any, request: Any, context: Any) -> Any:
        self._mp_ctx = starter.choose_context()
        request.serialized_execute_run_args = _adapt_instance(request.serialized_execute_run_args)
        return start_run(self, request, context)

    server.DagsterApiServer.StartRun = start_prepared_run  # type: ignore[method-assign, assignment]
    starter.prepare_later(_START_SECONDS)


class _Ending:
    """Ends the server when it is asked to, at any time: at once while it loads, and else without waiting for runs.

    Dagster gives SIGTERM the handler of SIGINT. A shell starts background jobs with SIGINT ignored, so then nothing
    ended the server. Otherwise that handler raises an exception, which an import can lose, and afterwards the server
    waits until its runs, and the process that is loading for them, have finished.
    """

    def __init__(self) -> None:
        self._is_over: threading.Event | None = None

    def handle_signals(self) -> None:
        """Handle SIGTERM, and SIGINT unless it is ignored."""
        signal.signal(signal.SIGTERM, self._end)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._end)

    def replace_handlers_of_dagster(self) -> None:
        """Keep these handlers, also while Dagster loads the definitions, and note when its server begins to serve."""
        from dagster._cli import api
        from dagster._grpc import server
        from dagster._utils import interrupts

        serve = server.DagsterGrpcServer.serve

        def serve_until_asked(dagster_server: Any) -> None:
            self._is_over = dagster_server._server_termination_event
            serve(dagster_server)  # type: ignore[no-untyped-call]

        def keep_handlers(*_: object) -> None:
            """Replace no handler."""

        api.setup_interrupt_handlers = keep_handlers  # type: ignore[attr-defined]
        interrupts._replace_interrupt_signal = keep_handlers  # type: ignore[assignment]
        server.DagsterGrpcServer.serve = serve_until_asked  # type: ignore[method-assign]

    def _end(self, *_: object) -> None:
        if self._is_over is None:
            # A signal may come at any moment of an import, so that nothing is imported here.
            prepared_runs = sys.modules.get("pipelines.operations.prepared_runs")
            if prepared_runs is not None and hasattr(prepared_runs, "kill_runs"):
                prepared_runs.kill_runs()
            os._exit(0)
        self._is_over.set()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the definitions on a socket until the process is asked to end."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.code_server", description=__doc__)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--end-with-parent", action="store_true", help="end when the process that started it has ended")
    options = parser.parse_args(arguments)
    ending = _Ending()
    ending.handle_signals()
    if options.end_with_parent:
        end_with_parent()
    try:
        configure_log("code-server")
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None
    collect_rarely()
    os.environ.setdefault("DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD", str(_OPEN_CALL_SECONDS))
    _prepare_runs()
    ending.replace_handlers_of_dagster()
    from dagster._cli.api import grpc_command

    served = [
        "--module-name",
        DEFINITIONS,
        "--location-name",
        DEFINITIONS,
        "--socket",
        options.socket,
        "--log-level",
        "warning",
    ]
    try:
        grpc_command(served, standalone_mode=True)
    finally:
        from pipelines.operations.prepared_runs import kill_runs

        # Python waits for them when a process ends. The next start of the service closes and repeats killed runs.
        kill_runs()


if __name__ == "__main__":
    run_and_end(main)
