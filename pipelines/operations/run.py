"""Run the refresh: Dagster's job `refresh`, in this process, on the home's own Dagster instance and under one lock.

Dagster is imported only when a refresh starts, because the import is slow.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.core.garbage import collected_rarely
from pipelines.core.home import Home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.refresh import unchanged
from pipelines.refresh.publication import start_refresh
from pipelines.runs import step_queue
from pipelines.runs.instance import instance_folder, open_instance_for_run
from pipelines.runs.step_log import steps_log
from pipelines.warehouse import build_cache

if TYPE_CHECKING:
    from dagster import DagsterInstance, ExecuteInProcessResult, JobExecutionResult

    ExecutionResult = ExecuteInProcessResult | JobExecutionResult


class RunFailedError(Exception):
    """The run failed; the text names the step and its error message."""


class DamagedFactsError(RunFailedError):
    """Facts differ from those that were approved; the text names each return and file."""


def run_refresh(
    home: Home, *, say: Callable[[str], None] = print, even_if_unchanged: bool = True, by_workers: bool = False
) -> dict[str, Any]:
    """Run every step from arrived files to the draft. Return the run's id, its draft and whether the draft is new.

    Without `even_if_unchanged`, no run is started if no step has work to do, and the id is None. With `by_workers`,
    workers do the steps, and this process waits for them; raises SettingsError if no RabbitMQ is set.

    Runs that a killed process left behind are closed first. If an interrupted publication had to be completed,
    `finished` names its release. A failed run is reported to the stewards. Raises HomeBusyError while another process
    changes this home, ClockSetBackError while the clock is behind a recorded time, and RunFailedError if a step fails.
    """
    if by_workers and not step_queue.has_queue():
        step_queue.read_broker_url()
    with hold_home_lock(home, purpose="refresh"), collected_rarely():
        finished = start_refresh(home, log=say)
        note = {"finished": finished} if finished else {}
        if not even_if_unchanged and not unchanged.is_refresh_needed(home, log=say):
            drafted = _drafted_release(home)
            ready = drafted if drafted and (home.drafts / drafted).exists() else None
            return {"run": None, "draft": ready, "new": False} | note
        return _run(home, say, by_workers) | note


def _run(home: Home, say: Callable[[str], None], by_workers: bool) -> dict[str, Any]:
    os.environ["RTI_HOME"] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(instance_folder(home))
    before = _drafted_release(home)
    say("loading the pipeline")
    import warnings

    warnings.filterwarnings("ignore", module="dagster")
    with _spare_garbage_collector():
        from pipelines.definitions import defs
        from pipelines.runs import liveness, recovery, reports

        job = defs().resolve_job_def("refresh")
    # Without a range of partitions the run covers every quarter. With one, Dagster would plan each of the 106 assets
    # for each of the 28 quarters, even those without partitions: 3,200 of the 4,100 events of a run with nothing new.
    # The instance keeps every event. The console needs only the lines of the steps; a failure is raised below.
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_instance_for_run(home) as instance, _forward_step_log(say):
        for closed in recovery.close_dead_runs(home, instance):
            say(f"run {closed.run_id} had been interrupted and is closed")
        if by_workers:
            say("the steps are done by workers; each shows its progress in its own log and in the Dagster UI")
            result = _run_by_workers(instance, quiet)
        else:
            run_id = str(uuid.uuid4())
            with liveness.marked_alive(home.dagster, run_id):
                result = job.execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    run_config=quiet,
                    raise_on_error=False,
                )
        if not result.success:
            failed, message = recovery.describe_failure(instance, result.dagster_run)
            reports.try_to_report(home, failed)
            if damaged := _describe_failed_check(result, "facts_match_ledger"):
                raise DamagedFactsError(
                    f"no draft was made, at gathered: {damaged}. Then run `rti refresh` again; an older draft stays "
                    "and is not published until then"
                )
            raise RunFailedError(
                _describe_step_failures(result) or f"the refresh failed: {failed.cause}: {message.strip()}"
            )
    after = _drafted_release(home)
    ready = after if after and (home.drafts / after).exists() else None
    return {"run": result.run_id, "draft": ready, "new": after != before}


def _run_by_workers(instance: DagsterInstance, configuration: dict[str, Any]) -> ExecutionResult:
    """Run the job in this process with the executor of its definition, which locks the home for the run's steps."""
    import dagster as dg
    from dagster._core.definitions.reconstruct import ReconstructableRepository

    repository = ReconstructableRepository.for_module("pipelines.definitions", "defs")
    return dg.execute_job(
        repository.get_reconstructable_job("refresh"), instance, run_config=configuration, raise_on_error=False
    )


@contextmanager
def _spare_garbage_collector() -> Iterator[None]:
    """Load the definitions without collecting garbage, and exempt them from later collections.

    They are 340,000 objects that stay until the process ends. Searching them for garbage again and again took 1.2 of
    the 8 seconds of a run with nothing new. A later run in the same process makes few new ones.
    """
    if "pipelines.definitions" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def _drafted_release(home: Home) -> str | None:
    """Return the id of the release that was drafted last, or None."""
    outcome = build_cache.find_last_outcome(home, "draft")
    return str(outcome["release"]) if outcome else None


@contextmanager
def _forward_step_log(say: Callable[[str], None]) -> Iterator[None]:
    """Pass every line that the steps log to `say` while the job runs, and to no other handler.

    Libraries add one to the root logger while a step runs, which wrote each later line a second time.
    """
    handler, log = _ForwardingHandler(say), steps_log()
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = True


class _ForwardingHandler(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


def _describe_failed_check(result: Any, name: str) -> str:
    """Return the description of a failed check of the run, empty if it passed or did not run."""
    failures = [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.check_name == name and not evaluation.passed
    ]
    return str(failures[0].description or name) if failures else ""


def _describe_step_failures(result: Any) -> str:
    """Return the failed steps with their error messages, empty if no step failed."""
    messages = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause or error
            messages.append(f"{event.step_key}: {cause.message.strip()}")
    return "the refresh failed at " + "; ".join(messages) if messages else ""


__all__ = ["DamagedFactsError", "HomeBusyError", "RunFailedError", "instance_folder", "run_refresh"]
