"""Export the ledger to Parquet, for dbt and for the portal.

Each row of `block.parquet` is one stretch of time in which a block was the newest accepted one of its key: from
`accepted_at` until `superseded_at` (empty if it still is). Stretches of one key never overlap. A stretch ends when the
next block is accepted or the block is withdrawn. After a withdrawal the previous block is current again and gets a
second row, whose `accepted_at` is the time of the withdrawal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log, exported_ledger, facts
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.exported_ledger import TABLES
from pipelines.ledger.queries import in_ids
from pipelines.ledger.schema import BLOCK, BLOCK_COLUMNS, EVENT, JUSTIFICATION, SUBMISSION

if TYPE_CHECKING:
    import polars as pl

    from pipelines.ledger.exported_ledger import EarlierExport

_BLOCK_KEY = tuple(column.name for column in BLOCK.primary_key if column.name != "submission_id")
_TIMES = ("received_at", "accepted_at", "at")
_COLUMNS: dict[str, list[str]] = {
    "submission": SUBMISSION.columns.keys(),
    "block": [*BLOCK_COLUMNS, "accepted_at", "superseded_at"],
    "event": EVENT.columns.keys(),
    "justification": JUSTIFICATION.columns.keys(),
}
_MOST_CHANGED = 500
"""If more submissions have changed since the last export, all are read: that takes no longer."""


@dataclass(frozen=True, slots=True)
class LedgerExport:
    """The rows that were written by table, and whether they continue an earlier export, which is verified then."""

    rows: dict[str, int]
    is_continued: bool


def export_ledger(engine: sa.Engine, folder: Path, *, as_of: datetime | None = None) -> dict[str, int]:
    """Write the four tables to a folder and return their row counts.

    `as_of` leaves out everything that was not known at that time. Times are naive timestamps in UTC. The same ledger
    gives the same bytes. What the folder has from an earlier export is not read again (`update_export`).
    """
    if as_of is None:
        return update_export(engine, folder).rows
    frames = read_tables(engine, as_of=as_of)
    _write_tables(frames, folder)
    return {name: frame.height for name, frame in frames.items()}


def update_export(engine: sa.Engine, folder: Path) -> LedgerExport:
    """Write the four tables to a folder; read only what has changed since the last export to it, if it is intact."""
    with open_read_transaction(engine) as connection:
        earlier = exported_ledger.read_earlier(folder, connection, _COLUMNS)
        continued = None if earlier is None else _continue_tables(connection, earlier)
        frames = _read_tables(connection, None) if continued is None else continued
        head = audit_log.read_head(connection)
    if earlier is not None and continued is not None:
        changed = {name: frame for name, frame in continued.items() if frame is not earlier.frames[name]}
        _write_tables(changed, folder)
        if not changed and head == earlier.head:
            return LedgerExport({name: frames[name].height for name in TABLES}, is_continued=True)
    else:
        _write_tables(frames, folder)
    exported_ledger.write_note(folder, head)
    return LedgerExport({name: frames[name].height for name in TABLES}, is_continued=continued is not None)


def _write_tables(frames: dict[str, pl.DataFrame], folder: Path) -> None:
    for name, frame in frames.items():
        facts.write_parquet(frame, folder / f"{name}.parquet")


def read_tables(engine: sa.Engine, *, as_of: datetime | None = None) -> dict[str, pl.DataFrame]:
    """Return the four tables as frames; see `export_ledger`."""
    with open_read_transaction(engine) as connection:
        return _read_tables(connection, as_of)


def _read_tables(connection: sa.Connection, as_of: datetime | None) -> dict[str, pl.DataFrame]:
    import polars as pl

    submission = _read_table(connection, SUBMISSION)
    block = _read_table(connection, BLOCK)
    event = _parse_times(_read_table(connection, EVENT))
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


# ----------------------------------------------------------------------------------------- continuing an earlier export


def _continue_tables(connection: sa.Connection, earlier: EarlierExport) -> dict[str, pl.DataFrame] | None:
    """Return the tables of an earlier export with what has changed since, in the order of a complete export.

    Returns None if the ledger contradicts its audit log or the earlier export, or if most of it has changed.
    """
    ids = exported_ledger.find_changed(connection, earlier)
    if ids is None or len(ids) > _MOST_CHANGED:
        return None
    frames = dict(earlier.frames)
    if ids:
        new_events = _parse_times(_read_table(connection, EVENT, EVENT.c.event_id > earlier.find_last_event()))
        frames["event"] = frames["event"].vstack(new_events).rechunk()
        for table, order in ((SUBMISSION, ["received_at", "submission_id"]),
                             (JUSTIFICATION, ["submission_id", "finding_key"])):  # fmt: skip
            rows = _parse_times(_read_of_submissions(connection, table, ids))
            frames[table.name] = _replace_rows(frames[table.name], "submission_id", ids, rows, order)
        blocks = _continue_blocks(connection, earlier, ids, frames["event"])
        if blocks is None:
            return None
        frames["block"] = blocks
    return frames if exported_ledger.has_all_rows(connection, frames) else None


def _read_of_submissions(connection: sa.Connection, table: sa.Table, ids: Sequence[str]) -> pl.DataFrame:
    """Return the rows of a table that belong to submissions."""
    return _make_frame(table, list(in_ids(connection, sa.select(*_select_columns(table)), table.c.submission_id, ids)))


def _replace_rows(
    frame: pl.DataFrame, column: str, values: Sequence[str], new: pl.DataFrame, order: Sequence[str]
) -> pl.DataFrame:
    """Return a frame in its order with all rows of some values of a column exchanged for new rows."""
    import polars as pl

    other_rows = frame.filter(~pl.col(column).is_in(list(values)))
    if other_rows.height == frame.height and not new.height:
        return frame
    return pl.concat([other_rows, new]).sort(order, maintain_order=True)


def _continue_blocks(
    connection: sa.Connection, earlier: EarlierExport, ids: Sequence[str], event: pl.DataFrame
) -> pl.DataFrame | None:
    """Return the blocks with new stretches of time for every key that a changed submission has or had.

    Returns None if blocks of other submissions are missing that the earlier export has.
    """
    import polars as pl

    exported = earlier.frames["block"]
    changed = pl.col("submission_id").is_in(list(ids))
    changed_keys = _read_of_submissions(connection, BLOCK, ids).select(_BLOCK_KEY)
    keys = pl.concat([changed_keys, exported.filter(changed).select(_BLOCK_KEY)]).unique()
    if not keys.height:
        return exported
    rows = _make_frame(BLOCK, [row for key in keys.iter_rows() for row in _read_blocks_of_key(connection, key)])
    touched = exported.join(keys, on=_BLOCK_KEY, how="semi").filter(~changed).select(BLOCK_COLUMNS)
    if touched.join(rows, on=BLOCK_COLUMNS, how="anti").height:
        return None
    new = _compute_validity(rows, event.filter(pl.col("submission_id").is_in(rows["submission_id"].unique().to_list())))
    other_keys = exported.join(keys, on=_BLOCK_KEY, how="anti", maintain_order="left")
    return pl.concat([other_keys, new]).sort(*_BLOCK_KEY, "accepted_at", maintain_order=True)


def _read_blocks_of_key(connection: sa.Connection, key: Sequence[str]) -> Sequence[sa.Row[Any]]:
    parameters = {f"b_{name}": value for name, value in zip(_BLOCK_KEY, key, strict=True)}
    return connection.execute(_BLOCKS_OF_KEY, parameters).all()


_BLOCKS_OF_KEY = sa.select(BLOCK).where(*(BLOCK.c[name] == sa.bindparam(f"b_{name}") for name in _BLOCK_KEY))


# ------------------------------------------------------------------------------------------------------- whole tables


def _select_columns(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """Return the columns of a table; the payload as JSON text, which SQLite stores as text and PostgreSQL as jsonb."""
    return [sa.cast(c, sa.Text).label(c.name) if isinstance(c.type, sa.JSON) else c for c in table.columns]


def _read_table(
    connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool] | None = None
) -> pl.DataFrame:
    """Return a table, or its rows that meet a condition, in the order of its key."""
    query = sa.select(*_select_columns(table)).order_by(*table.primary_key.columns)
    return _make_frame(table, connection.execute(query if condition is None else query.where(condition)).all())


def _make_frame(table: sa.Table, rows: Sequence[sa.Row[Any]]) -> pl.DataFrame:
    """Return rows of a table as a frame with the types of its declaration, which an empty table has too."""
    import polars as pl

    types: dict[type, type[pl.DataType]] = {
        sa.Boolean: pl.Boolean,
        sa.Integer: pl.Int32,
        sa.BigInteger: pl.Int64,
    }
    by_column: Iterable[tuple[object, ...]] = zip(*rows, strict=True) if rows else [() for _ in table.columns]
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

    accepted = event.filter(pl.col("action") == "approve").select(
        "submission_id", pl.col("at").alias("accepted_at"), pl.col("event_id").alias("_order")
    )
    withdrawn = event.filter(pl.col("action") == "withdraw").select("submission_id", pl.col("at").alias("_withdrawn"))
    rows = (
        block.join(accepted, on="submission_id", how="inner")
        .join(withdrawn, on="submission_id", how="left")
        .sort(*_BLOCK_KEY, "accepted_at", "_order")
    )
    touched = pl.col("_withdrawn").is_not_null().any().over(_BLOCK_KEY)
    plain = rows.filter(~touched).with_columns(
        superseded_at=pl.col("accepted_at").shift(-1).over(_BLOCK_KEY, order_by=["accepted_at", "_order"])
    )
    stretched = [
        stretch
        for _, group in rows.filter(touched).group_by(_BLOCK_KEY, maintain_order=True)
        for stretch in _split_into_stretches(group.to_dicts())
    ]
    again = pl.DataFrame(stretched, schema={**plain.schema, "superseded_at": pl.Datetime("us")})
    return pl.concat([plain, again]).sort(*_BLOCK_KEY, "accepted_at", "_order").select(_COLUMNS["block"])


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
