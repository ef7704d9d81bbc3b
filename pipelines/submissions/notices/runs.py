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
TRIGGERS = "sensors and schedules"
"""Name of the job in a notice about triggers; no job has this name."""
_REMEMBERED = timedelta(days=7)


def on_failed_run(connection: sa.Connection, run: Mapping[str, str]) -> list[str]:
    """Enqueue a notice for each steward for everything, or if there is none, for each steward; return the new ids.

    `run` holds codes: `run_id, job, step, cause`. Each run is reported only once, and the same job, step and cause
    only once a day.
    """
    reported = of_kind_since(connection, "run_failed", clock.now() - _REMEMBERED)
    if any(notice.content["run_id"] == run["run_id"] for notice in reported):
        return []
    return _notify_stewards(connection, run, "\n".join((run["job"], run["step"], run["cause"])))


def on_failing_triggers(
    connection: sa.Connection, *, names: Sequence[str], since: str, cause: str, remedy: str
) -> list[str]:
    """Enqueue a notice for each steward about sensors and schedules that fail; return the new ids.

    There is one notice for each cause and day. `names` is empty if nothing evaluates the sensors; the rest are codes.
    """
    # `run_id` keeps the content readable for `on_failed_run`.
    content = {"run_id": f"{TRIGGERS} {since}", "job": TRIGGERS, "step": "", "cause": cause, "remedy": remedy}
    return _notify_stewards(connection, {**content, "names": " ".join(names), "since": since}, f"{TRIGGERS}\n{cause}")


def _notify_stewards(connection: sa.Connection, content: Mapping[str, str], what: str) -> list[str]:
    stewards = accounts_with_roles(connection, roles_for("keep_accounts"))
    of_everything = [account for account, pairs in stewards.items() if (EVERY, EVERY) in pairs]
    entered = [
        enqueue_notice(connection, account, "run_failed", dict(content), what=what)
        for account in sorted(of_everything or stewards)
    ]
    return [notice for notice in entered if notice is not None]
