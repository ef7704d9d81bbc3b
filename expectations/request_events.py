"""Rules on the events of requests: of one return by itself, and compared with earlier returns.

Every table has `submission_id` and `place`, so that a failing row points back to its return and line.
"""

from __future__ import annotations

import polars as pl

from expectations.cooperation_tables import ACKNOWLEDGED, ENTRIES, EXITS
from expectations.event_tables import pool_records
from expectations.figures import PlausibilityRule, ReturnFigures
from expectations.reporting import FindingTemplate
from expectations.tables import tabulate_days

REGISTERED = ENTRIES[0]
_REQUEST = ["submission_id", "form", "proceeding"]
_DESCRIPTION = ("direction", "partner", "assistance", "offence")


def tabulate_requests(events: pl.DataFrame) -> pl.DataFrame:
    """Return all events with the days of their period, and `own_partner`, the partner if it is the territory itself."""
    return events.join(tabulate_days(events), on="period", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("partner") == pl.col("territory")).then(pl.col("partner")).alias("own_partner")
    )


def list_second_ends(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events of a request that ended before, within a return: each request ends once.

    The columns `event_first` and `event_date_first` are those of its first end.
    """
    ends = events.filter(pl.col("event").is_in(EXITS))
    first = ends.unique(_REQUEST, keep="first", maintain_order=True)
    later = ends.join(first.select("submission_id", "place"), on=["submission_id", "place"], how="anti")
    return _join_first(later, first)


def list_late_acknowledgements(events: pl.DataFrame) -> pl.DataFrame:
    """Return acknowledgements that are dated after the request ended."""
    ends = events.filter(pl.col("event").is_in(EXITS)).unique(_REQUEST, keep="first", maintain_order=True)
    late = _join_first(events.filter(pl.col("event") == ACKNOWLEDGED), ends)
    return late.filter(pl.col("event_date") > pl.col("event_date_first"))


def list_contradictions(events: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return events that an earlier return contradicts: of a request that has ended, or that it registered later.

    An earlier return is one of another period; the same event with the same date in it contradicts, too, because every
    event belongs to one period.
    """
    block = ["submission_id", "form", "period"]
    others = earlier.join(events.select(block).unique(), on=block, how="anti")
    ended = _join_first(events, others.filter(pl.col("event").is_in(EXITS)))
    registered = _join_first(events, others.filter(pl.col("event") == REGISTERED))
    again = (pl.col("event") == REGISTERED) | (pl.col("event_date") < pl.col("event_date_first"))
    contradictions = pl.concat(
        [ended.filter(pl.col("event_date") >= pl.col("event_date_first")), registered.filter(again)]
    )
    return contradictions.unique(["submission_id", "place"], keep="first", maintain_order=True)


def list_changed_requests(events: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return requests with another direction, partner, type or offence than in an earlier return: `dim, category`."""
    first = earlier.unique(_REQUEST, keep="first", maintain_order=True).select(*_REQUEST, *_DESCRIPTION)
    joined = events.unique(_REQUEST, keep="first", maintain_order=True).join(
        first, on=_REQUEST, suffix="_first", maintain_order="left"
    )
    changed = [
        joined.filter(pl.col(name) != pl.col(f"{name}_first")).with_columns(
            dim=pl.lit(name), category=pl.col(name), other=pl.col(f"{name}_first")
        )
        for name in _DESCRIPTION
    ]
    return pl.concat(changed).unique(["submission_id", "place"], keep="first", maintain_order=True)


def _join_first(events: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """Join each event with the other event of its request, whose columns end in `_first`."""
    other_events = first.unique(_REQUEST, keep="first", maintain_order=True).select(
        *_REQUEST, pl.col("event").alias("event_first"), pl.col("event_date").alias("event_date_first")
    )
    return events.join(other_events, on=_REQUEST, maintain_order="left")


def find_second_ends(figures: ReturnFigures) -> pl.DataFrame:
    """Return requests that end twice in a return."""
    return pool_records(list_second_ends(figures.events))


def find_late_acknowledgements(figures: ReturnFigures) -> pl.DataFrame:
    """Return requests that were acknowledged after they ended."""
    return pool_records(list_late_acknowledgements(figures.events))


def find_changed_requests(figures: ReturnFigures) -> pl.DataFrame:
    """Return requests that are described otherwise than in an earlier return."""
    return pool_records(list_changed_requests(figures.events, figures.earlier_events))


def find_contradictions(figures: ReturnFigures) -> pl.DataFrame:
    """Return events that contradict an earlier return."""
    return pool_records(list_contradictions(figures.events, figures.earlier_events))


_PAIR = {"event": "event", "earlier": "event_first", "records": "records"}
RULES = (
    PlausibilityRule(find_second_ends, FindingTemplate("request.ends", "event_date", "event_date_first", params=_PAIR)),
    PlausibilityRule(
        find_late_acknowledgements,
        FindingTemplate("request.acknowledged", "event_date", "event_date_first", params=_PAIR),
    ),
    PlausibilityRule(
        find_changed_requests,
        FindingTemplate(
            "request.changed",
            "category",
            "other",
            params={"dim": "dim", "category": "category", "other": "other", "records": "records"},
        ),
    ),
    PlausibilityRule(
        find_contradictions, FindingTemplate("request.ended", "event_date", "event_date_first", params=_PAIR)
    ),
)
"""The first two need the return alone, the others earlier returns."""
