"""Stays of each defendant and matter in a stage: from the event that opens it to its end, or to the cut-off.

Rules and their reasons: `docs/methodology/durations.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.model.periods import Period
from pipelines.statistics.matters import in_matters
from pipelines.statistics.stages import AREA, GOES_ON, UNIT, Stage

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Stays:
    """`frame`: one row per stay (`STAY`); `set_aside`: `AREA`, `reason` and number `n` of the events that gave none."""

    frame: pl.DataFrame
    set_aside: pl.DataFrame


STAY = (
    *UNIT,
    "cluster",
    "stay",
    "again",
    "opened_by",
    "start",
    "end",
    "closed_by",
    "until",
    "days",
    "ended",
    "run_from",
    "run_until",
    "known_until",
)
"""`cluster`: connected proceedings.  `stay`: 1 for the first in the records; `again`: a later stay of the matter, after
a return (a retrial) or a second entry.  `until`: the end, or the last day on which it was known to be open; `days`:
from `start` to `until`, 0 on the same day.  `ended`: false if open or continued elsewhere (`GOES_ON`).
`run_from`, `run_until`: first and last day of an unbroken run of records; `known_until`: the end of the last run."""


def find_record_runs(events: pl.DataFrame, reported: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the unbroken runs of records of each source: `jurisdiction, source, run_from, run_until, known_until`.

    One row per run; `known_until` is the end of the last run of the source.

    `reported` (`jurisdiction, source, period`) are the periods of accepted blocks, including nil returns; by default
    those of the events.  A missing period ends a run: its events are unknown, so earlier stays are followed only up to
    it.  A cut-off before the end of its period ends a run too; a cut-off after the end of its period is ignored,
    because the events of those days are in the next return.
    """
    import polars as pl

    key = ["jurisdiction", "source", "period"]
    newest = events.group_by(key).agg(pl.col("cutoff_date").max()).select(*key, "cutoff_date")
    cutoffs = {row[:3]: row[3] for row in newest.rows()}
    reported_periods = set(cutoffs) | (set() if reported is None else set(reported.select(key).unique().rows()))
    spans = []
    for jurisdiction, source, code in reported_periods:
        period = Period.from_code(code)
        cutoff = cutoffs.get((jurisdiction, source, code)) or period.end
        spans.append((jurisdiction, source, period.start, min(cutoff, period.end)))
    runs: list[list[object]] = []
    for jurisdiction, source, start, until in sorted(spans):
        if runs and runs[-1][:2] == [jurisdiction, source]:
            end = runs[-1][3]
            assert isinstance(end, date)
            if start <= end + timedelta(days=1):
                runs[-1][3] = max(end, until)
                continue
        runs.append([jurisdiction, source, start, until])
    schema = {
        "jurisdiction": pl.String(),
        "source": pl.String(),
        "run_from": pl.Date(),
        "run_until": pl.Date(),
    }
    runs_frame = pl.DataFrame(runs, schema=schema, orient="row")
    return runs_frame.with_columns(known_until=pl.col("run_until").max().over("jurisdiction", "source"))


def find_stays(events: pl.DataFrame, stage: Stage, *, reported: pl.DataFrame | None = None) -> Stays:
    """Return the stays of a stage, ordered by unit and start.

    `events`: columns of `CASE_EVENT` and `offence_group`, from the newest accepted blocks.  Raises ValueError without
    the column `offence_group`.  Events without a stay are counted in `set_aside`: `duplicate` (repeated rows, or rows
    for a further offence of the group), `start_not_seen` (an end whose start is before the records), `out_of_order`
    (the first entry is after an end: the whole unit), `outside_records` (an entry on a day outside all reported
    periods).
    """
    import polars as pl

    if "offence_group" not in events.columns:
        raise ValueError("events have no column offence_group; join the code list `offence` before asking for stays")
    events_in_matters = in_matters(events)
    steps = _order_events(events_in_matters, stage)
    n_repeated = pl.len() - pl.struct(*UNIT, "event_date", "event", "level").n_unique()
    duplicates = _count_set_aside(steps, n_repeated, "duplicate")
    steps = steps.unique([*UNIT, "event_date", "event", "level"], keep="first", maintain_order=True)
    opening = pl.col("role") != "exit"
    before = opening.shift().over(UNIT)
    steps = steps.with_columns(
        starts=opening & (before.is_null() | ~before),
        orphan=~opening & before.is_null(),
        closes=pl.when(~opening).then("event_date").backward_fill().over(UNIT),
        closed_by=pl.when(~opening).then("event").backward_fill().over(UNIT),
    ).with_columns(
        disordered=(pl.col("orphan").any() & (pl.col("role") == "entry").any()).over(UNIT)
        & (pl.col("role").filter(opening).first() == "entry").over(UNIT)
        & pl.lit(not stage.recurs)
    )
    disordered = _count_set_aside(steps.filter("disordered").unique(UNIT), pl.len(), "out_of_order")
    orphaned = _count_set_aside(steps.filter("orphan", ~pl.col("disordered")), pl.len(), "start_not_seen")
    started = steps.filter("starts", ~pl.col("disordered")).rename({"event_date": "start", "event": "opened_by"})
    followed = started.sort("start").join_asof(
        find_record_runs(events, reported).sort("run_from"),
        left_on="start",
        right_on="run_from",
        by=["jurisdiction", "source"],
        check_sortedness=False,
    )
    within = pl.col("run_until").is_not_null() & (pl.col("start") <= pl.col("run_until"))
    outside = _count_set_aside(followed.filter(~within.fill_null(False)), pl.len(), "outside_records")
    is_seen = pl.col("closes") <= pl.col("run_until")
    frame = (
        followed.filter(within)
        .sort(*UNIT, "start")
        .with_columns(
            end=pl.when(is_seen).then("closes"),
            closed_by=pl.when(is_seen).then("closed_by"),
            until=pl.when(is_seen).then("closes").otherwise("run_until"),
            stay=pl.int_range(1, pl.len() + 1).over(UNIT),
        )
        .with_columns(
            again=(pl.col("role") != "entry") | (pl.col("stay") > 1),
            days=(pl.col("until") - pl.col("start")).dt.total_days(),
            ended=pl.col("end").is_not_null() & ~pl.col("closed_by").is_in(sorted(GOES_ON)).fill_null(False),
        )
        .select(STAY)
    )
    return Stays(frame, pl.concat([duplicates, disordered, orphaned, outside]).sort(*AREA, "reason"))


def _count_set_aside(frame: pl.DataFrame, n: pl.Expr, reason: str) -> pl.DataFrame:
    import polars as pl

    counts = frame.group_by(AREA).agg(n=n.cast(pl.Int64)).filter(pl.col("n") > 0)
    return counts.select(*AREA, pl.lit(reason).alias("reason"), "n")


def _order_events(events: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    """Return the events of a stage with their role, ordered by day, and within a day entries, exits, returns.

    An indictment and its decision may fall on one day, and a decision on appeal remits a case on the same day.
    """
    import polars as pl

    roles = [("entry", 0, mark) for mark in stage.entries]
    roles += [("exit", 1, mark) for mark in stage.exits]
    roles += [("return", 2, mark) for mark in stage.returns]
    stage_events = pl.DataFrame(
        [(role, rank, place, *mark) for place, (role, rank, mark) in enumerate(roles)],
        schema=["role", "rank", "place_in_stage", "event", "level"],
        orient="row",
    )
    return (
        events.join(stage_events, on=["event", "level"], how="inner")
        .filter(~((pl.col("event") == "joined") & pl.col("linked")))
        .sort(*UNIT, "event_date", "rank", "place_in_stage", "proceeding", "offence")
    )
