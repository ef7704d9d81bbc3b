"""Write the bill of materials of a build, from the output of `cyclonedx-py environment`, into the file named.

CycloneDX describes the environment, in which tests and tools are too; only what requirements.lock names is kept. Where
it found no licence in the metadata of a package, that of `tests/support/licences.py` is added.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.licences import list_alternatives, list_locked


def select_components(bill: dict[str, Any], locked: Iterable[str]) -> dict[str, Any]:
    """Return a CycloneDX document with the locked packages only, and with the dependencies between them.

    Raises importlib.metadata.PackageNotFoundError for a package without a licence that is not installed here.
    """
    names = {_normalise_name(name) for name in locked}
    components = [_add_licence(part) for part in bill["components"] if _normalise_name(part["name"]) in names]
    references = {part["bom-ref"] for part in components} | {bill["metadata"]["component"]["bom-ref"]}
    dependencies = [
        entry
        | ({"dependsOn": [ref for ref in entry["dependsOn"] if ref in references]} if "dependsOn" in entry else {})
        for entry in bill["dependencies"]
        if entry["ref"] in references
    ]
    return bill | {"components": components, "dependencies": dependencies}


def _add_licence(component: dict[str, Any]) -> dict[str, Any]:
    """Return a component with a licence: without one of its own, with that which a reader of the package found."""
    if component.get("licenses"):
        return component
    expression = " OR ".join(list_alternatives(component["name"]))
    return component | {"licenses": [{"expression": expression, "acknowledgement": "concluded"}]}


def main(file: Path) -> None:
    """Write the document of standard input, with the packages that running needs, to the file."""
    bill = select_components(json.load(sys.stdin), list_locked())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    print(f"{file}: {len(bill['components'])} packages")


def _normalise_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
