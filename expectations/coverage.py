"""Blocks of a return with the day on which they were received and the day by which they were due."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from expectations.tables import tabulate_days
from pipelines.core import clock
from pipelines.declarations.export import list_expected_returns

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry


def tabulate_coverage(blocks: pl.DataFrame, before: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Return each block with `period_end`, `has_ended` (yes or no), `received`, `first_received` and `deadline`.

    `deadline` is null if no return is expected. A period that was reported before is not late when it is reported
    again: `first_received` is then null.
    """
    keys = ["submission_id", "jurisdiction", "form", "freq", "period"]
    calendar = _tabulate_calendar(registry, clock.now().date())
    return (
        blocks.join(tabulate_days(blocks), on="period", how="left", maintain_order="left")
        .join(before.select(*keys, pl.lit(1).alias("known")).unique(), on=keys, how="left", maintain_order="left")
        .join(
            calendar, on=["jurisdiction", "instrument", "source", "freq", "period"], how="left", maintain_order="left"
        )
        .with_columns(
            pl.when(pl.col("known").is_null()).then(pl.col("received")).alias("first_received"),
            pl.when(pl.col("period_end") < pl.col("received"))
            .then(pl.lit("yes"))
            .otherwise(pl.lit("no"))
            .alias("has_ended"),
        )
    )


@lru_cache(maxsize=2)
def _tabulate_calendar(registry: Registry, today: date) -> pl.DataFrame:
    return pl.DataFrame(
        list_expected_returns(registry, today),
        schema={
            "jurisdiction": pl.String,
            "territory": pl.String,
            "instrument": pl.String,
            "source": pl.String,
            "freq": pl.String,
            "period": pl.String,
            "deadline": pl.Date,
        },
    ).drop("territory")
