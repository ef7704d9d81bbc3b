"""The registry: errors that name file, line and key; later layouts; and the tables for dbt."""

from __future__ import annotations

import copy
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.declarations import registry as module
from pipelines.declarations.export import SCHEMAS, build_tables, list_expected_returns, write_declarations
from pipelines.declarations.law import LAW_COLUMNS, Law, LawArticle, partial_date
from pipelines.declarations.registry import load, load_from
from pipelines.declarations.yaml_file import DeclarationError
from tests.support.fakes.returns_fakes import BASE, LAW, make_registry

FORM = """
forms:
  - id: ZZ-JUSTICE-1
    series: ZZ-JUSTICE-ZZ_STAT
    title: Return
    jurisdiction: ZZ
    source: ZZ_STAT
    instrument: justice
    formats: [csv]
    language: mk
    valid: 2022-Q4..
    freq: Q
    absent_cell: zero
    accumulation: discrete
    date_basis: decision
    scope: {age: _T, age_basis: offence, person_type: natural, attempts: included, unknown_perpetrators: excluded,
      offence: named}
    recognise: {all: [Дело]}
    fixed: {measure: convicted_first, count_unit: person}
    codes:
      article:
        чл. 188: '188'
    tables:
      - corner: Дело
        columns:
          'Вкупно': {}
        rows: {'{article}': {}}
"""


def _with(tmp_path: Path, text: str) -> DeclarationError:
    make_registry(tmp_path)
    load_from.cache_clear()
    (tmp_path / "ZZ" / "justice.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as raised:
        load_from((tmp_path,))
    return raised.value


def test_valid_form_loads(tmp_path: Path) -> None:
    make_registry(tmp_path)
    load_from.cache_clear()
    (tmp_path / "ZZ" / "justice.yml").write_text(FORM, encoding="utf-8")
    assert list(load_from((tmp_path,)).forms) == ["ZZ-JUSTICE-1", "ZZ-JUSTICE-1-XLSX"]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("чл. 188: '188'", "чл. 188: 188", "forms.0.codes.article.чл. 188", "Put it in quotes: '188'"),
        ("чл. 188: '188'", "1.10: '188'", "forms.0.codes.article", "Put it in quotes: '1.1'"),
        ("'Вкупно': {}", "2024-01-01: {}", "forms.0.tables.0.columns", "Put it in quotes"),
        ("title: Return", "title: 2024", "forms.0.title", "Put it in quotes: '2024'"),
        ("title: Return", "titel: Return", "forms.0.titel", "this key is not known here"),
        ("    freq: Q\n", "", "forms.0.freq", "this key is required"),
        ("чл. 188: '188'", "чл. 188: '777'", "ZZ-JUSTICE-1.codes", "is not in the law of ZZ"),
        ("source: ZZ_STAT", "source: ZZ_XX", "ZZ-JUSTICE-1.source", "ZZ_STAT"),
        ("jurisdiction: ZZ\n", "jurisdiction: YY\n", "ZZ-JUSTICE-1.jurisdiction", "is not one of ZZ"),
        ("title: Return", "title: Return\n    title: Again", "", "duplicate key"),
        ("title: Return", "title: [", "", "justice.yml, line"),
    ],
)
def test_an_error_names_file_line_key_and_remedy(tmp_path: Path, old: str, new: str, key: str, words: str) -> None:
    assert old in FORM
    text = FORM.replace(old, new)
    error = _with(tmp_path, text)
    assert error.path.name == "justice.yml" and key in error.key and words in str(error)
    assert error.remedy
    if new and "\n" not in new and error.line is not None and key.startswith("forms.0.t"):
        assert abs(error.line - (text[: text.index(new)].count("\n") + 1)) <= 1


def test_an_error_survives_a_process_boundary(tmp_path: Path) -> None:
    import pickle

    error = _with(tmp_path, FORM.replace("title: Return", "titel: Return"))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_later_layout_declares_only_differences(tmp_path: Path) -> None:
    first = copy.deepcopy(BASE)
    later = {
        "id": "ZZ-JUSTICE-2",
        "same_as": "ZZ-JUSTICE-1",
        "instrument": "justice",
        "valid": "2027-Q1..",
        "codes": {"sex": {"мажи": None, "машки": "M"}},
        "note_marks": None,
    }
    forms = make_registry(tmp_path, [first, later]).forms
    assert dict(forms["ZZ-JUSTICE-2"].codes["sex"]) == {"жени": "F", "машки": "M"}  # type: ignore[arg-type]
    assert forms["ZZ-JUSTICE-2"].note_marks == {} and forms["ZZ-JUSTICE-1"].note_marks
    assert forms["ZZ-JUSTICE-2"].series == forms["ZZ-JUSTICE-1"].series
    assert forms["ZZ-JUSTICE-1"].valid == BASE["valid"]


@pytest.mark.parametrize(
    ("base", "words"), [("ZZ-JUSTICE-9", "not a form of this territory"), ("ZZ-JUSTICE-2", "no end")]
)
def test_later_layout_without_a_base_is_rejected(tmp_path: Path, base: str, words: str) -> None:
    later = {"id": "ZZ-JUSTICE-2", "same_as": base, "instrument": "justice"}
    with pytest.raises(DeclarationError, match=words):
        make_registry(tmp_path, [BASE, later])


def test_digest_depends_on_every_file(tmp_path: Path) -> None:
    registry = make_registry(tmp_path / "a", [BASE])
    same_registry = make_registry(tmp_path / "b", [BASE])
    assert registry.digest == same_registry.digest
    assert make_registry(tmp_path / "c").digest != registry.digest


def test_extra_folders_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_registry(tmp_path, [BASE])
    monkeypatch.setenv("RTI_TERRITORIES", str(tmp_path))
    loaded = load()
    assert "ZZ" in loaded.territories and "ZZ-JUSTICE-1" in loaded.forms and len(loaded.territories) >= 8
    assert loaded.territory_of("ZZ").kind == "training"
    monkeypatch.setenv("RTI_TERRITORIES", str(tmp_path / "none"))
    with pytest.raises(DeclarationError, match="does not exist"):
        load()


@pytest.mark.parametrize("code", ["ZZ", "QQ"])
def test_mention_of_itself_or_of_an_undeclared_territory_is_rejected(tmp_path: Path, code: str) -> None:
    make_registry(tmp_path)
    load_from.cache_clear()
    path = tmp_path / "ZZ" / "territory.yml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\nmentions: [{code}]\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=f"mentions: {code} is not another territory; there are none"):
        load_from((tmp_path,))


def test_correction_of_an_unknown_form_is_rejected(tmp_path: Path) -> None:
    text = """corrections:
  - {id: a, form: ZZ-X, period: 2024-Q3, where: 'Лист1!B6', expect: 1, value: 2, reason: r, reporter: x,
     date: '2024-01-01'}
"""
    with pytest.raises(DeclarationError, match="neither a form nor a series"):
        make_registry(tmp_path, [BASE], text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("YY,1,,,t,c,ICCS0204,,,,,,,unverified,s,", "not a jurisdiction"),
        ("ZZ,1,,,t,c,ICCS9,,,,,,,unverified,s,", "not in the code list offence"),
        ("ZZ,1,,,t,c,ICCS0204,,around 2010,,,,,unverified,s,", "not a date"),
        ("ZZ,1,,,t,c,ICCS0204", "has not 16 fields"),
    ],
)
def test_wrong_row_of_law_is_rejected(tmp_path: Path, line: str, words: str) -> None:
    make_registry(tmp_path)
    load_from.cache_clear()
    (tmp_path / "ZZ" / "law.csv").write_text(LAW + line + "\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=words):
        load_from((tmp_path,))


def test_the_calendar_ends_with_the_last_period_ended(tmp_path: Path) -> None:
    rows = list_expected_returns(make_registry(tmp_path), date(2026, 5, 1))
    quarters = [(r["period"], r["deadline"]) for r in rows if r["instrument"] == "justice"]
    assert quarters == [
        ("2025-Q3", date(2025, 11, 14)),
        ("2025-Q4", date(2026, 2, 14)),
        ("2026-Q1", date(2026, 5, 15)),
    ]
    assert [r["period"] for r in rows if r["instrument"] == "victims"] == ["2023", "2024"]


def test_calendar_uses_the_clock(tmp_path: Path) -> None:
    declared = make_registry(tmp_path)
    with clock.freeze_time(datetime.fromisoformat("2026-01-01T00:00:00+00:00")):
        assert [r["period"] for r in list_expected_returns(declared) if r["freq"] == "Q"] == ["2025-Q3", "2025-Q4"]
    with clock.freeze_time(datetime.fromisoformat("2025-12-31T00:00:00+00:00")):
        assert [r["period"] for r in list_expected_returns(declared) if r["freq"] == "Q"] == ["2025-Q3"]


def test_dbt_gets_every_table_with_its_columns(tmp_path: Path) -> None:
    declared = make_registry(tmp_path, [BASE])
    folder = tmp_path / "out"
    folder.mkdir()
    with clock.freeze_time(datetime.fromisoformat("2026-11-20T09:00:00+00:00")):
        write_declarations(declared, folder)
        again = build_tables(declared)
    for name, schema in SCHEMAS.items():
        frame = pl.read_parquet(folder / f"{name}.parquet")
        assert dict(frame.schema) == schema and frame.equals(again[name]), name
    form = pl.read_parquet(folder / "form.parquet").row(0, named=True)
    assert (form["form"], form["valid_from"], form["valid_to"]) == ("ZZ-JUSTICE-1", "2022-Q4", "2026-Q4")
    sources = pl.read_parquet(folder / "counts_source.parquet")
    assert sources["measure"].to_list() == ["convicted_first", "indicted"] and sources["valid_to"].null_count() == 2
    law = pl.read_parquet(folder / "law_article.parquet")
    assert law["law_article"].to_list() == ["188", "350(2)", "99"]
    assert pl.read_parquet(folder / "jurisdiction.parquet")["is_whole"].to_list() == [True]


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("", False, None),
        ("2013", False, date(2013, 1, 1)),
        ("2013", True, date(2013, 12, 31)),
        ("2013-02", True, date(2013, 2, 28)),
        ("2013-12", True, date(2013, 12, 31)),
        ("2013-02-03", True, date(2013, 2, 3)),
    ],
)
def test_partial_dates(text: str, end: bool, expected: date | None) -> None:
    assert partial_date(text, end=end) == expected


def test_later_of_two_rows_in_force_counts() -> None:
    def build_article(start: str, end: str, offence: str) -> LawArticle:
        fields: dict[str, Any] = {"jurisdiction": "ZZ", "article": "1", "paragraph": "", "spellings": ""}
        return LawArticle({**fields, "offence": offence, "in_force_from": start, "in_force_until": end})

    law = Law([build_article("2010", "2019", "A"), build_article("2015", "2024-03", "B")])

    def find_offence(day: date) -> tuple[str | None, bool]:
        article, in_force = law.find_article("1", day, day)
        return (article.offence if article else None), in_force

    assert find_offence(date(2012, 1, 1)) == ("A", True)
    assert find_offence(date(2016, 1, 1)) == ("B", True)
    assert find_offence(date(2024, 4, 1)) == ("B", False)
    assert law.find_article("2", date(2016, 1, 1), date(2016, 1, 1)) == (None, False)


def test_the_package_declares_seven_national_territories() -> None:
    loaded = load_from((module.TERRITORIES,))
    assert {t for t, d in loaded.territories.items() if d.kind == "national"} == {
        "AL",
        "BA",
        "HR",
        "XK",
        "MK",
        "ME",
        "RS",
    }


def test_name_of_an_article_that_is_not_a_number_has_its_law() -> None:
    row = dict.fromkeys(LAW_COLUMNS, "") | {"article": "s. 1-2", "code": "Regulation 2001/4"}
    assert LawArticle(row).name == "s. 1-2 (Regulation 2001/4)"
    assert LawArticle(row | {"article": "350", "paragraph": "2"}).name == "350(2)"
