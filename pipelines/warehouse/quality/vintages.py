"""Vintages: the value of each figure as known at each time (revision triangle), and the size of revisions.

Internally a vintage is an acceptance or a withdrawal that changed a figure. For the public a vintage is a release, so
that a figure that was accepted but never published is not used in any comparison.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.core import codes
from pipelines.statistics.revisions import measure_revision

SERIES: Final = ("area_kind", "area", "territory", "freq", *codes.COUNT_TYPE)
"""Columns that identify one series; its figures differ by `period`."""
SUMMARY: Final[dict[str, pl.DataType]] = {
    **dict.fromkeys(SERIES, pl.String()),
    "first_period": pl.String(),
    "last_period": pl.String(),
    "periods": pl.Int32(),  # reference periods with a first and a newest figure, final periods only
    "revised": pl.Int32(),  # number of these periods whose figures differ
    "mean": pl.Float64(),  # in the series' unit; null without periods
    "mean_absolute": pl.Float64(),
    "relative_to_later": pl.Float64(),  # ESS indicator A6; a fraction of 1, null if the figures are all 0
    "relative_to_earlier": pl.Float64(),
}


@dataclass(frozen=True)
class PastRelease:
    """One release: its id and its cells (columns of the release's table `cell`)."""

    release: str
    cells: pl.LazyFrame


def select_known(triangle: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows and columns of a triangle that `select_ends` reads."""
    read = [*SERIES, "instrument", "period", "total_of", "vintage", "value", "is_provisional"]
    names = triangle.collect_schema().names()
    return triangle.filter(pl.col("value").is_not_null()).select(name for name in read if name in names)


def select_ends(triangle: pl.DataFrame) -> pl.DataFrame:
    """Return first and newest known figure of each series and period, without periods that are still provisional.

    Columns: SERIES, `instrument` if `triangle` has it, `period`, `total_of`, `earlier`, `later`.

    `triangle` has SERIES, `period`, `total_of`, `vintage`, `value`, `is_provisional`. A later missing value is not a
    revision.
    """
    key = [*SERIES, *(["instrument"] if "instrument" in triangle.columns else []), "period", "total_of"]
    known_values = triangle.filter(pl.col("value").is_not_null()).sort("vintage")
    return (
        known_values.group_by(key)
        .agg(
            earlier=pl.col("value").first(),
            later=pl.col("value").last(),
            provisional=pl.col("is_provisional").last(),
        )
        .filter(~pl.col("provisional"))
        .drop("provisional")
        .sort(key)
    )


def summarise_revisions(first_and_newest: pl.DataFrame) -> pl.DataFrame:
    """Return the revision measures of each series (schema SUMMARY) over the periods of `select_ends`."""
    rows = []
    for key, group in first_and_newest.group_by(SERIES, maintain_order=True):
        measured = measure_revision(group["earlier"].to_numpy(), group["later"].to_numpy())
        measures = {name: _nan_to_none(value) for name, value in measured._asdict().items()}
        periods = {"first_period": group["period"].min(), "last_period": group["period"].max()}
        rows.append({**dict(zip(SERIES, key, strict=True)), **periods, **measures})
    return pl.DataFrame(rows, schema=SUMMARY).sort(SERIES)


def build_public_triangle(editions: Sequence[PastRelease]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the public triangle and its ends (`select_ends`), over editions from the oldest to the one being built.

    It contains totals of territories and jurisdictions by quarter and year; a regional sum changes with its members and
    is left out. If the newest edition withholds or lacks a figure, its earlier figures are left out too. A row of the
    triangle is a release in which the figure is new or differs; the ends have figures of at least two editions.
    """
    totals = _list_totals(editions[-1].cells)
    stacked = pl.concat([_figures(edition, number, totals) for number, edition in enumerate(editions)])
    newest = stacked.filter(pl.col("edition") == len(editions) - 1)
    known_values = stacked.filter(pl.col("value").is_not_null())
    comparable = known_values.join(newest.filter(pl.col("value").is_not_null()), on=[*SERIES, "period"], how="semi")
    key = [*SERIES, "period"]
    ordered = comparable.sort(*key, "edition").with_columns(
        before=pl.col("value").shift(1).over(key), of=pl.len().over(key), place=pl.int_range(pl.len()).over(key)
    )
    changed = ordered.filter((pl.col("place") == 0) | (pl.col("value") != pl.col("before"))).with_columns(
        vintage=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(key)
    )
    triangle = changed.with_columns(is_newest=pl.col("vintage") == pl.col("vintage").max().over(key))
    repeated = ordered.filter(pl.col("of") > 1).with_columns(vintage=pl.col("edition"))
    columns = [*key, "vintage", "release", "value", "is_newest"]
    return triangle.select(columns).sort(*key, "vintage"), select_ends(repeated)


def _list_totals(cells: pl.LazyFrame) -> pl.DataFrame:
    """Return the quarterly and annual totals of territories and jurisdictions: SERIES, `period`, `total_of`."""
    chosen = cells.filter(
        pl.col("area_kind").is_in(["territory", "jurisdiction"])
        & pl.col("freq").is_in(["Q", "A"])
        & (pl.col("total_of") != "")
    )
    return chosen.select(*SERIES, "period", "total_of").unique().collect()


def _figures(edition: PastRelease, number: int, totals: pl.DataFrame) -> pl.DataFrame:
    """Return the figures of an edition for the totals of the newest one; earlier releases do not mark their totals."""
    # A cell that is in two tables of the programme is withheld in both or in neither, so either row will do.
    key = [*SERIES, "period"]
    figures = edition.cells.select(*key, "value", "flags").join(
        totals.lazy(), on=key, how="inner", maintain_order="left"
    )
    return (
        figures.unique(key, keep="first", maintain_order=True)
        .select(
            *SERIES,
            "period",
            "total_of",
            pl.col("value").cast(pl.Float64),
            pl.col("flags").fill_null("").str.split(",").list.contains("provisional").alias("is_provisional"),
            pl.lit(edition.release).alias("release"),
            pl.lit(number, pl.Int32).alias("edition"),
        )
        .collect()
    )


def _nan_to_none(value: float) -> float | None:
    return None if math.isnan(value) else value
