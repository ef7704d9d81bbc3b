"""Find, close and report runs that Dagster still shows as running although their process was killed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.runs import liveness
from pipelines.runs.remedies import choose_remedy, find_returns, find_territory
from pipelines.runs.reports import FailedRun, try_to_report
from pipelines.submissions.notices.runs import DIED

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

START_SECONDS = 60.0
"""How long a started run may have no mark; a run marks itself right after it has started."""
LAUNCH_SECONDS = 300.0
"""The same limit for a run that is being launched, whose process first loads the definitions."""
CLOSED = "The process of this run no longer exists. The run was closed; the next one starts over and loses nothing."


def close_dead_runs(home: Home, instance: DagsterInstance) -> list[FailedRun]:
    """Close the runs whose process ended before the run finished; report and return those that failed."""
    from dagster import DagsterRunStatus, RunsFilter

    statuses = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    closed = []
    for record in instance.get_run_records(RunsFilter(statuses=statuses)):
        run = record.dagster_run
        is_started = run.status in (DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING)
        age = clock.read_wall_clock() - (record.start_time or record.create_timestamp.timestamp())
        if not is_run_dead(home, run.run_id, age, START_SECONDS if is_started else LAUNCH_SECONDS):
            continue
        current = instance.get_run_by_id(run.run_id)
        if current is None or current.is_finished:
            continue
        if run.status == DagsterRunStatus.CANCELING:
            instance.report_run_canceled(current, CLOSED)
        else:
            instance.report_run_failed(current, CLOSED)
            failed = FailedRun(run.run_id, run.job_name, "", DIED)
            try_to_report(home, failed)
            closed.append(failed)
        liveness.forget_run(home.dagster, run.run_id)
    _remove_old_marks(home, instance)
    return closed


def is_run_dead(home: Home, run_id: str, age: float, patience: float) -> bool:
    """Return True if the run's process has ended.

    `age` is the age of the run in seconds, `patience` how long it may have no mark. A run without a mark may belong to
    an earlier version of this program; that version held the home's lock, so the run is dead only if the home is free.
    """
    state = liveness.check_liveness(home.dagster, run_id)
    if state != "unknown":
        return state == "dead"
    return age > patience and _is_home_free(home)


def _is_home_free(home: Home) -> bool:
    try:
        with hold_home_lock(home, purpose="check for interrupted runs"):
            return True
    except HomeBusyError:
        return False


def _remove_old_marks(home: Home, instance: DagsterInstance) -> None:
    for path in (home.dagster / "alive").glob("*.lock"):
        run = instance.get_run_by_id(path.stem)
        is_over = run is None or run.is_finished
        if is_over and liveness.check_liveness(home.dagster, path.stem) == "dead":
            liveness.forget_run(home.dagster, path.stem)


def describe_failure(instance: DagsterInstance, run: DagsterRun) -> tuple[FailedRun, str]:
    """Return the codes of a failed run and the message of its first error, from Dagster's event log.

    A failed check, such as that of the facts, names the returns concerned; the error that it causes does not.
    """
    from dagster import DagsterEventType

    events = [
        entry.dagster_event
        for entry in instance.all_logs(
            run.run_id,
            of_type={
                DagsterEventType.STEP_FAILURE,
                DagsterEventType.PIPELINE_FAILURE,
                DagsterEventType.ASSET_CHECK_EVALUATION,
            },
        )
        if entry.dagster_event is not None
    ]
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    checks = [evaluation.description or "" for evaluation in evaluations if not evaluation.passed]
    for event in events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            error = error.cause or error if error is not None else None
            cause = error.cls_name if error is not None and error.cls_name else "unknown"
            return _make_failed_run(run, event.step_key or "", cause, error.message if error else "", checks)
    for event in events:
        if event.message == CLOSED:
            break
        error = getattr(event.event_specific_data, "error", None)
        if error is not None:
            error = error.cause or error
            return _make_failed_run(run, "", error.cls_name or "unknown", error.message, checks)
    return FailedRun(run.run_id, run.job_name, "", DIED), " ".join(str(event.message) for event in events)


def _make_failed_run(
    run: DagsterRun, step: str, cause: str, message: str, checks: Sequence[str]
) -> tuple[FailedRun, str]:
    failed = FailedRun(
        run.run_id,
        run.job_name,
        step,
        cause,
        find_territory(step),
        choose_remedy(cause, f"{cause} {message}"),
        find_returns(message, *checks),
    )
    return failed, message
