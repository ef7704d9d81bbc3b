"""Places of a file on the page of an answer: a capital at the beginning, and the name of a cell with its word."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from dashboards.office.pages.answer.places import render_place


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (
            "sheet I, cell E33",
            Markup('<span class="rti-whole">Sheet I</span>, <span class="rti-whole">cell E33</span>'),
        ),
        (
            "sheet Tremujori III, cell B9",
            Markup('Sheet <span class="rti-whole">Tremujori III</span>, <span class="rti-whole">cell B9</span>'),
        ),
        ("лист I <2>, ќелија AB7", Markup('Лист I &lt;2&gt;, <span class="rti-whole">ќелија AB7</span>')),
        ("sheet I, sum of the cells C9, C10", "Sheet I, sum of the cells C9, C10"),
        ("line 3, column 4", "Line 3, column 4"),
        ("", ""),
    ],
)
def test_place_begins_with_a_capital_and_keeps_its_cell_whole(place: str, shown: str) -> None:
    assert render_place(place) == shown
