"""Ranges of quarters as Dagster's partitions."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest

from pipelines.defs.partitions import QUARTERS, read_quarter, read_range, tag_range
from pipelines.model.periods import Period
from pipelines.refresh import EVERY_QUARTER, QuarterRange

Q2, Q3 = Period("2024-Q2"), Period("2024-Q3")


def test_partitions_follow_the_clock_without_another_definition() -> None:
    before = QUARTERS.get_partition_keys(current_time=datetime(2030, 6, 30, 23, 59, tzinfo=UTC))
    after = QUARTERS.get_partition_keys(current_time=datetime(2030, 7, 1, 0, 1, tzinfo=UTC))
    assert [read_quarter(key).code for key in before[:5]] == ["2020-Q1", "2020-Q2", "2020-Q3", "2020-Q4", "2021-Q1"]
    assert (before[-1], after[-1]) == ("2030-04-01", "2030-07-01")
    assert after == [*before, "2030-07-01"]


def test_partition_range_is_unlimited_at_both_ends_of_the_partitions() -> None:
    keys = QUARTERS.get_partition_keys()
    assert read_range(dg.PartitionKeyRange(keys[0], keys[-1])) == EVERY_QUARTER
    assert read_range(dg.PartitionKeyRange("2024-04-01", "2024-04-01")) == QuarterRange(Q2, Q2)
    assert read_range(dg.PartitionKeyRange(keys[0], "2024-04-01")) == QuarterRange(None, Q2)
    assert read_range(dg.PartitionKeyRange("2024-04-01", keys[-1])) == QuarterRange(Q2, None)


@pytest.mark.parametrize("quarters", [EVERY_QUARTER, QuarterRange(Q2, Q2), QuarterRange(None, Q3)])
def test_tags_give_the_range_back(quarters: QuarterRange) -> None:
    assert read_range(dg.PartitionKeyRange(*tag_range(quarters).values())) == quarters


def test_tags_of_quarters_without_partition_are_the_nearest() -> None:
    keys = QUARTERS.get_partition_keys()
    assert list(tag_range(QuarterRange(Period("2019-Q3"), Period("2019-Q4"))).values()) == [keys[0], keys[0]]
    assert list(tag_range(QuarterRange(Period("2990-Q1"), Period("2990-Q1"))).values()) == [keys[-1], keys[-1]]
