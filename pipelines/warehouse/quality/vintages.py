"""Vintages: what was known of a figure when, as a triangle, and how far first figures moved.

Inside, a vintage is an acceptance or a withdrawal that changed a figure. To the public it is a release, and nothing but
what releases show: a figure that was accepted and never published is nobody's to compare with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipelines.core import codes
from pipelines.statistics.revisions import revision

SERIES: Final = ("area_kind", "area", "territory", "freq", *codes.COUNT_TYPE)
"""What one series is told by; its figures differ by `period`."""
SUMMARY: Final[dict[str, pl.DataType]] = {
    **dict.fromkeys(SERIES, pl.String()),
    "first_period": pl.String(),
    "last_period": pl.String(),
    "periods": pl.Int32(),  # reference periods with a first and a newest figure, final ones alone
    "revised": pl.Int32(),  # of these, how many differ
    "mean": pl.Float64(),  # in the series' unit; null where there are no periods
    "mean_absolute": pl.Float64(),
    "relative_to_later": pl.Float64(),  # ESS indicator A6; a fraction of 1, null where the figures are all 0
    "relative_to_earlier": pl.Float64(),
}


@dataclass(frozen=True)
class Edition:
    """One release: its id and its cells (columns of the release's table `cell`)."""

    release: str
    cells: pl.DataFrame


def ends(triangle: pl.DataFrame) -> pl.DataFrame:
    """First and newest known figure of each series and period: SERIES, `instrument` where there is one, `period`,
    `total_of`, `earlier`, `later`. Periods whose newest figure is provisional are not yet over and left out.

    `triangle` has SERIES, `period`, `total_of`, `vintage`, `value`, `is_provisional`. A later gap is no revision.
    """
    kept = [*SERIES, *(["instrument"] if "instrument" in triangle.columns else []), "period", "total_of"]
    known = triangle.filter(pl.col("value").is_not_null()).sort("vintage")
    return (
        known.group_by(kept)
        .agg(
            earlier=pl.col("value").first(),
            later=pl.col("value").last(),
            provisional=pl.col("is_provisional").last(),
        )
        .filter(~pl.col("provisional"))
        .drop("provisional")
        .sort(kept)
    )


def summary(first_and_newest: pl.DataFrame) -> pl.DataFrame:
    """The measures of each series (schema SUMMARY) over the periods of `ends`."""
    rows = []
    for key, group in first_and_newest.group_by(SERIES, maintain_order=True):
        found = revision(group["earlier"].to_numpy(), group["later"].to_numpy())
        measures = {name: _told(value) for name, value in found._asdict().items()}
        periods = {"first_period": group["period"].min(), "last_period": group["period"].max()}
        rows.append({**dict(zip(SERIES, key, strict=True)), **periods, **measures})
    return pl.DataFrame(rows, schema=SUMMARY).sort(SERIES)


def published(editions: Sequence[Edition]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The public triangle and its `ends`, over editions from the oldest to the one that is being made.

    Totals of territories and jurisdictions by quarter and year; a region's sum moves with who is in it and is left out.
    What the newest edition withholds or does not have shows none of its earlier figures. A row of the triangle is a
    release in which the figure is new or differs; of `ends` are figures that stand in two editions or more.
    """
    totals = _newest_totals(editions[-1].cells)
    stacked = pl.concat([_figures(one, number, totals) for number, one in enumerate(editions)])
    newest = stacked.filter(pl.col("edition") == len(editions) - 1)
    known = stacked.filter(pl.col("value").is_not_null())
    shown = known.join(newest.filter(pl.col("value").is_not_null()), on=[*SERIES, "period"], how="semi")
    key = [*SERIES, "period"]
    ordered = shown.sort(*key, "edition").with_columns(
        before=pl.col("value").shift(1).over(key), of=pl.len().over(key), place=pl.int_range(pl.len()).over(key)
    )
    changed = ordered.filter((pl.col("place") == 0) | (pl.col("value") != pl.col("before"))).with_columns(
        vintage=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(key)
    )
    triangle = changed.with_columns(is_newest=pl.col("vintage") == pl.col("vintage").max().over(key))
    twice = ordered.filter(pl.col("of") > 1).with_columns(vintage=pl.col("edition"))
    columns = [*key, "vintage", "release", "value", "is_newest"]
    return triangle.select(columns).sort(*key, "vintage"), ends(twice)


def _newest_totals(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the quarterly and annual totals of territories and jurisdictions: SERIES, `period`, `total_of`."""
    chosen = cells.filter(
        pl.col("area_kind").is_in(["territory", "jurisdiction"])
        & pl.col("freq").is_in(["Q", "A"])
        & (pl.col("total_of") != "")
    )
    return chosen.select(*SERIES, "period", "total_of").unique()


def _figures(edition: Edition, number: int, totals: pl.DataFrame) -> pl.DataFrame:
    """Return the figures of an edition for the totals of the newest one; earlier releases do not mark their totals."""
    # A cell that is in two tables of the programme is withheld in both or in neither.
    once = edition.cells.unique([*SERIES, "period"], keep="first", maintain_order=True).drop("total_of", strict=False)
    return once.join(totals, on=[*SERIES, "period"], how="inner", maintain_order="left").select(
        *SERIES,
        "period",
        "total_of",
        pl.col("value").cast(pl.Float64),
        pl.col("flags").fill_null("").str.split(",").list.contains("provisional").alias("is_provisional"),
        pl.lit(edition.release).alias("release"),
        pl.lit(number, pl.Int32).alias("edition"),
    )


def _told(value: float) -> float | None:
    return None if math.isnan(value) else value
