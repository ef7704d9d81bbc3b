"""Ranges of quarters."""

from __future__ import annotations

import pytest

from pipelines.model.periods import Period
from pipelines.refresh import EVERY_QUARTER, QuarterRange

Q1, Q2, Q3 = Period("2024-Q1"), Period("2024-Q2"), Period("2024-Q3")


@pytest.mark.parametrize(
    ("quarters", "contained", "text"),
    [
        (EVERY_QUARTER, (Q1, Q2, Q3), "all quarters"),
        (QuarterRange(Q2, Q2), (Q2,), "2024-Q2"),
        (QuarterRange(Q1, Q2), (Q1, Q2), "2024-Q1 to 2024-Q2"),
        (QuarterRange(None, Q2), (Q1, Q2), "up to 2024-Q2"),
        (QuarterRange(Q2, None), (Q2, Q3), "from 2024-Q2"),
    ],
)
def test_range_contains_its_quarters_and_names_itself(
    quarters: QuarterRange, contained: tuple[Period, ...], text: str
) -> None:
    assert tuple(quarter for quarter in (Q1, Q2, Q3) if quarter in quarters) == contained
    assert str(quarters) == text


def test_last_quarter_of_year_is_its_fourth() -> None:
    assert Period.from_code("2024").last_quarter == Period("2024-Q4")
    assert Q2.last_quarter == Q2
