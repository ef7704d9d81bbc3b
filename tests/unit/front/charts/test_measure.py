"""Widths of text and line breaks: nothing is lost, and each line fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.front.charts.measure import measure_text, wrap_text


@given(st.text("abcdë čћш,", max_size=80), st.integers(20, 300))
def test_wrap_text_keeps_every_letter_in_lines_that_fit(text: str, width: int) -> None:
    lines = wrap_text(text, width, 12)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(measure_text(line, 12) <= width for line in lines)


def test_wrap_text_breaks_at_spaces_and_cuts_a_long_word() -> None:
    assert wrap_text("Kosovo under UNSCR 1244*", 100, 12) == ["Kosovo under", "UNSCR 1244*"]
    assert len(wrap_text("Republikanskogsudskogveća", 60, 12)) > 1


@pytest.mark.parametrize(("plain", "marked"), [("c", "č"), ("e", "ë"), ("г", "ѓ"), ("S", "Š")])
def test_measure_text_ignores_marks_of_letters(plain: str, marked: str) -> None:
    assert measure_text(marked, 12) == pytest.approx(measure_text(plain, 12), rel=0.2)


@pytest.mark.parametrize("whole", ["4 of 7", "4 од 7", "(4 of 7)"])
def test_wrap_text_does_not_part_numbers_that_are_read_as_one(whole: str) -> None:
    width = measure_text(f"territories included: {whole}", 12) - 2
    assert wrap_text(f"territories included: {whole} here", width, 12) == ["territories included:", f"{whole} here"]
    assert " ".join(wrap_text(whole, measure_text("4 of", 12), 12)) == whole, "broken where it is too long for a line"
