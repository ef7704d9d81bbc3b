"""Find figures that were copied from another period, and accepted periods that a return mostly replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.statistics import agreement

if TYPE_CHECKING:
    from pipelines.statistics.jumps import Array

NOT_ZERO = 8
"""At least this many figures that are not zero are compared: fewer agree by chance."""
NEARLY_ALL = 0.75
"""A copy agrees in at least this share of the figures that are not zero in both periods."""
P_OF_RETURN = 0.001
"""Chance of a finding of a copy in a clean return; divided by the number of comparisons."""
REWRITTEN = 0.5
"""A return that changes more than this share of the accepted figures is probably for another period."""
_BLOCK = ["submission_id", "jurisdiction", "form", "freq", "period"]
_LINE = [column for column in OBSERVATION_KEY if column not in ("period", "period_start", "period_end")]
_TABLE = r"^(?:(.+)![A-Z]+[0-9]+|((?:page|table) [0-9]+)\b.*)$"
"""The sheet of a place in a workbook; the page or table of a place in a document."""


def compare_with_known(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return one row per table, period and known period `previous`, with numbers of figures that are in both.

    `n` are compared and `same` are equal; of those that are not zero in one or both, `compared` and `agreeing`.
    `overwritten` are not zero in the known period and not the same.  A table is a sheet, page or table of a file;
    where a file has none, it is the figures of one measure and level.
    """
    now = _identify_tables(_identify_lines(observations.lazy())).select(
        *_BLOCK, "line", "table", "place", "value", "accumulation"
    )
    earlier = _identify_lines(before.lazy()).select(
        "submission_id", "line", pl.col("period").alias("previous"), pl.col("value").alias("past")
    )
    pairs = now.join(earlier, on=["submission_id", "line"], how="inner", maintain_order="left")
    is_counted, is_same = (pl.col("value") != 0) | (pl.col("past") != 0), pl.col("value") == pl.col("past")
    tables = pairs.group_by([*_BLOCK, "table", "previous"], maintain_order=True).agg(
        pl.col("place").first(),
        (pl.col("accumulation") == "ytd").any().alias("so_far"),
        pl.len().alias("n"),
        is_same.sum().alias("same"),
        is_counted.sum().alias("compared"),
        (is_counted & is_same).sum().alias("agreeing"),
        ((pl.col("past") != 0) & ~is_same).sum().alias("overwritten"),
    )
    return tables.collect()


def _identify_lines(observations: pl.LazyFrame) -> pl.LazyFrame:
    """Return the figures with a value, with the hash of all that identifies them but their period, as `line`."""
    return observations.filter(pl.col("value").is_not_null()).with_columns(pl.struct(*_LINE).hash().alias("line"))


def _identify_tables(observations: pl.LazyFrame) -> pl.LazyFrame:
    groups = [pl.col("place").str.extract(_TABLE, index) for index in (1, 2)]
    return observations.with_columns(pl.coalesce(*groups, pl.concat_str("measure", "level")).alias("table"))


def find_copies(known: pl.DataFrame, observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return periods of a return, or single tables of them, whose figures are those of another accepted period.

    `known` is from `compare_with_known`.  The whole return comes before its tables, and all of its figures before
    nearly all: `kind` is `all`, `nearly` or `table`.  Each period of a return has one row, with the number of `others`:
    further tables that were copied.  Tables of years so far are not compared within a year, because few cases in a
    quarter leave them as they were.
    """
    counts = ["n", "same", "compared", "agreeing"]
    compared = known.filter(pl.col("previous") != pl.col("period"))
    of_return = compared.group_by([*_BLOCK, "previous"], maintain_order=True).agg(
        pl.lit(None, pl.String).alias("table"), pl.col("place").first(), pl.col("so_far").any(), pl.col(*counts).sum()
    )
    due = observations.filter(pl.col("value").is_not_null()).group_by(_BLOCK).agg(pl.len().alias("due"))
    is_same_year = pl.col("period").str.slice(0, 4) == pl.col("previous").str.slice(0, 4)
    of_table = compared.filter(~(pl.col("so_far") & is_same_year)).select(of_return.columns)
    candidates = (
        pl.concat([of_return, of_table])
        .with_columns(pl.len().over("submission_id").alias("comparisons"))
        .filter((pl.col("compared") >= NOT_ZERO) & (pl.col("agreeing") >= NEARLY_ALL * pl.col("compared")))
        .join(due, on=_BLOCK, how="left", maintain_order="left")
    )
    if candidates.is_empty():
        return candidates.with_columns(pl.lit("").alias("kind"), pl.lit(0.0).alias("p"), pl.lit(0).alias("others"))
    is_all = pl.col("table").is_null() & (pl.col("same") == pl.col("due"))
    kind = pl.when(is_all).then(pl.lit("all")).when(pl.col("table").is_null()).then(pl.lit("nearly"))
    order = pl.col("kind").replace_strict({"all": 0, "nearly": 1, "table": 2}, return_dtype=pl.Int32)
    period = ["submission_id", "form", "freq", "period"]
    chances = _compute_chances(candidates, before)
    return (
        candidates.with_columns(kind.otherwise(pl.lit("table")).alias("kind"), pl.Series("p", chances))
        .filter((pl.col("kind") == "all") | (pl.col("p") < P_OF_RETURN / pl.col("comparisons")))
        .sort(order, pl.col("agreeing") / pl.col("compared"), "previous", descending=[False, True, True])
        .unique([*period, "table"], keep="first", maintain_order=True)
        .with_columns((pl.len().over(*period, "kind") - 1).alias("others"))
        .unique(period, keep="first", maintain_order=True)
    )


def _compute_chances(candidates: pl.DataFrame, before: pl.DataFrame) -> list[float]:
    """Return for each candidate the chance that so many figures agree, given other pairs of earlier periods."""
    chances = []
    submissions = candidates["submission_id"].unique()
    is_compared = pl.col("submission_id").is_in(submissions.to_list())
    earlier = (
        _identify_tables(_identify_lines(before.lazy().filter(is_compared)))
        .select("submission_id", "freq", "table", "line", "period", "value")
        .collect()
    )
    for row in candidates.iter_rows(named=True):
        of_table = pl.lit(value=True) if row["table"] is None else pl.col("table") == row["table"]
        wide = (
            earlier.filter(
                (pl.col("submission_id") == row["submission_id"]) & (pl.col("freq") == row["freq"]) & of_table
            )
            .unique(["line", "period"], keep="last", maintain_order=True)
            .pivot(on="period", index="line", values="value")
            .drop("line")
        )
        same, compared = _count_agreements(
            wide, so_far=row["so_far"], same_year=row["period"][:4] == row["previous"][:4]
        )
        chances.append(agreement.compute_chance(row["agreeing"], row["compared"], same, compared))
    return chances


def _count_agreements(wide: pl.DataFrame, *, so_far: bool, same_year: bool) -> tuple[Array, Array]:
    """Return the figures that agree, and those compared, of each pair of periods; the periods are the columns.

    Years so far are alike within a year, so only pairs of the same kind are counted for them.
    """
    values = wide.to_numpy()
    pairs = []
    for first in range(values.shape[1]):
        for second in range(first):
            is_same_year = wide.columns[first][:4] == wide.columns[second][:4]
            if so_far and is_same_year != same_year:
                continue
            now, past = values[:, first], values[:, second]
            is_counted = ~np.isnan(now) & ~np.isnan(past) & ((now != 0) | (past != 0))
            pairs.append(((is_counted & (now == past)).sum(), is_counted.sum()))
    table = np.array(pairs, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def find_rewritten_periods(known: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return accepted periods for which a return changes most figures: `changed` of `n` that were not zero."""
    same_period = known.filter(pl.col("previous") == pl.col("period"))
    accepted = (
        before.filter(pl.col("value") != 0).group_by("submission_id", "form", "freq", "period").agg(pl.len().alias("n"))
    )
    return (
        same_period.drop("n")
        .group_by(_BLOCK, maintain_order=True)
        .agg(pl.col("place").first(), pl.col("overwritten").sum().alias("changed"))
        .join(accepted, on=["submission_id", "form", "freq", "period"], how="inner", maintain_order="left")
        .filter((pl.col("n") >= NOT_ZERO) & (pl.col("changed") > REWRITTEN * pl.col("n")))
    )
