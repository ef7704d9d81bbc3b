"""Durations of stages: product-limit curves of stays, and their quantiles with intervals.

Choices and sources: `docs/methodology/durations.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipelines.statistics.stages import AREA

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, np.dtype[Any]]
QUANTILES: Mapping[str, float] = {"median": 0.5, "p75": 0.75, "p90": 0.9}
QUARTILES: Mapping[str, float] = {"p25": 0.25, "median": 0.5, "p75": 0.75}
LEVEL = 0.95
DAYS_OF_PERIOD = {"Q": 365.25 / 4, "A": 365.25}
_EXACT = 1e-9
"""Tolerance: products such as 3/4 * 2/3 miss 1/2 by a rounding error, which must not move the median."""


class Curve(NamedTuple):
    """A product-limit curve at the times at which stays ended, ascending; all arrays have the same length.

    `survival`: share still open after that time; `low`, `high`: pointwise limits on the log-log scale, NaN if there
    are none (only one cluster).
    """

    times: Array
    at_risk: Array
    ends: Array
    survival: Array
    low: Array
    high: Array


class Quantile(NamedTuple):
    """A quantile; a limit is None if its curve does not reach the quantile: `high` None means "or longer"."""

    value: float | None
    low: float | None
    high: float | None


def estimate_curve(times: Array, ended: Array, clusters: Array, level: float = LEVEL) -> Curve:
    """Estimate the Kaplan-Meier curve with limits; `times` from 0 up, `ended` false for censored (still open) stays.

    The variance of log S is the infinitesimal jackknife summed over clusters, times G/(G-1), never below Greenwood's,
    and the quantile is Student's with G-1 degrees of freedom, G being the number of clusters.
    Raises ValueError for empty or negative times.
    """
    times, ended = np.asarray(times, dtype=float), np.asarray(ended, dtype=bool)
    if times.size == 0 or bool((times < 0).any()):
        raise ValueError("a curve needs times, all from 0 up")
    estimate = estimate_product_limit(times, ended)
    if estimate.times.size == 0:
        return estimate
    low, high = _clustered_limits(estimate, times, ended, np.unique(clusters, return_inverse=True)[1], level)
    return estimate._replace(low=low, high=high)


def estimate_product_limit(times: Array, ended: Array) -> Curve:
    """Compute the curve without limits; faster than lifelines, whose fit takes 10 ms, for thousands of groups."""
    when, ends = np.unique(times[ended], return_counts=True)
    at_risk = times.size - np.searchsorted(np.sort(times), when)
    unset = np.full(when.size, np.nan)
    return Curve(when, at_risk.astype(float), ends.astype(float), np.cumprod(1 - ends / at_risk), unset, unset)


def _clustered_limits(estimate: Curve, times: Array, ended: Array, cluster: Array, level: float) -> tuple[Array, Array]:
    """Compute limits on the log-log scale from the variance of log S between clusters."""
    from scipy.stats import t as student

    number = int(cluster.max()) + 1
    missing = np.full(estimate.times.size, np.nan)
    if number < 2:
        return missing, missing
    remaining = estimate.at_risk - estimate.ends
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(estimate.ends / (estimate.at_risk * remaining))
        hazard = greenwood.copy()  # sum of d / (n (n - d)): the contribution of being at risk to the influence
        jump = 1.0 / remaining
    # If all remaining stays end at the last time, S is 0 and log S has no variance; carry the previous limits forward.
    finite = remaining > 0
    ends_at = np.searchsorted(estimate.times, times)  # index of the end of each person among the times of ends
    last_at = np.searchsorted(estimate.times, times, side="right") - 1
    variance = np.zeros(estimate.times.size)
    for place in np.flatnonzero(finite):
        has_ended = ended & (times <= estimate.times[place])
        reached = np.minimum(last_at, place)
        influence = np.where(reached >= 0, hazard[np.maximum(reached, 0)], 0.0)
        influence[has_ended] -= jump[ends_at[has_ended]]
        sums = np.bincount(cluster, weights=influence, minlength=number)
        variance[place] = float((sums**2).sum()) * number / (number - 1)
    variance = np.maximum(variance, greenwood, where=finite, out=variance)
    width = float(student.ppf((1 + level) / 2, number - 1))
    low, high = np.zeros(estimate.times.size), np.ones(estimate.times.size)
    log = np.log(estimate.survival[finite])
    spread = width * np.sqrt(variance[finite]) / np.abs(log)
    low[finite] = estimate.survival[finite] ** np.exp(spread)
    high[finite] = estimate.survival[finite] ** np.exp(-spread)
    if not finite.all():
        high[~finite] = high[finite][-1] if finite.any() else 1.0
    return low, high


def find_quantile(estimate: Curve, p: float) -> Quantile:
    """Return the first time at which at least `p` have ended, with Brookmeyer and Crowley's limits.

    The limits are the first times at which the lower and the upper limit of the curve reach it.  None if not reached.
    """

    def find_first_time(values: Array) -> float | None:
        with np.errstate(invalid="ignore"):
            reached = np.flatnonzero(values <= 1 - p + _EXACT)
        return float(estimate.times[reached[0]]) if reached.size else None

    return Quantile(find_first_time(estimate.survival), find_first_time(estimate.low), find_first_time(estimate.high))


def summarise_durations(
    stays: pl.DataFrame,
    by: Sequence[str] = AREA,
    *,
    level: float = LEVEL,
    quantiles: Mapping[str, float] = QUANTILES,
) -> pl.DataFrame:
    """Summarise the durations of first stays (`stays.STAY` without those `again`) by group, in days.

    `by`, `n_persons`, `n_proceedings` (clusters), `largest_share` (of persons, in one cluster), `n` stays, `n_ended`,
    `n_open`, and for each of `quantiles`: value, `_low`, `_high` (null if the curve does not reach it) and
    `_side`, `_side_proceedings`: the smaller number of persons and clusters on either side of it, for the rule of
    publication.
    The mean is omitted, because it is undefined while stays are open.  A source that never reports an end has null
    quantiles.
    """
    import polars as pl

    rows = []
    for key, group in stays.filter(~pl.col("again")).group_by(list(by), maintain_order=True):
        times, ended = group["days"].to_numpy().astype(float), group["ended"].to_numpy()
        clusters, persons = group["cluster"].to_numpy(), group["person"].to_numpy()
        row: dict[str, Any] = dict(zip(by, key, strict=True))
        row |= count_contributors(persons, clusters)
        row |= {"n": group.height, "n_ended": int(ended.sum()), "n_open": int((~ended).sum())}
        estimate = estimate_curve(times, ended, clusters, level)
        for name, p in quantiles.items():
            row |= named_quantile(name, find_quantile(estimate, p), times, ended, clusters)
        rows.append(row)
    return pl.DataFrame(rows, schema=_schema(stays, by, quantiles), orient="row").sort(by)


def count_contributors(persons: Array, clusters: Array) -> dict[str, Any]:
    """Return the input of the publication rule: `n_persons`, `n_proceedings`, `largest_share` of one proceeding."""
    pairs = {(person, cluster) for person, cluster in zip(persons, clusters, strict=True)}
    sizes: dict[Any, int] = {}
    for _, cluster in pairs:
        sizes[cluster] = sizes.get(cluster, 0) + 1
    number = len({person for person, _ in pairs})
    largest = max(sizes.values(), default=0) / number if number else None
    return {"n_persons": number, "n_proceedings": len(sizes), "largest_share": largest}


def named_quantile(name: str, estimate: Quantile, times: Array, ended: Array, clusters: Array) -> dict[str, Any]:
    """Return the columns of a quantile; the sides are the stays that ended by then and those at least as long."""
    side, n_proceedings = 0, 0
    if estimate.value is not None:
        near, far = ended & (times <= estimate.value), times >= estimate.value
        side = int(min(near.sum(), far.sum()))
        n_proceedings = min(len(np.unique(clusters[near])), len(np.unique(clusters[far])))
    return {
        name: estimate.value,
        f"{name}_low": estimate.low,
        f"{name}_high": estimate.high,
        f"{name}_side": side,
        f"{name}_side_proceedings": n_proceedings,
    }


def quantile_schema(names: Sequence[str]) -> dict[str, Any]:
    """Return the polars schema of the columns of `named_quantile`."""
    import polars as pl

    schema: dict[str, Any] = {}
    for name in names:
        schema |= {name: pl.Float64(), f"{name}_low": pl.Float64(), f"{name}_high": pl.Float64()}
        schema |= {f"{name}_side": pl.Int64(), f"{name}_side_proceedings": pl.Int64()}
    return schema


def _schema(stays: pl.DataFrame, by: Sequence[str], quantiles: Mapping[str, float]) -> dict[str, Any]:
    import polars as pl

    counts = {"n_persons": pl.Int64(), "n_proceedings": pl.Int64(), "largest_share": pl.Float64()}
    counts |= {"n": pl.Int64(), "n_ended": pl.Int64(), "n_open": pl.Int64()}
    return {name: stays.schema[name] for name in by} | counts | quantile_schema(list(quantiles))


def lag_periods(median_days: float | None, freq: str) -> int | None:
    """Return the lag of a ratio in whole periods (`Q`, `A`), half a period rounded up; None without a median.

    Raises ValueError for a negative median, KeyError for another frequency.
    """
    if median_days is None:
        return None
    if not median_days >= 0:
        raise ValueError(f"a median of {median_days} days is none")
    return int(median_days / DAYS_OF_PERIOD[freq] + 0.5)
