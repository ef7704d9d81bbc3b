"""Quartiles of sentences on the legal range: every figure is there, and what is hidden or not stated is a word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines import words
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.lengths import LengthRow, Lengths, draw_lengths
from pipelines.words import FormattedFigure
from tests.support.drawings import assert_legible

WITHHELD = words.format_status("withheld")


def make_figure(value: float) -> FormattedFigure:
    return FormattedFigure(f"{value:.0f}", f"{value:.0f}", "value", value)


LAW = FormattedFigure("36–144", "from 36 to 144 months", "value")
WHOLE = LengthRow("Aland", make_figure(30), make_figure(54), make_figure(84), LAW, 36, 144)
HIDDEN = LengthRow("A territory with a long name*", WITHHELD, make_figure(48), WITHHELD, LAW, 36, 144, is_few=True)
EMPTY = LengthRow("Cland", WITHHELD, WITHHELD, WITHHELD, words.format_status("unavailable"))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_lengths_shows_quartiles_and_law_of_each_territory(width: int) -> None:
    read = assert_legible(draw_lengths(Lengths("Sentences", [WHOLE, HIDDEN, EMPTY], "months"), width=width))
    assert read.count_marks("rect", "band") == 3, "the law of two territories, and its sign in the key"
    assert read.count_marks("rect", "box") == 2, "the quartiles of one, and their sign"
    assert read.count_marks("circle", "mark") == 2 and read.count_marks("circle", "hollow") == 2
    for text in (
        "Lower quartile:\u00a030, median:\u00a054, upper quartile:\u00a084",
        "36–144",
        "withheld",
        "too few to compare",
    ):
        assert text in read.words
    assert (
        "Aland: Lower quartile: 30, median: 54, upper quartile: 84, legal range (months): from 36 to 144 months."
        in (read.drawing.description)
    )


def test_draw_lengths_has_no_key_for_a_law_that_is_not_stated() -> None:
    row = replace(WHOLE, law=words.format_status("unavailable"), least=None, most=None)
    read = assert_legible(draw_lengths(Lengths("Sentences", [row], "months")))
    assert read.count_marks("rect", "band") == 0 and read.count_marks("rect", "box") == 2
