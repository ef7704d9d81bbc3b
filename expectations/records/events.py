"""Rules on the order of events: events that exclude each other or repeat, and stages or outcomes that are missing."""

from __future__ import annotations

import polars as pl

from expectations.event_tables import (
    CASE,
    LEVELS_OF_COURT,
    OUTCOMES_OF_COURT,
    RETURN,
    list_declared_events,
    pool_records,
)
from expectations.figures import ReturnFigures
from expectations.records.periods import drop_copied_periods
from expectations.records.persons import CONFLICTS_BY_CHANCE

SAME_DAY_SHARE = 0.9
OUTCOME_SHARE = 0.3
"""If fewer decisions than this have an outcome, the register does not record outcomes."""


def find_exclusive_events(figures: ReturnFigures) -> pl.DataFrame:
    """Return events of a person that exclude each other within a return: two outcomes, an event after an exit."""
    return pool_records(figures.event_pairs.filter(~pl.col("is_repeated")))


def find_repeated_events(figures: ReturnFigures) -> pl.DataFrame:
    """Return events that one return has twice, on two days, without an event that brought the case back."""
    return pool_records(figures.event_pairs.filter("is_repeated"))


def find_missing_stages(figures: ReturnFigures) -> pl.DataFrame:
    """Return outcomes without the decision, and sanctions without the conviction, that they are part of.

    An outcome is a decision, so it has one in the same return.  A sanction can follow its conviction in a later
    quarter, so it is only asked of a register that dates nearly all sanctions on a day of their conviction.
    """
    new = figures.known_events.filter("is_new")
    declared = list_declared_events(figures.registry)
    missing = []
    for level in LEVELS_OF_COURT:
        decision, conviction, sanction = (f"{stage}_{level}" for stage in ("adjudicated", "convicted", "sentenced"))
        exits = pl.col("event").is_in(OUTCOMES_OF_COURT) & (pl.col("level") == level)
        needs = ((exits | (pl.col("event") == conviction), decision), (pl.col("event") == sanction, conviction))
        for needing, needed in needs:
            able = [form for form, events in declared.items() if needed in events]
            needing_events = new.filter(needing & pl.col("form").is_in(able))
            stages = new.filter(pl.col("event") == needed).select(*CASE, pl.col("event_date").alias("day"))
            with_day = needing_events.join(stages.group_by(CASE).agg(pl.col("day").min()), on=CASE, how="left")
            with_day = with_day.with_columns(
                has_stage=(pl.col("day") <= pl.col("event_date")).fill_null(False), earlier=pl.lit(needed)
            )
            if needed == conviction:
                share = pl.col("has_stage").mean().over(RETURN)
                is_absent = (share == 0) & (pl.len().over(RETURN) >= CONFLICTS_BY_CHANCE)
                with_day = with_day.filter((share >= SAME_DAY_SHARE) | is_absent)
            missing.append(with_day.filter(~pl.col("has_stage")))
    rows = pl.concat(missing).sort("row").unique([*CASE, "level"], keep="first", maintain_order=True)
    return pool_records(rows)


def find_missing_outcomes(figures: ReturnFigures) -> pl.DataFrame:
    """Return decisions without an outcome on that day, of a register that can report all outcomes."""
    new = figures.known_events.filter("is_new")
    declared = list_declared_events(figures.registry)
    missing = []
    for level in LEVELS_OF_COURT:
        outcomes = {f"convicted_{level}", *OUTCOMES_OF_COURT}
        able = [form for form, events in declared.items() if outcomes <= events]
        decisions = new.filter((pl.col("event") == f"adjudicated_{level}") & pl.col("form").is_in(able))
        outcome_days = new.filter(pl.col("event").is_in(outcomes) & (pl.col("level") == level))
        outcome_days = outcome_days.select(*CASE, "event_date", has_outcome=pl.lit(True)).unique()
        with_outcome = decisions.join(
            outcome_days, on=[*CASE, "event_date"], how="left", maintain_order="left"
        ).with_columns(pl.col("has_outcome").fill_null(False))
        records_outcomes = pl.col("has_outcome").mean().over(RETURN) >= OUTCOME_SHARE
        missing.append(with_outcome.filter(records_outcomes & ~pl.col("has_outcome")))
    return pool_records(pl.concat(missing).sort("row"))


def find_events_reported_before(figures: ReturnFigures) -> pl.DataFrame:
    """Return events that an earlier return has on another day, in a case that nothing brought back."""
    pairs = figures.event_pairs_with_earlier.filter("is_repeated")
    return pool_records(drop_copied_periods(pairs, figures))


def find_events_of_ended_cases(figures: ReturnFigures) -> pl.DataFrame:
    """Return events that contradict an earlier return: an earlier stage after a later one, or another outcome."""
    pairs = figures.event_pairs_with_earlier.filter(~pl.col("is_repeated"))
    return pool_records(drop_copied_periods(pairs, figures))
