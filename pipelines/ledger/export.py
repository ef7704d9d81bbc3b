"""Export the ledger to Parquet, for dbt and for the portal.

Each row of `block.parquet` is one stretch of time in which a block was the newest accepted one of its key: from
`accepted_at` until `superseded_at` (empty if it still is). Stretches of one key never overlap. A stretch ends when the
next block is accepted or the block is withdrawn. After a withdrawal the previous block is current again and gets a
second row, whose `accepted_at` is the time of the withdrawal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log, exported_events, facts
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.schema import BLOCK, BLOCK_COLUMNS, EVENT, JUSTIFICATION, SUBMISSION

if TYPE_CHECKING:
    import polars as pl

    from pipelines.ledger.exported_events import ExportedEvents

TABLES = ("submission", "block", "event", "justification")
_TIMES = ("received_at", "accepted_at", "at")


def export_ledger(engine: sa.Engine, folder: Path, *, as_of: datetime | None = None) -> dict[str, int]:
    """Write the four tables to a folder and return their row counts.

    `as_of` leaves out everything that was not known at that time. Times are naive timestamps in UTC. The same ledger
    gives the same bytes. Events that the folder has from an earlier export are not read again.
    """
    with open_read_transaction(engine) as connection:
        earlier = exported_events.read_exported(folder, connection, EVENT.columns.keys()) if as_of is None else None
        frames = _read_tables(connection, as_of, earlier)
        head = audit_log.read_head(connection)
    for name, frame in frames.items():
        facts.write_parquet(frame, folder / f"{name}.parquet")
    if as_of is None:
        exported_events.write_note(folder, head)
    return {name: frame.height for name, frame in frames.items()}


def read_tables(engine: sa.Engine, *, as_of: datetime | None = None) -> dict[str, pl.DataFrame]:
    """Return the four tables as frames; see `export_ledger`."""
    with open_read_transaction(engine) as connection:
        return _read_tables(connection, as_of, None)


def _read_tables(
    connection: sa.Connection, as_of: datetime | None, earlier: ExportedEvents | None
) -> dict[str, pl.DataFrame]:
    import polars as pl

    submission = _read_table(connection, SUBMISSION)
    block = _read_table(connection, BLOCK)
    event = _read_events(connection, earlier)
    justification = _read_table(connection, JUSTIFICATION)
    if as_of is not None:
        moment = clock.format_timestamp(as_of)
        event = event.filter(pl.col("at") <= clock.parse_time(moment).replace(tzinfo=None))
        justification = justification.filter(pl.col("at") <= moment)
        submission = _select_known_submissions(submission, event)
        block = block.join(submission.select("submission_id"), on="submission_id", how="semi")
    return {
        "submission": _parse_times(submission.sort("received_at", "submission_id")),
        "block": _compute_validity(block, event),
        "event": event,
        "justification": _parse_times(justification.sort("submission_id", "finding_key")),
    }


def _read_events(connection: sa.Connection, earlier: ExportedEvents | None) -> pl.DataFrame:
    """Return all events in their order; those of an earlier export are not read again."""
    import polars as pl

    if earlier is None:
        return _parse_times(_read_table(connection, EVENT))
    new = _parse_times(_read_table(connection, EVENT, EVENT.c.event_id > earlier.find_last()))
    return pl.concat([earlier.frame, new], rechunk=True) if new.height else earlier.frame


def _read_table(
    connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool] | None = None
) -> pl.DataFrame:
    """Return a table, or its rows that meet a condition, in the order of its key.

    Columns have the types of their declaration, so that an empty table has the same columns.
    """
    import polars as pl

    types: dict[type, type[pl.DataType]] = {
        sa.Boolean: pl.Boolean,
        sa.Integer: pl.Int32,
        sa.BigInteger: pl.Int64,
    }
    # The payload is exported as JSON text. SQLite stores it as text, PostgreSQL as jsonb.
    columns = [sa.cast(c, sa.Text).label(c.name) if isinstance(c.type, sa.JSON) else c for c in table.columns]
    query = sa.select(*columns).order_by(*table.primary_key.columns)
    rows = connection.execute(query if condition is None else query.where(condition)).all()
    by_column: Iterable[tuple[object, ...]] = zip(*rows, strict=True) if rows else [() for _ in columns]
    return pl.DataFrame(
        [
            pl.Series(column.name, list(values), dtype=types.get(type(column.type), pl.String), strict=False)
            for column, values in zip(table.columns, by_column, strict=True)
        ]
    )


def _select_known_submissions(submission: pl.DataFrame, event: pl.DataFrame) -> pl.DataFrame:
    """Return the submissions in these events, with the state after their last event."""
    import polars as pl

    then = event.sort("at", "event_id").group_by("submission_id").agg(pl.col("to_state").last().alias("state"))
    accepted = event.filter(pl.col("action") == "approve").select("submission_id", pl.lit(True).alias("_accepted"))
    submissions_then = submission.drop("state").join(then, on="submission_id", how="inner")
    submissions_then = submissions_then.join(accepted, on="submission_id", how="left")
    return submissions_then.with_columns(accepted_at=pl.when(pl.col("_accepted")).then(pl.col("accepted_at"))).select(
        submission.columns
    )


def _compute_validity(block: pl.DataFrame, event: pl.DataFrame) -> pl.DataFrame:
    """Return the blocks of accepted submissions with the stretches in which they were current (see the module)."""
    import polars as pl

    from pipelines.model.long_tables import BLOCK_KEY

    accepted = event.filter(pl.col("action") == "approve").select(
        "submission_id", pl.col("at").alias("accepted_at"), pl.col("event_id").alias("_order")
    )
    withdrawn = event.filter(pl.col("action") == "withdraw").select("submission_id", pl.col("at").alias("_withdrawn"))
    columns = [*BLOCK_COLUMNS, "accepted_at", "superseded_at"]
    rows = (
        block.join(accepted, on="submission_id", how="inner")
        .join(withdrawn, on="submission_id", how="left")
        .sort(*BLOCK_KEY, "accepted_at", "_order")
    )
    touched = pl.col("_withdrawn").is_not_null().any().over(BLOCK_KEY)
    plain = rows.filter(~touched).with_columns(
        superseded_at=pl.col("accepted_at").shift(-1).over(BLOCK_KEY, order_by=["accepted_at", "_order"])
    )
    stretched = [
        stretch
        for _, group in rows.filter(touched).group_by(BLOCK_KEY, maintain_order=True)
        for stretch in _split_into_stretches(group.to_dicts())
    ]
    again = pl.DataFrame(stretched, schema={**plain.schema, "superseded_at": pl.Datetime("us")})
    return pl.concat([plain, again]).sort(*BLOCK_KEY, "accepted_at", "_order").select(columns)


def _split_into_stretches(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the stretches of one key that has withdrawals. `blocks` is in the order of acceptance."""
    moments = sorted({b[name] for b in blocks for name in ("accepted_at", "_withdrawn") if b[name] is not None})
    stretches: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    for moment in moments:
        countable = [
            b for b in blocks if b["accepted_at"] <= moment and (b["_withdrawn"] is None or b["_withdrawn"] > moment)
        ]
        newest = countable[-1] if countable else None
        if current is not None and (newest is None or newest["submission_id"] != current["submission_id"]):
            current["superseded_at"] = moment
            current = None
        if newest is not None and current is None:
            current = {**newest, "accepted_at": moment, "superseded_at": None}
            stretches.append(current)
    return stretches


def _parse_times(frame: pl.DataFrame) -> pl.DataFrame:
    """Parse the time columns into naive timestamps."""
    import polars as pl

    names = [n for n in _TIMES if n in frame.columns]
    return frame.with_columns(
        pl.col(n).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone=None) for n in names
    )
