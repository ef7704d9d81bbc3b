"""Files of the tables of static pages, field by field: CSV and XLSX against the table on the page and the release.

The tables are read here by code of the tests' own, from the page as a browser shows it. The pages are those of the
built release in Macedonian, whose numbers and words differ most from those of the files.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import inf
from pathlib import Path

import pytest
from lxml import html
from python_calamine import CalamineWorkbook

from dashboards.public.page_parts import make_part
from pipelines.core.home import open_home
from pipelines.front.build import FOLDER
from pipelines.publication.releases.publish import find_current_release
from pipelines.words.language import read_in

LANGUAGE = "mk"
DAY = date(2026, 11, 30)
NO_UPPER_END, FEW = "без горна граница", "помалку од 20: премалку за споредба"
Field = str | float | None


@dataclass(frozen=True)
class ShownTable:
    """A table of a page as it is seen: its name, the header, the rows and the texts of its notes."""

    name: str
    header: list[str]
    rows: list[list[Field]]
    notes: list[str]


@dataclass(frozen=True)
class ShownField:
    """A field of a table as it is seen: number or text, the ends of its interval, and the marks at it."""

    content: Field
    low: float | None
    high: float | None
    marks: list[str]
    is_few: bool


def read_field(element: html.HtmlElement) -> ShownField:
    """Read a field: its number from `data` or, if it is a whole number, from its text."""
    marks = [mark for sup in element.iter("sup") for mark in str(sup.text).split(",")]
    is_few = bool(element.xpath(".//*[contains(@class, 'front-badge')]"))
    visible = element.xpath(
        ".//text()[not(ancestor::sup) and not(ancestor::*[contains(@class, 'front-badge') or "
        "contains(@class, 'rti-hidden')])]"
    )
    text = re.sub(r"[ \n\t]+", " ", "".join(visible)).strip()
    data = element.find(".//data")
    if data is not None:
        ends = [float(data.get(name)) if data.get(name) else None for name in ("data-low", "data-high")]
        value = data.get("value")
        return ShownField(float(value) if value else text, ends[0], ends[1], marks, is_few)
    if element.tag == "td" and re.fullmatch(r"\d{1,3}(?:[,.\u202f\u00a0]\d{3})+|\d+", text):
        return ShownField(float(re.sub(r"\D", "", text)), None, None, marks, is_few)
    return ShownField(text, None, None, marks, is_few)


def read_page(text: str) -> html.HtmlElement:
    """Return a page without the explanations of terms, which are not seen until the pointer is at a term."""
    document = html.document_fromstring(text)
    for explanation in document.find_class("front-about"):
        explanation.drop_tree()
    return document


def read_tables(document: html.HtmlElement) -> Iterator[ShownTable]:
    """Yield the tables of a page with the columns that their files must have.

    A column with intervals is followed by one for each end, and a column with notes by one for the notes.
    """
    for part in document.find_class("front-table"):
        table = part.find(".//table")
        titles = [" ".join(cell.text_content().split()) for cell in table.iterfind("thead/tr/th")]
        fields = [[read_field(element) for element in row] for row in table.iterfind("tbody/tr")]
        header: list[str] = []
        rows: list[list[Field]] = [[] for _ in fields]
        for place, title in enumerate(titles):
            column = [row[place] for row in fields]
            has_interval = any(field.low is not None for field in column)
            has_notes = any(field.marks or (place and field.is_few) for field in column)
            header += [title, *(["low", "high"] if has_interval else []), *(["notes"] if has_notes else [])]
            for row, field in zip(rows, column, strict=True):
                row.append(field.content)
                row += [field.low, NO_UPPER_END if field.high == inf else field.high] if has_interval else []
                # The word at a figure of few is another one in files.
                row += [", ".join([*([FEW] if place and field.is_few else []), *field.marks])] if has_notes else []
        notes = [
            " ".join(item.text_content().split()).removeprefix(_read_mark(item)).strip()
            for item in part.xpath(".//ul[contains(@class, 'front-notes')]/li")
        ]
        yield ShownTable(str(part.get("id")).removeprefix("table-"), header, rows, notes)


def _read_mark(item: html.HtmlElement) -> str:
    marks = item.find_class("front-note-mark")
    return str(marks[0].text_content()) if marks else ""


def read_csv(content: bytes) -> list[list[object]]:
    return [[*row] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))]


def read_workbook(content: bytes) -> list[list[object]]:
    """Return the rows of a workbook without the two above the header: the caption and an empty one."""
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    return [[*row] for row in sheet.to_python(skip_empty_area=False)[2:]]


def find_differences(table: ShownTable, grid: list[list[object]]) -> list[tuple[str, str, object]]:
    """Return the fields of a file that differ from those of the page, each with its column, and missing notes."""
    n_columns, n_rows = len(table.header), len(table.rows)
    differences: list[tuple[str, str, object]] = []
    for title, field in zip(table.header, grid[0], strict=False):
        if title not in ("low", "high", "notes") and " ".join(str(field).split()) != title:
            differences.append((title, title, field))
    for row, fields in zip(table.rows, grid[1 : n_rows + 1], strict=True):
        for title, expected, field in zip(table.header, row, fields, strict=False):
            if not is_same(title, expected, field):
                differences.append((title, str(expected), field))
    if any(field not in ("", None) for fields in grid for field in fields[n_columns:] if len(table.header) > 1):
        # The notes below have two fields, also where the table has one column.
        differences.append(("", "no other column", ""))
    below = {" ".join(str(field).split()) for fields in grid[n_rows + 1 :] for field in fields}
    differences += [("notes", note, "missing") for note in table.notes if note not in below]
    return differences


def is_same(title: str, expected: Field, field: object) -> bool:
    """Return True if a field of a file says what the page shows."""
    if title == "notes":
        return list_marks(str(field)) == [mark for mark in str(expected).split(", ") if mark]
    if expected is None:
        return field in ("", None)
    if isinstance(expected, float):
        return field not in ("", None) and float(str(field)) == expected
    # A text that a spreadsheet program would take for a formula has an apostrophe in front.
    text = " ".join(str(field).split()).removeprefix("'" if expected[:1] in "=+-@" and expected[:1] else "")
    return text == " ".join(expected.split())


def list_marks(text: str) -> list[str]:
    """Return the marks in a field for notes; three or more in a row are a span: "1–3"."""
    marks: list[str] = []
    for part in re.split(r"[;,] ?", text):
        first, is_span, last = part.partition("–")
        marks += map(str, range(int(first), int(last) + 1)) if is_span else [part] if part else []
    return marks


@cache
def _find_release(home: Path) -> Path:
    release = find_current_release(open_home(home))
    assert release is not None
    return release


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_every_field_of_every_file_is_that_of_the_page(built_home: Path, every: int) -> None:
    """Compare the CSV of every table, and in `make test` the workbook of every third."""
    n_tables = n_numbers = 0
    differences = []
    with read_in(LANGUAGE):
        for page in sorted((_find_release(built_home) / FOLDER / LANGUAGE).glob("*.html")):
            text = page.read_text(encoding="utf-8")
            for table in read_tables(read_page(text)):
                n_tables += 1
                n_numbers += sum(isinstance(field, float) for row in table.rows for field in row)
                for ending, read in (("csv", read_csv), ("xlsx", read_workbook))[: 2 if n_tables % every == 0 else 1]:
                    content = make_part(_find_release(built_home), text, table.name, ending, DAY)
                    assert content is not None, (page.name, table.name)
                    differences_of_file = find_differences(table, read(content))
                    differences += [(page.name, table.name, ending, difference) for difference in differences_of_file]
    assert differences == []
    assert n_tables > 700 and n_numbers > 15_000, (n_tables, n_numbers)


@pytest.mark.parametrize(
    ("planted", "column"),
    [
        (lambda grid: grid[1].__setitem__(2, "88"), "2020"),
        (lambda grid: grid[1].__setitem__(3, "1"), "low"),
        (lambda grid: grid[0].__setitem__(2, "2019"), "2020"),
        (lambda grid: grid[2].__setitem__(2, ""), "2020"),
        (lambda grid: grid.__delitem__(slice(-3, None)), "notes"),
    ],
    ids=["a number", "the end of an interval", "a heading", "a word", "notes"],
)
def test_planted_difference_of_a_file_is_found(
    built_home: Path, planted: Callable[[list[list[object]]], None], column: str
) -> None:
    page = _find_release(built_home) / FOLDER / LANGUAGE / "indicator-convicted-first-per-indicted.html"
    text = page.read_text(encoding="utf-8")
    (table,) = (table for table in read_tables(read_page(text)) if table.name == "years")
    with read_in(LANGUAGE):
        grid = read_csv(make_part(_find_release(built_home), text, "years", "csv", DAY) or b"")
    assert find_differences(table, grid) == []
    planted(grid)
    assert {title for title, _, _ in find_differences(table, grid)} == {column}
