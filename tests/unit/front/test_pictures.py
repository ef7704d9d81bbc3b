"""Tests of pictures that are left out, because they would show nothing."""

from __future__ import annotations

import pytest

from pipelines.front import pictures
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_total


@pytest.mark.parametrize(
    ("area", "value", "reporters", "is_drawn"),
    [("AA", 12.0, "AA", True), ("AA", None, "AA", False), ("WB", 90.0, "AA,BB,CC", False)],
)
def test_course_without_a_figure_is_not_drawn(area: str, value: float | None, reporters: str, is_drawn: bool) -> None:
    totals = [make_total(area, year, value, reporters=reporters) for year in ("2024", "2025")]
    totals += [make_total("WB", year, None) for year in ("2024", "2025") if area != "WB"]
    reader = Reader(make_edition(total=totals), "en")
    assert (pictures.draw_trend(reader, "TIP", "convicted_first", area) is not None) == is_drawn
