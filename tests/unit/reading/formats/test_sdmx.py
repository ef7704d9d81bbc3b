"""The SDMX-ML reader: shapes, namespaces, the rule that finds dimensions, attacks, and real files against sdmx1."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.model.content import Cube, ReadError
from pipelines.reading.formats import sdmx
from tests.support.paths import SHARED

REAL = SHARED / "real" / "sdmx"
HOSTILE = sorted((SHARED / "acceptance" / "hostile").glob("*.xml")) if SHARED.exists() else []
V21 = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
V3 = "http://www.sdmx.org/resources/sdmxml/schemas/v3_0"
V2 = "http://www.SDMX.org/resources/SDMXML/schemas/v2_0"


def build_message(body: str, *, at: str = "TIME_PERIOD", version: str = V21, dataset: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<m:StructureSpecificData xmlns:m="{version}/message" '
        f'xmlns:s="{version}/data/structurespecific" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:c="{version}/common">\n<m:Header><m:ID>X1</m:ID><m:Sender id="MK1"/>'
        f'<m:Structure structureID="S" dimensionAtObservation="{at}"><c:Structure>'
        f'<Ref agencyID="SDMX" id="DSD" version="1.0"/></c:Structure></m:Structure></m:Header>\n'
        f'<m:DataSet s:structureRef="S"{dataset}>\n{body}\n</m:DataSet>\n</m:StructureSpecificData>\n'
    )


def read_cube(text: str) -> Cube:
    return sdmx.read_file(text.encode())


def read_error(data: str | bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        sdmx.read_file(data if isinstance(data, bytes) else data.encode())
    error = caught.value
    message, remedy = sdmx.RULES[error.rule]
    assert message.format(**error.params) and remedy.format(**error.params)
    return error


def list_dimensions(cube: Cube) -> list[str]:
    return [d.id for d in cube.dimensions]


SERIES = (
    '<Series FREQ="A" SEX="M" TITLE="men" EXTRA="x">\n<Obs TIME_PERIOD="2023" OBS_VALUE="5" OBS_STATUS="A"/>\n'
    '<Obs TIME_PERIOD="2024" OBS_VALUE="1.5"/>\n</Series>\n'
    '<Series FREQ="A" SEX="F">\n<Obs TIME_PERIOD="2023" OBS_VALUE="NaN" OBS_STATUS="L"/>\n'
    '<Obs TIME_PERIOD="2024"/>\n</Series>'
)


@pytest.mark.parametrize("dataset", [' action="Delete"', ' s:action="D"', ' s:action="delete"'])
def test_data_set_that_deletes_is_refused(dataset: str) -> None:
    error = read_error(build_message(SERIES, dataset=dataset))
    assert (error.rule, error.where.line) == ("read.sdmx.delete", 4)


def test_second_data_set_that_deletes_whole_series_is_refused() -> None:
    deletion = '<m:DataSet s:structureRef="S" action="Delete">\n<Series FREQ="A" SEX="M"/>\n</m:DataSet>\n'
    assert (
        read_error(
            build_message(SERIES).replace("</m:StructureSpecificData>", f"{deletion}</m:StructureSpecificData>")
        ).rule
        == "read.sdmx.delete"
    )


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('<Obs TIME_PERIOD="2024" OBS_VALUE="1.5"/>', '<Obs s:action="Delete" TIME_PERIOD="2024" OBS_VALUE="1.5"/>', 7),
        ('<Series FREQ="A" SEX="F">', '<Series action="D" FREQ="A" SEX="F">', 9),
    ],
)
def test_series_or_observation_that_deletes_is_refused_at_its_line(old: str, new: str, line: int) -> None:
    assert SERIES.count(old) == 1
    error = read_error(build_message(SERIES.replace(old, new), version=V3, dataset=' s:action="Replace"'))
    assert (error.rule, error.where.line) == ("read.sdmx.delete", line)


def test_actions_of_all_levels_are_properties_and_no_components() -> None:
    body = SERIES.replace('<Obs TIME_PERIOD="2024" OBS_VALUE="1.5"/>', '<Obs action="Append" TIME_PERIOD="2024"/>')
    cube = read_cube(build_message(body, dataset=' s:action="Replace"'))
    assert cube.properties["dataset.action"] == "Replace, Append"
    assert list_dimensions(cube) == ["FREQ", "SEX", "TIME_PERIOD"]
    assert all("action" not in observation.attributes for observation in cube.observations)


def test_header_that_deletes_is_refused() -> None:
    text = build_message(SERIES).replace("<m:Sender", "<m:DataSetAction>Delete</m:DataSetAction><m:Sender")
    assert read_error(text).rule == "read.sdmx.delete"
    assert not read_cube(text.replace("<m:DataSet ", '<m:DataSet s:action="Append" ')).remarks


def test_series_with_the_place_of_each_observation() -> None:
    cube = read_cube(build_message(SERIES))
    assert list_dimensions(cube) == ["FREQ", "SEX", "TIME_PERIOD"]
    assert [(o.key, o.value, o.status) for o in cube.observations] == [
        (("A", "M", "2023"), 5, None),
        (("A", "M", "2024"), 1.5, None),
        (("A", "F", "2023"), None, "L"),
        (("A", "F", "2024"), None, None),
    ]
    assert [str(o.where) for o in cube.observations] == ["line 6", "line 7", "line 10", "line 11"]
    assert cube.observations[0].attributes == {"TITLE": "men", "EXTRA": "x", "OBS_STATUS": "A"}
    assert cube.dimensions[2].role == "time"
    assert cube.properties["structure"] == "SDMX:DSD(1.0)"
    assert cube.properties["Sender"] == "MK1"


def test_component_missing_on_one_series_is_an_attribute() -> None:
    assert "EXTRA" not in list_dimensions(read_cube(build_message(SERIES)))
    assert "EXTRA" in list_dimensions(read_cube(build_message(SERIES.replace('SEX="F"', 'SEX="F" EXTRA="x"'))))


def test_word_instead_of_a_number_stays_visible() -> None:
    cube = read_cube(build_message('<Series SEX="M"><Obs TIME_PERIOD="2023" OBS_VALUE="n/a"/></Series>'))
    assert (cube.observations[0].value, cube.observations[0].status) == (None, "n/a")
    assert "read.sdmx.no_value" in {r.rule for r in cube.remarks}


def test_flat_data() -> None:
    body = (
        '<Obs SEX="M" TIME_PERIOD="2023" OBS_VALUE="1" OBS_STATUS="A"/>\n'
        '<Obs SEX="F" TIME_PERIOD="2023" OBS_VALUE="2" NOTE_X="y"/>'
    )
    cube = read_cube(build_message(body, at="AllDimensions"))
    assert list_dimensions(cube) == ["SEX", "TIME_PERIOD"]
    assert [o.attributes for o in cube.observations] == [{"OBS_STATUS": "A"}, {"NOTE_X": "y"}]
    assert [o.where.line for o in cube.observations] == [5, 6]


def test_groups_cover_the_observations_they_name_also_when_they_come_last() -> None:
    group = '<Group xsi:type="x:Sibling" SEX="M" TITLE="of men"/>'
    for body in (f"{group}\n{SERIES}", f"{SERIES}\n{group}"):
        cube = read_cube(build_message(body.replace(' TITLE="men"', "")))
        assert [o.attributes.get("TITLE") for o in cube.observations] == ["of men", "of men", None, None]


def test_attributes_of_the_data_set_reach_every_observation() -> None:
    cube = read_cube(build_message(SERIES, dataset=' UNIT_MEASURE="PERS" action="Replace"'))
    assert {o.attributes["UNIT_MEASURE"] for o in cube.observations} == {"PERS"}
    assert cube.properties["dataset.action"] == "Replace"


def test_a_measure_dimension_given_by_type() -> None:
    body = '<Series SEX="M" TIME_PERIOD="2023"><Obs xsi:type="d:DEATHS" OBS_VALUE="3"/></Series>'
    cube = read_cube(build_message(body, at="DEMO"))
    assert (list_dimensions(cube), cube.observations[0].key) == (
        ["SEX", "TIME_PERIOD", "DEMO"],
        ("M", "2023", "DEATHS"),
    )


def test_version_three_with_components_of_several_values() -> None:
    body = (
        '<Series SEX="M"><Obs TIME_PERIOD="2023" OBS_VALUE="3"><Comp id="REMARK"><Value>a</Value><Value>b</Value>'
        '</Comp></Obs></Series><Atts SEX="M" TITLE="t"/>'
    )
    cube = read_cube(build_message(body, version=V3))
    assert cube.observations[0].attributes == {"TITLE": "t", "REMARK": "a;b"}


def test_compact_data_of_version_two() -> None:
    text = (
        f'<CompactData xmlns="{V2}/message" xmlns:k="urn:x"><Header><ID>A</ID></Header><k:DataSet>'
        '<k:Series FREQ="A" SEX="M"><k:Obs TIME_PERIOD="2023" OBS_VALUE="4"/></k:Series></k:DataSet></CompactData>'
    )
    cube = read_cube(text)
    assert (list_dimensions(cube), cube.observations[0].value) == (["FREQ", "SEX", "TIME_PERIOD"], 4)


@pytest.mark.parametrize(
    ("name", "period"),
    [("TIME", "2023"), ("YEA", "2023"), ("PERIOD", "2023-Q1"), ("MONTH", "2023-01"), ("DATE", "2023-01-31")],
)
def test_compact_data_may_name_its_time_dimension_differently(name: str, period: str) -> None:
    text = (
        f'<CompactData xmlns="{V2}/message" xmlns:k="urn:x"><Header><ID>A</ID></Header><k:DataSet>'
        f'<k:Series FREQ="A" SEX="M"><k:Obs {name}="{period}" OBS_VALUE="2004" OBS_STATUS="A"/></k:Series>'
        f'<k:Series FREQ="A" SEX="F"><k:Obs {name}="{period}"/></k:Series></k:DataSet></CompactData>'
    )
    cube = read_cube(text)
    assert [(o.key, o.value) for o in cube.observations] == [(("A", "M", period), 2004), (("A", "F", period), None)]
    assert (list_dimensions(cube)[2], cube.dimensions[2].role) == (name, "time")
    assert read_error(text.replace(f' {name}="{period}"', "")).rule == "read.sdmx.no_time"
    mixed = text.replace(f'{name}="{period}"/>', f'OTHER="{period}"/>')
    assert read_error(mixed).rule == "read.sdmx.no_key"


def test_generic_data_of_version_two() -> None:
    text = (
        f'<GenericData xmlns="{V2}/message" xmlns:g="{V2}/generic"><DataSet><g:Group type="x"><g:GroupKey>'
        '<g:Value concept="SEX" value="M"/></g:GroupKey><g:Attributes>'
        '<g:Value concept="TITLE" value="t"/></g:Attributes>'
        '<g:Series><g:SeriesKey><g:Value concept="SEX" value="M"/></g:SeriesKey>'
        '<g:Obs><g:Time>2023</g:Time><g:ObsValue value="4"/></g:Obs></g:Series></g:Group></DataSet></GenericData>'
    )
    cube = read_cube(text)
    assert (list_dimensions(cube), cube.observations[0].key) == (["SEX", "TIME_PERIOD"], ("M", "2023"))
    assert cube.observations[0].attributes == {"TITLE": "t"}


def test_observations_given_twice_are_remarked() -> None:
    twice = SERIES.replace('TIME_PERIOD="2024"', 'TIME_PERIOD="2023"')
    remark = next(r for r in read_cube(build_message(twice)).remarks if r.rule == "read.sdmx.repeated_key")
    assert (remark.params, remark.where.line) == ({"key": "A.M.2023", "first": 6}, 7)


def test_keys_of_another_structure_are_refused() -> None:
    generic = (
        f'<GenericData xmlns="{V21}/message" xmlns:g="{V21}/data/generic"><DataSet>'
        '<g:Obs><g:ObsKey><g:Value id="SEX" value="M"/></g:ObsKey><g:ObsValue value="1"/></g:Obs>\n'
        '<g:Obs><g:ObsKey><g:Value id="AGE" value="Y1"/></g:ObsKey><g:ObsValue value="1"/></g:Obs>'
        "</DataSet></GenericData>"
    )
    error = read_error(generic)
    assert (error.rule, error.where.line) == ("read.sdmx.dimensions", 2)


def test_an_observation_without_its_dimension_is_refused() -> None:
    error = read_error(build_message('<Series SEX="M">\n<Obs OBS_VALUE="3"/></Series>'))
    assert (error.rule, error.where.line) == ("read.sdmx.no_key", 6)


def test_lines_past_the_parsers_limit_are_exact() -> None:
    text = build_message("\n" * 70_000 + SERIES)
    assert [o.where.line for o in read_cube(text).observations] == [70_006, 70_007, 70_010, 70_011]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "read.empty"),
        (b"<GenericData", "read.xml.syntax"),
        (b"not xml", "read.xml.syntax"),
        (b"<html/>", "read.sdmx.not_data"),
        (f'<m:Structure xmlns:m="{V21}/message"/>'.encode(), "read.sdmx.not_data"),
        (build_message("").encode(), "read.sdmx.no_dataset"),
        (build_message('<Series SEX="M">').encode(), "read.xml.syntax"),
    ],
)
def test_unreadable_file_is_rejected_with_its_rule(data: bytes, rule: str) -> None:
    assert read_error(data).rule == rule


def test_syntax_error_has_its_location() -> None:
    error = read_error(build_message('<Series SEX="M">\n<Obs TIME_PERIOD=2023/></Series>'))
    assert (error.rule, error.where.line) == ("read.xml.syntax", 6)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_a_doctype_is_refused_before_parsing_in_any_encoding(encoding: str) -> None:
    text = '<?xml version="1.0"?>\n<!DOCTYPE d [<!ENTITY a "b">]><GenericData>&a;</GenericData>'
    assert read_error(text.encode(encoding)).rule == "read.xml.doctype"


def test_entities_are_never_resolved() -> None:
    assert read_error(build_message('<Series SEX="&x;"/>')).rule == "read.xml.syntax"


def test_sniffing() -> None:
    assert sdmx.looks_like(build_message(SERIES).encode())
    assert sdmx.looks_like(build_message(SERIES).replace(' encoding="UTF-8"', "").encode("utf-16"))
    assert not sdmx.looks_like(b"<html><body>")
    assert not sdmx.looks_like(b"STRUCTURE,STRUCTURE_ID")


@pytest.mark.shared
@pytest.mark.skipif(not HOSTILE, reason="the hostile files are not next to the project")
@pytest.mark.parametrize("path", HOSTILE, ids=lambda p: p.name)
def test_hostile_files_are_refused_at_once(path: Path) -> None:
    begin = time.perf_counter()
    assert read_error(path.read_bytes()).rule == "read.xml.doctype"
    assert time.perf_counter() - begin < 1


# sdmx1 keeps state between reads, so each file is read in a fork of a process that imports it once.
ORACLE = """
import json, os, sys
import sdmx
for path, structure in json.loads(sys.argv[1]):
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    extra = {"structure": next(iter(sdmx.read_sdmx(structure).structure.values()))} if structure else {}
    message = sdmx.read_sdmx(path, **extra)
    observations = [[{k: str(v.value) for k, v in o.key.values.items()}, o.value,
        {k: str(v.value) for k, v in o.attrib.items()}] for d in message.data for o in d.obs]
    print(json.dumps({path: observations}), flush=True)
    os._exit(0)
"""
DATA = {
    "ECB_EXR/ng-flat.xml": "",
    "ECB_EXR/ng-flat-ss.xml": "ECB_EXR/ng-structure-full.xml",
    "ECB_EXR/ng-ts.xml": "",
    "ECB_EXR/ng-ts-gf.xml": "",
    "ECB_EXR/ng-ts-ss.xml": "ECB_EXR/ng-structure-full.xml",
    "ECB_EXR/ng-xs.xml": "",
    "ECB_EXR/rg-xs.xml": "",
    "ESTAT/NAMA_10_GDP-ss.xml": "",
    "ESTAT/demography-xs.xml": "ESTAT/demography-structure.xml",
}
ALONE = {"ECB_EXR/sg-ts-gf-flat-ss.xml"}
"""Data files whose structure is not among the real files: sdmx1 cannot read them."""
NO_DATA = {
    "ECB_EXR/flat.json": "read.xml.syntax",
    "ECB_EXR/ng-structure-full.xml": "read.sdmx.not_data",
    "ECB_EXR/rg-structure-full.xml": "read.sdmx.not_data",
    "ESTAT/CL_FREQ.xml": "read.sdmx.not_data",
    "ESTAT/demography-structure.xml": "read.sdmx.not_data",
    "ESTAT/footer.xml": "read.sdmx.no_dataset",
}


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    """Return the observations that sdmx1 reads, by the path of their file."""
    files = [(str(REAL / name), str(REAL / structure) if structure else "") for name, structure in DATA.items()]
    command = [sys.executable, "-c", ORACLE, json.dumps(files)]
    completed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return {path: rows for line in completed.stdout.splitlines() for path, rows in json.loads(line).items()}


@pytest.mark.shared
@pytest.mark.skipif(not REAL.exists(), reason="the real files are not next to the project")
@pytest.mark.parametrize("name", DATA)
def test_real_files_agree_with_sdmx1_in_keys_values_and_attributes(name: str, oracle: dict[str, Any]) -> None:
    cube = sdmx.read_file((REAL / name).read_bytes())
    expected = [
        (sorted(key.items()), None if value in (None, "") else float(value), sorted(attributes.items()))
        for key, value, attributes in oracle[str(REAL / name)]
    ]
    observed = [
        (sorted(zip(list_dimensions(cube), o.key, strict=True)), o.value, sorted(o.attributes.items()))
        for o in cube.observations
    ]
    assert len(observed) == len(expected)
    assert sorted(observed, key=str) == sorted(expected, key=str)


@pytest.mark.shared
@pytest.mark.skipif(not REAL.exists(), reason="the real files are not next to the project")
def test_every_real_file_is_read_or_refused_with_its_reason() -> None:
    for path in sorted(p for p in REAL.rglob("*") if p.is_file()):
        name = f"{path.parent.name}/{path.name}"
        data = path.read_bytes()
        if name in NO_DATA:
            assert read_error(data).rule == NO_DATA[name], name
            continue
        assert name in DATA or name in ALONE
        cube = sdmx.read_file(data)
        assert len(cube.observations) == data.count(b"<Obs ") + data.count(b"<generic:Obs>"), name
        # rg-xs.xml gives two of its months under the same period: the file itself is at fault
        assert {r.rule for r in cube.remarks} == ({"read.sdmx.repeated_key"} if "rg-xs" in name else set()), name
    alone = sdmx.read_file((REAL / "ECB_EXR/sg-ts-gf-flat-ss.xml").read_bytes())
    same = sdmx.read_file((REAL / "ECB_EXR/ng-flat-ss.xml").read_bytes())
    assert [(o.key, o.value, o.attributes) for o in alone.observations] == [
        (o.key, o.value, o.attributes) for o in same.observations
    ]
