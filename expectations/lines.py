"""Tables of the figures of a return by breakdown, next to the sums of earlier periods.

A line is everything that a figure says but its category in one breakdown: measure, article, other breakdowns.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

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
    reported, accepted = _select_counts(observations, _CARRIED), _select_counts(before, [])
    now, earlier = _select_single_periods(reported, accepted), _select_single_periods(accepted, accepted.clear())
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
            _write_count("value").alias("seen"),
            *carried,
            pl.sum_horizontal(_hash_column(name) for name in _CELL).alias("cell"),
        )
        .collect()
    )


def _hash_column(name: str) -> pl.Expr:
    """Return a hash of a part of a cell's meaning; their sum is one of all parts, and a part can be subtracted."""
    return pl.col(name).hash(seed=_CELL.index(name))


def _write_count(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64, strict=False).cast(pl.String)


def _select_single_periods(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the counts of single periods; years so far as what they add to the quarter before, if that is known.

    `seen` shows the subtraction.
    """
    is_so_far = pl.col("accumulation") == "ytd"
    discrete = now.filter(pl.col("accumulation") == "discrete")
    so_far = now.filter(is_so_far & (pl.col("freq") == "Q"))
    if so_far.is_empty():
        return discrete
    key = ["submission_id", "form", "cell", "previous"]
    subtrahend = [*key[:-1], pl.col("period").alias("previous"), pl.col("value").alias("subtrahend")]
    earlier = pl.concat([before.filter(is_so_far).select(subtrahend), so_far.select(subtrahend)]).unique(
        key, keep="last", maintain_order=True
    )
    year, quarter = pl.col("period").str.slice(0, 6), pl.col("period").str.slice(6, 1).cast(pl.Int32)
    added = (
        so_far.with_columns(pl.concat_str(year, (quarter - 1).cast(pl.String)).alias("previous"))
        .join(earlier, on=key, how="left", maintain_order="left")
        .with_columns(pl.when(quarter == 1).then(0.0).otherwise("subtrahend").alias("subtrahend"))
        .with_columns((pl.col("value") - pl.col("subtrahend")).alias("added"))
        .filter(pl.col("added") >= 0)
        .with_columns(
            pl.when(pl.col("subtrahend") == 0)
            .then("seen")
            .otherwise(
                pl.format("{} ({} \N{MINUS SIGN} {})", _write_count("added"), "seen", _write_count("subtrahend"))
            )
            .alias("seen"),
            pl.col("added").alias("value"),
        )
    )
    return pl.concat([discrete, added.select(now.columns)])


def _list_compared_periods(now: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return the twelve newest earlier periods of each period of a return."""
    series = ["submission_id", "form", "freq"]
    return (
        now.select(RETURN)
        .unique()
        .join(earlier.select(*series, pl.col("period").alias("past_period")).unique(), on=series, how="inner")
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
