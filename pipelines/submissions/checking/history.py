"""Gather the history of a return: the newest accepted observations and events of the jurisdictions concerned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.ledger import facts, supersession

if TYPE_CHECKING:
    import polars as pl
    import sqlalchemy as sa

    from expectations.judge import History
    from pipelines.core.home import Home
    from pipelines.ledger.supersession import BlockKey


def make_history_source(home: Home, engine: sa.Engine) -> Callable[[Sequence[str]], History | None]:
    """Return a function for `check_file` that returns the history of jurisdictions, or None if none is accepted yet."""

    def look_up_history(jurisdictions: Sequence[str]) -> History | None:
        return gather_history(home, engine, jurisdictions)

    return look_up_history


def gather_history(home: Home, engine: sa.Engine, jurisdictions: Sequence[str]) -> History | None:
    """Return the rows of the newest accepted blocks of these jurisdictions, or None if there are none."""
    from expectations.judge import History
    from pipelines.model import long_tables

    current = supersession.accepted_blocks(engine, jurisdictions=jurisdictions)
    if not current:
        return None
    return History(
        observations=_read_current_rows(home, "observation", long_tables.OBSERVATION, current),
        events=_read_current_rows(home, "case_event", long_tables.CASE_EVENT, current),
        as_of=clock.now(),
    )


def _read_current_rows(
    home: Home, table: str, schema: dict[str, pl.DataType], current: dict[BlockKey, str]
) -> pl.DataFrame:
    """Return the rows of each submission that belong to its current blocks."""
    import polars as pl

    paths = [p for s in sorted(set(current.values())) if (p := facts.path_of(home, table, s)).exists()]
    if not paths:
        return pl.DataFrame(schema=schema)
    names = ["jurisdiction", "form", "freq", "period", "submission_id"]
    current_blocks = pl.DataFrame(
        [(key[0], key[2], key[3], key[4], holder) for key, holder in current.items()], schema=names, orient="row"
    )
    return facts.read_rows(paths, schema).join(current_blocks, on=names, how="semi")
