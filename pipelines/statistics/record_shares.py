"""Shares of persons in case records, with limits that account for co-defendants being decided together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.statistics.dispersion import of_sizes
from pipelines.statistics.durations import Array
from pipelines.statistics.intervals import clopper_pearson

if TYPE_CHECKING:
    import polars as pl


def count_share(name: str, hit: Array, clusters: Array) -> dict[str, Any]:
    """Count the persons for a share: `<name>_n` (hit), `_of` (all) and `_deff`, the input of `insert_shares`."""
    whole = len(hit)
    effect = design_effect(np.asarray(hit), clusters) if whole else None
    return {f"{name}_n": int(np.sum(hit)), f"{name}_of": whole, f"{name}_deff": effect}


def counted_schema(*names: str) -> dict[str, Any]:
    """Return the polars schema of the columns of `count_share`."""
    import polars as pl

    schema: dict[str, Any] = {}
    for name in names:
        schema |= {f"{name}_n": pl.Int64(), f"{name}_of": pl.Int64(), f"{name}_deff": pl.Float64()}
    return schema


def insert_shares(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Insert `<name>`, `_low` and `_high` before the columns of `count_share`: the share and its 95 % limits.

    Clopper and Pearson's limits at the effective size `_of / _deff`, as fractions of 1; null if `_of` is 0.
    """
    import polars as pl

    for name in names:
        part, whole, effect = (
            frame[f"{name}{end}"].cast(pl.Float64).fill_null(float("nan")).to_numpy() for end in ("_n", "_of", "_deff")
        )
        limits = clopper_pearson(part, whole, effect)
        estimates = {
            name: part / np.where(whole > 0, whole, np.nan),
            f"{name}_low": limits.low,
            f"{name}_high": limits.high,
        }
        place = frame.columns.index(f"{name}_n")
        for offset, (column, values) in enumerate(estimates.items()):
            frame = frame.insert_column(place + offset, pl.Series(column, values, dtype=pl.Float64).fill_nan(None))
    return frame


def design_effect(hit: Array, clusters: Array) -> float:
    """Return the design effect of a share of persons in clusters (proceedings).

    Its variance between proceedings over that of the binomial, with Student's quantiles for few proceedings (Korn and
    Graubard 1998); never below 1, and 1 if each person has a separate proceeding.

    If all or none are hit, or there is only one proceeding, the variance cannot be estimated.  Each proceeding is then
    taken as one person: sum of m^2 over sum of m (Kish), m being the persons of a proceeding.
    """
    from scipy.special import stdtrit

    cluster = np.unique(clusters, return_inverse=True)[1]
    sizes = np.bincount(cluster)
    p, n, number = float(np.mean(hit)), len(hit), len(sizes)
    if number < 2 or p in (0.0, 1.0):
        return of_sizes(sizes)
    between = np.bincount(cluster, weights=np.asarray(hit, dtype=float) - p)
    effect = number / (number - 1) * float((between**2).sum()) / n**2 / (p * (1 - p) / (n - 1))
    correction = (stdtrit(number - 1, 0.975) / stdtrit(n - 1, 0.975)) ** 2
    return max(1.0, effect * float(correction))
