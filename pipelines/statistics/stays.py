"""Stays: from what opens a stage to what ends it, for each defendant in each matter, open ones up to the cut-off.

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
    """`frame`: one row a stay (`STAY`); `set_aside`: `AREA`, `reason`, `n` of what gave none: none is lost."""

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
"""`cluster`: proceedings that hang together.  `stay`: 1 for the first seen; `again`: not the first of the matter, but
after a return (a retrial) or a second entry.  `until`: the end, or until when nothing had ended it; `days`: start to
`until`, 0 on one day.  `ended`: false for open ones and for those that go on elsewhere (`GOES_ON`).
`run_from`, `run_until`: from when to when the records reach in one piece; `known_until`: the end of the last piece."""


def reach(events: pl.DataFrame, reported: pl.DataFrame | None = None) -> pl.DataFrame:
    """How far the records of each source reach: `jurisdiction, source, run_from, run_until, known_until`.

    One row a piece; `known_until` is the end of the source's last one.

    `reported` (`jurisdiction, source, period`) are the periods of accepted blocks, nil returns with them; without it,
    those of the events.  A missing period parts two pieces: what happened in it is not known, so that a stay of before
    is followed up to it and no further.  A cut-off before its period's end parts two pieces too; one after it counts
    for nothing, since the events of those days stand in the next return.
    """
    import polars as pl

    key = ["jurisdiction", "source", "period"]
    newest = events.group_by(key).agg(pl.col("cutoff_date").max()).select(*key, "cutoff_date")
    cutoffs = {row[:3]: row[3] for row in newest.rows()}
    told = set(cutoffs) | (set() if reported is None else set(reported.select(key).unique().rows()))
    spans = []
    for jurisdiction, source, code in told:
        period = Period.of(code)
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
    found = pl.DataFrame(runs, schema=schema, orient="row")
    return found.with_columns(known_until=pl.col("run_until").max().over("jurisdiction", "source"))


def stays(events: pl.DataFrame, stage: Stage, *, reported: pl.DataFrame | None = None) -> Stays:
    """The stays of a stage, ordered by unit and start.

    `events`: columns of `CASE_EVENT` and `offence_group`, of the newest accepted blocks.  Raises ValueError without
    that column.  What gave no stay is counted in `set_aside`: `duplicate` (rows said twice, or for a further offence of
    the group), `start_not_seen` (an end whose start lies before the records), `out_of_order` (the first entry after an
    end: the whole unit), `outside_records` (an entry on a day of no reported period).
    """
    import polars as pl

    if "offence_group" not in events.columns:
        raise ValueError("events have no column offence_group; join the code list `offence` before asking for stays")
    named = in_matters(events)
    steps = _steps(named, stage)
    duplicates = _counted(steps, pl.len() - pl.struct(*UNIT, "event_date", "event", "level").n_unique(), "duplicate")
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
    disordered = _counted(steps.filter("disordered").unique(UNIT), pl.len(), "out_of_order")
    orphans = _counted(steps.filter("orphan", ~pl.col("disordered")), pl.len(), "start_not_seen")
    started = steps.filter("starts", ~pl.col("disordered")).rename({"event_date": "start", "event": "opened_by"})
    followed = started.sort("start").join_asof(
        reach(events, reported).sort("run_from"),
        left_on="start",
        right_on="run_from",
        by=["jurisdiction", "source"],
        check_sortedness=False,
    )
    within = pl.col("run_until").is_not_null() & (pl.col("start") <= pl.col("run_until"))
    outside = _counted(followed.filter(~within.fill_null(False)), pl.len(), "outside_records")
    seen = pl.col("closes") <= pl.col("run_until")
    frame = (
        followed.filter(within)
        .sort(*UNIT, "start")
        .with_columns(
            end=pl.when(seen).then("closes"),
            closed_by=pl.when(seen).then("closed_by"),
            until=pl.when(seen).then("closes").otherwise("run_until"),
            stay=pl.int_range(1, pl.len() + 1).over(UNIT),
        )
        .with_columns(
            again=(pl.col("role") != "entry") | (pl.col("stay") > 1),
            days=(pl.col("until") - pl.col("start")).dt.total_days(),
            ended=pl.col("end").is_not_null() & ~pl.col("closed_by").is_in(sorted(GOES_ON)).fill_null(False),
        )
        .select(STAY)
    )
    return Stays(frame, pl.concat([duplicates, disordered, orphans, outside]).sort(*AREA, "reason"))


def _counted(frame: pl.DataFrame, n: pl.Expr, reason: str) -> pl.DataFrame:
    import polars as pl

    found = frame.group_by(AREA).agg(n=n.cast(pl.Int64)).filter(pl.col("n") > 0)
    return found.select(*AREA, pl.lit(reason).alias("reason"), "n")


def _steps(named: pl.DataFrame, stage: Stage) -> pl.DataFrame:
    """The events of a stage with their role, in the order in which they count: within a day entries, exits, returns.

    An indictment and its decision may fall on one day, and a decision on appeal sends back on its own day.
    """
    import polars as pl

    roles = [("entry", 0, one) for one in stage.entries]
    roles += [("exit", 1, one) for one in stage.exits]
    roles += [("return", 2, one) for one in stage.returns]
    wanted = pl.DataFrame(
        [(role, rank, place, *one) for place, (role, rank, one) in enumerate(roles)],
        schema=["role", "rank", "place_in_stage", "event", "level"],
        orient="row",
    )
    return (
        named.join(wanted, on=["event", "level"], how="inner")
        .filter(~((pl.col("event") == "joined") & pl.col("linked")))
        .sort(*UNIT, "event_date", "rank", "place_in_stage", "proceeding", "offence")
    )
