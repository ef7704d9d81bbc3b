"""Periods that titles, labels and file names state, in every language, compared with the period of the figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declarations.registry import Registry
from pipelines.model.content import Member, SourceDimension, Where
from pipelines.reading.standardise.stated_periods import (
    find_contradiction,
    find_file_name_contradiction,
    find_stated_periods,
)
from tests.support.fakes.cube_fakes import cube_form, make_cube
from tests.support.fakes.returns_fakes import (
    collect_findings,
    form_of,
    make_grid,
    make_registry,
    read_content,
    with_cell,
)
from tests.support.paths import SAMPLES


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("zz"))


@pytest.mark.parametrize(
    "text",
    [
        "Žrtve, III. tromjesečje 2026.",
        "Жртви, III квартал 2026",
        "Viktimat, tremujori III 2026",
        "T3 2026",
        "2026-Q3",
        "2026K3",
        "трет квартал од 2026 година",
        "tremujori i tretë i vitit 2026",
        "third quarter of 2026",
        "treći kvartal 2026. godine",
        "трећи квартал 2026. године",
        "2026. godina, III kvartal",
        "2026, 3. tromjesečje",
        "Tromjesečje III/2026",
        "трето тримесечје 2026",
    ],
)
def test_quarter_is_found_in_every_language(text: str) -> None:
    assert find_stated_periods(text).quarters == {"2026-Q3"}


@pytest.mark.parametrize(
    "text",
    ["Žrtve 2026", "stanje 3. 10. 2026.", "2026-10-03", "Tabela 3, 2026", "čl. 207.a i 207.b, 2026", "2024 i 2026"],
)
def test_text_without_a_quarter_states_none(text: str) -> None:
    assert find_stated_periods(text).quarters == frozenset()


@given(st.text(max_size=40), st.booleans())
def test_any_text_can_be_searched(text: str, is_file_name: bool) -> None:
    stated = find_stated_periods(text, is_file_name=is_file_name)
    assert all(find_contradiction(stated, [quarter]) is None for quarter in stated.quarters)


@pytest.mark.parametrize(
    "name",
    [
        "Pravosudstvo_2026_K3.xlsx",
        "MKR_viktimat_2026_T3.csv",
        "KPK_raporti_TM3_2026.pdf",
        "zrtve_thb_2026-3.json",
        "SORS_KRIM_THB_2026-Q3.xml",
        "TBIH_trgovina_ljudima_2026_III.docx",
        "FT_FBiH_3_2026.xls",
        "registar_2026_3tr.csv",
        "NRM_ZRTVI_2026K3.px",
        "izvestaj, III kvartal 2026.html",
        "Pravosudstvo_2026_K3 (2).xlsx",
    ],
)
def test_file_name_of_another_quarter_is_found_and_its_own_is_not(name: str) -> None:
    assert find_file_name_contradiction(name, ["2026-Q3"]) is None
    assert find_file_name_contradiction(name, ["2025-Q3"]) == "2026-Q3"
    assert find_file_name_contradiction(name, ["2026-Q2"]) == "2026-Q3"


@pytest.mark.parametrize(
    ("name", "periods"),
    [
        ("izvjestaj_2026-11-10.xlsx", ["2025-Q3"]),
        ("izvjestaj 10.11.2026.xlsx", ["2026-Q2"]),
        ("izvjestaj_20261110.xlsx", ["2025-Q3"]),
        ("serija_2020-2022.xlsx", ["2023"]),
        ("zrtve_2026_K3.xlsx", ["2026-Q1", "2026-Q2"]),
        ("zrtve_2026.xlsx", ["2025-Q4"]),
        ("zrtve_2026 (2).xlsx", ["2026-Q3"]),
        ("zrtve.xlsx", ["2026-Q3"]),
        ("zrtve_2026_K3.xlsx", []),
    ],
)
def test_ambiguous_file_name_is_not_compared_with_the_figures(name: str, periods: list[str]) -> None:
    assert find_file_name_contradiction(name, periods) is None


@pytest.mark.parametrize(("name", "period"), [("zrtve_2026.xls", "2025"), ("zrtve_2026.xls", "2024-Q3")])
def test_year_in_a_file_name_is_compared_with_the_year(name: str, period: str) -> None:
    assert find_file_name_contradiction(name, [period]) == "2026"


@pytest.mark.parametrize(
    ("properties", "place"),
    [
        ({"TITLE": "Осудени лица, II квартал 2024"}, "TITLE"),
        ({"TITLE[en]": "Convicted persons, second quarter of 2024"}, "TITLE[en]"),
        ({"label": "Osuđene osobe, 2. tromjesečje 2024."}, "label"),
        ({"DESCRIPTION": "Осудени лица 2023"}, "DESCRIPTION"),
    ],
)
def test_title_of_another_period_than_the_codes_is_a_contradiction(
    registry: Registry, properties: dict[str, Any], place: str
) -> None:
    reading = read_content(_one_quarter(properties), cube_form(), registry)
    assert collect_findings(reading) == {("period.contradiction", place)}


def test_title_of_the_same_period_is_accepted(registry: Registry) -> None:
    assert read_content(_one_quarter({"TITLE": "Осудени лица, I квартал 2024"}), cube_form(), registry).findings == []


def _one_quarter(properties: dict[str, Any], label: str = "") -> Any:
    cube = make_cube(properties=properties)
    observations = [observation for observation in cube.observations if observation.key[2] == "2024K1"]
    dimensions = [
        SourceDimension(d.id, d.labels, (Member("2024K1", {"mk": label} if label else {}),)) if d.id == "Квартал" else d
        for d in cube.dimensions
    ]
    return replace(cube, observations=observations, dimensions=tuple(dimensions))


def test_label_of_another_period_than_its_code_is_a_contradiction(registry: Registry) -> None:
    reading = read_content(_one_quarter({}, label="II квартал 2024"), cube_form(), registry)
    assert collect_findings(reading) == {("period.contradiction", "Квартал=2024K1")}


@pytest.mark.parametrize("text", ["II квартал 2024", "Извештај за 2024-Q2", "Raport, T2/2024"])
def test_words_above_a_table_that_name_another_quarter_are_a_warning(registry: Registry, text: str) -> None:
    reading = read_content(with_cell(make_grid(), "A1", value=text), form_of(), registry)
    assert [(f.rule, f.severity, str(f.where), f.seen, f.expected) for f in reading.findings] == [
        ("period.contradiction", "warning", "Лист1!A1", "2024-Q2", "2024-Q3")
    ]


@pytest.mark.parametrize("text", ["III квартал 2024", "Скопје, 12.11.2024", "2023", "II и III квартал 2024"])
def test_other_words_above_a_table_are_not_reported(registry: Registry, text: str) -> None:
    assert read_content(with_cell(make_grid(), "A1", value=text), form_of(), registry).findings == []


@pytest.mark.parametrize(
    ("number", "place"), [(0, Where(line=2)), (2, Where(keyword="Header")), (2, Where(sheet="Лист1", keyword="Footer"))]
)
def test_heading_of_a_document_that_names_another_quarter_is_a_warning(
    registry: Registry, number: int, place: Where
) -> None:
    outside = [(Where(line=1), "Извештај"), (Where(line=9), "Забелешка")]
    outside.insert(number, (place, "Извештај за II квартал 2024"))
    reading = read_content(replace(make_grid(), outside=tuple(outside), above=2), form_of(), registry)
    assert [(f.rule, f.severity, f.where, f.seen) for f in reading.findings] == [
        ("period.contradiction", "warning", place, "2024-Q2")
    ]


def test_text_below_the_tables_of_a_document_may_name_another_quarter(registry: Registry) -> None:
    below = (Where(line=9), "Исправка за II квартал 2024")
    assert read_content(replace(make_grid(), outside=(below,)), form_of(), registry).findings == []


def test_time_value_of_another_period_than_its_code_is_a_contradiction(registry: Registry) -> None:
    cube = _one_quarter({})
    dimensions = tuple(
        replace(d, members=(replace(d.members[0], time="2024Q2"),)) if d.id == "Квартал" else d for d in cube.dimensions
    )
    reading = read_content(replace(cube, dimensions=dimensions), cube_form(), registry)
    assert collect_findings(reading) == {("period.contradiction", 'TIMEVAL("Квартал")')}


def test_file_names_of_the_demonstration_agree_with_its_figures() -> None:
    names = [path.name for path in SAMPLES.glob("*/*/*.*") if "2026" in path.name]
    assert len(names) > 20
    assert all(len(find_stated_periods(Path(n).stem, is_file_name=True).quarters) <= 1 for n in names)
