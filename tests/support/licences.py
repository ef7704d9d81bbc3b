"""Licences of the packages that running needs, as their metadata state them, and those that may be shipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from tests.support.paths import ROOT

ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "Artistic-1.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU"}
    # Copyleft that ends at the files of the package, or at the library that is linked to.
    | {"LGPL-3.0-only", "MPL-2.0", "PSF-2.0", "Zlib"}
)
"""Identifiers of SPDX."""
_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Artistic License": "Artistic-1.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names of classifiers and of free text, where the package states no identifier."""
STATED = {
    "pyrage": "MIT",  # its metadata have none; the package's own file LICENSE is that of MIT
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",  # adds "dependency licenses", which are those of PDFium's parts
}
"""Licences by package, where the metadata of the package state no expression."""


def list_locked(lock: Path = ROOT / "requirements.lock") -> list[str]:
    """Return the names of the packages in a lock file, sorted; some are for other systems only."""
    return sorted(set(re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)))


def list_alternatives(package: str) -> list[str]:
    """Return the licences from which a user of an installed package may choose, as expressions of SPDX.

    Raises importlib.metadata.PackageNotFoundError.
    """
    fields = metadata.metadata(package)
    if package in STATED:
        return [STATED[package]]
    if expression := fields.get("License-Expression"):
        return re.split(r"\s+OR\s+", expression) if "(" not in expression else [expression]
    classifiers = [
        text for text in fields.get_all("Classifier") or [] if text.startswith("License :: OSI Approved :: ")
    ]
    names = [text.rpartition(" :: ")[2] for text in classifiers] or [
        (fields.get("License") or "").split("\n")[0].strip()
    ]
    return [_NAMES.get(name, name) for name in names]


def is_allowed(expression: str) -> bool:
    """Return True if every licence of an expression may be shipped; alternatives within it count with the rest."""
    stated = set(re.split(r"\s+(?:AND|OR)\s+|[()]", expression)) - {""}
    return bool(stated) and stated <= ALLOWED


def find_forbidden(packages: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each installed package that has no licence that may be shipped, with those it has."""
    for package in packages:
        try:
            alternatives = list_alternatives(package)
        except metadata.PackageNotFoundError:
            continue
        if not any(is_allowed(expression) for expression in alternatives):
            yield package, alternatives
