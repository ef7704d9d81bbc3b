"""Shares of persons in records, with limits that know that co-defendants are decided together.

Belongs here: one share, its limits and its columns.  Does not belong here: shares of counts (`shares.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.statistics.durations import Array


def named_share(name: str, hit: Array, clusters: Array) -> dict[str, Any]:
    """Columns of the share of those that are `hit`: `<name>`, `_low`, `_high` (95 %), `_n` (hit), `_of` (all).

    Null where there are none to be a share of.
    """
    part, whole = int(np.sum(hit)), len(hit)
    value, low, high = None, None, None
    if whole:
        low, high = share_limits(part, whole, design_effect(np.asarray(hit), clusters))
        value = part / whole
    return {name: value, f"{name}_low": low, f"{name}_high": high, f"{name}_n": part, f"{name}_of": whole}


def share_schema(name: str) -> dict[str, Any]:
    """Columns of `named_share` for polars."""
    import polars as pl

    return {f"{name}{end}": pl.Float64() for end in ("", "_low", "_high")} | {
        f"{name}{end}": pl.Int64() for end in ("_n", "_of")
    }


def share_limits(part: int, whole: int, dispersion: float = 1.0) -> tuple[float, float]:
    """Clopper and Pearson's limits at 95 % of `part` in `whole`, at the effective size `whole / dispersion`."""
    from scipy.special import betaincinv

    x, n = part / dispersion, whole / dispersion
    low = 0.0 if part == 0 else float(betaincinv(x, n - x + 1, 0.025))
    high = 1.0 if part == whole else float(betaincinv(x + 1, n - x, 0.975))
    return low, high


def design_effect(hit: Array, clusters: Array) -> float:
    """How much less a share of persons is known than if each stood alone: its variance between proceedings over that
    of the binomial, with Student's quantiles for few proceedings (Korn and Graubard 1998); never below 1.

    Where all or none are hit, or there is one proceeding only, it cannot be seen: as if each proceeding were one
    person, sum of m^2 over sum of m (Kish), m being its persons.
    """
    from scipy.special import stdtrit

    cluster = np.unique(clusters, return_inverse=True)[1]
    sizes = np.bincount(cluster)
    p, n, number = float(np.mean(hit)), len(hit), len(sizes)
    if number < 2 or p in (0.0, 1.0):
        return max(1.0, float((sizes**2).sum() / n))
    between = np.bincount(cluster, weights=np.asarray(hit, dtype=float) - p)
    effect = number / (number - 1) * float((between**2).sum()) / n**2 / (p * (1 - p) / n)
    few = (stdtrit(number - 1, 0.975) / stdtrit(n - 1, 0.975)) ** 2
    return max(1.0, effect * float(few))
