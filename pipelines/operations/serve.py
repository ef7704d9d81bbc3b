"""Serve the public dashboard, the offices' pages and the Dagster UI of one home on loopback, and run its schedules.

The processes are supervised: one that ends is restarted, and all end together.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from pipelines.core.home import Home, HomeError
from pipelines.core.settings import check_settings
from pipelines.operations.supervision import Process, SessionProcess, SupervisionError, Supervisor, rotate_log
from pipelines.publication.releases.publications import intent_path
from pipelines.runs.instance import instance_folder
from pipelines.web.health import READY

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
DASHBOARD_PORT = 8501
PORTAL_PORT = 8502
DAGSTER_PORT = 3000
PORTS = {"public": DASHBOARD_PORT, "office": PORTAL_PORT, "dagster-ui": DAGSTER_PORT}
"""The port of each part that serves requests; the daemon serves none."""
_PATIENCE = 90.0
_PEOPLE: Final = ("dashboard", "offices' pages")
_CODE_SERVER: Final = "Dagster code server"
_UI: Final = "Dagster UI"
_DAEMON: Final = "Dagster daemon"
_CHECK_SECONDS = 0.5
_POLL_SECONDS = 0.05
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServeError(Exception):
    """A server did not start; the text names it and the folder of its log."""


@dataclass(frozen=True)
class ServiceProcess:
    """One process of the service. A process without an address serves no requests and counts as up while it runs."""

    command: list[str]
    address: str = ""
    health: str = ""
    purpose: str = ""


def serve_home(home: Home) -> None:
    """Start the servers, print their addresses when they answer, and keep them running until interrupted.

    The public dashboard and the offices' pages are separate processes: the public one reads only `public/` and cannot
    read more. Raises SettingsError for a wrong setting, before anything starts, and ServeError if a server does not
    start, or if later every one of them has failed.
    """
    check_settings()
    _complete_publication(home)
    logs = home.restricted / "logs"
    logs.mkdir(exist_ok=True)
    with _record_signals() as is_ending, tempfile.TemporaryDirectory(prefix="rti-") as sockets:
        servers = _choose_servers(f"{sockets}/code-server")
        supervisor = Supervisor(
            {name: partial(_start, home, server, _log_path(logs, name)) for name, server in servers.items()}, log=_say
        )
        try:
            _start_all(supervisor, servers, logs, is_ending)
            if is_ending():
                _say("ending")
                return
            # Imported when the pages answer: both load the ledger, which takes as long as a page takes to start.
            from pipelines.operations.release_clock import ReleaseClock
            from pipelines.operations.release_sender import ReleaseSender
            from pipelines.web.sign_in import demonstration

            if (accounts := demonstration.accounts_file(home)) is not None:
                _say(f"accounts of the demonstration, with their password: {accounts}")
            _say("Ctrl-C ends all.")
            releases, sender = ReleaseClock(home, report=_say), ReleaseSender(home, report=_say)
            while not is_ending():
                time.sleep(_CHECK_SECONDS)
                supervisor.check_processes()
                releases.check_release()
                sender.check_files()
                for name in servers:
                    rotate_log(_log_path(logs, name))
            _say("ending")
        except SupervisionError as error:
            raise ServeError(f"{error}; the logs are in {logs}") from error
        finally:
            supervisor.stop_processes()


def serve_part(home: Home, part: str, port: int | None = None) -> None:
    """Become one process of the service, for a supervisor such as systemd or a container. Never returns.

    The public part neither needs nor touches anything restricted. Raises SettingsError, HomeError if this user may not
    use the home, and ServeError if the port is in use.
    """
    check_settings()
    commands: dict[str, Callable[[int], list[str]]] = {
        "public": _dashboard_command,
        "office": _portal_command,
        "dagster-ui": _dagster_ui_command,
        "daemon": lambda _port: make_daemon_command(),
    }
    environment = {**os.environ, "RTI_HOME": str(home.root), "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
    if part != "public":
        if not os.access(home.restricted, os.R_OK | os.W_OK | os.X_OK):
            raise HomeError(f"this user may not read and write {home.restricted}; run it as the user of the service")
        _complete_publication(home)
    if part in ("daemon", "dagster-ui"):
        environment["DAGSTER_HOME"] = str(instance_folder(home))
    chosen_port = port or PORTS.get(part, 0)
    if chosen_port and _find_free_port(chosen_port) != chosen_port:
        raise ServeError(f"port {chosen_port} on {HOST} is in use; end the other program, or choose one with --port")
    command = commands[part](chosen_port)
    os.chdir(PROJECT)
    os.execve(command[0], command, environment)  # noqa: S606 - without a shell on purpose


def become_step_worker(home: Home, *, name: str, with_services: bool) -> NoReturn:
    """Become a step worker, which does steps of refreshes. Never returns.

    Raises SettingsError if no RabbitMQ is set, and HomeError if this user may not use the home.
    """
    from pipelines.runs import step_queue

    check_settings()
    if not step_queue.has_queue():
        step_queue.read_broker_url()
    if not os.access(home.restricted, os.R_OK | os.W_OK | os.X_OK):
        raise HomeError(f"this user may not read and write {home.restricted}; run it as the user of the service")
    command = [sys.executable, "-m", "pipelines.operations.step_worker", "--name", name]
    environment = {**os.environ, "RTI_HOME": str(home.root), "DAGSTER_HOME": str(instance_folder(home))}
    os.chdir(PROJECT)
    os.execve(command[0], [*command, *(["--with-services"] if with_services else [])], environment)  # noqa: S606


def _complete_publication(home: Home) -> None:
    """Complete an interrupted publication; without one, import nothing, so that the pages start at once."""
    if intent_path(home).exists():
        from pipelines.refresh.publication import complete_publication_at_start

        complete_publication_at_start(home, report=lambda text: print(f"rti: {text}", file=sys.stderr, flush=True))


def _choose_servers(socket: str) -> dict[str, ServiceProcess]:
    dashboard, dagster = _find_free_port(DASHBOARD_PORT), _find_free_port(DAGSTER_PORT)
    portal = _find_free_port(max(PORTAL_PORT, dashboard + 1))
    return {
        _PEOPLE[0]: ServiceProcess(_dashboard_command(dashboard), f"http://{HOST}:{dashboard}", "/_stcore/health"),
        _PEOPLE[1]: ServiceProcess(_portal_command(portal), f"http://{HOST}:{portal}", "/health"),
        _CODE_SERVER: ServiceProcess(make_code_server_command(socket)),
        _UI: ServiceProcess(
            [*_dagster_ui_command(dagster), "--code-server", socket], f"http://{HOST}:{dagster}", READY
        ),
        _DAEMON: ServiceProcess(make_daemon_command(socket), purpose="runs the schedules and sensors"),
    }


def _start(home: Home, server: ServiceProcess, log: Path) -> SessionProcess:
    environment = {
        **os.environ,
        "RTI_HOME": str(home.root),
        "DAGSTER_HOME": str(instance_folder(home)),
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }
    return SessionProcess(server.command, cwd=PROJECT, environment=environment, log=log)


def _start_all(
    supervisor: Supervisor, servers: dict[str, ServiceProcess], logs: Path, is_ending: Callable[[], bool]
) -> None:
    processes: dict[str, Process] = {}

    def start_processes(*names: str) -> None:
        for name in names:
            if not is_ending():
                _say(f"starting the {name}")
                rotate_log(_log_path(logs, name))
                processes[name] = supervisor.start_process(name)

    def wait_for(names: list[str], *, number: int = 1) -> None:
        """Wait until `number` of these servers answer; announce them and take them out of the list."""
        for name in [] if is_ending() else _wait_until_up(names, number, servers, processes, logs, is_ending):
            names.remove(name)
            if line := servers[name].address or servers[name].purpose:
                _say(f"{name}: {line}")

    # The pages start first, because the start of Dagster takes all processors for seconds. Its code server, for which
    # the UI waits, takes the processor of the page that answers first.
    pages = list(_PEOPLE)
    start_processes(*pages)
    wait_for(pages)
    start_processes(_CODE_SERVER)
    wait_for(pages)
    start_processes(_UI)
    wait_for([_UI])
    start_processes(_DAEMON)
    wait_for([_DAEMON])


def _log_path(logs: Path, name: str) -> Path:
    return logs / f"{_slug(name)}.log"


def _say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def _record_signals() -> Iterator[Callable[[], bool]]:
    """Record the signals that end a service instead of raising at once; yield a function that says if one arrived.

    An exception between starting a process and registering it would leave the process running.
    """
    received: list[int] = []
    earlier = {number: signal.getsignal(number) for number in _ENDING_SIGNALS}
    for number, handler in earlier.items():
        # If a shell started this command in the background, Ctrl-C or the end of the terminal may be set to be ignored.
        if handler is not signal.SIG_IGN:
            signal.signal(number, lambda received_number, _: received.append(received_number))
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _slug(name: str) -> str:
    return name.replace(" ", "-").replace("'", "").lower()


def _dashboard_command(port: int) -> list[str]:
    return [sys.executable, "-m", "dashboards.public.app", "--port", str(port)]


def _portal_command(port: int) -> list[str]:
    return [sys.executable, "-m", "dashboards.office.app", "--port", str(port)]


def _dagster_ui_command(port: int) -> list[str]:
    return [sys.executable, "-m", "pipelines.operations.dagster_ui", "--port", str(port)]


def make_code_server_command(socket: str) -> list[str]:
    """Return the command that serves the definitions on a socket."""
    return [sys.executable, "-m", "pipelines.operations.code_server", "--socket", socket]


def make_daemon_command(socket: str | None = None) -> list[str]:
    """Return the command of the daemon, with the socket of a shared code server or with one of its own."""
    shared = ["--code-server", socket] if socket is not None else []
    return [sys.executable, "-m", "pipelines.operations.daemon", *shared]


def _find_free_port(port: int) -> int:
    """Return the port, or the next free one after it. Raises ServeError if the next hundred are all in use."""
    for candidate in range(port, port + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex((HOST, candidate)) != 0:
                return candidate
    raise ServeError(f"no port from {port} to {port + 99} is free on {HOST}")


def _wait_until_up(
    names: Sequence[str],
    number: int,
    servers: Mapping[str, ServiceProcess],
    processes: Mapping[str, Process],
    logs: Path,
    is_ending: Callable[[], bool],
) -> list[str]:
    """Return the first `number` of the servers that answer; fewer if the service is to end.

    Raises ServeError if they do not answer in time, or at once if any of the processes has ended.
    """
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if is_ending():
            return []
        for other_name, process in processes.items():
            if process.poll() is not None:
                raise ServeError(f"the {other_name} did not answer and has ended; its log is in {logs}")
        answering = [name for name in names if _does_answer(servers[name])][:number]
        if len(answering) == number:
            return answering
        time.sleep(_POLL_SECONDS)
    silent = ", ".join(f"the {name} at {servers[name].address}" for name in names)
    raise ServeError(f"no answer within {_PATIENCE:.0f} s from {silent}; the logs are in {logs}")


def _does_answer(server: ServiceProcess) -> bool:
    """Return True if a server answers, or if it serves no requests."""
    if not server.address:
        return True
    try:
        with urllib.request.urlopen(server.address + server.health, timeout=2):  # noqa: S310 - loopback
            return True
    except (urllib.error.URLError, OSError):
        return False
