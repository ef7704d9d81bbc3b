"""Read single elements of SDMX-ML: names without namespaces, components, references, lines."""

from __future__ import annotations

from typing import cast

from lxml import etree

from pipelines.reading.formats.sdmx_cube import Named


def strip_namespace(name: object) -> str:
    """Return an attribute's name without its namespace, where QName would refuse a prefix that has none."""
    return str(name).rpartition("}")[2]


def read_local_name(element: etree._Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def find_line(element: etree._Element) -> int:
    """Return the line of an element, 0 if the parser does not know it."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 0


def read_attributes(element: etree._Element) -> Named:
    """Return XML attributes without a namespace, which are components of the structure."""
    items = cast("list[tuple[str, str]]", element.items())
    return {name: value for name, value in items if name[0] != "{" and name != "action"}


def read_complex_components(element: etree._Element) -> Named:
    """Return components of several values or languages, which 3.0 writes as `<Comp id="X"><Value>…</Value></Comp>`."""
    components: Named = {}
    for child in element:
        if read_local_name(child) == "Comp" and child.get("id"):
            texts = [(value.text or "").strip() for value in child]
            components[str(child.get("id"))] = ";".join(t for t in texts if t)
    return components


def read_pairs(element: etree._Element, holder: str) -> Named:
    """Return the Values of a child such as SeriesKey; 2.0 names them `concept`, 2.1 `id`."""
    values: Named = {}
    for child in element:
        if read_local_name(child) == holder:
            for value in child:
                name = value.get("id") or value.get("concept")
                if name:
                    values[str(name)] = str(value.get("value", ""))
    return values


def read_structure_reference(element: etree._Element) -> str:
    """Return the structure to which the header refers, as `agency:id(version)` or a URN; empty if there is none."""
    for part in element.iter("{*}Ref", "{*}URN"):
        if part.text and part.text.strip():
            return part.text.strip()
        agency, name, version = part.get("agencyID", ""), part.get("id", ""), part.get("version", "1.0")
        return f"{agency}:{name}({version})"
    for child in element:
        if child.text and child.text.strip():  # 3.0: the URN is the text of Structure or StructureUsage
            return child.text.strip()
    return ""


def free_element(element: etree._Element) -> None:
    """Free an element and the emptied sibling before it, so that memory does not grow with the file.

    Only siblings of the same name are dropped: the SeriesKey before the first observation is still needed.
    """
    element.clear()
    before = element.getprevious()
    parent = element.getparent()
    if before is not None and parent is not None and before.tag == element.tag:
        parent.remove(before)
