"""Tests of pictures of two figures of the same subject."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.dumbbells import DumbbellRow, Dumbbells, describe_dumbbells, draw_dumbbells
from tests.support.drawings import assert_legible

ROWS = (
    DumbbellRow("Albania, 2025, Indicted", 40.0, 43.0, "Difference: -3"),
    DumbbellRow("Kosovo under UNSCR 1244*, 2025, Convicted at first instance", 90.0, 20.0, "Difference: +70"),
    DumbbellRow("Serbia, 2024, Indicted", 55.0, 55.0),
)
DRAWN = Dumbbells("Figures of others", "This release", "Others", ROWS, "persons")


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_row_has_a_dot_a_stroke_and_the_line_between_them(width: int) -> None:
    read = assert_legible(draw_dumbbells(DRAWN, width=width))
    assert read.count_marks("circle", "mark") == len(ROWS) + 1, "one more in the key"
    assert read.count_marks("line", "span") == len(ROWS) + 1 and read.count_marks("line", "outer") == len(ROWS)
    assert all(word in read.words for word in ("This release: 90, Others: 20", "Difference: +70", "persons"))


def test_dot_is_our_figure_and_stroke_that_of_others() -> None:
    root = ElementTree.fromstring(draw_dumbbells(DRAWN).svg)
    dots = [float(str(e.get("cx"))) for e in root.iter() if e.tag.endswith("circle")][: len(ROWS)]
    strokes = [float(str(e.get("x1"))) for e in root.iter() if e.get("class") == "span"][: len(ROWS)]
    assert dots[0] < strokes[0] and dots[1] > strokes[1] and dots[2] == strokes[2]


def test_description_begins_with_the_largest_difference() -> None:
    assert describe_dumbbells(DRAWN).startswith(
        "Figures of others. The largest difference is that of Kosovo under UNSCR 1244*, 2025, Convicted at first "
        "instance: 90 against 20. Albania, 2025, Indicted: This release: 40, Others: 43."
    )
    assert describe_dumbbells(Dumbbells("Nothing", "a", "b", (), "persons")) == "Nothing."
