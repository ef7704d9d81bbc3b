"""Read the tables of a release, and compare counts that follow from its figures with its published cells."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from pipelines.publication.disclosure.structure import DETAIL

PLACE = ["area", "freq", "period", "count_unit", "offence_group"]
KEY = [*PLACE, "measure", "level", "statistic", *DETAIL]


class ReleasedTables:
    """The tables of a release, and its cells by their key, each of them once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "data"

    def read_table(self, table: str) -> pl.DataFrame:
        return pl.read_parquet(self._folder / f"{table}.parquet")

    @cached_property
    def cells(self) -> pl.DataFrame:
        """Cells with a figure or a withheld one. Not applicable counts as the total, and so does a total of adults."""
        cells = self.read_table("cell").with_columns(pl.col(DETAIL).replace("_Z", "_T"))
        totals = cells.filter("is_total").with_columns(age=pl.lit("_T"))
        return (
            pl.concat([totals, cells])
            .filter(pl.col("value").is_not_null() | (pl.col("conf_status") == "C"))
            .unique(KEY, maintain_order=True)
            .select(*KEY, "area_kind", "reporters", "value", is_withheld=pl.col("conf_status") == "C")
        )

    @cached_property
    def operands(self) -> pl.DataFrame:
        return self.read_table("metric_operand").select("metric", "side", "measure", "level", "statistic")


def total_detail(frame: pl.DataFrame, **details: pl.Expr) -> pl.DataFrame:
    """Add the dimensions of a breakdown, totals unless given, and the statistic of a flow unless there is one."""
    statistic = [] if "statistic" in frame.columns else [pl.lit("count").alias("statistic")]
    return frame.with_columns(*statistic, *(details.get(name, pl.lit("_T")).alias(name) for name in DETAIL))


def check_counts(release: ReleasedTables, counts: pl.DataFrame, *, at_least: int) -> None:
    """Compare counts behind figures with the cells: `fact` groups the cells whose sum is `count`.

    A total of several reporters is either the cell of the region with the same reporters, or the sum of their cells.
    """
    counts = counts.filter(pl.col("count").is_not_null()).select("fact", "count", *KEY, "reporters")
    matched = counts.join(release.cells.rename({"reporters": "_of"}), on=KEY, how="left", maintain_order="left")
    is_other = (pl.col("area_kind") == "region") & (pl.col("_of") != pl.col("reporters")) & (pl.col("reporters") != "")
    is_other = (is_other & (pl.col("value") != pl.col("count")).fill_null(True)).fill_null(False)
    direct, apart = matched.filter(~is_other), matched.filter(is_other)
    members = (
        apart.select("fact", "count", *KEY[1:], "reporters")
        .with_columns(area=pl.col("reporters").str.split(","))
        .explode("area")
        .join(release.cells.drop("reporters"), on=KEY, how="left", maintain_order="left")
    )
    columns = ["fact", "count", *KEY, "value", "is_withheld"]
    all_cells = pl.concat([direct.select(columns), members.select(columns)])
    assert all_cells.filter(pl.col("is_withheld").is_null()).is_empty(), all_cells.filter(
        pl.col("is_withheld").is_null()
    )
    withheld = all_cells.filter("is_withheld")
    assert withheld.is_empty(), withheld
    sums = all_cells.group_by("fact", "count").agg(pl.col("value").sum())
    wrong = sums.filter((pl.col("value") - pl.col("count")).abs() > 1e-6 * pl.max_horizontal("count", pl.lit(1.0)))
    assert wrong.is_empty(), wrong
    assert sums.height >= at_least, sums.height
