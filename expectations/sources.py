"""Rule that compares the persons of a register with the counts of the same stages, jurisdiction and period.

A territory may have both: the courts' register, and counts of the statistical office.  They are never added, and they
need not be equal, but their ratio is steady.
"""

from __future__ import annotations

import polars as pl

from expectations import tables
from expectations.figures import PlausibilityRule, ReturnFigures, share_result
from expectations.reporting import FindingTemplate
from pipelines.statistics import jumps, ratios_over_time

P_SURPRISING = 0.001
LEAST_DIFFERENCE = 3
"""Fewer persons than this are not worth a question: late entries do that."""
_SERIES = ["submission_id", "jurisdiction", "measure", "level"]
_PERIOD = ["freq", "period"]


@share_result
def find_differing_sources(figures: ReturnFigures) -> pl.DataFrame:
    """Return the stage of each period that differs most from the other source, given the ratio in earlier periods.

    The p-value is multiplied by the number of stages compared.
    """
    if figures.sister_counts.is_empty():
        return figures.sister_counts
    own_counts, earlier_counts = (
        pl.concat([tables.count_persons_of_observations(observations), tables.count_persons_of_events(events)])
        for observations, events in (
            (figures.observations, figures.events),
            (figures.earlier_observations, figures.earlier_events),
        )
    )
    replaced = own_counts.select("submission_id", *_PERIOD).unique()
    earlier_counts = earlier_counts.join(replaced, on=["submission_id", *_PERIOD], how="anti")
    all_counts = pl.concat(
        [own_counts.with_columns(is_new=pl.lit(True)), earlier_counts.with_columns(is_new=pl.lit(False))]
    )
    pairs = _pair(all_counts, figures.sister_counts)
    past = (
        pairs.filter(~pl.col("is_new"))
        .group_by(*_SERIES, "freq")
        .agg(pl.col("value").alias("past_value"), pl.col("sister").alias("past_sister"))
        .filter(pl.col("past_value").list.len() >= jumps.MINIMUM_HISTORY)
    )
    compared = pairs.filter("is_new").join(past, on=[*_SERIES, "freq"], maintain_order="left")
    expected, p = ratios_over_time.score_ratio(
        compared["past_value"].to_list(), compared["past_sister"].to_list(), compared["value"], compared["sister"]
    )
    scored = compared.with_columns(
        expected=pl.Series(expected, dtype=pl.Float64), p=pl.Series(p, dtype=pl.Float64)
    ).with_columns(p=(pl.col("p") * pl.len().over("submission_id", *_PERIOD)).clip(upper_bound=1.0))
    is_large = (pl.col("value") - pl.col("expected")).abs() >= LEAST_DIFFERENCE
    differences = scored.filter((pl.col("p") < P_SURPRISING) & is_large).sort("p", maintain_order=True)
    differences = differences.unique(["submission_id", *_PERIOD], keep="first", maintain_order=True)
    # Lost days of a register are reported as such.
    return differences.join(figures.gaps, on=["submission_id", *_PERIOD], how="anti", maintain_order="left")


def _pair(known: pl.DataFrame, sisters: pl.DataFrame) -> pl.DataFrame:
    """Return the persons of each stage and period in both sources: `value` and `sister`, with the place of the former.

    Only offence groups of the counts are compared; a group, or a stage that the register has at other times, without
    persons in the register counts 0 there.
    """
    key = [*_SERIES, *_PERIOD, "offence_group"]
    sides = pl.concat(
        [
            known.with_columns(is_own=pl.lit(True)),
            sisters.select(pl.exclude("is_new")).with_columns(is_own=pl.lit(False), is_new=pl.lit(None, pl.Boolean)),
        ],
        how="diagonal",
    )
    register, counts = sides.filter("is_of_records"), sides.filter(~pl.col("is_of_records"))
    blocks = register.group_by("submission_id", "jurisdiction", *_PERIOD, maintain_order=True).agg(
        pl.col("is_own", "is_new", "place").first()
    )
    stages = register.select(_SERIES).unique()
    paired = (
        counts.join(stages, on=_SERIES, how="semi")
        .join(blocks, on=["submission_id", "jurisdiction", *_PERIOD], suffix="_block")
        .filter(pl.col("is_own") != pl.col("is_own_block"))
        .join(register.select(*key, "value", "place"), on=key, how="left", suffix="_register")
        .with_columns(
            pl.col("value_register").fill_null(0.0),
            is_new=pl.coalesce("is_new", "is_new_block"),
            place_register=pl.coalesce("place_register", "place_block"),
        )
    )
    return paired.group_by(*_SERIES, *_PERIOD, "is_own", "is_new", maintain_order=True).agg(
        pl.when("is_own").then("value").otherwise("value_register").sum().alias("value"),
        pl.when("is_own").then("value_register").otherwise("value").sum().alias("sister"),
        pl.when("is_own").then("place").otherwise("place_register").first().alias("place"),
    )


RULES = (
    PlausibilityRule(
        find_differing_sources,
        FindingTemplate(
            "plausible.sources",
            "value",
            "expected",
            params={"measure": "measure", "period": "period", "other": "sister", "p": "p"},
        ),
    ),
)
