"""Crossed tables: the values and their keys, and a planted fault for each rule of cells, tables and sums."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.declarations.registry import Registry
from pipelines.findings import rules
from pipelines.model.content import Grid, Remark, SourceTable, Where
from pipelines.model.long_tables import OBSERVATION, OBSERVATION_KEY
from tests.support.fakes.returns_fakes import (
    BASE,
    MERGES,
    ROWS,
    collect_findings,
    collect_values,
    form_of,
    make_cell,
    make_grid,
    make_registry,
    make_sheet,
    of_rule,
    read_content,
    with_cell,
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("zz"))


def test_a_sound_return_gives_every_number_with_its_key_and_place(registry: Registry) -> None:
    reading = read_content(make_grid(), form_of(), registry)
    assert reading.findings == []
    assert [p.code for p in reading.periods] == ["2024-Q3"]
    assert reading.observations.schema == OBSERVATION
    assert collect_values(reading, "law_article", "offence", "sex", "age") == {
        ("188", "ICCS0204", "_T", "_T"): 5,
        ("188", "ICCS0204", "M", "_T"): 3,
        ("188", "ICCS0204", "F", "_T"): 2,
        ("188", "ICCS0204", "_T", "Y_LT18"): 1,
        ("188", "ICCS0204", "_T", "Y_GE18"): 4,
        ("350(2)", "ICCS08051", "_T", "_T"): 3,
        ("350(2)", "ICCS08051", "M", "_T"): 2,
        ("350(2)", "ICCS08051", "F", "_T"): 1,
        ("350(2)", "ICCS08051", "_T", "Y_LT18"): 0,
        ("350(2)", "ICCS08051", "_T", "Y_GE18"): 3,
    }
    row = reading.observations.row(1, named=True)
    expected = {
        "territory": "ZZ", "jurisdiction": "ZZ", "instrument": "justice", "source": "ZZ_STAT", "freq": "Q",
        "period": "2024-Q3", "period_start": date(2024, 7, 1), "period_end": date(2024, 9, 30),
        "accumulation": "discrete", "date_basis": "decision", "measure": "convicted_first", "level": "first",
        "count_unit": "person", "statistic": "count", "unit_measure": "NR", "person_type": "natural",
        "victim_status": "_Z", "age_basis": "offence", "exploitation": "_Z", "citizenship": "_T",
        "sentence_type": "_Z", "sentence_band": "_Z", "partner": "_Z", "obs_status": "A", "conf_status": "F",
        "notes": None, "place": "Лист1!C6", "label": "Пол / мажи | Трговија, чл. 188", "form": "ZZ-JUSTICE-ZZ_STAT",
        "submission_id": "S1", "origin_submission_id": "S1",
    }  # fmt: skip
    assert {k: row[k] for k in expected} == expected
    assert reading.observations.n_unique(OBSERVATION_KEY) == reading.observations.height


def test_contact_cells_never_reach_the_standard(registry: Registry) -> None:
    reading = read_content(make_grid(), form_of(), registry)
    assert "Име" not in reading.observations.write_csv()


@pytest.mark.parametrize(
    ("text", "value", "status", "conf"),
    [
        ("-", 0, "A", "F"),
        ("–", 0, "A", "F"),
        ("..", None, "O", "F"),
        ("x", None, "M", "F"),
        ("c", None, "Q", "C"),
        ("н", None, "L", "F"),
    ],
)
def test_zero_missing_not_applicable_and_withheld_are_distinct(
    registry: Registry, text: str, value: float | None, status: str, conf: str
) -> None:
    reading = read_content(with_cell(make_grid(), "E7", value=text), form_of(), registry)
    row = reading.observations.filter(place="Лист1!E7").row(0, named=True)
    assert (row["value"], row["obs_status"], row["conf_status"]) == (value, status, conf)
    assert reading.findings == []


@pytest.mark.parametrize(("rule", "value", "status"), [("zero", 0, "A"), ("missing", None, "O")])
def test_empty_cell_has_the_status_that_the_form_declares(
    registry: Registry, rule: str, value: Any, status: str
) -> None:
    reading = read_content(with_cell(make_grid(), "E7", value=None), form_of(absent_cell=rule), registry)
    row = reading.observations.filter(place="Лист1!E7").row(0, named=True)
    assert (row["value"], row["obs_status"], reading.findings) == (value, status, [])


def _drop_row(number: int) -> Grid:
    return make_grid([row for n, row in enumerate(ROWS, 1) if n != number])


def _drop_column(letter: str) -> Grid:
    keep = [i for i in range(7) if i != ord(letter) - 65]
    return make_grid([[row[i] for i in keep] for row in ROWS], merges=("A3:A4", "B3:B4", "C3:D3", "E3:E4"))


def _hide_row() -> Grid:
    content = make_grid()
    for name in "ABCDEFG":
        content = with_cell(content, f"{name}7", hidden=True)
    return content


def _hide_column() -> Grid:
    content = make_grid()
    for row in (3, 4, 5, 6, 7):
        content = with_cell(content, f"D{row}", hidden=True)
    return content


def _hidden_sheet() -> Grid:
    return Grid("xlsx", (dataclasses.replace(make_grid().tables[0], hidden=True),))


def _second_table() -> Grid:
    return Grid("xlsx", (*make_grid().tables, make_sheet(ROWS, "Лист2", MERGES)))


def _foreign_sheet() -> Grid:
    return Grid("xlsx", (*make_grid().tables, make_sheet([["a", 1, 2], ["b", 3, 4]], "Друго")))


FAULTS: list[tuple[str, str, Callable[[], Grid]]] = [
    ("heading.undeclared", "Лист1!D4", lambda: with_cell(make_grid(), "D4", value="жените")),
    ("heading.missing", "Лист1!A3", lambda: with_cell(make_grid(), "D4", value="жените")),
    ("heading.missing", "Лист1!A3", lambda: _drop_column("F")),
    ("heading.blank", "Лист1!H4", lambda: with_cell(make_grid(), "H6", value=5)),
    ("label.undeclared", "Лист1!A6", lambda: with_cell(make_grid(), "A6", value="Трговјиа, чл. 188")),
    ("label.missing", "Лист1!A3", lambda: _drop_row(5)),
    ("label.blank", "Лист1!A6", lambda: with_cell(make_grid(), "A6", value=None)),
    ("cell.empty", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value=None)),
    ("cell.not_a_number", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="n.a.")),
    ("cell.not_a_number", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="1.23")),
    ("cell.not_a_number", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="31)")),
    ("cell.number_as_text", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="3")),
    ("cell.date", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="2024-03-01", kind="date")),
    ("cell.date", "Лист1!F4", lambda: with_cell(make_grid(), "F4", value="2020-01-18", kind="date")),
    ("cell.date", "Лист1!A6", lambda: with_cell(make_grid(), "A6", value="2020-01-18", kind="date")),
    ("cell.error", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="#REF!", kind="error")),
    ("cell.formula", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value=None, kind="formula", formula="=D6+1")),
    ("cell.boolean", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="TRUE", kind="bool")),
    ("cell.percent", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value=0.6, number_format="0%")),
    ("cell.shown_otherwise", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value=6, number_format="0,")),
    ("cell.struck", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value=3, struck="1")),
    ("cell.struck", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value="3", struck="3")),
    ("cell.merged_value", "Лист1!C6", lambda: make_grid(merges=(*MERGES, "C6:D6"))),
    ("cell.hidden", "Лист1!A7", _hide_row),
    ("cell.hidden", "Лист1!D4", _hide_column),
    ("cell.hidden", "Лист1!A1", _hidden_sheet),
    ("cell.unbound", "Лист1!C10", lambda: with_cell(make_grid(), "C10", value=12)),
    ("cell.lookalike", "Лист1!A6", lambda: with_cell(make_grid(), "A6", value="Tргoвија, чл. 188")),
    ("mark.undeclared", "Лист1!C6", lambda: with_cell(make_grid(), "C6", value=3, marks="a)")),
    ("table.undeclared", "Друго!B1", _foreign_sheet),
    ("table.not_found", "", lambda: with_cell(with_cell(make_grid(), "A3", value="Дела"), "A4", value="Дела")),
    ("table.title_missing", "Лист1!A3", lambda: with_cell(make_grid(), "A2", value="Осудени, III квартал 2024")),
    ("table.twice", "Лист2!A3", _second_table),
    ("key.duplicate", "Лист1!B7", lambda: with_cell(make_grid(), "A7", value="Трговија, чл. 188")),
    ("period.outside_form", "Лист1!B5", lambda: with_cell(make_grid(), "A2", value="Осудени лица, III квартал 2021")),
    ("article.not_in_force", "Лист1!B7", lambda: with_cell(make_grid(), "A7", value="Старо, чл. 99")),
    ("read.hidden_sheet", "sheet X", lambda: dataclasses.replace(
        make_grid(), remarks=(Remark("read.hidden_sheet", Where(sheet="X"), {"name": "X"}),))),
    ("return.wrong_format", "", lambda: make_grid(format_="csv")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "place", "make"), FAULTS, ids=[f"{i}-{f[0]}" for i, f in enumerate(FAULTS)])
def test_planted_fault_is_reported_at_its_location(
    registry: Registry, rule: str, place: str, make: Callable[[], Grid]
) -> None:
    reading = read_content(make(), form_of(), registry)
    assert (rule, place) in collect_findings(reading)
    finding = next(f for f in reading.findings if f.rule == rule)
    message, remedy = rules.describe_in_english(finding)
    assert message and remedy and "?" not in message + remedy, "a parameter of the words is not given"
    assert finding.severity == rules.find_rule(rule).severity or rule == "read.hidden_sheet"


@pytest.mark.parametrize(
    ("place", "total", "added", "whole", "make"),
    [
        ("Лист1!B6", 5, 6, True, lambda: with_cell(make_grid(), "C6", value=4)),
        ("Лист1!B5", 9, 8, True, lambda: with_cell(make_grid(), "B5", value=9)),
        ("Лист1!B6", 5, 6, False, lambda: with_cell(with_cell(make_grid(), "C6", value="n.a."), "D6", value=6)),
    ],
)
def test_declared_sums_are_returned_with_their_parts_unchecked(
    registry: Registry, place: str, total: float, added: float, whole: bool, make: Callable[[], Grid]
) -> None:
    sums = read_content(make(), form_of(), registry).sums
    off = sums.filter(pl.col("total") != pl.col("added")).select("place", "total", "added", "whole")
    assert (place, total, added, whole) in off.rows()


def test_a_fault_in_one_cell_leaves_the_others(registry: Registry) -> None:
    reading = read_content(with_cell(make_grid(), "C6", value="n.a."), form_of(), registry)
    assert collect_findings(reading) == {("cell.not_a_number", "Лист1!C6")}
    assert reading.observations.height == 9


def test_a_number_with_the_other_decimal_sign_is_shown_as_the_form_writes_it(registry: Registry) -> None:
    reading = read_content(with_cell(make_grid(), "C6", value="3.00"), form_of(), registry)
    (finding,) = [f for f in reading.findings if f.rule == "cell.not_a_number"]
    assert (finding.expected or "").startswith("a number written as 3,00")


def test_the_message_proposes_the_nearest_declared_word(registry: Registry) -> None:
    reading = read_content(with_cell(make_grid(), "A6", value="Трговјиа, чл. 188"), form_of(), registry)
    message, _ = rules.describe_in_english(of_rule(reading, "label.undeclared")[0])
    assert "Nearest declared: 'Трговија, чл. 188'" in message
    reading = read_content(with_cell(make_grid(), "D4", value="жените"), form_of(), registry)
    assert "'жени'" in rules.describe_in_english(of_rule(reading, "heading.undeclared")[0])[0]


def test_words_are_matched_after_folding_and_kept_as_read(registry: Registry) -> None:
    label = "ТРГОВИЈА,\u00a0 чл.\n188"
    reading = read_content(with_cell(make_grid(), "A6", value=label), form_of(), registry)
    assert reading.findings == []
    assert reading.observations["label"][0] == "Вкупно | ТРГОВИЈА, чл. 188"


def test_letters_with_and_without_diacritics_are_two_words(registry: Registry) -> None:
    content = with_cell(make_grid(), "A6", value="Čin")
    form = form_of(codes={**BASE["codes"], "article": {"Cin": "188", "Криумчарење, чл. 350": "350(2)"}})
    assert ("label.undeclared", "Лист1!A6") in collect_findings(read_content(content, form, registry))


def test_note_marks_are_split_off_with_their_declared_meaning(registry: Registry) -> None:
    content = with_cell(make_grid(), "A6", value="Трговија, чл. 1881)")
    assert ("label.undeclared", "Лист1!A6") not in collect_findings(read_content(content, form_of(), registry))
    content = with_cell(with_cell(make_grid(), "C6", value="3*"), "D6", value=2, marks="1)")
    reading = read_content(content, form_of(), registry)
    rows = {r["place"]: r for r in reading.observations.iter_rows(named=True)}
    assert (rows["Лист1!C6"]["obs_status"], rows["Лист1!C6"]["notes"]) == ("P", "* привремено")
    assert (rows["Лист1!D6"]["value"], rows["Лист1!D6"]["notes"]) == (2, "1)")


def test_an_adults_only_scope_is_never_all_ages(registry: Registry) -> None:
    scope = {**BASE["scope"], "age": "Y_GE18"}
    reading = read_content(make_grid(), form_of(scope=scope, adds_up=[]), registry)
    assert "_T" not in set(reading.observations["age"])


def test_label_outside_its_validity_is_reported(registry: Registry) -> None:
    codes = copy.deepcopy(BASE["codes"])
    codes["sex"] = [
        {"labels": ["мажи", "машки"], "code": "M"},
        {"labels": ["жени"], "code": "F", "valid": "2022-Q4..2023-Q4"},
        {"labels": ["женски"], "code": "F", "valid": "2024-Q1.."},
    ]
    reading = read_content(make_grid(), form_of(codes=codes), registry)
    assert collect_findings(reading) == {("label.not_valid", "Лист1!D4")}
    sound = with_cell(with_cell(make_grid(), "D4", value="женски"), "C4", value="машки")
    assert read_content(sound, form_of(codes=codes), registry).findings == []


def test_hidden_cells_are_ignored_where_the_form_says_so(registry: Registry) -> None:
    reading = read_content(_hide_row(), form_of(hidden="ignore", adds_up=[]), registry)
    assert reading.findings == [] and reading.observations.height == 5


def test_findings_of_one_rule_are_capped_and_counted(registry: Registry) -> None:
    rows = [*ROWS[:5], *[[f"непознато {n}", 1, 1, 0, 0, 1, ""] for n in range(150)], ROWS[-1]]
    reading = read_content(make_grid(rows), form_of(), registry)
    assert len(of_rule(reading, "label.undeclared")) == 100
    capped = of_rule(reading, "findings.capped")[0]
    assert capped.params == {"rule": "label.undeclared", "count": 50}


def _two_sheets(first: str, second: str) -> Grid:
    def build_sheet(name: str, factor: int) -> SourceTable:
        rows = [["Година 2024", None], ["Дело", "Вкупно"], ["Трговија, чл. 188", factor]]
        return make_sheet(rows, name)

    return Grid("xlsx", (build_sheet(first, 3), build_sheet(second, 4)))


SHEETS = [
    {
        "sheet": "ТМ {quarter:roman}",
        "title": "Година {year}",
        "occurs": "many",
        "corner": "Дело",
        "columns": {"Вкупно": {}},
        "rows": {"{article}": {}},
    }
]


def test_workbook_with_one_sheet_per_quarter(registry: Registry) -> None:
    reading = read_content(_two_sheets("ТМ I", "ТМ II"), form_of(tables=SHEETS, adds_up=[]), registry)
    assert reading.findings == []
    assert [p.code for p in reading.periods] == ["2024-Q1", "2024-Q2"]
    assert collect_values(reading, "period") == {("2024-Q1",): 3, ("2024-Q2",): 4}


def test_sheet_and_title_that_name_different_quarters_contradict(registry: Registry) -> None:
    tables = [{**SHEETS[0], "title": "Година {year}, квартал {quarter}"}]
    rows = [["Година 2024, квартал 2", None], ["Дело", "Вкупно"], ["Трговија, чл. 188", 1]]
    reading = read_content(Grid("xlsx", (make_sheet(rows, "ТМ I"),)), form_of(tables=tables, adds_up=[]), registry)
    assert ("period.contradiction", "ТМ I!A2") in collect_findings(reading)


def test_period_without_words_is_reported(registry: Registry) -> None:
    tables = [{**SHEETS[0], "sheet": "Лист{n}", "occurs": "once"}]
    rows = [["Година 2024", None], ["Дело", "Вкупно"], ["Трговија, чл. 188", 1]]
    reading = read_content(Grid("xlsx", (make_sheet(rows, "Лист1"),)), form_of(tables=tables, adds_up=[]), registry)
    assert ("period.missing", "Лист1!B3") in collect_findings(reading)


def test_periods_in_columns_and_measures_in_rows(registry: Registry) -> None:
    form = form_of(
        valid="2020..2022",
        freq="A",
        absent_cell="missing",
        fixed={"count_unit": "person", "offence": "ICCS0204"},
        codes={
            "stage": {
                "Обвинети": {"measure": "indicted"},
                "Осудени": {"measure": "convicted_first"},
                "Нерешени, почеток": {"measure": "pending_first", "statistic": "start"},
            }
        },
        adds_up=[],
        tables=[{"corner": "Фаза", "columns": {"{year}": {}}, "rows": {"{stage}": {}}}],
    )
    rows = [["Фаза", 2020, 2021, 2022], ["Обвинети", 5, 6, None], ["Осудени", 2, 3, 4], ["Нерешени, почеток", 9, 8, 7]]
    reading = read_content(make_grid(rows, ()), form, registry)
    assert reading.findings == []
    cell_values = collect_values(reading, "measure", "statistic", "period")
    assert cell_values["indicted", "count", "2022"] is None
    assert cell_values["pending_first", "start", "2021"] == 8
    assert cell_values["convicted_first", "count", "2022"] == 4
    assert set(reading.observations["law_article"]) == {"_Z"}


def test_sections_give_their_coordinates_to_the_rows_below(registry: Registry) -> None:
    form = form_of(
        fixed={"count_unit": "person"},
        codes={"stage": {"Обвинети": {"measure": "indicted"}, "Осудени": {"measure": "convicted_first"}}},
        adds_up=[],
        tables=[
            {
                "title": "Преглед {quarter}/{year}",
                "corner": "Дело",
                "columns": {"Вкупно": {}},
                "rows": {"{stage}": {"use": "section"}, "{article}": {}},
            }
        ],
    )
    rows = [
        ["Преглед 3/2024", None],
        ["Дело", "Вкупно"],
        ["Обвинети", None],
        ["чл. 188", 4],
        ["чл. 350 ст. 2", 1],
        ["Осудени", None],
        ["188", 2],
    ]
    reading = read_content(make_grid(rows, ("A3:B3",)), form, registry)
    assert reading.findings == []
    assert collect_values(reading, "measure", "law_article") == {
        ("indicted", "188"): 4,
        ("indicted", "350(2)"): 1,
        ("convicted_first", "188"): 2,
    }


def test_dimensions_not_named_by_sentences_and_bands_are_totals(registry: Registry) -> None:
    form = form_of(
        fixed={"measure": "sentenced_first", "count_unit": "person"},
        codes={"sentence_band": {"до 2": "M0T24", "над 2": "M24T60"}},
        adds_up=[],
        tables=[
            {
                "title": "Казни {quarter}/{year}",
                "corner": "Дело",
                "header_rows": 2,
                "columns": {
                    "Затвор / {sentence_band}": {"sentence_type": "prison"},
                    "Парична": {"sentence_type": "fine"},
                },
                "rows": {"{article}": {}},
            }
        ],
    )
    rows = [
        ["Казни 1/2025", None, None, None],
        ["Дело", "Затвор", "Затвор", "Парична"],
        ["Дело", "до 2", "над 2", "Парична"],
        ["188", 1, 2, 3],
    ]
    reading = read_content(make_grid(rows, ("A2:A3", "B2:C2", "D2:D3")), form, registry)
    assert collect_values(reading, "sentence_type", "sentence_band") == {
        ("prison", "M0T24"): 1,
        ("prison", "M24T60"): 2,
        ("fine", "_T"): 3,
    }


def test_cases_have_no_sex_or_age(registry: Registry) -> None:
    form = form_of(fixed={"measure": "reported", "count_unit": "case"}, adds_up=[])
    reading = read_content(make_grid([[row[0], row[1]] for row in ROWS], ("A3:A4", "B3:B4")), form, registry)
    people = reading.observations.select("sex", "age", "age_basis", "person_type", "citizenship").unique()
    assert people.rows() == [("_Z",) * 5]


def test_a_table_over_pages_that_repeat_its_heading(registry: Registry) -> None:
    def build_page(number: int, rows: list[list[Any]], title: str | None) -> SourceTable:
        cells = []
        for r, row in enumerate(rows, 1):
            for c, value in enumerate(row, 1):
                place = Where(page=number, box=(c, r, c + 1, r + 1))
                cells.append(make_cell(r, c, str(value))._replace(where=place))
        return SourceTable(f"page {number} table 1", tuple(cells), title, page=number)

    form = form_of(
        formats=["pdf"],
        accumulation="ytd",
        codes={},
        adds_up=[{"dim": "article", "total": "_T", "parts": "*"}],
        tables=[
            {
                "title": "Осудени {quarter}/{year}",
                "corner": "Дело",
                "continues": "repeats_header",
                "columns": {"Вкупно": {}},
                "rows": {"Вкупно": {"article": "_T", "use": "check"}, "{article}": {}},
            }
        ],
    )
    pages = (
        build_page(1, [["Дело", "Вкупно"], ["Вкупно", "1.005"], ["188", "1.002"]], "Служба\nОсудени 2/2024"),
        build_page(2, [["Дело", "Вкупно"], ["чл. 350 ст. 2", "3"]], "страница 2"),
    )
    reading = read_content(Grid("pdf", pages), form, registry)
    assert reading.findings == []
    assert collect_values(reading, "law_article") == {("188",): 1002, ("350(2)",): 3}
    row = reading.observations.row(0, named=True)
    assert (row["period_start"], row["period_end"]) == (date(2024, 1, 1), date(2024, 6, 30))
    assert row["place"] == "page 1 box (2,3,3,4)"


def test_contradiction_within_the_declaration_is_reported(registry: Registry) -> None:
    tables = copy.deepcopy(BASE["tables"])
    tables[0]["rows"]["{article}"] = {"sex": "F"}
    reading = read_content(make_grid(), form_of(tables=tables), registry)
    assert "form.contradiction" in {f.rule for f in reading.findings}


@pytest.mark.parametrize(
    ("fixed", "missing"),
    [
        ({"count_unit": "person"}, "measure"),
        ({"measure": "indicted"}, "count unit"),
        ({"measure": "acquitted", "count_unit": "person"}, "level of acquitted"),
        ({"measure": "pending_first", "count_unit": "person"}, "statistic"),
    ],
)
def test_attribute_missing_from_a_form_is_reported_once(
    registry: Registry, fixed: dict[str, str], missing: str
) -> None:
    findings = of_rule(read_content(make_grid(), form_of(fixed=fixed), registry), "form.incomplete")
    assert len(findings) == 1 and missing in str(findings[0].params["what"])


NIL = {"words": "Во {quarter} квартал {year} немаше предмети"}


def test_a_nil_return_needs_no_table(registry: Registry) -> None:
    reading = read_content(make_grid([["Во 1 квартал 2024 немаше предмети"]], ()), form_of(nil=NIL), registry)
    assert (reading.nil, [p.code for p in reading.periods], reading.findings) == (True, ["2024-Q1"], [])
    assert reading.observations.height == 0


def test_nil_words_next_to_figures_contradict(registry: Registry) -> None:
    rows = [*ROWS, ["Во 3 квартал 2024 немаше предмети", None, None, None, None, None, None]]
    assert "nil.with_figures" in {f.rule for f in read_content(make_grid(rows), form_of(nil=NIL), registry).findings}


def test_empty_return_is_reported(registry: Registry) -> None:
    tables = [{**copy.deepcopy(BASE["tables"][0]), "occurs": "optional"}]
    assert [f.rule for f in read_content(make_grid([["ништо"]], ()), form_of(tables=tables), registry).findings] == [
        "return.empty"
    ]


def test_reading_twice_gives_the_same(registry: Registry) -> None:
    first, second = (read_content(with_cell(make_grid(), "C6", value=4), form_of(), registry) for _ in range(2))
    assert first.observations.equals(second.observations) and first.findings == second.findings


def test_every_rule_has_a_message_and_a_severity() -> None:
    for id_, rule in rules.all_rules().items():
        assert rule.severity in ("error", "warning", "information") and rule.message and rule.remedy, id_


def test_register_rules_rejects_a_second_definition() -> None:
    rule = rules.Rule("test.only", "warning", "a", "b", "history")
    rules.register_rules({"test.only": rule})
    rules.register_rules({"test.only": rule})
    with pytest.raises(ValueError, match="twice"):
        rules.register_rules({"test.only": dataclasses.replace(rule, message="other")})
    del rules.RULES["test.only"]


def test_forms_of_a_path_are_not_needed(tmp_path: Path) -> None:
    assert make_registry(tmp_path).forms == {}
