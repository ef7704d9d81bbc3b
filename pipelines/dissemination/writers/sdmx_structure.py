"""Write structures in SDMX-ML 2.1 and 3.0, with their names in all languages.

Organisations, agreements and the structures of reference metadata are written by `sdmx_metadata_structure`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from pipelines.dissemination.artefacts import (
    CATEGORIES,
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
)
from pipelines.dissemination.writers import sdmx_metadata_structure
from pipelines.dissemination.writers.artefact_elements import ArtefactComposer
from pipelines.dissemination.writers.sdmx_ml import Version
from pipelines.dissemination.writers.xml_elements import write_root

if TYPE_CHECKING:
    from lxml.etree import _Element

MEDIA_TYPES: Final = {
    "2.1": "application/vnd.sdmx.structure+xml; version=2.1",
    "3.0": "application/vnd.sdmx.structure+xml; version=3.0.0",
}
_GROUPS: Final[Mapping[Version, tuple[tuple[str, *tuple[Kind, ...]], ...]]] = {
    "2.1": (
        ("OrganisationSchemes", "agencyscheme", "dataproviderscheme"),
        ("Dataflows", "dataflow"),
        ("Metadataflows", "metadataflow"),
        ("CategorySchemes", "categoryscheme"),
        ("Categorisations", "categorisation"),
        ("Codelists", "codelist"),
        ("HierarchicalCodelists", "hierarchy"),
        ("Concepts", "conceptscheme"),
        ("MetadataStructures", "metadatastructure"),
        ("DataStructures", "datastructure"),
        ("Constraints", "dataconstraint"),
        ("ProvisionAgreements", "provisionagreement", "metadataprovisionagreement"),
    ),
    "3.0": (
        ("AgencySchemes", "agencyscheme"),
        ("Categorisations", "categorisation"),
        ("CategorySchemes", "categoryscheme"),
        ("Codelists", "codelist"),
        ("ConceptSchemes", "conceptscheme"),
        ("DataConstraints", "dataconstraint"),
        ("Dataflows", "dataflow"),
        ("DataProviderSchemes", "dataproviderscheme"),
        ("DataStructures", "datastructure"),
        ("Hierarchies", "hierarchy"),
        ("Metadataflows", "metadataflow"),
        ("MetadataProviderSchemes", "metadataproviderscheme"),
        ("MetadataProvisionAgreements", "metadataprovisionagreement"),
        ("MetadataStructures", "metadatastructure"),
        ("ProvisionAgreements", "provisionagreement"),
    ),
}
"""Elements of a message in the order that its schema prescribes, and the kinds of artefacts in each."""


def write_structures(structures: Structures, artefacts: Artefacts, version: Version = "2.1") -> bytes:
    """Return a structure message."""
    return write_root(StructureWriter(structures, artefacts, version).compose_message())


class StructureWriter(ArtefactComposer):
    """Writes one message."""

    # ------------------------------------------------------------------------------------------------------ message

    def compose_message(self) -> _Element:
        """Return the message with all artefacts."""
        root, _header = self.compose_root("Structure", self.structures, "STRUCTURES")
        body = self.add_element(root, "mes:Structures")
        more = sdmx_metadata_structure
        writers: Mapping[Kind, Callable[[_Element], None]] = {
            "agencyscheme": partial(more.add_agencies, self),
            "categorisation": self._add_categorisations,
            "categoryscheme": self._add_categories,
            "codelist": self._add_codelists,
            "conceptscheme": self._add_concepts,
            "dataconstraint": self._add_constraints,
            "dataflow": self._add_dataflows,
            "dataproviderscheme": partial(more.add_providers, self, "dataproviderscheme"),
            "datastructure": self._add_data_structures,
            "hierarchy": self._add_hierarchies,
            "metadataflow": partial(more.add_metadataflows, self),
            "metadataproviderscheme": partial(more.add_providers, self, "metadataproviderscheme"),
            "metadataprovisionagreement": partial(more.add_agreements, self, "metadataprovisionagreement"),
            "metadatastructure": partial(more.add_metadata_structures, self),
            "provisionagreement": partial(more.add_agreements, self, "provisionagreement"),
        }
        for tag, *kinds in _GROUPS[self.version]:
            present = [kind for kind in kinds if self.artefacts.list_ids(kind)]
            if present:
                group = self.add_element(body, f"str:{tag}")
                for kind in present:
                    writers[kind](group)
        return root

    # ---------------------------------------------------------------------------------------------------- artefacts

    def _add_dataflows(self, group: _Element) -> None:
        for name in self.artefacts.list_ids("dataflow"):
            flow = self.structures.find_dataflow(name)
            element = self.add_maintained(group, "str:Dataflow", "dataflow", name, flow.names, flow.descriptions)
            if not self.is_stub("dataflow", name):
                self.add_reference(element, "str:Structure", "datastructure", flow.structure.id)

    def _add_categories(self, group: _Element) -> None:
        scheme = self.add_maintained(
            group, "str:CategoryScheme", "categoryscheme", CATEGORIES, self.structures.agency_names
        )
        if not self.is_stub("categoryscheme", CATEGORIES):
            for category in self.structures.categories:
                self.add_texts(self.add_element(scheme, "str:Category", id=category.id), "com:Name", category.names)

    def _add_categorisations(self, group: _Element) -> None:
        for name in self.artefacts.list_ids("categorisation"):
            flow = self.structures.find_dataflow(name)
            element = self.add_maintained(group, "str:Categorisation", "categorisation", name, flow.names)
            if not self.is_stub("categorisation", name):
                self.add_reference(element, "str:Source", "dataflow", name)
                self.add_reference(element, "str:Target", "categoryscheme", CATEGORIES, flow.category)

    def _add_codelists(self, group: _Element) -> None:
        for name in self.artefacts.list_ids("codelist"):
            codelist = self.structures.codelists[name]
            element = self.add_maintained(group, "str:Codelist", "codelist", name, codelist.names)
            for code in () if self.is_stub("codelist", name) else codelist.codes:
                item = self.add_element(element, "str:Code", id=code.id)
                item.set("urn", make_urn(self.structures, "codelist", name, code.id))
                self.add_texts(item, "com:Name", code.names)
                self.add_texts(item, "com:Description", code.descriptions)
                if code.parent is not None and code.parent in codelist.by_id:
                    if self.is_first:
                        self.add_element(self.add_element(item, "str:Parent"), "Ref", id=code.parent)
                    elif code.parent[0].isalpha():
                        # The schema of version 3.0 refuses `_T` here; the hierarchy has it.
                        self.add_element(item, "str:Parent", code.parent)

    def _add_hierarchies(self, group: _Element) -> None:
        for name in self.artefacts.list_ids("hierarchy"):
            codelist = self.structures.codelists[name]
            element = self.add_maintained(
                group, "str:HierarchicalCodelist" if self.is_first else "str:Hierarchy", "hierarchy", name,
                codelist.names,
            )  # fmt: skip
            if self.is_stub("hierarchy", name):
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

    def _add_concepts(self, group: _Element) -> None:
        scheme = self.add_maintained(
            group, "str:ConceptScheme", "conceptscheme", CONCEPTS, self.structures.agency_names
        )
        for concept in () if self.is_stub("conceptscheme", CONCEPTS) else self.structures.concepts.values():
            item = self.add_element(scheme, "str:Concept", id=concept.id)
            item.set("urn", make_urn(self.structures, "conceptscheme", CONCEPTS, concept.id))
            self.add_texts(item, "com:Name", concept.names)
            self.add_texts(item, "com:Description", concept.descriptions)

    # ---------------------------------------------------------------------------------------------- data structures

    def _add_data_structures(self, group: _Element) -> None:
        for name in self.artefacts.list_ids("datastructure"):
            flow = self.structures.find_dataflow(name)
            element = self.add_maintained(
                group, "str:DataStructure", "datastructure", name, flow.structure.names, flow.descriptions
            )
            if not self.is_stub("datastructure", name):
                self._add_components(element, flow)

    def _add_components(self, parent: _Element, flow: Dataflow) -> None:
        components = self.add_element(parent, "str:DataStructureComponents")
        structure = flow.structure
        dimensions = self.add_element(components, "str:DimensionList", id="DimensionDescriptor")
        for position, dimension in enumerate(structure.dimensions, start=1):
            element = self.add_element(dimensions, "str:Dimension", id=dimension.id, position=str(position))
            self.add_representation(element, dimension.id, dimension.codelist)
        time = self.add_element(dimensions, "str:TimeDimension", id=TIME_PERIOD)
        if self.is_first:
            time.set("position", str(len(structure.dimensions) + 1))
        self.add_representation(time, TIME_PERIOD, None, "ObservationalTimePeriod")
        attributes = self.add_element(components, "str:AttributeList", id="AttributeDescriptor")
        for attribute in structure.attributes:
            self._add_attribute(attributes, attribute, flow)
        measures = self.add_element(components, "str:MeasureList", id="MeasureDescriptor")
        measure = self.add_element(measures, "str:PrimaryMeasure" if self.is_first else "str:Measure", id=OBS_VALUE)
        self.add_representation(measure, OBS_VALUE, None, "Double")

    def _add_attribute(self, parent: _Element, attribute: Attribute, flow: Dataflow) -> None:
        element = self.add_element(parent, "str:Attribute", id=attribute.id)
        if self.is_first:
            element.set("assignmentStatus", "Mandatory" if attribute.is_required else "Conditional")
        else:
            element.set("usage", "mandatory" if attribute.is_required else "optional")
        self.add_representation(element, attribute.id, attribute.codelist, attribute.text_type)
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

    # -------------------------------------------------------------------------------------------------- constraints

    def _add_constraints(self, group: _Element) -> None:
        for name in self.artefacts.list_ids("dataconstraint"):
            flow, constraint = self.structures.find_dataflow(name), self.artefacts.constraints[name]
            tag = "str:ContentConstraint" if self.is_first else "str:DataConstraint"
            element = self.add_maintained(group, tag, "dataconstraint", name, flow.names)
            element.set("type" if self.is_first else "role", "Actual")
            self._add_metrics(element, constraint)
            if self.is_stub("dataconstraint", name):
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
