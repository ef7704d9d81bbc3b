"""Compose the elements of SDMX-ML messages that are built as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pipelines.dissemination.structures import Structures, Text
from pipelines.dissemination.writers.sdmx_ml import NAMESPACE, Version

if TYPE_CHECKING:
    from lxml.etree import _Element

_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


class ElementComposer:
    """Adds elements, knowing the namespaces of a version; `namespaces` are their last parts by prefix."""

    def __init__(self, version: Version, namespaces: Mapping[str, str]) -> None:
        base = NAMESPACE[version]
        self.version = version
        self.names = {prefix: f"{base}/{name}" for prefix, name in namespaces.items()}

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
                self.add_element(parent, tag, text).set(_LANGUAGE, language)

    def compose_root(self, tag: str, structures: Structures, suffix: str) -> tuple[_Element, _Element]:
        """Return a message and its header, which names the release."""
        from lxml import etree

        edition = structures.edition
        root = etree.Element(f"{{{self.names['mes']}}}{tag}", nsmap=self.names)
        header = self.add_element(root, "mes:Header")
        self.add_element(header, "mes:ID", f"{edition.id.replace('.', '_')}_{suffix}")
        self.add_element(header, "mes:Test", "true" if edition.is_demonstration else "false")
        self.add_element(header, "mes:Prepared", edition.drafted_at)
        self.add_element(header, "mes:Sender", id=structures.agency)
        return root, header


def write_root(root: _Element) -> bytes:
    """Return a message as bytes."""
    from lxml import etree

    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
