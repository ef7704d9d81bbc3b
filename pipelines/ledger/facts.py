"""Facts on disk: one Parquet file per submission and table, and the merging of a patch into the previous block.

Facts wait in `facts/waiting/` until their return is accepted; files in `facts/observation/` and `facts/case_event/`
are of returns that were accepted. Every accepted submission has a file in `facts/observation/`, even if it has no
rows. The files `_schema.parquet` have no rows: they give dbt a table before the first return is accepted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import asides
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark

if TYPE_CHECKING:
    import polars as pl

    from pipelines.core.home import Home
    from pipelines.findings.finding import Finding
    from pipelines.ledger.supersession import BlockKey

TABLES = ("observation", "case_event")
_NOT_READ = mark("what was read from {submission} is not on the disk; run `rti refresh`, which reads it again")


class FactsError(UserFacingError):
    """Facts are missing, or a patch has no previous block to apply to. The message says what to do."""


def path_of(home: Home, table: str, submission_id: str) -> Path:
    """Return `facts/<table>/<submission_id>.parquet`; `table` is observation, case_event or finding."""
    return home.facts / table / f"{submission_id}.parquet"


def kept_ids(home: Home, table: str) -> set[str]:
    """Return the ids of submissions that have a file in `facts/<table>/`, by listing the folder once."""
    return {path.stem for path in (home.facts / table).glob("*.parquet")}


def waiting_path(home: Home, table: str, submission_id: str) -> Path:
    """Return the path of the facts of a return that is not accepted yet."""
    return home.facts / "waiting" / table / f"{submission_id}.parquet"


def prepare_fact_folders(home: Home) -> None:
    """Create the folders and the empty files that give each table its columns."""
    from pipelines.model import long_tables

    for table, schema in (
        ("observation", long_tables.OBSERVATION),
        ("case_event", long_tables.CASE_EVENT),
        ("finding", long_tables.FINDING),
    ):
        path = home.facts / table / "_schema.parquet"
        if not path.exists():
            write_parquet(long_tables.empty_table(schema), path)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet to a temporary file and rename it; the same rows give the same bytes."""
    with asides.replace_file(path) as aside:
        frame.write_parquet(aside, compression="zstd", compression_level=3, statistics=True)


def read_rows(paths: Sequence[Path], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Read files of facts of one table, whose columns are `schema`. Older rows get the columns they lack."""
    import polars as pl

    from pipelines.model import long_tables

    if "direction" not in schema:
        return pl.read_parquet(list(paths))
    whole = dict(schema)
    return long_tables.complete_rows(pl.read_parquet(list(paths), schema=whole, missing_columns="insert"), schema)


def keep_reading(
    home: Home, submission_id: str, observations: pl.DataFrame, events: pl.DataFrame, findings: Iterable[Finding]
) -> None:
    """Store the facts and findings of a check until the return is decided on; a later check replaces them."""
    from pipelines.findings.finding import as_frame

    write_parquet(observations, waiting_path(home, "observation", submission_id))
    events_path = waiting_path(home, "case_event", submission_id)
    if events.height:
        write_parquet(events, events_path)
    else:
        events_path.unlink(missing_ok=True)
    keep_findings(home, submission_id, as_frame(findings, submission_id))


def keep_findings(home: Home, submission_id: str, findings: pl.DataFrame) -> None:
    """Store the findings of a check, replacing those of an earlier one."""
    write_parquet(findings, path_of(home, "finding", submission_id))


def accept_facts(home: Home, submission_id: str) -> None:
    """Make the waiting facts of a return its accepted facts. Raises FactsError if there are none."""
    source = waiting_path(home, "observation", submission_id)
    if not source.exists():
        raise FactsError(_NOT_READ, submission=submission_id)
    for table in reversed(TABLES):  # observation last: its presence marks that the facts are complete
        source = waiting_path(home, table, submission_id)
        if source.exists():
            _link_as(source, path_of(home, table, submission_id))


def accept_patch(home: Home, submission_id: str, previous: Mapping[BlockKey, str | None]) -> None:
    """Merge the waiting facts of a patch into the previous blocks and make the result its accepted facts.

    `previous` maps each block of the patch to the submission with the newest accepted block before it. Raises
    FactsError if a block has none, because a patch cannot be the first return of a period.
    """
    import polars as pl

    from pipelines.model import long_tables

    if unprecedented := [key for key, before in previous.items() if before is None]:
        block_names = ", ".join(
            f"{jurisdiction} {instrument} {period}" for jurisdiction, instrument, _, _, period in unprecedented
        )
        raise FactsError(
            mark(
                "{submission} corrects single figures of {blocks}, for which no return is accepted yet; "
                "send the whole return"
            ),
            submission=submission_id,
            blocks=block_names,
        )
    for table, schema, key in (
        ("case_event", long_tables.CASE_EVENT, (*long_tables.CASE_EVENT_KEY, "freq", "period", "form")),
        ("observation", long_tables.OBSERVATION, (*long_tables.OBSERVATION_KEY, "form")),
    ):
        source = waiting_path(home, table, submission_id)
        if source.exists():
            new = read_rows([source], schema)
        elif table == "observation":
            raise FactsError(_NOT_READ, submission=submission_id)
        else:
            new = long_tables.empty_table(schema)
        before = [_read_block_rows(home, table, holder, block) for block, holder in sorted(previous.items()) if holder]
        carried = [frame for frame in before if frame is not None]
        merged = lay_patch(new, pl.concat(carried), key, submission_id=submission_id) if carried else new
        if merged.height or table == "observation":
            write_parquet(merged, path_of(home, table, submission_id))


def lay_patch(
    new: pl.DataFrame, previous: pl.DataFrame, key: Sequence[str] | None = None, *, submission_id: str | None = None
) -> pl.DataFrame:
    """Return the previous block with the patch applied: the rows of `new`, and those of `previous` with other keys.

    Rows taken from `previous` get the `submission_id` of the patch and keep their `origin_submission_id`. `key`
    defaults to that of an observation within its form; the result is sorted by it. `submission_id` must be given if
    the patch has no rows in this table.
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


def _read_block_rows(home: Home, table: str, submission_id: str, block: BlockKey) -> pl.DataFrame | None:
    import polars as pl

    from pipelines.model import long_tables

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
    schema = long_tables.OBSERVATION if table == "observation" else long_tables.CASE_EVENT
    frame = read_rows([path], schema)
    condition = (
        (pl.col("jurisdiction") == jurisdiction)
        & (pl.col("form") == form)
        & (pl.col("freq") == freq)
        & (pl.col("period") == period)
    )
    if "instrument" in frame.columns:
        condition &= pl.col("instrument") == instrument
    return frame.filter(condition)


def _link_as(source: Path, target: Path) -> None:
    """Hard-link a file to a second name atomically; copy it if the file system has no hard links."""
    import shutil

    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = asides.name_aside(target)
    try:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)
        os.replace(temporary, target)  # noqa: PTH105 - renaming onto a second name of the same file is a no-op that leaves `aside`
    finally:
        temporary.unlink(missing_ok=True)
