"""UNODC's table: small ones written by hand for each trap, and the real one if it is next to the project."""

from __future__ import annotations

import io
from collections import Counter

import openpyxl
import polars as pl
import pytest

from pipelines.findings.rules import find_rule
from pipelines.model.content import ReadError
from pipelines.warehouse.reference.areas import Areas, areas_of, declared_areas
from pipelines.warehouse.reference.model import REFERENCE, REFERENCE_KEY
from pipelines.warehouse.reference.publications import read_publication
from pipelines.warehouse.reference.rules import RULES, SEVERITIES
from pipelines.warehouse.reference.unodc import ReferenceImport
from tests.support.paths import SHARED

REAL = SHARED / "real" / "unodc_data_glotip.xlsx"
HEAD = (
    "Iso3_code", "Country", "Region", "Subregion", "Indicator", "Dimension", "Category", "Sex", "Age", "Year",
    "Unit of measurement", "txtVALUE", "Source",
)  # fmt: skip
AREAS = Areas(
    {"alb": "AL", "albania": "AL", "srb": "RS", "serbia": "RS", "mkd": "MK", "former name": "MK"},
    {"AL": "Albania", "RS": "Serbia", "MK": "North Macedonia"},
)


def _row(
    value: str | int = "12",
    *,
    area: tuple[str, str] = ("ALB", "Albania"),
    indicator: str = "Detected trafficking victims",
    dimension: str = "Total",
    category: str = "Total",
    sex: str = "Total",
    age: str = "Total",
    year: int | str = 2019,
) -> tuple[object, ...]:
    return (
        *area,
        "Europe",
        "Southern Europe",
        indicator,
        dimension,
        category,
        sex,
        age,
        year,
        "Counts",
        value,
        "GLOTIP",
    )


def _book(*rows: tuple[object, ...], preamble: bool = True, drop: tuple[str, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "data_glotip_1"
    if preamble:
        sheet.append(["UNODC", "unodc_ddds@example.org"])
        sheet.append(["30/05/2023"])
    retained_columns = [i for i, name in enumerate(HEAD) if name not in drop]
    for line in (HEAD, *rows):
        sheet.append([line[i] for i in retained_columns])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _read(*rows: tuple[object, ...]) -> ReferenceImport:
    return read_publication(_book(*rows), areas=AREAS)


def _rules(imported: ReferenceImport) -> list[str]:
    return [finding.rule for finding in imported.findings]


def test_figure_becomes_one_row_with_its_location() -> None:
    imported = _read(_row("12", sex="Female", age="0 to 17 years"))
    assert imported.rows.schema == pl.Schema(REFERENCE)
    (row,) = imported.rows.to_dicts()
    assert (row["territory"], row["period"], row["value"], row["sex"], row["age"]) == (
        "AL",
        "2019",
        12.0,
        "F",
        "Y_LT18",
    )
    assert (row["measure"], row["level"], row["count_unit"]) == ("victims_detected", "none", "victim")
    assert row["source"] == "UNODC GLOTIP 2023-05-30"
    assert row["place"] == "data_glotip_1!L4"
    assert _rules(imported) == []


def test_figure_below_five_is_withheld() -> None:
    (row,) = _read(_row("<5")).rows.to_dicts()
    assert (row["value"], row["obs_status"], row["conf_status"]) == (None, "Q", "C")


def test_zero_empty_and_withheld_are_distinct() -> None:
    rows = _read(_row("0"), _row("", year=2018), _row("<5", year=2017)).rows
    assert rows["value"].to_list() == [0.0, None, None]
    assert rows["obs_status"].to_list() == ["A", "O", "Q"]


def test_rows_of_other_countries_are_counted_and_dropped() -> None:
    imported = _read(_row(), _row(area=("FRA", "France")), _row(area=("NOR", "Norway")))
    assert (imported.rows.height, imported.rows_read, imported.rows_elsewhere) == (1, 3, 2)


def test_table_without_a_row_of_ours_is_a_finding() -> None:
    imported = _read(_row(area=("FRA", "France")))
    assert imported.rows.is_empty()
    assert _rules(imported) == ["reference.no_rows"]


@pytest.mark.parametrize("preamble", [True, False])
@pytest.mark.parametrize("drop", [(), ("Iso3_code", "Source"), ("Region", "Subregion", "Unit of measurement")])
def test_other_extracts_of_the_table_are_read_too(preamble: bool, drop: tuple[str, ...]) -> None:
    imported = read_publication(_book(_row("7"), preamble=preamble, drop=drop), areas=AREAS)
    (row,) = imported.rows.to_dicts()
    assert row["value"] == 7.0
    assert row["source"].startswith("UNODC GLOTIP " + ("2023-05-30" if preamble else "undated extract "))


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8-sig", ","), ("utf-8", ";"), ("utf-16", "\t")])
def test_the_table_as_csv(encoding: str, delimiter: str) -> None:
    lines = [HEAD, _row("7"), _row("<5", year=2018)]
    text = "\r\n".join(delimiter.join(str(value) for value in line) for line in lines)
    imported = read_publication(text.encode(encoding), areas=AREAS)
    assert imported.rows["value"].to_list() == [7.0, None]
    assert imported.rows["place"].to_list() == ["line 2 column 12", "line 3 column 12"]


def test_repeated_key_is_reported_with_its_location_and_both_rows_stay() -> None:
    form = {"dimension": "by form of exploitation", "category": "Other forms of exploitation"}
    imported = _read(_row("27", **form), _row("5", **form), _row("20", **form))
    assert imported.rows["occurrence"].to_list() == [1, 2, 3]
    assert _rules(imported) == ["reference.repeated_key"] * 2
    assert str(imported.findings[0].where) == "data_glotip_1!L5"
    assert imported.findings[0].params["first"] == "data_glotip_1!L4"


def test_total_that_is_not_the_sum_is_reported() -> None:
    imported = _read(_row("94"), _row("17", sex="Female"), _row("5", sex="Male"))
    (finding,) = imported.findings
    assert finding.rule == "reference.total_differs"
    assert (finding.params["male"], finding.params["female"], finding.params["total"]) == (5, 17, 94)
    assert str(finding.where) == "data_glotip_1!L4"


def test_a_total_with_a_withheld_part_is_not_judged_but_called_recoverable() -> None:
    imported = _read(_row("9"), _row("6", sex="Female"), _row("<5", sex="Male"))
    (finding,) = imported.findings
    assert finding.rule == "reference.recoverable"
    assert finding.params == {"count": 1, "triples": 1}


def test_a_sum_with_other_or_unknown_sexes_is_not_judged() -> None:
    assert _rules(_read(_row("9"), _row("6", sex="Female"), _row("1", sex="Male"), _row("2", sex="Unknown"))) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (_row(sex="Both"), "reference.unknown_word"),
        (_row(age="0-17"), "reference.unknown_word"),
        (_row(dimension="by colour"), "reference.unknown_word"),
        (_row(dimension="by form of exploitation", category="Chess"), "reference.unknown_word"),
        (_row(year="2019/20"), "reference.bad_year"),
        (_row("many"), "reference.bad_value"),
        (_row("-3"), "reference.bad_value"),
        (_row("1.5"), "reference.bad_value"),
    ],
)
def test_row_that_cannot_be_read_is_dropped_and_reported(row: tuple[object, ...], expected: str) -> None:
    imported = _read(row, _row("8", year=2015))
    assert imported.rows["value"].to_list() == [8.0]
    assert _rules(imported) == [expected]
    assert (imported.rows_read, imported.rows_elsewhere) == (2, 0)
    finding = imported.findings[0]
    assert finding.severity == "error" and finding.where.cell is not None and finding.seen


def test_unknown_word_is_reported_once() -> None:
    imported = _read(*(_row(sex="Both", year=year) for year in (2016, 2017, 2018)), _row("8", year=2015))
    assert (_rules(imported), imported.rows.height, imported.rows_elsewhere) == (["reference.unknown_word"], 1, 0)


@pytest.mark.parametrize(
    "row",
    [
        {"indicator": "Violent offences", "dimension": "by type of offence", "category": "Assault"},
        {"indicator": "Persons convicted", "category": "Intentional homicide"},
        {"indicator": "Persons convicted", "category": "Corruption", "area": ("FRA", "France")},
    ],
)
def test_another_table_of_the_publisher_is_rejected_with_one_message(row: dict[str, str]) -> None:
    with pytest.raises(ReadError) as refusal:
        _read(*(_row(**row, year=year) for year in (2017, 2018, 2019)), _row("8"))  # type: ignore[arg-type]
    assert refusal.value.rule == "reference.other_table"
    assert row["category"] in str(refusal.value.params["seen"]) or row["indicator"] in str(refusal.value.params["seen"])


def test_new_indicator_is_kept_without_a_measure_and_reported_once() -> None:
    elsewhere = _row(area=("FRA", "France"))
    new = {"indicator": "Persons acquitted"}
    imported = _read(_row(**new), _row(**new, year=2018), elsewhere, elsewhere)  # type: ignore[arg-type]
    assert imported.rows["measure"].to_list() == [None, None]
    assert imported.rows["measure_words"].to_list() == ["Persons acquitted"] * 2
    assert _rules(imported) == ["reference.unknown_indicator"]


def test_citizenships_are_own_or_regional_and_have_present_names() -> None:
    by = {"dimension": "by citizenship"}
    names = ("Albania", "Nationals", "Former name", "Romania", "", "TÃ¼rkiye")
    imported = _read(*(_row(category=name, **by) for name in names))
    assert imported.rows["citizenship"].to_list() == ["own", "own", "region", None, "_U", None]
    assert imported.rows["breakdown"].to_list()[2] == "by citizenship: North Macedonia"
    assert imported.rows["breakdown"].to_list()[4:] == ["by citizenship: not stated", "by citizenship: Türkiye"]
    assert _rules(imported) == ["reference.odd_category"]


def test_repatriated_persons_are_not_detected_victims() -> None:
    (row,) = _read(_row(dimension="by country of repatriation", category="Abroad")).rows.to_dicts()
    assert (row["measure"], row["mapping"]) == (None, "none")


def test_an_older_name_of_a_territory_is_accepted() -> None:
    assert _read(_row(area=("", "Former  Name"))).rows["territory"].to_list() == ["MK"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ReadError) as caught:
        read_publication(_book(_row(), drop=("Sex",)), areas=AREAS)
    assert caught.value.rule == "reference.column_missing"
    assert caught.value.params["columns"] == "sex"


@pytest.mark.parametrize("data", [b"", b"a;b\n1;2\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600])
def test_a_file_without_the_table_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError) as caught:
        read_publication(data, areas=AREAS)
    assert caught.value.rule == "reference.no_table"


@pytest.mark.parametrize("cut", [40, 2000])
def test_a_broken_workbook_is_refused(cut: int) -> None:
    with pytest.raises(ReadError) as caught:
        read_publication(_book(_row())[:cut], areas=AREAS)
    assert caught.value.rule == "read.malformed"


def test_every_rule_has_a_registered_message() -> None:
    assert set(RULES) == set(SEVERITIES)
    for name in RULES:
        assert find_rule(name).message and find_rule(name).remedy


def test_areas_come_from_the_declarations() -> None:
    areas = declared_areas()
    assert areas.find_code("Kosovo (under UNSC res. 1244)") == "XK"
    assert areas.display_name("Kosovo") == "Kosovo under UNSCR 1244"
    assert areas.display_name("The former Yugoslav Republic of Macedonia") == "North Macedonia"
    assert areas.find_code("B & H") == "BA"
    assert areas.find_code("Former Yugoslavia") is None
    assert {areas.find_code(iso) for iso in ("ALB", "BIH", "HRV", "XKX", "MKD", "MNE", "SRB")} == set(areas.english)


def test_two_territories_cannot_have_one_name() -> None:
    from pipelines.declarations import registry

    first = registry.load().territories["AL"]
    twin = first.model_copy(update={"code": "ZZ"})
    with pytest.raises(ValueError, match="belongs to AL and to ZZ"):
        areas_of([first, twin])


@pytest.fixture(scope="module")
def real() -> ReferenceImport:
    if not REAL.is_file():
        pytest.skip("the real file is not next to the project")
    return read_publication(REAL.read_bytes())


@pytest.mark.sampled(turn=3)
@pytest.mark.shared
def test_real_table_is_read_completely(real: ReferenceImport) -> None:
    assert real.rows_read == 46_556
    assert real.rows.height == 1_871
    assert real.rows_elsewhere == 46_556 - 1_871
    assert sorted(real.rows["territory"].unique()) == ["AL", "BA", "HR", "ME", "MK", "RS"]
    assert not real.rows.select(REFERENCE_KEY).is_duplicated().any()


@pytest.mark.shared
def test_the_real_defects_become_findings(real: ReferenceImport) -> None:
    counts = Counter(_rules(real))
    assert counts["reference.repeated_key"] == 35
    differing = {
        (f.params["territory"], f.params["year"]) for f in real.findings if f.rule == "reference.total_differs"
    }
    assert differing == {("AL", 2009), ("BA", 2020), ("HR", 2016), ("HR", 2017), ("MK", 2020)}
    (recoverable,) = [f for f in real.findings if f.rule == "reference.recoverable"]
    assert recoverable.params == {"count": 28, "triples": 90}
    assert not any(f.severity == "error" for f in real.findings)


@pytest.mark.shared
def test_no_real_figure_below_five_is_imported(real: ReferenceImport) -> None:
    values = real.rows["value"].drop_nulls()
    assert values.min() == 5.0
    assert real.rows.filter(pl.col("value").is_null())["obs_status"].unique().to_list() == ["Q"]
    bosnia = real.rows.filter(
        (pl.col("territory") == "BA")
        & (pl.col("measure") == "victims_detected")
        & (pl.col("breakdown") == "")
        & (pl.col("sex") == "_T")
        & (pl.col("age") == "_T")
        & pl.col("period").is_in([str(year) for year in range(2017, 2022)])
    )
    assert bosnia.sort("period")["value"].to_list() == [83, 36, 61, 70, 56]
