"""Series as drawn: ranges, states, and no line across a break. The chart is read from its specification."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from dashboards.public import charts
from dashboards.words import changes

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
    assert (
        "2023: 30, range 15 to 45; 2024: 10, range 5 to 15, too few to compare, provisional; 2025: withheld." in spoken
    )


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
        "Law, 2006 Q1: Articles in force from then: 388 and 389, no longer in force: 111b."
    )


def test_a_rounded_split_still_adds_up() -> None:
    row = {"state": "enough", "change": 10.0, "volume_effect": 22.5, "ratio_effect": -12.5}
    volume, ratio = changes.format_effects(row)
    assert (volume.text, ratio.text) == ("+22", "\u221212")
