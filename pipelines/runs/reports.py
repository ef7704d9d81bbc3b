"""Report a failed run: one line in the log and one notice to each steward, once for each run and cause."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass

from pipelines.core.home import Home

_LOG = logging.getLogger("rti.runs")


@dataclass(frozen=True)
class FailedRun:
    """A run that failed, described by codes.

    `step` is empty if it failed outside a step; `cause` is the class of the error, or `notices.runs.DIED`. `territory`
    is empty if it concerns all of them; `remedy` is a code of `remedies.Remedy`.
    """

    run_id: str
    job: str
    step: str
    cause: str
    territory: str = ""
    remedy: str = "read"


def report_failed_run(home: Home, run: FailedRun) -> int:
    """Log a failed run and enter a notice for each steward. Return how many notices are new.

    Both have codes only. The message of the error may contain file names and figures; it is on the run's own page.
    """
    _LOG.error("run %s of %s failed at %s: %s", run.run_id, run.job, run.step or "its start or end", run.cause)
    from pipelines.ledger.database import open_write_transaction
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import notices

    with open_write_transaction(open_ledger(home)) as connection:
        return len(notices.on_failed_run(connection, asdict(run)))


def try_to_report(home: Home, run: FailedRun) -> None:
    """Report a failed run. If reporting fails, log it instead of raising, so that it does not hide that failure."""
    try:
        report_failed_run(home, run)
    except Exception as error:
        _LOG.error(
            "the stewards could not be notified of failed run %s (%s); read this log", run.run_id, type(error).__name__
        )
