"""Describe the files of a release for other programs: data package, CSV on the Web, DCAT, and the codebook."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipelines.dissemination.formats import DESCRIPTIONS, list_formats, name_file
from pipelines.dissemination.observations import find_period_range
from pipelines.dissemination.release import load_structures
from pipelines.dissemination.structures import (
    OBS_VALUE,
    TIME_PERIOD,
    Dataflow,
    Structures,
    choose_text,
)
from pipelines.dissemination.writers.extract import Extract, make_extract
from pipelines.dissemination.writers.labelled import LABEL, NOTES, SOURCE, lay_out, name_column

_NUMBERS: Final = {"Double": "number", "Integer": "integer"}
_MEDIA_TYPE: Final = "https://www.iana.org/assignments/media-types/"
_LANGUAGE: Final = "http://id.loc.gov/vocabulary/"
"""Beginnings of the addresses by which DCAT names media types and languages."""
_XSD: Final = {"Double": "double", "Integer": "integer"}


def _dump(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _list_columns(release: Path, flow: Dataflow, language: str) -> list[tuple[str, str]]:
    """Return the columns of the CSV file of a dataflow with their titles."""
    whole = make_extract(release, flow.id)
    extract = Extract(whole.structures, flow, whole.observations.head(0))
    return [(name, name_column(extract, name, language)) for name in lay_out(extract, language).columns]


def _type_of(flow: Dataflow, column: str, types: Mapping[str, str]) -> str:
    """Return the type of a column by the type of its component; a text if it has no other."""
    if column == OBS_VALUE:
        return types["Double"]
    component = next((item for item in flow.structure.attributes if item.id == column), None)
    return types.get(component.text_type, "string") if component is not None else "string"


# ------------------------------------------------------------------------------------------------------ data package


def write_data_package(release: Path, language: str = "en") -> bytes:
    """Return a Frictionless data package of the CSV files in a language."""
    structures = load_structures(release)
    edition = structures.edition
    return _dump(
        {
            "profile": "tabular-data-package",
            "name": f"regional-trafficking-indicators-{edition.id.lower()}",
            "title": choose_text(structures.agency_names, language),
            "description": choose_text(edition.citations, language),
            "version": edition.id,
            "created": edition.drafted_at,
            "sources": [{"title": choose_text(edition.citations, language)}],
            "resources": [
                _describe_resource(release, structures, flow, language) for flow in structures.dataflows.values()
            ],
        }
    )


def _describe_resource(release: Path, structures: Structures, flow: Dataflow, language: str) -> dict[str, Any]:
    fields = []
    for name, title in _list_columns(release, flow, language):
        field: dict[str, Any] = {"name": name, "type": _type_of(flow, name, _NUMBERS), "title": title}
        if name in flow.structure.codelists and name in flow.structure.dimension_ids:
            codelist = structures.find_codelist(flow, name)
            field["constraints"] = {"required": True, "enum": [code.id for code in codelist.codes]}
        fields.append(field)
    return {
        "profile": "tabular-data-resource",
        "name": flow.id.lower().replace("_", "-"),
        "path": name_file(flow.id, "csv", language),
        "title": choose_text(flow.names, language),
        "description": choose_text(flow.descriptions, language),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "doubleQuote": True, "header": True},
        "schema": {
            "fields": fields,
            "missingValues": [""],
            "primaryKey": [*flow.structure.dimension_ids, TIME_PERIOD],
        },
    }


# --------------------------------------------------------------------------------------------------- CSV on the Web


def write_csvw(release: Path, language: str = "en") -> bytes:
    """Return the description of the CSV files in a language after the W3C's model for tabular data."""
    structures = load_structures(release)
    edition = structures.edition
    return _dump(
        {
            "@context": ["http://www.w3.org/ns/csvw", {"@language": language}],
            "dc:title": choose_text(structures.agency_names, language),
            "dc:source": choose_text(edition.citations, language),
            "dc:issued": edition.drafted_at,
            "tables": [
                {
                    "url": name_file(flow.id, "csv", language),
                    "dc:title": choose_text(flow.names, language),
                    "dc:description": choose_text(flow.descriptions, language),
                    "dialect": {"delimiter": ",", "encoding": "utf-8", "header": True, "lineTerminators": ["\r\n"]},
                    "tableSchema": {
                        "columns": [
                            _describe_column(flow, name, title)
                            for name, title in _list_columns(release, flow, language)
                        ],
                        "primaryKey": [*flow.structure.dimension_ids, TIME_PERIOD],
                    },
                }
                for flow in structures.dataflows.values()
            ],
        }
    )


def _describe_column(flow: Dataflow, name: str, title: str) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "titles": [name], "dc:title": title}
    column |= {"datatype": _type_of(flow, name, _XSD), "null": ""}
    return column | ({"required": True} if name in flow.structure.dimension_ids else {})


# ---------------------------------------------------------------------------------------------------------------- DCAT


def write_dcat(release: Path, _language: str = "en") -> bytes:
    """Return the release as a catalogue of DCAT 3 in JSON-LD, with addresses relative to it."""
    structures = load_structures(release)
    edition = structures.edition
    publisher = {"@type": "foaf:Agent", "foaf:name": _localise(structures.agency_names)}
    datasets = []
    for flow in structures.dataflows.values():
        distributions = [
            {
                "@type": "dcat:Distribution",
                "@id": name_file(flow.id, item.ending),
                "dct:title": item.title,
                "dcat:accessURL": {"@id": name_file(flow.id, item.ending)},
                "dcat:downloadURL": {"@id": name_file(flow.id, item.ending)},
                "dcat:mediaType": {"@id": _MEDIA_TYPE + item.media_type.partition(";")[0]},
            }
            for item in list_formats("dataflow")
        ]
        days = find_period_range(release, flow.id)
        temporal = {
            "dct:temporal": {
                "@type": "dct:PeriodOfTime",
                "dcat:startDate": {"@value": days[0].isoformat(), "@type": "xsd:date"},
                "dcat:endDate": {"@value": days[1].isoformat(), "@type": "xsd:date"},
            }
        } if days else {}  # fmt: skip
        datasets.append(
            {
                "@type": "dcat:Dataset",
                "@id": f"#{flow.id}",
                "dct:identifier": f"{structures.agency}:{flow.id}({structures.version})",
                "dct:title": _localise(flow.names),
                "dct:description": _localise(flow.descriptions),
                "dct:publisher": publisher,
                "dct:issued": {"@value": edition.drafted_at, "@type": "xsd:dateTime"},
                "dcat:version": edition.id,
                "dct:bibliographicCitation": _localise(edition.citations),
                **temporal,
                "dcat:distribution": distributions,
            }
        )
    return _dump(
        {
            "@context": {
                "dcat": "http://www.w3.org/ns/dcat#",
                "dct": "http://purl.org/dc/terms/",
                "foaf": "http://xmlns.com/foaf/0.1/",
                "xsd": "http://www.w3.org/2001/XMLSchema#",
            },
            "@type": "dcat:Catalog",
            "@id": "",
            "dct:title": _localise(structures.agency_names),
            "dct:description": _localise(edition.citations),
            "dct:publisher": publisher,
            "dct:language": [{"@id": address} for address in _list_language_addresses(structures.languages)],
            "dct:issued": {"@value": edition.drafted_at, "@type": "xsd:dateTime"},
            "dct:hasPart": [{"@id": name} for name in DESCRIPTIONS],
            "dcat:dataset": datasets,
        }
    )


def _list_language_addresses(languages: Iterable[str]) -> list[str]:
    """Return the addresses of languages at the Library of Congress, as DCAT asks, each once whatever its script."""
    codes = dict.fromkeys(language.partition("-")[0] for language in languages)
    return [f"{_LANGUAGE}iso639-{1 if len(code) == 2 else 2}/{code}" for code in codes]


def _localise(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"@value": text, "@language": language} for language, text in texts.items() if text]


# ------------------------------------------------------------------------------------------------------------ codebook


def write_codebook(release: Path, language: str = "en") -> bytes:
    """Return every column of every dataflow and every code as CSV, in a language."""
    structures = load_structures(release)
    rows = list(_list_entries(release, structures, language))
    names = ("DATAFLOW", "DATAFLOW_LABEL", "COLUMN", "COLUMN_LABEL", "ROLE", "TYPE", "CODE", "CODE_LABEL", "DEFINITION")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    output = io.BytesIO(b"\xef\xbb\xbf")
    output.seek(0, io.SEEK_END)
    frame.write_csv(output, line_terminator="\r\n")
    return output.getvalue()


def _list_entries(release: Path, structures: Structures, language: str) -> Iterator[tuple[str | None, ...]]:
    for flow in structures.dataflows.values():
        head = (flow.id, choose_text(flow.names, language))
        for name, title in _list_columns(release, flow, language):
            role = _name_role(flow, name)
            entry = (*head, name, title, role, _type_of(flow, name, _NUMBERS))
            yield (*entry, None, None, None)
            if name in flow.structure.codelists:
                for code in structures.find_codelist(flow, name).codes:
                    definition = choose_text(code.descriptions, language) or None
                    yield (*entry, code.id, choose_text(code.names, language), definition)


def _name_role(flow: Dataflow, column: str) -> str:
    if column in (*flow.structure.dimension_ids, TIME_PERIOD):
        return "dimension"
    if column == OBS_VALUE:
        return "measure"
    return "label" if column.endswith(LABEL) or column in (NOTES, SOURCE) else "attribute"
