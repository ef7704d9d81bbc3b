"""Days that requests for assistance wait, from records: medians and quartiles with open requests censored.

The curve is that of the durations of cases (`durations.py`). A request that is refused or withdrawn, or is answered
without a receipt, leaves on that day without its event, as a case does that another court takes over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.statistics import durations

if TYPE_CHECKING:
    import polars as pl

BY = ("territory", "offence_group", "direction", "measure", "year")
"""Columns of one figure; `year` is that of the registration."""


def summarise_waits(waits: pl.DataFrame) -> pl.DataFrame:
    """Return the days of each group of BY: `n` requests, `n_ended`, `n_open`, and quartiles as in `durations`.

    `waits` has a row for each request and measure (`mart_request_stay`).  Clusters are partners: requests to one
    authority take similar times, and a partner knows its own requests.  `n_persons` is the number of requests,
    `n_proceedings` that of partners.  `n_open` counts those that waited on the last day of the records.
    """
    import polars as pl

    stays = waits.with_columns(
        again=pl.lit(False), ended=pl.col("has_ended"), cluster=pl.col("partner"), person=pl.col("request")
    )
    summary = durations.summarise_durations(stays, BY, quantiles=durations.QUARTILES)
    still_open = waits.group_by(BY).agg(pl.col("is_open").sum().cast(pl.Int64).alias("n_open"))
    return summary.drop("n_open").join(still_open, on=BY, how="left").sort(BY)
