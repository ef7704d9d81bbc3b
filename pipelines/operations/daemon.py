"""Run the Dagster daemon of a home: `python -m pipelines.operations.daemon`.

With `RTI_HEALTH_PORT` it reports its health there: `/live` while the process runs, `/ready` while every part of the
daemon works, `/health` also whether sensors and schedules fail. `RTI_METRICS_PORT` and `RTI_METRICS_FILE` are for
Prometheus.
"""

from __future__ import annotations

import argparse
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from pipelines.core.settings import MonitoringSettings, SettingsError, read_settings
from pipelines.core.structured_log import configure_log, remove_own_handlers
from pipelines.operations.code_server import add_socket_option, choose_definitions, served_definitions
from pipelines.operations.code_server_watch import CodeServerWatch
from pipelines.operations.health_port import served_health_if_set
from pipelines.operations.own_process import run_and_end
from pipelines.runs import run_progress, step_queue, trigger_watch
from pipelines.runs.running_clock import follow_running_clock
from pipelines.web.health import Health, HealthCheck

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from pipelines.core.home import Home

LONGEST_SILENCE: Final = 300.0
"""Seconds without a heartbeat after which a part of the daemon counts as stopped; Dagster writes one each half minute,
and loading the definitions may take a minute on a busy machine."""
_LOG = logging.getLogger("rti.daemon")


def daemon_readiness(instance: DagsterInstance, code_server: CodeServerWatch | None = None) -> Health:
    """Return a check for each part of the daemon: it has a recent heartbeat, without an error.

    A further check asks the code server, without which the daemon can do nothing.
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
    if code_server is not None:
        checks.append(HealthCheck("code server", code_server.describe_problem()))
    return Health(tuple(checks))


def daemon_health(instance: DagsterInstance, home: Home, code_server: CodeServerWatch | None = None) -> Health:
    """Return the checks of the daemon's parts.

    Further checks name a run that is stuck, the sensors and schedules that fail again and again, and missing workers.
    """
    runs = HealthCheck("runs", run_progress.describe_stuck_run(instance))
    failing = "; ".join(trigger.describe_failure() for trigger in trigger_watch.read_failing_triggers(home))
    triggers = HealthCheck("sensors and schedules", failing)
    return Health((*daemon_readiness(instance, code_server).checks, runs, triggers, *_check_workers()))


def _check_workers() -> tuple[HealthCheck, ...]:
    """Return a check that workers take steps, if they are to do them."""
    if not step_queue.has_queue():
        return ()
    try:
        problem = step_queue.describe_missing_workers(step_queue.read_queues())
    except step_queue.QueueAwayError:
        problem = "RabbitMQ does not answer"
    return (HealthCheck("workers", problem),)


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
    from pipelines.operations.worker_metrics import make_worker_registry, written_metrics
    from pipelines.runs.instance import instance_folder
    from pipelines.web.metrics import serve_registry

    try:
        configure_log("daemon")
        settings = read_settings(MonitoringSettings)
        follow_running_clock()
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None
    home = open_home()
    os.environ["DAGSTER_HOME"] = str(instance_folder(home))
    setup_interrupt_handlers()
    with ExitStack() as stack:
        stack.enter_context(capture_interrupts())
        served_socket = stack.enter_context(served_definitions(socket))
        target, code_server = choose_definitions(served_socket), CodeServerWatch(served_socket)
        instance = stack.enter_context(DagsterInstance.get())
        stack.enter_context(
            served_health_if_set(
                settings.health_port,
                lambda: daemon_health(instance, home, code_server),
                lambda: daemon_readiness(instance, code_server),
            )
        )
        registry = make_worker_registry(home, instance, code_server)
        stack.enter_context(written_metrics(registry, settings.metrics_file))
        if settings.metrics_port is not None:
            serve_registry(registry, settings.metrics_port)
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
