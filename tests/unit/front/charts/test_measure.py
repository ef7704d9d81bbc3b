"""Widths of text and line breaks: nothing is lost, and each line fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.front.charts.measure import balance_text, measure_longest_word, measure_text, wrap_text, wrap_title
from pipelines.words.language import read_in


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


@pytest.mark.parametrize(
    ("language", "first", "last"),
    [("en", "2022 Q4", "2026 Q3"), ("sq", "T4 2022", "T3 2026"), ("mk", "4. квартал 2022", "3. квартал 2026")],
)
def test_range_of_quarters_is_broken_after_its_dash_alone(language: str, first: str, last: str) -> None:
    text = f"Aland, {first}–{last}"
    with read_in(language):
        broken = wrap_text(text, measure_text(f"{first}–", 12) + 1, 12)
        whole = wrap_text(text, measure_text(f"{first}–{last}", 12) + 1, 12)
    assert (broken, whole) == (["Aland,", f"{first}–", last], ["Aland,", f"{first}–{last}"])


def test_a_day_is_one_word_of_a_name_with_the_short_word_before_it() -> None:
    day = measure_text("on 31 December 2025:", 12)
    assert measure_longest_word(["Pending on 31 December 2025:", "Rejected:"], 12) == day
    assert measure_longest_word([], 12) == 0


def test_no_line_of_a_title_ends_with_a_short_word_but_in_english() -> None:
    width = measure_text("Numri i të", 15, is_bold=True) + 40
    with read_in("sq"):
        lines = wrap_title("Numri i të dënuarve sipas llojit", width, 15)
    assert lines == ["Numri", "i të dënuarve", "sipas llojit"]
    assert "Cases of" in wrap_title("Cases of adjudication", measure_text("Cases of ad", 15, is_bold=True), 15)


@given(st.lists(st.text("abcdë", min_size=1, max_size=9), min_size=1, max_size=12), st.integers(80, 300))
def test_balanced_lines_are_as_few_and_no_longer(texts: list[str], width: int) -> None:
    text = " ".join(texts)
    plain, balanced = wrap_text(text, width, 12), balance_text(text, width, 12)
    assert " ".join(balanced) == text and len(balanced) == len(plain)
    assert max(measure_text(line, 12) for line in balanced) <= max(measure_text(line, 12) for line in plain)


def test_no_word_is_alone_on_a_line_that_others_have_room_for() -> None:
    text = "Fewer than 20: compare with care"
    width = measure_text("Fewer than 20: compare with", 11) + 1
    assert wrap_text(text, width, 11) == ["Fewer than 20: compare with", "care"]
    assert balance_text(text, width, 11) == ["Fewer than 20:", "compare with care"]
