"""A made-up territory, and grids built cell by cell, for the tests of reading returns.

The grids are built without the readers and without the declaration language, which are what the tests check.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry, load_from
from pipelines.findings.finding import Finding
from pipelines.model.content import Content, Grid, SourceCell, SourceTable, Where
from pipelines.reading.standardise.standardise import Reading, standardise_content

TERRITORY = """
code: ZZ
kind: training
languages: [mk, sr-Latn]
alphabets: [mk, sr-Latn]
names:
  - {language: en, name: Trainland}
jurisdictions:
  - {code: ZZ, names: [{language: en, name: Trainland}]}
offices:
  - {id: ZZ_STAT, jurisdiction: ZZ, names: [{language: en, name: Office}]}
calendar:
  - {instrument: justice, jurisdiction: ZZ, source: ZZ_STAT, freq: Q, periods: 2025-Q3.., deadline_days: 45}
  - {instrument: victims, jurisdiction: ZZ, source: ZZ_STAT, freq: A, periods: 2023..2024, deadline_days: 90}
counting_rules: []
counts_source:
  - jurisdiction: ZZ
    measures: [convicted_first, indicted]
    source: ZZ_STAT
    shape: aggregates
    instrument: justice
    periods: 2022-Q4..
"""
LAW = """jurisdiction,article,paragraph,spellings,title_en,code,offence,benefit_element,in_force_from,in_force_until,\
penalty_min_months,penalty_max_months,penalty,status,source,note
ZZ,188,,188 | чл. 188,Trafficking,Code,ICCS0204,,2010,,,,,unverified,made up,
ZZ,350,2,350/2 | чл. 350 ст. 2,Smuggling,Code,ICCS08051,,2010,,,,,unverified,made up,
ZZ,99,,чл. 99,Old trafficking,Code,ICCS0204,,2000,2015-06,,,,unverified,made up,
"""
POPULATION = """territory,jurisdiction,year,population,series,vintage,status,reference_date,source_url,caveat
ZZ,ZZ,2024,1000000,made up,1,estimate,2024-01-01,,
"""
SCOPE = {
    "age": "_T",
    "age_basis": "offence",
    "person_type": "natural",
    "attempts": "included",
    "unknown_perpetrators": "excluded",
    "offence": "named",
}
BASE: dict[str, Any] = {
    "id": "ZZ-JUSTICE-1",
    "series": "ZZ-JUSTICE-ZZ_STAT",
    "title": "Quarterly return",
    "jurisdiction": "ZZ",
    "source": "ZZ_STAT",
    "instrument": "justice",
    "formats": ["xlsx"],
    "language": "mk",
    "valid": "2022-Q4..2026-Q4",
    "freq": "Q",
    "absent_cell": "error",
    "accumulation": "discrete",
    "date_basis": "decision",
    "scope": SCOPE,
    "recognise": {"all": ["Осудени лица, {quarter:roman} квартал {year}", "Дело"]},
    "contacts": ["Контакт: {text}"],
    "fixed": {"measure": "convicted_first", "count_unit": "person"},
    "codes": {
        "sex": {"мажи": "M", "жени": "F"},
        "age": {"до 18": "Y_LT18", "18+": "Y_GE18"},
        "article": {"Трговија, чл. 188": "188", "Криумчарење, чл. 350": "350(2)", "Старо, чл. 99": "99"},
    },
    "signs": {"-": "zero", "..": "not_available", "x": "not_applicable", "c": "confidential", "н": "not_collected"},
    "numbers": {"decimal": ",", "thousands": ["."]},
    "note_marks": {"{n})": {}, "*": {"text": "привремено", "status": "P"}},
    "adds_up": [
        {"dim": "sex", "total": "_T", "parts": ["M", "F"]},
        {"dim": "age", "total": "_T", "parts": ["Y_LT18", "Y_GE18"]},
        {"dim": "article", "total": "_T", "parts": "*"},
    ],
    "tables": [
        {
            "title": "Осудени лица, {quarter:roman} квартал {year}",
            "corner": "Дело",
            "header_rows": 2,
            "end": ["Извор: {text}"],
            "columns": {"Вкупно": {}, "Пол / {sex}": {}, "Возраст / {age}": {}, "Удел": {"use": "ignore"}},
            "rows": {"Вкупно": {"article": "_T", "use": "check"}, "{article}": {}},
        }
    ],
}


def make_registry(folder: Path, forms: Sequence[Mapping[str, Any]] = (), corrections: str = "") -> Registry:
    """Write the made-up territory with forms and corrections to an empty folder and load its registry.

    The forms are written as JSON, which is YAML too and is written in a tenth of the time.
    """
    home = folder / "ZZ"
    home.mkdir(parents=True)
    (home / "territory.yml").write_text(TERRITORY, encoding="utf-8")
    (home / "law.csv").write_text(LAW, encoding="utf-8")
    (home / "population.csv").write_text(POPULATION, encoding="utf-8")
    by_file: dict[str, list[Any]] = {}
    for form in forms:
        by_file.setdefault(str(form.get("instrument", "justice")), []).append(dict(form))
    for instrument, listed in by_file.items():
        (home / f"{instrument}.yml").write_text(
            json.dumps({"forms": listed}, ensure_ascii=False, sort_keys=True), encoding="utf-8"
        )
    if corrections:
        (home / "corrections.yml").write_text(corrections, encoding="utf-8")
    return load_from((folder,))


def form_of(**changes: Any) -> Form:
    """Return the base form with some keys changed."""
    return Form.model_validate({**copy.deepcopy(BASE), **changes})


def name_column(column: int) -> str:
    return chr(64 + column)


def make_cell(row: int, column: int, value: Any, sheet: str = "Лист1", **more: Any) -> SourceCell:
    """Return a workbook cell; its kind follows from the Python type of its value."""
    kind = "blank" if value is None else "text" if isinstance(value, str) else "number"
    text = "" if value is None else value if isinstance(value, str) else f"{value:g}"
    fields: dict[str, Any] = {"kind": kind, "anchor": (row, column), **more}
    return SourceCell(row, column, text, value, Where(sheet=sheet, cell=f"{name_column(column)}{row}"), **fields)


def make_sheet(rows: Sequence[Sequence[Any]], name: str = "Лист1", merges: Sequence[str] = ()) -> SourceTable:
    """Return a table from rows of values. `merges` are areas such as `B3:D3`, spread as a reader does."""
    cells = {(r, c): make_cell(r, c, v, name) for r, row in enumerate(rows, 1) for c, v in enumerate(row, 1)}
    for area in merges:
        (first_row, first_column), (last_row, last_column) = (_position(part) for part in area.split(":"))
        anchor = first_row, first_column
        value = cells[anchor].value
        for row in range(first_row, last_row + 1):
            for column in range(first_column, last_column + 1):
                if (row, column) != anchor:
                    cells[row, column] = make_cell(row, column, value, name, anchor=anchor, spread=True)
    return SourceTable(name, tuple(cells[key] for key in sorted(cells)))


def _position(name: str) -> tuple[int, int]:
    return int(name[1:]), ord(name[0]) - 64


ROWS: list[list[Any]] = [
    ["Контакт: Име Презиме, тел. 1", None, None, None, None, None, None],
    ["Осудени лица, III квартал 2024", None, None, None, None, None, None],
    ["Дело", "Вкупно", "Пол", "Пол", "Возраст", "Возраст", "Удел"],
    ["Дело", "Вкупно", "мажи", "жени", "до 18", "18+", "Удел"],
    ["Вкупно", 8, 5, 3, 1, 7, "100%"],
    ["Трговија, чл. 188", 5, 3, 2, 1, 4, "60%"],
    ["Криумчарење, чл. 350", 3, 2, 1, 0, 3, "40%"],
    ["Извор: служба", None, None, None, None, None, None],
]
MERGES = ("A3:A4", "B3:B4", "C3:D3", "E3:F3", "G3:G4")


def make_grid(rows: Sequence[Sequence[Any]] = ROWS, merges: Sequence[str] = MERGES, format_: str = "xlsx") -> Grid:
    """Return the base return as a grid of one sheet."""
    return Grid(format_, (make_sheet(rows, merges=merges),))


def with_cell(content: Grid, name: str, **changes: Any) -> Grid:
    """Return the grid with one cell of its first table changed: `value=`, or any field of `SourceCell`."""
    row, column = _position(name)
    table = content.tables[0]
    cells = {(c.row, c.column): c for c in table.cells}
    if "value" in changes:
        cells[row, column] = make_cell(row, column, changes.pop("value"), table.name, **changes)
    else:
        cells[row, column] = cells[row, column]._replace(**changes)
    return Grid(content.format, (SourceTable(table.name, tuple(cells.values())), *content.tables[1:]))


def read_content(content: Content, form: Form, registry: Registry) -> Reading:
    return standardise_content(content, form, registry, submission_id="S1")


def collect_findings(reading: Reading) -> set[tuple[str, str]]:
    """Return rule and place of every finding."""
    return {(f.rule, str(f.where)) for f in reading.findings}


def of_rule(reading: Reading, rule: str) -> list[Finding]:
    return [f for f in reading.findings if f.rule == rule]


def collect_values(reading: Reading, *columns: str) -> dict[tuple[Any, ...], float | None]:
    """Return the values by the named columns, and assert that these columns identify each row."""
    rows = list(reading.observations.select(*columns, "value").iter_rows())
    values = {row[:-1]: row[-1] for row in rows}
    assert len(values) == len(rows), f"{columns} do not identify each row"
    return values
