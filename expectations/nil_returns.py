"""Ask about a nil return where earlier periods make zero improbable.

A nil return has no figures that other rules could compare. All that earlier returns counted, added up, is compared with
zero by the test for jumps (`pipelines/statistics/jumps.py`). A person is counted at several stages, so the counts vary
more than their sum suggests: the dispersion is that of the sums themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from expectations import tables
from expectations.figures import PlausibilityRule, ReturnFigures
from expectations.reporting import FindingTemplate
from expectations.series import COMPARED_PERIODS, SHORTEST_HISTORY
from pipelines.core import codes
from pipelines.model.periods import Period, periods_between
from pipelines.statistics import jumps

P_IMPROBABLE = 0.01
"""A nil return is reported if zero has a lower p-value. They are rare, so one false alarm in a hundred is few."""
P_OF_SHORT_HISTORY = 0.001
"""With fewer earlier periods than `jumps.MINIMUM_HISTORY`, as an annual office has, a lower p-value is required: the
dispersion of two or three sums is a guess."""
_SERIES = ("measure", "level", "count_unit", "offence_group", "victim_status", "accumulation")
_NO_FINDINGS = {
    "submission_id": pl.String,
    "period": pl.String,
    "n": pl.Int64,
    "mean": pl.Float64,
    "p": pl.Float64,
}


def find_unexpected_nil_returns(figures: ReturnFigures) -> pl.DataFrame:
    """Return the periods of nil returns for which earlier figures make zero improbable: one row per period."""
    nil_blocks = figures.blocks.filter("nil")
    if nil_blocks.is_empty():
        return pl.DataFrame(schema=_NO_FINDINGS)
    submission_ids = nil_blocks["submission_id"].unique().to_list()
    earlier = _tabulate_counts(figures, submission_ids)
    rows = []
    for block in nil_blocks.iter_rows(named=True):
        counts = earlier.filter(
            pl.col("submission_id") == block["submission_id"],
            pl.col("jurisdiction") == block["jurisdiction"],
            pl.col("freq") == block["freq"],
            pl.col("period") < block["period"],
        )
        values = dict(counts.select("period", "value").iter_rows())
        if (result := _test_zero(block["period"], values)) is not None:
            rows.append({"submission_id": block["submission_id"], "period": block["period"], **result})
    return pl.DataFrame(rows, schema=_NO_FINDINGS)


def _tabulate_counts(figures: ReturnFigures, submission_ids: list[str]) -> pl.DataFrame:
    """Return all that was counted before some returns: `submission_id, jurisdiction, freq, period, value`.

    These are sums of the totals of all flows. Figures from January on are those of their own quarter, and a register
    counts persons with each event.
    """
    is_selected = pl.col("submission_id").is_in(submission_ids)
    block = ["submission_id", "jurisdiction", "freq"]
    totals = (
        tables.tabulate_totals(figures.earlier_observations.filter(is_selected))
        .filter(pl.col("statistic") == "count")
        .select(*block, *_SERIES, "period", "value")
    )
    is_whole = pl.col("victim_status").is_in(codes.TOTAL_CODES)
    status = [name for name in _SERIES if name != "victim_status"]
    totals = totals.filter(is_whole | ~is_whole.any().over([*block, *status, "period"]))
    persons = (
        figures.earlier_events.filter(is_selected)
        .group_by([*block, "period", "event"])
        .agg(pl.struct("proceeding", "person").n_unique().cast(pl.Float64).alias("value"))
    )
    counts = pl.concat(
        [frame.select(*block, "period", "value") for frame in (_take_differences(totals, block), persons)]
    )
    return counts.group_by([*block, "period"]).agg(pl.col("value").sum())


def _take_differences(totals: pl.DataFrame, block: list[str]) -> pl.DataFrame:
    """Return totals with those from January on replaced by that of the quarter alone, where it is known."""
    year = pl.col("period").str.slice(0, 4)
    quarter = pl.col("period").str.slice(6, 1).cast(pl.Int32, strict=False)
    within_year = [*block, *_SERIES, year]
    previous = pl.col("value").shift(1).over(within_year, order_by="period")
    is_adjacent = quarter - quarter.shift(1).over(within_year, order_by="period") == 1
    of_quarter = pl.when(quarter == 1).then(pl.col("value")).when(is_adjacent).then(pl.col("value") - previous)
    is_sum = (pl.col("accumulation") == "ytd") & (pl.col("freq") == "Q")
    return totals.with_columns(pl.when(is_sum).then(of_quarter).otherwise(pl.col("value")).alias("value")).drop_nulls(
        "value"
    )


def _test_zero(period: str, values: Mapping[str, float]) -> Mapping[str, Any] | None:
    """Return number and mean of the counts by period and the p-value of zero if it is improbable, else None.

    A period between the known ones without a count is taken as zero: an earlier nil return has no rows.
    """
    if not values:
        return None
    compared = [each.code for each in periods_between(Period.from_code(min(values)), Period.from_code(period))][:-1]
    past = np.array([[values.get(code, 0.0) for code in compared[-COMPARED_PERIODS:]]])
    p = float(jumps.compute_surprise(past, np.zeros(1), SHORTEST_HISTORY)[0])
    if np.isnan(p) or p >= (P_IMPROBABLE if past.size >= jumps.MINIMUM_HISTORY else P_OF_SHORT_HISTORY):
        return None
    return {"n": past.size, "mean": float(past.mean()), "p": p}


RULES = (
    PlausibilityRule(
        find_unexpected_nil_returns,
        FindingTemplate(
            "nil.after_figures",
            params={"period": "period", "n": "n", "mean": "mean", "p": "p"},
            once_per="return",
        ),
        needs_rows=False,
    ),
)
