"""Find the returns and the figures from records behind a draft, which its publication marks and renews."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.core.home import Home
from pipelines.warehouse import build_cache

if TYPE_CHECKING:
    import sqlalchemy as sa


def find_records_behind(home: Home, release: str) -> Path | None:
    """Return the folder of the figures from records behind a draft, or None if the build cache has no entry for it."""
    from pipelines.warehouse.records import build

    drafted = build_cache.find_last_outcome(home, "draft") or {}
    if drafted.get("release") != release or "records" not in drafted:
        return None
    return build.records_folder(home) / str(drafted["records"])


LINKS: Final = ("cell_submission", "cooperation_submission")
"""Tables of a release that name the returns behind its figures."""


def find_returns_behind(engine: sa.Engine, folder: Path) -> list[str]:
    """Return the accepted returns behind the figures of a release: those of its links, and those of registers."""
    import polars as pl

    from pipelines.ledger import queries, supersession

    links = [folder / "data" / f"{name}.parquet" for name in LINKS]
    # A draft that was made before the software linked figures on cooperation has the first table only.
    released = {number for path in links if path.exists() for number in pl.read_parquet(path)["submission_id"]}
    released |= find_returns_behind_records(folder / "data", supersession.accepted_blocks(engine).values())
    return sorted(released & queries.accepted_ids(engine))


def find_returns_behind_records(data: Path, current: Collection[str]) -> set[str]:
    """Return the current returns of each register that has a figure from records in a release.

    A cell names its returns, but a figure from records is computed from all records of an office at once. `data` is the
    release's folder of Parquet files, `current` the returns whose block is the newest accepted one of its key. Returns
    that came after the draft are not in the release's own list and are left out.
    """
    import polars as pl

    from pipelines.warehouse.records.schema import TABLES, table_schema

    office_columns = ["territory", "source"]
    tables = [name.removeprefix("record_") for name in TABLES if "value" in table_schema(name)]
    offices_shown = pl.concat(
        pl.read_parquet(data / f"{table}.parquet").filter(pl.col("value").is_not_null()).select(office_columns)
        for table in tables
    ).unique()
    registers = pl.read_parquet(data / "submission.parquet").filter(pl.col("instrument") == "register")
    return set(registers.join(offices_shown, on=office_columns, how="semi")["submission_id"]) & set(current)
