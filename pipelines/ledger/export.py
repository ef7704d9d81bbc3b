"""The ledger as Parquet, for dbt and for the portal.

In `block.parquet` a row is one stretch of time in which a block was the newest accepted one of its key: from
`accepted_at` until `superseded_at` (empty: still). Stretches of one key never overlap. A block is ended by the next
accepted one or by its withdrawal; the block before a withdrawn one is current again and then has a second row, whose
`accepted_at` is the moment of the withdrawal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import facts
from pipelines.ledger.database import reading
from pipelines.ledger.schema import BLOCK, BLOCK_COLUMNS, EVENT, JUSTIFICATION, SUBMISSION

if TYPE_CHECKING:
    import polars as pl

TABLES = ("submission", "block", "event", "justification")
_TIMES = ("received_at", "accepted_at", "at")


def export(engine: sa.Engine, folder: Path, *, as_of: datetime | None = None) -> dict[str, int]:
    """Write the four tables into a folder; returns their rows. `as_of` leaves out all that was not known then.

    Times are naive timestamps in UTC. The same ledger gives the same bytes.
    """
    frames = tables(engine, as_of=as_of)
    for name, frame in frames.items():
        facts.write(frame, folder / f"{name}.parquet")
    return {name: frame.height for name, frame in frames.items()}


def tables(engine: sa.Engine, *, as_of: datetime | None = None) -> dict[str, pl.DataFrame]:
    """The four tables as frames; see `export`."""
    import polars as pl

    with reading(engine) as connection:
        submission = _frame(connection, SUBMISSION)
        block = _frame(connection, BLOCK)
        event = _frame(connection, EVENT)
        justification = _frame(connection, JUSTIFICATION)
    if as_of is not None:
        moment = clock.stamp(as_of)
        event = event.filter(pl.col("at") <= moment)
        justification = justification.filter(pl.col("at") <= moment)
        submission = _as_known(submission, event)
        block = block.join(submission.select("submission_id"), on="submission_id", how="semi")
    return {
        "submission": _in_time(submission.sort("received_at", "submission_id")),
        "block": _in_time(_validity(block, event)),
        "event": _in_time(event.sort("event_id")),
        "justification": _in_time(justification.sort("submission_id", "finding_key")),
    }


def _frame(connection: sa.Connection, table: sa.Table) -> pl.DataFrame:
    """A whole table, typed by its declaration: an empty ledger gives the same columns as a full one."""
    import polars as pl

    types: dict[type, type[pl.DataType]] = {
        sa.Boolean: pl.Boolean,
        sa.Integer: pl.Int32,
        sa.BigInteger: pl.Int64,
    }
    # The payload leaves as JSON text; SQLite keeps it as such, PostgreSQL as jsonb.
    columns = [sa.cast(c, sa.Text).label(c.name) if isinstance(c.type, sa.JSON) else c for c in table.columns]
    rows = connection.execute(sa.select(*columns).order_by(*table.primary_key.columns)).all()
    by_column: Iterable[tuple[object, ...]] = zip(*rows, strict=True) if rows else [() for _ in columns]
    return pl.DataFrame(
        [
            pl.Series(column.name, list(values), dtype=types.get(type(column.type), pl.String), strict=False)
            for column, values in zip(table.columns, by_column, strict=True)
        ]
    )


def _as_known(submission: pl.DataFrame, event: pl.DataFrame) -> pl.DataFrame:
    """Submissions with the state they had when the last of these events had happened."""
    import polars as pl

    then = event.sort("at", "event_id").group_by("submission_id").agg(pl.col("to_state").last().alias("state"))
    accepted = event.filter(pl.col("action") == "approve").select("submission_id", pl.lit(True).alias("_accepted"))
    known = submission.drop("state").join(then, on="submission_id", how="inner")
    known = known.join(accepted, on="submission_id", how="left")
    return known.with_columns(accepted_at=pl.when(pl.col("_accepted")).then(pl.col("accepted_at"))).select(
        submission.columns
    )


def _validity(block: pl.DataFrame, event: pl.DataFrame) -> pl.DataFrame:
    """Blocks of accepted submissions with the stretches in which they were current (see the module)."""
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
        for stretch in _stretches(group.to_dicts())
    ]
    again = pl.DataFrame(stretched, schema={**plain.schema, "superseded_at": pl.String()})
    return pl.concat([plain, again]).sort(*BLOCK_KEY, "accepted_at", "_order").select(columns)


def _stretches(blocks: list[dict[str, object]]) -> list[dict[str, object]]:
    """Stretches of one key with withdrawals in it. Rows come in the order of acceptance."""
    moments = sorted({str(b[name]) for b in blocks for name in ("accepted_at", "_withdrawn") if b[name] is not None})
    out: list[dict[str, object]] = []
    current: dict[str, object] | None = None
    for moment in moments:
        living = [
            b
            for b in blocks
            if str(b["accepted_at"]) <= moment and (b["_withdrawn"] is None or str(b["_withdrawn"]) > moment)
        ]
        newest = living[-1] if living else None
        if current is not None and (newest is None or newest["submission_id"] != current["submission_id"]):
            current["superseded_at"] = moment
            current = None
        if newest is not None and current is None:
            current = {**newest, "accepted_at": moment, "superseded_at": None}
            out.append(current)
    return out


def _in_time(frame: pl.DataFrame) -> pl.DataFrame:
    """Stamps as timestamps."""
    import polars as pl

    names = [n for n in (*_TIMES, "superseded_at") if n in frame.columns]
    return frame.with_columns(
        pl.col(n).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone=None) for n in names
    )
