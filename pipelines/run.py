"""Run the refresh: Dagster's job `refresh`, in this process, on the instance that lies in the home, under one lock.

Belongs here: starting that job for the command line.  Does not belong here: what the job does (`refresh/`), and its
graph (`pipelines/defs/`).  Dagster is imported when a refresh starts and not before.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.home import Home

_INSTANCE = """\
# Written by `rti`. Nothing reports home.
telemetry:
  enabled: false
"""


class BusyError(Exception):
    """Another refresh of this home is running."""


class RunFailedError(Exception):
    """The run failed; the text names the step and what it said."""


class DamagedFactsError(RunFailedError):
    """Facts are not those that were approved; the text names each return and file."""


def instance_folder(home: Home) -> Path:
    """The folder of the Dagster instance, with its configuration."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    settings = home.dagster / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_INSTANCE, encoding="utf-8")
    return home.dagster


def refresh(home: Home, *, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Run everything between arrived files and the draft. Returns the run's id, its draft and what was new.

    Raises BusyError while another refresh of this home runs, RunFailedError where a step fails.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(home.lock)
    try:
        with lock.acquire(timeout=0):
            return _run(home, say)
    except Timeout as busy:
        raise BusyError(f"another refresh of {home.root} is running; wait for it to end") from busy


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

    # Every event is kept in the instance; on the console the steps speak for themselves, and a failure is raised below.
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    job = defs().resolve_job_def("refresh")
    keys = QUARTERS.get_partition_keys()
    with _unsynced(home.dagster), dg.DagsterInstance.get() as instance, _telling(say):
        result = job.execute_in_process(
            instance=instance, tags=range_tags(keys[0], keys[-1]), run_config=quiet, raise_on_error=False
        )
    if not result.success:
        if damaged := _failed_check(result, "facts_match_ledger"):
            raise DamagedFactsError(
                f"no draft was made, at gathered: {damaged}. Then run `rti refresh` again; an older draft stays and is "
                "not published until then"
            )
        raise RunFailedError(_failures(result))
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
    path = home.restricted / "steps.json"
    if not path.exists():
        return None
    import json

    record = json.loads(path.read_text(encoding="utf-8")).get("draft")
    return str(record["outcome"]["release"]) if record else None


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


def steps_log() -> logging.Logger:
    """The logger through which the assets tell what their step says."""
    logger = logging.getLogger("rti.steps")
    logger.setLevel(logging.INFO)
    return logger


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
    return "the refresh failed at " + "; ".join(told or ["an unknown step"])


__all__ = ["BusyError", "DamagedFactsError", "RunFailedError", "instance_folder", "refresh", "steps_log"]
