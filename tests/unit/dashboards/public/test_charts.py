"""Pictures of the explorer: intervals, states, no line across a break, hollow bars. They are read back from the SVG."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dashboards.public import charts
from dashboards.public.pages.territory import trend
from pipelines.front.charts.canvas import BROAD, NARROW, WIDE
from pipelines.words import changes
from tests.support.drawings import ReadDrawing, assert_legible

YEARS = ("2021", "2022", "2023", "2024")


def build_cell(period: str, value: float | None, **more: Any) -> dict[str, Any]:
    has_value = value is not None
    return {
        "period": period, "value": value,
        "obs_status": "A" if has_value else "Q", "conf_status": "F" if has_value else "C",
        "low": 0.5 * value if value is not None else None, "high": 1.5 * value if value is not None else None,
        "state": "enough", "flags": "", **more,
    }  # fmt: skip


def build_break(first: date, last: date, **more: Any) -> dict[str, Any]:
    return {
        "kind": "law", "code": "law:X", "first_period": str(last.year), "first_day": first, "last_day": last,
        "words": "declared", "text": "A new code.", "detail": "A new code.", "measure": "", "level": "", **more,
    }  # fmt: skip


def draw_points(*cells: dict[str, Any], **more: Any) -> tuple[ReadDrawing, str]:
    picture = charts.draw_series("A place: convicted", cells, **more)
    return assert_legible(picture.framed), picture.spoken


def test_break_on_a_known_day_splits_the_line_before_its_year() -> None:
    day = date(2023, 1, 1)
    read, spoken = draw_points(*(build_cell(year, 30) for year in YEARS), breaks=[build_break(day, day)])
    assert read.count_segments("curve") == 2 and read.count_marks("path", "band") == 2
    assert "Break in the series. Change in the law, 2023: A new code." in spoken
    assert read.count_marks("line", "rule") == 2, "one of them in the key"
    assert read.count_marks("rect", "shade") == 0 and "law" in read.words and "Break in the series" in read.words


def test_break_within_a_year_separates_that_year() -> None:
    read, _ = draw_points(
        *(build_cell(year, 30) for year in YEARS), breaks=[build_break(date(2022, 6, 1), date(2022, 6, 1))]
    )
    assert read.count_segments("curve") == 1, "2023 and 2024 are joined"


def test_break_before_the_first_figure_is_in_neither_picture_nor_table() -> None:
    """Plant a break in the year of the first figure, and one after it."""
    cells = [build_cell(year, None, obs_status="L", conf_status="F") for year in YEARS[:2]]
    cells += [build_cell(year, 30) for year in YEARS[2:]]
    first, second = (build_break(date(year, 1, 1), date(year, 1, 1), kind=kind, code=kind) for year, kind in (
        (2023, "law"), (2024, "counting"),
    ))  # fmt: skip
    read, spoken = draw_points(*cells, breaks=[first, second])
    assert "Change in counting, 2024" in spoken and "Change in the law" not in spoken and "law" not in read.words
    rows = [cell | {"measure": "indicted", "level": "prosecution"} for cell in cells]
    by_period = trend._find_breaks_by_period(rows, ["indicted"], YEARS, [first, second])
    assert by_period == {"2024": [second]}


def test_break_on_an_unknown_day_is_drawn_as_a_range() -> None:
    some_day = build_break(date(2022, 1, 2), date(2023, 12, 31), kind="counting")
    read, _ = draw_points(*(build_cell(year, 30) for year in YEARS), breaks=[some_day])
    assert read.count_segments("curve") == 0
    assert read.count_marks("rect", "shade") == 2 and "counting" in read.words, "one is in the key"


def test_break_before_the_series_is_ignored() -> None:
    read, spoken = draw_points(
        *(build_cell(year, 30) for year in YEARS), breaks=[build_break(date(2013, 1, 1), date(2013, 12, 31))]
    )
    assert read.count_segments("curve") == 3 and "Break" not in spoken


def test_point_has_its_range_and_state_in_words() -> None:
    read, spoken = draw_points(
        build_cell("2023", 30), build_cell("2024", 10, state="too_few", flags="provisional"), build_cell("2025", None)
    )
    assert read.count_marks("path", "hollow") == 2, "a diamond, and its sign in the key, which is hollow as well"
    assert read.count_marks("circle", "mark") == 1
    assert spoken == (
        "A place: convicted. 2023: 30, 95% confidence interval 15 to 45. 2024: 10, 95% confidence interval 5 to 15. "
        "Without a figure: 2025 (withheld). Too few to compare: 2024. Provisional: 2024."
    ), "a figure of few is not called the lowest, and the other one is not the highest of any"


def test_words_of_a_picture_give_its_ends_and_extremes_and_no_figure_between_them() -> None:
    values = (40, 90, 77, 20, 30)
    _, spoken = draw_points(*(build_cell(str(2021 + place), value) for place, value in enumerate(values)))
    assert "2021: 40, " in spoken and "2025: 30, " in spoken
    assert "Highest: 90 (2022). Lowest: 20 (2024)." in spoken and "77" not in spoken
    _, few = draw_points(*(build_cell(str(2021 + n), v, state="too_few" if v < 20 else "enough")
                           for n, v in enumerate((19, 90, 20, 5))))  # fmt: skip
    assert "2021: 19, " in few and "Highest: 90 (2022). Lowest: 20 (2023)." in few
    _, without = draw_points(build_cell("2023", None))
    assert without == "A place: convicted: no figure can be shown."


def test_parts_of_a_territory_are_not_described_as_territories_of_a_region() -> None:
    cells = [build_cell("2023", 30, reporters="BA_STATE,BA_FED"), build_cell("2024", 40, reporters="BA_STATE")]
    _, spoken = draw_points(*cells)
    assert "different territories" not in spoken and "Highest: 40 (2024)." in spoken


def test_unconnected_points_have_no_line_between_them() -> None:
    read, _ = draw_points(*(build_cell(year, 30) for year in YEARS), is_joined=False)
    assert read.count_segments("curve") == 0 and read.count_marks("circle", "mark") == len(YEARS)


def test_pictures_share_their_periods_and_scale() -> None:
    read, spoken = draw_points(build_cell("2023", 30), periods=YEARS, top=90)
    assert all(period in read.words for period in YEARS) and "100" in read.words
    assert "2021" not in spoken, "a period outside of the series is no figure"


def test_break_of_one_measure_does_not_affect_another() -> None:
    day = date(2023, 1, 1)
    rows = [build_break(day, day, measure="indicted"), build_break(day, day, level="first"), build_break(day, day)]
    assert changes.select_breaks(rows, "convicted_first", "first") == rows[1:]


def test_signs_of_declarations_are_written_in_words() -> None:
    day = date(2006, 1, 1)
    law = build_break(day, day, words="law_changed", detail="+388, +389, -111b", first_period="2006-Q1")
    assert changes.describe_break(law) == (
        "Change in the law, 2006 Q1: Articles in force from then: 388 and 389. Articles no longer in force: 111b."
    )


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        ("verified", "law", "This change in the law is real, unlike the figures of this demonstration."),
        ("unverified", "law", "but its source has not been verified yet."),
        ("demonstration", "law", "A new code."),
        ("verified", "source", "A new code."),
    ],
)
def test_real_changes_of_law_are_marked_in_a_demonstration(status: str, kind: str, expected: str) -> None:
    """Distinguish real law from invented figures: "raised from 5 to 20 years" was read as invented, too."""
    day = date(2020, 1, 1)
    row = build_break(day, day, kind=kind, status=status)
    assert changes.describe_break(row).endswith("A new code."), "a real release has no invented figures"
    assert changes.describe_break({**row, "is_demonstration": True}).endswith(expected)


def test_a_rounded_split_still_adds_up() -> None:
    row = {"state": "enough", "change": 10.0, "volume_effect": 22.5, "ratio_effect": -12.5}
    volume, ratio = changes.format_effects(row)
    assert (volume.text, ratio.text) == ("+23", "\u221213")


def build_count(value: float | None) -> dict[str, Any]:
    return {**build_cell("2025", value), "n_reported": 1, "rate": None}


def test_bars_of_few_are_hollow_in_every_chart() -> None:
    few, enough = build_count(19), build_count(20)
    parts = charts.draw_parts("By form", [("a", few), ("b", enough)])
    stages = charts.draw_stages("Place", [("indicted", few), ("reported", enough)], rate=False, top=20)
    for picture in (parts, stages):
        read = assert_legible(picture.framed)
        assert read.count_marks("rect", "mark") == 1 and read.count_marks("rect", "hollow") == 2, "once more in the key"
    assert "a: 19, too few to compare; b: 20." in parts.spoken


def test_words_of_bars_begin_with_the_highest_and_the_lowest_that_can_be_compared() -> None:
    rows = [("a", build_count(30)), ("b", build_count(90)), ("c", build_count(30)), ("d", build_count(5))]
    spoken = charts.draw_parts("By form", [*rows, ("e", build_count(None))]).spoken
    assert spoken.startswith("By form. Highest: b (90). Lowest: a (30), c (30). a: 30; b: 90; c: 30; d: 5, too few to ")
    for cells in ([("a", build_count(30)), ("b", build_count(30))], [("a", build_count(5)), ("b", build_count(30))]):
        assert "Highest" not in charts.draw_parts("By form", cells).spoken


def test_series_of_mostly_few_is_faded_and_a_missing_figure_ends_its_band() -> None:
    few = [build_cell(year, 10, state="too_few") for year in YEARS[:2]]
    read, _ = draw_points(*few, build_cell("2023", None), build_cell("2024", 30))
    assert read.count_segments("curve faded") == 1 and read.count_segments("curve") == 1
    assert read.count_marks("path", "band") == 1 and read.count_marks("rect", "band") == 2, (
        "a single point, and the key"
    )


def test_rendered_picture_is_one_block_of_html_with_all_text_escaped() -> None:
    picture = charts.draw_parts("A <b> & place", [("a", build_count(30))])
    html = charts.render_picture(picture)
    assert (
        html.startswith('<div class="rti-picture"><div class="rti-chart-fit">')
        and "<b>" not in html
        and "\n" not in html
    )


def test_parts_of_a_whole_fill_the_width_of_the_page() -> None:
    """Require a wide layout: a picture without one gets a quarter of a page, even if it is alone."""
    few = charts.draw_parts("By form", [("a", build_count(12)), ("b", build_count(30))])
    assert few.wide is not None and few.wide.width == WIDE and few.drawing.width == NARROW
    assert few.broad is not None and few.broad.width == BROAD, "a wide screen has no empty half next to it"


def test_only_the_signs_in_pictures_are_explained() -> None:
    day = date(2024, 1, 1)
    plain = charts.draw_series("A place", [build_cell(year, 30) for year in YEARS])
    assert charts.explain_series([plain]) == "Shaded band: 95% confidence interval."
    cells = [build_cell("2023", 5, state="too_few"), build_cell("2024", None)]
    broken = charts.draw_series("A place", cells, breaks=[build_break(day, day)])
    text = charts.explain_series([plain, broken])
    assert "Hollow point: fewer than 20, too few to compare." in text and "The word at the foot" in text
    assert "Diamond" not in text and "Grey band" not in text
