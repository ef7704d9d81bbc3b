"""Report a failed run: one line in the log and one notice to each steward, once for each run and cause."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pipelines.core.home import Home

if TYPE_CHECKING:
    import sqlalchemy as sa

_LOG = logging.getLogger("rti.runs")


@dataclass(frozen=True)
class FailedRun:
    """A run that failed, described by codes.

    `step` is empty if it failed outside a step; `cause` is the class of the error, or `notices.runs.DIED`. `territory`
    is empty if it concerns all of them, and may be several codes with spaces between; `remedy` is a code of
    `remedies.Remedy`; `returns` are the ids that the error names.
    """

    run_id: str
    job: str
    step: str
    cause: str
    territory: str = ""
    remedy: str = "read"
    returns: tuple[str, ...] = ()


def report_failed_run(home: Home, run: FailedRun) -> int:
    """Log a failed run and enter a notice for each steward. Return how many notices are new.

    Both have codes only. The message of the error may contain file names and figures; it is on the run's own page.
    """
    _LOG.error("run %s of %s failed at %s: %s", run.run_id, run.job, run.step or "its start or end", run.cause)
    from pipelines.ledger.database import open_write_transaction
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import notices

    with open_write_transaction(open_ledger(home)) as connection:
        content = asdict(run) | {"territory": run.territory or _find_territories(connection, run.returns)}
        del content["returns"]
        return len(notices.on_failed_run(connection, content))


def _find_territories(connection: sa.Connection, returns: Sequence[str]) -> str:
    """Return the territories of some returns with spaces between; empty if one of them is not known."""
    from pipelines.ledger import queries

    submissions = queries.select_submissions(connection, returns)
    territories = {submission.territory or "" for submission in submissions}
    return "" if "" in territories else " ".join(sorted(territories))


def try_to_report(home: Home, run: FailedRun) -> None:
    """Report a failed run. If reporting fails, log it instead of raising, so that it does not hide that failure."""
    try:
        report_failed_run(home, run)
    except Exception as error:
        _LOG.error(
            "the stewards could not be notified of failed run %s (%s); read this log", run.run_id, type(error).__name__
        )
