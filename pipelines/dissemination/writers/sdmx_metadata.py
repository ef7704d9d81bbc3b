"""Write metadata sets in SDMX-ML 3.0 and 2.1, SDMX-JSON 2.0 and SDMX-CSV 2.0."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from pipelines.dissemination.artefacts import make_urn
from pipelines.dissemination.metadata_sets import MetadataSet, ReportedValue
from pipelines.dissemination.structures import MetadataAttribute, Structures, choose_text
from pipelines.dissemination.writers.sdmx_csv import Labels
from pipelines.dissemination.writers.sdmx_json import SCHEMA, describe_name, dump_json
from pipelines.dissemination.writers.sdmx_metadata_structure import SUBJECT, TARGET
from pipelines.dissemination.writers.sdmx_ml import Version
from pipelines.dissemination.writers.xml_elements import ElementComposer, write_root

if TYPE_CHECKING:
    from lxml.etree import _Element

MEDIA_TYPES: Final = {
    "2.1": "application/vnd.sdmx.genericmetadata+xml; version=2.1",
    "3.0": "application/vnd.sdmx.metadata+xml; version=3.0.0",
    "json": "application/vnd.sdmx.metadata+json; version=2.0.0",
    "csv": "application/vnd.sdmx.metadata+csv; version=2.0.0",
}
_CLASS: Final = "metadatastructure.MetadataSet"
_MESSAGE: Final = "METADATA"
"""End of the ids of messages."""
_SEPARATOR: Final = ";"
"""Separates the values of a repeated attribute in SDMX-CSV."""


def make_set_urn(structures: Structures, item: MetadataSet) -> str:
    """Return the URN of a metadata set."""
    return f"urn:sdmx:org.sdmx.infomodel.{_CLASS}={structures.agency}:{item.id}({structures.version})"


def list_targets(structures: Structures, item: MetadataSet) -> list[str]:
    """Return the URNs of what a metadata set is about: its code, then dataflows."""
    flows = [make_urn(structures, "dataflow", name) for name in item.dataflows]
    return [make_urn(structures, "codelist", item.codelist, item.code), *flows]


# --------------------------------------------------------------------------------------------------------------- JSON


def write_json(structures: Structures, sets: Sequence[MetadataSet], language: str, *, is_stub: bool = False) -> bytes:
    """Return a message of SDMX-JSON 2.0.  Stubs have names only, which the schema of the standard does not foresee."""
    meta = {
        "schema": SCHEMA.format("metadata", "2.0.0", "metadata"),
        "id": f"{structures.edition.id.replace('.', '_')}_{_MESSAGE}",
        "test": structures.edition.is_demonstration,
        "prepared": structures.edition.drafted_at,
        "contentLanguages": [language.lower()],
        "sender": {"id": structures.agency, **describe_name(structures.agency_names, language)},
    }
    described = [_describe_set(structures, item, language, is_stub) for item in sets]
    return dump_json({"meta": meta, "data": {"metadataSets": described}}).encode()


def _describe_set(structures: Structures, item: MetadataSet, language: str, is_stub: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": item.id,
        "agencyID": structures.agency,
        "version": structures.version,
        **describe_name(item.names, language),
    }
    if item.footnotes:
        described |= {
            "description": choose_text(item.footnotes, language),
            "descriptions": dict(item.footnotes),
        }
    if is_stub:
        return described | {"isExternalReference": True}
    return described | {
        "action": "Information",
        "metadataProvisionAgreement": make_urn(structures, "metadataprovisionagreement", item.flow),
        "metadataflow": make_urn(structures, "metadataflow", item.flow),
        "targets": list_targets(structures, item),
        "attributes": [_describe_value(value) for value in item.values],
    }


def _describe_value(value: ReportedValue) -> dict[str, Any]:
    children = [_describe_value(child) for child in value.children]
    return {"id": value.id, "value": value.value, **({"attributes": children} if children else {})}


# ---------------------------------------------------------------------------------------------------------------- XML


def write_xml(
    structures: Structures, sets: Sequence[MetadataSet], version: Version = "3.0", *, is_stub: bool = False
) -> bytes:
    """Return a generic metadata message.  In version 2.1 a set has one report about its code, and no name."""
    composer = ElementComposer(version, {"mes": "message", "com": "common", "md": "metadata/generic"})
    root, header = composer.compose_root("GenericMetadata", structures, _MESSAGE)
    for flow in dict.fromkeys(item.flow for item in sets):
        described = composer.add_element(header, "mes:Structure", structureID=flow)
        if version == "3.0":
            composer.add_element(described, "com:StructureUsage", make_urn(structures, "metadataflow", flow))
        else:
            reference = {"agencyID": structures.agency, "version": structures.version}
            composer.add_element(composer.add_element(described, "com:Structure"), "Ref", id=flow, **reference)
    for item in sets:
        if version == "3.0":
            _add_set(composer, root, structures, item, is_stub)
        else:
            _add_report(composer, root, structures, item)
    return write_root(root)


def _add_set(
    composer: ElementComposer, root: _Element, structures: Structures, item: MetadataSet, is_stub: bool
) -> None:
    element = composer.add_element(
        root, "mes:MetadataSet", id=item.id, agencyID=structures.agency, version=structures.version
    )
    element.set("urn", make_set_urn(structures, item))
    composer.add_texts(element, "com:Name", item.names)
    composer.add_texts(element, "com:Description", item.footnotes)
    if is_stub:
        element.set("isExternalReference", "true")
        return
    element.set("action", "Information")
    agreement = make_urn(structures, "metadataprovisionagreement", item.flow)
    composer.add_element(element, "md:MetadataProvisionAgreement", agreement)
    for target in list_targets(structures, item):
        composer.add_element(element, "md:Target", target)

    def add_value(parent: _Element, value: ReportedValue) -> None:
        attribute = composer.add_element(parent, "md:Attribute", id=value.id)
        composer.add_element(attribute, "md:Value", value.value)
        for child in value.children:
            add_value(attribute, child)

    for value in item.values:
        add_value(element, value)


def _add_report(composer: ElementComposer, root: _Element, structures: Structures, item: MetadataSet) -> None:
    element = composer.add_element(root, "mes:MetadataSet", structureRef=item.flow, setID=item.id, action="Information")
    report = composer.add_element(element, "md:Report", id=item.flow)
    subject = composer.add_element(
        composer.add_element(report, "md:Target", id=TARGET), "md:ReferenceValue", id=SUBJECT
    )
    composer.add_element(composer.add_element(subject, "md:ObjectReference"), "URN", list_targets(structures, item)[0])

    def add_values(parent: _Element, values: Sequence[ReportedValue]) -> None:
        group = composer.add_element(parent, "md:AttributeSet")
        for value in values:
            attribute = composer.add_element(group, "md:ReportedAttribute", id=value.id, value=value.value)
            if value.children:
                add_values(attribute, value.children)

    add_values(report, item.values)


# ---------------------------------------------------------------------------------------------------------------- CSV


def write_csv(
    structures: Structures, sets: Sequence[MetadataSet], language: str, labels: Labels = "id", *, is_stub: bool = False
) -> bytes:
    """Return a table of SDMX-CSV 2.0 with a row for each metadata set.

    A repeated attribute has its values in one field, separated by `;`; its children have as many values, some empty.
    """
    output = io.StringIO(newline="")
    writer = csv.writer(output, lineterminator="\r\n")
    flows = [structures.metadataflows[name] for name in dict.fromkeys(item.flow for item in sets)]
    paths: dict[str, tuple[MetadataAttribute, MetadataAttribute | None]] = {}
    for attribute in () if is_stub else (item for flow in flows for item in flow.attributes):
        head = attribute.id + ("[]" if attribute.is_repeated else "")
        paths.setdefault(head, (attribute, None))
        for child in attribute.children:
            paths.setdefault(f"{head}.{child.id}", (attribute, child))
    writer.writerow(
        [
            *(f"MDSTRUCTURE[{_SEPARATOR}]", "MDSTRUCTURE_ID", *_column("MDSTRUCTURE_NAME", labels)),
            *("METADATASET_ID", *_column("METADATASET_NAME", labels), "ACTION", "TARGET_TYPES", "TARGET_IDS"),
            *_column("TARGET_NAMES", labels),
            *(
                text
                for path, (parent, child) in paths.items()
                for text in _label(path, _find_title(structures, child or parent, language), labels)
            ),
        ]
    )
    for item in sets:
        writer.writerow(_compose_row(structures, item, paths, language, labels))
    return output.getvalue().encode()


def _column(name: str, labels: Labels) -> list[str]:
    return [name] if labels == "name" else []


def _label(code: str, name: str, labels: Labels) -> list[str]:
    """Return the fields of something that has a name: its id, both in one field, or both in two fields."""
    return [code] if labels == "id" else [f"{code}: {name}"] if labels == "both" else [code, name]


def _find_title(structures: Structures, attribute: MetadataAttribute, language: str) -> str:
    return choose_text(structures.concepts[attribute.id].names, language)


def _compose_row(
    structures: Structures,
    item: MetadataSet,
    paths: dict[str, tuple[MetadataAttribute, MetadataAttribute | None]],
    language: str,
    labels: Labels,
) -> Iterator[str]:
    agency, version = structures.agency, structures.version
    flow = structures.metadataflows[item.flow]
    yield "metadataprovision"
    yield from _label(f"{agency}:{item.flow}({version})", choose_text(flow.names, language), labels)
    yield from _label(f"{agency}:{item.id}({version})", choose_text(item.names, language), labels)
    yield "I"
    yield _SEPARATOR.join(["codelist", *["dataflow"] * len(item.dataflows)])
    code_names = structures.codelists[item.codelist].by_id[item.code].names
    targets = [_label(f"{agency}:{item.codelist}({version}).{item.code}", choose_text(code_names, language), labels)]
    for name in item.dataflows:
        title = choose_text(structures.dataflows[name].names, language)
        targets.append(_label(f"{agency}:{name}({version})", title, labels))
    yield from (_join(column, is_repeated=True) for column in zip(*targets, strict=True))
    for parent, child in paths.values():
        attribute = child or parent
        values = [value for value in item.values if value.id == parent.id]
        texts = [
            value.value if child is None else next((part.value for part in value.children if part.id == child.id), "")
            for value in values
        ]
        names = [
            structures.find_label(attribute.codelist, text, language) if attribute.codelist and text else ""
            for text in texts
        ]
        if labels == "both":
            texts = [f"{text}: {name}" if name else text for text, name in zip(texts, names, strict=True)]
        yield _join(texts, is_repeated=parent.is_repeated)
        if labels == "name":
            yield _join(names, is_repeated=parent.is_repeated)


def _join(texts: Sequence[str], *, is_repeated: bool) -> str:
    """Return values as one field; a value with a separator or a quotation mark is quoted."""
    if not is_repeated:
        return texts[0] if texts else ""
    quoted = ('"' + text.replace('"', '""') + '"' if set(text) & {_SEPARATOR, '"', "\n"} else text for text in texts)
    return _SEPARATOR.join(quoted)
