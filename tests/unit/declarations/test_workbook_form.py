"""Workbook forms: each form in another format has one, with the same words, series and scope."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.registry import load, load_from
from pipelines.declarations.workbook_form import mark_of, second_of
from pipelines.declarations.yaml_file import DeclarationError
from pipelines.reading.standardise.recognise import recognise_forms
from pipelines.reading.standardise.standardise import Reading, standardise_content
from tests.support.fakes.returns_fakes import BASE, make_grid, make_registry
from tests.support.paths import EIGHTH

TERRITORIES = EIGHTH / "territories"
SAME = (
    *("series", "jurisdiction", "source", "instrument", "language", "valid", "freq", "kind", "absent_cell"),
    *("accumulation", "date_basis", "scope", "adds_up", "nil", "fixed"),
)


def _base(**changes: Any) -> dict[str, Any]:
    form = copy.deepcopy(BASE)
    form.update(changes)
    return {key: value for key, value in form.items() if value is not None}


CUBE = _base(
    formats=["sdmx-csv"],
    absent_cell="error",
    tables=None,
    signs={"-": "zero"},
    recognise={"all": ["DELO"]},
    codes={
        "sex": {"T": "_T", "M": "M", "F": "F"},
        "article": [{"labels": ["A188"], "words": "Трговија", "code": "188"}],
    },
    cube={
        "dims": {
            "FREQ": {"only": "Q"},
            "SEX": {"dim": "sex", "words": "Пол"},
            "DELO": {"dim": "article", "words": "Дело"},
            "TIME_PERIOD": {"template": "{year}-Q{quarter}"},
        },
        "attributes": {
            "OBS_STATUS": {"use": "obs_status", "codes": {"A": "A", "O": "O", "P": "P"}},
            "CONF": {"use": "conf_status", "codes": {"F": "F", "C": "C"}},
            "NOTE": {"use": "note"},
        },
    },
)


# ------------------------------------------------------------------------------------------------------ existing forms


def test_every_form_in_another_format_has_exactly_one_workbook_form() -> None:
    forms = load().forms
    for form in forms.values():
        seconds = [candidate for candidate in forms.values() if candidate.second_of == form.id]
        assert len(seconds) == (0 if "xlsx" in form.formats else 1), form.id
        for candidate in seconds:
            assert [getattr(candidate, name) for name in SAME] == [getattr(form, name) for name in SAME]
            assert candidate.formats == ("xlsx",) and candidate.id == f"{form.id}-XLSX"


def test_eighth_territory_gets_workbook_forms_automatically() -> None:
    forms = load_from((TERRITORIES,)).forms
    assert sorted(forms) == ["ZZ-COOPERATION-1", "ZZ-COOPERATION-1-XLSX", "ZZ-JUSTICE-1", "ZZ-JUSTICE-1-XLSX"]
    assert list(forms["ZZ-JUSTICE-1-XLSX"].flat.columns) == list(forms["ZZ-JUSTICE-1"].flat.columns)  # type: ignore[union-attr]


def test_declared_workbook_replaces_the_derived_one(tmp_path: Path) -> None:
    workbook = _base(id="ZZ-JUSTICE-BOOK", second_of="ZZ-JUSTICE-1", formats=["xlsx"])
    forms = make_registry(tmp_path, [_base(formats=["csv"]), workbook]).forms
    assert list(forms) == ["ZZ-JUSTICE-1", "ZZ-JUSTICE-BOOK"]


@pytest.mark.parametrize("changes", [{"second_of": "ZZ-JUSTICE-9"}, {"second_of": "ZZ-JUSTICE-1", "formats": ["ods"]}])
def test_workbook_of_an_unknown_form_is_rejected(tmp_path: Path, changes: dict[str, Any]) -> None:
    workbook = _base(id="ZZ-JUSTICE-BOOK", **{"formats": ["xlsx"], **changes})
    with pytest.raises(DeclarationError, match="second_of"):
        make_registry(tmp_path, [_base(formats=["csv"]), workbook])


def test_digest_covers_derived_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_registry(tmp_path / "a", [_base(formats=["csv"])]).digest
    monkeypatch.setattr("pipelines.declarations.workbook_form._NUMBER", {})
    assert make_registry(tmp_path / "b", [_base(formats=["csv"])]).digest == before
    monkeypatch.setattr(
        "pipelines.declarations.workbook_form.mark_of", lambda form_id, freq: f"{form_id}, {{year}}-Q{{quarter}}"
    )
    assert make_registry(tmp_path / "c", [_base(formats=["csv"])]).digest != before


# ------------------------------------------------------------------------------------------------------ derived content


def test_cube_becomes_a_list_in_the_words_of_the_office(tmp_path: Path) -> None:
    form = make_registry(tmp_path, [CUBE]).forms["ZZ-JUSTICE-1-XLSX"]
    assert form.flat is not None and form.flat.crossed and form.cube is None
    assert sorted(form.flat.columns) == sorted(["Пол", "Дело", "Број", "NOTE"])
    assert form.flat.title == "ZZ-JUSTICE-1-XLSX / {year}-Q{quarter}"
    assert form.table_entries("article")[0].labels == ("Трговија", "A188")
    assert form.signs == {"-": "zero", "..": "not_available", "c": "confidential"}
    assert form.note_marks["(P)"].status == "P" and "(A)" not in form.note_marks


def test_ambiguous_words_have_their_code_added(tmp_path: Path) -> None:
    codes = {"sex": [{"labels": [c], "words": "исто", "code": d} for c, d in (("T", "_T"), ("M", "M"), ("F", "F"))]}
    form = make_registry(tmp_path, [{**CUBE, "codes": {**CUBE["codes"], **codes}}]).forms["ZZ-JUSTICE-1-XLSX"]
    assert [e.labels[0] for e in form.table_entries("sex")] == ["исто (T)", "исто (M)", "исто (F)"]


def test_common_codes_have_the_labels_of_the_code_list(tmp_path: Path) -> None:
    dims = {**CUBE["cube"]["dims"], "SEX": {"dim": "sex", "same": True}}
    codes = {"article": CUBE["codes"]["article"]}
    declaration = {**CUBE, "codes": codes, "cube": {**CUBE["cube"], "dims": dims}}
    form = make_registry(tmp_path, [declaration]).forms["ZZ-JUSTICE-1-XLSX"]
    labels = {e.code: e.labels for e in form.table_entries("sex")}
    assert labels["F"][1] == "F" and labels["F"][0] != "F" and "_Z" not in labels
    assert not labels["F"][0].isascii(), "in the form's language, which is Macedonian"


def test_invalid_sheet_name_is_kept_in_the_title_only(tmp_path: Path) -> None:
    tables = [{**BASE["tables"][0], "sheet": "Осудени/обвинети"}]
    form = make_registry(tmp_path, [_base(formats=["ods"], tables=tables)]).forms["ZZ-JUSTICE-1-XLSX"]
    assert form.tables is not None and form.tables[0].sheet is None


def test_words_for_quarters_do_not_change_the_mark(tmp_path: Path) -> None:
    codes = {**BASE["codes"], "quarter": {"прво": "1", "второ": "2", "трето": "3", "четврто": "4"}}
    title = "Осудени лица, {quarter} квартал {year}"
    tables = [{**BASE["tables"][0], "title": title}]
    declaration = _base(formats=["docx"], codes=codes, tables=tables, recognise={"all": [title, "Дело"]})
    form = make_registry(tmp_path, [declaration]).forms["ZZ-JUSTICE-1-XLSX"]
    assert form.recognise.all == ("ZZ-JUSTICE-1-XLSX / {text}",)


def test_deriving_a_workbook_form_twice_changes_nothing() -> None:
    form = load().forms["HR-JUSTICE-1"]
    assert second_of(form) == load().forms["HR-JUSTICE-1-XLSX"]
    assert mark_of("X", "A") == "X / {year}"


# ----------------------------------------------------------------------------------------------- lists that are crossed


def _crossed(tmp_path: Path, absent: str, *lines: tuple[object, ...]) -> Reading:
    registry = make_registry(tmp_path, [{**CUBE, "absent_cell": absent}])
    form = registry.forms["ZZ-JUSTICE-1-XLSX"]
    head = [["ZZ-JUSTICE-1-XLSX / 2025-Q3"], [], ["Пол", "Дело", "Број", "NOTE"]]
    content = make_grid([*head, *map(list, lines)], merges=())
    assert [m.form.id for m in recognise_forms(content, None, registry)] == [form.id]
    return standardise_content(content, form, registry)


def _values(reading: Reading) -> dict[str, float | None]:
    return dict(reading.observations.select("sex", "value").iter_rows())


def _told(reading: Reading) -> list[str]:
    return [f.rule for f in reading.findings if f.severity == "error"]


ALL = (("T", "Трговија", 5), ("M", "Трговија", 3), ("F", "Трговија", 2))


def test_complete_list_is_read(tmp_path: Path) -> None:
    reading = _crossed(tmp_path, "error", *ALL)
    assert _told(reading) == [] and _values(reading) == {"_T": 5.0, "M": 3.0, "F": 2.0}


def test_row_without_a_figure_is_ignored_where_absent_means_missing(tmp_path: Path) -> None:
    reading = _crossed(tmp_path, "missing", *ALL[:2], ("F", "Трговија", None))
    assert _told(reading) == [] and _values(reading) == {"_T": 5.0, "M": 3.0}


def test_sign_states_an_unknown_figure_where_absent_means_missing(tmp_path: Path) -> None:
    reading = _crossed(tmp_path, "missing", *ALL[:2], ("F", "Трговија", ".."))
    assert _values(reading) == {"_T": 5.0, "M": 3.0, "F": None}


def _second_article(absent: str, tmp_path: Path, *lines: tuple[object, ...]) -> Reading:
    CUBE["codes"]["article"].append({"labels": ["A350"], "words": "Криумчарење", "code": "350(2)"})
    try:
        return _crossed(tmp_path, absent, *lines)
    finally:
        CUBE["codes"]["article"].pop()


def test_omitted_combination_is_an_error_zero_or_missing_as_declared(tmp_path: Path) -> None:
    lines = (*ALL, ("T", "Криумчарење", 4), ("M", "Криумчарење", 4))
    reading = _second_article("error", tmp_path / "e", *lines)
    errors = [f for f in reading.findings if f.severity == "error"]
    assert [f.rule for f in errors] == ["cube.absent"] and errors[0].params["count"] == 1
    assert errors[0].seen == "Криумчарење, F"
    reading = _second_article("zero", tmp_path / "z", *lines)
    women = reading.observations.filter(reading.observations["sex"] == "F")
    assert _told(reading) == [] and dict(women.select("law_article", "value").iter_rows()) == {
        "188": 2.0,
        "350(2)": 0.0,
    }
    assert _second_article("missing", tmp_path / "m", *lines).observations.height == 5


def test_empty_figure_is_reported_at_its_cell_where_absent_is_an_error(tmp_path: Path) -> None:
    reading = _crossed(tmp_path, "error", *ALL[:2], ("F", "Трговија", None))
    assert [(f.rule, f.where.cell) for f in reading.findings if f.severity == "error"] == [("cell.empty", "C6")]


def test_list_without_figures_is_reported(tmp_path: Path) -> None:
    assert _told(_crossed(tmp_path, "missing", ("T", "Трговија", None))) == ["return.empty"]


def test_row_of_another_period_than_the_title_is_reported(tmp_path: Path) -> None:
    flat = {
        "columns": {"Квартал": {"template": "{year}-{quarter}"}, "Дело": {"dim": "article"}, "Број": {"value": True}},
    }
    registry = make_registry(tmp_path, [_base(formats=["csv"], tables=None, flat=flat, recognise={"all": ["Квартал"]})])
    rows = [["ZZ-JUSTICE-1-XLSX / 2025-Q3"], ["Квартал", "Дело", "Број"], ["2025-2", "Трговија, чл. 188", 4]]
    reading = standardise_content(make_grid(rows, merges=()), registry.forms["ZZ-JUSTICE-1-XLSX"], registry)
    assert [(f.rule, f.where.cell) for f in reading.findings if f.severity == "error"] == [
        ("period.contradiction", "A3")
    ]
