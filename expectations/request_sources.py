"""Rule that compares records of requests with the counts of the same office, year by year.

The office counts the requests that it lists, so both returns agree exactly.
"""

from __future__ import annotations

import polars as pl

from expectations.cooperation_tables import ACKNOWLEDGED, ENTRIES, EXITS
from expectations.event_tables import pool_records
from expectations.figures import PlausibilityRule, ReturnFigures
from expectations.reporting import FindingTemplate
from expectations.tables import list_offence_groups
from pipelines.core.codes import COOPERATION_DIMENSIONS, TOTAL_CODES

COMPARED = (*ENTRIES, ACKNOWLEDGED, *EXITS)
_BLOCK = ["submission_id", "jurisdiction", "freq", "period"]
_FIGURE = ["measure", "direction", "offence_group"]
_YEAR = ["submission_id", "jurisdiction", "year"]
_UNDIVIDED = [name for name in COOPERATION_DIMENSIONS if name != "direction"]
_PERIODS_OF_YEAR = {"A": 1, "Q": 4}


def count_requests_of_observations(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the requests by event, direction and offence group that the counts of a period have, with their place.

    The figure of all partners is used, or else the sum of the partners.
    """
    rows = observations.filter(
        pl.col("measure").is_in(COMPARED) & (pl.col("statistic") == "count") & (pl.col("accumulation") == "discrete"),
        pl.all_horizontal(pl.col(name).is_in(TOTAL_CODES) for name in _UNDIVIDED),
        pl.col("value").is_not_null(),
    )
    by = [*_BLOCK, "measure", "direction", "offence"]
    is_total = pl.col("partner").is_in(TOTAL_CODES)
    chosen = rows.filter(is_total | ~is_total.any().over(by))
    return _add_up(chosen, pl.col("value").sum(), is_of_records=False)


def count_requests_of_events(events: pl.DataFrame) -> pl.DataFrame:
    """Return the requests by event, direction and offence group that the records of a period have, likewise."""
    requests = events.rename({"event": "measure"}).filter(pl.col("measure").is_in(COMPARED))
    once = requests.unique([*_BLOCK, "form", "proceeding", "measure"], keep="first", maintain_order=True)
    return _add_up(once, pl.len().cast(pl.Float64).alias("value"), is_of_records=True)


def _add_up(rows: pl.DataFrame, value: pl.Expr, *, is_of_records: bool) -> pl.DataFrame:
    return (
        rows.join(list_offence_groups(), on="offence", how="inner", maintain_order="left")
        .group_by([*_BLOCK, *_FIGURE], maintain_order=True)
        .agg(value, pl.col("place").first())
        .with_columns(is_of_records=pl.lit(is_of_records))
    )


def find_differing_requests(figures: ReturnFigures) -> pl.DataFrame:
    """Return the figures of whole years in which records and counts differ: `value` of this return, `expected`.

    Only figures that the counts have in all periods of a year are compared; an event without records counts 0.  A patch
    has a part of its period, so that it is not compared.
    """
    if figures.sister_counts.is_empty():
        return figures.sister_counts
    compared_blocks = figures.blocks.filter(pl.col("owes_all") | pl.col("nil")).select(_BLOCK)
    own_counts, earlier_counts = (
        pl.concat([count_requests_of_observations(observations), count_requests_of_events(events)])
        for observations, events in (
            (figures.observations, figures.events),
            (figures.earlier_observations, figures.earlier_events),
        )
    )
    own_counts = own_counts.join(compared_blocks, on=_BLOCK, how="semi", maintain_order="left")
    earlier_counts = earlier_counts.join(figures.blocks.select(_BLOCK), on=_BLOCK, how="anti", maintain_order="left")
    this_side = pl.concat([own_counts, earlier_counts.with_columns(place=pl.lit(None, pl.String))])
    is_records = not figures.sister_counts["is_of_records"].any()
    # A return without requests has a period, but no figure of it.
    periods = pl.concat([compared_blocks, this_side.select(_BLOCK)])
    of_return = _add_years(this_side, periods)
    of_sister = _add_years(figures.sister_counts, figures.sister_counts.select(_BLOCK))
    records, counts = (of_return, of_sister) if is_records else (of_sister, of_return)
    years = _find_whole_years(periods).join(
        _find_whole_years(figures.sister_counts.select(_BLOCK)), on=_YEAR, how="semi", maintain_order="left"
    )
    own_years = _list_years(compared_blocks).select(_YEAR).unique()
    paired = (
        counts.filter("is_whole")
        .join(years.join(own_years, on=_YEAR, how="semi"), on=_YEAR, how="semi", maintain_order="left")
        .join(records.drop("is_whole"), on=[*_YEAR, *_FIGURE], how="left", suffix="_records", maintain_order="left")
        .with_columns(pl.col("value_records").fill_null(0.0))
    )
    value, expected = ("value_records", "value") if is_records else ("value", "value_records")
    places = own_counts.group_by("submission_id", maintain_order=True).agg(pl.col("place").first().alias("first_place"))
    differing = (
        paired.filter(pl.col("value") != pl.col("value_records"))
        .join(places, on="submission_id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("place_records" if is_records else "place", "first_place").alias("place"),
            pl.col(value).alias("value"),
            pl.col(expected).alias("expected"),
            pl.col("year").alias("period"),
        )
    )
    largest_first = (pl.col("value") - pl.col("expected")).abs()
    return pool_records(differing.sort(largest_first, descending=True, maintain_order=True))


def _list_years(blocks: pl.DataFrame) -> pl.DataFrame:
    return blocks.unique(maintain_order=True).with_columns(year=pl.col("period").str.slice(0, 4))


def _find_whole_years(blocks: pl.DataFrame) -> pl.DataFrame:
    """Return the years with all their periods."""
    number = pl.col("freq").replace_strict(_PERIODS_OF_YEAR, return_dtype=pl.UInt32)
    counted = _list_years(blocks).group_by(*_YEAR, "freq", maintain_order=True).agg(pl.len().alias("periods"))
    return counted.filter(pl.col("periods") == number).select(_YEAR).unique(maintain_order=True)


def _add_years(counts: pl.DataFrame, blocks: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of years with their first place; `is_whole` says that the figure is in every period."""
    periods = _list_years(blocks).group_by(*_YEAR, "freq").agg(pl.len().alias("periods"))
    return (
        counts.with_columns(year=pl.col("period").str.slice(0, 4))
        .group_by([*_YEAR, "freq", *_FIGURE], maintain_order=True)
        .agg(pl.col("value").sum(), pl.len().alias("given"), pl.col("place").drop_nulls().first())
        .join(periods, on=[*_YEAR, "freq"], how="left", maintain_order="left")
        .with_columns(is_whole=pl.col("given") == pl.col("periods"))
        .drop("freq", "given", "periods")
    )


RULES = (
    PlausibilityRule(
        find_differing_requests,
        FindingTemplate(
            "request.counts",
            "value",
            "expected",
            params={
                "measure": "measure",
                "direction": "direction",
                "offence_group": "offence_group",
                "period": "period",
                "records": "records",
            },
        ),
        needs_rows=False,
    ),
)
