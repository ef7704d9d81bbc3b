"""Notify the stewards of failed runs of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.identity import EVERY
from pipelines.ledger.permissions import roles_for
from pipelines.submissions.notices.events import accounts_with_roles
from pipelines.submissions.notices.queue import enqueue_notice, of_kind_since

DIED = "process_died"
"""Cause of a failed run whose process ended before it."""
_REMEMBERED = timedelta(days=7)


def on_failed_run(connection: sa.Connection, run: Mapping[str, str]) -> list[str]:
    """Enqueue a notice for each steward for everything, or if there is none, for each steward; return the new ids.

    `run` holds codes: `run_id, job, step, cause`. Each run is reported only once, and the same job, step and cause
    only once a day.
    """
    reported = of_kind_since(connection, "run_failed", clock.now() - _REMEMBERED)
    if any(notice.content["run_id"] == run["run_id"] for notice in reported):
        return []
    stewards = accounts_with_roles(connection, roles_for("keep_accounts"))
    of_everything = [account for account, pairs in stewards.items() if (EVERY, EVERY) in pairs]
    cause_key = "\n".join((run["job"], run["step"], run["cause"]))
    entered = [
        enqueue_notice(connection, account, "run_failed", dict(run), what=cause_key)
        for account in sorted(of_everything or stewards)
    ]
    return [notice for notice in entered if notice is not None]
