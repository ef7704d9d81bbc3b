"""Tests of pictures that are left out, because they would show nothing."""

from __future__ import annotations

import re
from datetime import date

import pytest

from pipelines.front import pictures
from pipelines.front.pages import indicators
from pipelines.front.reader import Reader
from tests.support.editions import AREAS, make_area, make_edition, make_metric, make_ratio, make_total


def test_course_of_the_region_is_cut_where_a_territory_is_missing() -> None:
    covered = {"2022": "AA,BB,CC,DD", "2023": "AA,BB,CC,EE", "2024": "AA,BB,CC,DD", "2025": "AA,BB,CC,DD"}
    totals = [make_total("WB", year, 600.0, reporters=codes) for year, codes in covered.items()]
    picture = pictures.draw_trend(Reader(make_edition(total=totals), "en"), "TIP", "convicted_first", "WB")
    assert picture is not None and picture.svg.count('class="curve"') == 2, "2024 to 2025, in both layouts"


def make_break(area: str, owner: str, kind: str) -> dict[str, object]:
    return {
        "area": area, "of_area": owner, "kind": kind, "code": kind, "first_period": "2025", "offence_group": "",
        "first_day": date(2025, 1, 1), "last_day": date(2025, 1, 1), "measure": "", "level": "", "words": "declared",
        "detail": "A cause.", "text": "A cause.",
    }  # fmt: skip


def test_break_has_the_name_of_the_area_that_it_is_of() -> None:
    totals = [
        make_total(area, year, 90.0, reporters=reporters)
        for area, reporters in (("WB", "AA,BB,CC,DD"), ("AA", "AA"), ("BB", "BB"))
        for year in ("2024", "2025")
    ]
    breaks = [make_break("AA", "AA_X", "law"), make_break("AA_X", "AA_X", "law"), make_break("BB", "BB", "source")]
    reader = Reader(make_edition(total=totals, **{"break": breaks}), "en")
    names = {
        area: [mark.name for mark in pictures._make_series(reader, "TIP", "convicted_first", area).breaks]
        for area in ("WB", "AA", "BB")
    }
    part = reader.area_name("AA_X")
    assert names == {
        "WB": [f"Change in the law, 2025, {part}", f"Change of source, 2025, {reader.area_name('BB')}"],
        "AA": [f"Change in the law, 2025, {part}"],
        "BB": ["Change of source, 2025"],
    }
    edition = make_edition(total=totals, **{"break": [*breaks, make_break("BB", "BB", "recording")]})
    marks = pictures._make_series(Reader(edition, "en"), "TIP", "convicted_first", "BB").breaks
    assert [mark.name for mark in marks] == ["Change in recording and change of source, 2025"], (
        "they share one rule, so they share one name"
    )
    table = indicators._compose_count_years(reader, "TIP", "convicted_first", ["2024", "2025"])
    of_region = f"Change in the law, 2025, {part}: A cause. Change of source, 2025, {reader.area_name('BB')}: A cause."
    assert table.notes.texts == [
        of_region, f"Change in the law, 2025, {part}: A cause.", "Change of source, 2025: A cause.",
    ]  # fmt: skip


def test_break_before_the_first_figure_of_an_area_is_none_of_its_series() -> None:
    """Check a territory that counts from the period of the break on, alone and as a member of the region."""
    totals = [
        make_total(area, year, 90.0, reporters=reporters)
        for area, year, reporters in (
            ("WB", "2024", "AA,CC,DD,EE"), ("WB", "2025", "AA,BB,CC,DD,EE"), ("AA", "2024", "AA"), ("AA", "2025", "AA"),
            ("BB", "2025", "BB"),
        )
    ]  # fmt: skip
    breaks = [make_break("BB", "BB", "source"), make_break("AA", "AA", "law")]
    reader = Reader(make_edition(total=totals, **{"break": breaks}), "en")
    names = {
        area: [mark.name for mark in pictures._make_series(reader, "TIP", "convicted_first", area).breaks]
        for area in ("WB", "AA", "BB")
    }
    law = ["Change in the law, 2025"]
    assert names == {"WB": [f"{law[0]}, {reader.area_name('AA')}"], "AA": law, "BB": []}
    table = indicators._compose_count_years(reader, "TIP", "convicted_first", ["2024", "2025"])
    assert [text for text in table.notes.texts if "A cause." in text] == [
        f"Change in the law, 2025, {reader.area_name('AA')}: A cause.", "Change in the law, 2025: A cause.",
    ]  # fmt: skip


def test_caption_of_a_course_names_what_is_counted() -> None:
    totals = [make_total(area, "2025", 90.0) for area in ("WB", "AA")]
    reader = Reader(make_edition(total=totals), "en")
    trend = pictures.draw_trend(reader, "TIP", "convicted_first", "WB")
    assert trend is not None and trend.caption == "Western Balkans: convicted_first (persons), TIP, 2025"
    assert pictures.draw_territories(reader, "TIP", "convicted_first").caption == "Convicted_first (persons), TIP, 2025"
    cases = make_edition(total=[make_total("WB", "2025", 90.0, count_unit="case")])
    trend = pictures.draw_trend(Reader(cases, "en"), "TIP", "convicted_first", "WB")
    assert trend is not None and "(cases)" in trend.caption


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
    assert "Aland: divided by those who reached the earlier stage 1 year earlier" in text
    assert text.count("1 year earlier") == 1, "Cland is divided by the same year"


def test_picture_of_ratios_names_the_areas_that_divide_adults_by_persons_of_all_ages() -> None:
    code = "convicted_first_per_indicted"
    ratios = [make_ratio("AA", "2025", ages="Y_GE18/_T"), make_ratio("CC", "2025", ages="_T/_T")]
    ratios.append(make_ratio("BB", "2025", ages="Y_GE18/_T", value=None, state="missing"))
    edition = make_edition(
        stage_ratio=ratios, total=[make_total("WB", "2025", 90.0)], metric=[make_metric(code, "Convicted per indicted")]
    )
    text = " ".join(re.findall(r">([^<>]+)</t", pictures.draw_ratios(Reader(edition, "en"), "TIP", code).draw(560).svg))
    assert "Aland: one of the two counts is of adults only (18 and over)." in text
    assert text.count("adults only") == 1


@pytest.mark.parametrize(
    ("reporters", "cover"), [("AA,BB,CC,DD", "4 of 5 territories"), ("AA,BB,CC,DD,EE", "all 5 territories")]
)
def test_comparison_with_the_region_has_the_territories_in_its_figure(reporters: str, cover: str) -> None:
    code = "convicted_first_per_indicted"
    region = f"Western Balkans ({cover}): 80 (60–100)"
    ratios = [make_ratio("WB", "2025", reporters=reporters), make_ratio("AA", "2025")]
    rates = [make_ratio(row["area"], "2025", metric="rate", reporters=row["reporters"]) for row in ratios]
    edition = make_edition(
        area=[*AREAS, make_area("EE", "territory", "EE", "Eland")],
        stage_ratio=ratios,
        clearance=rates,
        total=[make_total("WB", "2025", 90.0)],
        metric=[make_metric(code, "Convicted per indicted"), make_metric("rate", "Clearance rate")],
    )
    reader = Reader(edition, "en")
    for picture in (pictures.draw_ratios(reader, "TIP", code), pictures.draw_clearance(reader, "TIP", "rate")):
        drawn = picture.draw(560)
        assert region in " ".join(re.findall(r">([^<>]+)</t", drawn.svg))
        assert f"Western Balkans ({cover}): 80" in drawn.description
