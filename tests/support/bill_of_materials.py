"""Write the bill of materials of a build: `python -m tests.support.bill_of_materials FILE`.

CycloneDX describes the environment, in which tests and tools are too; only what requirements.lock names is kept.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support.licences import list_locked
from tests.support.paths import ROOT


def write_bill(file: Path, *, validate: bool = True) -> Path:
    """Write the packages that running needs, with versions, licences and dependencies, as CycloneDX JSON.

    To validate the whole environment against the schema of CycloneDX takes 20 s.
    """
    command = [
        *(sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(ROOT / "pyproject.toml")),
        *("--output-reproducible", "--output-format", "JSON", "--output-file", "-"),
        *("--validate" if validate else "--no-validate", sys.executable),
    ]
    bill = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    locked = {_normalise_name(name) for name in list_locked()}
    bill["components"] = [part for part in bill["components"] if _normalise_name(part["name"]) in locked]
    kept_refs = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    bill["dependencies"] = [
        entry | ({"dependsOn": [ref for ref in entry["dependsOn"] if ref in kept_refs]} if "dependsOn" in entry else {})
        for entry in bill["dependencies"]
        if entry["ref"] in kept_refs
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    return file


def _normalise_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    print(write_bill(Path(sys.argv[1])))
