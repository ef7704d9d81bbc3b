"""The layout of sheets: merged heads, positions, and writers that give the same bytes each time.

The output is read with the libraries of the formats, not with the project's readers.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx as python_docx
import pytest
import xlrd
from lxml import etree
from lxml import html as lxml_html

from tests.samples.crosstab import Column, cross_columns, lay_out_head
from tests.samples.writers import docx, html, ods, xls
from tests.samples.writers.layout import Cell, Sheet, fill_matrix, head_cell, place_cells

SHEET = Sheet(
    "Табела 1",
    (
        (head_cell("Дјело", 1, 2), head_cell("Пријављена", 2), head_cell("Укупно", 1, 2)),
        (head_cell("мушкарци"), head_cell("жене")),
        ("члан 145. < & ž", 3, 0, Cell("4", mark="1)")),
    ),
)
WRITERS: dict[str, Callable[[], bytes]] = {
    "xls": lambda: xls.write_workbook([SHEET]),
    "ods": lambda: ods.write_spreadsheet([SHEET], title="Naslov & ime"),
    "docx": lambda: docx.write_document(["Naslov <1>", SHEET], title="Naslov"),
    "html": lambda: html.write_page(["Uvod", SHEET], title="Naslov", language="sr"),
}


def test_positions_skip_covered_cells() -> None:
    positions = {placed.cell.value: (placed.row, placed.column) for placed in place_cells(SHEET.rows)}
    assert positions["мушкарци"] == (1, 1)
    assert positions["Укупно"] == (0, 3)
    assert positions["члан 145. < & ž"] == (2, 0)


def test_matrix_gives_covering_cells() -> None:
    rows = fill_matrix(SHEET.rows)
    assert [len(row) for row in rows] == [4, 4, 4]
    covering = rows[1][0]
    assert covering is not None and covering.cell.value == "Дјело"


def test_heads_merge_equal_beginnings_only() -> None:
    cols = [Column(("A", "x"), {}), Column(("A", "y"), {}), Column(("B",), {}), Column(("A", "x"), {})]
    top, below = lay_out_head(["corner"], cols, 2)
    assert [(c.value, c.across, c.down) for c in top if isinstance(c, Cell)] == [
        ("corner", 1, 2),
        ("A", 2, 1),
        ("B", 1, 2),
        ("A", 1, 1),
    ]
    assert [c.value for c in below if isinstance(c, Cell)] == ["x", "y", "x"]


def test_columns_cross_groups_with_parts() -> None:
    crossed = cross_columns((("A",), {"measure": "reported"}), by=[((), {}), (("f",), {"sex": "F"})])
    assert crossed == [
        Column(("A",), {"measure": "reported"}),
        Column(("A", "f"), {"measure": "reported", "sex": "F"}),
    ]


@pytest.mark.parametrize("kind", WRITERS)
def test_same_bytes_each_time(kind: str) -> None:
    assert WRITERS[kind]() == WRITERS[kind]()


def test_xls_merges_and_types() -> None:
    sheet = xlrd.open_workbook(file_contents=WRITERS["xls"](), formatting_info=True).sheet_by_index(0)
    assert sheet.name == "Табела 1"
    assert sorted(sheet.merged_cells) == [(0, 1, 1, 3), (0, 2, 0, 1), (0, 2, 3, 4)]
    assert [cell.value for cell in sheet.row(2)] == ["члан 145. < & ž", 3.0, 0.0, "4 1)"]


def test_ods_spans_and_values() -> None:
    with zipfile.ZipFile(io.BytesIO(WRITERS["ods"]())) as container:
        assert container.infolist()[0].filename == "mimetype"
        tree = etree.fromstring(container.read("content.xml"))
    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    office = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
    rows = list(tree.iter(f"{table}table-row"))
    assert [etree.QName(cell).localname for cell in rows[1]] == [
        "covered-table-cell",
        "table-cell",
        "table-cell",
        "covered-table-cell",
    ]
    assert rows[0][1].get(f"{table}number-columns-spanned") == "2"
    assert [cell.get(f"{office}value") for cell in rows[2]] == [None, "3", "0", None]


def test_docx_merges_and_raises_marks() -> None:
    document = python_docx.Document(io.BytesIO(WRITERS["docx"]()))
    assert document.paragraphs[0].text == "Naslov <1>"
    rows = document.tables[0].rows
    assert rows[0].cells[1]._tc is rows[0].cells[2]._tc
    assert rows[0].cells[0]._tc is rows[1].cells[0]._tc
    assert [cell.text for cell in rows[1].cells] == ["Дјело", "мушкарци", "жене", "Укупно"]
    runs = rows[2].cells[3].paragraphs[0].runs
    assert [(run.text, run.font.superscript) for run in runs] == [("4", None), ("1)", True)]


def test_html_spans_and_language() -> None:
    page = lxml_html.fromstring(WRITERS["html"]())
    assert page.get("lang") == "sr"
    assert page.findtext(".//caption") == "Табела 1"
    first = page.find(".//table/tr") if page.find(".//table/tr") is not None else page.find(".//tr")
    assert first is not None
    assert [(cell.text, cell.get("rowspan"), cell.get("colspan")) for cell in first] == [
        ("Дјело", "2", None),
        ("Пријављена", None, "2"),
        ("Укупно", "2", None),
    ]
