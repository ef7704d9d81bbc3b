"""Every package that running needs has a licence under which it may be shipped, and is in the list of a build."""

from __future__ import annotations

from importlib import metadata

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


def test_bill_of_materials_lists_what_is_locked_and_no_tools() -> None:
    bill = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "rti", "bom-ref": "root"}},
        "components": [
            {"name": "ruamel.yaml", "bom-ref": "ruamel", "licenses": [{"license": {"id": "MIT"}}]},
            {"name": "Jinja2", "bom-ref": "jinja", "licenses": [{"license": {"id": "BSD-3-Clause"}}]},
            {"name": "pytest", "bom-ref": "pytest"},
        ],
        "dependencies": [
            {"ref": "root", "dependsOn": ["jinja", "pytest", "ruamel"]},
            {"ref": "jinja"},
            {"ref": "pytest", "dependsOn": ["jinja"]},
            {"ref": "ruamel", "dependsOn": ["pytest"]},
        ],
    }
    selected = bill_of_materials.select_components(bill, ["ruamel-yaml", "jinja2", "polars"])
    assert selected["components"] == bill["components"][:2]
    assert selected["dependencies"] == [
        {"ref": "root", "dependsOn": ["jinja", "ruamel"]},
        {"ref": "jinja"},
        {"ref": "ruamel", "dependsOn": []},
    ]


def test_bill_of_materials_has_a_licence_of_every_package() -> None:
    stated = [{"license": {"id": "BSD-3-Clause"}}]
    bill = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "rti", "bom-ref": "root"}},
        "components": [
            {"name": "pyrage", "bom-ref": "pyrage"},
            {"name": "protobuf", "bom-ref": "protobuf", "licenses": []},
            {"name": "Jinja2", "bom-ref": "jinja", "licenses": stated},
        ],
        "dependencies": [],
    }
    components = bill_of_materials.select_components(bill, ["pyrage", "protobuf", "jinja2"])["components"]
    assert [part["licenses"] for part in components] == [
        [{"expression": "MIT", "acknowledgement": "concluded"}],
        [{"expression": "BSD-3-Clause", "acknowledgement": "concluded"}],
        stated,
    ]


def test_licence_of_an_unknown_package_is_not_made_up() -> None:
    bill = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [{"name": "pywin32-that-is-not-installed", "bom-ref": "x"}],
        "dependencies": [],
    }
    with pytest.raises(metadata.PackageNotFoundError):
        bill_of_materials.select_components(bill, ["pywin32-that-is-not-installed"])
