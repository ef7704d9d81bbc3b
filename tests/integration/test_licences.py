"""Every package that running needs has a licence under which it may be shipped, and is in the list of a build."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from tests.support import bill_of_materials, licences


def test_every_locked_package_may_be_shipped() -> None:
    packages = licences.list_locked()
    assert len(packages) > 150
    assert list(licences.find_forbidden(packages)) == []


@pytest.mark.parametrize("expression", ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "", "Proprietary"])
def test_other_licences_are_found(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(licences.STATED, "polars", expression)
    assert [name for name, _ in licences.find_forbidden(["polars", "duckdb"])] == ["polars"]


def test_a_licence_of_choice_is_enough() -> None:
    assert licences.is_allowed("MPL-2.0 AND (Apache-2.0 OR MIT)")
    assert any(licences.is_allowed(expression) for expression in licences.list_alternatives("cryptography"))


def test_missing_package_is_no_fault_and_its_licence_is_not_known() -> None:
    assert list(licences.find_forbidden(["pywin32-that-is-not-installed"])) == []
    with pytest.raises(metadata.PackageNotFoundError):
        licences.list_alternatives("pywin32-that-is-not-installed")


def test_bill_of_materials_lists_what_is_installed_of_the_lock_and_no_tools(tmp_path: Path) -> None:
    written = bill_of_materials.write_bill(tmp_path / "rti.cdx.json", validate=False)
    bill = json.loads(written.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "rti")
    versions = {re.sub(r"[-_.]+", "-", component["name"]).lower(): component for component in bill["components"]}
    installed = {name for name in licences.list_locked() if _is_installed(name)}
    assert set(versions) == installed and "pytest" not in installed
    assert versions["polars"]["version"] == metadata.version("polars") and versions["polars"]["licenses"]
    references = {component["bom-ref"] for component in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {entry["ref"] for entry in bill["dependencies"]} == references
    assert all(set(entry.get("dependsOn", [])) <= references for entry in bill["dependencies"])


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False
