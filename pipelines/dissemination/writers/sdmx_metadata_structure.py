"""Write organisations, provision agreements and the structures of reference metadata in SDMX-ML 2.1 and 3.0.

Version 2.1 has one kind of provision agreement for data and metadata, no providers of metadata, and metadata structures
that declare what their reports are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipelines.dissemination.artefacts import AGENCIES, DATA_PROVIDERS, METADATA_PROVIDERS, Kind, list_target_patterns
from pipelines.dissemination.structures import MetadataAttribute, Metadataflow, Text
from pipelines.dissemination.writers.artefact_elements import ArtefactComposer

if TYPE_CHECKING:
    from lxml.etree import _Element

TARGET: Final = "SUBJECT_TARGET"
SUBJECT: Final = "SUBJECT"
"""Ids of the target of reports of version 2.1, and of the object in it: a code."""
_PROVIDERS: Final[dict[Kind, tuple[str, str, str]]] = {
    "dataproviderscheme": (DATA_PROVIDERS, "DataProvider", "Data providers"),
    "metadataproviderscheme": (METADATA_PROVIDERS, "MetadataProvider", "Metadata providers"),
}
"""By kind of scheme: its id, the class of its items, its name."""


def add_agencies(writer: ArtefactComposer, group: _Element) -> None:
    """Add the scheme of agencies, with the agency that maintains all artefacts."""
    scheme = writer.add_maintained(group, "str:AgencyScheme", "agencyscheme", AGENCIES, {"en": "Agencies"})
    if not writer.is_stub("agencyscheme", AGENCIES):
        agency = writer.add_element(scheme, "str:Agency", id=writer.structures.agency)
        writer.add_texts(agency, "com:Name", writer.structures.agency_names)


def add_providers(writer: ArtefactComposer, kind: Kind, group: _Element) -> None:
    """Add a scheme of providers: the agency publishes all data and metadata."""
    name, item_class, title = _PROVIDERS[kind]
    scheme = writer.add_maintained(group, f"str:{item_class}Scheme", kind, name, {"en": title})
    if not writer.is_stub(kind, name):
        provider = writer.add_element(scheme, f"str:{item_class}", id=writer.structures.agency)
        writer.add_texts(provider, "com:Name", writer.structures.agency_names)


def add_agreements(writer: ArtefactComposer, kind: Kind, group: _Element) -> None:
    """Add provision agreements: who provides the data of a dataflow, or the metadata of a metadataflow."""
    is_data = kind == "provisionagreement"
    tag = "ProvisionAgreement" if is_data or writer.is_first else "MetadataProvisionAgreement"
    for name in writer.artefacts.list_ids(kind):
        names: Text = (writer.structures.dataflows if is_data else writer.structures.metadataflows)[name].names
        element = writer.add_maintained(group, f"str:{tag}", kind, name, names)
        if writer.is_stub(kind, name):
            continue
        flow = "StructureUsage" if writer.is_first else "Dataflow" if is_data else "Metadataflow"
        writer.add_reference(element, f"str:{flow}", "dataflow" if is_data else "metadataflow", name)
        provider: Kind = "dataproviderscheme" if is_data or writer.is_first else "metadataproviderscheme"
        scheme, item_class, _ = _PROVIDERS[provider]
        writer.add_reference(element, f"str:{item_class}", provider, scheme, writer.structures.agency)


def add_metadataflows(writer: ArtefactComposer, group: _Element) -> None:
    """Add metadataflows; in version 3.0 they name what their metadata sets may be about."""
    for name in writer.artefacts.list_ids("metadataflow"):
        flow = writer.structures.metadataflows[name]
        element = writer.add_maintained(group, "str:Metadataflow", "metadataflow", name, flow.names, flow.descriptions)
        is_stub = writer.is_stub("metadataflow", name)
        if not is_stub:
            writer.add_reference(element, "str:Structure", "metadatastructure", name)
        if not writer.is_first:
            # The schema requires targets of stubs too.
            for pattern in list_target_patterns(writer.structures, flow):
                writer.add_element(element, "str:Target", pattern)


def add_metadata_structures(writer: ArtefactComposer, group: _Element) -> None:
    """Add metadata structures with their attributes; in version 2.1 they say what reports are about."""
    for name in writer.artefacts.list_ids("metadatastructure"):
        flow = writer.structures.metadataflows[name]
        element = writer.add_maintained(
            group, "str:MetadataStructure", "metadatastructure", name, flow.names, flow.descriptions
        )
        if writer.is_stub("metadatastructure", name):
            continue
        components = writer.add_element(element, "str:MetadataStructureComponents")
        if writer.is_first:
            _add_report_structure(writer, components, flow)
            continue
        attributes = writer.add_element(components, "str:MetadataAttributeList", id="MetadataAttributeDescriptor")
        for attribute in flow.attributes:
            _add_attribute(writer, attributes, attribute)


def _add_report_structure(writer: ArtefactComposer, components: _Element, flow: Metadataflow) -> None:
    target = writer.add_element(components, "str:MetadataTarget", id=TARGET)
    subject = writer.add_element(target, "str:IdentifiableObjectTarget", id=SUBJECT, objectType="Code")
    representation = writer.add_element(subject, "str:LocalRepresentation")
    writer.add_element(representation, "str:TextFormat", textType="IdentifiableReference")
    report = writer.add_element(components, "str:ReportStructure", id=flow.id)
    for attribute in flow.attributes:
        _add_attribute(writer, report, attribute)
    writer.add_element(writer.add_element(report, "str:MetadataTarget"), "Ref", id=TARGET)


def _add_attribute(writer: ArtefactComposer, parent: _Element, attribute: MetadataAttribute) -> None:
    most = "unbounded" if attribute.is_repeated else "1"
    element = writer.add_element(parent, "str:MetadataAttribute", id=attribute.id, minOccurs="0", maxOccurs=most)
    writer.add_representation(element, attribute.id, attribute.codelist, attribute.text_type, is_multilingual=False)
    for child in attribute.children:
        _add_attribute(writer, element, child)
