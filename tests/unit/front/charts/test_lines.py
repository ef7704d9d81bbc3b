"""Several series in one picture: what each line has, and names that cover nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.lines import MOST_BANDS, _spread_apart, draw_lines
from pipelines.front.charts.series import BreakMark
from tests.support.drawings import assert_legible
from tests.support.parts_of_pictures import make_series


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_each_line_has_its_name_and_its_own_dashes(width: int) -> None:
    names = ["Western Balkans", "Albania", "Bosnia and Herzegovina", "Croatia", "Kosovo*", "Montenegro", "Serbia"]
    series = [make_series(name, 3.0 + place, 4.0, 5.0 - place / 2) for place, name in enumerate(names)]
    read = assert_legible(draw_lines("Convicted", series, 0, width=width))
    assert all(name.split()[0] in read.words for name in names)
    svg = draw_lines("Convicted", series, 0, width=width).svg
    dashes = {part.partition('"')[0] for part in svg.split('stroke-dasharray="')[1:]}
    assert len(dashes) == len(names) - 1


def test_single_figure_between_a_break_and_the_edge_is_drawn_without_dashes() -> None:
    """Require it because the figure of 2020 of one territory was a stroke of four dots."""
    series = [make_series(name, 3.0, 4.0, 5.0) for name in "ABCDEFG"]
    series[2] = replace(series[2], breaks=[BreakMark(1, 1, "Change of law")])
    svg = draw_lines("Convicted", series, 0).svg
    assert not re.findall(r'<circle[^>]* class="other"', svg), "a ring means a figure of few people"
    crosses = re.findall(r'<path[^>]* d="M[^M"]*M[^M"]*"[^>]* class="other"', svg)
    assert len(crosses) == 2 and not any("dasharray" in cross for cross in crosses)
    strokes = [path for path in re.findall(r'<path[^>]* class="other"[^>]*>', svg) if "dasharray" not in path]
    assert len(strokes) == 2, "that of the single figure, and its sample in the key"


@pytest.mark.parametrize(("count", "is_cut"), [(7, True), (7, False), (MOST_BANDS, True)])
def test_key_explains_the_cross_of_a_single_figure_where_one_is_drawn(count: int, is_cut: bool) -> None:
    """Require it because the cross of one territory was on the line of another, without an explanation."""
    series = [make_series(name, 3.0, 4.0, 5.0) for name in "ABCDEFG"[:count]]
    if is_cut:
        series[2] = replace(series[2], breaks=[BreakMark(1, 1, "Change of law")])
    svg = draw_lines("Convicted", series, 0).svg
    assert ("Single figure, without a line" in svg) == (is_cut and count > MOST_BANDS)


def test_few_lines_have_bands_and_many_only_that_of_the_one_in_full() -> None:
    series = [make_series(name, 3.0, 4.0, None, 6.0) for name in "ABCDE"]
    for count in range(2, len(series) + 1):
        svg = draw_lines("Convicted", series[:count], 0).svg
        # Two runs around the withheld figure, and the sample of the key.
        assert svg.count('"band clear') == 2 * (count if count <= MOST_BANDS else 1)


def test_coverage_of_the_region_and_missing_figures_of_the_one_in_full_are_shown() -> None:
    region = make_series("Region", 3.0, None, territories=7)
    drawing = draw_lines("Convicted", [region, make_series("A", 1.0, 2.0)], 0)
    assert "Territories included, of 7" in drawing.svg and 'class="absent"' in drawing.svg
    assert "A: 2020: 1.0, 2021: 2.0." in drawing.description


def test_breaks_are_in_words_behind_the_series_that_they_cut() -> None:
    """Require it because readers of the words alone could not know that the drawn lines are cut."""
    cut = replace(make_series("Region", 3.0, 4.0), breaks=[BreakMark(1, 1, "Change of law")])
    description = draw_lines("Convicted", [cut, make_series("A", 1.0, 2.0)], 0).description
    assert "2021: 4.0. Breaks in the series: Change of law. A: 2020: 1.0" in description
    assert description.count("Breaks in the series") == 1


def test_spread_apart_keeps_the_order_and_leaves_no_overlap() -> None:
    tops = _spread_apart([10.0, 11.0, 12.0, 500.0], [15.0, 15.0, 15.0, 15.0])
    assert tops[:3] == [10.0, 25.0, 40.0] and tops[3] < 220


def test_sample_of_each_line_in_the_key_shows_its_dashes_twice_and_no_two_are_alike() -> None:
    series = [make_series(name, 3.0, 4.0) for name in "ABCDEFGH"]
    svg = draw_lines("Convicted", series, 0, width=NARROW).svg
    samples = re.findall(r'<path d="M([\d.]+) ([\d.]+)L([\d.]+) \2"[^>]*stroke-dasharray="([^"]+)"', svg)
    lengths = {dash: float(end) - float(start) for start, _, end, dash in samples}
    assert len(lengths) == len(series) - 1
    dashes = {tuple(map(int, dash.split())): length for dash, length in lengths.items()}
    assert all(length >= 2 * sum(dash) for dash, length in dashes.items())
    assert len({(max(dash[::2]), max(dash[1::2]), len(dash)) for dash in dashes}) == len(dashes)
