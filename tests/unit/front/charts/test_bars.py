"""Bars: one per row on a common scale, hollow if too few to compare, a word instead of a missing figure."""

from __future__ import annotations

import pytest

from pipelines import words
from pipelines.front.charts.bars import Bar, Bars, draw_bars
from pipelines.front.charts.canvas import NARROW, WIDE
from tests.support.drawings import assert_legible
from tests.support.parts_of_pictures import make_bar

WITHHELD = words.format_status("withheld")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_bars_has_hollow_bars_for_few_and_words_for_none(width: int) -> None:
    rows = [make_bar("Investigated", 260), make_bar("Convicted at first instance", 19, is_few=True)]
    read = assert_legible(draw_bars(Bars("Region", [*rows, Bar("Sentenced", WITHHELD, WITHHELD.text)]), width=width))
    assert read.count_marks("rect", "mark") == 1 and read.count_marks("rect", "hollow") == 2, "once more in the key"
    assert all(text in read.words for text in ("260", "19", "withheld", "Fewer than 20"))
    assert read.drawing.description == (
        "Region. Investigated: 260; Convicted at first instance: 19, too few to compare; Sentenced: withheld."
    )


def test_draw_bars_uses_the_scale_of_several_pictures() -> None:
    widths = []
    for value in (50, 100):
        read = assert_legible(draw_bars(Bars("Region", [make_bar("A", value)]), top=200))
        widths.append(next(float(e.get("width")) for e in read.root.iter() if e.get("class") == "mark"))
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.05)
