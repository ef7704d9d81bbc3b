"""UNODC's table of persons by offence (UN-CTS): small ones in its layout, and the real one if there is a copy."""

from __future__ import annotations

import io

import openpyxl
import pytest

from pipelines.findings.rules import find_rule
from pipelines.model.content import ReadError
from pipelines.warehouse.reference.areas import Areas
from pipelines.warehouse.reference.model import REFERENCE, REFERENCE_KEY
from pipelines.warehouse.reference.publications import read_publication
from pipelines.warehouse.reference.unodc import ReferenceImport
from tests.support.paths import SHARED

REAL = sorted((SHARED / "real").glob("**/*cts*access*.xlsx")) if SHARED.is_dir() else []
HEAD = (
    "Iso3_code", "Country", "Region", "Subregion", "Indicator", "Dimension", "Category", "Sex", "Age", "Year",
    "Unit of measurement", "VALUE", "Source",
)  # fmt: skip
AREAS = Areas(
    {"alb": "AL", "albania": "AL", "xkx": "XK", "kosovo under unscr 1244": "XK"},
    {"AL": "Albania", "XK": "Kosovo under UNSCR 1244"},
)
RATE = "Rate per 100,000 population"


def _row(
    value: str | float = 12,
    *,
    area: tuple[str, str] = ("ALB", "Albania"),
    indicator: str = "Persons convicted",
    dimension: str = "by selected crime",
    category: str = "Trafficking in persons",
    sex: str = "Total",
    age: str = "Total",
    year: int | str = 2019,
    unit: str = "Counts",
) -> tuple[object, ...]:
    return (*area, "Europe", "Southern Europe", indicator, dimension, category, sex, age, year, unit, value, "CTS")


def _book(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "data_cts_access_and_functioning"
    for line in (("UNODC Data Portal",), ("16/05/2024",), HEAD, *rows):
        sheet.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _read(*rows: tuple[object, ...]) -> ReferenceImport:
    return read_publication(_book(*rows), areas=AREAS)


def _rules(imported: ReferenceImport) -> list[str]:
    return [finding.rule for finding in imported.findings]


def test_convicted_persons_become_one_row_with_their_location() -> None:
    imported = _read(_row(7, sex="Female"))
    assert imported.rows.schema == REFERENCE
    (row,) = imported.rows.to_dicts()
    assert (row["territory"], row["period"], row["value"], row["sex"]) == ("AL", "2019", 7.0, "F")
    assert (row["measure"], row["level"], row["mapping"]) == ("convicted_first", "first", "near")
    assert (row["offence_group"], row["offence"], row["count_unit"]) == ("TIP", "ICCS0204", "person")
    assert (row["source"], row["source_date"]) == ("UNODC UN-CTS 2024-05-16", "2024-05-16")
    assert row["place"] == "data_cts_access_and_functioning!L4"
    assert _rules(imported) == []


def test_smuggling_of_migrants_in_a_further_territory_is_kept() -> None:
    (row,) = _read(
        _row(area=("XKX", "Kosovo under UNSCR 1244"), category="Smuggling of migrants", indicator="Persons prosecuted")
    ).rows.to_dicts()
    assert (row["territory"], row["offence_group"], row["offence"]) == ("XK", "SOM", "ICCS08051")
    assert (row["measure"], row["level"]) == ("indicted", "prosecution")


@pytest.mark.parametrize(
    "indicator", ["Persons arrested/cautioned/suspected", "Persons brought before criminal courts"]
)
def test_indicator_without_a_stage_of_ours_has_no_measure(indicator: str) -> None:
    (row,) = _read(_row(indicator=indicator)).rows.to_dicts()
    assert (row["measure"], row["level"], row["mapping"], row["measure_words"]) == (None, None, "none", indicator)
    assert row["caveat"]


def test_every_row_that_is_not_kept_is_counted_by_its_reason() -> None:
    imported = _read(
        _row(),
        _row(0.4, unit=RATE),
        _row(category="Bribery"),
        _row(dimension="Total", category="Total"),
        _row(indicator="Criminal Justice Personnel", dimension="by type of personnel", category="Prison Staff"),
        _row(area=("FRA", "France")),
        _row("many", year=2018),
    )
    assert imported.rows["value"].to_list() == [12.0]
    assert (imported.rows_elsewhere, imported.rows_other_offences) == (1, 3)
    assert (imported.rows_rates, imported.rows_lost) == (1, 1)
    assert imported.rows_read == 7
    assert _rules(imported) == ["reference.bad_value"]


def test_zero_empty_and_withheld_are_distinct() -> None:
    rows = _read(_row(0), _row("", year=2018), _row("<5", year=2017)).rows
    assert rows["value"].to_list() == [0.0, None, None]
    assert rows["obs_status"].to_list() == ["A", "O", "Q"]


def test_total_that_is_not_the_sum_is_reported_with_its_offence() -> None:
    imported = _read(_row(9), _row(6, sex="Female"), _row(1, sex="Male"))
    (finding,) = imported.findings
    assert finding.rule == "reference.total_differs"
    assert finding.params["indicator"] == "Persons convicted, Trafficking in persons"
    assert (finding.params["male"], finding.params["female"], finding.params["total"]) == (1, 6, 9)


def test_totals_of_two_offences_are_not_compared() -> None:
    smuggling = {"category": "Smuggling of migrants"}
    assert _rules(_read(_row(9), _row(6, sex="Female"), _row(1, sex="Male", **smuggling))) == []  # type: ignore[arg-type]


def test_unknown_age_is_left_out_and_reported_once() -> None:
    imported = _read(_row(), _row(age="Juvenile"), _row(age="Juvenile", year=2018))
    assert (imported.rows.height, imported.rows_lost, _rules(imported)) == (1, 2, ["reference.unknown_word"])


@pytest.mark.parametrize(
    "category", ["Theft", "Trafficking of persons", "Trafficking in persons: children", "Smuggling"]
)
def test_table_without_our_offences_is_refused_with_its_categories(category: str) -> None:
    with pytest.raises(ReadError) as refusal:
        _read(_row(category="Bribery"), _row(category=category), _row(area=("FRA", "France")))
    assert refusal.value.rule == "reference.no_offence"
    assert refusal.value.params["seen"] == f"Bribery, {category}"
    assert refusal.value.params["expected"] == "Trafficking in persons, Smuggling of migrants"
    assert "`OFFENCES` in `pipelines/warehouse/reference/uncts.py" in find_rule(refusal.value.rule).remedy


@pytest.mark.parametrize(
    ("category", "group"),
    [
        ("TRAFFICKING  IN PERSONS", "TIP"),
        ("Trafficking in persons (TIP)", "TIP"),
        ("0204 - Trafficking in Persons", "TIP"),
        ("Human trafficking", "TIP"),
        ("Smuggling of Migrants", "SOM"),
        ("Migrant-smuggling", "SOM"),
    ],
)
def test_declared_name_of_an_offence_is_recognised_in_any_spelling(category: str, group: str) -> None:
    (row,) = _read(_row(category=category)).rows.to_dicts()
    assert row["offence_group"] == group


def test_category_that_resembles_an_offence_is_an_error_and_never_imported() -> None:
    similar = ["Smuggling of migrants and other persons", "Trafficking in persons, attempted", "Child trafficking"]
    imported = _read(_row(), *(_row(category=word, year=year) for word in similar for year in (2018, 2019)))
    assert (imported.rows.height, imported.rows_other_offences) == (1, 6)
    assert [(finding.rule, finding.seen, finding.severity) for finding in imported.findings] == [
        ("reference.unknown_word", word, "error") for word in similar
    ]


def test_other_offences_are_left_out_without_a_finding() -> None:
    others = ["Drug trafficking", "Firearms trafficking", "Intentional homicide", "Sexual exploitation", "Theft"]
    assert _rules(_read(_row(), *(_row(category=word) for word in others))) == []


def test_table_without_our_territories_is_a_finding() -> None:
    assert _rules(_read(_row(area=("FRA", "France")))) == ["reference.no_rows"]


def test_counts_and_rates_that_cannot_be_distinguished_are_refused() -> None:
    text = "\n".join(
        ";".join(str(value) for value in (*line[:10], *line[11:])) for line in (HEAD, _row(), _row(0.4, unit=RATE))
    )
    with pytest.raises(ReadError) as refusal:
        read_publication(text.encode(), areas=AREAS)
    assert (refusal.value.rule, refusal.value.params["columns"]) == (
        "reference.column_missing",
        "unit of measurement",
    )


def test_table_as_csv_without_a_date_is_named_by_its_content() -> None:
    text = "\n".join(";".join(str(value) for value in line) for line in (HEAD, _row()))
    imported = read_publication(text.encode(), areas=AREAS)
    assert imported.rows["source"].to_list()[0].startswith("UNODC UN-CTS undated extract ")
    assert imported.rows["place"].to_list() == ["line 2 column 12"]


@pytest.mark.parametrize(
    "row",
    [
        {"indicator": "Victims of intentional homicide", "dimension": "by mechanisms", "category": "Firearms"},
        {"indicator": "Persons held", "dimension": "by selected crime", "category": "Bribery"},
    ],
)
def test_another_table_of_the_publisher_is_rejected_with_one_message(row: dict[str, str]) -> None:
    with pytest.raises(ReadError) as refusal:
        _read(*(_row(**row, year=year) for year in (2017, 2018, 2019)), _row())  # type: ignore[arg-type]
    assert refusal.value.rule == "reference.other_table"
    assert row["indicator"] in str(refusal.value.params["seen"])


@pytest.mark.parametrize("category", ["Smuggling of migrants", "Theft"])
def test_table_of_recorded_offences_names_the_table_with_persons(category: str) -> None:
    row = {"indicator": "Offences", "dimension": "by type of offence", "category": category}
    with pytest.raises(ReadError) as refusal:
        _read(*(_row(**row, year=year) for year in (2017, 2018, 2019)), _row())  # type: ignore[arg-type]
    assert refusal.value.rule == "reference.offences_table"
    assert "Access and functioning of justice" in find_rule(refusal.value.rule).remedy


def test_commas_between_thousands_are_read() -> None:
    imported = _read(_row("1,234"), _row("12,34", year=2018))
    assert (imported.rows["value"].to_list(), _rules(imported)) == ([1234.0], ["reference.bad_value"])


def test_messages_name_both_tables() -> None:
    rule = find_rule("reference.other_table")
    assert all(name in rule.message and name in rule.remedy for name in ("GLOTIP", "UN-CTS"))


@pytest.mark.shared
@pytest.mark.skipif(not REAL, reason="the real file is not next to the project")
def test_real_table_is_read_completely() -> None:
    imported = read_publication(REAL[0].read_bytes())
    not_kept = imported.rows_elsewhere + imported.rows_other_offences + imported.rows_rates + imported.rows_lost
    assert imported.rows.height > 0
    assert imported.rows.height + not_kept == imported.rows_read
    assert set(imported.rows["offence_group"]) <= {"TIP", "SOM"}
    assert not imported.rows.select(REFERENCE_KEY).is_duplicated().any()
