"""A workbook of 20,000 cells and the invented territory whose form declares it.

Nine sheets, one a quarter; 50 rows (article and age) by 45 columns (stage, sex, citizenship), so 2,250 numbers a
sheet.  Of each three columns the third is a formula with its stored result, as offices send their totals.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

ARTICLES = ("106", "107", "108", "326", "327")
AGES = {
    "0-13": "Y_LT14",
    "14-17": "Y14T17",
    "18-20": "Y18T20",
    "21-24": "Y21T24",
    "25-34": "Y25T34",
    "35-44": "Y35T44",
    "45 i više": "Y_GE45",
    "Maloljetni": "Y_LT18",
    "Punoljetni": "Y_GE18",
    "Nepoznata dob": "_U",
}
PARTS = {
    "Maloljetni": ("0-13", "14-17"),
    "Punoljetni": ("18-20", "21-24", "25-34", "35-44", "45 i više"),
}
"""Ages that contain others; they come after these in AGES."""
STAGES = {
    "Prijavljeni": "reported",
    "Istraga": "investigated",
    "Optuženi": "indicted",
    "Prvostupanjski osuđeni": "convicted_first",
    "Pravomoćno osuđeni": "convicted_final",
}
SEXES = ("Muškarci", "Žene", "Ukupno")
CITIZENSHIPS = {"Domaći": "own", "Regija": "region", "Ostali": "other"}
QUARTERS = (*itertools.product((2024, 2025), (1, 2, 3, 4)), (2026, 1))
CELLS = len(QUARTERS) * len(ARTICLES) * len(AGES) * len(STAGES) * len(SEXES) * len(CITIZENSHIPS)

_TERRITORY = """\
code: ZX
kind: training
languages: [hr]
alphabets: [hr]
encodings: [utf-8]
sort: 901
names:
  - {language: en, name: Benchmarkland}
jurisdictions:
  - {code: ZX, names: [{language: en, name: Benchmarkland}]}
offices:
  - {id: ZX_STAT, jurisdiction: ZX, names: [{language: en, name: Statistical office}]}
calendar:
  - {instrument: justice, jurisdiction: ZX, source: ZX_STAT, freq: Q, periods: 2024-Q1.., deadline_days: 45}
counting_rules:
  - jurisdiction: ZX
    level: first
    count_unit: person
    several_offences: principal
    attempts: included
    unknown_perpetrators: not_applicable
    transferred_counted_again: false
    stage_definition: Invented for a benchmark.
    status: unverified
counts_source:
  - {jurisdiction: ZX, measures: [MEASURES], source: ZX_STAT, shape: aggregates, instrument: justice, periods: 2024..}
"""
_FORM = """\
forms:
  - id: ZX-JUSTICE-1
    series: ZX-JUSTICE-ZX_STAT
    title: Workbook of a benchmark, a sheet a quarter
    jurisdiction: ZX
    source: ZX_STAT
    instrument: justice
    formats: [xlsx]
    language: hr
    alphabets: [hr]
    valid: 2024-Q1..
    freq: Q
    absent_cell: error
    accumulation: discrete
    date_basis: decision
    scope: {age: _T, age_basis: offence, person_type: natural, attempts: included, unknown_perpetrators: not_applicable, offence: named}
    recognise: {all: ['Osobe po stadiju, {quarter:roman}. tromjesečje {year}', Članak]}
    codes:
      sex: {Muškarci: M, Žene: F, Ukupno: _T}
      age: {AGES}
      citizenship: {CITIZENSHIPS}
      stage:
STAGES
    adds_up:
      - {dim: sex, total: _T, parts: [M, F]}
    fixed: {count_unit: person}
    tables:
      - title: 'Osobe po stadiju, {quarter:roman}. tromjesečje {year}'
        occurs: many
        corner: Članak
        header_rows: 3
        stub: [Dob]
        columns: {'{stage} / {citizenship} / {sex}': {}}
        rows: {'{article} / {age}': {}}
"""  # noqa: E501 - a line of YAML
_LAW = (
    "jurisdiction,article,paragraph,spellings,title_en,code,offence,benefit_element,in_force_from,in_force_until,"
    "penalty_min_months,penalty_max_months,penalty,status,source,note\n"
)
_OFFENCES = ("ICCS0204", "ICCS0204_CHILD", "ICCS02031", "ICCS08051", "ICCS08059")


def declare_territory(folder: Path) -> Path:
    """Write the invented territory's folder below `folder`, so that `RTI_TERRITORIES` can name it."""
    place = folder / "ZX"
    place.mkdir(parents=True, exist_ok=True)
    (place / "territory.yml").write_text(_TERRITORY.replace("MEASURES", ", ".join(STAGES.values())), encoding="utf-8")
    stages = "\n".join(f"        {label}: {{measure: {measure}}}" for label, measure in STAGES.items())
    form = _FORM.replace("{AGES}", _format_mapping(AGES)).replace("{CITIZENSHIPS}", _format_mapping(CITIZENSHIPS))
    (place / "justice.yml").write_text(form.replace("STAGES", stages), encoding="utf-8")
    law = [
        f"ZX,{article},,{article} | čl. {article},Invented,Criminal Code,{offence},yes,2013-01-01,,12,180,,unverified,,"
        for article, offence in zip(ARTICLES, _OFFENCES, strict=True)
    ]
    (place / "law.csv").write_text(_LAW + "\n".join(law) + "\n", encoding="utf-8")
    (place / "population.csv").write_text(
        "territory,jurisdiction,year,population,series,vintage,status,reference_date,source_url,caveat\n"
        "ZX,ZX,2024,1000000,Invented,benchmark,published,mid-year,https://example.org/,\n",
        encoding="utf-8",
    )
    return folder


def _format_mapping(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{label}: {code}" for label, code in labels.items()) + "}"


def write_workbook(path: Path, seed: int = 20) -> Path:
    """Write the workbook: 20,250 numbers, a third of them formulas."""
    import xlsxwriter  # type: ignore[import-untyped]

    draw = random.Random(seed)
    book = xlsxwriter.Workbook(str(path))
    for year, quarter in QUARTERS:
        sheet = book.add_worksheet(f"{year}-{quarter}")
        roman = ("I", "II", "III", "IV")[quarter - 1]
        sheet.write(0, 0, f"Osobe po stadiju, {roman}. tromjesečje {year}")
        sheet.merge_range(1, 0, 3, 0, "Članak")
        sheet.merge_range(1, 1, 3, 1, "Dob")
        _write_heads(sheet)
        counts = _draw_counts(draw)
        for row, (article, age) in enumerate(itertools.product(ARTICLES, AGES), start=4):
            sheet.write_row(row, 0, [article, age])
            for first in _first_columns():
                men, women = counts[article, age, first]
                sheet.write_row(row, first, [men, women])
                cells = f"{_column_letters(first)}{row + 1}+{_column_letters(first + 1)}{row + 1}"
                sheet.write_formula(row, first + 2, f"={cells}", None, men + women)
    book.close()
    return path


def _draw_counts(draw: random.Random) -> dict[tuple[str, str, int], tuple[int, int]]:
    """Return men and women by article, age and first column; minors and adults are the sums of their ages."""
    counts: dict[tuple[str, str, int], tuple[int, int]] = {}
    for article, age, first in itertools.product(ARTICLES, AGES, _first_columns()):
        parts = PARTS.get(age)
        if parts is None:
            men, women = draw.choices((0, 1, 2, 3, 5, 8), weights=(50, 20, 12, 8, 6, 4), k=2)
        else:
            men, women = (sum(counts[article, part, first][sex] for part in parts) for sex in (0, 1))
        counts[article, age, first] = men, women
    return counts


def _write_heads(sheet: object) -> None:
    width = len(CITIZENSHIPS) * len(SEXES)
    for number, stage in enumerate(STAGES):
        start = 2 + number * width
        sheet.merge_range(1, start, 1, start + width - 1, stage)  # type: ignore[attr-defined]
        for place, citizenship in enumerate(CITIZENSHIPS):
            first = start + place * len(SEXES)
            sheet.merge_range(2, first, 2, first + len(SEXES) - 1, citizenship)  # type: ignore[attr-defined]
            sheet.write_row(3, first, SEXES)  # type: ignore[attr-defined]


def _first_columns() -> Iterator[int]:
    """Return the first column of each group of men, women and their total."""
    return iter(range(2, 2 + len(STAGES) * len(CITIZENSHIPS) * len(SEXES), len(SEXES)))


def _column_letters(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column + 1))
