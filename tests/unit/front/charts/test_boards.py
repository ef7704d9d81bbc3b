"""Reporting board, stage boxes and maps: every state, count and name is readable without colour."""

from __future__ import annotations

import re
from itertools import cycle

import pytest

from pipelines import words
from pipelines.front.charts.board import StateBoard, TerritoryState, TerritoryStates, describe_board, draw_board
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.outlines import Outline, OutlineMap, draw_outlines, find_label_point, read_rings
from pipelines.front.charts.stages import Side, StageBar, Stages, draw_stages
from pipelines.front.charts.tiles import Tile, TileMap, draw_tiles
from pipelines.words import FormattedFigure, quality, reporting
from pipelines.words.language import read_in
from tests.support.drawings import assert_legible

PERIODS = [f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in range(1, 5)]
FOOTNOTE = "* All references shall be understood to be in the context of a resolution."


def make_board() -> StateBoard:
    states = cycle(reporting.STATES)
    lines = []
    for name in ("Albania", "Bosnia and Herzegovina", "Kosovo under UNSCR 1244*"):
        codes = [next(states) for _ in PERIODS]
        cells = [TerritoryState(code, reporting.STATES[code], "3/4" if code == "in_part" else "") for code in codes]
        lines.append(TerritoryStates(name, cells))
    return StateBoard("Who has reported", PERIODS, lines, reporting.STATES)


def make_count(value: int) -> FormattedFigure:
    return FormattedFigure(str(value), str(value), "value", value)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_board_has_a_cell_per_territory_and_period_and_explains_each_state(width: int) -> None:
    read = assert_legible(draw_board(make_board(), width=width))
    hints = read.list_hints()
    assert len(hints) == (3 * len(PERIODS) if width == WIDE else 0), "a telephone has no pointer"
    assert hints[:1] in ([], ["Albania, 2025 Q1: on time"])
    assert all(state in read.words for state in reporting.STATES.values())
    assert all(part in read.words for part in ("2025", "2026", "Q1", "Q4", "3/4"))
    n_counts = sum(cell.count != "" for line in make_board().lines for cell in line.cells)
    assert read.words.count("3/4") == n_counts + 1, "the key has the sign of the cells"


def test_draw_board_leaves_out_the_oldest_periods_that_do_not_fit() -> None:
    periods = [f"{year}-Q{quarter}" for year in range(2015, 2027) for quarter in range(1, 5)]
    cells = [TerritoryState("on_time", "on time") for _ in periods]
    board = StateBoard("Title", periods, [TerritoryStates("A", cells)], reporting.STATES)
    drawing = draw_board(board, width=NARROW)
    read = assert_legible(drawing)
    assert "2026" in read.words and "2015" not in read.words
    outlines = re.findall(r'<path d="([^"]+)" class="full"/>', drawing.svg)
    assert len(outlines) == 1 and outlines[0].count("Z") == NARROW // 24 < len(periods), (
        "all cells of a kind are one path"
    )


def test_describe_board_says_who_is_in_which_state_in_the_newest_period() -> None:
    lines = [
        TerritoryStates("A", [TerritoryState("late", "late")]),
        TerritoryStates("B", [TerritoryState("on_time", "on time")]),
        TerritoryStates("C", [TerritoryState("late", "late")]),
    ]
    board = StateBoard("Who has reported", ["2026-Q3"], lines, reporting.STATES)
    assert describe_board(board) == "Who has reported. 2026 Q3: On time: B. Late: A, C."


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_board_of_numbers_has_each_number_in_its_cell_and_none_in_the_key(width: int) -> None:
    shares = (("all", "100"), ("most", "87.8"), ("less", "12.5"), ("not_due", ""))
    cells = [TerritoryState(level, f"{number}%", number) for level, number in shares]
    lines = [TerritoryStates(name, cells) for name in ("Albania", "Bosnia and Herzegovina")]
    board = StateBoard("Shares", PERIODS[:4], lines, quality.LEVELS, has_numbers=True)
    read = assert_legible(draw_board(board, width=width))
    assert [read.words.count(number) for number in ("100", "87.8", "12.5")] == [2, 2, 2]
    assert all(quality.LEVELS[level] in read.words for level, _ in shares)
    assert read.count_marks("text", "small inverse") == 2, "on the dark cells the number is white"


def test_describe_board_of_numbers_says_the_number_of_each_territory() -> None:
    lines = [TerritoryStates("A", [TerritoryState("most", "87.8%", "87.8")])]
    board = StateBoard("Shares", ["2026-Q3"], lines, quality.LEVELS, has_numbers=True)
    assert describe_board(board) == "Shares. 2026 Q3: A: 87.8%."


@pytest.mark.parametrize(("language", "day"), [("en", "31 December 2025:"), ("mk", "31 декември 2025:")])
def test_day_of_pending_cases_is_on_one_line_of_the_narrow_picture(language: str, day: str) -> None:
    side = Side(f"Pending on {day[:-1]}", words.format_status("withheld"), is_pending=True)
    with read_in(language):
        drawing = draw_stages(Stages("Albania", [StageBar("Indicted", make_count(62), [side])]), width=NARROW)
    lines = [str(element.text) for element in assert_legible(drawing).root.iter() if element.tag.endswith("text")]
    assert any(day in line for line in lines), lines


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_stages_has_boxes_of_one_width_with_pending_and_exits_at_the_side(width: int) -> None:
    sides = [
        Side("Pending before the prosecutor", make_count(31), is_pending=True),
        Side("Discontinued", make_count(7)),
        Side("Rejected", words.format_status("withheld")),
    ]
    stages = [StageBar("Investigated", make_count(62), sides), StageBar("Convicted", make_count(12), is_few=True)]
    read = assert_legible(draw_stages(Stages("Albania, 2025", stages), width=width))
    boxes = [element for element in read.root.iter() if "box" in element.get("class", "").split()]
    assert len(boxes) == 2 and len({box.get("width") for box in boxes}) == 1
    for text in ("Investigated", "62", "prosecutor: 31", "Discontinued: 7", "Rejected: withheld", "too few to compare"):
        assert text in read.words
    assert "Still pending" in read.words and "Ended another way" in read.words
    (signs,) = re.findall(r'<path d="([^"]+)" class="ink"/>', read.drawing.svg)
    assert signs.count("M") == 2 * 2 + 3, "two bars for what is pending, an arrow for what ended, both in the key too"
    (strokes,) = re.findall(r'<path d="([^"]+)" class="side"/>', read.drawing.svg)
    assert strokes.count("M") == 1 + 3 + 2 + 1 + 1, "the tip below a box, its sides, the arrows, their key, the stem"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_tiles_links_every_territory_and_shows_the_footnote(width: int) -> None:
    tiles = [
        Tile("AA", "Bosnia and Herzegovina", 0, 0, "a?territory=AA&x=1"),
        Tile("BB", "Kosovo under UNSCR 1244*", 1, 0, "b", "85 (70–103)"),
        Tile("CC", "Kosova sipas Rezolutës 1244 të KS të OKB-së*", 1, 1, "c"),
    ]
    read = assert_legible(draw_tiles(TileMap("Territories", tiles, [FOOTNOTE]), width=width))
    links = [element for element in read.root.iter() if element.tag.endswith("}a")]
    assert [link.get("href") for link in links] == ["a?territory=AA&x=1", "b", "c"]
    assert links[1].get("aria-label") == "BB Kosovo under UNSCR 1244* 85 (70–103)"
    assert FOOTNOTE in read.words and read.root.get("role") == "group"
    sizes = [(float(e.get("width")), float(e.get("height"))) for e in read.root.iter() if "box" in e.get("class", "")]
    assert all(min(size) >= 24 for size in sizes)


SQUARE = ((19.0, 42.0), (20.0, 42.0), (20.0, 43.0), (19.0, 43.0))
HOOK = ((20.0, 42.0), (24.0, 42.0), (24.0, 45.0), (20.0, 45.0), (20.0, 44.5), (23.5, 44.5), (23.5, 42.5), (20.0, 42.5))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draw_outlines_links_every_territory_and_shows_its_name_and_the_footnote(width: int) -> None:
    outlines = [
        Outline("AA", "Bosnia and Herzegovina", "", [SQUARE], "a?territory=AA&x=1"),
        Outline("BB", "Kosovo under UNSCR 1244", "*", [HOOK], "b", "not chosen", is_chosen=False),
    ]
    read = assert_legible(draw_outlines(OutlineMap("Territories", outlines, [FOOTNOTE]), width=width))
    links = [element for element in read.root.iter() if element.tag.endswith("}a")]
    assert [link.get("href") for link in links] == ["a?territory=AA&x=1", "b"]
    assert links[1].get("aria-label") == "BB Kosovo under UNSCR 1244*: not chosen"
    for link in links:
        words = " ".join("".join(text for part in link for text in (part.text or "", part.tail or "")).split())
        assert words == link.get("aria-label"), "what is seen in the link, without the codes on the map, is its name"
    assert read.count_marks("path", "land") == 2 and read.count_marks("path", "left-out") == 1
    assert read.root.get("role") == "group"
    for text in ("BB*", "Kosovo under UNSCR 1244*: not chosen", FOOTNOTE, "imply no opinion on status or borders"):
        assert text in read.words


def test_find_label_point_is_inside_also_where_the_middle_is_not() -> None:
    longitude, latitude = find_label_point(HOOK)
    assert latitude < 42.5 or latitude > 44.5 or longitude > 23.5
    assert find_label_point(SQUARE) == pytest.approx((19.5, 42.5), abs=0.05)


def test_read_rings_returns_the_points_of_wkt() -> None:
    wkt = "MULTIPOLYGON (((19.0 42.0, 20.0 42.0, 20.0 43.0, 19.0 42.0)), ((1 2, 3 4, 5 6, 1 2)))"
    assert read_rings(wkt) == [((19.0, 42.0), (20.0, 42.0), (20.0, 43.0)), ((1.0, 2.0), (3.0, 4.0), (5.0, 6.0))]
    assert read_rings("") == []
