"""Tables of the figures of a return by breakdown, next to the sums of earlier periods.

A line is everything that a figure says but its category in one breakdown: measure, article, other breakdowns.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations import series
from pipelines.core import codes
from pipelines.model.long_tables import OBSERVATION_KEY

COMPARED_PERIODS = 12
"""A line is compared with at most this many earlier periods: three years of quarters."""
MINIMUM_PERIODS = 3
"""Cells with fewer earlier periods are not compared; three years must do for annual returns."""
DIMENSIONS = (*codes.DIMENSIONS_WITH_TOTAL, "law_article")
"""Breakdowns that are compared, each by itself."""
RETURN = ["submission_id", "form", "freq", "period"]
"""Columns that identify a period of a return."""
_CELL = [c for c in OBSERVATION_KEY if c not in ("territory", "source", "period", "period_start", "period_end")]
_CARRIED = ["place", *(name for name in _CELL if name not in ("freq", "accumulation"))]


def tabulate_lines(observations: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return present and past cells by breakdown.

    Present cells have their `value`, the sum `past` of up to twelve earlier periods, and the number `n` of these; only
    cells with MINIMUM_PERIODS or more are compared.  A figure equal to the accepted one of its period is `repeated`.
    `dim` and `category` are the breakdown and the code in it, `line` is a hash of all else that the figure says.  Lines
    of one `table` have the same other breakdowns.
    """
    key = [*RETURN, "cell"]
    reported, accepted = _select_counts(observations, _CARRIED), _select_counts(before, ["statistic"])
    identity = ["submission_id", "form", "cell"]
    now = series.make_discrete(reported, accepted, identity, "value").filter(pl.col("accumulation") == "discrete")
    earlier = series.list_discrete(accepted, identity, "value")
    repeated = earlier.select(*key, "value", pl.lit(value=True).alias("repeated"))
    compared = _list_compared_periods(now, earlier)
    past = earlier.rename({"period": "past_period"}).join(
        compared, on=["submission_id", "form", "freq", "past_period"], how="inner"
    )
    sums = past.group_by(key).agg(pl.col("value").sum().alias("past"), pl.len().alias("n"))
    cells = (
        now.join(sums.filter(pl.col("n") >= MINIMUM_PERIODS), on=key, how="inner", maintain_order="left")
        .join(repeated, on=[*key, "value"], how="left", maintain_order="left")
        .with_columns(pl.col("repeated").fill_null(value=False))
    )
    return _stack_breakdowns(cells), past


def _select_counts(rows: pl.DataFrame, carried: Sequence[str]) -> pl.DataFrame:
    """Return the counts, with a hash of each cell's meaning."""
    is_counted = (pl.col("value") >= 0) & (pl.col("unit_measure") == "NR")
    return (
        rows.lazy()
        .filter(is_counted)
        .select(
            *RETURN,
            "accumulation",
            "value",
            *carried,
            pl.sum_horizontal(_hash_column(name) for name in _CELL).alias("cell"),
        )
        .collect()
    )


def _hash_column(name: str) -> pl.Expr:
    """Return a hash of a part of a cell's meaning; their sum is one of all parts, and a part can be subtracted."""
    return pl.col(name).hash(seed=_CELL.index(name))


def _list_compared_periods(now: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return the twelve newest earlier periods of each period of a return."""
    source = ["submission_id", "form", "freq"]
    return (
        now.select(RETURN)
        .unique()
        .join(earlier.select(*source, pl.col("period").alias("past_period")).unique(), on=source, how="inner")
        .filter(pl.col("past_period") < pl.col("period"))
        .filter(pl.col("past_period").rank("ordinal", descending=True).over(RETURN) <= COMPARED_PERIODS)
    )


def _stack_breakdowns(cells: pl.DataFrame) -> pl.DataFrame:
    """Return each cell once for every breakdown it has."""
    flags = cells.lazy().with_columns(
        *((~pl.col(name).is_in(codes.TOTAL_CODES)).alias(f"by_{name}") for name in DIMENSIONS),
        pl.struct(RETURN).hash().alias("source"),
        pl.struct("measure", "level", "statistic").hash().alias("measure_key"),
        pl.struct("law_article", "offence").hash().alias("article_key"),
    )
    flags = flags.with_columns(
        pl.sum_horizontal(pl.col(f"by_{name}").cast(pl.UInt64) * 2**i for i, name in enumerate(DIMENSIONS)).alias(
            "bits"
        ),
    )
    used = cells.select(~pl.col(name).is_in(codes.TOTAL_CODES).all() for name in DIMENSIONS).row(0)
    stacked = []
    for number, dim in enumerate(DIMENSIONS):
        # The first stays, so that there is a table. A branch of the query costs more than its few rows.
        if number > 0 and not used[number]:
            continue
        omitted = (dim, "offence") if dim == "law_article" else (dim,)
        line = pl.col("cell") - pl.sum_horizontal(_hash_column(name) for name in omitted)
        stacked.append(
            flags.filter(f"by_{dim}").select(
                *RETURN,
                "source",
                "cell",
                pl.lit(dim).alias("dim"),
                pl.col(dim).alias("category"),
                pl.struct("source", pl.lit(number), line).hash().alias("line"),
                pl.struct("source", pl.lit(number), "bits", "count_unit").hash().alias("table"),
                pl.col("measure").alias("measure_code"),
                pl.col("measure_key").alias("measure"),
                pl.lit(0, pl.UInt64).alias("article")
                if dim == "law_article"
                else pl.col("article_key").alias("article"),
                pl.lit(0, pl.UInt64).alias("all"),
                "value",
                "past",
                "n",
                "repeated",
                "place",
                "seen",
            )
        )
    return pl.concat(stacked).collect()
