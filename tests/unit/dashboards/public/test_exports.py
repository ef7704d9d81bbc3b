"""A table as pasted, as CSV and as XLSX: numbers stay numbers, texts are never formulas, and the notes come along."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from math import inf

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.public import exports, tables
from dashboards.public.tables import Cell, Line, Table
from pipelines import words

FOOTNOTE = ("*", "A footnote of a name.")
CITATION = words.cite_table(
    {"release": "2026-Q3", "demonstration": True}, "A title", "Two places", "https://example.org/?crime=TIP",
    date(2026, 11, 20),
)  # fmt: skip


def build_table() -> Table:
    notes = words.Notes(["First note.", "Second note."], ["A remark."])
    few = words.FormattedFigure("7 (3–14)", "7", "value", 7.0, 3.0, 14.0)
    open_end = words.FormattedFigure("1\u202f268 (900 or more)", "1\u202f268", "value", 1268.0, 900.0, inf)
    lines = (
        Line(
            Cell("Place", marks=("*",)),
            (
                tables.value_cell(few, "", ("2", "1"), is_few=True),
                tables.value_cell(words.format_status("withheld"), ""),
            ),
        ),
        Line(
            Cell("=Other"),
            (
                tables.value_cell(open_end, ""),
                replace(tables.value_cell(open_end, ""), low=None, high=None, base="3 of 7"),
            ),
        ),
    )
    return Table("A title. Release 2026-Q3.", ("Rate", "Count"), lines, "Area", False, notes, (FOOTNOTE,), "Two places")


def read_sheet(content: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


HEADER = [
    "Area", "Area: notes", "Rate", "Rate: lower end of the 95% interval", "Rate: upper end", "Rate: notes", "Count",
    "Count: notes",
]  # fmt: skip


def test_pasted_text_has_the_figures_alone() -> None:
    assert exports.write_text(build_table()) == (
        "Area\tRate\tRate: lower end of the 95% interval\tRate: upper end\tCount\n"
        "Place\t7\t3\t14\twithheld\n"
        "'=Other\t1268\t900\tno upper end\t1268"
    )


def test_files_of_shares_say_that_few_may_be_in_the_part_or_in_the_rest() -> None:
    for is_share, few in (
        (False, "fewer than 20: too few to compare"),
        (True, "fewer than 20 in the part or in the rest: too few to compare"),
    ):
        text = exports.write_csv(replace(build_table(), is_share=is_share), CITATION).decode("utf-8-sig")
        assert few in text and f"F{few[1:]}" in text
        assert ("in the rest" in tables.render_legend(["few"], is_share=is_share)) is is_share


def test_csv_has_a_byte_order_mark_equal_rows_and_a_decimal_point() -> None:
    content = exports.write_csv(build_table(), CITATION)
    assert content.startswith(b"\xef\xbb\xbf") and b"\r\n" in content
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[0] == HEADER
    assert {len(row) for row in rows} == {len(HEADER)}, "RFC 4180: every row has as many fields"
    assert rows[1] == ["Place", "*", "7", "3", "14", "fewer than 20: too few to compare; 1,2", "withheld", ""]
    assert rows[2] == ["'=Other", "", "1268", "900", "no upper end", "", "1268", "3 of 7 territories"]
    below = {row[0]: row[1] for row in rows[4:]}
    assert below["*"] == FOOTNOTE[1] and below["Note"] == "A remark." and below["Note 2"] == "Second note."
    assert below["Coverage"] == "Two places" and below["Source"] == CITATION


def test_xlsx_has_numbers_notes_and_no_formulas() -> None:
    content = exports.write_xlsx(build_table(), CITATION)
    rows = read_sheet(content)
    assert rows[0][0] == "A title. Release 2026-Q3." and rows[2] == HEADER
    assert rows[3][2:5] == [7, 3, 14] and rows[3][6] == "withheld"
    assert rows[4][0] == "=Other" and rows[4][2:5] == [1268, 900, "no upper end"]
    assert [CITATION in row for row in rows].count(True) == 1 and any(FOOTNOTE[1] in row for row in rows)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml"), "no formulas"
        assert not any("externalLink" in name or "hyperlink" in name for name in package.namelist())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_would_be_a_formula_is_escaped_in_csv_and_in_pasted_text(start: str) -> None:
    text = f"{start}cmd|' /C calc'!A0"
    table = Table("t", ("c",), (Line(Cell(text), (Cell(text),)),))
    fields = [f for row in csv.reader(io.StringIO(exports.write_csv(table, "s").decode("utf-8-sig"))) for f in row]
    assert not any(field.startswith(start) for field in fields)
    assert not any(
        field.startswith(start) for line in exports.write_text(table).split("\n") for field in line.split("\t")
    )


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9), st.integers(0, 2)),
        min_size=1,
        max_size=20,
    )
)
def test_numbers_are_the_same_in_every_file(numbers: list[tuple[float, int]]) -> None:
    """Write up to 20 numbers in one file: opening a workbook for each of 100 numbers takes a second."""
    figures = [words.format_value(value, "A", "F", digits) for value, digits in numbers]
    values = [figure.value for figure in figures]
    assert all(
        abs(figure - value) <= 0.5 * 10**-digits + 1e-6 for figure, (value, digits) in zip(values, numbers, strict=True)
    )
    table = Table("t", ("c",), tuple(Line(Cell("r"), (tables.value_cell(figure, ""),)) for figure in figures))
    rows = list(csv.reader(io.StringIO(exports.write_csv(table, "s").decode("utf-8-sig"))))[1 : 1 + len(values)]
    assert [float(row[1]) for row in rows] == values
    assert [row[1] for row in read_sheet(exports.write_xlsx(table, "s"))[3 : 3 + len(values)]] == values
    lines = exports.write_text(table).split("\n")
    assert [float(line.split("\t")[-1]) for line in lines[-len(values) :]] == values


def test_citation_names_publisher_title_coverage_release_address_and_day() -> None:
    for part in (
        "Regional trafficking indicators", "A title", "Two places", "2026-Q3", "all our own figures are invented",
        "https://example.org/?crime=TIP", "accessed 20 November 2026",
    ):  # fmt: skip
        assert part in CITATION


def test_marks_are_in_order_and_runs_are_short() -> None:
    assert tables.format_marks(("3", "*", "1", "2", "7", "3")) == "*,1–3,7"
    assert tables.format_marks(("2", "1")) == "1,2"


def test_notes_are_numbered_in_reading_order_and_common_ones_are_remarks() -> None:
    notes = words.Notes(["Of nothing.", "Of the last.", "Of the first.", "Of all."])
    figure = words.FormattedFigure("1", "1", "value", 1.0)
    lines = (
        Line(Cell("a"), (tables.value_cell(figure, "", ("4", "3")), tables.value_cell(figure, "", ("4",)))),
        Line(Cell("b"), (tables.value_cell(figure, "", ("2", "4")), tables.value_cell(words.format_absent(), ""))),
    )
    arranged, arranged_notes = tables.arrange_notes(lines, notes)
    assert arranged_notes.texts == ["Of the first.", "Of the last."]
    assert arranged_notes.remarks == ["Of all (all figures).", "Of nothing."]
    assert [cell.marks for line in arranged for cell in line.cells] == [("1",), (), ("2",), ()]


def test_footnote_of_a_name_in_a_heading_of_a_column_is_in_the_files() -> None:
    """Check a table with senders below each other and receivers next to each other, in which one name is a column."""
    names = (("*", "About the name."), ("†", "About another name."))
    lines = (Line(Cell("Aland"), (tables.value_cell(words.FormattedFigure("1", "1", "value", 1.0), ""),)),)
    table = Table("Sent", ("Cland*",), lines, "Sent by", names=names)
    assert table.select_names() == names[:1]
    assert "About the name." in exports.write_csv(table, "A source.").decode("utf-8-sig")


def test_at_most_six_notes_are_visible() -> None:
    html = tables.render_notes(words.Notes([f"Note {number}." for number in range(9)]), [FOOTNOTE])
    visible, folded = html.split("<details>")
    assert visible.count("<li>") == 6 and folded.count("<li>") == 4 and "<summary>4 more notes</summary>" in folded
    assert FOOTNOTE[1] in visible, "the footnote of a name is never folded"
    assert "<details>" not in tables.render_notes(words.Notes(["a"] * 6))


def test_note_that_explains_a_verdict_and_notes_with_marks_are_shown_before_others() -> None:
    notes = words.Notes([f"Note {number}." for number in range(9)], ["A remark."])
    mark = notes.number_note("Not clear.", is_unfolded=True)
    figure = words.FormattedFigure("1", "1", "value", 1.0)
    cells = tuple(tables.value_cell(figure, "", (str(number),)) for number in range(1, 10))
    lines = (Line(Cell("Aland*"), (*cells, Cell("no clear change", marks=(mark,)))),)
    arranged, arranged_notes = tables.arrange_notes(lines, notes)
    table = Table("T", ("2025",) * 10, arranged, notes=arranged_notes, names=(FOOTNOTE,))
    visible, folded = tables.render_notes(table.notes, table.select_names()).split("<details>")
    assert (visible.count("<li>"), folded.count("<li>")) == (6, 5) and "A remark." in folded
    assert re.findall(r">(\d+)</span> ([^<]*)</li>", visible) == [
        *((str(number + 1), f"Note {number}.") for number in range(4)), ("10", "Not clear."),
    ]  # fmt: skip
    assert [cell.marks for cell in table.lines[0].cells] == [(str(number),) for number in range(1, 11)]


def test_note_of_all_figures_is_the_first_remark() -> None:
    figure = words.FormattedFigure("1", "1", "value", 1.0)
    lines = (Line(Cell("a"), (tables.value_cell(figure, "", ("1",)), tables.value_cell(figure, "", ("1",)))),)
    _, notes = tables.arrange_notes(lines, words.Notes(["Of all."], ["A remark."]))
    assert notes.remarks == ["Of all (all figures).", "A remark."]
