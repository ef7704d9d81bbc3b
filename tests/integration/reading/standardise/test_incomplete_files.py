"""Files that were cut short, and tables that are not read, are errors although every figure that is read is right."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import openpyxl
import pytest

from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.reading.formats import budget
from pipelines.submissions.checking.read_task import Task, take_with
from tests.support.paths import SAMPLES

VICTIMS_LIST = "AL/victims/MKR_viktimat_2026_T3.csv"
STAGES_LIST = "BA/justice/JT_BD_2026_2.csv"
WORKBOOK = "AL/justice/PP_Trafikimi_2026_T3.xlsx"
SHEETS = "MK/justice/Pravosudstvo_2026_K3.xlsx"
CUBE = "HR/victims/zrtve_thb_2026-3.json"
NEW_RULES = {"list.incomplete", "list.cut", "table.unread", "table.undeclared", "cell.unbound"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def read_edited(registry: Registry, name: str, edit: Callable[[bytes], bytes]) -> list[Finding]:
    """Return the findings of one sample after an edit of its bytes."""
    budget.restart_budget()
    file = SAMPLES / name
    result = take_with(Task(edit(file.read_bytes()), file.name, "S1", registry.digest), registry)
    findings = [*result.findings, *(result.reading.findings if result.reading is not None else [])]
    return [finding for finding in findings if finding.rule in NEW_RULES]


def cut_lines(number: int) -> Callable[[bytes], bytes]:
    return lambda data: b"\n".join(data.split(b"\n")[:number]) + b"\n"


def edit_workbook(change: Callable[[openpyxl.Workbook], None]) -> Callable[[bytes], bytes]:
    def edit_bytes(data: bytes) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(data))
        change(book)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return edit_bytes


@pytest.mark.parametrize("name", [VICTIMS_LIST, STAGES_LIST, WORKBOOK, SHEETS, CUBE])
def test_whole_file_has_no_finding(registry: Registry, name: str) -> None:
    assert read_edited(registry, name, lambda data: data) == []


def test_list_cut_after_thirty_lines_is_one_error_at_its_end(registry: Registry) -> None:
    (finding,) = read_edited(registry, VICTIMS_LIST, cut_lines(30))
    assert (finding.rule, finding.severity, str(finding.where)) == ("list.incomplete", "error", "line 30 column 1")
    assert finding.params["count"] == 6, "three statuses and three citizenships"


def test_list_without_one_status_is_an_error_that_names_it(registry: Registry) -> None:
    word = "Viktimë e identifikuar".encode()
    (finding,) = read_edited(
        registry, VICTIMS_LIST, lambda data: b"\n".join(line for line in data.split(b"\n") if word not in line)
    )
    assert (finding.rule, finding.seen, finding.expected) == ("list.incomplete", "Statusi", word.decode())


def test_list_cut_within_its_last_breakdown_is_an_error(registry: Registry) -> None:
    (finding,) = read_edited(registry, STAGES_LIST, cut_lines(83))
    assert (finding.rule, finding.params["dim"], finding.params["count"]) == ("list.cut", "sentence_band", 3)


def test_cube_that_may_omit_combinations_needs_no_member(registry: Registry) -> None:
    def leave_out_zeros(data: bytes) -> bytes:
        cube = json.loads(data)
        cube["value"] = {str(n): value for n, value in enumerate(cube["value"]) if value}
        return json.dumps(cube).encode()

    assert read_edited(registry, CUBE, leave_out_zeros) == []


def test_tables_with_a_wrong_period_in_their_titles_are_errors(registry: Registry) -> None:
    def rename_quarter(book: openpyxl.Workbook) -> None:
        for cell in (cell for line in book["Tremujori III"].iter_rows() for cell in line):
            if isinstance(cell.value, str):
                cell.value = cell.value.replace("tremujori III", "tremujori 3")

    (finding,) = read_edited(registry, WORKBOOK, edit_workbook(rename_quarter))
    assert (finding.rule, finding.severity, str(finding.where)) == ("table.undeclared", "error", "Tremujori III!B8")
    assert "tremujori 3, viti 2026" in str(finding.seen)
    assert "viti {year}" in str(finding.expected)


def test_table_under_another_title_next_to_read_ones_is_one_error(registry: Registry) -> None:
    def rename_table(book: openpyxl.Workbook) -> None:
        cell = book["Tremujori III"]["A17"]
        cell.value = str(cell.value).replace("tremujori III", "tremujori 3")

    (finding,) = read_edited(registry, WORKBOOK, edit_workbook(rename_table))
    assert (finding.rule, finding.severity, str(finding.where)) == ("table.unread", "error", "Tremujori III!A18")
    assert "tremujori 3, viti 2026" in str(finding.params["nearest"])


def test_sheet_with_another_name_next_to_read_ones_is_an_error(registry: Registry) -> None:
    def copy_sheet(book: openpyxl.Workbook) -> None:
        book.copy_worksheet(book[book.sheetnames[1]]).title = "Стара"

    (finding,) = read_edited(registry, SHEETS, edit_workbook(copy_sheet))
    assert (finding.rule, finding.severity) == ("table.undeclared", "error")
    assert finding.where.sheet == "Стара"


def test_table_that_is_not_of_the_form_remains_a_warning(registry: Registry) -> None:
    def add_table(book: openpyxl.Workbook) -> None:
        sheet = book.create_sheet("Белешки")
        for number in range(1, 9):
            sheet.cell(number, 1, f"{number}.").offset(0, 1).value = number

    (finding,) = read_edited(registry, SHEETS, edit_workbook(add_table))
    assert (finding.rule, finding.severity) == ("table.undeclared", "warning")
