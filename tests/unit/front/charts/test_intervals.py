"""Dots with intervals and durations: each row has its figure or its word, few are hollow, the region is a line."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import words
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.intervals import (
    DurationRow,
    RegionComparison,
    TerritoryDurations,
    TerritoryRow,
    describe_comparison,
    draw_comparison,
    draw_durations,
)
from pipelines.words import FormattedFigure
from tests.support.drawings import assert_legible

WITHHELD = words.format_status("withheld")
LONG = "Kosova sipas Rezolutës 1244 të KS të OKB-së*"


def make_figure(value: float, low: float, high: float) -> FormattedFigure:
    text = f"{value:.0f} ({low:.0f}–{high:.0f})"
    return FormattedFigure(text, text, "value", value, low, high)


COMPARISON = RegionComparison(
    "Convicted per 100 indicted",
    [
        TerritoryRow("A", make_figure(57, 40, 81)),
        TerritoryRow(LONG, WITHHELD),
        TerritoryRow("B", make_figure(88, 12, 140), is_few=True),
    ],
    "Convicted per 100 indicted",
    TerritoryRow("Region", make_figure(85, 70, 103), note="6 of 7 territories"),
)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_comparison_shows_figures_words_and_region(width: int) -> None:
    read = assert_legible(draw_comparison(COMPARISON, width=width))
    assert read.count_marks("circle", "mark") == 2 and read.count_marks("circle", "hollow") == 2, (
        "each once more in the key"
    )
    assert read.count_marks("line", "rule") == 2, "the region, and its sign"
    for text in ("57 (40–81)", "88 (12–140)", "withheld", "85 (70–103)", "6 of 7 territories", "too few to compare"):
        assert text in read.words
    assert all(word in read.words for word in LONG.split())


def test_figure_of_the_region_is_marked_as_few() -> None:
    few = "Fewer than 20: too few to compare"
    region = TerritoryRow("Region", make_figure(99, 96, 100), is_few=True)
    comparison = RegionComparison("Sentenced per 100", [TerritoryRow("A", make_figure(57, 40, 81))], "per 100", region)
    assert f"Region: 99 (96–100) {few}" in assert_legible(draw_comparison(comparison)).words
    assert "Region: 99 (96–100), fewer than 20: too few to compare." in describe_comparison(comparison)
    enough = replace(comparison, region=replace(region, is_few=False))
    assert few not in assert_legible(draw_comparison(enough)).words


def test_share_of_a_large_part_and_a_small_rest_is_not_called_fewer_than_twenty() -> None:
    """Check the words at the figure, as of 34 of 42 people, and in the key, which explains both sides."""
    few = TerritoryRow("A", make_figure(81, 66, 91), is_few=True)
    comparison = RegionComparison("Sentenced of convicted", [few], "per 100 convicted", None, is_share=True)
    read = assert_legible(draw_comparison(comparison)).words
    assert "81 (66–91) Too few to compare" in read and "Fewer than 20: too few" not in read
    assert "Fewer than 20 in the part or in the rest: too few to compare" in read


def test_draw_comparison_ends_an_open_interval_in_an_arrow() -> None:
    row = TerritoryRow("A", FormattedFigure("107 (47 or more)", "107 or more", "value", 107, 47, inf))
    read = assert_legible(draw_comparison(RegionComparison("Title", [row], "Unit")))
    assert read.count_marks("path", "mark") == 1


def test_describe_comparison_compares_only_figures_of_enough() -> None:
    rows = [*COMPARISON.rows, TerritoryRow("C", make_figure(30, 20, 45))]
    assert describe_comparison(RegionComparison("Title", rows, "", COMPARISON.region)) == (
        "Title. Lowest: C, 30 (20–45). Highest: A, 57 (40–81). Region: 85 (70–103). "
        f"Not compared: {LONG} (withheld); B (fewer than 20: too few to compare)."
    )


VALUES = st.floats(0, 5000).map(lambda value: make_figure(value, value / 2, value * 2))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.one_of(VALUES, st.just(WITHHELD)), st.booleans()), min_size=1, max_size=8))
def test_draw_comparison_is_legible_and_complete_for_any_rows(figures: list[tuple[FormattedFigure, bool]]) -> None:
    rows = [TerritoryRow(f"{LONG} {n}", figure, is_few) for n, (figure, is_few) in enumerate(figures)]
    for width in (WIDE, NARROW):
        read = assert_legible(draw_comparison(RegionComparison("Title", rows, "Persons"), width=width))
        assert len(read.list_hints()) == sum(figure.kind == "value" for figure, _ in figures)
        assert all(figure.text in read.words for figure, _ in figures)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_durations_shows_three_times_on_one_axis(width: int) -> None:
    times = (make_figure(260, 210, 330), *(FormattedFigure(str(n), str(n), "value", n) for n in (400, 720)))
    none = FormattedFigure("no records", "no records", "note")
    open_end = FormattedFigure("not reached", "not reached", "note")
    rows = [
        DurationRow("A", *times),
        DurationRow("B", *times[:2], open_end, is_few=True),
        DurationRow("C", none, none, none),
    ]
    read = assert_legible(draw_durations(TerritoryDurations("Title", rows, "Days"), width=width))
    assert read.count_marks("path", "hollow") == 3 and read.count_marks("circle", "hollow") == 2, (
        "each once more in the key"
    )
    for text in ("50%:\u00a0260, 75%:\u00a0400, 90%:\u00a0720", "90%:\u00a0not\u00a0reached", "no records", "Days"):
        assert text in read.words
