"""The executor of refreshes: the process of the run, or workers on several machines if RabbitMQ is set.

With workers, the process of a run holds the lock of the home and hands out the steps; each worker joins that lock for
one step (`pipelines/operations/step_worker.py`).
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.core.home import open_home
from pipelines.core.home_lock import hold_home_lock
from pipelines.core.settings import DagsterSettings, read_settings
from pipelines.runs import step_queue
from pipelines.runs.liveness import mark_run_alive
from pipelines.warehouse import count_builds

if TYPE_CHECKING:
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan

LOCK_SECONDS = 3600.0
"""Seconds that a run waits for the lock of the home."""
_LOOK_SECONDS = 15.0
_LOG = logging.getLogger("rti.runs")


class NoWorkerError(Exception):
    """No worker has taken a step of a run for too long. The text says what to start."""


class RevocableResult:
    """The result of a step, which is over for its run as soon as it is revoked.

    dagster-celery waits until a worker confirms that it has left a revoked step, so a run without workers could not be
    cancelled. Here nothing is asked of the workers: they leave the steps of a run that has ended by themselves.
    """

    def __init__(self, result: Any) -> None:
        self._result = result
        self._is_revoked = False

    def ready(self) -> bool:
        """Return True if there is a result, or the step was revoked."""
        return self._is_revoked or bool(self._result.ready())

    def get(self) -> Any:
        """Return the events of the step. Raises Celery's TaskRevokedError after it was revoked."""
        from celery.exceptions import TaskRevokedError

        if self._is_revoked:
            raise TaskRevokedError("the run has ended")
        return self._result.get()

    def revoke(self) -> None:
        """Do not wait for the step any more."""
        self._is_revoked = True


def choose_executor() -> dg.ExecutorDefinition:
    """Return the executor of refreshes for the settings of this process. Raises SettingsError."""
    return _make_worker_executor() if step_queue.has_queue() else dg.in_process_executor


def _make_worker_executor() -> dg.ExecutorDefinition:
    from dagster._core.execution.retries import RetryMode
    from dagster_celery.core_execution_loop import core_celery_execution_loop
    from dagster_celery.executor import CeleryExecutor, _submit_task

    def submit_step(*arguments: Any) -> RevocableResult:
        return RevocableResult(_submit_task(*arguments))

    class StepExecutor(CeleryExecutor):  # type: ignore[misc]
        """dagster-celery's executor under the lock of the home, and with a limit on waiting for workers."""

        def execute(
            self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
        ) -> Iterator[dg.DagsterEvent]:
            home, run_id = open_home(), plan_context.run_id
            mark_run_alive(home.dagster, run_id)
            purpose = f"refresh {run_id[:8]}"
            with (
                hold_home_lock(home, purpose=purpose, wait_seconds=LOCK_SECONDS, run_id=run_id),
                _watched_workers(read_settings(DagsterSettings).step_worker_wait),
            ):
                count_builds.remove_unfinished_builds(home)
                yield from core_celery_execution_loop(plan_context, execution_plan, step_execution_fn=submit_step)

    @dg.executor(name="workers", requirements=dg.multiple_process_executor_requirements())
    def worker_executor(_context: dg.InitExecutorContext) -> dg.Executor:
        executor: dg.Executor = StepExecutor(
            retries=RetryMode.ENABLED,
            broker=step_queue.read_broker_url(),
            backend="rpc://",
            config_source=step_queue.celery_options(),
        )
        return executor

    definition: dg.ExecutorDefinition = worker_executor
    return definition


@contextmanager
def _watched_workers(patience: float) -> Iterator[None]:
    """Interrupt the block if steps wait and no worker listens for `patience` seconds. Raises NoWorkerError then."""
    from dagster._core.errors import DagsterExecutionInterruptedError

    reasons: list[str] = []
    is_ending = threading.Event()
    arguments = (patience, reasons, is_ending)
    thread = threading.Thread(target=_watch_workers, args=arguments, name="workers", daemon=True)
    thread.start()
    try:
        yield
    except DagsterExecutionInterruptedError:
        if not reasons:
            raise
        raise NoWorkerError(reasons[0]) from None
    finally:
        is_ending.set()
        thread.join()


def _watch_workers(patience: float, reasons: list[str], is_ending: threading.Event) -> None:
    missing_since: float | None = None
    is_reported = False
    while not is_ending.wait(min(_LOOK_SECONDS, patience / 4)):
        try:
            stuck = tuple(state for state in step_queue.read_queues() if state.waiting and not state.workers)
            problem = step_queue.describe_missing_workers(stuck)
        except step_queue.QueueAwayError as error:
            problem = str(error)
        if not problem:
            missing_since, is_reported = None, False
            continue
        missing_since = missing_since or time.monotonic()
        if not is_reported:
            _LOG.warning("%s", problem)
            is_reported = True
        if time.monotonic() - missing_since >= patience:
            reasons.append(f"{problem}, then start the refresh again (waited {patience:.0f} s)")
            # Dagster's executors look for this signal between steps.
            os.kill(os.getpid(), signal.SIGINT)
            return
