"""Compose what all artefacts of SDMX-ML structure messages have: names, URNs, references and representations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pipelines.dissemination.artefacts import (
    CLASSES,
    CONCEPTS,
    ITEM_CLASSES,
    UNVERSIONED,
    Artefacts,
    Kind,
    find_agency,
    find_version,
    make_urn,
)
from pipelines.dissemination.structures import Structures, Text
from pipelines.dissemination.writers.sdmx_ml import Version
from pipelines.dissemination.writers.xml_elements import ElementComposer

if TYPE_CHECKING:
    from lxml.etree import _Element

_FIRST_CLASSES: Final[Mapping[Kind, str]] = {
    "hierarchy": "codelist.HierarchicalCodelist",
    "dataconstraint": "registry.ContentConstraint",
    "metadataprovisionagreement": "registry.ProvisionAgreement",
}
"""Classes of version 2.1 that differ from those of version 3.0."""
_AGREEMENTS: Final[tuple[Kind, ...]] = ("provisionagreement", "metadataprovisionagreement")
_NO_STUBS: Final[Mapping[Version, tuple[Kind, ...]]] = {"2.1": _AGREEMENTS, "3.0": (*_AGREEMENTS, "hierarchy")}


class ArtefactComposer(ElementComposer):
    """Adds artefacts to one message: knows the namespaces and the references of its version."""

    def __init__(self, structures: Structures, artefacts: Artefacts, version: Version) -> None:
        super().__init__(version, {"mes": "message", "str": "structure", "com": "common"})
        self.structures, self.artefacts = structures, artefacts
        self.is_first = version == "2.1"

    def add_maintained(
        self, parent: _Element, tag: str, kind: Kind, name: str, names: Text, descriptions: Text | None = None
    ) -> _Element:
        """Add an artefact with its URN and names."""
        element = self.add_element(
            parent,
            tag,
            id=name,
            urn=make_urn(self.structures, kind, name, class_name=self._name_class(kind)),
            agencyID=find_agency(self.structures, kind),
        )
        # Version 3.0 gives schemes of organisations no version of their own, and in version 2.1 they are never final.
        if self.is_first or kind not in UNVERSIONED:
            element.set("version", find_version(self.structures, kind))
        if self.is_first and kind not in UNVERSIONED:
            element.set("isFinal", "true")
        is_stub = self.is_stub(kind, name)
        if is_stub:
            element.set("isExternalReference", "true")
        if (kind, name) in self.artefacts.partial:
            element.set("isPartial", "true")
        self.add_texts(element, "com:Name", names)
        if descriptions and (self.artefacts.are_stubs_complete or not is_stub):
            self.add_texts(element, "com:Description", descriptions)
        return element

    def _name_class(self, kind: Kind) -> str:
        """Return the class in URNs, where that of version 2.1 differs."""
        return _FIRST_CLASSES.get(kind, "") if self.is_first else ""

    def add_reference(self, parent: _Element, tag: str, kind: Kind, name: str, item: str = "") -> None:
        """Add a reference to an artefact or to one of its items: a `Ref` in version 2.1, a URN in version 3.0."""
        if not self.is_first:
            self.add_element(parent, tag, make_urn(self.structures, kind, name, item))
            return
        package, _, class_name = (ITEM_CLASSES[kind] if item else CLASSES[kind]).partition(".")
        version = find_version(self.structures, kind)
        attributes = {"class": class_name, "package": package, "agencyID": find_agency(self.structures, kind)}
        parts = {"maintainableParentID": name, "maintainableParentVersion": version, "id": item}
        whole = {"id": name, "version": version}
        self.add_element(self.add_element(parent, tag), "Ref", **(parts if item else whole), **attributes)

    def is_stub(self, kind: Kind, name: str) -> bool:
        """Return True if an artefact is written as a stub; of some kinds the schemas have no stubs."""
        return self.artefacts.is_stub(kind, name) and kind not in _NO_STUBS[self.version]

    def add_representation(
        self,
        parent: _Element,
        name: str,
        codelist: str | None,
        text_type: str = "",
        *,
        is_multilingual: bool | None = None,
    ) -> None:
        """Add the concept of a component and how its values are represented."""
        self.add_reference(parent, "str:ConceptIdentity", "conceptscheme", CONCEPTS, name)
        representation = self.add_element(parent, "str:LocalRepresentation")
        if codelist is None:
            text_format = self.add_element(representation, "str:TextFormat", textType=text_type)
            if is_multilingual is not None:
                text_format.set("isMultiLingual", str(is_multilingual).lower())
        else:
            self.add_reference(representation, "str:Enumeration", "codelist", codelist)
