"""Write the XML Schema of the structure-specific messages of a dataflow, for SDMX-ML 2.1 and 3.0.

Its types restrict those of the standard: a message is valid if it has the components of the dataflow and no others, and
codes that the given code lists have.  It imports two schemas of the standard by their file names, so it is kept in the
folder that has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import quoteattr

from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, Codelist, DataStructure, StructureError, TextType
from pipelines.dissemination.writers.sdmx_ml import ALL_DIMENSIONS, NAMESPACE, Version

MEDIA_TYPES: Final = {
    "2.1": "application/vnd.sdmx.schema+xml; version=2.1",
    "3.0": "application/vnd.sdmx.schema+xml; version=3.0.0",
}
_PERIOD: Final = "com:ObservationalTimePeriodType"
_TYPES: Final[Mapping[TextType, str]] = {
    "String": "xs:string",
    "Double": "xs:double",
    "Integer": "xs:integer",
    "ObservationalTimePeriod": _PERIOD,
}
_ANNOTATIONS: Final = '<xs:element ref="com:Annotations" minOccurs="0"/>'
_PROVIDER: Final = (
    '<xs:element name="DataProvider" type="com:DataProviderReferenceType" form="unqualified" minOccurs="0"/>'
)
_START_DAY: Final = "REPORTING_YEAR_START_DAY"
"""Attribute that the types of version 2.1 have; all years are calendar years here."""


def write_data_schema(
    structure: DataStructure,
    codelists: Mapping[str, Codelist],
    urn: str,
    version: Version = "2.1",
    dimension_at_observation: str = TIME_PERIOD,
) -> bytes:
    """Return the schema of messages that refer to `urn`, the dataflow or data structure (`Extract.urn`).

    `dimension_at_observation` is that of the messages.  Raises StructureError if the structure lacks it.
    """
    dimensions = {dimension.id: dimension.codelist for dimension in structure.dimensions} | {TIME_PERIOD: _PERIOD}
    if dimension_at_observation not in (*dimensions, ALL_DIMENSIONS):
        raise StructureError(f"{structure.id} has no dimension {dimension_at_observation}")
    base, namespace = NAMESPACE[version], f"{urn}:ObsLevelDim:{dimension_at_observation}"
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns={quoteattr(namespace)} '
        f'xmlns:ss="{base}/data/structurespecific" xmlns:com="{base}/common" targetNamespace={quoteattr(namespace)} '
        'elementFormDefault="qualified" attributeFormDefault="unqualified">',
        f'<xs:import namespace="{base}/common" schemaLocation="SDMXCommon.xsd"/>',
        f'<xs:import namespace="{base}/data/structurespecific" schemaLocation="SDMXDataStructureSpecific.xsd"/>',
        *(_write_codelist(codelists[name]) for name in sorted(set(structure.codelists.values()))),
        *_write_types(structure, dimensions, version, dimension_at_observation),
        "</xs:schema>",
    ]
    return "\n".join(parts).encode()


def _write_types(
    structure: DataStructure, dimensions: Mapping[str, str], version: Version, at_observation: str
) -> list[str]:
    """Return the types of the data set, of its series unless observations are flat, and of its observations."""
    of_series = {item.id: _find_type(item.codelist, item.text_type) for item in structure.list_attributes("series")}
    of_observations = {
        item.id: _find_type(item.codelist, item.text_type) for item in structure.list_attributes("observation")
    }
    is_flat = at_observation == ALL_DIMENSIONS
    of_observation = dimensions if is_flat else {at_observation: dimensions[at_observation]}
    if at_observation != TIME_PERIOD:
        # Without the time dimension at the observation, an attribute of a series may differ within a group.
        of_observations, of_series = of_series | of_observations, {}
    measures = {OBS_VALUE: _TYPES["Double"], **of_observations}
    observation = _restrict("ObsType", [_ANNOTATIONS], of_observation, measures, version)
    if is_flat:
        return [_write_data_set("Obs", "ObsType", version), observation]
    names = {name: kind for name, kind in dimensions.items() if name != at_observation}
    inside = [_ANNOTATIONS, _write_repeated("Obs", "ObsType", "0")]
    return [
        _write_data_set("Series", "SeriesType", version),
        _restrict("SeriesType", inside, names, of_series, version),
        observation,
    ]


def _find_type(codelist: str | None, text_type: TextType) -> str:
    return codelist or _TYPES[text_type]


def _write_data_set(element: str, kind: str, version: Version) -> str:
    choice = f'<xs:choice minOccurs="0">{_write_repeated(element, kind, "1")}</xs:choice>'
    return _restrict("DataSetType", [_ANNOTATIONS, _PROVIDER, choice], {}, {}, version)


def _write_repeated(element: str, kind: str, least: str) -> str:
    return f'<xs:element name="{element}" type="{kind}" form="unqualified" minOccurs="{least}" maxOccurs="unbounded"/>'


def _restrict(
    name: str, elements: Sequence[str], required: Mapping[str, str], optional: Mapping[str, str], version: Version
) -> str:
    """Return a type of the standard restricted to some elements and XML attributes."""
    attributes = [
        f'<xs:attribute name="{component}" type="{kind}" use="{use}"/>'
        for use, components in (("required", required), ("optional", optional))
        for component, kind in components.items()
    ]
    # A restricted type inherits these attributes unless it prohibits them.
    allowed = {"SeriesType": [TIME_PERIOD], "ObsType": ["type", TIME_PERIOD]}.get(name, [])
    start_day = [_START_DAY] if version == "2.1" else []
    attributes += [
        f'<xs:attribute name="{component}" use="prohibited"/>'
        for component in (*allowed, *start_day)
        if component not in required
    ]
    return (
        f'<xs:complexType name="{name}"><xs:complexContent><xs:restriction base="ss:{name}"><xs:sequence>'
        f"{''.join(elements)}</xs:sequence>{''.join(attributes)}</xs:restriction></xs:complexContent></xs:complexType>"
    )


def _write_codelist(codelist: Codelist) -> str:
    codes = "".join(f"<xs:enumeration value={quoteattr(code.id)}/>" for code in codelist.codes)
    return (
        f'<xs:simpleType name="{codelist.id}"><xs:restriction base="xs:string">{codes}</xs:restriction></xs:simpleType>'
    )
