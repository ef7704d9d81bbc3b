"""Cumulative incidence of each kind of exit from a stage (Aalen and Johansen)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipelines.statistics.durations import Array, count_contributors, estimate_product_limit
from pipelines.statistics.stages import AREA

if TYPE_CHECKING:
    import polars as pl

_EXACT = 1e-9
"""Products of fractions miss a whole by a rounding error."""


def by_exit(times: Array, kinds: Sequence[str | None]) -> dict[str, tuple[Array, Array]]:
    """Compute Aalen and Johansen's cumulative incidence by kind of exit: kind -> (times, share that left so by then).

    `kinds` is None where the stay is open.  F_k(t) = sum over u <= t of S(u-) d_k(u) / n(u), S counting every kind;
    the shares of all kinds and those still open sum to 1 at each time.  Ties are exact: lifelines' own estimator shakes
    tied times at random, and co-defendants are decided on one day.
    """
    times = np.asarray(times, dtype=float)
    names = np.array(["" if kind is None else kind for kind in kinds])
    curve = estimate_product_limit(times, names != "")
    before = np.concatenate([[1.0], curve.survival[:-1]])
    incidence: dict[str, tuple[Array, Array]] = {}
    for kind in sorted(set(names) - {""}):
        leaving = np.array([np.sum((times == when) & (names == kind)) for when in curve.times])
        incidence[kind] = (curve.times, np.cumsum(before * leaving / curve.at_risk))
    return incidence


def summarise_exits(stays: pl.DataFrame, by: Sequence[str] = AREA, *, days: int) -> pl.DataFrame:
    """Return the share of first stays that has left in each way within `days`, estimated with open ones counted.

    `by`, `closed_by`, `share`, `n` (persons of that way in the data), `n_persons`, `n_proceedings`, `largest_share`.
    A stay that goes on elsewhere by joining is open (censored) from then on; a transfer is a way out of its own.
    The share is null where nobody is followed for that long and not all have left before.
    """
    import polars as pl

    rows = []
    for key, group in stays.filter(~pl.col("again")).group_by(list(by), maintain_order=True):
        times = group["days"].to_numpy().astype(float)
        kinds = [None if kind == "joined" else kind for kind in group["closed_by"]]
        row = dict(zip(by, key, strict=True)) | count_contributors(
            group["person"].to_numpy(), group["cluster"].to_numpy()
        )
        incidence = by_exit(times, kinds)
        all_left = sum(float(share[-1]) for _, share in incidence.values()) > 1 - _EXACT
        followed = all_left or bool((times >= days).any())
        for kind, (when, share) in incidence.items():
            reached = share[when <= days]
            value = float(reached[-1]) if reached.size else 0.0
            rows.append(row | {"closed_by": kind, "share": value if followed else None, "n": kinds.count(kind)})
    counts = {"n_persons": pl.Int64(), "n_proceedings": pl.Int64(), "largest_share": pl.Float64()}
    schema = {name: stays.schema[name] for name in by} | counts
    schema |= {"closed_by": pl.String(), "share": pl.Float64(), "n": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row").sort(*by, "closed_by")
