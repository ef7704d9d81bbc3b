"""Marks of pictures differ in greyscale, and for colour-blind readers."""

from __future__ import annotations

import pytest

from pipelines.front.charts import marks
from pipelines.front.charts.bars import Bars, draw_bars
from pipelines.front.charts.board import StateBoard, TerritoryState, TerritoryStates, draw_board
from pipelines.front.charts.canvas import NARROW, Canvas
from pipelines.front.charts.dumbbells import DumbbellRow, Dumbbells, draw_dumbbells
from pipelines.front.charts.lines import draw_lines
from pipelines.front.charts.marks import Key
from pipelines.front.charts.shades import ShadedRow, ShadedTable, draw_shades
from pipelines.words import reporting
from tests.support.marks_without_colour import collect_keys, find_look_alikes, find_pale_marks
from tests.support.parts_of_pictures import make_bar, make_cell, make_series

OF_SERIES = (
    Key(marks.draw_point, "figure"),
    Key(marks.show_few, "few"),
    Key(marks.show_partial, "partial"),
    Key(marks.show_provisional, "provisional"),
    Key(marks.show_former, "before a revision"),
    Key(marks.show_interval, "interval as a line"),
    Key(marks.show_band, "interval as a band"),
    Key(marks.show_break, "break"),
    Key(marks.show_absent("withheld"), "withheld"),
    Key(marks.show_absent("unreceived"), "not received"),
    Key(marks.show_absent("not_collected"), "not collected"),
)
"""Marks that a picture of a series can have next to each other."""


def test_marks_of_a_series_are_told_apart_without_colour_and_stand_out_from_the_page() -> None:
    assert find_look_alikes(OF_SERIES) == [] and find_pale_marks(OF_SERIES) == []


def test_keys_of_pictures_are_told_apart_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the pictures of the explorer that no static page has, and boards with every state or share."""
    shares = (95, 60, 20)
    states = {"all": "all", "most": "most", "less": "fewer"}
    boards = [
        StateBoard("Returns", ["2026-Q3"], [TerritoryStates("A", [TerritoryState(s, s)]) for s in reporting.STATES],
                   reporting.STATES),
        StateBoard("Shares", ["2026-Q3"], [
            TerritoryStates("A", [TerritoryState(state, state, f"{share}%")])
            for state, share in zip(states, shares, strict=True)
        ], states, has_numbers=True),
    ]  # fmt: skip
    shaded = ShadedTable("Forms", ["A"], [ShadedRow(str(n), [make_cell(n)]) for n in (5, 15, 30, 60, None)])
    with collect_keys(monkeypatch) as collected:
        for each in boards:
            draw_board(each)
        draw_shades(shaded)
        draw_lines("Convicted", [make_series(name, 3.0, None, 6.0) for name in "ABCDEFG"], 0, width=NARROW)
        draw_dumbbells(Dumbbells("Figures", "Ours", "Others", [DumbbellRow("A", 4.0, 9.0)], "persons"))
        draw_bars(Bars("Region", [make_bar("A", 40), make_bar("B", 9, is_few=True)]))
    assert [len(keys) for keys in collected] == [len(reporting.STATES), 3, 5, 10, 2, 1]
    for keys in collected:
        assert find_look_alikes(keys) == [] and find_pale_marks(keys) == []


@pytest.mark.parametrize("kind", ["edge", "other", "former"])
def test_marks_that_differ_by_colour_alone_are_found(kind: str) -> None:
    """Plant a fault: lines of one shape in other colours, and a line that nobody sees on the page."""

    def show_line(canvas: Canvas, x: float, y: float) -> None:
        canvas.add_line(x - 8, y, x + 8, y, kind)

    def show_grid(canvas: Canvas, x: float, y: float) -> None:
        canvas.add_line(x - 8, y, x + 8, y, "grid")

    def show_quiet(canvas: Canvas, x: float, y: float) -> None:
        canvas.add_line(x - 8, y, x + 8, y, "former" if kind == "former" else "side")

    assert find_look_alikes([Key(show_line, "one"), Key(show_quiet, "other")]) == [("one", "other")]
    assert find_pale_marks([Key(show_line, "one"), Key(show_grid, "grid")]) == ["grid"]
