"""Tests of pictures that are left out, because they would show nothing."""

from __future__ import annotations

import re

import pytest

from pipelines.front import pictures
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_metric, make_ratio, make_total


def test_course_of_the_region_is_cut_where_a_territory_is_missing() -> None:
    covered = {"2022": "AA,BB,CC,DD", "2023": "AA,BB,CC,EE", "2024": "AA,BB,CC,DD", "2025": "AA,BB,CC,DD"}
    totals = [make_total("WB", year, 600.0, reporters=codes) for year, codes in covered.items()]
    picture = pictures.draw_trend(Reader(make_edition(total=totals), "en"), "TIP", "convicted_first", "WB")
    assert picture is not None and picture.svg.count('class="curve"') == 2, "2024 to 2025, in both layouts"


@pytest.mark.parametrize(
    ("area", "value", "reporters", "is_drawn"),
    [("AA", 12.0, "AA", True), ("AA", None, "AA", False), ("WB", 90.0, "AA,BB,CC", False)],
)
def test_course_without_a_figure_is_not_drawn(area: str, value: float | None, reporters: str, is_drawn: bool) -> None:
    totals = [make_total(area, year, value, reporters=reporters) for year in ("2024", "2025")]
    totals += [make_total("WB", year, None) for year in ("2024", "2025") if area != "WB"]
    reader = Reader(make_edition(total=totals), "en")
    assert (pictures.draw_trend(reader, "TIP", "convicted_first", area) is not None) == is_drawn


def test_picture_of_ratios_names_the_areas_divided_by_an_earlier_year() -> None:
    code = "convicted_first_per_indicted"
    ratios = [make_ratio("WB", "2025"), make_ratio("AA", "2025", version="lagged", lag=1), make_ratio("CC", "2025")]
    edition = make_edition(
        stage_ratio=ratios, total=[make_total("WB", "2025", 90.0)], metric=[make_metric(code, "Convicted per indicted")]
    )
    picture = pictures.draw_ratios(Reader(edition, "en"), "TIP", code)
    text = " ".join(re.findall(r">([^<>]+)</t", picture.draw(560).svg))
    assert "Aland: divided by those who reached the earlier stage 1 year before" in text
    assert text.count("1 year before") == 1, "Cland is divided by the same year"
