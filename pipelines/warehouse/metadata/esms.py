"""Reference metadata in the structures of European statistics: ESMS 2.0 and, for quality, ESQRS.

Identifiers marked `seen` were found in a public importer of Eurostat's ESMS files (by the European Environment Agency);
all others, the names, and the identifiers and versions of the two structures are from memory and are marked so in the
file. Content of sims.yml beyond ESMS, and each text's status and source, are written as SDMX annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from pipelines.core import codes
from pipelines.declarations.sims import CONCEPTS, MetadataStatement, Sims
from pipelines.warehouse.quality.quality_figures import INDICATORS, QualityFigure

if TYPE_CHECKING:
    from lxml import etree

Structure = Literal["esms", "esqrs"]
MESSAGE = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
COMMON = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
GENERIC = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/metadata/generic"
XHTML = "http://www.w3.org/1999/xhtml"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES: Final = {"mes": MESSAGE, "com": COMMON, "md": GENERIC, "xhtml": XHTML}
_STRUCTURES: Final = {"esms": "ESMS_MSD", "esqrs": "ESQRS_MSD"}
_VERSION: Final = "2.0"


@dataclass(frozen=True)
class MetadataConcept:
    """A concept of ESMS or ESQRS. `key` is its name in sims.yml; `seen`: True if the identifier was verified."""

    id: str
    name: str
    parent: str | None = None
    key: str | None = None
    seen: bool = True
    esqrs: bool = False


STRUCTURE: Final = (
    MetadataConcept("CONTACT", "Contact", esqrs=True),
    MetadataConcept("CONTACT_ORGANISATION", "Contact organisation", "CONTACT", "contact_organisation", esqrs=True),
    MetadataConcept(
        "ORGANISATION_UNIT", "Contact organisation unit", "CONTACT", "contact_organisation_unit", esqrs=True
    ),
    MetadataConcept("STAT_PRES", "Statistical presentation", seen=False, esqrs=True),
    MetadataConcept("DATA_DESCR", "Data description", "STAT_PRES", "data_description", esqrs=True),
    MetadataConcept("CLASS_SYSTEM", "Classification system", "STAT_PRES", "classification_system"),
    MetadataConcept(
        "STAT_CONC_DEF", "Statistical concepts and definitions", "STAT_PRES", "statistical_concepts_and_definitions"
    ),
    MetadataConcept("STAT_UNIT", "Statistical unit", "STAT_PRES", "statistical_unit"),
    MetadataConcept("STAT_POP", "Statistical population", "STAT_PRES", "statistical_population"),
    MetadataConcept("REF_AREA", "Reference area", "STAT_PRES", "reference_area", seen=False),
    MetadataConcept("COVERAGE_TIME", "Time coverage", "STAT_PRES", "time_coverage"),
    MetadataConcept("UNIT_MEASURE", "Unit of measure", None, "unit_of_measure"),
    MetadataConcept("REF_PERIOD", "Reference period", None, "reference_period", seen=False),
    MetadataConcept("INST_MANDATE", "Institutional mandate"),
    MetadataConcept(
        "INST_MAN_LA_OA", "Legal acts and other agreements", "INST_MANDATE", "legal_acts_and_other_agreements"
    ),
    MetadataConcept("CONF", "Confidentiality", esqrs=True),
    MetadataConcept(
        "CONF_DATA_TR", "Confidentiality: data treatment", "CONF", "confidentiality_data_treatment", esqrs=True
    ),
    MetadataConcept("FREQ_DISS", "Frequency of dissemination", None, "frequency_of_dissemination"),
    MetadataConcept("RELEVANCE", "Relevance", esqrs=True),
    MetadataConcept("USER_NEEDS", "User needs", "RELEVANCE", "user_needs", esqrs=True),
    MetadataConcept("ACCURACY", "Accuracy and reliability", esqrs=True),
    MetadataConcept("ACCURACY_OVERALL", "Overall accuracy", "ACCURACY", "overall_accuracy", esqrs=True),
    MetadataConcept("TIMELINESS_PUNCT", "Timeliness and punctuality", seen=False, esqrs=True),
    MetadataConcept("TIMELINESS", "Timeliness", "TIMELINESS_PUNCT", "timeliness", esqrs=True),
    MetadataConcept("PUNCTUALITY", "Punctuality", "TIMELINESS_PUNCT", esqrs=True),
    MetadataConcept("COHER_COMPAR", "Coherence and comparability", seen=False, esqrs=True),
    MetadataConcept(
        "COMPAR_GEO", "Comparability: geographical", "COHER_COMPAR", "comparability_geographical", esqrs=True
    ),
    MetadataConcept("COMPAR_TIME", "Comparability: over time", "COHER_COMPAR", "comparability_over_time", esqrs=True),
    MetadataConcept("COHER_X_DOM", "Coherence: cross domain", "COHER_COMPAR", "coherence_cross_domain", esqrs=True),
    MetadataConcept("DATA_REV", "Data revision", esqrs=True),
    MetadataConcept("REV_POLICY", "Data revision: policy", "DATA_REV", "data_revision_policy", esqrs=True),
    MetadataConcept("STAT_PROCESS", "Statistical processing", seen=False, esqrs=True),
    MetadataConcept("SOURCE_TYPE", "Source data", "STAT_PROCESS", "source_data", esqrs=True),
    MetadataConcept("COMMENT", "Comment", None, "comment"),
)
"""Concepts in the order in which they are written. PUNCTUALITY has figures but no text."""
OURS: Final = {"coverage": "Coverage", "recommended_uses": "Recommended uses"}
"""Concepts of sims.yml that neither structure has."""


class MetadataError(ValueError):
    """A concept is unknown, or a file is not one of our metadata files. The text says which and what to do."""


def find_children(structure: Structure, parent: str | None) -> list[MetadataConcept]:
    """Return the concepts of a structure below a parent, in order."""
    return [c for c in STRUCTURE if c.parent == parent and (structure == "esms" or c.esqrs)]


def figures_of(concept: MetadataConcept, figures: Mapping[str, QualityFigure]) -> list[tuple[str, QualityFigure]]:
    """Return the indicators (id, figure) under a concept in ESQRS; a missing figure is n/a with a reason."""
    return [
        (id_, figures.get(id_, QualityFigure(None, about.unit, reason="not given")))
        for id_, about in INDICATORS.items()
        if about.concept == concept.id
    ]


def build_sdmx_message(
    sims: Sims,
    structure: Structure,
    *,
    prepared: datetime,
    figures: Mapping[str, QualityFigure] | None = None,
    footnote: str | None = None,
    instrument: str = "_T",
) -> bytes:
    """Return an SDMX-ML 2.1 generic metadata message about one territory.

    `figures`, by the ids of `INDICATORS`, are used for ESQRS. `instrument` is the one that `sims` and `figures`
    describe, `_T` for all. Raises MetadataError for an unknown figure or concept.
    """
    from lxml import etree

    check_statements(sims, figures or {})
    root = etree.Element(f"{{{MESSAGE}}}GenericMetadata", nsmap=_PREFIXES)
    header = _add_element(root, MESSAGE, "Header")
    instrument_suffix = "" if instrument == "_T" else f"_{instrument.upper()}"
    _add_element(header, MESSAGE, "ID", f"{_STRUCTURES[structure]}_{sims.territory}{instrument_suffix}")
    _add_element(header, MESSAGE, "Test", "false")
    _add_element(header, MESSAGE, "Prepared", prepared.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add_element(header, MESSAGE, "Sender", id="RTI")
    structure_element = _add_element(header, MESSAGE, "Structure", structureID="MSD")
    reference = etree.SubElement(_add_element(structure_element, COMMON, "Structure"), "Ref")
    for name, value in (("agencyID", "ESTAT"), ("id", _STRUCTURES[structure]), ("version", _VERSION)):
        reference.set(name, value)
    reference.set("class", "MetadataStructure")
    metadata_set = _add_element(root, MESSAGE, "MetadataSet", structureRef="MSD")
    report = _add_element(metadata_set, GENERIC, "Report", id=structure.upper())
    notes = [("unverified", "identifier and version of the metadata structure; identifier of the target")]
    notes += [("footnote", footnote)] if footnote else []
    notes += [("instrument", codes.get_code_label("instrument", instrument))] if instrument_suffix else []
    for key in OURS if structure == "esms" else ():
        statement = sims.concepts[key]
        notes += [
            (key, statement.text),
            (f"{key}.status", statement.status),
            *([(f"{key}.source", statement.source)] if statement.source else []),
        ]
    _add_annotations(report, notes)
    target = _add_element(report, GENERIC, "Target", id="AREA_TARGET")
    area = _add_element(_add_element(target, GENERIC, "ReferenceValue", id="REF_AREA"), GENERIC, "ObjectReference")
    etree.SubElement(area, "URN").text = f"urn:sdmx:org.sdmx.infomodel.codelist.Code=SDMX:CL_AREA(1.0).{sims.territory}"
    _write_concepts(report, sims, structure, None, figures or {})
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def check_statements(sims: Sims, figures: Mapping[str, QualityFigure]) -> None:
    """Raise MetadataError for an unknown concept or indicator, so that nothing is left out silently."""
    known_keys = {c.key for c in STRUCTURE} | set(OURS)
    unknown_concepts = [key for key in sims.concepts if key not in known_keys]
    if unknown_concepts:
        raise MetadataError(f"{', '.join(unknown_concepts)}: no such concept; give it a place in {__name__}.STRUCTURE")
    unknown_indicators = [id_ for id_ in figures if id_ not in INDICATORS]
    if unknown_indicators:
        raise MetadataError(f"{', '.join(unknown_indicators)}: no such indicator; there are {', '.join(INDICATORS)}")


def _write_concepts(
    parent_element: etree._Element,
    sims: Sims,
    structure: Structure,
    parent: str | None,
    figures: Mapping[str, QualityFigure],
) -> None:
    concepts = find_children(structure, parent)
    attribute_set = _add_element(parent_element, GENERIC, "AttributeSet")
    for concept in concepts:
        child_concepts = find_children(structure, concept.id)
        concept_figures = figures_of(concept, figures) if structure == "esqrs" else []
        if concept.key is None and not child_concepts and not concept_figures:
            continue
        attribute = _add_element(attribute_set, GENERIC, "ReportedAttribute", id=concept.id)
        statement = sims.concepts[concept.key] if concept.key else None
        notes = [] if concept.seen else [("unverified", "identifier")]
        if statement is not None:
            notes += [("status", statement.status), *([("source", statement.source)] if statement.source else [])]
        if concept.key == "comparability_over_time":
            notes += [("break", f"{b.jurisdiction}, {b.period}, {b.kind}, {b.status}: {b.text}") for b in sims.breaks]
        _add_annotations(attribute, notes)
        if statement is not None:
            text_element = _add_element(attribute, COMMON, "StructuredText")
            text_element.set(_LANG, "en")
            _add_element(text_element, XHTML, "p", statement.text)
        if child_concepts:
            _write_concepts(attribute, sims, structure, concept.id, figures)
        if concept_figures:
            figure_set = attribute.find(f"{{{GENERIC}}}AttributeSet")
            figure_set = _add_element(attribute, GENERIC, "AttributeSet") if figure_set is None else figure_set
            for id_, figure in concept_figures:
                figure_element = _add_element(
                    figure_set, GENERIC, "ReportedAttribute", id=id_, value=figure.format_value()
                )
                _add_annotations(
                    figure_element,
                    [*([] if INDICATORS[id_].seen else [("unverified", "identifier")]), *figure.list_notes()],
                )


def _add_element(
    parent: etree._Element, namespace: str, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    from lxml import etree

    element = etree.SubElement(parent, f"{{{namespace}}}{name}", attributes)
    element.text = text
    return element


def _add_annotations(element: etree._Element, notes: list[tuple[str, str]]) -> None:
    """Add annotations; SDMX requires them as the first child of an element."""
    if not notes:
        return
    annotations = _add_element(element, COMMON, "Annotations")
    for id_, text in notes:
        _add_element(_add_element(annotations, COMMON, "Annotation", id=id_), COMMON, "AnnotationText", text).set(
            _LANG, "en"
        )


def read_sdmx_message(data: bytes) -> dict[str, MetadataStatement]:
    """Return the statements of a file that `build_sdmx_message` made, by their names in sims.yml.

    Raises MetadataError if it is not such a file or names an unknown concept.
    """
    from lxml import etree

    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise MetadataError(f"not well-formed XML ({error}); create the file again") from None
    if root.tag != f"{{{MESSAGE}}}GenericMetadata":
        raise MetadataError(f"{root.tag} is not a generic metadata message of SDMX-ML 2.1; create the file again")
    by_id = {c.id: c for c in STRUCTURE}
    statements: dict[str, MetadataStatement] = {}
    for element in root.iter(f"{{{GENERIC}}}ReportedAttribute"):
        id_ = str(element.get("id"))
        if id_ not in by_id and id_ not in INDICATORS:
            raise MetadataError(f"{id_}: no such concept; correct the identifier")
        key = by_id[id_].key if id_ in by_id else None
        if key is not None:
            notes = _read_annotations(element)
            text = element.findtext(f"{{{COMMON}}}StructuredText/{{{XHTML}}}p") or ""
            statements[key] = _statement(text, notes.get("status"), notes.get("source"), id_)
    for report in root.iter(f"{{{GENERIC}}}Report"):
        notes = _read_annotations(report)
        for key in OURS:
            if key in notes:
                statements[key] = _statement(notes[key], notes.get(f"{key}.status"), notes.get(f"{key}.source"), key)
    return {key: statements[key] for key in CONCEPTS if key in statements}


def _read_annotations(element: etree._Element) -> dict[str, str]:
    path = f"{{{COMMON}}}Annotations/{{{COMMON}}}Annotation"
    return {str(a.get("id")): a.findtext(f"{{{COMMON}}}AnnotationText") or "" for a in element.findall(path)}


def _statement(text: str, status: str | None, source: str | None, concept: str) -> MetadataStatement:
    try:
        return MetadataStatement.model_validate({"text": text, "status": status, "source": source})
    except ValueError as error:
        raise MetadataError(f"{concept}: {error}") from None
