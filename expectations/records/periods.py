"""Rules on the records of a whole period: copies, days without events, far dates, numbers and shares."""

from __future__ import annotations

import polars as pl

from expectations import event_comparisons, sources
from expectations.event_tables import (
    BLOCK,
    RETURN,
    pool_records,
)
from expectations.figures import ReturnFigures
from expectations.records.persons import find_unknown_columns

P_NUMBER = 0.004
"""Probability that the tests of a sound return report anything; each of its tests gets a part of it."""
LESS_THAN_RECENT, MORE_THAN_RECENT = 0.75, 1.33
"""A number within these factors of the four newest periods may follow a trend."""
FAR_YEARS, FAR_SHARE = 15, 0.05


def find_gaps(figures: ReturnFigures) -> pl.DataFrame:
    """Return the least likely stretch of days without events in each period: at its start, its end, or within it."""
    return figures.gaps


def find_far_dates(figures: ReturnFigures) -> pl.DataFrame:
    """Return the few events that are many years before the others, in a return without a period of its own."""
    new = figures.known_events.filter("is_new")
    newest = pl.col("event_date").max().over(RETURN)
    is_far = pl.col("event_date") < newest.dt.offset_by(f"-{FAR_YEARS}y")
    far = new.with_columns(newest=newest).filter(is_far & (is_far.mean().over(RETURN) < FAR_SHARE))
    return pool_records(far)


def find_copied_periods(figures: ReturnFigures) -> pl.DataFrame:
    """Return periods most of whose events an earlier period already has."""
    return figures.copied_event_periods


def drop_copied_periods(rows: pl.DataFrame, figures: ReturnFigures) -> pl.DataFrame:
    """Return the rows without those of periods that were copied, which are reported as such."""
    return rows.join(figures.copied_event_periods, on=RETURN, how="anti", maintain_order="left")


def find_surprising_numbers(figures: ReturnFigures) -> pl.DataFrame:
    """Return the most surprising number of proceedings of a period, of all events or of one kind, given those before.

    It is also clearly outside the four newest, as a steady trend is not.
    """
    scored = event_comparisons.score_numbers(figures.known_events)
    is_outside = (pl.col("value") < LESS_THAN_RECENT * pl.col("low")) | (
        pl.col("value") > MORE_THAN_RECENT * pl.col("high")
    )
    numbers = scored.filter((pl.col("p") < P_NUMBER) & is_outside).unique(BLOCK, keep="first", maintain_order=True)
    # Lost days, and a difference from the other source, are reported as such.
    for reported in (figures.gaps, sources.find_differing_sources(figures)):
        numbers = numbers.join(reported, on=["submission_id", "freq", "period"], how="anti", maintain_order="left")
    return drop_copied_periods(numbers, figures)


def find_shifted_shares(figures: ReturnFigures) -> pl.DataFrame:
    """Return the category whose share of a period is the most surprising given the shares before."""
    shares = drop_copied_periods(figures.shifted_shares, figures)
    # A column that is nearly empty is reported as such.
    shares = shares.join(find_unknown_columns(figures), on=[*RETURN, "dim"], how="anti", maintain_order="left")
    return shares.unique(BLOCK, keep="first", maintain_order=True)
