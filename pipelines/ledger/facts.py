"""Facts on the disk: one Parquet file a submission and table, and the laying of a patch over the block before it.

A reading waits in `facts/waiting/` until its return is accepted; what lies in `facts/observation/` and
`facts/case_event/` counts or has counted.  Every accepted submission has a file in `facts/observation/`, also one
without a row.  The files `_schema.parquet` hold no row: they give dbt a table before the first return is accepted.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark

if TYPE_CHECKING:
    import polars as pl

    from pipelines.core.home import Home
    from pipelines.findings.finding import Finding
    from pipelines.ledger.queries import BlockKey

TABLES = ("observation", "case_event")
_NOT_READ = mark("what was read from {submission} is not on the disk; run `rti refresh`, which reads it again")


class FactsError(ToldError):
    """Facts that should be there are not, or a patch has nothing to lie over. The text says what to do."""


def path_of(home: Home, table: str, submission_id: str) -> Path:
    """`facts/<table>/<submission_id>.parquet`; `table` is observation, case_event or finding."""
    return home.facts / table / f"{submission_id}.parquet"


def kept_ids(home: Home, table: str) -> set[str]:
    """Return the submissions that have a file in `facts/<table>/`, by one look into the folder."""
    return {path.stem for path in (home.facts / table).glob("*.parquet")}


def waiting_path(home: Home, table: str, submission_id: str) -> Path:
    """Where the reading of a return that is not accepted yet lies."""
    return home.facts / "waiting" / table / f"{submission_id}.parquet"


def prepare(home: Home) -> None:
    """Make the folders and the files without a row that give each table its columns."""
    from pipelines.model import long_tables

    for table, schema in (
        ("observation", long_tables.OBSERVATION),
        ("case_event", long_tables.CASE_EVENT),
        ("finding", long_tables.FINDING),
    ):
        path = home.facts / table / "_schema.parquet"
        if not path.exists():
            write(long_tables.empty(schema), path)


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, aside and renamed; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.parent / f".{path.name}.{os.getpid()}.{threading.get_ident()}.new"
    try:
        frame.write_parquet(aside, compression="zstd", compression_level=3, statistics=True)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def keep_reading(
    home: Home, submission_id: str, observations: pl.DataFrame, events: pl.DataFrame, findings: Iterable[Finding]
) -> None:
    """Keep what was read and found until somebody decides; a new check replaces it."""
    from pipelines.findings.finding import as_frame

    write(observations, waiting_path(home, "observation", submission_id))
    events_path = waiting_path(home, "case_event", submission_id)
    if events.height:
        write(events, events_path)
    else:
        events_path.unlink(missing_ok=True)
    keep_findings(home, submission_id, as_frame(findings, submission_id))


def keep_findings(home: Home, submission_id: str, findings: pl.DataFrame) -> None:
    """Keep what a check found, in place of what an earlier one did."""
    write(findings, path_of(home, "finding", submission_id))


def accept(home: Home, submission_id: str) -> None:
    """Make the waiting reading of a return its facts. Raises FactsError where there is none."""
    source = waiting_path(home, "observation", submission_id)
    if not source.exists():
        raise FactsError(_NOT_READ, submission=submission_id)
    for table in reversed(TABLES):  # observation last: its presence says that the facts are whole
        source = waiting_path(home, table, submission_id)
        if source.exists():
            _link(source, path_of(home, table, submission_id))


def accept_patch(home: Home, submission_id: str, previous: Mapping[BlockKey, str | None]) -> None:
    """Lay the waiting reading of a patch over the blocks before it and make the whole its facts.

    `previous` names, per block of the patch, the submission that holds the newest accepted block before it.
    Raises FactsError where a block has none: a patch cannot be the first that is said of a period.
    """
    import polars as pl

    from pipelines.model import long_tables

    if alone := [key for key, before in previous.items() if before is None]:
        told = ", ".join(f"{jurisdiction} {instrument} {period}" for jurisdiction, instrument, _, _, period in alone)
        raise FactsError(
            mark(
                "{submission} corrects single figures of {blocks}, for which no return is accepted yet; "
                "send the whole return"
            ),
            submission=submission_id,
            blocks=told,
        )
    for table, schema, key in (
        ("case_event", long_tables.CASE_EVENT, (*long_tables.CASE_EVENT_KEY, "freq", "period", "form")),
        ("observation", long_tables.OBSERVATION, (*long_tables.OBSERVATION_KEY, "form")),
    ):
        source = waiting_path(home, table, submission_id)
        if source.exists():
            new = pl.read_parquet(source)
        elif table == "observation":
            raise FactsError(_NOT_READ, submission=submission_id)
        else:
            new = long_tables.empty(schema)
        before = [_block_rows(home, table, holder, block) for block, holder in sorted(previous.items()) if holder]
        carried = [frame for frame in before if frame is not None]
        laid = lay_patch(new, pl.concat(carried), key, submission_id=submission_id) if carried else new
        if laid.height or table == "observation":
            write(laid, path_of(home, table, submission_id))


def lay_patch(
    new: pl.DataFrame, previous: pl.DataFrame, key: Sequence[str] | None = None, *, submission_id: str | None = None
) -> pl.DataFrame:
    """The block before with the patch laid over it: rows of `new`, and those of `previous` whose key `new` lacks.

    Carried rows take the patch's `submission_id` and keep the `origin_submission_id` under which they were read.
    `key` is by default that of an observation within its form. The order is that of the key. `submission_id` must be
    given where the patch has no row in this table.
    """
    import polars as pl

    from pipelines.model import long_tables

    key = list(key or (*long_tables.OBSERVATION_KEY, "form"))
    if new.height == 0 and previous.height == 0:
        return new
    carried = previous.join(new, on=key, how="anti", nulls_equal=True)
    submission_id = submission_id or new.item(0, "submission_id")
    carried = carried.with_columns(pl.lit(submission_id).alias("submission_id"))
    return pl.concat([new, carried.select(new.columns)]).sort(key, nulls_last=True)


def _block_rows(home: Home, table: str, submission_id: str, block: BlockKey) -> pl.DataFrame | None:
    import polars as pl

    jurisdiction, instrument, form, freq, period = block
    path = path_of(home, table, submission_id)
    if not path.exists():
        if table == "observation":
            raise FactsError(
                mark("the facts of {submission} are not on the disk; restore {file} from a backup"),
                submission=submission_id,
                file=f"facts/{table}/{path.name}",
            )
        return None
    frame = pl.read_parquet(path)
    condition = (
        (pl.col("jurisdiction") == jurisdiction)
        & (pl.col("form") == form)
        & (pl.col("freq") == freq)
        & (pl.col("period") == period)
    )
    if "instrument" in frame.columns:
        condition &= pl.col("instrument") == instrument
    return frame.filter(condition)


def _link(source: Path, target: Path) -> None:
    """Give the same content a second name, as one step. Copied where the file system knows no second names."""
    import shutil

    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent / f".{target.name}.{os.getpid()}.{threading.get_ident()}.new"
    aside.unlink(missing_ok=True)
    try:
        try:
            os.link(source, aside)
        except OSError:
            shutil.copyfile(source, aside)
        os.replace(aside, target)  # noqa: PTH105 - renaming onto a second name of the same file is a no-op that leaves `aside`
    finally:
        aside.unlink(missing_ok=True)
