"""Find addresses that lead to anyone but the original publisher of a figure.

The hosts of publishers are declared once, in `pipelines/warehouse/reference/publishers.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.warehouse.reference.publishers import is_own_address, read_publishers

if TYPE_CHECKING:
    from lxml import html

_ADDRESS = re.compile(r"(?:\b[a-z][a-z0-9+.-]*:)?//[\w-]+(?:\.[\w-]+)+[^\s\"'<>]*", re.IGNORECASE)
_NAMESPACES = ("www.w3.org",)
"""Hosts in names of formats: nothing is linked there."""


def list_hosts() -> set[str]:
    """Return the declared hosts of all publishers."""
    return set(read_publishers()["host"]) - {""}


def find_addresses(document: html.HtmlElement) -> Iterator[str]:
    """Yield each address of another host in a page: in attributes, in its text, and in its comments."""
    for element in document.iter():
        texts: Iterable[str | None] = (*element.attrib.values(), element.text, element.tail)
        for text in texts:
            # Few texts have an address, and the expression searches each from every word on.
            if not text or "//" not in text:
                continue
            for match in _ADDRESS.finditer(text):
                if urlsplit(match.group()).hostname not in _NAMESPACES:
                    yield match.group()


def list_strangers(addresses: Iterable[str], hosts: Collection[str]) -> list[str]:
    """Return the addresses that are on no host of a declared publisher."""
    return [address for address in addresses if not any(is_own_address(address, host) for host in hosts)]
