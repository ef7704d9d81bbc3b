"""Serve the public dashboard, the offices' pages and the Dagster UI of one home on loopback, and run its schedules.

The processes are supervised: one that ends is restarted, and all end together.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.core.home import Home
from pipelines.operations.supervision import Process, SessionProcess, SupervisionError, Supervisor, rotate_log
from pipelines.refresh.publication import complete_publication_at_start
from pipelines.runs.instance import instance_folder
from pipelines.web.sign_in import demonstration

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
DASHBOARD_PORT = 8501
PORTAL_PORT = 8502
DAGSTER_PORT = 3000
_PATIENCE = 90.0
_CHECK_SECONDS = 0.5
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServeError(Exception):
    """A server did not come up; the text says which and where its log lies."""


@dataclass(frozen=True)
class Server:
    """One process of the service. Without an address it answers nobody, and is up when it has not ended."""

    command: list[str]
    address: str = ""
    health: str = ""


def serve(home: Home) -> None:
    """Start the servers, print their addresses when they answer, and keep them running until interrupted.

    The public dashboard and the offices' pages are two processes: the one reads `public/` and could not read more.
    Raises ServeError if a server does not come up at the start, or if in the end none is left.
    """
    complete_publication_at_start(home, report=lambda text: print(f"rti: {text}", file=sys.stderr, flush=True))
    logs = home.restricted / "logs"
    logs.mkdir(exist_ok=True)
    servers = _servers()
    supervisor = Supervisor(
        {name: partial(_start, home, server, _log_of(logs, name)) for name, server in servers.items()}, log=_say
    )
    with _noted_signals() as is_ending:
        try:
            _start_all(supervisor, servers, logs, is_ending)
            if (accounts := demonstration.accounts_file(home)) is not None:
                _say(f"accounts of the demonstration, with their password: {accounts}")
            _say("Ctrl-C ends all.")
            while not is_ending():
                time.sleep(_CHECK_SECONDS)
                supervisor.check()
                for name in servers:
                    rotate_log(_log_of(logs, name))
            _say("ending")
        except SupervisionError as error:
            raise ServeError(f"{error}; the logs are in {logs}") from error
        finally:
            supervisor.stop()


def _servers() -> dict[str, Server]:
    dashboard, dagster = _free(DASHBOARD_PORT), _free(DAGSTER_PORT)
    portal = _free(max(PORTAL_PORT, dashboard + 1))
    return {
        "dashboard": Server(_dashboard(dashboard), f"http://{HOST}:{dashboard}", "/_stcore/health"),
        "offices' pages": Server(_portal(portal), f"http://{HOST}:{portal}", "/_stcore/health"),
        "Dagster UI": Server(_dagster_ui(dagster), f"http://{HOST}:{dagster}", "/server_info"),
        "Dagster daemon": Server(_dagster_daemon()),
    }


def _start(home: Home, server: Server, log: Path) -> SessionProcess:
    environment = {
        **os.environ,
        "RTI_HOME": str(home.root),
        "DAGSTER_HOME": str(instance_folder(home)),
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }
    return SessionProcess(server.command, cwd=PROJECT, environment=environment, log=log)


def _start_all(supervisor: Supervisor, servers: dict[str, Server], logs: Path, is_ending: Callable[[], bool]) -> None:
    processes: dict[str, Process] = {}
    for name in servers:
        if is_ending():
            return
        _say(f"starting the {name}")
        rotate_log(_log_of(logs, name))
        processes[name] = supervisor.start(name)
    for name, server in servers.items():
        _wait(name, processes[name], server, logs, is_ending)
        if is_ending():
            return
        _say(f"{name}: {server.address or 'runs the schedules and sensors'}")


def _log_of(logs: Path, name: str) -> Path:
    return logs / f"{_slug(name)}.log"


def _say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def _noted_signals() -> Iterator[Callable[[], bool]]:
    """Note the signals that end a service, instead of interrupting what is being done; yields whether one has come.

    An interruption between the start of a process and the note that it runs would leave the process behind.
    """
    received: list[int] = []
    earlier = {number: signal.getsignal(number) for number in _ENDING_SIGNALS}
    for number, handler in earlier.items():
        # Whoever starts this command in the background may have had Ctrl-C or the end of the terminal ignored.
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda received_number, _: received.append(received_number))
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _slug(name: str) -> str:
    return name.replace(" ", "-").replace("'", "").lower()


def _dashboard(port: int) -> list[str]:
    return [sys.executable, "-m", "dashboards.public_app", "--port", str(port)]


def _portal(port: int) -> list[str]:
    return [sys.executable, "-m", "dashboards.portal_app", "--port", str(port)]


def _dagster_ui(port: int) -> list[str]:
    return [sys.executable, "-m", "pipelines.operations.dagster_ui", "--port", str(port)]


def _dagster_daemon() -> list[str]:
    return [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", "pipelines.definitions"]


def _free(port: int) -> int:
    """The port, or the next free one after it."""
    for candidate in range(port, port + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex((HOST, candidate)) != 0:
                return candidate
    raise ServeError(f"no port from {port} to {port + 99} is free on {HOST}")


def _wait(name: str, process: Process, server: Server, logs: Path, is_ending: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if is_ending() or not server.address:
            return
        try:
            with urllib.request.urlopen(server.address + server.health, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    where = f"at {server.address} within {_PATIENCE:.0f} s" if server.address else "and has ended"
    raise ServeError(f"the {name} did not answer {where}; its log is in {logs}")
