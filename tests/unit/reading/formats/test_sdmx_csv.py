"""The SDMX-CSV reader: both versions, labels in three ways, delimiters, and what it refuses.

The cases follow those that the field guide of SDMX-CSV 2.0 shows (SDMX Technical Working Group); the data are made up.
"""

from __future__ import annotations

import pytest

from pipelines.model.content import Cube, ReadError
from pipelines.reading.formats import encoding, sdmx_csv

ONE = "DATAFLOW,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS\nMK1:CRIME(1.0),M,2023,5,A\nMK1:CRIME(1.0),F,2023,2.5,\n"
TWO = (
    "STRUCTURE,STRUCTURE_ID,ACTION,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UPDATED\n"
    "dataflow,MK1:CRIME(1.0),I,M,2023,5,A,2024-01-01\ndataflow,MK1:CRIME(1.0),I,F,2023,2.5,,2024-01-01\n"
)


def read_cube(text: str, codec: str = "utf-8", **kwargs: tuple[str, ...]) -> Cube:
    return sdmx_csv.read_file(text.encode(codec), **kwargs)


def read_error(text: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_cube(text)
    error = caught.value
    message, remedy = (sdmx_csv.RULES | encoding.RULES)[error.rule]
    assert message.format(**error.params) and remedy.format(**error.params)
    return error


def list_cells(cube: Cube) -> list[tuple[tuple[str, ...], object]]:
    return [(o.key, o.value) for o in cube.observations]


def list_dimensions(cube: Cube) -> list[str]:
    return [d.id for d in cube.dimensions]


@pytest.mark.parametrize(("text", "version", "column"), [(ONE, "1.0", 4), (TWO, "2.0", 6)])
def test_both_versions(text: str, version: str, column: int) -> None:
    cube = read_cube(text)
    assert list_dimensions(cube) == ["SEX", "TIME_PERIOD"]
    assert list_cells(cube) == [(("M", "2023"), 5), (("F", "2023"), 2.5)]
    assert cube.observations[0].attributes["OBS_STATUS"] == "A"
    assert "OBS_STATUS" not in cube.observations[1].attributes
    assert str(cube.observations[1].where) == f"line 3 column {column}"
    assert (cube.properties["version"], cube.properties["structure"]) == (version, "MK1:CRIME(1.0)")
    assert cube.dimensions[1].role == "time"


def test_a_custom_column_is_an_attribute() -> None:
    assert read_cube(TWO).observations[0].attributes["UPDATED"] == "2024-01-01"
    eurostat = "DATAFLOW,LAST UPDATE,freq,TIME_PERIOD,OBS_VALUE,OBS_FLAG\nE:X(1.0),01/02/24,A,2023,5,p\n"
    cube = read_cube(eurostat)
    assert list_dimensions(cube) == ["freq", "TIME_PERIOD"]
    assert cube.observations[0].attributes == {"LAST UPDATE": "01/02/24", "OBS_FLAG": "p"}


def test_labels_next_to_codes_with_semicolons_and_decimal_commas() -> None:
    text = (
        "STRUCTURE[|];STRUCTURE_ID;ACTION;SERIES_KEY;OBS_KEY;SEX: Пол;TIME_PERIOD: Година;OBS_VALUE: Вредност;"
        "COMMENT: Забелешка;OBS_STATUS: Статус\n"
        "dataflow;MK1:C(1.0): Кривични дела;I;M;M.2023;M: мажи: сите;2023: 2023;12,4;рачно: внесено;A: редовно\n"
        "dataflow;MK1:C(1.0): Кривични дела;I;F;F.2023;F: жени;2023: 2023;7;;A: редовно\n"
    )
    cube = read_cube(text)
    assert list_cells(cube) == [(("M", "2023"), 12.4), (("F", "2023"), 7)]
    assert cube.dimensions[0].labels == {"und": "Пол"}
    assert [m.labels["und"] for m in cube.dimensions[0].members] == ["мажи: сите", "жени"]
    assert cube.observations[0].attributes == {"COMMENT": "рачно: внесено", "OBS_STATUS": "A"}
    assert (cube.properties["delimiter"], cube.properties["decimal"]) == (";", ",")


def test_names_in_separate_columns() -> None:
    text = (
        "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,SEX,Sex,TIME_PERIOD,Time,OBS_VALUE,Value,OBS_STATUS,Status\n"
        "dataflow,MK1:C(1.0),Crime,I,M,men,2023,,5,,A,Normal\n"
    )
    cube = read_cube(text)
    assert list_dimensions(cube) == ["SEX", "TIME_PERIOD"]
    assert cube.dimensions[0].labels == {"und": "Sex"}
    assert cube.dimensions[0].members[0].labels == {"und": "men"}
    assert cube.observations[0].attributes == {"OBS_STATUS": "A"}


def test_columns_in_any_order() -> None:
    text = "STRUCTURE,STRUCTURE_ID,ACTION,OBS_VALUE,TITLE,SEX,TIME_PERIOD\nd,X,I,1,t,M,2023\nd,X,I,2,t,F,2023\n"
    cube = read_cube(text)
    assert list_cells(cube) == [(("M", "2023"), 1), (("F", "2023"), 2)]
    assert cube.observations[0].attributes == {"TITLE": "t"}


def test_multi_valued_and_multi_lingual_attributes_stay_as_written() -> None:
    text = (
        "STRUCTURE[;],STRUCTURE_ID,ACTION,SEX,TIME_PERIOD,OBS_VALUE,FORM[],TITLE[en;mk]\n"
        'd,X,I,M,2023,1,A;B,"en:Value ""X"";mk:Вредност\nво два реда"\nd,X,I,F,2023,2,,\n'
    )
    cube = read_cube(text)
    assert cube.observations[0].attributes == {"FORM": "A;B", "TITLE": 'en:Value "X";mk:Вредност\nво два реда'}
    assert [o.where.line for o in cube.observations] == [2, 4]


def test_rows_for_part_of_the_key_carry_attributes() -> None:
    header = "STRUCTURE,STRUCTURE_ID,ACTION,SEX,TIME_PERIOD,OBS_VALUE,TITLE\n"
    text = header + "d,X,I,M,2023,1,\nd,X,I,M,,,men\nd,X,I,F,2023,2,\n"
    cube = read_cube(text)
    assert [o.attributes for o in cube.observations] == [{"TITLE": "men"}, {}]


def test_an_empty_value_is_missing_with_its_status() -> None:
    cube = read_cube(ONE.replace("M,2023,5,A", "M,2023,,L"))
    assert (cube.observations[0].value, cube.observations[0].status) == (None, "L")
    assert read_cube(ONE.replace("M,2023,5,A", "M,2023,NaN,")).observations[0].status == "NaN"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "cp1250"])
def test_encodings(codec: str) -> None:
    text = ONE.replace("OBS_STATUS", "SOURCE").replace("5,A", "5,Županijsko državno odvjetništvo")
    cube = read_cube(text, codec, encodings=("cp1250",))
    assert cube.observations[0].attributes["SOURCE"] == "Županijsko državno odvjetništvo"
    assert sdmx_csv.looks_like(text.encode(codec))


def test_several_actions_and_structures_are_remarked() -> None:
    mixed = TWO.replace("MK1:CRIME(1.0),I,F", "MK1:CRIME(1.1),R,F")
    assert {r.rule for r in read_cube(mixed).remarks} == {
        "read.sdmx_csv.several_actions",
        "read.sdmx_csv.several_structures",
    }


def test_observations_given_twice_are_remarked() -> None:
    remark = read_cube(ONE.replace("F,", "M,")).remarks[0]
    assert (remark.rule, remark.params["first"], remark.where.line) == ("read.sdmx_csv.repeated_key", 2, 3)


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("", "read.empty", None),
        ("a,b\n1,2\n", "read.sdmx_csv.header", 1),
        (ONE.replace("SEX,TIME_PERIOD", "SEX,SEX"), "read.sdmx_csv.header", 1),
        (ONE.replace("OBS_VALUE", "MEAS_1"), "read.sdmx_csv.measure", 1),
        (ONE.split("\n")[0] + "\n", "read.sdmx_csv.no_rows", 1),
        (ONE.replace("2.5,", "2,5,"), "read.sdmx_csv.width", 3),
        (ONE.replace("F,2023", '"F,2023'), "read.sdmx_csv.quote", 3),
        (TWO.replace(",I,F", ",D,F"), "read.sdmx_csv.delete", 3),
        (TWO.replace(",I,F", ",X,F"), "read.sdmx_csv.action", 3),
        (ONE.replace("F,2023", ",2023"), "read.sdmx_csv.key", 3),
        (ONE.replace(",", ";").replace("2023;5", "2023;5,5"), "read.sdmx_csv.decimal", 3),
    ],
)
def test_each_fault_is_named_with_its_line(text: str, rule: str, line: int | None) -> None:
    error = read_error(text)
    assert (error.rule, error.where.line) == (rule, line)


def test_a_decimal_comma_in_a_comma_file_is_not_guessed() -> None:
    cube = read_cube(ONE.replace("2.5,", '"2,5",'))
    assert (cube.observations[1].value, cube.observations[1].status) == (None, "2,5")


def test_sniffing() -> None:
    assert sdmx_csv.looks_like(ONE.encode())
    assert sdmx_csv.looks_like(TWO.encode())
    assert not sdmx_csv.looks_like(b"STRUCTURE;Name\n")
    assert not sdmx_csv.looks_like(b"DATAFLOWS\n")
