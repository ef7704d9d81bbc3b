"""Units that a file states in fields and words, compared with the counts of its form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declarations.registry import Registry
from pipelines.model.content import Grid, SourceTable, Where
from pipelines.reading.standardise.stated_units import find_unit_words
from tests.support.fakes.cube_fakes import cube_form, make_cube
from tests.support.fakes.returns_fakes import (
    collect_findings,
    form_of,
    make_grid,
    make_registry,
    read_content,
    with_cell,
)

KEY = ("1", "1", "2024K1", "лица")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("zz"))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("(in thousands)", "scaled"),
        ("Convicted persons, 2026 (in '000)", "scaled"),
        ("Të dënuar (në mijë)", "scaled"),
        ("Osuđene osobe, u hiljadama", "scaled"),
        ("osuđene osobe [u tisućama]", "scaled"),
        ("Осуђена лица (у хиљадама)", "scaled"),
        ("(во илјади)", "scaled"),
        ("Podaci su u hiljadama.", "scaled"),
        ("OSUDENE OSOBE (U TISUCAMA)", "scaled"),
        ("osobe (x 1.000)", "scaled"),
        ("in per cent", "share"),
        ("Convicted persons (%)", "share"),
        ("u %", "share"),
        ("в %", "share"),
        ("Në përqindje", "share"),
        ("u postotcima", "share"),
        ("у процентима", "share"),
        ("во проценти", "share"),
        ("Осуђена лица на 100.000 становника", "share"),
        ("Osuđeni na 100 000 stanovnika", "share"),
        ("Të dënuar për 100 000 banorë", "share"),
        ("per 100,000 inhabitants", "share"),
        ("(number of cases)", "cases"),
        ("(numri i çështjeve)", "cases"),
        ("(broj predmeta)", "cases"),
        ("(број на предмети)", "cases"),
        ("(број поступака)", "cases"),
        ("(broj kaznenih djela)", "offences"),
        ("(број лица)", "persons"),
        ("(numri i personave)", "persons"),
    ],
)
def test_words_about_a_unit_are_found_in_every_language_and_script(text: str, meaning: str) -> None:
    assert [(word.meaning, word.is_certain) for word in find_unit_words(text)] == [(meaning, True)]


@pytest.mark.parametrize(
    "text",
    [
        "Osuđena lica, III kvartal 2026",
        "Izvor: podaci ovlaštenih institucija i organizacija",
        "Odziv institucija: 95 % (19 od 20)",
        "Član 100. Krivičnog zakonika",
        "Broj protokola 1000-12/2026",
        "Të dhëna demonstruese (të sajuara)",
        "Контакт: служба, Скопје 1000",
        "0 nema pojave",
    ],
)
def test_other_words_are_not_taken_for_a_unit(text: str) -> None:
    assert find_unit_words(text) == []


def test_words_in_a_long_sentence_are_uncertain() -> None:
    (word,) = find_unit_words("Podaci o prihodima sudova u hiljadama maraka objavljuju se u posebnom izvještaju")
    assert not word.is_certain


@given(st.text(max_size=60))
def test_any_text_can_be_searched(text: str) -> None:
    for word in find_unit_words(text, "unit"):
        assert word.extra_words >= 0


# ---------------------------------------------------------------------------------------------------------------- grids


@pytest.mark.parametrize(
    ("text", "rule", "severity"),
    [
        ("(во илјади)", "unit.scaled", "error"),
        ("u hiljadama", "unit.scaled", "error"),
        ("(во %)", "unit.share", "error"),
        ("стапка на 100 000 жители", "unit.share", "error"),
        ("(број на предмети)", "unit.cases", "error"),
        ("вкупен број на предмети", "unit.cases", "warning"),
        ("Износите за трошоци на судовите се дадени во илјади денари", "unit.scaled", "warning"),
    ],
)
@pytest.mark.parametrize("place", ["C2", "A9"])
def test_words_above_or_below_a_table_are_reported_at_their_cell(
    registry: Registry, text: str, rule: str, severity: str, place: str
) -> None:
    reading = read_content(with_cell(make_grid(), place, value=text), form_of(), registry)
    findings = [(f.rule, str(f.where), f.seen, f.severity) for f in reading.findings if f.rule.startswith("unit.")]
    assert findings == [(rule, f"Лист1!{place}", text, severity)]


@pytest.mark.parametrize("text", ["(број на лица)", "број на лица и број на предмети"])
def test_words_that_agree_with_the_form_are_not_reported(registry: Registry, text: str) -> None:
    assert read_content(with_cell(make_grid(), "C2", value=text), form_of(), registry).findings == []


def test_words_of_the_form_itself_are_not_reported(registry: Registry) -> None:
    title = "Осудени лица (број на предмети), III квартал 2024"
    form = form_of(
        recognise={"all": ["Дело"]},
        tables=[{**form_of().model_dump()["tables"][0], "title": title.replace("III", "{quarter:roman}")}],
    )
    content = with_cell(make_grid(), "A2", value=title)
    assert not [f for f in read_content(content, form, registry).findings if f.rule.startswith("unit.")]


def test_persons_above_a_table_of_cases_are_reported(registry: Registry) -> None:
    form = form_of(fixed={"measure": "convicted_first", "count_unit": "case"})
    reading = read_content(with_cell(make_grid(), "C2", value="(број на лица)"), form, registry)
    assert ("unit.persons", "Лист1!C2") in collect_findings(reading)


@pytest.mark.parametrize("text", ["(%)", "%", "‰"])
def test_sign_of_a_share_without_words_is_reported(registry: Registry, text: str) -> None:
    reading = read_content(with_cell(make_grid(), "C2", value=text), form_of(), registry)
    assert ("unit.share", "Лист1!C2") in collect_findings(reading)


def test_title_outside_the_cells_and_footers_are_read(registry: Registry) -> None:
    content = make_grid()
    table = content.tables[0]
    titled = Grid("xlsx", (SourceTable(table.name, table.cells, "Табела 1 (во илјади)"),))
    assert "unit.scaled" in [f.rule for f in read_content(titled, form_of(), registry).findings]
    footed = Grid("xlsx", content.tables, outside=((Where(sheet="Лист1", keyword="Footer"), "во илјади"),))
    assert ("unit.scaled", "sheet Лист1 Footer") in collect_findings(read_content(footed, form_of(), registry))


# ---------------------------------------------------------------------------------------------------------------- cubes


@pytest.mark.parametrize(
    ("properties", "rule", "place"),
    [
        ({"UNITS": "илјади"}, "unit.scaled", "UNITS"),
        ({"UNITS": "тисуће", "UNITS[en]": "thousands"}, "unit.scaled", "UNITS[en]"),
        ({"UNITS": "1000"}, "unit.scaled", "UNITS"),
        ({"UNITS": "%"}, "unit.share", "UNITS"),
        ({"UNITS": "стапка"}, "unit.share", "UNITS"),
        ({"UNITS": "предмети"}, "unit.cases", "UNITS"),
        ({"UNITS": "евра"}, "unit.unknown", "UNITS"),
        ({"TITLE": "Осудени лица (во илјади)"}, "unit.scaled", "TITLE"),
        ({"CONTENTS": "Број на предмети"}, "unit.cases", "CONTENTS"),
        ({"label": "Osuđene osobe, u tisućama"}, "unit.scaled", "label"),
    ],
)
def test_units_and_texts_of_a_cube_are_reported_at_their_keyword(
    registry: Registry, properties: dict[str, Any], rule: str, place: str
) -> None:
    assert (rule, place) in collect_findings(read_content(make_cube(properties=properties), cube_form(), registry))


@pytest.mark.parametrize("unit", ["лица", "broj", "numri", "persons", "број на лица", "", "Broj osoba"])
def test_units_that_mean_a_count_are_not_reported(registry: Registry, unit: str) -> None:
    assert read_content(make_cube(properties={"UNITS": unit}), cube_form(), registry).findings == []


@pytest.mark.parametrize(
    ("attributes", "rule"),
    [
        ({"UNIT_MULT": "3"}, "unit.scaled"),
        ({"UNIT_MEASURE": "PC"}, "unit.share"),
        ({"unit.multiplier": "3"}, "unit.scaled"),
        ({"unit.label": "tisuće"}, "unit.scaled"),
        ({"unit.symbol": "%"}, "unit.share"),
        ({"UNITS": "илјади"}, "unit.scaled"),
    ],
)
def test_unit_of_single_observations_is_reported_once(
    registry: Registry, attributes: dict[str, str], rule: str
) -> None:
    other_key = ("2", "1", "2024K1", "лица")
    changes = {KEY: {"attributes": attributes}, other_key: {"attributes": attributes}}
    reading = read_content(make_cube(changes), cube_form(), registry)
    assert [f.rule for f in reading.findings] == [rule]
    assert len(reading.observations) == 10


@pytest.mark.parametrize(
    ("properties", "kind", "seen"),
    [
        ({"dataset.action": "Append"}, "full", "Append"),
        ({"dataset.action": "Merge"}, "full", "Merge"),
        ({"dataset.action": "Information"}, "full", "Information"),
        ({"action": "R, A"}, "full", "Append"),
        ({"DataSetAction": "Append"}, "full", "Append"),
        ({"dataset.action": "Information"}, "patch", "Information"),
    ],
)
def test_action_that_does_not_fit_the_form_is_refused(
    registry: Registry, properties: dict[str, Any], kind: str, seen: str
) -> None:
    reading = read_content(make_cube(properties=properties), cube_form(kind=kind), registry)
    assert [(f.rule, f.severity, f.seen) for f in reading.findings] == [("cube.action", "error", seen)]


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ({"dataset.action": "Replace"}, "full"),
        ({"action": "R"}, "full"),
        ({"dataset.action": "Replace", "DataSetAction": "Append"}, "full"),
        ({"dataset.action": "Append"}, "patch"),
        ({"dataset.action": "Merge"}, "patch"),
        ({}, "full"),
    ],
)
def test_action_that_fits_the_form_is_accepted(registry: Registry, properties: dict[str, Any], kind: str) -> None:
    assert read_content(make_cube(properties=properties), cube_form(kind=kind), registry).findings == []


def test_unit_words_are_unique_and_sorted_by_place_of_use() -> None:
    path = Path(__file__).parents[4] / "pipelines/reading/standardise/unit_words.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(set(lines))
    assert {line.split(",")[2] for line in lines[1:]} == {"en", "sq", "bs", "hr", "cnr", "sr", "mk"}
