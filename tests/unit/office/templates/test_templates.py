"""Empty workbooks: their words, allowed entries and earlier figures, and that filled-in ones are read."""

from __future__ import annotations

import copy
import io
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.codes import COOPERATION_DIMENSIONS
from pipelines.declarations.registry import Registry, load, load_from
from pipelines.model.long_tables import OBSERVATION
from pipelines.office import templates
from pipelines.office.templates.entry import _runs
from pipelines.office.templates.layout import sheet_name
from pipelines.office.templates.lists import MANY_LINES
from pipelines.office.templates.tables import group_paths
from pipelines.reading.formats.read import read_content
from pipelines.reading.standardise.standardise import Reading, standardise_content
from tests.support.fakes.returns_fakes import BASE, make_registry
from tests.support.paths import EIGHTH

TERRITORIES = EIGHTH / "territories"
PERIOD = "2025-Q3"


def _base(**changes: Any) -> dict[str, Any]:
    form = copy.deepcopy(BASE)
    form.update(changes)
    return {key: value for key, value in form.items() if value is not None}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("territories"), [_base()])


@cache
def _write_plain_template(registry: Registry, form: str, period: str) -> bytes:
    """Write a template, once for all tests that only read it."""
    return templates.write_template(registry, form, period)[1]


def _book(registry: Registry, form: str = "ZZ-JUSTICE-1", period: str = PERIOD, **more: Any) -> Any:
    if more:
        return openpyxl.load_workbook(io.BytesIO(templates.write_template(registry, form, period, **more)[1]))
    return openpyxl.load_workbook(io.BytesIO(_write_plain_template(registry, form, period)))


def _bytes(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _read(data: bytes, form: str, registry: Registry) -> Reading:
    return standardise_content(read_content(data, "x.xlsx"), registry.forms[form], registry)


def _errors(reading: Reading) -> list[str]:
    return [f.rule for f in reading.findings if f.severity != "information"]


def _observations(*rows: dict[str, Any]) -> pl.DataFrame:
    """Build accepted figures of the base form, as stored in the facts of the ledger."""
    common = {
        "territory": "ZZ", "jurisdiction": "ZZ", "instrument": "justice", "source": "ZZ_STAT", "freq": "Q",
        "form": "ZZ-JUSTICE-ZZ_STAT", "accumulation": "discrete", "date_basis": "decision",
        "measure": "convicted_first", "level": "first", "count_unit": "person", "statistic": "count",
        "unit_measure": "NR", "offence": "ICCS0204", "law_article": "188", "person_type": "natural",
        "victim_status": "_Z", "sex": "_T", "age": "_T", "age_basis": "offence", "exploitation": "_Z",
        "citizenship": "_T", "sentence_type": "_Z", "sentence_band": "_Z", "partner": "_Z", "obs_status": "A",
        **dict.fromkeys(COOPERATION_DIMENSIONS, "_Z"),
    }  # fmt: skip
    return pl.DataFrame([{**common, **row} for row in rows], schema=OBSERVATION)


# --------------------------------------------------------------------------------------------------------------- words


def test_words_are_written_as_the_office_writes_them(registry: Registry) -> None:
    sheet = _book(registry).worksheets[0]
    rows = [[c.value for c in row] for row in sheet.iter_rows(max_row=8)]
    assert rows[:2] == [["Office", *[None] * 6], ["Осудени лица, III квартал 2025", *[None] * 6]]
    head = [{v for v in row if v} for row in rows[2:4]]
    assert head == [{"Дело", "Вкупно", "Пол", "Возраст", "Удел"}, {"мажи", "жени", "до 18", "18+"}]
    labels = [row[0] for row in rows[4:]]
    assert set(labels[:3]) == {"Вкупно", "Трговија, чл. 188", "Криумчарење, чл. 350"}
    assert labels[3] == "Извор: Office" and "Старо, чл. 99" not in labels, "no longer in force"
    merged = {str(area) for area in sheet.merged_cells.ranges}
    # Corner, total and share span both heading rows; sex and age span two columns each.
    across = [area for area in merged if area[0] != area[3]]
    assert "A3:A4" in merged and len(across) == 2 and len(merged) == 5


def test_labels_follow_the_period(tmp_path: Path) -> None:
    sex = [
        {"labels": ["мажи", "маж"], "code": "M", "valid": "2022-Q4..2024-Q4"},
        {"labels": ["машки"], "code": "M", "valid": "2025-Q1.."},
        {"labels": ["жени"], "code": "F"},
    ]
    registry = make_registry(tmp_path, [_base(codes={**BASE["codes"], "sex": sex})])
    for period, present, absent in (("2024-Q4", "мажи", "машки"), ("2025-Q1", "машки", "мажи")):
        words = {c.value for row in _book(registry, period=period).worksheets[0].iter_rows() for c in row}
        assert present in words and absent not in words and "маж" not in words


def test_title_with_the_stage_gives_one_table_per_stage(tmp_path: Path) -> None:
    codes = {**BASE["codes"], "stage": {"Осудени": {"measure": "convicted_first"}, "Обвинети": {"measure": "indicted"}}}
    title = "{stage} лица, {quarter:roman} квартал {year}"
    table = {**BASE["tables"][0], "title": title, "occurs": "many", "fixed": {}}
    declaration = _base(codes=codes, tables=[table], fixed={"count_unit": "person"}, recognise={"all": [title]})
    registry = make_registry(tmp_path, [declaration])
    titles = [s["A2"].value for s in _book(registry).worksheets[:2]]
    assert sorted(titles) == ["Обвинети лица, III квартал 2025", "Осудени лица, III квартал 2025"]


def test_sections_are_above_their_rows(tmp_path: Path) -> None:
    rows = {"{article}": {"use": "section"}, "{sex}": {}}
    table = {**BASE["tables"][0], "header_rows": 1, "columns": {"Вкупно": {}}, "rows": rows}
    registry = make_registry(tmp_path, [_base(tables=[table], adds_up=[])])
    labels = [row[0].value for row in _book(registry).worksheets[0].iter_rows(min_row=4, max_row=9)]
    at = labels.index("Трговија, чл. 188")
    assert sorted(labels[at + 1 : at + 3]) == ["жени", "мажи"]
    assert labels.count("мажи") == 2


@pytest.mark.parametrize("form", ["QP-JUSTICE-1", "QP-VICTIMS-1"])
def test_practice_form_is_read_after_filling(form: str) -> None:
    _fill_and_read(load(), form, "2026-Q3")


def test_form_of_an_eighth_territory_is_read_after_filling() -> None:
    _fill_and_read(load_from((TERRITORIES,)), "ZZ-JUSTICE-1", "2025-Q2")


def test_base_form_is_read_after_filling(registry: Registry) -> None:
    _fill_and_read(registry, "ZZ-JUSTICE-1", PERIOD)


def _fill_and_read(registry: Registry, form: str, period: str) -> None:
    """Fill every open cell with a different number and check that reading returns each number at its cell."""
    name, data = templates.write_template(registry, form, period, demonstration=True)
    workbook = templates.workbook_form(registry, form)
    assert name == f"{workbook.id}_{period}.xlsx"
    empty = _read(data, workbook.id, registry)
    open_cells = {str(f.where) for f in empty.findings if f.rule == "cell.empty"}
    assert open_cells and set(_errors(empty)) == {"cell.empty"}
    book = openpyxl.load_workbook(io.BytesIO(data))
    written: dict[str, float] = {}
    for number, place in enumerate(sorted(open_cells), start=100):
        sheet, _, cell = place.rpartition("!")
        book[sheet.strip("'")][cell] = number
        written[place] = float(number)
    reading = _read(_bytes(book), workbook.id, registry)
    assert _errors(reading) == []
    read_back = dict(reading.observations.select("place", "value").iter_rows())
    checks = {str(b.where) for b in reading.bindings if b.role == "check"}
    assert read_back == {place: value for place, value in written.items() if place not in checks}
    assert [p.code for p in reading.periods] == [period]


# ---------------------------------------------------------------------------------------------------- allowed entries


def test_cells_accept_whole_numbers_or_signs_and_explain_it_in_the_forms_language(registry: Registry) -> None:
    sheet = _book(registry).worksheets[0]
    rules = sheet.data_validations.dataValidation
    covered = {c for rule in rules for area in rule.sqref.ranges for row in area.rows for c in row}
    figures = {(r, c) for r in (5, 6, 7) for c in range(2, 8)} - _column(sheet, "Удел")
    assert covered == figures
    for rule in rules:
        (area,) = rule.sqref.ranges
        first = area.coord.partition(":")[0]
        assert rule.type == "custom" and rule.formula1.startswith(f"OR(AND(ISNUMBER({first}),{first}>=0,{first}=INT(")
        assert ".." in rule.error and len(rule.error) <= 225 and rule.errorStyle in (None, "stop")
        assert "ISTEXT" in rule.formula1, "this form has note marks: 12*"


def _last(sheet: Any) -> int:
    return max(c.row for row in sheet.iter_rows() for c in row if c.value is not None)


def _column(sheet: Any, heading: str) -> set[tuple[int, int]]:
    column = next(c.column for c in sheet[3] if c.value == heading)
    return {(row, column) for row in (5, 6, 7)}


def test_without_marks_only_the_declared_signs_may_be_entered(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, [_base(note_marks=None)])
    rule = _book(registry).worksheets[0].data_validations.dataValidation[0]
    assert 'TRIM(B5)="-"' in rule.formula1 and 'TRIM(B5)=".."' in rule.formula1 and "ISTEXT" not in rule.formula1


def test_words_are_locked_and_figures_are_not(registry: Registry) -> None:
    sheet = _book(registry).worksheets[0]
    assert sheet.protection.sheet and not sheet.protection.password
    assert sheet["A5"].protection.locked and not sheet["B5"].protection.locked and not sheet["G5"].protection.locked


def test_list_can_be_extended_and_offers_its_words() -> None:
    registry = load_from((TERRITORIES,))
    book = _book(registry, "ZZ-JUSTICE-1", "2025-Q2")
    sheet = book.worksheets[0]
    assert not sheet.protection.sheet
    lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == 2
    for rule in lists:
        name, _, area = rule.formula1.rpartition("!")
        words = {c.value for row in book[name.strip("'")][area.replace("$", "")] for c in row}
        (covered,) = rule.sqref.ranges
        column = covered.min_col
        entered_words = {sheet.cell(row, column).value for row in range(6, sheet.max_row + 1)} - {None}
        assert entered_words and entered_words == words
        assert covered.max_row >= _last(sheet) + 50, "spare lines"


def test_total_that_differs_from_its_parts_turns_red_without_formulas_in_cells(registry: Registry) -> None:
    sheet = _book(registry).worksheets[0]
    rules = {
        str(area.sqref): [r.formula[0] for r in area_rules]
        for area, area_rules in sheet.conditional_formatting._cf_rules.items()
    }
    at = {c.value: c.column_letter for row in sheet["B3:G4"] for c in row if c.value}
    row = next(r for r in (5, 6, 7) if sheet.cell(r, 1).value == "Трговија, чл. 188")
    total = f"${at['Вкупно']}${row}"
    parts = [f"${at[word]}${row}" for word in ("мажи", "жени")]
    formulas = rules[total.replace("$", "")]
    assert any(
        t == f"AND(ISNUMBER({total}),COUNT({a},{b})=2,{total}<>SUM({a},{b}))"
        for t in formulas
        for a, b in (parts, parts[::-1])
    )
    assert not any(
        isinstance(c.value, str) and c.value.startswith("=") for s in _book(registry) for r in s.iter_rows() for c in r
    )


# ---------------------------------------------------------------------------------------------------- earlier figures


def test_last_accepted_figure_is_next_to_its_cell_and_in_its_message(registry: Registry) -> None:
    previous = _observations(
        {"period": "2025-Q1", "value": 4.0},
        {"period": "2025-Q2", "value": 7.0},
        {"period": "2025-Q4", "value": 99.0},
        {"period": "2025-Q2", "value": 88.0, "source": "OTHER"},
        {"period": "2025-Q1", "value": None, "obs_status": "O", "sex": "M"},
    )
    data = templates.write_template(registry, "ZZ-JUSTICE-1", PERIOD, previous=previous)[1]
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    row = next(r for r in (5, 6, 7) if sheet.cell(r, 1).value == "Трговија, чл. 188")
    beside = {sheet.cell(3, c).value: sheet.cell(row, c).value for c in range(8, sheet.max_column + 1)}
    assert beside["RTI – 2025-Q2: Вкупно"] == "7" and beside["RTI – 2025-Q2: Пол / мажи"] == ".. (2025-Q1)"
    assert "99" not in str(beside) and "88" not in str(beside)
    prompts = {str(r.sqref): r.prompt for r in sheet.data_validations.dataValidation if r.prompt}
    total = next(c.column_letter for c in sheet[3] if c.value == "Вкупно")
    assert "7" in prompts[f"{total}{row}"] and "2025-Q2" in prompts[f"{total}{row}"]
    assert set(_errors(_read(data, "ZZ-JUSTICE-1", registry))) == {"cell.empty"}, "what stands beside is not read"
    assert sheet.print_area and "H" not in sheet.print_area, "nor printed"


def test_figures_next_to_cells_are_never_read(registry: Registry) -> None:
    previous = _observations({"period": "2025-Q2", "value": 7.0})
    book = _book(registry, previous=previous)
    sheet = book.worksheets[0]
    for row in (5, 6, 7):
        for column in range(2, 8):
            sheet.cell(row, column).value = 0
        sheet.cell(row, 8).value = 12345
    reading = _read(_bytes(book), "ZZ-JUSTICE-1", registry)
    assert _errors(reading) == [] and set(reading.observations["value"]) == {0.0}


def test_heading_similar_to_ours_is_reported(registry: Registry) -> None:
    book = _book(registry)
    sheet = book.worksheets[0]
    sheet.cell(3, 8).value = "RTL – 2025-Q2"
    reading = _read(_bytes(book), "ZZ-JUSTICE-1", registry)
    assert "heading.undeclared" in _errors(reading)


def test_open_list_has_the_rows_of_the_last_return(tmp_path: Path) -> None:
    flat = {"columns": {"Дело": {"dim": "article"}, "Пол": {"dim": "sex"}, "Број": {"value": True}}}
    sex = {"сите": "_T", "мажи": "M", "жени": "F"}
    declaration = _base(
        formats=["csv"], tables=None, flat=flat, codes={**BASE["codes"], "sex": sex}, recognise={"all": ["Пол"]}
    )
    registry = make_registry(tmp_path, [declaration])
    full = _book(registry).worksheets[0]
    short = _book(registry, previous=_observations({"period": "2025-Q2", "value": 7.0})).worksheets[0]
    assert (_last(full), _last(short)) == (4 + 6, 4 + 1)


# ------------------------------------------------------------------------------------------------- around the figures


def test_guide_has_deadline_signs_contact_and_demonstration_notice(registry: Registry) -> None:
    book = _book(registry, deadline=date(2025, 11, 14), contact="desk@secretariat.example", demonstration=True,
                 language="en")  # fmt: skip
    guide = next(s for s in book if s.title.startswith("RTI – How"))
    text = [str(c.value) for row in guide.iter_rows() for c in row if c.value is not None]
    for expected in ("2025-11-14", "desk@secretariat.example", "Office", PERIOD, "..", "not known", "x", "withheld"):
        assert any(expected in cell_text for cell_text in text), expected
    assert sum("Demonstration data" in cell_text for cell_text in text) == 1
    assert any("Demonstration data" in str(c.value) for row in book.worksheets[0].iter_rows(max_row=3) for c in row)
    plain = _book(registry, language="en")
    assert not any("Demonstration" in str(c.value) for s in plain for row in s.iter_rows() for c in row)


def test_deadline_equals_that_of_the_calendar(registry: Registry) -> None:
    assert templates.deadline_of(registry, registry.forms["ZZ-JUSTICE-1"], PERIOD) == date(2025, 11, 14)
    assert templates.deadline_of(registry, registry.forms["ZZ-JUSTICE-1"], "2025-Q2") is None
    text = [str(c.value) for s in _book(registry) for row in s.iter_rows() for c in row]
    assert "2025-11-14" in text


def test_only_our_own_sheets_are_skipped(registry: Registry) -> None:
    book = _book(registry)
    page = book.create_sheet("RTI – notes")
    other_page = book.create_sheet("Notes")
    for row in range(1, 6):
        page.cell(row, 1).value = row
    silent = _errors(_read(_bytes(book), "ZZ-JUSTICE-1", registry))
    for row in range(1, 6):
        other_page.cell(row, 1).value = row
    assert set(silent) == {"cell.empty"}
    assert "table.undeclared" in _errors(_read(_bytes(book), "ZZ-JUSTICE-1", registry))


def test_form_may_declare_sheets_to_ignore(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, [_base(ignore={"sheets": ["Белешки"]})])
    standardise = standardise_content
    book = openpyxl.Workbook()
    assert registry.forms["ZZ-JUSTICE-1"].ignore.sheets == ("Белешки",)
    assert registry.forms["ZZ-JUSTICE-1"].ignore.headings == ("RTI – {text}",)
    page = book.create_sheet("Белешки")
    for row in range(1, 6):
        page.cell(row, 1).value = row
    content = read_content(_bytes(book), "x.xlsx")
    reading = standardise(content, registry.forms["ZZ-JUSTICE-1"], registry)
    assert "table.undeclared" not in _errors(reading)
    assert {b.role for b in reading.bindings} == {"ignored"}


def test_nil_sentence_makes_a_nil_return(tmp_path: Path) -> None:
    nil = {"words": "Немаше предмети", "title": "Осудени лица, {quarter:roman} квартал {year}"}
    registry = make_registry(tmp_path, [_base(nil=nil)])
    book = _book(registry, previous=_observations({"period": "2025-Q2", "value": 7.0}), language="en")
    guide = next(s for s in book if s.title.startswith("RTI – How"))
    assert any("Немаше предмети" in str(c.value) for row in guide.iter_rows() for c in row)
    sheet = book.worksheets[0]
    sheet.cell(_last(sheet) + 1, 1).value = "Немаше предмети"
    reading = _read(_bytes(book), "ZZ-JUSTICE-1", registry)
    assert reading.nil and [p.code for p in reading.periods] == [PERIOD] and _errors(reading) == []


def test_headings_are_frozen_repeated_and_named(registry: Registry) -> None:
    book = _book(registry)
    sheet = book.worksheets[0]
    assert sheet.freeze_panes == "B5" and sheet.print_title_rows == "$3:$4" and int(sheet.page_setup.paperSize) == 9
    assert any(name.startswith("TitleRegion1.a4.g7.1") for name in book.defined_names)


def test_another_program_opens_the_workbook(registry: Registry) -> None:
    data = templates.write_template(registry, "ZZ-JUSTICE-1", PERIOD)[1]
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    rows = book.get_sheet_by_index(0).to_python()
    assert "Осудени лица, III квартал 2025" in [row[0] for row in rows]
    assert len(book.sheet_names) == 3


def test_write_template_is_reproducible_at_the_same_time(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", "2025-10-01T08:00:00Z")
    assert templates.write_template(registry, "ZZ-JUSTICE-1", PERIOD) == templates.write_template(
        registry, "ZZ-JUSTICE-1", PERIOD
    )


# ------------------------------------------------------------------------------------------------- rejected requests


@pytest.mark.parametrize(
    ("form", "period", "words"),
    [
        ("ZZ-JUSTICE-7", PERIOD, "no form is named ZZ-JUSTICE-7"),
        ("ZZ-JUSTICE-1", "2025", "serves the quarters"),
        ("ZZ-JUSTICE-1", "2021-Q1", "serves the quarters 2022-Q4..2026-Q4"),
        ("ZZ-JUSTICE-1", "spring", "is not a period"),
    ],
)
def test_wrong_form_or_period_is_rejected_with_its_cause(
    registry: Registry, form: str, period: str, words: str
) -> None:
    with pytest.raises(templates.TemplateError, match=words) as raised:
        templates.write_template(registry, form, period)
    assert (
        words not in raised.value.localize_message("mk") and period[:4] in raised.value.localize_message("mk") + PERIOD
    )


def test_workbook_recognised_as_another_form_is_rejected(tmp_path: Path) -> None:
    twin = _base(id="ZZ-JUSTICE-0")
    registry = make_registry(tmp_path, [_base(), twin])
    with pytest.raises(templates.TemplateError, match="would be taken for ZZ-JUSTICE-0"):
        templates.write_template(registry, "ZZ-JUSTICE-1", PERIOD)


def test_workbook_that_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    table = {**BASE["tables"][0], "fixed": {"count_unit": "case", "measure": "appealed", "level": "first"}}
    registry = make_registry(tmp_path, [_base(tables=[table], fixed={})])
    with pytest.raises(templates.TemplateError, match="would not be read"):
        templates.write_template(registry, "ZZ-JUSTICE-1", PERIOD)


def test_cube_with_too_many_combinations_needs_a_declared_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dims = {"D": {"dim": "article"}, "S": {"dim": "sex"}, "T": {"template": "{year}-Q{quarter}"}}
    registry = make_registry(tmp_path, [_base(formats=["px"], tables=None, cube={"dims": dims})])
    assert templates.write_template(registry, "ZZ-JUSTICE-1", PERIOD)
    monkeypatch.setattr("pipelines.office.templates.lists._MOST_LINES", 3)
    with pytest.raises(templates.TemplateError, match="second_of"):
        templates.write_template(registry, "ZZ-JUSTICE-1", PERIOD)


# ---------------------------------------------------------------------------------------------------- existing forms


def test_list_forms_returns_valid_forms_of_the_office() -> None:
    registry = load()
    assert [f.id for f in templates.list_forms(registry, "RS", "justice", "2026-Q3")] == ["RS-JUSTICE-1-XLSX"]
    assert [f.id for f in templates.list_forms(registry, "RS", "justice", "2021")] == ["RS-JUSTICE-BACK-XLSX"]
    assert [f.id for f in templates.list_forms(registry, "MK", "justice", "2024-Q4")] == ["MK-JUSTICE-1"]
    assert [f.id for f in templates.list_forms(registry, "MK", "justice", "2025-Q1")] == ["MK-JUSTICE-2"]
    assert templates.list_forms(registry, "MK", "register", "2025-Q1") == []
    with pytest.raises(ValueError, match="is not a period"):
        templates.list_forms(registry, "MK", "justice", "now")


def test_choose_language_falls_back_to_the_language_without_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.office.templates.list_languages", lambda: ("en", "cnr", "sr", "sr-Latn"))
    spoken = [templates.choose_language(code) for code in ("cnr-Latn", "sr-Cyrl", "sr-Latn", "mk")]
    assert spoken == ["cnr", "sr", "sr-Latn", "en"]


def test_many_combinations_keep_the_dimensions_that_differ() -> None:
    sheet = _book(load(), "XK-VICTIMS-1", "2025").worksheets[0]
    lines = [[c.value for c in row[:5]] for row in sheet.iter_rows(min_row=5, max_row=_last(sheet))]
    assert len(lines) == 120 < MANY_LINES
    assert ["Viktima të identifikuara", "Meshkuj", "Nën 18 vjeç", "Të gjitha format", "Gjithsej"] in lines
    assert not any(line[1] != "Gjithsej" and line[4] != "Gjithsej" for line in lines)


# ---------------------------------------------------------------------------------------------------------- arithmetic


@given(st.sets(st.integers(1, 60), min_size=1))
def test_stretches_cover_every_column_once(columns: set[int]) -> None:
    runs = list(_runs(sorted(columns)))
    assert [c for first, end in runs for c in range(first, end + 1)] == sorted(columns)
    assert all(after[0] > before[1] + 1 for before, after in pairwise(runs))


_PART = st.sampled_from("abc")


@given(st.lists(st.lists(_PART, min_size=1, max_size=3).map(tuple), unique=True))
def test_group_paths_keeps_paths_under_one_heading_together(paths: list[tuple[str, ...]]) -> None:
    grouped_paths = group_paths(paths)
    assert sorted(grouped_paths) == sorted(paths)
    for depth in (1, 2):
        heads = [path[:depth] for path in grouped_paths if len(path) > depth]
        changes = [h for n, h in enumerate(heads) if n == 0 or heads[n - 1] != h]
        assert len(changes) == len(set(changes))


@given(st.lists(st.text(max_size=60), max_size=8))
@settings(max_examples=60)
def test_sheet_names_are_valid_and_unique(texts: list[str]) -> None:
    used_names: set[str] = set()
    names = [sheet_name(text, used_names) for text in texts]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(1 <= len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)
