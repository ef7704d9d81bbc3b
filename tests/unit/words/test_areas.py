"""Marks of footnotes of areas: in their order, and next to a name in a text."""

from __future__ import annotations

import pytest

from pipelines.words.areas import FOOTNOTE_MARKS, assign_footnote_marks, mark_mention


def test_each_area_has_the_next_mark() -> None:
    assert assign_footnote_marks(["XK", "RS"]) == {"XK": "*", "RS": "†"}
    assert list(assign_footnote_marks("ABCDE").values()) == [*FOOTNOTE_MARKS, "*"]


@pytest.mark.parametrize(
    ("text", "name", "marked"),
    [
        ("Figures do not include Kosovo under UNSCR 1244.", "Kosovo under UNSCR 1244", "Kosovo under UNSCR 1244*."),
        ("Figures do not include Kosovo. Kosovo reports.", "Kosovo under UNSCR 1244", "include Kosovo*. Kosovo"),
        ("Shifrat nuk e përfshijnë Kosovën.", "Kosova sipas Rezolutës 1244", "Kosovën*."),
        ("Податоците не го опфаќаат Косово.", "Косово според Резолуцијата 1244", "Косово*."),
    ],
)
def test_mark_follows_the_first_place_of_a_name(text: str, name: str, marked: str) -> None:
    result = mark_mention(text, name, "*")
    assert marked in result and result.count("*") == 1


def test_text_without_the_name_stays_as_it_is() -> None:
    assert mark_mention("Figures of Albania.", "Kosovo under UNSCR 1244", "*") == "Figures of Albania."
