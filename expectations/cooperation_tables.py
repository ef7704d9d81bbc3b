"""Tables of the figures of international cooperation, which the suite `cooperation` checks.

Every table has `submission_id` and `place`, so that a failing row points back to its return and cell.
"""

from __future__ import annotations

import polars as pl

from pipelines.core import codes
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.model.periods import Period

STOCK = "pending_requests"
ENTRIES = ("requests_registered",)
EXITS = ("requests_executed", "requests_executed_part", "requests_refused", "requests_withdrawn")
"""Terms of the balance of requests; `mart_cooperation_balance` has the same, and a test compares the two."""
ACKNOWLEDGED = "requests_acknowledged"
_DIMENSIONS = ("partner", *codes.COOPERATION_DIMENSIONS)
_NOT_OF_BOOK = (
    *("measure", "statistic", "period_start", "period_end", "date_basis"),
    *("legal_basis", "channel", "refusal_reason", "days_band"),
)
_BOOK = ("submission_id", "form", *(column for column in OBSERVATION_KEY if column not in _NOT_OF_BOOK))
"""Columns that identify one balance: the office, the period, the offence, and direction, partner and type."""


def tabulate_dimensions(observations: pl.DataFrame) -> pl.DataFrame:
    """Return all observations with `own_partner`, the partner if it is the reporting territory, and
    `strange_dimension`, the first dimension that the measure does not have; both are null if all is well."""
    strange = pl.lit(None, pl.String)
    measures = observations["measure"].unique().drop_nulls().to_list()
    for name in reversed(_DIMENSIONS):
        having = [m for m in measures if name in codes.list_cooperation_dimensions(m)]
        is_strange = (pl.col(name) != "_Z") & ~pl.col("measure").is_in(having)
        strange = pl.when(is_strange).then(pl.lit(name)).otherwise(strange)
    return observations.with_columns(
        pl.when(pl.col("partner") == pl.col("territory")).then(pl.col("partner")).alias("own_partner"),
        strange.alias("strange_dimension"),
    )


def tabulate_balances(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the balance of each direction, partner, type and offence, if all its terms are given.

    `closing` is the stock at the end, `expected` what follows from `opening`, `entries` and `exits`; `acknowledged` is
    compared with `open_in_period`, the requests pending at the start or registered. `place` and `label` are those of
    the stock at the end.
    """
    measure, statistic, value = pl.col("measure"), pl.col("statistic"), pl.col("value")
    undivided = [pl.col(name).is_in(codes.TOTAL_CODES) for name in ("legal_basis", "channel", "refusal_reason")]
    rows = observations.filter(
        value.is_not_null() & pl.all_horizontal(*undivided, pl.col("days_band").is_in(codes.TOTAL_CODES))
    )
    terms = [*ENTRIES, *EXITS]
    return (
        rows.group_by(_BOOK, maintain_order=True)
        .agg(
            value.filter((measure == STOCK) & (statistic == "start")).first().alias("opening"),
            value.filter(measure.is_in(ENTRIES)).sum().alias("entries"),
            value.filter(measure.is_in(EXITS)).sum().alias("exits"),
            value.filter((measure == STOCK) & (statistic == "end")).first().alias("closing"),
            value.filter(measure == ACKNOWLEDGED).first().alias("acknowledged"),
            pl.col("place", "label").filter((measure == STOCK) & (statistic == "end")).first(),
            measure.filter(measure.is_in(terms)).n_unique().alias("terms"),
        )
        .filter(pl.col("opening").is_not_null(), pl.col("closing").is_not_null(), pl.col("terms") == len(terms))
        .with_columns(
            (pl.col("opening") + pl.col("entries") - pl.col("exits")).alias("expected"),
            (pl.col("opening") + pl.col("entries")).alias("open_in_period"),
        )
    )


def find_changed_openings(observations: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return pending requests at the start of a period that differ from those at the end of the period before.

    A period of the same return comes before earlier returns of it.
    """
    is_stock = (pl.col("measure") == STOCK) & pl.col("value").is_not_null()
    starts = observations.filter(is_stock & (pl.col("statistic") == "start"))
    ends = pl.concat([earlier, observations]).filter(is_stock & (pl.col("statistic") == "end"))
    next_periods = {code: Period.from_code(code).next_period().code for code in ends["period"].unique()}
    book = [column for column in _BOOK if column != "period"]
    ends = ends.select(
        *book,
        pl.col("period").replace_strict(next_periods, return_dtype=pl.String),
        pl.col("value").alias("expected"),
    ).unique([*book, "period"], keep="last", maintain_order=True)
    joined = starts.join(ends, on=[*book, "period"], how="inner", maintain_order="left")
    return joined.filter(pl.col("value") != pl.col("expected"))
