"""Tests of tables whose fields are shaded by size."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from pipelines.front.charts import shades
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.shades import ShadedRow, ShadedTable, draw_shades, find_step, name_step
from tests.support.drawings import assert_legible, read_drawing
from tests.support.parts_of_pictures import make_cell

AREAS = (
    "Albania", "Bosnia and Herzegovina", "Croatia", "Kosovo under UNSCR 1244*", "North Macedonia", "Montenegro",
    "Serbia",
)  # fmt: skip


def make_table() -> ShadedTable:
    return ShadedTable(
        "Forms of exploitation",
        AREAS,
        [
            ShadedRow("Sexual exploitation", [make_cell(share) for share in (41, 39, 35, 24, 44, 60, 52)]),
            ShadedRow("Forced labour", [make_cell(share, is_few=True) for share in (23, 20, 20, None, 9, 0, 16)]),
            ShadedRow("Unknown", [make_cell(None)] * len(AREAS)),
        ],
    )  # fmt: skip


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_each_field_has_its_number_or_the_sign_of_its_state(width: int) -> None:
    read = assert_legible(draw_shades(make_table(), width=width))
    for number in (41, 60, 23, 0):
        assert str(number) in read.words.split()
    hints = read.list_hints()
    assert len(hints) == 3 * len(AREAS)
    assert "Forced labour, Albania: 23 per cent, too few to compare" in hints
    assert "Unknown, Serbia: withheld" in hints
    assert "Withheld" in read.words and "too few to compare" in read.words


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_no_word_of_a_name_is_broken(width: int) -> None:
    words_of_picture = read_drawing(draw_shades(make_table(), width=width)).words.split()
    assert {word for area in AREAS for word in area.split()} <= {*words_of_picture}
    wide = read_drawing(draw_shades(make_table(), width=WIDE))
    upright = ShadedTable("A", ["Fahrzeugversicherungsgesellschaft", *AREAS[1:]], make_table().rows)
    turned = assert_legible(draw_shades(upright, width=WIDE))
    assert "Fahrzeugversicherungsgesellschaft" in turned.words
    assert turned.drawing.svg.count("rotate") >= len(AREAS) and "rotate" not in wide.drawing.svg


def test_long_upright_names_have_several_lines_instead_of_a_high_picture() -> None:
    first = "Fahrzeugversicherungsgesellschaft"
    heights = []
    for name in ("Kosovo", "Kosovo according to Resolution 1244 of the Security Council"):
        table = ShadedTable("A", [first, name, *AREAS[2:]], make_table().rows)
        heights.append(assert_legible(draw_shades(table, width=WIDE)).drawing.height)
    assert heights[0] == heights[1]


@pytest.mark.parametrize(
    ("share", "step"), [(0, 0), (9.4, 0), (9.6, 1), (24.4, 1), (24.6, 2), (49.4, 2), (50, 3), (100, 3)]
)
def test_step_is_that_of_the_number_that_is_shown(share: float, step: int) -> None:
    assert find_step(share) == step
    low, high = map(int, re.findall(r"\d+", name_step(step)))
    assert low <= round(share) <= high


def test_steps_differ_in_hatching_and_not_in_colour_alone() -> None:
    drawing = draw_shades(make_table())
    hatchings = [
        len(re.findall("M", str(element.get("d"))))
        for element in ElementTree.fromstring(drawing.svg).iter()
        if element.tag.endswith("path") and element.get("class") == "outer"
    ]
    assert len(set(hatchings)) > 1, "two densities of lines"


@pytest.mark.parametrize("gap", [5, 9])
def test_lines_of_hatching_stay_within_their_field(gap: float) -> None:
    path = shades._hatch_box(10.0, 60.0, 100.0, 126.0, gap)
    points = [tuple(map(float, point)) for point in re.findall(r"([\d.]+) ([\d.]+)", path)]
    assert len(points) > 8
    assert all(10 <= x <= 60 and 100 <= y <= 126 for x, y in points)
    for (x1, y1), (x2, y2) in zip(points[::2], points[1::2], strict=True):
        assert x2 - x1 == pytest.approx(y1 - y2, abs=0.2) and x2 > x1, "all lines rise at the same angle"


def test_description_begins_with_the_largest_share_of_those_that_are_not_few() -> None:
    few = [make_cell(share, is_few=True) for share in (70, 20, 20, None, 9, 0, 16)]
    rows = [*make_table().rows, ShadedRow("Begging", [make_cell(share) for share in (12, 50, *[None] * 5)])]
    text = shades.describe_shades(ShadedTable("Forms", AREAS, [*rows, ShadedRow("Marriage", few)]))
    assert text.startswith(
        "Forms. Largest share of those that can be compared, by territory: Albania: Sexual exploitation, 41 per cent; "
        "Bosnia and Herzegovina: Begging, 50 per cent. Sexual exploitation: Albania: 41 per cent;"
    )
    assert "Unknown: Albania: withheld;" in text and "Marriage: Albania: 70 per cent, too few to compare;" in text


def test_no_share_is_called_the_largest_if_all_others_are_few() -> None:
    assert shades.describe_shades(make_table()).startswith("Forms of exploitation. Sexual exploitation: Albania: 41")


def test_key_of_few_says_that_they_may_be_in_the_part_or_in_the_rest() -> None:
    assert (
        "Fewer than 20 in the part or in the rest: too few to compare" in read_drawing(draw_shades(make_table())).words
    )
