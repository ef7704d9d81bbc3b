"""Report a failed run: one line in the log and one notice to each steward, once for each run and cause."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

from pipelines.core.home import Home

_LOG = logging.getLogger("rti.runs")


@dataclass(frozen=True)
class FailedRun:
    """A run that failed, described by codes.

    `step` is empty if it failed outside a step; `cause` is the class of the error, or `notices.runs.DIED`.
    """

    run_id: str
    job: str
    step: str
    cause: str


def report_failed_run(home: Home, run: FailedRun, *, message: str = "") -> int:
    """Log a failed run and enter a notice for each steward. Return how many notices are new.

    `message` goes to the log only: it may contain file names and figures, which must not be mailed.
    """
    _LOG.error(
        "run %s of %s failed at %s: %s %s", run.run_id, run.job, run.step or "its start or end", run.cause, message
    )
    from pipelines.ledger.database import open_write_transaction
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import notices

    with open_write_transaction(open_ledger(home)) as connection:
        return len(notices.on_failed_run(connection, asdict(run)))


def try_to_report(home: Home, run: FailedRun, *, message: str = "") -> None:
    """Report a failed run. If reporting fails, log it instead of raising, so that it does not hide that failure."""
    try:
        report_failed_run(home, run, message=message)
    except Exception:
        _LOG.exception("the stewards could not be notified of failed run %s; read this log", run.run_id)
