"""A class name means one thing in the whole product."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from tests.support.paths import ROOT

FOLDERS = ("pipelines", "expectations", "dashboards")


def find_shared_class_names(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return each public class name that several modules define, with the names of these modules."""
    modules_by_name: dict[str, set[str]] = {}
    for module, source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules_by_name.setdefault(node.name, set()).add(module)
    return {name: sorted(modules) for name, modules in modules_by_name.items() if len(modules) > 1}


def read_sources() -> list[tuple[str, str]]:
    paths: list[Path] = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def test_no_two_modules_define_a_class_of_one_name() -> None:
    assert find_shared_class_names(read_sources()) == {}, "give the newer class a name that says what it is"


def test_find_shared_class_names_finds_planted_class() -> None:
    sources = [("a.py", "class Table: ..."), ("b.py", "class _Table: ..."), ("c.py", "class Table: ...")]
    assert find_shared_class_names(sources) == {"Table": ["a.py", "c.py"]}
