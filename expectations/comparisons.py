"""A return beside what was known before it, as tables: one row a comparison that can be right or wrong.

`before` is what was known before each judged return, under that return's `submission_id`.  Every table has
`submission_id` and `place`, so that a failing row leads back to its return and its cell.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from expectations.tables import SERIES
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.statistics import exchanged, jumps

COMPARED_PERIODS = 12
"""How many periods before the present one a count is compared with: three years of quarters."""
LAG = 4
"""Quarters before the present one whose investigations may lead to an indictment now."""


def series_jumps(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Totals with the mean of up to twelve periods before them, their number `n`, and the probability `p`.

    `before` are totals of what was known before each judged return, under that return's `submission_id`.
    """
    discrete = pl.col("accumulation") == "discrete"
    joined = _with_past(table.filter(discrete), before.filter(discrete), "value")
    return joined.with_columns(
        pl.col("past_value").list.len().alias("n"),
        pl.col("past_value").list.mean().alias("mean"),
        pl.Series("p", jumps.surprise(_matrix(joined, "past_value"), joined["value"].to_numpy()), dtype=pl.Float64),
    ).drop("past_value")


def exchanges(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Women among all of a line whose sex is told, beside up to twelve periods before: `value` of `n`.

    `table` and `before` are those of `tables.by_sex`.  `suspect` is 1 where women and men look exchanged, `share` the
    per cent of women in the `periods` before.
    """
    joined = _with_past(table, before.filter(pl.col("n") > 0), "value", "n")
    women, persons = _matrix(joined, "past_value"), _matrix(joined, "past_n")
    suspect = exchanged.exchanged(women, persons, joined["value"].to_numpy(), joined["n"].to_numpy())
    return joined.with_columns(
        pl.Series("suspect", suspect, dtype=pl.Boolean).cast(pl.Int8),
        pl.col("past_value").list.len().alias("periods"),
        (100 * pl.col("past_value").list.sum() / pl.col("past_n").list.sum()).round(0).alias("share"),
    ).drop("past_value", "past_n")


def _with_past(now: pl.DataFrame, before: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The figures of series that are known of earlier periods, and beside each what these columns were in up to twelve
    periods before it, the newest first: `past_` and the column's name."""
    key = ["submission_id", *SERIES]
    told = ["territory", "place", "label"]
    past = {column: f"past_{column}" for column in columns}
    earlier = before.select(*key, pl.col("period").alias("past_period"), *(pl.col(c).alias(n) for c, n in past.items()))
    return (
        now.join(earlier, on=key, how="inner")
        .filter(pl.col("past_period") < pl.col("period"))
        .sort(*key, "period", "past_period", descending=[False] * len(key) + [False, True])
        .group_by([*key, "period"], maintain_order=True)
        .agg(pl.col(*past.values()).head(COMPARED_PERIODS), pl.col(*columns, *told).first())
    )


def _matrix(table: pl.DataFrame, column: str) -> jumps.Array:
    """A column of lists as series x periods, NaN where a list is shorter than the longest."""
    width = max(table[column].list.len().to_list(), default=0)
    cells = [pl.col(column).list.get(i, null_on_oob=True).cast(pl.Float64).alias(f"p{i}") for i in range(width)]
    return table.select(cells).to_numpy() if cells else np.empty((table.height, 0))


def stocks(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Stocks at the start of a period beside the stock known at the end of the period before: `value, expected`."""
    same = ["submission_id", "jurisdiction", "measure", "level", "count_unit", "offence_group", "freq"]
    start = table.filter(pl.col("statistic") == "start").with_columns(
        pl.struct("period", "freq")
        .map_elements(lambda p: _previous(p["period"]), return_dtype=pl.String)
        .alias("previous")
    )
    ends = pl.concat([before, table]).filter(pl.col("statistic") == "end")
    ends = ends.select(*same, pl.col("period").alias("previous"), pl.col("value").alias("expected"))
    return start.join(
        ends.unique([*same, "previous"], keep="last", maintain_order=True), on=[*same, "previous"], how="inner"
    )


def lags(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Persons indicted in a quarter beside those investigated in it and the four quarters before: `value, expected`."""
    same = ["submission_id", "jurisdiction", "offence_group"]
    person = (pl.col("count_unit") == "person") & (pl.col("freq") == "Q") & (pl.col("accumulation") == "discrete")
    indicted = table.filter(person & (pl.col("measure") == "indicted"))
    investigated = pl.concat([before, table]).filter(person & (pl.col("measure") == "investigated"))
    investigated = investigated.unique([*same, "period"], keep="last", maintain_order=True).select(
        *same, pl.col("period").alias("earlier"), pl.col("value").alias("expected")
    )
    return (
        indicted.join(investigated, on=same, how="inner")
        .with_columns((_quarter_number("period") - _quarter_number("earlier")).alias("gap"))
        .filter(pl.col("gap").is_between(0, LAG))
        .group_by([*same, "territory", "period"], maintain_order=True)
        .agg(
            pl.col("value").first(),
            pl.col("place").first(),
            pl.col("label").first(),
            pl.col("expected").sum(),
            pl.len().alias("n"),
        )
        .filter(pl.col("n") == LAG + 1)
    )


def years_so_far(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Figures from January on beside those of the quarter before in the same year: `value, expected, previous`."""
    same = ["submission_id", "form", *(c for c in OBSERVATION_KEY if c not in ("period", "period_end"))]
    so_far = (pl.col("accumulation") == "ytd") & (pl.col("freq") == "Q") & pl.col("value").is_not_null()
    flows = (pl.col("statistic") == "count") & so_far
    now = observations.filter(flows).with_columns(
        pl.col("period").map_elements(_previous, return_dtype=pl.String).alias("previous")
    )
    past = pl.concat([before, observations]).filter(flows).unique([*same, "period"], keep="last", maintain_order=True)
    past = past.select(*same, pl.col("period").alias("previous"), pl.col("value").alias("expected"))
    # `period_start` is 1 January of the year, and part of the key: another year's figure is never met.
    return now.join(past, on=[*same, "previous"], how="inner", maintain_order="left")


def copies(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Periods of a return beside the period before: `n` figures above zero, `same` (1: every figure is equal)."""
    dims = [c for c in OBSERVATION_KEY if c not in ("period", "period_start", "period_end")]
    now = observations.filter(pl.col("value").is_not_null()).with_columns(
        pl.col("period").map_elements(_previous, return_dtype=pl.String).alias("previous")
    )
    past = before.filter(pl.col("value").is_not_null()).select(
        "submission_id", *dims, pl.col("period").alias("previous"), pl.col("value").alias("past")
    )
    return (
        now.join(past, on=["submission_id", *dims, "previous"], how="left")
        .group_by(["submission_id", "jurisdiction", "form", "period", "previous"], maintain_order=True)
        .agg(
            pl.col("place").first(),
            (pl.col("value") > 0).sum().alias("n"),
            (pl.col("value") == pl.col("past")).fill_null(False).all().cast(pl.Int8).alias("same"),
        )
    )


LINE = ("measure", "level", "count_unit", "statistic", "offence", "law_article")
"""What a line of a return counts, whatever it is broken down by."""
STEADY = 2
"""Newest periods before that must all have a line for its absence to be told: what comes and goes is no surprise."""


def gone(observations: pl.DataFrame, before: pl.DataFrame, blocks: pl.DataFrame) -> pl.DataFrame:
    """Lines known of the same period, or of both newest periods before it, with `absent` (1: not in this return).

    Only whole returns owe every line: a patch leaves out what does not change, a nil return counts nothing. A line
    with a sign for missing is there. `label` and `previous` are of the newest figure known.
    """
    same = ["submission_id", "jurisdiction", "form", "freq"]
    due = blocks.filter("owes_all").select(*same, "period")
    told = observations.select(*same, "period", *LINE, pl.lit(1).alias("told")).unique()
    known = (
        before.filter(pl.col("value").is_not_null())
        .sort("place", maintain_order=True)
        .group_by(*same, *LINE, pl.col("period").alias("previous"), maintain_order=True)
        .agg(pl.col("label").first())
    )
    periods = known.select(*same, "previous").unique().join(due, on=same, how="inner")
    periods = periods.filter(pl.col("previous") <= pl.col("period")).with_columns(
        pl.col("previous")
        .rank("ordinal", descending=True)
        .over(*same, "period", pl.col("previous") < pl.col("period"))
        .alias("age"),
        (pl.col("previous") == pl.col("period")).alias("again"),
    )
    held = known.join(periods, on=[*same, "previous"], how="inner")
    by = [*same, "period", *LINE]
    return (
        held.sort("previous", descending=True)
        .group_by(by, maintain_order=True)
        .agg(
            pl.col("label").first(),
            pl.col("previous").first(),
            pl.col("again").any(),
            (~pl.col("again") & (pl.col("age") <= STEADY)).sum().alias("steady"),
        )
        .filter(pl.col("again") | (pl.col("steady") == STEADY))
        .join(told, on=by, how="left")
        .with_columns(pl.col("told").is_null().cast(pl.Int8).alias("absent"), pl.lit("").alias("place"))
        .sort(by)
    )


def revisions(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Figures known before under the same key with another value: `value, expected, changed`."""
    key = [*OBSERVATION_KEY, "form", "submission_id"]
    past = before.select(*key, pl.col("value").alias("expected"))
    return observations.join(past, on=key, how="inner").with_columns(
        (pl.col("value") - pl.col("expected")).abs().alias("changed")
    )


def _previous(code: str) -> str:
    """The period before: 2026-Q1 -> 2025-Q4, 2026 -> 2025."""
    year, dash, quarter = code.partition("-Q")
    if not dash:
        return str(int(year) - 1)
    return f"{year}-Q{int(quarter) - 1}" if quarter != "1" else f"{int(year) - 1}-Q4"


def _quarter_number(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 4).cast(pl.Int32) * 4 + pl.col(column).str.slice(6, 1).cast(pl.Int32)
