"""Run the Dagster daemon of a home, and report its health on a loopback port: `python -m pipelines.operations.daemon`.

Without `RTI_HEALTH_PORT` it serves nothing. `/live` answers while the process runs, `/health` like that of the other
parts: 200, or 503 with what is wrong, without figures and paths.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from pipelines.core.settings import MonitoringSettings, SettingsError, read_settings
from pipelines.core.structured_log import configure_log, remove_own_handlers
from pipelines.operations.code_server import add_socket_option, choose_definitions, served_definitions
from pipelines.operations.own_process import run_and_end
from pipelines.runs import trigger_watch
from pipelines.web.health import Health, HealthCheck

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from pipelines.core.home import Home

HOST: Final = "127.0.0.1"
LONGEST_SILENCE: Final = 300.0
"""Seconds without a heartbeat after which a part of the daemon counts as stopped; Dagster writes one each half minute,
and loading the definitions may take a minute on a busy machine."""
_LOG = logging.getLogger("rti.daemon")


def daemon_health(instance: DagsterInstance, home: Home) -> Health:
    """Return a check for each part of the daemon: it has a recent heartbeat, without an error.

    The last check names the sensors and schedules that fail again and again.
    """
    from dagster._daemon.controller import get_daemon_statuses

    names = instance.get_required_daemon_types()
    statuses = get_daemon_statuses(instance, names, ignore_errors=False, heartbeat_tolerance_seconds=LONGEST_SILENCE)
    checks = []
    for name, status in sorted(statuses.items()):
        problem = ""
        if not status.healthy:
            has_errors = status.last_heartbeat is not None and bool(status.last_heartbeat.errors)
            problem = "its last round failed" if has_errors else "no recent heartbeat"
        checks.append(HealthCheck(name.lower(), problem))
    failing = "; ".join(trigger.describe_failure() for trigger in trigger_watch.read_failing_triggers(home))
    return Health((*checks, HealthCheck("sensors and schedules", failing)))


@contextmanager
def served_health(port: int, measure: Callable[[], Health]) -> Iterator[int]:
    """Answer `/live` and `/health` on a loopback port while the block lasts; yield the port. Raises OSError."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "rti", ""

        def do_GET(self) -> None:
            """Answer one of the two addresses."""
            if self.path == "/live":
                self._answer(200, {"status": "ok"})
            elif self.path == "/health":
                health = measure()
                self._answer(200 if health.is_good else 503, health.as_json())
            else:
                self._answer(404, {"status": "not found"})

        def _answer(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log no request."""

    server = ThreadingHTTPServer((HOST, port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def watched_triggers(home: Home, instance: DagsterInstance) -> Iterator[None]:
    """Watch the sensors and schedules in a thread while the block lasts."""
    is_ending = threading.Event()
    arguments = (home, instance, is_ending)
    thread = threading.Thread(target=trigger_watch.watch_triggers, args=arguments, name="triggers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_ending.set()
        thread.join(timeout=10)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the daemon until the process is asked to end."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.daemon", description=__doc__)
    add_socket_option(parser)
    socket = parser.parse_args(arguments).code_server
    from dagster import DagsterInstance
    from dagster._daemon.controller import daemon_controller_from_instance
    from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers

    from pipelines.core.home import open_home
    from pipelines.runs.instance import instance_folder

    try:
        configure_log("daemon")
        settings = read_settings(MonitoringSettings)
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None
    home = open_home()
    os.environ["DAGSTER_HOME"] = str(instance_folder(home))
    setup_interrupt_handlers()
    with ExitStack() as stack:
        stack.enter_context(capture_interrupts())
        target = choose_definitions(stack.enter_context(served_definitions(socket)))
        instance = stack.enter_context(DagsterInstance.get())
        if settings.health_port is not None:
            try:
                stack.enter_context(served_health(settings.health_port, lambda: daemon_health(instance, home)))
            except OSError as error:
                _LOG.warning("health is not served on port %d of %s: %s", settings.health_port, HOST, error.strerror)
        log_format = "json" if settings.log_format == "json" else "colored"
        try:
            with daemon_controller_from_instance(
                instance, workspace_load_target=target, heartbeat_tolerance_seconds=1800, log_format=log_format
            ) as controller:
                remove_own_handlers("dagster")
                stack.enter_context(watched_triggers(home, instance))
                controller.check_daemon_loop()
        except KeyboardInterrupt:
            _LOG.info("ended")


if __name__ == "__main__":
    run_and_end(main)
