"""Charts as drawn: intervals, states, contrast, no line across a break. They are read from their specifications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from dashboards.public import charts
from pipelines.words import changes

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


def draw_points(*cells: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], str, dict[str, Any]]:
    chart, spoken = charts.draw_series("A place: convicted", cells, **more)
    spec = chart.to_dict()
    return next(rows for rows in tables_of(spec) if "spoken" in rows[0]), spoken, spec


def tables_of(spec: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield every data table of a specification, at any depth."""
    if isinstance(spec, list) and spec and isinstance(spec[0], dict) and "period" in spec[0]:
        yield spec
    for part in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from tables_of(part)


def list_parts(points: list[dict[str, Any]]) -> list[int]:
    return [point["part"] for point in points]


def test_break_on_a_known_day_splits_the_line_before_its_year() -> None:
    day = date(2023, 1, 1)
    points, spoken, spec = draw_points(*(build_cell(year, 30) for year in YEARS), breaks=[build_break(day, day)])
    assert list_parts(points) == [0, 0, 1, 1]
    assert "Break in the series. Law, 2023: A new code." in spoken
    break_tables = [rows for rows in tables_of(spec) if "kind" in rows[0]]
    assert break_tables and all(rows == [{"period": "2023", "end": "2023", "kind": "law"}] for rows in break_tables)


def test_break_within_a_year_separates_that_year() -> None:
    points, *_ = draw_points(
        *(build_cell(year, 30) for year in YEARS), breaks=[build_break(date(2022, 6, 1), date(2022, 6, 1))]
    )
    assert list_parts(points) == [0, 1, 2, 2]


def test_break_on_an_unknown_day_is_drawn_as_a_range() -> None:
    some_day = build_break(date(2022, 1, 2), date(2023, 12, 31), kind="counting")
    points, _, spec = draw_points(*(build_cell(year, 30) for year in YEARS), breaks=[some_day])
    assert list_parts(points) == [0, 1, 2, 3]
    assert {"period": "2022", "end": "2024", "kind": "counting"} in [row for rows in tables_of(spec) for row in rows]


def test_break_before_the_series_is_ignored() -> None:
    points, spoken, _ = draw_points(
        *(build_cell(year, 30) for year in YEARS), breaks=[build_break(date(2013, 1, 1), date(2013, 12, 31))]
    )
    assert list_parts(points) == [0, 0, 0, 0] and "Break" not in spoken


def test_point_has_its_range_and_state_in_words() -> None:
    points, spoken, _ = draw_points(
        build_cell("2023", 30), build_cell("2024", 10, state="too_few", flags="provisional"), build_cell("2025", None)
    )
    assert [(point["low"], point["high"]) for point in points] == [(15.0, 45.0), (5.0, 15.0), (None, None)]
    assert points[0]["fill"] == charts.BLUE and points[1]["fill"] == "#ffffff"
    assert [point["shape"] for point in points] == ["circle", "diamond", "circle"]
    assert "2023: 30, 95% confidence interval 15 to 45; 2024: 10, 95% confidence interval 5 to 15, " in spoken
    assert "too few to compare, provisional; 2025: withheld." in spoken


def test_unconnected_points_have_no_line_between_them() -> None:
    points, *_ = draw_points(*(build_cell(year, 30) for year in YEARS), is_joined=False)
    assert len(set(list_parts(points))) == len(YEARS)


def test_break_of_one_measure_does_not_affect_another() -> None:
    day = date(2023, 1, 1)
    rows = [build_break(day, day, measure="indicted"), build_break(day, day, level="first"), build_break(day, day)]
    assert changes.select_breaks(rows, "convicted_first", "first") == rows[1:]


def test_signs_of_declarations_are_written_in_words() -> None:
    day = date(2006, 1, 1)
    law = build_break(day, day, words="law_changed", detail="+388, +389, -111b", first_period="2006-Q1")
    assert changes.describe_break(law) == (
        "Law, 2006 Q1: Articles in force from then: 388 and 389. Articles no longer in force: 111b."
    )


def test_a_rounded_split_still_adds_up() -> None:
    row = {"state": "enough", "change": 10.0, "volume_effect": 22.5, "ratio_effect": -12.5}
    volume, ratio = changes.format_effects(row)
    assert (volume.text, ratio.text) == ("+22", "\u221212")


def build_count(value: float | None) -> dict[str, Any]:
    return {**build_cell("2025", value), "n_reported": 1, "rate": None}


def find_fills(spec: Any) -> list[str]:
    return [row["fill"] for rows in find_data(spec) for row in rows if "fill" in row]


def find_data(spec: Any) -> Iterator[list[dict[str, Any]]]:
    if isinstance(spec, list) and spec and isinstance(spec[0], dict) and "fill" in spec[0]:
        yield spec
    for part in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from find_data(part)


def test_bars_of_few_are_hollow_in_every_chart() -> None:
    few, enough = build_count(19), build_count(20)
    parts, spoken = charts.draw_parts("By form", [("a", few), ("b", enough)])
    assert find_fills(parts.to_dict())[:2] == [charts.WHITE, charts.BLUE]
    assert "a: 19, too few to compare; b: 20." in spoken
    stages, _ = charts.draw_stages("Place", [("indicted", few), ("reported", enough)], rate=False, top=20)
    assert find_fills(stages.to_dict())[:2] == [charts.WHITE, charts.BLUE]
    rows = [
        {"part": "a", "label": "", "spoken": "", "value": 1, "low": 1, "high": 2, "few": few} for few in (True, False)
    ]
    ranges, _ = charts.draw_ranges("Days", rows, top=2, unit="days")
    assert find_fills(ranges.to_dict())[:2] == [charts.WHITE, charts.BLUE]


def measure_contrast(first: str, second: str) -> float:
    """Return the contrast of two colours by WCAG 2.2."""
    lights = []
    for color in (first, second):
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(lights) / min(lights)


def test_marks_have_a_contrast_of_three_to_page_and_band() -> None:
    for mark in (charts.BLUE, charts.FADED, charts.GREY, charts.INK):
        assert measure_contrast(mark, charts.WHITE) >= 3, mark
        assert measure_contrast(mark, charts.BAND) >= 3, mark


def test_series_has_one_band_with_visible_edges_and_no_transparent_mark() -> None:
    _, _, spec = draw_points(*(build_cell(year, 30) for year in YEARS))
    marks = [layer["mark"] for layer in spec["layer"]]
    assert [mark["type"] for mark in marks].count("area") == 1
    band = next(mark for mark in marks if mark["type"] == "area")
    assert band["stroke"] == charts.BLUE and band["fill"] == charts.BAND, "the edges are seen, the inside is pale"
    assert all(mark.get("opacity", 1) == 1 for mark in marks)


def test_series_of_mostly_few_is_faded_and_a_missing_figure_ends_its_band() -> None:
    few = [build_cell(year, 10, state="too_few") for year in YEARS[:2]]
    points, _, spec = draw_points(*few, build_cell("2023", None), build_cell("2024", 30))
    marks = [layer["mark"] for layer in spec["layer"]]
    assert {mark["color"] for mark in marks if mark["type"] == "line"} == {charts.FADED}
    assert list_parts(points) == [0, 0, 1, 2]
