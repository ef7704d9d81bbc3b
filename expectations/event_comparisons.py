"""Tables that compare the events of a period with those of earlier periods, or with the days of the period.

`known` are events as from `event_tables.tabulate_events`.  Each row is one test, with its p-value, of one period of a
return; `records/` decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from expectations.event_tables import BLOCK, CASE, LEVELS_OF_COURT, NOT_KNOWN, RETURN, is_conviction
from expectations.series import COMPARED_PERIODS
from pipelines.model.periods import Period
from pipelines.statistics import exchanged, jumps, unusual

RECENT_PERIODS = 4
ALL_EVENTS = "all events"
"""Shown in findings instead of one kind of event."""
FIRST_EVENTS = "first events of proceedings"
PROCEEDING_DISPERSION = 1.1
"""Least dispersion of the number of proceedings: co-defendants, who come in groups, count once."""
SHARE_COPIED, EVENTS_COPIED = 0.5, 8
"""Least share and number of events of the same cases that an earlier period has, in a copy."""
SHARE_ALIKE, EVENTS_ALIKE = 0.7, 20
"""The same of events that are alike and on the same day of the quarter, but of other cases."""
P_GAP = 1e-4
P_INNER_GAP = 1e-6
"""Courts have holidays, so a stretch within a period must be much less likely, and longer than they are."""
LONGEST_INNER_GAP = 0.3
P_SHARE = 0.002
"""Probability that any share of a sound return is reported; each category gets an equal part of it."""
SANCTION = [*RETURN, "law_article", "sentence_type"]


def find_copied_periods(known: pl.DataFrame) -> pl.DataFrame:
    """Return periods whose events an earlier period already has: those of the same cases, or on the same days.

    The days are those within the quarter, so that a copy with new codes for its persons is found as well.  `copied` of
    the `n` events are in `previous`.
    """
    dated = known.with_columns(month=(pl.col("event_date").dt.month() - 1) % 3, day=pl.col("event_date").dt.day())
    alike = ["event", "level", "law_article", "sex", "age", "sentence_type", "sentence_months", "month", "day"]
    copies = [
        _match_periods(dated, ["proceeding", "person", "event", "level"], SHARE_COPIED, EVENTS_COPIED),
        _match_periods(dated, alike, SHARE_ALIKE, EVENTS_ALIKE),
    ]
    return pl.concat(copies).sort("share", descending=True).unique(BLOCK, keep="first", maintain_order=True)


def _match_periods(known: pl.DataFrame, same: Sequence[str], least_share: float, least_number: int) -> pl.DataFrame:
    """Return periods that share enough of their events with one earlier period, whose code is `previous`."""
    counted = known.with_columns(nth=pl.int_range(pl.len()).over(*BLOCK, *same))
    new = counted.filter("is_new")
    earlier = counted.filter(~pl.col("is_new")).select(*RETURN, *same, "nth", pl.col("period").alias("previous"))
    number = new.group_by(BLOCK).agg(pl.len().cast(pl.Int64).alias("n"), pl.col("place").first())
    return (
        new.join(earlier, on=[*RETURN, *same, "nth"], nulls_equal=True)
        .group_by(*BLOCK, "previous")
        .agg(pl.len().cast(pl.Int64).alias("copied"))
        .join(number, on=BLOCK)
        .with_columns(share=pl.col("copied") / pl.col("n"))
        .filter((pl.col("share") >= least_share) & (pl.col("copied") >= least_number))
        .sort("share", "previous", descending=True)
        .unique(BLOCK, keep="first", maintain_order=True)
    )


def score_gaps(events: pl.DataFrame) -> pl.DataFrame:
    """Return stretches of days without events: at the start and the end of a period, and the longest within it.

    Events of one proceeding on one day are one.  All events, the first of each proceeding, and each kind are tried; a
    stretch within the period only for the first two.  `p` is multiplied by the number of tests of the period.
    """
    days = events.unique([*BLOCK, "event", "level", "proceeding", "event_date"], keep="first", maintain_order=True)
    days = days.sort("event_date", maintain_order=True)
    pooled = days.with_columns(event=pl.lit(ALL_EVENTS), level=pl.lit("_T")).unique(
        [*BLOCK, "proceeding", "event_date"], keep="first", maintain_order=True
    )
    first = pooled.unique([*BLOCK, "proceeding"], keep="first", maintain_order=True)
    days = pl.concat([days, pooled, first.with_columns(event=pl.lit(FIRST_EVENTS))])
    spans = {code: Period.from_code(code) for code in events["period"].unique()}
    start, end = ({code: getattr(period, side) for code, period in spans.items()} for side in ("start", "end"))
    step = pl.col("event_date").diff().dt.total_days().fill_null(0)
    kinds = (
        days.with_columns(
            start=pl.col("period").replace_strict(start, default=None, return_dtype=pl.Date),
            end=pl.col("period").replace_strict(end, default=None, return_dtype=pl.Date),
        )
        .group_by([*BLOCK, "event", "level"], maintain_order=True)
        .agg(
            pl.len().alias("n"),
            pl.col("start", "end").first(),
            pl.col("event_date").first().alias("first_day"),
            pl.col("event_date").last().alias("last_day"),
            step.max().alias("longest_step"),
            pl.col("event_date").get(step.arg_max()).alias("next_day"),
            pl.col("place").first().alias("place_of_first"),
            pl.col("place").last().alias("place_of_last"),
            pl.col("place").get(step.arg_max()).alias("place_of_next"),
        )
    )
    one_day = pl.duration(days=1)
    edges = [
        kinds.with_columns(gap_start=pl.col("start"), gap_end=pl.col("first_day") - one_day, place="place_of_first"),
        kinds.with_columns(gap_start=pl.col("last_day") + one_day, gap_end=pl.col("end"), place="place_of_last"),
    ]
    inner = kinds.filter(pl.col("event").is_in([ALL_EVENTS, FIRST_EVENTS])).with_columns(
        gap_start=pl.col("next_day") - pl.duration(days=pl.col("longest_step") - 1),
        gap_end=pl.col("next_day") - one_day,
        place="place_of_next",
    )
    frames = [frame.with_columns(is_inner=pl.lit(frame is inner)) for frame in (*edges, inner)]
    length = (pl.col("end") - pl.col("start")).dt.total_days() + 1
    gaps = pl.concat(frames).with_columns(
        share=((pl.col("gap_end") - pl.col("gap_start")).dt.total_days() + 1).clip(0) / length
    )
    n, share = gaps["n"].to_numpy(), gaps["share"].to_numpy()
    at_edge, within = unusual.score_gap(n, share), unusual.score_inner_gap(n, share)
    p = np.where(gaps["is_inner"].to_numpy(), within, at_edge)
    return gaps.with_columns(p=pl.Series(p, dtype=pl.Float64) * pl.len().over(*BLOCK, "is_inner"))


def select_gaps(known: pl.DataFrame) -> pl.DataFrame:
    """Return the least likely stretch without events in each period of the returns, if there is an unlikely one."""
    gaps = score_gaps(known.filter("is_new"))
    at_edge = ~pl.col("is_inner") & (pl.col("p") < P_GAP)
    within = pl.col("is_inner") & (pl.col("p") < P_INNER_GAP) & (pl.col("share") >= LONGEST_INNER_GAP)
    # Of the kinds of events, the whole register first.
    widest = pl.when(pl.col("event") == ALL_EVENTS).then(0).when(pl.col("event") == FIRST_EVENTS).then(1).otherwise(2)
    return gaps.filter(at_edge | within).sort(widest, "p").unique(BLOCK, keep="first", maintain_order=True)


def score_numbers(known: pl.DataFrame) -> pl.DataFrame:
    """Return the numbers of proceedings of each period, of all events and of each kind, given those before.

    `p` of all events is doubled, that of a kind multiplied by the number of kinds: the two families have an error of
    their own.  `low` and `high` are the least and the largest number of the four newest periods.
    """
    with_all = pl.concat([known, known.with_columns(event=pl.lit(ALL_EVENTS), level=pl.lit("_T"))])
    counts = with_all.group_by(*BLOCK, "event", "level", "is_new", maintain_order=True).agg(
        pl.col("proceeding").n_unique().cast(pl.Float64).alias("value"), pl.col("place").first()
    )
    blocks = known.select(*BLOCK, "is_new").unique()
    places = counts.filter((pl.col("event") == ALL_EVENTS) & pl.col("is_new")).select(*BLOCK, "place")
    kinds = counts.select(*RETURN, "freq", "event", "level").unique()
    # A kind without events in a period counts 0 there.
    grid = blocks.join(kinds, on=[*RETURN, "freq"]).join(
        counts.drop("place"), on=[*BLOCK, "event", "level", "is_new"], how="left"
    )
    series = _list_past(grid.with_columns(pl.col("value").fill_null(0.0)), [*RETURN, "freq", "event", "level"], "value")
    p = jumps.compute_surprise(
        _stack_lists(series, "past_value"), series["value"].to_numpy(), minimum_dispersion=PROCEEDING_DISPERSION
    )
    is_kind = pl.col("event") != ALL_EVENTS
    recent = pl.col("past_value").list.head(RECENT_PERIODS)
    return (
        series.with_columns(
            p=pl.Series(p, dtype=pl.Float64).fill_nan(None),
            n=pl.col("past_value").list.len(),
            mean=pl.col("past_value").list.mean(),
            low=recent.list.min(),
            high=recent.list.max(),
        )
        .with_columns(
            p=(pl.col("p") * pl.when(is_kind).then(is_kind.sum().over(BLOCK)).otherwise(2)).clip(upper_bound=1.0)
        )
        .join(places, on=BLOCK, maintain_order="left")
        .sort(is_kind, "p")
    )


def score_shares(known: pl.DataFrame) -> pl.DataFrame:
    """Return the categories of each period with `value` of `n`, and their percentage `share` in earlier `periods`.

    Persons by sex and age, proceedings by article and number of persons, decided persons by outcome, and convicted
    persons by sanction.  An unknown sex or age is a category.  `p` is multiplied by the number of categories.
    """
    decided = known.filter(pl.col("is_outcome") & pl.col("level").is_in(LEVELS_OF_COURT))
    convicted = known.filter(is_conviction())
    outcome = pl.when(is_conviction()).then(pl.lit("convicted_first")).otherwise(pl.col("event"))
    is_alone = pl.col("person").n_unique().over(*BLOCK, "is_new", "proceeding") == 1
    size = pl.when(is_alone).then(pl.lit("1")).otherwise(pl.lit("2+"))
    parts = [
        ("sex", known, pl.col("sex"), ["person"]),
        ("age", known, pl.col("age"), ["person"]),
        ("law_article", known, pl.col("law_article"), ["proceeding"]),
        ("case_size", known, size, ["proceeding"]),
        ("measure", decided, outcome, ["person", "proceeding", "level"]),
        ("sentence_type", convicted, pl.col("sentence_type"), ["person", "proceeding", "level"]),
    ]
    counted = pl.concat(
        [
            rows.with_columns(dim=pl.lit(dim), category=category)
            .unique([*BLOCK, "is_new", *unit, "category"], keep="first", maintain_order=True)
            .group_by([*BLOCK, "is_new", "dim", "category"], maintain_order=True)
            .agg(pl.len().cast(pl.Float64).alias("value"), pl.col("place").first())
            for dim, rows, category, unit in parts
        ]
    )
    whole = counted.group_by([*BLOCK, "is_new", "dim"], maintain_order=True).agg(
        pl.col("value").sum().alias("whole"), pl.col("place").first().alias("place_of_whole")
    )
    categories = counted.select(*RETURN, "freq", "dim", "category").unique()
    grid = (
        whole.join(categories, on=[*RETURN, "freq", "dim"])
        .join(counted, on=[*BLOCK, "is_new", "dim", "category"], how="left")
        .with_columns(pl.col("value").fill_null(0.0), place=pl.coalesce("place", "place_of_whole"))
    )
    series = _list_past(grid, [*RETURN, "freq", "dim", "category"], "value", "whole")
    past, past_whole = (np.nan_to_num(_stack_lists(series, f"past_{name}")) for name in ("value", "whole"))
    p = exchanged.compute_fit(past, past_whole, series["value"].to_numpy(), series["whole"].to_numpy())
    return (
        series.with_columns(
            p=pl.Series(p, dtype=pl.Float64),
            n=pl.col("whole").cast(pl.Int64),
            periods=pl.col("past_value").list.len(),
            share=(100 * pl.col("past_value").list.sum() / pl.col("past_whole").list.sum()).round(0),
        )
        .filter(pl.col("periods") >= jumps.MINIMUM_HISTORY)
        .with_columns(p=(pl.col("p") * pl.len().over(BLOCK)).clip(upper_bound=1.0))
        .join(
            grid.filter("is_new").select(*BLOCK, "dim", "category", "place"),
            on=[*BLOCK, "dim", "category"],
            maintain_order="left",
        )
        .sort("p")
    )


def select_shifted_shares(known: pl.DataFrame) -> pl.DataFrame:
    """Return the most surprising category of each breakdown of a period, the most surprising breakdown first."""
    shares = score_shares(known).filter(pl.col("p") < P_SHARE)
    return shares.unique([*BLOCK, "dim"], keep="first", maintain_order=True)


def _list_past(rows: pl.DataFrame, series: Sequence[str], *columns: str) -> pl.DataFrame:
    """Return the new rows with lists of their columns in up to twelve earlier periods, the newest first (`past_`)."""
    names = [f"past_{column}" for column in columns]
    earlier = rows.filter(~pl.col("is_new")).select(
        *series, pl.col("period").alias("past_period"), *(pl.col(column).alias(f"past_{column}") for column in columns)
    )
    return (
        rows.filter("is_new")
        .join(earlier, on=series)
        .filter(pl.col("past_period") < pl.col("period"))
        .sort("past_period", descending=True, maintain_order=True)
        .group_by([*series, "period"], maintain_order=True)
        .agg(pl.col(*names).head(COMPARED_PERIODS), pl.col(*columns).first())
    )


def _stack_lists(table: pl.DataFrame, column: str) -> jumps.Array:
    """Convert a column of lists to an array series x periods, NaN where a list is shorter than the longest."""
    width = max(table[column].list.len().to_list(), default=0)
    if not width:
        return np.empty((table.height, 0))
    padded = table[column].list.gather(list(range(width)), null_on_oob=True).list.to_array(width)
    return padded.to_numpy().astype(float)


def score_lengths(known: pl.DataFrame) -> pl.DataFrame:
    """Return each new length of a sanction with those known before, of its article and (`_overall`) of all articles.

    `known` is their number, `center` and `spread` are the mean and deviation of their logarithms, `longest` is the
    longest.  `p`, of the article, is multiplied by the number of lengths in the return.
    """
    lengths = _list_sentences(known)
    overall = _summarise_lengths(lengths, [*RETURN, "sentence_type"])
    scored = (
        lengths.filter("is_new")
        .join(_summarise_lengths(lengths, SANCTION), on=SANCTION, how="left", maintain_order="left")
        .join(overall, on=[*RETURN, "sentence_type"], how="left", suffix="_overall", maintain_order="left")
    )
    columns = (scored[name].to_numpy().astype(float) for name in ("known", "center", "spread", "length"))
    p = pl.Series(unusual.score_prediction(*columns), dtype=pl.Float64).fill_nan(None)
    return scored.with_columns(p=p * pl.len().over(RETURN))


def score_shift_of_lengths(known: pl.DataFrame, least_known: int) -> pl.DataFrame:
    """Score how far the average length of each sanction moved from that of earlier periods.

    Each logarithm is compared with the mean of its article and sanction if at least `least_known` are known.  The mean
    of all differences of a sanction is tested.  `p` is multiplied by the number of sanctions.
    """
    lengths = _list_sentences(known)
    usual = _summarise_lengths(lengths, SANCTION).filter(pl.col("known") >= least_known)
    differences = lengths.join(usual, on=SANCTION, maintain_order="left").with_columns(
        difference=pl.col("length") - pl.col("center")
    )
    # Co-defendants often get the same sentence, so a proceeding counts once.
    differences = differences.group_by(*BLOCK, "sentence_type", "proceeding", "is_new", maintain_order=True).agg(
        pl.col("difference", "sentence_months", "center").mean(), pl.col("place").first()
    )
    new = (
        differences.filter("is_new")
        .group_by([*BLOCK, "sentence_type"], maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("difference").mean().alias("shift"),
            pl.col("place").first(),
            pl.col("sentence_months").mean(),
            pl.col("center").exp().mean().alias("expected"),
        )
    )
    earlier = differences.filter(~pl.col("is_new"))
    spread = earlier.group_by(*RETURN, "sentence_type").agg(
        pl.len().alias("known"), pl.col("difference").std().alias("spread")
    )
    scored = new.join(spread, on=[*RETURN, "sentence_type"], maintain_order="left").with_columns(center=pl.lit(0.0))
    columns = (scored[name].to_numpy().astype(float) for name in ("known", "center", "spread", "n", "shift"))
    p = pl.Series(unusual.score_mean_shift(*columns), dtype=pl.Float64).fill_nan(None)
    return scored.with_columns(p=p * pl.len().over(BLOCK)).sort("p")


def _list_sentences(known: pl.DataFrame) -> pl.DataFrame:
    """Return each length of a person's sanction once, with its logarithm."""
    return (
        known.filter((pl.col("sentence_months") > 0) & ~pl.col("sentence_type").is_in(NOT_KNOWN))
        .unique([*CASE, "sentence_type", "sentence_months"], keep="first", maintain_order=True)
        .with_columns(length=pl.col("sentence_months").log())
    )


def _summarise_lengths(lengths: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return the number, mean and deviation of the logarithms known before, and the longest length."""
    return (
        lengths.filter(~pl.col("is_new"))
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("known"),
            pl.col("length").mean().alias("center"),
            pl.col("length").std().alias("spread"),
            pl.col("sentence_months").max().alias("longest"),
        )
    )
