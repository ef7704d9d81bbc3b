"""Lists, registers and cubes: the values read from them, and a planted fault for each of their rules."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry
from pipelines.declarations.shapes import RecordColumn
from pipelines.model.content import Cube, CubeObservation, SourceDimension, Where
from pipelines.model.long_tables import CASE_EVENT, CASE_EVENT_KEY
from pipelines.reading.standardise.standardise import Reading
from tests.support.fakes.cube_fakes import cube_form, make_cube, make_members
from tests.support.fakes.returns_fakes import (
    collect_findings,
    collect_values,
    form_of,
    make_grid,
    make_registry,
    of_rule,
    read_content,
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("zz"))


def flat_form(**changes: Any) -> Form:
    base: dict[str, Any] = {
        "instrument": "victims",
        "scope": {
            "age": "_T", "age_basis": "identification", "person_type": "_Z", "attempts": "not_applicable",
            "unknown_perpetrators": "not_applicable", "offence": "ICCS0204",
        },
        "fixed": {},
        "adds_up": [],
        "tables": None,
        "codes": {"sex": {"машки": "M", "женски": "F"}, "exploitation": {"сексуална": "sexual", "друга": "other"}},
        "flat": {
            "columns": {
                "Период": {"template": "К{quarter}/{year}"},
                "Пол": {"dim": "sex"},
                "Облик": {"dim": "exploitation"},
                "Број": {"value": True, "set": {"measure": "victims_detected", "count_unit": "victim"}},
                "Забелешка": {"note": True},
                "Р.бр.": {"ignore": True},
            },
            "end": ["Вкупно {text}"],
        },
    }  # fmt: skip
    return form_of(**{**base, **changes})


FLAT: list[list[Any]] = [
    ["Служба", None, None, None, None, None],
    ["Р.бр.", "Период", "Пол", "Облик", "Број", "Забелешка"],
    [1, "К1/2024", "машки", "сексуална", 0, None],
    [2, "К1/2024", "женски", "сексуална", 4, "проценка"],
    [3, "К2/2024", "женски", "друга", "..", None],
    ["Вкупно 3 реда", None, None, None, None, None],
]


def _flat(row: int | None = None, column: int = 0, value: Any = None) -> Reading | list[list[Any]]:
    rows = [list(r) for r in FLAT]
    if row is not None:
        rows[row - 1][column - 1] = value
    return rows


def test_a_list_of_observations(registry: Registry) -> None:
    reading = read_content(make_grid(FLAT, ()), flat_form(), registry)
    assert reading.findings == []
    assert collect_values(reading, "period", "sex", "exploitation") == {
        ("2024-Q1", "M", "sexual"): 0,
        ("2024-Q1", "F", "sexual"): 4,
        ("2024-Q2", "F", "other"): None,
    }
    row = reading.observations.row(1, named=True)
    fixed = (row["notes"], row["victim_status"], row["person_type"], row["level"], row["label"], row["place"])
    assert fixed == ("проценка", "_T", "_Z", "none", "Број | К1/2024 | женски | сексуална", "Лист1!E4")


@pytest.mark.parametrize(
    ("rule", "place", "row", "column", "value"),
    [
        ("label.undeclared", "Лист1!C3", 3, 3, "маж"),
        ("label.undeclared", "Лист1!B3", 3, 2, "2024"),
        ("record.blank", "Лист1!D3", 3, 4, None),
        ("cell.empty", "Лист1!E3", 3, 5, None),
        ("cell.not_a_number", "Лист1!E3", 3, 5, "околу 3"),
        ("key.duplicate", "Лист1!E4", 4, 3, "машки"),
        ("heading.undeclared", "Лист1!C2", 2, 3, "Пола"),
        ("heading.missing", "Лист1!A2", 2, 3, "Пола"),
        ("period.outside_form", "Лист1!E3", 3, 2, "К1/2019"),
    ],
)
def test_faults_of_a_list(registry: Registry, rule: str, place: str, row: int, column: int, value: Any) -> None:
    rows = _flat(row, column, value)
    assert isinstance(rows, list)
    assert (rule, place) in collect_findings(read_content(make_grid(rows, ()), flat_form(), registry))


def test_missing_list_is_reported(registry: Registry) -> None:
    assert "table.not_found" in {
        f.rule for f in read_content(make_grid([["a", "b"]], ()), flat_form(), registry).findings
    }


def register_form(**records: Any) -> Form:
    shape: dict[str, Any] = {
        "title": "Регистар, {quarter}. квартал {year}",
        "columns": {
            "Предмет": {"field": "proceeding", "required": True},
            "Лице": {"field": "person", "required": True},
            "Член": {"field": "article", "required": True},
            "Пол": {"field": "sex"},
            "Возраст": {"field": "age_years"},
            "Обвинение": {"event": "indicted"},
            "Осуда": {"event": "convicted_first"},
            "Казна": {"field": "sentence_type"},
            "Месеци": {"field": "sentence_months"},
        },
        "date": "{day}.{month}.{year}.",
        "age_bands": ["Y_LT18", "Y18T24", "Y_GE25"],
    }
    return form_of(
        instrument="register",
        fixed={},
        adds_up=[],
        tables=None,
        codes={"sex": {"М": "M", "Ж": "F"}, "sentence_type": {"затвор": "prison"}},
        records={**shape, **records},
    )


RECORDS: list[list[Any]] = [
    ["Регистар, 3. квартал 2024", *[None] * 8],
    ["Предмет", "Лице", "Член", "Пол", "Возраст", "Обвинение", "Осуда", "Казна", "Месеци"],
    ["П-1", "Л-1", "188", "М", 24, "02.07.2024.", None, None, None],
    ["П-2", "Л-1", "чл. 350 ст. 2", "Ж", 25, "1.7.2024.", "30. 9. 2024.", "затвор", "18,5"],
]


def _records(row: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(r) for r in RECORDS]
    rows[row - 1][column - 1] = value
    return rows


def test_a_register_with_a_date_for_each_event(registry: Registry) -> None:
    reading = read_content(make_grid(RECORDS, ()), register_form(), registry)
    assert reading.findings == [] and reading.observations.height == 0
    assert reading.events.schema == CASE_EVENT
    assert reading.events.n_unique(CASE_EVENT_KEY) == 3
    columns = ("proceeding", "event", "event_date", "offence", "law_article", "sex", "age", "sentence_type")
    end = date(2024, 9, 30)
    assert reading.events.select(*columns, "sentence_months", "cutoff_date", "place").rows() == [
        ("П-1", "indicted", date(2024, 7, 2), "ICCS0204", "188", "M", "Y18T24", "_Z", None, end, "Лист1!F3"),
        ("П-2", "indicted", date(2024, 7, 1), "ICCS08051", "350(2)", "F", "Y_GE25", "_Z", None, end, "Лист1!F4"),
        ("П-2", "convicted_first", end, "ICCS08051", "350(2)", "F", "Y_GE25", "prison", 18.5, end, "Лист1!G4"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "place", "row", "column", "value"),
    [
        ("record.date", "Лист1!F3", 3, 6, "31.02.2024."),
        ("record.date", "Лист1!F3", 3, 6, "2024-07-02"),
        ("record.blank", "Лист1!A3", 3, 1, None),
        ("record.value", "Лист1!E3", 3, 5, "млад"),
        ("record.age", "Лист1!E3", 3, 5, 129),
        ("record.age", "Лист1!E3", 3, 5, 2),
        ("record.age", "Лист1!E3", 3, 5, "24,5"),
        ("record.ages", "Лист1!E4", 4, 5, 61),
        ("record.sanction_alone", "Лист1!H3", 3, 8, "затвор"),
        ("record.sanction_alone", "Лист1!I3", 3, 9, "12"),
        ("record.no_event", "Лист1!A3", 3, 6, None),
        ("record.outside_period", "Лист1!F3", 3, 6, "02.06.2024."),
        ("label.undeclared", "Лист1!D3", 3, 4, "машко"),
        ("label.undeclared", "Лист1!C3", 3, 3, "чл. 1"),
        ("table.title_missing", "Лист1!A2", 1, 1, "Регистар"),
    ],
)
def test_faults_of_a_register(registry: Registry, rule: str, place: str, row: int, column: int, value: Any) -> None:
    assert (rule, place) in collect_findings(
        read_content(make_grid(_records(row, column, value), ()), register_form(), registry)
    )


def test_duplicate_record_is_reported(registry: Registry) -> None:
    reading = read_content(make_grid([*RECORDS, RECORDS[-1]], ()), register_form(), registry)
    assert ("key.duplicate", "Лист1!F5") in collect_findings(reading) and reading.events.height == 3


def test_register_with_one_row_per_event_and_its_own_cutoff(registry: Registry) -> None:
    form = register_form(
        title=None,
        cutoff="column",
        columns={
            "Предмет": {"field": "proceeding"},
            "Лице": {"field": "person"},
            "Член": {"field": "article"},
            "Настан": {"field": "event", "codes": "step"},
            "Датум": {"field": "event_date"},
            "Пресек": {"field": "cutoff_date"},
        },
    )
    form = Form.model_validate(
        {**form.model_dump(), "codes": {"step": {"осуда": {"measure": "convicted_first"}}}}, strict=False
    )
    rows = [
        ["Предмет", "Лице", "Член", "Настан", "Датум", "Пресек"],
        ["П-1", "Л-1", "188", "осуда", "02.07.2024.", "30.09.2024."],
        ["П-2", "Л-1", "188", "осуда", "02.08.2024.", "30.07.2024."],
    ]
    reading = read_content(make_grid(rows, ()), form, registry)
    assert collect_findings(reading) == {("record.after_cutoff", "Лист1!E3")}
    row = reading.events.row(0, named=True)
    assert (row["event"], row["period"], row["cutoff_date"]) == ("convicted_first", "2024-Q3", date(2024, 9, 30))


KEY = ("1", "1", "2024K1", "лица")


def test_a_cube_by_codes_and_labels(registry: Registry) -> None:
    reading = read_content(make_cube(), cube_form(), registry)
    assert reading.findings == [] and [p.code for p in reading.periods] == ["2024-Q1", "2024-Q2"]
    cell_values = collect_values(reading, "sex", "law_article", "period")
    assert len(cell_values) == 12 and cell_values["M", "350(2)", "2024-Q2"] == 3
    assert reading.observations["label"][0] == "Вкупно | 1 | 2024K1 | лица"
    assert reading.observations["place"][0] == "line 11"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"value": None, "status": ".."}, (None, "O", "F", None)),
        ({"value": None, "status": "c"}, (None, "Q", "C", None)),
        ({"value": None, "attributes": {"OBS_STATUS": "M"}}, (None, "M", "F", None)),
        ({"value": None, "attributes": {"CONF": "C"}}, (None, "Q", "C", None)),
        ({"attributes": {"OBS_STATUS": "P", "COMMENT": "рано"}}, (3, "P", "F", "рано")),
    ],
)
def test_signs_and_attributes_of_a_cube(registry: Registry, change: dict[str, Any], expected: tuple[Any, ...]) -> None:
    reading = read_content(make_cube({KEY: change}), cube_form(), registry)
    row = reading.observations.filter(place="line 15").row(0, named=True)
    assert (row["value"], row["obs_status"], row["conf_status"], row["notes"]) == expected
    assert reading.findings == []


@pytest.mark.parametrize(
    ("rule", "place", "cube", "form"),
    [
        ("cell.empty", "line 15", make_cube({KEY: {"value": None}}), cube_form()),
        ("cell.not_a_number", "line 15", make_cube({KEY: {"value": None, "status": "?"}}), cube_form()),
        ("cube.attribute_undeclared", "line 15", make_cube({KEY: {"attributes": {"X": "1"}}}), cube_form()),
        (
            "cube.status_with_value",
            "line 15",
            make_cube({KEY: {"value": 3, "attributes": {"OBS_STATUS": "M"}}}),
            cube_form(),
        ),
        ("cube.attribute_code", "line 15", make_cube({KEY: {"attributes": {"OBS_STATUS": "Ж"}}}), cube_form()),
        ("cube.property", "CONFIDENTIAL", make_cube(properties={"CONFIDENTIAL": 1}), cube_form()),
        ("cube.absent", "", make_cube(left_out=(KEY,)), cube_form()),
        ("cube.member_undeclared", "Дело line 13", make_cube(), cube_form(codes={
            "sex": {"Вкупно": "_T", "Мажи": "M", "Жени": "F"}, "article": {"1": "188"}})),
        ("cube.member_undeclared", "Единица line 11", make_cube(), cube_form(cube={"dims": {
            "Пол": {"dim": "sex", "by": "labels"}, "Дело": {"dim": "article"},
            "Квартал": {"template": "{year}K{quarter}"}, "Единица": {"only": "предмети"}}})),
        ("cube.dimension_undeclared", "Единица", make_cube(), cube_form(cube={"dims": {
            "Пол": {"dim": "sex", "by": "labels"}, "Дело": {"dim": "article"},
            "Квартал": {"template": "{year}K{quarter}"}}})),
        ("cube.dimension_missing", "", make_cube(), cube_form(cube={"dims": {
            "Пол": {"dim": "sex", "by": "labels"}, "Дело": {"dim": "article"},
            "Квартал": {"template": "{year}K{quarter}"}, "Единица": {"only": "лица"}, "Суд": {"only": "1"}}})),
    ],
)  # fmt: skip
def test_faults_of_a_cube(registry: Registry, rule: str, place: str, cube: Cube, form: Form) -> None:
    assert (rule, place) in collect_findings(read_content(cube, form, registry))


@pytest.mark.parametrize(
    ("form_says", "format_says", "rows"), [("missing", "missing", 11), ("missing", "zero", 12), ("zero", "missing", 12)]
)
def test_combinations_that_a_cube_omits(registry: Registry, form_says: str, format_says: str, rows: int) -> None:
    cube = make_cube({("0", "1", "2024K1", "лица"): {"value": 2}}, left_out=(KEY,), absent=format_says)
    reading = read_content(cube, cube_form(absent_cell=form_says), registry)
    assert reading.observations.height == rows
    if rows == 12:
        assert reading.findings == []
        assert collect_values(reading, "sex", "law_article", "period")["M", "188", "2024-Q1"] == 0


def test_cube_may_use_our_codes(registry: Registry) -> None:
    dims = {"SEX": {"dim": "sex", "same": True}, "T": {"template": "{year}-Q{quarter}"}}
    form = cube_form(formats=["sdmx-csv"], cube={"dims": dims}, fixed={
        "measure": "indicted", "count_unit": "person", "offence": "ICCS0204"})  # fmt: skip
    dimensions = (SourceDimension("SEX", {}, make_members("M", "X")), SourceDimension("T", {}, make_members("2024-Q1")))
    observations = [CubeObservation((sex, "2024-Q1"), 1, None, Where(line=2)) for sex in ("M", "X")]
    reading = read_content(Cube("sdmx-csv", dimensions, observations), form, registry)
    assert [f.seen for f in of_rule(reading, "cube.member_undeclared")] == ["X"]
    assert collect_values(reading, "sex") == {("M",): 1}


def test_article_of_no_declared_law_is_reported(registry: Registry) -> None:
    dims = {"A": {"dim": "article", "same": True}, "T": {"template": "{year}-Q{quarter}"}}
    form = cube_form(formats=["sdmx-csv"], cube={"dims": dims}, codes={}, adds_up=[])
    dimensions = (
        SourceDimension("A", {}, make_members("188", "777")),
        SourceDimension("T", {}, make_members("2024-Q1")),
    )
    observations = [
        CubeObservation((article, "2024-Q1"), 1, None, Where(line=n)) for n, article in enumerate(("188", "777"), 1)
    ]
    reading = read_content(Cube("sdmx-csv", dimensions, observations), form, registry)
    assert collect_findings(reading) == {("article.unknown", "line 2")}
    assert collect_values(reading, "law_article") == {("188",): 1}


# -- records of requests


def request_form() -> Form:
    return form_of(
        instrument="requests",
        freq="A",
        valid="2022..",
        fixed={"count_unit": "request"},
        adds_up=[],
        tables=None,
        codes={
            "direction": {"Дојдовни": "incoming"},
            "partner": {"Албанија": "AL"},
            "assistance": {"Докази": "evidence"},
            "offence": {"Трговија со луѓе": "ICCS0204"},
        },
        records={
            "title": "Барања, {year} година",
            "columns": {
                "Број": {"field": "proceeding", "required": True},
                "Насока": {"field": "direction", "required": True},
                "Партнер": {"field": "partner", "required": True},
                "Вид": {"field": "assistance", "required": True},
                "Дело": {"field": "offence", "required": True},
                "Регистрирано": {"event": "requests_registered", "required": True, "stated_again": True},
                "Потврдено": {"event": "requests_acknowledged"},
                "Извршено": {"event": "requests_executed"},
            },
            "date": "{day}.{month}.{year}.",
        },
    )


REQUESTS: list[list[Any]] = [
    ["Барања, 2024 година", *[None] * 7],
    ["Број", "Насока", "Партнер", "Вид", "Дело", "Регистрирано", "Потврдено", "Извршено"],
    ["З-1", "Дојдовни", "Албанија", "Докази", "Трговија со луѓе", "02.07.2024.", "9.7.2024.", None],
    ["З-2", "Дојдовни", "Албанија", "Докази", "Трговија со луѓе", "30.12.2023.", None, "1.2.2024."],
]


def _requests(row: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(r) for r in REQUESTS]
    rows[row - 1][column - 1] = value
    return rows


def test_records_of_requests_have_no_person_and_state_the_registration_again(registry: Registry) -> None:
    reading = read_content(make_grid(REQUESTS, ()), request_form(), registry)
    assert reading.findings == [] and [period.code for period in reading.periods] == ["2024"]
    columns = ("proceeding", "person", "sex", "age", "event", "event_date", "offence", "partner", "direction")
    described = ("_Z", "_Z", "_Z")
    request = ("ICCS0204", "AL", "incoming")
    assert reading.events.select(columns).rows() == [
        ("З-1", *described, "requests_registered", date(2024, 7, 2), *request),
        ("З-1", *described, "requests_acknowledged", date(2024, 7, 9), *request),
        ("З-2", *described, "requests_executed", date(2024, 2, 1), *request),
    ]
    assert set(reading.events["assistance"]) == {"evidence"}


@pytest.mark.parametrize(
    ("rule", "place", "row", "column", "value"),
    [
        ("record.before_start", "Лист1!G3", 3, 7, "1.7.2024."),
        ("record.before_start", "Лист1!H4", 4, 6, "02.02.2024."),
        ("record.outside_period", "Лист1!H3", 3, 8, "3.1.2025."),
        ("record.outside_period", "Лист1!F3", 3, 6, "3.1.2025."),
        ("record.blank", "Лист1!F3", 3, 6, None),
        ("record.no_event", "Лист1!A4", 4, 8, None),
        ("record.date", "Лист1!G3", 3, 7, "31.02.2024."),
        ("label.undeclared", "Лист1!C3", 3, 3, "Србија"),
        ("key.duplicate", "Лист1!H5", 5, 8, "1.2.2024."),
    ],
)
def test_faults_of_records_of_requests(
    registry: Registry, rule: str, place: str, row: int, column: int, value: Any
) -> None:
    rows = [list(r) for r in REQUESTS] + [[*REQUESTS[3][:7], None]]
    if row == 5:
        rows[row - 1][column - 1] = value
    else:
        rows = _requests(row, column, value)
    assert (rule, place) in collect_findings(read_content(make_grid(rows, ()), request_form(), registry))


def test_only_the_date_of_an_event_can_be_stated_again() -> None:
    with pytest.raises(ValueError, match="can be `stated_again`"):
        RecordColumn.model_validate({"field": "sex", "stated_again": True})
