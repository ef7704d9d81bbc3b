"""Find out in a second whether a refresh would do anything, without starting Dagster.

The cheap steps at the beginning are carried out: arrivals are entered, decisions of the demonstration replayed, tables
gathered and all facts compared with the ledger. Every later step compares the digest of its inputs and builds nothing.
Only quality is measured again if need be: it takes less than a second, and every publication changes it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipelines.core.home import Home
from pipelines.refresh.counts import build_counts, build_indicators, build_records
from pipelines.refresh.measuring import measure_quality
from pipelines.refresh.release import draft_release, protect_cells
from pipelines.refresh.results import Log, RefreshError, WorkDueError, ignore_log
from pipelines.refresh.returns import enter_arrivals, find_sample_folder, gather_tables
from pipelines.warehouse import build_cache

if TYPE_CHECKING:
    import sqlalchemy as sa

_STEPS = (
    build_counts,
    build_records,
    partial(build_indicators, which="restricted"),
    protect_cells,
    partial(build_indicators, which="protected"),
    draft_release,
)


def is_refresh_needed(home: Home, *, log: Log = ignore_log) -> bool:
    """Return True if any step of a refresh has work to do. Call it while holding the home's lock.

    Damaged facts count as work, so that the run reports them. Steps write to the log only if none has work.
    Raises the errors of `start_refresh`.
    """
    from pipelines.ledger.opening import open_ledger

    if build_cache.find_last_outcome(home, "draft") is None:
        return True
    enter_arrivals(home, log=log)
    engine = open_ledger(home)
    try:
        if _have_returns_work(home, engine) or gather_tables(home).unmatched:
            return True
    finally:
        engine.dispose()
    lines: list[str] = []
    try:
        for step in _STEPS:
            step(home, log=lines.append, only_look=True)
    except (WorkDueError, RefreshError):
        return True
    measure_quality(home, log=lines.append)
    for line in lines:
        log(line)
    return False


def _have_returns_work(home: Home, engine: sa.Engine) -> bool:
    """Return True if returns wait for their check, after replaying the decisions of a demonstration."""
    from pipelines.declarations.registry import load
    from pipelines.ledger import queries
    from pipelines.submissions import arrivals
    from pipelines.submissions.checking.check import rules_version

    if queries.find_waiting(engine, load().digest, rules_version()):
        return True
    if home.kind == "demonstration":
        arrivals.replay_decisions(home, engine, find_sample_folder())
    return False
