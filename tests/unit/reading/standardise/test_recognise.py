"""Recognition: by words and never by file name, with evidence; nearest forms where there is none."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.registry import Registry
from pipelines.findings import rules
from pipelines.model.content import Cube, Grid, Member, SourceDimension
from pipelines.reading.standardise.recognise import not_recognised, recognise_forms
from tests.support.fakes.returns_fakes import BASE, make_grid, make_registry, with_cell


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    earlier = copy.deepcopy(BASE) | {"id": "ZZ-JUSTICE-0", "valid": "2020-Q1..2022-Q3"}
    excluding = copy.deepcopy(BASE) | {"id": "ZZ-JUSTICE-9"}
    excluding["recognise"] = {"all": ["Дело"], "none": ["Возраст"]}
    cube: dict[str, Any] = {
        **copy.deepcopy(BASE),
        "id": "ZZ-JUSTICE-PX",
        "formats": ["px"],
        "recognise": {"all": ["Пол", "Жени"]},
        "tables": None,
        "cube": {"dims": {"Пол": {"dim": "sex", "by": "labels"}, "Време": {"template": "{year}-Q{quarter}"}}},
    }
    del cube["tables"]
    return make_registry(tmp_path_factory.mktemp("zz"), [earlier, BASE, excluding, cube])


def test_form_of_the_period_is_preferred(registry: Registry) -> None:
    matches = recognise_forms(make_grid(), "whatever.bin", registry)
    assert [m.form.id for m in matches] == ["ZZ-JUSTICE-1", "ZZ-JUSTICE-0"]
    assert [m.in_period for m in matches] == [True, False]
    assert matches[0].evidence == ("Осудени лица, {quarter:roman} квартал {year}", "Дело") and matches[0].coverage > 0.5
    old = with_cell(make_grid(), "A2", value="Осудени лица, I квартал 2021")
    assert next(m.form.id for m in recognise_forms(old, None, registry)) == "ZZ-JUSTICE-0"


def test_form_is_rejected_by_words_that_must_be_absent(registry: Registry) -> None:
    content = with_cell(with_cell(make_grid(), "E3", value="Друго"), "F3", value="Друго")
    assert "ZZ-JUSTICE-9" in [m.form.id for m in recognise_forms(content, None, registry)]


def test_file_name_is_not_evidence(registry: Registry) -> None:
    assert recognise_forms(make_grid([["нешто"]], ()), "ZZ-JUSTICE-1.xlsx", registry) == []


def test_cube_is_recognised_by_its_dimensions(registry: Registry) -> None:
    members = (Member("1", {"mk": "Мажи"}), Member("2", {"mk": "Жени"}))
    dimensions = (
        SourceDimension("SEX", {"mk": "Пол"}, members),
        SourceDimension("Време", {}, (Member("2024-Q1"),), "time"),
    )
    matches = recognise_forms(Cube("px", dimensions, ()), None, registry)
    assert [(m.form.id, m.in_period) for m in matches] == [("ZZ-JUSTICE-PX", True)]


def test_another_format_does_not_match_and_the_nearest_form_is_named(registry: Registry) -> None:
    content: Grid = make_grid(format_="csv")
    assert recognise_forms(content, None, registry) == []
    message, remedy = rules.describe_in_english(not_recognised(content, registry))
    assert "ZZ-JUSTICE-" in message and "which comes as xlsx" in message and remedy


@pytest.mark.parametrize("format_", ["ods", "xls"])
def test_workbook_saved_in_another_format_has_the_same_form(registry: Registry, format_: str) -> None:
    matches = recognise_forms(make_grid(format_=format_), None, registry)
    assert [m.form.id for m in matches] == ["ZZ-JUSTICE-1", "ZZ-JUSTICE-0"]


def test_form_of_the_same_format_is_preferred(tmp_path: Path) -> None:
    older = copy.deepcopy(BASE) | {"id": "ZZ-JUSTICE-3", "formats": ["ods"]}
    registry = make_registry(tmp_path, [BASE, older])
    for format_, first in (("xlsx", "ZZ-JUSTICE-1"), ("ods", "ZZ-JUSTICE-3")):
        assert recognise_forms(make_grid(format_=format_), None, registry)[0].form.id == first


def test_forms_without_similarity_are_not_named_as_nearest(tmp_path: Path) -> None:
    """Omit a form that shares neither format nor recognition words; name one that shares the format."""
    content = with_cell(make_grid(), "A2", value="Осудени, III квартал 2024")
    near = copy.deepcopy(BASE) | {"recognise": {"all": ["Осудени, {quarter:roman} квартал {year}", "Дело", "Нема"]}}
    far = copy.deepcopy(BASE) | {"id": "ZZ-JUSTICE-7", "recognise": {"all": ["Нешто друго", "И уште"]}}
    nearest = str(not_recognised(content, make_registry(tmp_path / "b", [near, far])).params["nearest"])
    assert "ZZ-JUSTICE-1 (" in nearest and "ZZ-JUSTICE-7 (" in nearest
    far["formats"] = ["csv"]
    nearest = str(not_recognised(content, make_registry(tmp_path / "c", [near, far])).params["nearest"])
    assert "ZZ-JUSTICE-1 (" in nearest and "ZZ-JUSTICE-7 (" not in nearest


def test_missing_words_are_named(registry: Registry) -> None:
    content = with_cell(make_grid(), "A2", value="Осудени, III квартал 2024")
    finding = not_recognised(content, registry)
    assert "lacks 'Осудени лица, … квартал …'" in str(finding.params["nearest"])
    assert finding.severity == "error"


def test_without_any_form_there_is_no_nearest(tmp_path: Path) -> None:
    assert not_recognised(make_grid(), make_registry(tmp_path)).params["nearest"] == "none"
