"""Tests mirror the source tree and never import each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TESTS = ROOT / "tests"
KINDS = ("unit", "integration", "e2e")
SOURCES = (ROOT, ROOT / "pipelines", TESTS)
MODULES = [path.relative_to(TESTS) for kind in KINDS for path in sorted((TESTS / kind).rglob("*.py"))]
IMPORT = re.compile(
    r"^[ \t]*(?:from tests\b[\w.]* import (?:\([^)]*\)[^\n]*|[^(\n]*)|import tests\b[^\n]*)$", re.MULTILINE
)
"""An import from tests; parsing these alone is ten times as fast as parsing every module."""


def find_imports(path: Path) -> Iterator[str]:
    """Yield the full name of each module and object that a module imports from tests, also inside its functions."""
    statements = IMPORT.findall(path.read_text(encoding="utf-8"))
    for node in ast.walk(ast.parse("\n".join(statement.strip() for statement in statements))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{name.name}" for name in names)


def find_test_parts(name: str) -> list[str]:
    """Return the parts of an imported name that belong to a test: its module, a conftest, or a folder of tests."""
    parts = name.split(".")
    if parts[0] != "tests":
        return []
    return [part for part in parts[1:] if part in (*KINDS, "conftest") or part.startswith("test_")]


@pytest.mark.parametrize(
    "name", ["tests.unit.core.test_codes.CODES", "tests.conftest.build", "tests.integration.small"]
)
def test_find_test_parts_reports_import_from_a_test(name: str) -> None:
    assert find_test_parts(name)


def test_no_test_or_helper_imports_a_test() -> None:
    assert len(MODULES) > 150
    imports = {
        path.relative_to(ROOT).as_posix(): name
        for path in (*TESTS.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"))
        for name in find_imports(path)
        if find_test_parts(name)
    }
    assert imports == {}


def test_each_folder_of_tests_exists_in_the_source_tree() -> None:
    folders = {Path(*module.parent.parts[1:]) for module in MODULES}
    missing = [folder.as_posix() for folder in folders if not any((source / folder).is_dir() for source in SOURCES)]
    assert missing == []


def test_each_folder_of_tests_is_a_package() -> None:
    assert [module for module in MODULES if not (TESTS / module).with_name("__init__.py").is_file()] == []
