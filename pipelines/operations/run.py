"""Run the refresh: Dagster's job `refresh`, in this process, on the instance that lies in the home, under one lock.

Dagster is imported when a refresh starts and not before.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.core.home import Home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.refresh.publication import start_refresh
from pipelines.runs.instance import instance_folder
from pipelines.runs.step_log import steps_log
from pipelines.warehouse import build_cache


class RunFailedError(Exception):
    """The run failed; the text names the step and what it said."""


class DamagedFactsError(RunFailedError):
    """Facts are not those that were approved; the text names each return and file."""


def refresh(home: Home, *, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Run everything between arrived files and the draft. Returns the run's id, its draft and what was new.

    Closes runs that a killed process left behind, and completes a publication that was interrupted first; `finished`
    then names its release. A run that fails is reported to the stewards. Raises HomeBusyError while something else
    changes this home, ClockSetBackError while the clock is behind what was recorded, and RunFailedError where a step
    fails.
    """
    with hold_home_lock(home, purpose="refresh"):
        finished = start_refresh(home, log=say)
        return _run(home, say) | ({"finished": finished} if finished else {})


def _run(home: Home, say: Callable[[str], None]) -> dict[str, Any]:
    os.environ["RTI_HOME"] = str(home.root)
    os.environ["DAGSTER_HOME"] = str(instance_folder(home))
    before = _release(home)
    say("loading the pipeline")
    import warnings

    warnings.filterwarnings("ignore", module="dagster")
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.jobs import range_tags
    from pipelines.defs.periods import QUARTERS
    from pipelines.runs import liveness, recovery, reports

    # Every event is kept in the instance; on the console the steps speak for themselves, and a failure is raised below.
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    job = defs().resolve_job_def("refresh")
    keys = QUARTERS.get_partition_keys()
    run_id = str(uuid.uuid4())
    with _unsynced(home.dagster), dg.DagsterInstance.get() as instance, _telling(say):
        for closed in recovery.close_dead_runs(home, instance):
            say(f"run {closed.run_id} had been interrupted and is closed")
        with liveness.marked_alive(home.dagster, run_id):
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                tags=range_tags(keys[0], keys[-1]),
                run_config=quiet,
                raise_on_error=False,
            )
        if not result.success:
            failed, message = recovery.describe_failure(instance, result.dagster_run)
            reports.try_to_report(home, failed, message=message)
            if damaged := _failed_check(result, "facts_match_ledger"):
                raise DamagedFactsError(
                    f"no draft was made, at gathered: {damaged}. Then run `rti refresh` again; an older draft stays "
                    "and is not published until then"
                )
            raise RunFailedError(_failures(result) or f"the refresh failed: {failed.cause}: {message.strip()}")
    after = _release(home)
    ready = after if after and (home.drafts / after).exists() else None
    return {"run": result.run_id, "draft": ready, "new": after != before}


@contextmanager
def _unsynced(folder: Path) -> Iterator[None]:
    """While the job runs, SQLite does not wait for the disk to confirm what Dagster writes below a folder.

    A run makes some 1,600 commits, each through a connection of its own: 17 of the 30 seconds of a run with nothing
    new.  What a power failure could lose is the orchestrator's diary of that run; truth about returns is in the ledger,
    which lies elsewhere and is not touched.
    """
    import sqlite3

    import sqlalchemy as sa

    def hasten(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            file = connection.execute("pragma database_list").fetchone()[2]
            if file and Path(file).is_relative_to(folder.resolve()):
                connection.execute("pragma synchronous = off")

    sa.event.listen(sa.engine.Engine, "connect", hasten)
    try:
        yield
    finally:
        sa.event.remove(sa.engine.Engine, "connect", hasten)


def _release(home: Home) -> str | None:
    outcome = build_cache.last(home, "draft")
    return str(outcome["release"]) if outcome else None


class _telling:  # noqa: N801 - reads as a word in a with statement
    """While the job runs, what its steps log is told to whoever started it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._handler = _Teller(say)

    def __enter__(self) -> None:
        steps_log().addHandler(self._handler)

    def __exit__(self, *_: object) -> None:
        steps_log().removeHandler(self._handler)


class _Teller(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


def _failed_check(result: Any, name: str) -> str:
    """Return what a check of the run found, empty where it passed or did not run."""
    found = [one for one in result.get_asset_check_evaluations() if one.check_name == name and not one.passed]
    return str(found[0].description or name) if found else ""


def _failures(result: Any) -> str:
    told = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause or error
            told.append(f"{event.step_key}: {cause.message.strip()}")
    return "the refresh failed at " + "; ".join(told) if told else ""


__all__ = ["DamagedFactsError", "HomeBusyError", "RunFailedError", "instance_folder", "refresh"]
