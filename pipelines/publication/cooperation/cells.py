"""Select the figures of cooperation that may be published, and those that readers know or can deduce from them.

The programme has annual figures of formal requests only, in two tables.  What is broken down further, by quarter,
type, legal basis, channel, reason or days, is never published, and neither are joint teams and informal exchange, whose
counts are nearly all small.  Decision 30 gives the cost of each table.
"""

from __future__ import annotations

import hashlib
from typing import Final

import polars as pl

TOTAL: Final = "_T"
KEY: Final = (
    "territory", "offence_group", "year", "direction", "measure", "statistic", "partner",
)  # fmt: skip
"""Columns that identify a cell of the problem."""
REGISTERED: Final = "requests_registered"
CLOSED: Final = "requests_closed"
"""Requests executed, in full or in part, refused or withdrawn: the denominator of shares executed."""
PENDING: Final = "pending_requests"
ENDINGS: Final = ("requests_executed", "requests_executed_part", "requests_refused", "requests_withdrawn")
OUTCOMES: Final = ("requests_acknowledged", *ENDINGS)
TOTALS: Final = "cooperation_total"
PARTNERS: Final = "cooperation_partner"
_NOT_BROKEN_DOWN: Final = ("assistance", "legal_basis", "channel", "refusal_reason", "days_band")


def select_cells(figures: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of the problem from `mart_cooperation`: `cooperation_id`, `KEY`, `value`, `table_id`.

    A figure that is missing has no row.  `table_id` is empty for figures that are not in the programme, which are the
    outcomes by partner.  The number of closed requests is added where all ways in which requests end are known.
    """
    chosen = figures.filter(
        pl.col("freq") == "A",
        pl.col("measure").is_in([REGISTERED, PENDING, *OUTCOMES]),
        pl.col("direction").is_in(["incoming", "outgoing"]),
        pl.all_horizontal(pl.col(name).is_in([TOTAL, "_Z"]) for name in _NOT_BROKEN_DOWN),
        pl.col("partner") != "_U",
        pl.col("value").is_not_null(),
    ).select("cooperation_id", *KEY, "value")
    is_total = pl.col("partner") == TOTAL
    return (
        pl.concat([chosen, _count_closed(chosen)])
        .with_columns(
            table_id=pl.when(is_total)
            .then(pl.lit(TOTALS))
            .when(pl.col("measure") == REGISTERED)
            .then(pl.lit(PARTNERS))
            .otherwise(pl.lit(""))
        )
        .sort(KEY)
    )


def _count_closed(chosen: pl.DataFrame) -> pl.DataFrame:
    """Return the requests that were executed, refused or withdrawn; its id is that of a hash of theirs."""
    book = [name for name in KEY if name != "measure"]
    return (
        chosen.filter(pl.col("measure").is_in(ENDINGS))
        .group_by(book)
        .agg(
            pl.col("value").sum(),
            pl.len().alias("_endings"),
            pl.col("cooperation_id").sort_by("measure").str.join("|").alias("_ids"),
        )
        .filter(pl.col("_endings") == len(ENDINGS))
        .with_columns(
            measure=pl.lit(CLOSED),
            cooperation_id=pl.col("_ids").map_elements(
                lambda ids: hashlib.md5(ids.encode(), usedforsecurity=False).hexdigest()[:16], return_dtype=pl.String
            ),
        )
        .select("cooperation_id", *KEY, "value")
    )
