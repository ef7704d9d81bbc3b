"""Notify the stewards of failed runs of the pipeline, and of sensors and schedules that start none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import roles_for
from pipelines.submissions.notices.events import accounts_with_roles
from pipelines.submissions.notices.queue import enqueue_notice, of_kind_since

DIED = "process_died"
"""Cause of a failed run whose process ended before it."""
UNKNOWN = "read"
"""Remedy of an error of which nothing is known: read the page of the run."""
TRIGGERS = "sensors and schedules"
"""Name of the job in a notice about triggers; no job has this name."""
_REMEMBERED = timedelta(days=7)


def on_failed_run(connection: sa.Connection, run: Mapping[str, str]) -> list[str]:
    """Enqueue a notice for each steward for everything, or if there is none, for each steward; return the new ids.

    `run` holds codes: `run_id, job, step, cause, territory, remedy`. Each run is reported only once, and the same cause
    only once a day, at whatever step and in whatever job it shows.
    """
    reported = of_kind_since(connection, "run_failed", clock.now() - _REMEMBERED)
    if any(notice.content["run_id"] == run["run_id"] for notice in reported):
        return []
    return _notify_stewards(connection, run, _identify_cause(run))


def _identify_cause(run: Mapping[str, str]) -> str:
    """Return what distinguishes one cause from another: the remedy, if a person has the same thing to do.

    A full disk stops every step with errors of several classes. Damaged data of two territories has two causes, and an
    error of which nothing is known has the cause of its own place.
    """
    remedy = run.get("remedy", UNKNOWN)
    if remedy == UNKNOWN:
        return "\n".join((run["job"], run["step"], run["cause"]))
    return "\n".join((remedy, run.get("territory", ""))) if remedy == "damaged" else remedy


def on_failing_triggers(
    connection: sa.Connection, *, names: Sequence[str], since: str, cause: str, remedy: str
) -> list[str]:
    """Enqueue a notice for each steward about sensors and schedules that fail; return the new ids.

    There is one notice for each cause and day, and none if a failed run was reported with the same remedy. `names`
    is empty if nothing evaluates the sensors; the rest are codes.
    """
    # `run_id` keeps the content readable for `on_failed_run`.
    content = {"run_id": f"{TRIGGERS} {since}", "job": TRIGGERS, "step": "", "cause": cause, "remedy": remedy}
    return _notify_stewards(connection, {**content, "names": " ".join(names), "since": since}, _identify_cause(content))


def _notify_stewards(connection: sa.Connection, content: Mapping[str, str], what: str) -> list[str]:
    stewards = accounts_with_roles(connection, roles_for("keep_accounts"))
    of_everything = [account for account, pairs in stewards.items() if (EVERY, EVERY) in pairs]
    entered = [
        enqueue_notice(connection, account, "run_failed", dict(content), what=what)
        for account in sorted(of_everything or stewards)
    ]
    return [notice for notice in entered if notice is not None]
