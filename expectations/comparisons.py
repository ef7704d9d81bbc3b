"""Tables that compare a return with earlier figures; each row is one comparison that `plausibility.py` judges.

`before` holds the figures known before each return under check, with the `submission_id` of that return.  Every table
has `submission_id` and `place`, so that a failing row points back to its return and cell.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from expectations.series import COMPARED_PERIODS, list_discrete, make_discrete
from expectations.tables import BY_SEX, SERIES
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.statistics import exchanged, jumps

LAG = 4
"""Number of earlier quarters whose investigations may lead to an indictment in this quarter."""


def compare_sex_shares(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Compare the share of women (`value` of `n` persons of known sex) with up to twelve earlier periods.

    `table` and `before` are those of `tables.tabulate_by_sex`.  `suspect` is true if women and men seem to be
    exchanged, `share` is the percentage of women in the earlier `periods`.
    """
    # A year so far of men that has fallen leaves more women than persons in the quarter.
    is_share = (pl.col("accumulation") == "discrete") & (pl.col("value") <= pl.col("n"))
    table = make_discrete(table, before, BY_SEX, "value", "n").filter(is_share)
    past = list_discrete(before, BY_SEX, "value", "n").filter(is_share & (pl.col("n") > 0))
    joined = _with_past(table, past, "value", "n")
    women, persons = _matrix(joined, "past_value"), _matrix(joined, "past_n")
    suspect = exchanged.detect_exchange(women, persons, joined["value"].to_numpy(), joined["n"].to_numpy())
    return joined.with_columns(
        pl.Series("suspect", suspect, dtype=pl.Boolean),
        pl.col("past_value").list.len().alias("periods"),
        (100 * pl.col("past_value").list.sum() / pl.col("past_n").list.sum()).round(0).alias("share"),
    ).drop("past_value", "past_n")


def _with_past(now: pl.DataFrame, before: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the figures of series with earlier periods, and lists of their values in up to twelve of these.

    The list of a column is named `past_` and its name; the newest period comes first.
    """
    key = list(BY_SEX)
    carried = ["territory", "place", "label", "seen"]
    past_names = {column: f"past_{column}" for column in columns}
    earlier = before.select(
        *key, pl.col("period").alias("past_period"), *(pl.col(c).alias(n) for c, n in past_names.items())
    )
    return (
        now.join(earlier, on=key, how="inner")
        .filter(pl.col("past_period") < pl.col("period"))
        .sort("past_period", descending=True, maintain_order=True)
        .group_by([*key, "period"], maintain_order=True)
        .agg(pl.col(*past_names.values()).head(COMPARED_PERIODS), pl.col(*columns, *carried).first())
        .sort(*key, "period")
    )


def _matrix(table: pl.DataFrame, column: str) -> jumps.Array:
    """Convert a column of lists to an array series x periods, NaN where a list is shorter than the longest."""
    width = max(table[column].list.len().to_list(), default=0)
    cells = [pl.col(column).list.get(i, null_on_oob=True).cast(pl.Float64).alias(f"p{i}") for i in range(width)]
    return table.select(cells).to_numpy() if cells else np.empty((table.height, 0))


def compare_stocks(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Compare each stock at the start of a period with that at the end of the period before: `value, expected`."""
    same = ["submission_id", "jurisdiction", "measure", "level", "count_unit", "offence_group", "freq"]
    start = table.filter(pl.col("statistic") == "start")
    start = start.with_columns(_find_previous(start["period"]).alias("previous"))
    ends = pl.concat([before, table]).filter(pl.col("statistic") == "end")
    ends = ends.select(*same, pl.col("period").alias("previous"), pl.col("value").alias("expected"))
    return start.join(
        ends.unique([*same, "previous"], keep="last", maintain_order=True), on=[*same, "previous"], how="inner"
    )


def compare_indictments(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Compare persons indicted in a quarter with those investigated in it and the four before: `value, expected`."""
    key = ["submission_id", *SERIES]
    table, before = make_discrete(table, before, key, "value"), list_discrete(before, key, "value")
    same = ["submission_id", "jurisdiction", "offence_group"]
    person = (pl.col("count_unit") == "person") & (pl.col("freq") == "Q") & (pl.col("accumulation") == "discrete")
    indicted = table.filter(person & (pl.col("measure") == "indicted"))
    investigated = pl.concat([before, table.drop("seen")]).filter(person & (pl.col("measure") == "investigated"))
    investigated = investigated.unique([*same, "period"], keep="last", maintain_order=True).select(
        *same, pl.col("period").alias("earlier"), pl.col("value").alias("expected")
    )
    return (
        indicted.join(investigated, on=same, how="inner")
        .with_columns((_quarter_number("period") - _quarter_number("earlier")).alias("gap"))
        .filter(pl.col("gap").is_between(0, LAG))
        .group_by([*same, "territory", "period"], maintain_order=True)
        .agg(
            pl.col("value", "place", "label", "seen").first(),
            pl.col("expected").sum(),
            pl.len().alias("n"),
        )
        .filter(pl.col("n") == LAG + 1)
    )


def compare_years_so_far(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Compare year-to-date figures with those of the quarter before in the same year: `value, expected, previous`."""
    same = ["submission_id", "form", *(c for c in OBSERVATION_KEY if c not in ("period", "period_end"))]
    so_far = (pl.col("accumulation") == "ytd") & (pl.col("freq") == "Q") & pl.col("value").is_not_null()
    flows = (pl.col("statistic") == "count") & so_far
    now = observations.filter(flows)
    now = now.with_columns(_find_previous(now["period"]).alias("previous"))
    is_compared = flows & pl.col("period").is_in(now["previous"].unique().to_list())
    past = (
        pl.concat([before.lazy(), observations.lazy()])
        .filter(is_compared)
        .select(*same, pl.col("period").alias("previous"), pl.col("value").alias("expected"))
        .unique([*same, "previous"], keep="last", maintain_order=True)
        .collect()
    )
    # `period_start` is 1 January and part of the key, so figures of another year never match.
    return now.join(past, on=[*same, "previous"], how="inner", maintain_order="left")


LINE = ("measure", "level", "count_unit", "statistic", "offence", "law_article")
"""Columns that identify a line of a return, without its breakdowns."""
STEADY = 2
"""A missing line is reported only if this many newest periods all have it; lines that come and go are ignored."""


def find_missing_lines(observations: pl.DataFrame, before: pl.DataFrame, blocks: pl.DataFrame) -> pl.DataFrame:
    """Return lines known for the same period or both newest earlier ones that are not in this return.

    Only full returns must have every line: a patch omits what does not change, and a nil return has no counts. A line
    with a sign for missing is present. `label` and `previous` come from the newest known figure.
    """
    same = ["submission_id", "jurisdiction", "form", "freq"]
    due = blocks.filter("owes_all").select(*same, "period")
    reported = observations.select(*same, "period", *LINE).unique()
    figures = before.lazy().filter(pl.col("value").is_not_null()).rename({"period": "previous"})
    periods = figures.select(*same, "previous").unique().collect().join(due, on=same, how="inner")
    periods = (
        periods.filter(pl.col("previous") <= pl.col("period"))
        .with_columns(
            pl.col("previous")
            .rank("ordinal", descending=True)
            .over(*same, "period", pl.col("previous") < pl.col("period"))
            .alias("age"),
            (pl.col("previous") == pl.col("period")).alias("again"),
        )
        .filter(pl.col("again") | (pl.col("age") <= STEADY))
    )
    past_lines = (
        figures.join(periods.lazy(), on=[*same, "previous"], how="semi", maintain_order="left")
        .select(*same, *LINE, "previous", "label", "place")
        .sort("place", maintain_order=True)
        .group_by(*same, *LINE, "previous", maintain_order=True)
        .agg(pl.col("label").first())
        .collect()
    )
    candidates = past_lines.join(periods, on=[*same, "previous"], how="inner")
    by = [*same, "period", *LINE]
    return (
        candidates.sort("previous", descending=True)
        .group_by(by, maintain_order=True)
        .agg(
            pl.col("label").first(),
            pl.col("previous").first(),
            pl.col("again").any(),
            (~pl.col("again") & (pl.col("age") <= STEADY)).sum().alias("steady"),
        )
        .filter(pl.col("again") | (pl.col("steady") == STEADY))
        .join(reported, on=by, how="anti")
        .with_columns(pl.lit("").alias("place"))
        .sort(by)
    )


def find_revised_figures(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Compare figures with earlier values of the same key: `value, expected`."""
    key = [*OBSERVATION_KEY, "form", "submission_id"]
    is_compared = pl.col("period").is_in(observations["period"].unique().to_list())
    past = before.filter(is_compared).select(*key, pl.col("value").alias("expected"))
    return observations.join(past, on=key, how="inner")


def _find_previous(periods: pl.Series) -> pl.Series:
    codes = {code: _previous(code) for code in periods.unique()}
    return periods.replace_strict(codes, return_dtype=pl.String)


def _previous(code: str) -> str:
    """Return the code of the period before: 2026-Q1 -> 2025-Q4, 2026 -> 2025."""
    year, dash, quarter = code.partition("-Q")
    if not dash:
        return str(int(year) - 1)
    return f"{year}-Q{int(quarter) - 1}" if quarter != "1" else f"{int(year) - 1}-Q4"


def _quarter_number(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 4).cast(pl.Int32) * 4 + pl.col(column).str.slice(6, 1).cast(pl.Int32)
