"""Merged areas of generated workbooks, laid out as rows of an HTML table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.office.pages.answer.sheet_layout import (
    FROZEN_COLUMNS,
    WIDEST,
    SheetCell,
    SheetRows,
    arrange_rows,
    name_frozen_class,
)
from dashboards.office.pages.answer.side_by_side import _mark_merged_areas
from pipelines.office.answers.model import CellView, TableView
from pipelines.office.answers.views import tables_of
from pipelines.reading.formats import xlsx
from tests.support.fakes.workbook_fakes import make_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _read_table(write: Callable[[Any], None]) -> TableView:
    data = make_xlsx(lambda book: write(book.add_worksheet("List")))
    (table,) = tables_of(xlsx.read_file(data), None, "en", 5_000)
    return table


def _read_merged(merged: Mapping[str, str], values: Mapping[str, int] | None = None) -> TableView:
    def write_cells(sheet: Any) -> None:
        for area, text in merged.items():
            sheet.merge_range(area, text)
        for cell, value in (values or {}).items():
            sheet.write(cell, value)

    return _read_table(write_cells)


def _draw(cell: CellView, columns: int, rows: int) -> SheetCell:
    return SheetCell(cell.text, name_frozen_class(cell.column, columns), cell.place, "", columns, rows)


def _lay_out(table: TableView, last_row: int = 10_000) -> dict[int, list[tuple[str, int, int]]]:
    layout = arrange_rows((cell for cell in table.cells if cell.row <= last_row), _draw)
    assert _fills_every_position(layout)
    return {row: [(cell.text, cell.columns, cell.rows) for cell in cells] for row, cells in layout.rows}


def _fills_every_position(layout: SheetRows) -> bool:
    """Place the cells as a browser does and compare with the rectangle of all shown rows and columns."""
    covered: set[tuple[int, int]] = set()
    for index, (_, cells) in enumerate(layout.rows):
        column = 0
        for cell in cells:
            while (index, column) in covered:
                column += 1
            positions = {(index + i, column + j) for i in range(cell.rows) for j in range(cell.columns)}
            if positions & covered:
                return False
            covered |= positions
    return covered == {(i, j) for i in range(len(layout.rows)) for j in range(layout.column_count)}


def test_area_over_columns_that_begins_in_the_first_column_is_one_cell() -> None:
    rows = _lay_out(_read_merged({"A1:C1": "Title"}, {"A2": 1, "B2": 2, "C2": 3, "D2": 4}))
    assert rows == {1: [("Title", 3, 1), ("", 1, 1)], 2: [("1", 1, 1), ("2", 1, 1), ("3", 1, 1), ("4", 1, 1)]}


def test_area_over_rows_of_the_first_column_is_one_cell_of_all_its_rows() -> None:
    rows = _lay_out(_read_merged({"A1:A3": "Article 5"}, {"B1": 1, "B2": 2, "B3": 3}))
    assert rows == {1: [("Article 5", 1, 3), ("1", 1, 1)], 2: [("2", 1, 1)], 3: [("3", 1, 1)]}


def test_area_over_columns_and_rows_is_one_cell_anywhere() -> None:
    values = {"C1": 1, "C2": 2, "D3": 3, "A4": 4}
    rows = _lay_out(_read_merged({"A1:B2": "Corner", "B3:C4": "Middle"}, values))
    assert rows[1] == [("Corner", 2, 2), ("1", 1, 1), ("", 1, 1)]
    assert rows[2] == [("2", 1, 1), ("", 1, 1)]
    assert rows[3] == [("", 1, 1), ("Middle", 2, 2), ("3", 1, 1)]
    assert rows[4] == [("4", 1, 1), ("", 1, 1)]


def test_row_without_a_cell_of_its_own_is_left_out_of_an_area() -> None:
    rows = _lay_out(_read_merged({"A1:B2": "Title", "A4:A7": "Label"}, {"A3": 1, "B3": 2, "B4": 3, "B7": 4}))
    assert rows[1] == [("Title", 2, 1)]
    assert rows[4] == [("Label", 1, 2), ("3", 1, 1)] and rows[7] == [("4", 1, 1)]


def test_area_is_cut_at_the_last_row_shown() -> None:
    table = _read_merged({"A2:A5": "Label"}, {"B1": 0, "B2": 1, "B3": 2, "B4": 3, "B5": 4})
    assert _lay_out(table, last_row=3)[2] == [("Label", 1, 2), ("1", 1, 1)]
    assert _lay_out(table, last_row=2)[2] == [("Label", 1, 1), ("1", 1, 1)]


@pytest.mark.parametrize(("area", "columns"), [("A1:E1", 5), ("A1:XFD1", WIDEST)])
def test_area_beyond_the_last_number_does_not_widen_the_sheet_without_limit(area: str, columns: int) -> None:
    cells = [CellView("List!A1", 1, 1, "Title", None, "", "", columns=5 if area == "A1:E1" else 16_384)]
    layout = arrange_rows(cells, _draw)
    assert (layout.column_count, layout.rows[0][1][0].columns) == (columns, columns)


def test_of_a_wide_area_of_the_first_column_only_the_text_stays_in_view() -> None:
    areas = {"A1:D1": "Title", "A2:C2": "Section", "A3:A4": "Label"}
    table = _read_merged(areas, {"E1": 1, "E2": 2, "E3": 3, "E4": 4, "B3": 5})
    layout = arrange_rows(table.cells, _draw)
    frozen = {cell.text: cell.classes for _, cells in layout.rows for cell in cells if not cell.text.isdigit()}
    assert FROZEN_COLUMNS == 3
    assert {text: frozen[text] for text in areas.values()} == {
        "Title": "rti-cell-first", "Section": "rti-cell-frozen", "Label": "rti-cell-frozen"
    }  # fmt: skip


def test_empty_cell_of_the_first_column_stays_in_view() -> None:
    layout = arrange_rows(_read_merged({"B1:C1": "Heading"}).cells, _draw)
    assert [cell.classes for cell in layout.rows[0][1]] == ["rti-cell-frozen", ""]


def test_finding_inside_an_area_marks_its_first_cell() -> None:
    table = _read_merged({"A1:B2": "Title"}, {"C1": 1, "C2": 2})
    places = {(cell.row, cell.column): cell.place for cell in table.cells}
    severities = {places[1, 1].replace("A1", "B2"): "error", places[1, 1]: "warning", places[2, 3]: "warning"}
    _mark_merged_areas(table, severities)
    assert (severities[places[1, 1]], severities[places[2, 3]]) == ("error", "warning")


_CELLS = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4)),
    max_size=12,
    unique_by=lambda cell: cell[:2],
)


@settings(max_examples=50, deadline=None)
@given(_CELLS)
def test_cells_of_overlapping_areas_fill_each_position_once_and_none_is_lost(cells: list[tuple[int, ...]]) -> None:
    views = [
        CellView(f"List!R{row}C{column}", row, column, f"{row}/{column}", None, "", "", columns=columns, rows=rows)
        for row, column, columns, rows in cells
    ]
    layout = arrange_rows(views, _draw)
    assert _fills_every_position(layout)
    texts = [cell.text for _, row in layout.rows for cell in row if cell.text]
    assert sorted(texts) == sorted(view.text for view in views)
