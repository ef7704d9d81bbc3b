"""Kaplan-Meier curves of independent persons, by lifelines."""

from __future__ import annotations

from pipelines.statistics.durations import LEVEL, Array, Curve


def fit_independent_curve(times: Array, ended: Array, level: float = LEVEL) -> Curve:
    """Fit the curve with Greenwood's variance on the log-log scale and the normal quantile."""
    from lifelines import KaplanMeierFitter  # takes half a second, also in workers that run none of these tests

    fitter = KaplanMeierFitter(alpha=1 - level).fit(times, ended)
    table = fitter.event_table
    has_end = (table["observed"] > 0).to_numpy()
    limits = fitter.confidence_interval_.to_numpy()[has_end]
    return Curve(
        table.index.to_numpy(dtype=float)[has_end],
        table["at_risk"].to_numpy(dtype=float)[has_end],
        table["observed"].to_numpy(dtype=float)[has_end],
        fitter.survival_function_.to_numpy()[has_end, 0],
        limits[:, 0],
        limits[:, 1],
    )
