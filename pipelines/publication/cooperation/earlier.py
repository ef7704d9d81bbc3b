"""Combine the figures of a draft with those of all earlier releases into one problem.

A reader keeps every release.  A figure with the same value then and now is one figure: it is public if any release
published it, and stays hidden if none did.  A figure that has changed has two unknown values, then and now, each with
the equations of its release.  A reader is assumed to know of each figure whether it has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pipelines.publication.cooperation.cells import KEY, PUBLISHED, TOTAL, WHOLE_YEAR, find_least, find_subject

STORED = ("cooperation_id", *KEY, "value", "subject", "table_id", "least", "is_published")
"""Columns of the figures of an earlier release, with those that were never in the programme."""
_VALUED = [*KEY, "value", "subject"]


def record_release(cells: pl.DataFrame) -> pl.DataFrame:
    """Return what has to be kept of a release (`STORED`) from its cells with `conf_status`."""
    return cells.with_columns(is_published=(pl.col("table_id") != "") & (pl.col("conf_status") == "F")).select(STORED)


def complete_release(figures: pl.DataFrame) -> pl.DataFrame:
    """Return figures of a release (`STORED`), from a table that has not all dimensions or from an older release."""
    dimensions = {
        "since": pl.col("year"), "quarter": pl.lit(WHOLE_YEAR, pl.Int32), "direction": pl.lit("_Z"),
        **dict.fromkeys(("partner", "assistance", "legal_basis", "channel"), pl.lit(TOTAL)),
        "subject": find_subject(), "least": find_least(),
    }  # fmt: skip
    missing = {name: value for name, value in dimensions.items() if name not in figures.columns}
    return figures.with_columns(**missing).select(STORED)


def read_published(folder: Path) -> pl.DataFrame:
    """Return the published figures of a release (`STORED`) from the tables in its folder that it has."""
    tables = [path for name in PUBLISHED if (path := folder / f"{name}.parquet").exists()]
    free = [pl.read_parquet(path).filter(pl.col("conf_status") == "F") for path in tables]
    return pl.concat([complete_release(table.with_columns(is_published=pl.lit(True))) for table in free])


def combine_releases(cells: pl.DataFrame, earlier: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the cells of a draft and of all earlier releases, each once, with what readers know about it.

    Added columns: `is_now`; `releases`, the numbers of the releases that have it (-1 for the draft); `was_published`
    and `was_hidden`; `is_small_change`, for a figure that was published and has changed by less than `least`.
    """
    columns = [*_VALUED, "least", "table_id", "is_published"]
    frames = [cells.with_columns(is_published=pl.lit(False)).select(columns).with_columns(release=pl.lit(-1))]
    frames += [frame.select(columns).with_columns(release=pl.lit(number)) for number, frame in enumerate(earlier)]
    is_old = pl.col("release") >= 0
    combined = (
        pl.concat(frames)
        .group_by(_VALUED)
        .agg(
            pl.col("table_id", "least").max(),
            pl.col("release").sort().alias("releases"),
            (is_old & pl.col("is_published")).any().alias("was_published"),
            (is_old & (pl.col("table_id") != "")).any().alias("_was"),
            (~is_old).any().alias("is_now"),
        )
        .with_columns(was_hidden=pl.col("_was") & ~pl.col("was_published"))
        .drop("_was")
    )
    then = combined.filter("was_published").select(*KEY, pl.col("value").alias("_then"))
    changed = (
        combined.filter("is_now")
        .join(then, on=KEY)
        .filter((pl.col("value") - pl.col("_then")).abs().is_between(1, pl.col("least") - 1))
        .select(*KEY)
        .unique()
        .with_columns(is_small_change=pl.lit(True))
    )
    return (
        combined.join(changed, on=KEY, how="left")
        .with_columns(is_small_change=pl.col("is_small_change").fill_null(False) & pl.col("is_now"))
        .sort(_VALUED)
    )
