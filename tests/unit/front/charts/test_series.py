"""Series over time: marks of each kind of point, no line over a gap or a break, coverage, legible labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import words
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.series import (
    NOTHING,
    BreakMark,
    ChartSeries,
    PeriodPoint,
    choose_labels,
    describe_series,
    draw_multiples,
    draw_series,
)
from pipelines.words import FormattedFigure
from pipelines.words.language import read_in
from tests.support.drawings import assert_legible, list_covered_marks, read_drawing

WITHHELD, NOT_RECEIVED = words.format_status("withheld"), words.format_status("unreceived")


def make_figure(value: float, margin: float | None = 0.2) -> FormattedFigure:
    text = words.format_number(value)
    if margin is None:
        return FormattedFigure(text, text, "value", value)
    return FormattedFigure(text, f"about {text}", "value", value, value * (1 - margin), value * (1 + margin))


def make_series(*values: float | FormattedFigure, **more: object) -> ChartSeries:
    figures = [value if isinstance(value, FormattedFigure) else make_figure(value) for value in values]
    points = [PeriodPoint(str(2018 + number), figure, reporters=7) for number, figure in enumerate(figures)]
    return replace(ChartSeries("A region: convicted", points, territories=7), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_series_shows_each_figure_with_its_mark_and_band(width: int) -> None:
    read = assert_legible(draw_series(make_series(163, 137, 140, 170), width=width))
    assert (
        read.count_marks("circle", "mark") == 4
        and read.count_marks("path", "band") == 1
        and read.count_segments("curve") == 3
    )
    assert all(str(value) in read.words for value in (163, 137, 140, 170, 2018, 2021))
    assert read.list_hints()[0] == "2018: about 163"


def test_draw_series_joins_nothing_over_a_missing_figure() -> None:
    read = assert_legible(draw_series(make_series(40, 45, WITHHELD, 50, NOT_RECEIVED)))
    assert read.count_segments("curve") == 1
    assert read.count_marks("rect", "band") == 2, "a band of one point, and the sign in the key"
    assert read.count_marks("rect", "absent") == 2, "the sign of a withheld figure, and the same in the key"
    assert "withheld" in read.words and "not received" in read.words


@pytest.mark.parametrize("name", ["a name that is too long for its place " * 3, "law"])
def test_line_of_a_break_is_in_the_key_whether_its_name_fits_or_not(name: str) -> None:
    series = make_series(40, 45, 50, 55, breaks=[BreakMark(2, 2, name)])
    assert "Break in the series" in assert_legible(draw_series(series, width=NARROW)).words


def test_series_without_a_break_has_none_in_the_key() -> None:
    assert "Break in the series" not in assert_legible(draw_series(make_series(40, 45, 50, 55))).words


@pytest.mark.parametrize(("language", "letters"), [("mk", "аб"), ("sr", "аб"), ("sr-Latn", "ab"), ("sq", "ab")])
def test_letters_of_breaks_are_of_the_alphabet_of_the_page(language: str, letters: str) -> None:
    names = ("Law, 2020, a province", "Recording, 2023 Q1, a territory")
    breaks = [BreakMark(place, place, name) for place, name in zip((1, 3), names, strict=True)]
    with read_in(language):
        drawn = assert_legible(draw_series(make_series(40, 45, 50, 55, 60, 65, breaks=breaks), width=NARROW))
    assert all(f"({letter}) {name}" in drawn.words for letter, name in zip(letters, names, strict=True))
    assert f" {' '.join(letters)} " in drawn.words


def test_name_of_a_break_does_not_cross_the_rule_of_another() -> None:
    names = ("Law, 2020, a province", "Recording, 2023 Q1, a territory")
    breaks = [BreakMark(place, place, name) for place, name in zip((1, 3), names, strict=True)]
    drawn = assert_legible(draw_series(make_series(40, 45, 50, 55, 60, 65, breaks=breaks), width=NARROW))
    assert "Break in the series" in drawn.words
    assert all(f"({letter}) {name}" in drawn.words for letter, name in zip("ab", names, strict=True))
    assert " a b " in drawn.words, "each rule has its letter"
    wide = assert_legible(draw_series(make_series(40, 45, 50, 55, 60, 65, breaks=breaks), width=WIDE))
    assert all(name in wide.words for name in names) and "(a)" not in wide.words


def test_draw_series_cuts_the_line_at_a_break_and_names_it() -> None:
    series = make_series(40, 45, 50, 55, breaks=[BreakMark(2, 2, "law")])
    read = assert_legible(draw_series(series))
    assert (
        read.count_segments("curve") == 2
        and read.count_marks("line", "rule") == 2
        and read.count_marks("rect", "shade") == 0
    ), "one of the two lines is in the key"
    assert "law" in read.words and "Breaks in the series: law." in read.drawing.description


def test_draw_series_joins_nothing_where_other_territories_are_included() -> None:
    # 2021 has as many territories as 2020, but not the same ones.
    covered = ("AA,BB,CC", "AA,BB", "AA,CC", "AA,CC")
    series = make_series(646, 434, 607, 539)
    points = [replace(point, covered=codes) for point, codes in zip(series.points, covered, strict=True)]
    read = assert_legible(draw_series(replace(series, points=points)))
    assert read.count_segments("curve") == 1, "the line from 607 to 539"
    assert read.count_marks("rect", "band") == 3, "bands of two single points, and the sign in the key"


def test_draw_series_shades_the_time_in_which_a_break_falls() -> None:
    read = read_drawing(draw_series(make_series(40, 45, 50, 55, breaks=[BreakMark(1, 3, "counting")])))
    assert read.count_segments("curve") == 0
    assert read.count_marks("rect", "shade") == 2 and "Period in which the break falls" in read.words, (
        "one is in the key"
    )


def test_draw_series_gives_each_state_its_own_mark() -> None:
    few, partial, early, revised = (make_figure(value, None) for value in (12, 60, 70, 80))
    points = [
        PeriodPoint("2021", few, is_few=True), PeriodPoint("2022", partial, is_partial=True),
        PeriodPoint("2023", early, former=75),
        PeriodPoint("2024", revised, is_provisional=True),
    ]  # fmt: skip
    read = assert_legible(draw_series(ChartSeries("A region", points)))
    assert read.count_marks("circle", "hollow") == 2 and read.count_marks("rect", "mark") == 2, (
        "each once more in the key"
    )
    assert read.count_marks("path", "former") == 2 and read.count_marks("path", "mark") == 2
    for text in ("Fewer than 20: too few to compare", "Not all territories", "Provisional", "First published"):
        assert text in read.words
    shares = read_drawing(draw_series(ChartSeries("A region", points, is_share=True)))
    assert "Fewer than 20 in the part or in the rest: too few to compare" in shares.words


def test_draw_series_shows_how_many_territories_are_in_each_point() -> None:
    points = [PeriodPoint("2023", make_figure(30), reporters=5), PeriodPoint("2024", make_figure(40), reporters=7)]
    read = assert_legible(draw_series(ChartSeries("A region", points, territories=7)))
    assert read.count_marks("rect", "part") == 1 and read.count_marks("rect", "full") == 1
    assert "Territories included, of 7" in read.words


@pytest.mark.parametrize(
    ("reporters", "texts"),
    [
        ([4, 4, 7, 7], ["Territories included from 2020 on: 7 instead of 4."]),
        (
            [4, 5, 5, 7],
            [
                "Territories included, 2019–2020: 5 instead of 4.",
                "Territories included from 2021 on: 7 instead of 5.",
            ],
        ),
        (
            [6, 6, 5, 6],
            ["Territories included, 2020: 5 instead of 6.", "Territories included from 2021 on: 6 instead of 5."],
        ),
        ([4, None, 4, 7], ["Territories included from 2021 on: 7 instead of 4."]),
        ([7, 7, 7, 7], []),
        ([4, 5, 6, 7], []),
    ],
    ids=["one change", "two changes", "one year", "over a year without a figure", "none", "too many to read"],
)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_picture_says_where_the_number_of_territories_changes(
    reporters: list[int | None], texts: list[str], width: int
) -> None:
    points = [
        PeriodPoint(str(2018 + place), WITHHELD if n is None else make_figure(30 + place), reporters=n)
        for place, n in enumerate(reporters)
    ]
    read = assert_legible(draw_series(ChartSeries("A region", points, territories=7), width=width))
    assert re.findall(r"Territories included(?: from|, \d).*?\.", read.words.replace("\n", " ")) == texts


def test_describe_series_names_extremes_and_gaps() -> None:
    assert describe_series(make_series(40, 90, WITHHELD, 20)) == (
        "A region: convicted. 2018: about 40. 2021: about 20. Highest: 90 (2019). Lowest: 20 (2021). "
        "Without a figure: 2020 (withheld)."
    )
    assert describe_series(make_series(WITHHELD)) == "A region: convicted: no figure can be shown."


FIGURES = st.one_of(
    st.integers(0, 99_999).map(lambda value: make_figure(float(value))),
    st.sampled_from([WITHHELD, NOT_RECEIVED, words.format_absent()]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FIGURES, min_size=1, max_size=28), st.sampled_from([WIDE, NARROW]), st.booleans())
def test_draw_series_is_legible_and_complete_for_any_figures(
    figures: list[FormattedFigure], width: int, is_quarterly: bool
) -> None:
    periods = [f"{2018 + n // 4} Q{n % 4 + 1}" if is_quarterly else str(1990 + n) for n in range(len(figures))]
    points = [
        PeriodPoint(period, figure, reporters=n % 8)
        for n, (period, figure) in enumerate(zip(periods, figures, strict=True))
    ]
    drawing = draw_series(
        ChartSeries("A region", points, [BreakMark(len(points) - 1, len(points) - 1, "law")], 7), width=width
    )
    read = assert_legible(drawing)
    assert len(read.list_hints()) == sum(point.has_value for point in points)
    assert not list_covered_marks(read)
    assert periods[-1] in read.words
    assert drawing == draw_series(
        ChartSeries("A region", points, [BreakMark(len(points) - 1, len(points) - 1, "law")], 7), width=width
    )


def test_draw_series_pales_a_line_of_mostly_few_and_draws_nothing_outside_of_the_series() -> None:
    few = [PeriodPoint(str(year), make_figure(9), is_few=True) for year in (2022, 2023)]
    series = ChartSeries("A region", [PeriodPoint("2021", NOTHING), *few, PeriodPoint("2024", make_figure(30))])
    read = assert_legible(draw_series(series))
    assert read.count_segments("curve faded") == 2
    assert "2021" in read.words and "2021" not in read.drawing.description


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(0, 3).map(lambda value: round(value, 2)), min_size=6, max_size=6), st.integers(1, 5))
def test_labels_of_narrow_panels_cover_no_point_no_axis_and_no_rule(values: list[float], at: int) -> None:
    """Require it because a label of 2020 on the point of 2021 was read as the figure of 2021."""
    points = [PeriodPoint(str(2020 + n), make_figure(value, 0.5)) for n, value in enumerate(values)]
    panels = [ChartSeries(name, points, [BreakMark(at, at, "Law")], digits=2) for name in "ABCD"]
    read = assert_legible(draw_multiples("Convicted", panels))
    assert not list_covered_marks(read)


def test_label_on_the_point_of_another_period_is_found() -> None:
    drawing = draw_series(make_series(100, 50))
    point = re.search(r'cx="([\d.]+)" cy="([\d.]+)"', drawing.svg)
    assert point is not None
    text = f'<text x="{point[1]}" y="{point[2]}" class="haloed" text-anchor="middle">7</text></svg>'
    assert list_covered_marks(read_drawing(replace(drawing, svg=drawing.svg.replace("</svg>", text)))) == [
        ("7", "circle")
    ]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_multiples_uses_one_scale_for_all_panels(width: int) -> None:
    panels = [replace(make_series(value, value / 2), title=name) for name, value in (("A", 100), ("B", 10), ("C", 20))]
    read = assert_legible(draw_multiples("Convicted", panels, width=width))
    assert [text.text for text in read.texts].count("150") == 3, "each panel has the same top"
    assert read.count_marks("circle", "mark") == 6


@pytest.mark.parametrize(
    ("n", "width", "rows"), [(7, WIDE, [4, 3]), (3, WIDE, [3]), (4, WIDE, [4]), (5, WIDE, [3, 2]), (2, NARROW, [1, 1])]
)
def test_no_panel_of_several_is_alone_in_a_wide_row(n: int, width: int, rows: list[int]) -> None:
    panels = [replace(make_series(100, 50), title=f"Panel {number}") for number in range(n)]
    read = assert_legible(draw_multiples("Convicted", panels, width=width))
    heights = Counter(text.box.top for text in read.texts if text.text.startswith("Panel "))
    assert [heights[height] for height in sorted(heights)] == rows


def test_name_of_a_break_stays_in_its_panel() -> None:
    breaks = [BreakMark(2, 2, "Law, 2020, a province")]
    panels = [replace(make_series(100, 95, 90, 98, breaks=breaks), title=name) for name in ("A", "B", "C")]
    read = assert_legible(draw_multiples("Convicted", panels, width=WIDE))
    assert "Break in the series" in read.words and breaks[0].name not in [text.text for text in read.texts]


def test_label_of_a_figure_alone_before_a_break_is_beside_its_interval() -> None:
    series = make_series(60, 40, 30, breaks=[BreakMark(1, 1, "Law")])
    read = assert_legible(draw_series(series))
    (label,) = [text for text in read.texts if text.text == "60" and text.box.x_start > 40]
    bar = re.search(r'<rect x="([\d.]+)" [^>]*class="band"', read.drawing.svg)
    assert bar is not None and label.box.x_start >= float(bar[1]) + 8
    assert read.count_marks("path", "band edgeless") == read.count_marks("path", "edge") == 1


@pytest.mark.parametrize(
    ("count", "least_step", "positions"),
    [
        (0, 1, []), (1, 1, [0]), (2, 1, [1, 0]), (2, 2, [1]), (6, 1, [5, 4, 3, 2, 1, 0]), (6, 2, [5, 3, 0]),
        (16, 4, [15, 10, 5, 0]), (16, 5, [15, 10, 5, 0]), (16, 8, [15, 0]), (8, 2, [7, 5, 3, 0]), (8, 9, [7]),
    ],
)  # fmt: skip
def test_axis_names_the_newest_and_the_first_period_and_some_between(
    count: int, least_step: int, positions: list[int]
) -> None:
    def have_room(chosen: Sequence[int]) -> bool:
        return all(newer - older >= least_step for newer, older in pairwise(chosen))

    assert choose_labels(count, have_room) == positions


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axis_of_sixteen_quarters_names_the_first_one_and_some_between(width: int) -> None:
    codes = [f"{2022 + (place + 3) // 4}-Q{(place + 3) % 4 + 1}" for place in range(16)]
    points = [PeriodPoint(words.period_short(code), make_figure(20.0), code=code) for code in codes]
    read = assert_legible(draw_series(ChartSeries("Aland", points), width=width))
    quarters = [text.text for text in read.texts if " Q" in text.text]
    assert {"2022 Q4", "2026 Q3"} < set(quarters) and len(quarters) >= 4


@pytest.mark.parametrize(("n", "has_ticks"), [(16, True), (3, False)])
def test_label_that_is_moved_below_another_point_has_a_tick_at_its_own(n: int, has_ticks: bool) -> None:
    points = [PeriodPoint(f"{2023 + place // 4} Q{place % 4 + 1}", make_figure(20.0 + place)) for place in range(n)]
    panels = [ChartSeries(name, points) for name in ("Aland", "Bland", "Cland", "Dland")]
    read = assert_legible(draw_multiples("Indicted", panels, width=WIDE))
    lines = [element for element in read.root.iter() if element.get("class") == "axis" and element.get("x1")]
    ticks = [float(line.get("x1")) for line in lines if line.get("x1") == line.get("x2")]
    assert bool(ticks) == has_ticks
    if has_ticks:
        centers = [float(e.get("cx")) for e in read.root.iter() if e.get("cx") and "mark" in e.get("class", "")]
        assert max(ticks) == pytest.approx(max(centers), abs=0.1), "the newest label leads to the newest point"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_each_of_several_pictures_has_the_first_and_the_newest_year_on_its_axis(width: int) -> None:
    """Check seven, since the sum of widths left the fourth without its first year by a rounding."""
    points = [PeriodPoint(str(year), make_figure(42.0), code=str(year)) for year in range(2020, 2026)]
    read = assert_legible(draw_multiples("Convicted", [ChartSeries(name, points) for name in "ABCDEFG"], width=width))
    years = Counter(text.text for text in read.texts)
    assert years["2020"] == years["2025"] == 7


def test_pictures_next_to_each_other_are_higher_than_those_below_each_other() -> None:
    panels = [replace(make_series(100, 50), title=name) for name in ("A", "B")]
    tops = {}
    for width in (WIDE, NARROW):
        read = assert_legible(draw_multiples("Convicted", panels, width=width))
        labels = [text.box for text in read.texts if text.text in ("0", "100")]
        tops[width] = max(box.top for box in labels if box.top < 200) - min(box.top for box in labels)
    assert tops[WIDE] > tops[NARROW] + 15
