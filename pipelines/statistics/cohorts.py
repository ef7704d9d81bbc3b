"""Follow the persons who entered a stage in one quarter over the next quarters, including those still open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.statistics.durations import count_contributors
from pipelines.statistics.record_shares import count_share, counted_schema, insert_shares
from pipelines.statistics.stages import AREA, UNIT, list_outcomes

if TYPE_CHECKING:
    import polars as pl

QUARTERS = 8
OUTCOMES: dict[str, tuple[str, ...]] = {
    "convicted": ("convicted_first", "convicted_final"),
    "acquitted": ("acquitted",),
    "rejected": ("rejected",),
    "discontinued": ("discontinued",),
    "requalified": ("requalified_out",),
    "transferred": ("transferred_out",),
    "indicted": ("indicted",),
    "decided": ("adjudicated_first", "adjudicated_final", "decided_on_appeal", "report_disposed"),
    "open": (),
    "lost": ("joined",),
}
"""State of a person on a day, and the exits of a stay that lead to it.  `indicted`: only in stages that end with the
indictment; `decided`: an end whose outcome the register does not state; `lost`: the records broke off while the stay
was open, or the case was joined to one that is not in them."""
_DECISIONS = {
    mark.event for decision in ("adjudicated_first", "adjudicated_final") for mark in list_outcomes(decision)[:-1]
}
ENDED = tuple(state for state, ends in OUTCOMES.items() if _DECISIONS.issuperset(ends) and ends)
"""States after a court decision with a known outcome."""


def track_states(stays: pl.DataFrame, quarters: int = QUARTERS, freq: str = "Q") -> pl.DataFrame:
    """Return the state of each unit after 0 to `quarters` quarters: `cohort` (2024-Q1, 2024), `quarters`, `at`, `seen`,
    `state`.

    `stays` are all stays of one stage, including those `again`.  The cohort is the quarter (or its year) in which the
    first stay of a unit began; units whose beginning is not in the records have none.  The state is that at the end of
    the k-th quarter after that quarter, also in yearly cohorts, so that each unit is followed for the same time.  After
    a conviction that was sent back and not decided again it is `open`.  `seen`: the records reach that day, and cover
    the whole year of a yearly cohort; else the state is null.
    """
    import polars as pl

    closing = {end: state for state, ends in OUTCOMES.items() for end in ends}
    entered = (
        stays.filter(~pl.col("again"))
        .with_columns(
            whole_year=(pl.col("run_from") <= pl.col("start").dt.truncate("1y"))
            & (pl.col("run_until") >= pl.col("start").dt.truncate("1y").dt.offset_by("1y").dt.offset_by("-1d"))
        )
        .select(*UNIT, "whole_year", "known_until", entered="start", first_cluster="cluster")
    )
    horizons = pl.DataFrame({"quarters": range(quarters + 1)}, schema={"quarters": pl.Int64()})
    horizon = (
        entered.join(horizons, how="cross")
        .with_columns(began=pl.col("entered").dt.truncate("1q"))
        .with_columns(
            cohort=pl.format("{}-Q{}", pl.col("began").dt.year(), pl.col("began").dt.quarter())
            if freq == "Q"
            else pl.col("began").dt.year().cast(pl.String()),
            at=pl.col("began").dt.offset_by(pl.format("{}q", pl.col("quarters") + 1)).dt.offset_by("-1d"),
        )
        .with_columns(seen=(pl.col("at") <= pl.col("known_until")) & (pl.lit(freq == "Q") | pl.col("whole_year")))
    )
    latest = (
        horizon.join(stays.select(*UNIT, "start", "end", "closed_by", "run_until"), on=list(UNIT))
        .filter(pl.col("start") <= pl.col("at"))
        .sort(*UNIT, "quarters", "start")
        .group_by(*UNIT, "quarters", maintain_order=True)
        .last()
    )
    ended = pl.col("end").is_not_null() & (pl.col("end") <= pl.col("at"))
    state = (
        pl.when(ended)
        .then(pl.col("closed_by").replace_strict(closing, default=None, return_dtype=pl.String()))
        .when(pl.col("run_until") < pl.col("at"))
        .then(pl.lit("lost"))
        .otherwise(pl.lit("open"))
    )
    return latest.with_columns(state=pl.when("seen").then(state)).select(
        *UNIT, "first_cluster", "cohort", "quarters", "at", "seen", "state"
    )


def summarise_cohorts(
    stays: pl.DataFrame, by: Sequence[str] = AREA, *, quarters: int = QUARTERS, freq: str = "Q"
) -> pl.DataFrame:
    """Summarise the states by group, cohort and number of quarters followed.

    `by`, `cohort`, `quarters`, `seen_quarters` (how many of them the records cover: "5 of 8"), `n_persons`,
    `n_proceedings`, `largest_share`, the `OUTCOMES` in persons (in matters, if a person has two), and two ratios, each
    as `record_shares.insert_shares`: `conviction_ratio`, the convicted of all who entered, which can still rise while
    some are open, and `decided_ratio`, the convicted of those convicted, acquitted, rejected or discontinued.  Rows of
    quarters not seen yet are present but empty.  Limits are Clopper and
    Pearson's at the effective size, by proceedings.
    """
    import polars as pl

    unit_states = track_states(stays, quarters, freq)
    rows = []
    for key, group in unit_states.group_by([*by, "cohort", "quarters"], maintain_order=True):
        clusters, state = group["first_cluster"].to_numpy(), group["state"].to_numpy()
        row: dict[str, Any] = dict(zip([*by, "cohort", "quarters"], key, strict=True))
        row |= count_contributors(group["person"].to_numpy(), clusters)
        if group["seen"].all():
            row |= {outcome: int((state == outcome).sum()) for outcome in OUTCOMES}
            row |= count_share("conviction_ratio", state == "convicted", clusters)
            ended = np.isin(state, ENDED)
            row |= count_share("decided_ratio", state[ended] == "convicted", clusters[ended])
        rows.append(row)
    counts = {"n_persons": pl.Int64(), "n_proceedings": pl.Int64(), "largest_share": pl.Float64()}
    schema = {name: stays.schema[name] for name in by} | {"cohort": pl.String(), "quarters": pl.Int64()} | counts
    schema |= dict.fromkeys(OUTCOMES, pl.Int64())
    schema |= counted_schema("conviction_ratio", "decided_ratio")
    seen = pl.col("open").is_not_null() & (pl.col("quarters") > 0)
    return (
        insert_shares(pl.DataFrame(rows, schema=schema, orient="row"), "conviction_ratio", "decided_ratio")
        .with_columns(seen_quarters=seen.sum().over(*by, "cohort").cast(pl.Int64()))
        .sort(*by, "cohort", "quarters")
    )
