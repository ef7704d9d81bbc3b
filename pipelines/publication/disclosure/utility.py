"""Measure what disclosure control costs readers: which cells a release withholds, by table, kind and period.

The table of losses is for the steward only. How many withheld cells are small is not published, because it would bound
them. A release itself says how many figures it withholds, which readers can count.
"""

from __future__ import annotations

import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure.structure import DETAIL, NOT_APPLICABLE, TOTAL
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

KIND = ("table_id", "area_kind", "freq", "is_total", "offence_group", "measure", "statistic", "period")
"""Columns by which cells are counted. `is_total` is true for a cell without any breakdown, a stock included."""

COUNTS = ("figures", "figures_withheld", "annual_totals", "annual_totals_withheld")
"""Numbers that each release states about itself."""


def measure_losses(counted: pl.DataFrame, protected: pl.DataFrame) -> pl.DataFrame:
    """Return cells and withheld cells by `KIND`.

    `counted` are the programme's cells before protection and `protected` the same rows after it, with `conf_status`.
    A cell in two tables counts once, in the first.  Columns: `cells` with a figure, `not_zero`, `small` (withheld as
    such), `hidden`, `hidden_not_zero`, `large` (at or above the threshold) and `hidden_large`.
    """
    cells = counted.with_columns(protected["conf_status"]).filter(pl.col("value").is_not_null())
    cells = cells.unique(["area_kind", "area", "freq", "period", *codes.BLOCK, *DETAIL], maintain_order=True)
    is_total = pl.all_horizontal(pl.col(dim).is_in([TOTAL, NOT_APPLICABLE]) for dim in DETAIL)
    is_hidden, is_large = pl.col("conf_status") != "F", pl.col("value") >= SMALLEST_PUBLISHED_COUNT
    is_not_zero = pl.col("value") > 0
    return (
        cells.with_columns(is_total.alias("is_total"))
        .group_by(KIND)
        .agg(
            pl.len().alias("cells"),
            is_not_zero.sum().alias("not_zero"),
            (is_not_zero & ~is_large).sum().alias("small"),
            is_hidden.sum().alias("hidden"),
            (is_hidden & is_not_zero).sum().alias("hidden_not_zero"),
            is_large.sum().alias("large"),
            (is_hidden & is_large).sum().alias("hidden_large"),
        )
        .sort(KIND)
    )


def describe_losses(losses: pl.DataFrame) -> list[str]:
    """Return what was lost as lines of text: shares of cells, overall and by table, and totals that readers miss."""
    sums = losses.select(pl.col("not_zero", "small", "hidden_not_zero").sum()).row(0, named=True)
    not_zero = max(sums["not_zero"], 1)
    is_flow = pl.col("statistic") == "count"
    is_annual = pl.col("is_total") & (pl.col("freq") == "A") & is_flow
    kinds = {
        "annual totals of territories": is_annual & (pl.col("area_kind") == "territory"),
        "annual totals of the region": is_annual & (pl.col("area_kind") == "region"),
        "stocks of territories": ~is_flow & (pl.col("area_kind") == "territory"),
        "totals of several years": pl.col("is_total") & pl.col("freq").is_in(["P3", "P5"]),
    }
    lines = [
        f"{sums['hidden_not_zero'] / not_zero:.1%} of the cells above zero are hidden, {sums['small'] / not_zero:.1%} "
        "because they are small"
    ]
    for name, is_kind in kinds.items():
        hidden, large = losses.filter(is_kind).select(pl.col("hidden_large", "large").sum()).row(0)
        lines.append(f"{hidden} of {large} {name} of {SMALLEST_PUBLISHED_COUNT} or more are hidden")
    by_table = losses.group_by("table_id").agg(pl.col("not_zero", "small", "hidden_not_zero").sum()).sort("table_id")
    lines += [
        f"{table}: {hidden} of {above_zero} cells above zero are hidden, {small} of them small"
        for table, above_zero, small, hidden in by_table.iter_rows()
    ]
    return lines


def count_withheld(public_cells: pl.LazyFrame) -> dict[str, int]:
    """Return how many figures a release has and withholds, and of the annual totals of territories among them.

    `public_cells` have `conf_status` and `is_total`; a cell in two tables counts once.
    """
    is_withheld = pl.col("conf_status") != "F"
    cells = public_cells.filter(is_withheld | pl.col("value").is_not_null()).unique("cell_id")
    is_annual = (pl.col("freq") == "A") & (pl.col("statistic") == "count")
    is_annual_total = pl.col("is_total") & is_annual & (pl.col("area_kind") == "territory")
    counts = cells.select(
        figures=pl.len(),
        figures_withheld=is_withheld.sum(),
        annual_totals=is_annual_total.sum(),
        annual_totals_withheld=(is_annual_total & is_withheld).sum(),
    )
    return counts.collect().row(0, named=True)
