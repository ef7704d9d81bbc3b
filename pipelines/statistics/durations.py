"""How long stages take: product-limit curves of stays and their quantiles with intervals.

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
LEVEL = 0.95
DAYS_OF_PERIOD = {"Q": 365.25 / 4, "A": 365.25}
_EXACT = 1e-9
"""Products of fractions such as 3/4 * 2/3 miss one half by a rounding error; the median must not jump for that."""


class Curve(NamedTuple):
    """A product-limit curve at the times at which something ended, ascending; all arrays of one length.

    `survival`: share still open after that time; `low`, `high`: pointwise limits on the log-log scale, NaN where there
    are none (one cluster only).
    """

    times: Array
    at_risk: Array
    ends: Array
    survival: Array
    low: Array
    high: Array


class Quantile(NamedTuple):
    """Limits are None where the curve of the limit does not get there: `high` None reads "or longer"."""

    value: float | None
    low: float | None
    high: float | None


def curve(times: Array, ended: Array, clusters: Array | None = None, level: float = LEVEL) -> Curve:
    """Kaplan and Meier's curve with limits; `times` from 0 up, `ended` false where only "at least so long" is known.

    Without clusters the limits are those of lifelines: Greenwood's variance on the log-log scale, normal quantile.
    With them the variance of log S is the infinitesimal jackknife summed over clusters, times G/(G-1), never below
    Greenwood's, and the quantile is Student's with G-1 degrees of freedom, G being the number of clusters.
    Raises ValueError for no or negative times.
    """
    times, ended = np.asarray(times, dtype=float), np.asarray(ended, dtype=bool)
    if times.size == 0 or bool((times < 0).any()):
        raise ValueError("a curve needs times, all from 0 up")
    if clusters is None:
        return _alone(times, ended, level)
    found = _product_limit(times, ended)
    if found.times.size == 0:
        return found
    low, high = _clustered(found, times, ended, np.unique(clusters, return_inverse=True)[1], level)
    return found._replace(low=low, high=high)


def _product_limit(times: Array, ended: Array) -> Curve:
    """The curve without limits; a fit of lifelines takes ten milliseconds, and there are thousands of groups."""
    when, ends = np.unique(times[ended], return_counts=True)
    at_risk = times.size - np.searchsorted(np.sort(times), when)
    none = np.full(when.size, np.nan)
    return Curve(when, at_risk.astype(float), ends.astype(float), np.cumprod(1 - ends / at_risk), none, none)


def _alone(times: Array, ended: Array, level: float) -> Curve:
    """The curve of persons who each stand alone, by lifelines."""
    from lifelines import KaplanMeierFitter  # type: ignore[import-untyped]

    fitter = KaplanMeierFitter(alpha=1 - level).fit(times, ended)
    table = fitter.event_table
    kept = (table["observed"] > 0).to_numpy()
    limits = fitter.confidence_interval_.to_numpy()[kept]
    return Curve(
        table.index.to_numpy(dtype=float)[kept],
        table["at_risk"].to_numpy(dtype=float)[kept],
        table["observed"].to_numpy(dtype=float)[kept],
        fitter.survival_function_.to_numpy()[kept, 0],
        limits[:, 0],
        limits[:, 1],
    )


def _clustered(found: Curve, times: Array, ended: Array, cluster: Array, level: float) -> tuple[Array, Array]:
    """Limits on the log-log scale from the variance of log S between clusters."""
    from scipy.stats import t as student

    number = int(cluster.max()) + 1
    missing = np.full(found.times.size, np.nan)
    if number < 2:
        return missing, missing
    left = found.at_risk - found.ends
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(found.ends / (found.at_risk * left))
        hazard = greenwood.copy()  # sum of d / (n (n - d)): what being at risk adds to the influence
        jump = 1.0 / left
    # At a last time at which all end, S is 0 and log S has no variance; the limits there are carried from before.
    finite = left > 0
    ends_at = np.searchsorted(found.times, times)  # the time of a person's own end, among the times of ends
    last_at = np.searchsorted(found.times, times, side="right") - 1
    variance = np.zeros(found.times.size)
    for place in np.flatnonzero(finite):
        own = ended & (times <= found.times[place])
        reached = np.minimum(last_at, place)
        influence = np.where(reached >= 0, hazard[np.maximum(reached, 0)], 0.0)
        influence[own] -= jump[ends_at[own]]
        sums = np.bincount(cluster, weights=influence, minlength=number)
        variance[place] = float((sums**2).sum()) * number / (number - 1)
    variance = np.maximum(variance, greenwood, where=finite, out=variance)
    width = float(student.ppf((1 + level) / 2, number - 1))
    low, high = np.zeros(found.times.size), np.ones(found.times.size)
    log = np.log(found.survival[finite])
    spread = width * np.sqrt(variance[finite]) / np.abs(log)
    low[finite] = found.survival[finite] ** np.exp(spread)
    high[finite] = found.survival[finite] ** np.exp(-spread)
    if not finite.all():
        high[~finite] = high[finite][-1] if finite.any() else 1.0
    return low, high


def quantile(found: Curve, p: float) -> Quantile:
    """The first time at which at least `p` have ended, with Brookmeyer and Crowley's limits: the first times at which
    the lower and the upper limit of the curve get there.  None where the curve does not reach it.
    """

    def first(values: Array) -> float | None:
        with np.errstate(invalid="ignore"):
            there = np.flatnonzero(values <= 1 - p + _EXACT)
        return float(found.times[there[0]]) if there.size else None

    return Quantile(first(found.survival), first(found.low), first(found.high))


def durations(stays: pl.DataFrame, by: Sequence[str] = AREA, *, level: float = LEVEL) -> pl.DataFrame:
    """One row a group of first stays (`stays.STAY`, those `again` left out), in days.

    `by`, `n_persons`, `n_proceedings` (clusters), `largest_share` (of persons, in one cluster), `n` stays, `n_ended`,
    `n_open`, and for each of `median p75 p90`: value, `_low`, `_high` (null where the curve does not reach) and
    `_side`, `_side_proceedings`: how many persons and clusters lie at least on each side of it, for the rule of
    publication.
    There is no mean: it is not defined while stays are open.  A source that never tells an end has null quantiles.
    """
    import polars as pl

    rows = []
    for key, group in stays.filter(~pl.col("again")).group_by(list(by), maintain_order=True):
        times, ended = group["days"].to_numpy().astype(float), group["ended"].to_numpy()
        clusters, persons = group["cluster"].to_numpy(), group["person"].to_numpy()
        row: dict[str, Any] = dict(zip(by, key, strict=True))
        row |= behind(persons, clusters)
        row |= {"n": group.height, "n_ended": int(ended.sum()), "n_open": int((~ended).sum())}
        found = curve(times, ended, clusters, level)
        for name, p in QUANTILES.items():
            row |= named_quantile(name, quantile(found, p), times, ended, clusters)
        rows.append(row)
    return pl.DataFrame(rows, schema=_schema(stays, by), orient="row").sort(by)


def behind(persons: Array, clusters: Array) -> dict[str, Any]:
    """What the rule of publication asks: `n_persons`, `n_proceedings`, `largest_share` of one proceeding in them."""
    pairs = {(person, cluster) for person, cluster in zip(persons, clusters, strict=True)}
    sizes: dict[Any, int] = {}
    for _, cluster in pairs:
        sizes[cluster] = sizes.get(cluster, 0) + 1
    number = len({person for person, _ in pairs})
    largest = max(sizes.values(), default=0) / number if number else None
    return {"n_persons": number, "n_proceedings": len(sizes), "largest_share": largest}


def named_quantile(name: str, found: Quantile, times: Array, ended: Array, clusters: Array) -> dict[str, Any]:
    """The columns of one quantile. Those on its near side have ended by then, those on its far side lasted as long."""
    side, files = 0, 0
    if found.value is not None:
        near, far = ended & (times <= found.value), times >= found.value
        side = int(min(near.sum(), far.sum()))
        files = min(len(np.unique(clusters[near])), len(np.unique(clusters[far])))
    return {
        name: found.value,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
        f"{name}_side": side,
        f"{name}_side_proceedings": files,
    }


def quantile_schema(names: Sequence[str]) -> dict[str, Any]:
    """Columns of `named_quantile` for polars."""
    import polars as pl

    out: dict[str, Any] = {}
    for name in names:
        out |= {name: pl.Float64(), f"{name}_low": pl.Float64(), f"{name}_high": pl.Float64()}
        out |= {f"{name}_side": pl.Int64(), f"{name}_side_proceedings": pl.Int64()}
    return out


def _schema(stays: pl.DataFrame, by: Sequence[str]) -> dict[str, Any]:
    import polars as pl

    counts = {"n_persons": pl.Int64(), "n_proceedings": pl.Int64(), "largest_share": pl.Float64()}
    counts |= {"n": pl.Int64(), "n_ended": pl.Int64(), "n_open": pl.Int64()}
    return {name: stays.schema[name] for name in by} | counts | quantile_schema(list(QUANTILES))


def lag_periods(median_days: float | None, freq: str) -> int | None:
    """The lag of a ratio in whole periods (`Q`, `A`), half a period up; None without a median: no records, no lag.

    Raises ValueError for a negative median, KeyError for another frequency.
    """
    if median_days is None:
        return None
    if not median_days >= 0:
        raise ValueError(f"a median of {median_days} days is none")
    return int(median_days / DAYS_OF_PERIOD[freq] + 0.5)
