"""Judge every series of figures against its own history: the total of a table, its articles, and its other parts.

A series has the figures of one meaning, period after period.  It counts either all articles of an offence group or one
article, with one value of each breakdown.  Years so far are judged by what they add to the quarter before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from expectations.tables import BREAKDOWNS, list_offence_groups
from pipelines.core import codes
from pipelines.model.periods import Period
from pipelines.statistics import jumps

FAMILY = ("jurisdiction", "form", "freq", "measure", "level", "count_unit", "statistic", "offence_group")
"""Columns that say what is counted. A cause gives one finding in a family."""
CARRIED = ("territory", *FAMILY, *BREAKDOWNS, "place")
"""Columns of an observation that a finding about a series shows."""
CARRIED_BEFORE = ("freq", "statistic")
"""Those that earlier figures need, for `make_discrete`."""
COMPARED_PERIODS = 12
"""A figure is compared with at most this many earlier periods: three years of quarters."""
P_OF_TOTAL = 0.001
"""The widest figure of a family is reported if its p-value given the periods before is lower than this."""
P_OF_RETURN = 0.01
"""Chance of a finding in a clean return from all its articles, and again from all its other parts.

Each of these figures is compared with this chance divided by their number (Bonferroni).
"""
LONG_HISTORY = 8
"""Below the widest figure, a series with fewer earlier periods is short: a dispersion of few figures is a guess."""
SHORTEST_HISTORY = 2
P_OF_SHORT_HISTORY = 1e-6
"""A figure with a short history is reported if its p-value is lower than this: as if a digit were added."""
_PLACED = ["submission_id", "period", "group"]
_DISTANCE = (pl.col("value") - pl.col("mean")).abs()
_ROW = "_row"
_ID = "series_id"
"""Column of the hash of all columns that identify a series; joins on it are several times as fast."""
_STOCK_ID = "stock_id"
"""Likewise, without the statistic: the same for a stock at the start and at the end of a period."""


def tabulate_discrete(observations: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the series of a return, and those before it; see `make_discrete`."""
    key = ["submission_id", _ID]
    reported, earlier = tabulate_series(observations, CARRIED), tabulate_series(before, CARRIED_BEFORE)
    return make_discrete(reported, earlier, key, "value"), list_discrete(earlier, key, "value")


def list_discrete(table: pl.DataFrame, key: Sequence[str], *columns: str) -> pl.DataFrame:
    """Return the figures of single periods in a table of accepted figures, as from `make_discrete` without `seen`."""
    is_discrete = pl.col("accumulation") == "discrete"
    so_far = table.with_row_index(_ROW).filter(_is_so_far())
    if so_far.is_empty():
        return table.filter(is_discrete)
    differences = _query_discrete(so_far, so_far.clear(), key, *columns).filter(is_discrete)
    others = table.lazy().with_row_index(_ROW).filter(is_discrete)
    return pl.concat([others, differences.select(_ROW, *table.columns)]).sort(_ROW).drop(_ROW).collect()


def make_discrete(now: pl.DataFrame, before: pl.DataFrame, key: Sequence[str], *columns: str) -> pl.DataFrame:
    """Return a table with counts of years so far replaced by what they add to the quarter before.

    In the first quarter that is the count itself.  In a later one it is the difference from the quarter before; if
    that is not known or any difference is negative, the row stays `ytd`, and otherwise becomes `discrete`.  `key`
    identifies a series in both tables; `columns` are subtracted.  `seen` is the first of them as text, with the
    subtraction.
    """
    return _query_discrete(now, before, key, *columns).collect()


def _query_discrete(now: pl.DataFrame, before: pl.DataFrame, key: Sequence[str], *columns: str) -> pl.LazyFrame:
    is_so_far = _is_so_far()
    table = now.lazy().with_columns(_write_count(columns[0]).alias("seen"))
    so_far = now.filter(is_so_far)
    if so_far.is_empty():
        return table
    past = {column: f"past_{column}" for column in columns}
    subtrahend = [*key, pl.col("period").alias("previous"), *(pl.col(c).alias(name) for c, name in past.items())]
    earlier = pl.concat([before.filter(is_so_far).select(subtrahend), so_far.select(subtrahend)])
    earlier = earlier.unique([*key, "previous"], keep="last", maintain_order=True)
    year, quarter = pl.col("period").str.slice(0, 6), pl.col("period").str.slice(6, 1).cast(pl.Int32, strict=False)
    is_later = is_so_far & (quarter > 1)
    is_known = is_later & pl.all_horizontal(pl.col(column) >= pl.col(name) for column, name in past.items())
    minus = pl.concat_str(pl.lit(" ("), "seen", pl.lit(" \N{MINUS SIGN} "), _write_count(past[columns[0]]), pl.lit(")"))
    return (
        table.with_columns(pl.concat_str(year, (quarter - 1).cast(pl.String)).alias("previous"))
        .join(earlier.lazy(), on=[*key, "previous"], how="left", maintain_order="left")
        .with_columns(is_known.fill_null(value=False).alias("is_known"))
        .with_columns(
            pl.when("is_known")
            .then(pl.concat_str(_write_count(pl.col(columns[0]) - pl.col(past[columns[0]])), minus))
            .otherwise("seen")
            .alias("seen"),
            *(pl.when("is_known").then(pl.col(c) - pl.col(name)).otherwise(c).alias(c) for c, name in past.items()),
            pl.when(pl.col("is_known") | (is_so_far & ~is_later))
            .then(pl.lit("discrete"))
            .otherwise("accumulation")
            .alias("accumulation"),
        )
        .select(*now.columns, "seen")
    )


def _is_so_far() -> pl.Expr:
    return (pl.col("accumulation") == "ytd") & (pl.col("freq") == "Q") & (pl.col("statistic") == "count")


def _write_count(count: str | pl.Expr) -> pl.Expr:
    expression = pl.col(count) if isinstance(count, str) else count
    is_whole = expression == expression.round()
    whole = expression.cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(is_whole).then(whole).otherwise(expression.cast(pl.String))


def tabulate_series(observations: pl.DataFrame, carried: Sequence[str]) -> pl.DataFrame:
    """Return one row for each series and period, with its value as reported.

    `family`, `group` and `series_id` are hashes: of what is counted, of it with all breakdowns, and of it with article
    too; `stock_id` leaves the statistic out of the last.  In rows of a whole offence group, `law_article` is null,
    `series_id` is the `group`, and `figures` is the number of figures that were added.  Further columns of the
    observations are `carried`: freq and statistic must be.
    """
    group = {row["offence"]: row["offence_group"] for row in list_offence_groups().iter_rows(named=True)}
    articles = (
        observations.lazy()
        .filter(pl.col("value").is_not_null() & pl.col("offence").is_in(list(group)))
        .with_columns(pl.col("offence").replace_strict(group, return_dtype=pl.String).alias("offence_group"))
        .with_columns(pl.struct(*FAMILY).hash().alias("family"))
        .with_columns(pl.struct("family", *BREAKDOWNS).hash().alias("group"))
        .with_columns(pl.struct(*(c for c in FAMILY if c != "statistic"), *BREAKDOWNS).hash().alias(_STOCK_ID))
        .with_columns(pl.struct("group", "offence", "law_article").hash().alias(_ID))
    )
    key = ["submission_id", "group", "period", "accumulation"]
    is_together = pl.col("law_article") == "_T"
    together = pl.col("value").filter(is_together).sum()
    groups = (
        articles.group_by(key, maintain_order=True)
        .agg(
            pl.col("family", _STOCK_ID, *carried).first(),
            pl.when(is_together.any()).then(together).otherwise(pl.col("value").sum()).alias("value"),
            pl.len().alias("figures"),
        )
        .with_columns(pl.col("group").alias(_ID), pl.lit(None, pl.String).alias("law_article"))
    )
    columns = [*key, "family", *carried, "value", "figures", _ID, _STOCK_ID, "law_article"]
    articles = articles.with_columns(
        pl.lit(1, pl.UInt32).alias("figures"), pl.struct(_STOCK_ID, "offence", "law_article").hash().alias(_STOCK_ID)
    )
    return pl.concat([groups.select(columns), articles.select(columns)]).collect()


def score_series(series: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return the series with the mean of up to twelve earlier periods, their number `n`, and the p-value `p`.

    `p` is null if fewer than two earlier periods are known, or only a year so far.  `depth` is the number of
    dimensions that a figure is broken down by, without the status of a victim.  `is_widest` is true for whole offence
    groups that are broken down as little as anything in their family.  `is_restated` is true for a figure of an older
    period than the newest of its return that is the same as before, and for a stock at the start of a period that is
    the one at the end of the period before.  A whole offence group has the place of the article
    that explains it best.
    """
    broken_down = [(~pl.col(name).is_in(codes.TOTAL_CODES)).cast(pl.Int32) for name in BREAKDOWNS]
    past = _tabulate_past(series, earlier)
    n = (~np.isnan(past)).sum(axis=1)
    family = ("submission_id", "period", "family")
    same = [*_PLACED, _ID, "value"]
    is_newest = pl.col("period") == pl.col("period").max().over("submission_id", "freq")
    restated = earlier.select(same).with_columns(pl.lit(value=True).alias("is_restated"))
    p = pl.Series(jumps.compute_surprise(past, series["value"].to_numpy(), SHORTEST_HISTORY), dtype=pl.Float64)
    is_group, is_least = pl.col("law_article").is_null(), pl.col("depth") == pl.col("depth").min().over(family)
    scored = series.join(restated, on=same, how="left", maintain_order="left").with_columns(
        (pl.col("is_restated").fill_null(value=False) & ~is_newest) | _find_carried_over(series, earlier),
        pl.Series("n", n, dtype=pl.Int64),
        pl.Series("mean", np.nansum(past, axis=1) / np.maximum(n, 1), dtype=pl.Float64),
        pl.when(pl.col("accumulation") == "discrete").then(p.fill_nan(None)).alias("p"),
        (pl.sum_horizontal(broken_down) - broken_down[BREAKDOWNS.index("victim_status")]).alias("depth"),
    )
    return _locate_groups(scored.with_columns((is_group & is_least).alias("is_widest")))


def _find_carried_over(series: pl.DataFrame, earlier: pl.DataFrame) -> pl.Series:
    """Return whether each figure is a stock at the start that equals the end of the period before."""
    stock = ["submission_id", _STOCK_ID, "period", "value"]
    ends = pl.concat([frame.filter(pl.col("statistic") == "end").select(stock) for frame in (series, earlier)])
    next_periods = {code: Period.from_code(code).next_period().code for code in ends["period"].unique()}
    ends = ends.with_columns(pl.col("period").replace_strict(next_periods, return_dtype=pl.String)).unique()
    carried_over = ends.with_columns(statistic=pl.lit("start"), is_carried_over=pl.lit(value=True))
    joined = series.join(carried_over, on=[*stock, "statistic"], how="left", maintain_order="left")
    return joined["is_carried_over"].fill_null(value=False)


def _tabulate_past(series: pl.DataFrame, earlier: pl.DataFrame) -> jumps.Array:
    """Return the values of earlier periods, one row for each of `series`; NaN if unknown."""
    key = ["submission_id", _ID]
    pairs = (
        series.select(*key, "period")
        .with_row_index("row")
        .join(earlier.select(*key, "value", pl.col("period").alias("earlier")), on=key, how="inner")
        .filter(pl.col("earlier") < pl.col("period"))
        .sort("row", "earlier", descending=[False, True])
        .with_columns(pl.int_range(pl.len()).over("row").alias("age"))
        .filter(pl.col("age") < COMPARED_PERIODS)
    )
    past = np.full((series.height, COMPARED_PERIODS), np.nan)
    past[pairs["row"].to_numpy(), pairs["age"].to_numpy()] = pairs["value"].to_numpy()
    return past


def _locate_groups(scored: pl.DataFrame) -> pl.DataFrame:
    """Return the series with each whole offence group at the place of the article that explains it best.

    That is the article with the lowest p-value, or if none has a history, the one furthest from its mean.
    """
    articles = (
        scored.filter(pl.col("law_article").is_not_null())
        .sort("p", _DISTANCE, descending=[False, True], nulls_last=True, maintain_order=True)
        .unique(_PLACED, keep="first", maintain_order=True)
        .select(*_PLACED, pl.col("place").alias("place_of_article"))
    )
    place = pl.when(pl.col("law_article").is_null()).then("place_of_article").otherwise("place").alias("place")
    return scored.join(articles, on=_PLACED, how="left", maintain_order="left").with_columns(place)


def select_largest(scored: pl.DataFrame) -> pl.DataFrame:
    """Return the widest figures of each family, and its largest part if that is more than any of them."""
    family = ["submission_id", "period", "family"]
    largest = scored.filter(pl.col("value") == pl.col("value").max().over(family))
    parts = largest.filter(~pl.col("is_widest").any().over(family)).unique(family, keep="last", maintain_order=True)
    return pl.concat([scored.filter("is_widest"), parts])


def select_surprising(scored: pl.DataFrame) -> pl.DataFrame:
    """Return the most important surprising figure of each family; `others` is how many more it has.

    The widest figure comes first.  Where it is not surprising, the most surprising of its articles and parts is
    returned, each judged by a threshold that keeps the chance of any finding in a clean return low.  Figures that are
    restated or carried over unchanged were judged when they arrived.  `breakdown` names the dimensions and codes of the
    row, as `sex=F; age=Y_GE18`; empty for a total.
    """
    family = ("submission_id", "period", "family")
    is_article = pl.col("depth") == pl.col("depth").min().over(family)
    # A group of one article is that article.
    is_counted_twice = pl.col("law_article").is_not_null() & (
        pl.col("figures").max().over("submission_id", "group") == 1
    )
    alternatives = pl.len().over(*family, "is_widest", "victim_status")
    figures = pl.len().over("submission_id", "is_widest", "is_article")
    return (
        scored.with_columns(is_article.alias("is_article"))
        .filter(~is_counted_twice & ~pl.col("is_restated") & pl.col("p").is_not_null())
        .with_columns(
            pl.when(pl.col("is_widest") & (pl.col("n") >= jumps.MINIMUM_HISTORY))
            .then(P_OF_TOTAL / alternatives)
            .when(pl.col("n") >= LONG_HISTORY)
            .then(P_OF_RETURN / figures)
            .otherwise(P_OF_SHORT_HISTORY)
            .alias("threshold")
        )
        .filter(pl.col("p") < pl.col("threshold"))
        .sort(
            pl.col("is_widest"),
            pl.col("p"),
            pl.col("law_article").is_null(),
            _DISTANCE,
            descending=[True, False, False, True],
            maintain_order=True,
        )
        .with_columns((pl.len().over(family) - 1).alias("others"))
        .unique(family, keep="first", maintain_order=True)
        .sort("submission_id", "period", *FAMILY)
        .with_columns(_describe_breakdown().alias("breakdown"))
    )


def _describe_breakdown() -> pl.Expr:
    parts = [
        pl.when(~pl.col(name).is_in(codes.TOTAL_CODES)).then(pl.concat_str(pl.lit(f"{name}="), name))
        for name in (*BREAKDOWNS, "law_article")
    ]
    return pl.concat_str(parts, separator="; ", ignore_nulls=True)
