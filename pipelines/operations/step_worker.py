"""Take steps of refreshes from RabbitMQ and do them: `rti step-worker`.

Celery's process loads everything once and forks a new process for each step, as `prepared_runs` does for runs, so that
a step starts at once and leaves nothing behind. The first process keeps the connection to RabbitMQ, which therefore
notices soon if this machine is gone, and gives the step to another worker. With `RTI_HEALTH_PORT` and
`RTI_METRICS_PORT`, `worker_health` answers there for the worker.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core.garbage import collect_rarely
from pipelines.core.settings import DagsterSettings, MonitoringSettings, SettingsError, read_settings
from pipelines.core.structured_log import configure_log, remove_own_handlers
from pipelines.operations.own_process import end_with_parent, run_and_end
from pipelines.operations.worker_health import add_reports, reported_health, reported_step
from pipelines.runs import step_queue

if TYPE_CHECKING:
    from celery import Celery

_LOG: Final = logging.getLogger("rti.worker")
_PARENT_SECONDS: Final = 0.5
_TASK: Final = "execute_plan"


def make_worker_app(report_state: Callable[[str], None]) -> Celery:
    """Return dagster-celery's application with its task, as the executor of runs expects it.

    `report_state` is called in the process of each step when it begins and ends.
    """
    from dagster_celery.make_app import make_app
    from dagster_celery.tasks import create_task

    app = make_app({"broker": step_queue.read_broker_url(), "backend": "rpc://"})
    app.conf.update(step_queue.celery_options())
    create_task(app, base=_make_task_class(report_state))
    return app


def _make_task_class(report_state: Callable[[str], None]) -> type:
    from celery import Task
    from celery.exceptions import Ignore, Reject
    from dagster._core.instance.ref import InstanceRef
    from dagster._grpc.types import ExecuteStepArgs
    from dagster._serdes import unpack_value

    from pipelines.core.home import open_home
    from pipelines.core.home_lock import RunEndedError
    from pipelines.operations.prepared_runs import list_states
    from pipelines.runs.worker_step import joined_step

    # Of the first process, which has loaded these files; each step is a fork of it.
    states = tuple(list_states())

    class StepTask(Task):  # type: ignore[misc]
        """A step of a run, done under the run's lock, if the program is still the one that was loaded."""

        def __call__(self, execute_step_args_packed: dict[str, Any], executable_dict: dict[str, Any]) -> Any:
            _prepare_process()
            arguments = unpack_value(execute_step_args_packed, ExecuteStepArgs)
            (step,) = arguments.step_keys_to_execute or ("unknown",)
            with reported_step(report_state) as set_outcome:
                if states != tuple(list_states()):
                    _LOG.warning("files of the program have changed: the worker ends, and %s is done by another", step)
                    os.kill(os.getppid(), signal.SIGTERM)
                    set_outcome("refused")
                    raise Reject(f"{step}: files of the program have changed", requeue=True)
                assert isinstance(arguments.instance_ref, InstanceRef)
                folder = arguments.instance_ref.local_artifact_storage.base_dir
                try:
                    with joined_step(open_home(), arguments.run_id, step, Path(folder)):
                        _LOG.info("%s of run %s begins", step, arguments.run_id)
                        result = super().__call__(execute_step_args_packed, executable_dict)
                        _LOG.info("%s of run %s has ended", step, arguments.run_id)
                except RunEndedError as error:
                    _LOG.warning("%s is left: %s", step, error)
                    set_outcome("refused")
                    raise Ignore(str(error)) from None
                if has_failed(result):
                    set_outcome("failed")
                return result

    return StepTask


def has_failed(events: Sequence[str]) -> bool:
    """Return True if the events of a step, as dagster-celery sends them, have one of its failure."""
    return any('"STEP_FAILURE"' in event for event in events)


def _prepare_process() -> None:
    """Let a process that was forked for a step end with its parent, and start processes of its own."""
    import multiprocessing.process

    end_with_parent(_PARENT_SECONDS)
    # Celery marks it as a daemon, and then Python refuses the processes of disclosure control.
    multiprocessing.process.current_process()._config["daemon"] = False  # type: ignore[attr-defined]


def choose_queues(*, with_services: bool) -> list[str]:
    """Return the queues of a worker."""
    return [step_queue.QUEUE, *([step_queue.SERVICES_QUEUE] if with_services else [])]


def main(arguments: Sequence[str] | None = None) -> None:
    """Do steps until the process is asked to end; a step that has begun is completed first.

    Raises SystemExit for a wrong setting, and with Celery's code if the worker fails.
    """
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.step_worker", description=__doc__)
    parser.add_argument("--name", default="", help="the name of the worker in the log of a run")
    parser.add_argument(
        "--with-services", action="store_true", help="also do steps that read SQLite files of the services"
    )
    options = parser.parse_args(arguments)
    try:
        configure_log("worker")
        if not step_queue.has_queue():
            step_queue.read_broker_url()
        with_services = options.with_services or read_settings(DagsterSettings).step_worker_with_services
        settings = read_settings(MonitoringSettings)
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None

    name = options.name or f"{socket.gethostname()}-{os.getpid()}"
    with reported_health(settings.health_port, settings.metrics_port) as report_state:
        exit_code = _work(name, choose_queues(with_services=with_services), report_state)
    if exit_code:
        raise SystemExit(exit_code)


def _work(name: str, queues: list[str], report_state: Callable[[str], None]) -> int:
    """Take steps from the queues until the process is asked to end; return Celery's exit code."""
    from celery.signals import setup_logging

    from pipelines.core.home import open_home
    from pipelines.runs.instance import instance_folder

    os.environ["DAGSTER_HOME"] = str(instance_folder(open_home()))
    collect_rarely()
    app = make_worker_app(report_state)
    add_reports(app, report_state)
    # Importing it loads everything.
    import pipelines.operations.run_preload  # noqa: F401

    def keep_log(**_: Any) -> None:
        remove_own_handlers("celery")

    # Celery sets up no log of its own if something is connected here.
    setup_logging.connect(keep_log, weak=False)
    _LOG.info("the worker %s takes steps of %s", name, " and ".join(queues))
    worker = app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        pool="prefork",
        concurrency=1,
        queues=queues,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
        loglevel="WARNING",
        quiet=True,
    )
    worker.start()
    return worker.exitcode or 0


if __name__ == "__main__":
    run_and_end(main)
