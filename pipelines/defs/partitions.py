"""The partitions: quarters from the first year of the back series to the current quarter, and the days of reminders.

A time window has no fixed list of keys, so a running server has the next quarter as soon as it begins. A key is the
first day of its quarter, because the format of a key cannot express a quarter: `2026-07-01` is 2026-Q3. Dagster reads
the system's clock, never `RTI_NOW`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import dagster as dg

from pipelines.model.periods import Period
from pipelines.refresh import QuarterRange

FIRST = Period("2020-Q1")
QUARTERS = dg.TimeWindowPartitionsDefinition(
    start=FIRST.start.isoformat(),
    fmt="%Y-%m-%d",
    cron_schedule="0 0 1 1,4,7,10 *",
    end_offset=1,  # the current quarter, for returns that come too early
)
DAYS = dg.DailyPartitionsDefinition(
    start_date=FIRST.start.isoformat(),
    timezone="Europe/Belgrade",
    end_offset=1,  # the current day, whose reminders are due in its morning
)
_RANGE_START, _RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def read_quarter(key: str) -> Period:
    """Return the quarter of a partition key."""
    return Period.from_day(date.fromisoformat(key), "Q")


def read_range(key_range: dg.PartitionKeyRange) -> QuarterRange:
    """Return the quarters of a range of partitions.

    Earlier quarters belong to the first partition and later ones to the last, so that all partitions together cover
    every return.
    """
    is_first = key_range.start == QUARTERS.get_first_partition_key()
    is_last = key_range.end == QUARTERS.get_last_partition_key()
    return QuarterRange(
        None if is_first else read_quarter(key_range.start), None if is_last else read_quarter(key_range.end)
    )


def tag_range(quarters: QuarterRange) -> dict[str, str]:
    """Return the tags that make one run cover a range of quarters."""
    keys = QUARTERS.get_partition_keys()
    return {
        _RANGE_START: keys[0] if quarters.first is None else _find_key(keys, quarters.first),
        _RANGE_END: keys[-1] if quarters.last is None else _find_key(keys, quarters.last),
    }


def find_nearest_key(quarter: Period) -> str:
    """Return the partition of a quarter, or the nearest one if Dagster's clock has not reached that quarter."""
    return _find_key(QUARTERS.get_partition_keys(), quarter)


def is_current_day(key: str) -> bool:
    """Return True if a partition of `DAYS` is the present day by Dagster's clock."""
    return key == DAYS.get_last_partition_key()


def _find_key(keys: Sequence[str], quarter: Period) -> str:
    """Return the key of a quarter, or of the nearest one that has a partition."""
    return min(max(quarter.start.isoformat(), keys[0]), keys[-1])
