"""Write structures in SDMX-ML 2.1 and 3.0: agency, categories, code lists, concepts, data structures, dataflows,
hierarchies and constraints, with their names in all languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pipelines.dissemination.artefacts import (
    AGENCIES,
    AGENCY_OF_AGENCIES,
    CATEGORIES,
    CLASSES,
    CONCEPTS,
    METRICS,
    Artefacts,
    Constraint,
    Kind,
    list_children,
    make_urn,
)
from pipelines.dissemination.structures import (
    OBS_VALUE,
    TIME_PERIOD,
    Attribute,
    Code,
    Codelist,
    Dataflow,
    Structures,
    Text,
)
from pipelines.dissemination.writers.sdmx_ml import NAMESPACE, Version

if TYPE_CHECKING:
    from lxml.etree import _Element

MEDIA_TYPES: Final = {
    "2.1": "application/vnd.sdmx.structure+xml; version=2.1",
    "3.0": "application/vnd.sdmx.structure+xml; version=3.0.0",
}
_XML: Final = "http://www.w3.org/XML/1998/namespace"


def write_structures(structures: Structures, artefacts: Artefacts, version: Version = "2.1") -> bytes:
    """Return a structure message."""
    from lxml import etree

    root = _Writer(structures, artefacts, version).compose_message()
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


class _Writer:
    """Writes one message: knows the namespaces and the references of its version."""

    def __init__(self, structures: Structures, artefacts: Artefacts, version: Version) -> None:
        self.structures, self.artefacts, self.version = structures, artefacts, version
        base = NAMESPACE[version]
        self.names = {"mes": f"{base}/message", "str": f"{base}/structure", "com": f"{base}/common"}
        self.is_first = version == "2.1"

    # ---------------------------------------------------------------------------------------------------- elements

    def add_element(self, parent: _Element, tag: str, text: str | None = None, **attributes: str) -> _Element:
        """Add an element `prefix:Name`, or `Name` without a namespace."""
        from lxml import etree

        prefix, _, name = tag.rpartition(":")
        element = etree.SubElement(parent, f"{{{self.names[prefix]}}}{name}" if prefix else name, attributes)
        element.text = text
        return element

    def add_texts(self, parent: _Element, tag: str, texts: Text) -> None:
        """Add an element for each language of a text."""
        for language, text in texts.items():
            if text:
                self.add_element(parent, tag, text).set(f"{{{_XML}}}lang", language)

    def add_maintained(
        self, parent: _Element, tag: str, kind: Kind, name: str, names: Text, descriptions: Text | None = None
    ) -> _Element:
        """Add an artefact with its URN and names."""
        is_agency = kind == "agencyscheme"
        element = self.add_element(
            parent,
            tag,
            id=name,
            urn=make_urn(self.structures, kind, name, item_class=self._name_class(kind)),
            agencyID=AGENCY_OF_AGENCIES if is_agency else self.structures.agency,
            version="1.0" if is_agency else self.structures.version,
        )
        if self.is_first:
            element.set("isFinal", "true")
        if self.is_stub(kind):
            element.set("isExternalReference", "true")
        if (kind, name) in self.artefacts.partial:
            element.set("isPartial", "true")
        self.add_texts(element, "com:Name", names)
        self.add_texts(element, "com:Description", descriptions or {})
        return element

    def _name_class(self, kind: Kind) -> str:
        """Return the class in URNs, where that of version 2.1 differs."""
        first = {"hierarchy": "codelist.HierarchicalCodelist", "dataconstraint": "registry.ContentConstraint"}
        return first.get(kind, "") if self.is_first else ""

    def add_reference(self, parent: _Element, tag: str, kind: Kind, name: str, item: str = "") -> None:
        """Add a reference to an artefact or to one of its items: a `Ref` in version 2.1, a URN in version 3.0."""
        item_class = {"codelist": "codelist.Code", "conceptscheme": "conceptscheme.Concept",
                      "categoryscheme": "categoryscheme.Category"}.get(kind, "") if item else ""  # fmt: skip
        if not self.is_first:
            self.add_element(parent, tag, make_urn(self.structures, kind, name, item, item_class))
            return
        package, _, class_name = (item_class or CLASSES[kind]).partition(".")
        attributes = {"class": class_name, "package": package, "agencyID": self.structures.agency}
        parts = {"maintainableParentID": name, "maintainableParentVersion": self.structures.version, "id": item}
        whole = {"id": name, "version": self.structures.version}
        self.add_element(self.add_element(parent, tag), "Ref", **(parts if item else whole), **attributes)

    def is_stub(self, kind: Kind) -> bool:
        """Return True if only stubs of a kind are written. The schema of version 3.0 has none of hierarchies."""
        return kind in self.artefacts.stubs and (self.is_first or kind != "hierarchy")

    # ------------------------------------------------------------------------------------------------------ message

    def compose_message(self) -> _Element:
        """Return the message with all artefacts, in the order that its schema prescribes."""
        from lxml import etree

        root = etree.Element(f"{{{self.names['mes']}}}Structure", nsmap=self.names)
        edition = self.structures.edition
        header = self.add_element(root, "mes:Header")
        self.add_element(header, "mes:ID", f"{edition.id.replace('.', '_')}_STRUCTURES")
        self.add_element(header, "mes:Test", "true" if edition.is_demonstration else "false")
        self.add_element(header, "mes:Prepared", edition.drafted_at)
        self.add_element(header, "mes:Sender", id=self.structures.agency)
        body = self.add_element(root, "mes:Structures")
        if self.is_first:
            self._add_agencies(self._group(body, "OrganisationSchemes", "agencyscheme"))
            self._add_dataflows(self._group(body, "Dataflows", "dataflow"))
            self._add_categories(self._group(body, "CategorySchemes", "categoryscheme"))
            self._add_categorisations(self._group(body, "Categorisations", "categorisation"))
            self._add_codelists(self._group(body, "Codelists", "codelist"))
            self._add_hierarchies(self._group(body, "HierarchicalCodelists", "hierarchy"))
            self._add_concepts(self._group(body, "Concepts", "conceptscheme"))
            self._add_data_structures(self._group(body, "DataStructures", "datastructure"))
            self._add_constraints(self._group(body, "Constraints", "dataconstraint"))
        else:
            self._add_agencies(self._group(body, "AgencySchemes", "agencyscheme"))
            self._add_categorisations(self._group(body, "Categorisations", "categorisation"))
            self._add_categories(self._group(body, "CategorySchemes", "categoryscheme"))
            self._add_codelists(self._group(body, "Codelists", "codelist"))
            self._add_concepts(self._group(body, "ConceptSchemes", "conceptscheme"))
            self._add_constraints(self._group(body, "DataConstraints", "dataconstraint"))
            self._add_dataflows(self._group(body, "Dataflows", "dataflow"))
            self._add_data_structures(self._group(body, "DataStructures", "datastructure"))
            self._add_hierarchies(self._group(body, "Hierarchies", "hierarchy"))
        return root

    def _group(self, body: _Element, tag: str, kind: Kind) -> _Element | None:
        return self.add_element(body, f"str:{tag}") if self.artefacts.list_ids(kind) else None

    # ---------------------------------------------------------------------------------------------------- artefacts

    def _add_agencies(self, group: _Element | None) -> None:
        if group is None:
            return
        scheme = self.add_maintained(group, "str:AgencyScheme", "agencyscheme", AGENCIES, {"en": "Agencies"})
        # An agency scheme is never final, and version 3.0 gives it no version of its own.
        del scheme.attrib["isFinal" if self.is_first else "version"]
        if not self.is_stub("agencyscheme"):
            agency = self.add_element(scheme, "str:Agency", id=self.structures.agency)
            self.add_texts(agency, "com:Name", self.structures.agency_names)

    def _add_dataflows(self, group: _Element | None) -> None:
        if group is None:
            return
        for name in self.artefacts.list_ids("dataflow"):
            flow = self.structures.find_dataflow(name)
            element = self.add_maintained(group, "str:Dataflow", "dataflow", name, flow.names, flow.descriptions)
            if not self.is_stub("dataflow"):
                self.add_reference(element, "str:Structure", "datastructure", flow.structure.id)

    def _add_categories(self, group: _Element | None) -> None:
        if group is None:
            return
        scheme = self.add_maintained(
            group, "str:CategoryScheme", "categoryscheme", CATEGORIES, self.structures.agency_names
        )
        if not self.is_stub("categoryscheme"):
            for category in self.structures.categories:
                self.add_texts(self.add_element(scheme, "str:Category", id=category.id), "com:Name", category.names)

    def _add_categorisations(self, group: _Element | None) -> None:
        if group is None:
            return
        for name in self.artefacts.list_ids("categorisation"):
            flow = self.structures.find_dataflow(name)
            element = self.add_maintained(group, "str:Categorisation", "categorisation", name, flow.names)
            if not self.is_stub("categorisation"):
                self.add_reference(element, "str:Source", "dataflow", name)
                self.add_reference(element, "str:Target", "categoryscheme", CATEGORIES, flow.category)

    def _add_codelists(self, group: _Element | None) -> None:
        if group is None:
            return
        for name in self.artefacts.list_ids("codelist"):
            codelist = self.structures.codelists[name]
            element = self.add_maintained(group, "str:Codelist", "codelist", name, codelist.names)
            for code in () if self.is_stub("codelist") else codelist.codes:
                item = self.add_element(element, "str:Code", id=code.id)
                item.set("urn", make_urn(self.structures, "codelist", name, code.id, "codelist.Code"))
                self.add_texts(item, "com:Name", code.names)
                self.add_texts(item, "com:Description", code.descriptions)
                if code.parent is not None and code.parent in codelist.by_id:
                    if self.is_first:
                        self.add_element(self.add_element(item, "str:Parent"), "Ref", id=code.parent)
                    elif code.parent[0].isalpha():
                        # The schema of version 3.0 refuses `_T` here; the hierarchy has it.
                        self.add_element(item, "str:Parent", code.parent)

    def _add_hierarchies(self, group: _Element | None) -> None:
        if group is None:
            return
        for name in self.artefacts.list_ids("hierarchy"):
            codelist = self.structures.codelists[name]
            element = self.add_maintained(
                group, "str:HierarchicalCodelist" if self.is_first else "str:Hierarchy", "hierarchy", name,
                codelist.names,
            )  # fmt: skip
            if self.is_stub("hierarchy"):
                continue
            if self.is_first:
                included = self.add_element(element, "str:IncludedCodelist", alias=name)
                self.add_element(
                    included, "Ref", id=name, version=self.structures.version, agencyID=self.structures.agency,
                    package="codelist", **{"class": "Codelist"},
                )  # fmt: skip
                element = self.add_element(element, "str:Hierarchy", id=name)
                self.add_texts(element, "com:Name", codelist.names)
            else:
                element.set("hasFormalLevels", "false")
            children = list_children(codelist)
            for code in children.get(None, ()):
                self._add_hierarchical_code(element, codelist, code, children)

    def _add_hierarchical_code(
        self, parent: _Element, codelist: Codelist, code: Code, children: Mapping[str | None, list[Code]]
    ) -> None:
        element = self.add_element(parent, "str:HierarchicalCode", id=code.id)
        if self.is_first:
            self.add_element(element, "str:CodelistAliasRef", codelist.id)
            self.add_element(self.add_element(element, "str:CodeID"), "Ref", id=code.id)
        else:
            self.add_reference(element, "str:Code", "codelist", codelist.id, code.id)
        for child in children.get(code.id, ()):
            self._add_hierarchical_code(element, codelist, child, children)

    def _add_concepts(self, group: _Element | None) -> None:
        if group is None:
            return
        scheme = self.add_maintained(
            group, "str:ConceptScheme", "conceptscheme", CONCEPTS, self.structures.agency_names
        )
        for concept in () if self.is_stub("conceptscheme") else self.structures.concepts.values():
            item = self.add_element(scheme, "str:Concept", id=concept.id)
            item.set("urn", make_urn(self.structures, "conceptscheme", CONCEPTS, concept.id, "conceptscheme.Concept"))
            self.add_texts(item, "com:Name", concept.names)
            self.add_texts(item, "com:Description", concept.descriptions)

    # ---------------------------------------------------------------------------------------------- data structures

    def _add_data_structures(self, group: _Element | None) -> None:
        if group is None:
            return
        for name in self.artefacts.list_ids("datastructure"):
            flow = self.structures.find_dataflow(name)
            element = self.add_maintained(
                group, "str:DataStructure", "datastructure", name, flow.structure.names, flow.descriptions
            )
            if not self.is_stub("datastructure"):
                self._add_components(element, flow)

    def _add_components(self, parent: _Element, flow: Dataflow) -> None:
        components = self.add_element(parent, "str:DataStructureComponents")
        structure = flow.structure
        dimensions = self.add_element(components, "str:DimensionList", id="DimensionDescriptor")
        for position, dimension in enumerate(structure.dimensions, start=1):
            element = self.add_element(dimensions, "str:Dimension", id=dimension.id, position=str(position))
            self._add_representation(element, dimension.id, dimension.codelist)
        time = self.add_element(dimensions, "str:TimeDimension", id=TIME_PERIOD)
        if self.is_first:
            time.set("position", str(len(structure.dimensions) + 1))
        self._add_representation(time, TIME_PERIOD, None, "ObservationalTimePeriod")
        attributes = self.add_element(components, "str:AttributeList", id="AttributeDescriptor")
        for attribute in structure.attributes:
            self._add_attribute(attributes, attribute, flow)
        measures = self.add_element(components, "str:MeasureList", id="MeasureDescriptor")
        measure = self.add_element(measures, "str:PrimaryMeasure" if self.is_first else "str:Measure", id=OBS_VALUE)
        self._add_representation(measure, OBS_VALUE, None, "Double")

    def _add_attribute(self, parent: _Element, attribute: Attribute, flow: Dataflow) -> None:
        element = self.add_element(parent, "str:Attribute", id=attribute.id)
        if self.is_first:
            element.set("assignmentStatus", "Mandatory" if attribute.is_required else "Conditional")
        else:
            element.set("usage", "mandatory" if attribute.is_required else "optional")
        self._add_representation(element, attribute.id, attribute.codelist, attribute.text_type)
        relationship = self.add_element(element, "str:AttributeRelationship")
        if attribute.attachment == "series":
            for name in flow.structure.dimension_ids:
                if self.is_first:
                    self.add_element(self.add_element(relationship, "str:Dimension"), "Ref", id=name)
                else:
                    self.add_element(relationship, "str:Dimension", name)
        elif self.is_first:
            self.add_element(self.add_element(relationship, "str:PrimaryMeasure"), "Ref", id=OBS_VALUE)
        else:
            self.add_element(relationship, "str:Observation")

    def _add_representation(self, parent: _Element, name: str, codelist: str | None, text_type: str = "") -> None:
        self.add_reference(parent, "str:ConceptIdentity", "conceptscheme", CONCEPTS, name)
        representation = self.add_element(parent, "str:LocalRepresentation")
        if codelist is None:
            self.add_element(representation, "str:TextFormat", textType=text_type)
        else:
            self.add_reference(representation, "str:Enumeration", "codelist", codelist)

    # -------------------------------------------------------------------------------------------------- constraints

    def _add_constraints(self, group: _Element | None) -> None:
        if group is None:
            return
        for name in self.artefacts.list_ids("dataconstraint"):
            flow, constraint = self.structures.find_dataflow(name), self.artefacts.constraints[name]
            tag = "str:ContentConstraint" if self.is_first else "str:DataConstraint"
            element = self.add_maintained(group, tag, "dataconstraint", name, flow.names)
            element.set("type" if self.is_first else "role", "Actual")
            self._add_metrics(element, constraint)
            if self.is_stub("dataconstraint"):
                continue
            self.add_reference(self.add_element(element, "str:ConstraintAttachment"), "str:Dataflow", "dataflow", name)
            region = self.add_element(element, "str:CubeRegion", include="true")
            prefix = "com" if self.is_first else "str"
            for dimension, codes in constraint.codes.items():
                key = self.add_element(region, f"{prefix}:KeyValue", id=dimension)
                for code in codes:
                    self.add_element(key, f"{prefix}:Value", code)
            if constraint.first_day is not None and constraint.last_day is not None:
                key = self.add_element(region, f"{prefix}:KeyValue", id=TIME_PERIOD)
                times = self.add_element(key, f"{prefix}:TimeRange")
                self.add_element(times, f"{prefix}:StartPeriod", constraint.first_day.isoformat(), isInclusive="true")
                self.add_element(times, f"{prefix}:EndPeriod", constraint.last_day.isoformat(), isInclusive="true")

    def _add_metrics(self, parent: _Element, constraint: Constraint) -> None:
        """Add the annotations of a constraint, which come before its names."""
        if constraint.counts is None:
            return
        annotations = self.add_element(parent, "com:Annotations")
        parent.insert(0, annotations)
        for name, value in constraint.list_metrics():
            annotation = self.add_element(annotations, "com:Annotation", id=name)
            self.add_element(annotation, "com:AnnotationTitle", value)
            self.add_element(annotation, "com:AnnotationType", METRICS)
