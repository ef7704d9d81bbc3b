"""Declarations are read quickly and as YAML 1.2, with the same result as ruamel, which is slow and strict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipelines.declarations.yaml_file import DeclarationError, load_yaml

UNLIKE = """
territories: [no, NO, yes, on, off, y, n, true, True, false]
numbers: [010, 0o14, 0x1F, 1_000, 12:30, 1:30:00, +5, -3, 4., .5, 1e3, 1.5E-2, .inf, -.Inf]
nothing: [~, null, Null, nil, '']
days: [2024-01-31, 2024-1-31, 2024-01-31T10:00:00Z, 2024-Q3, 20240131]
texts: ['010', "no", plain text, 1.2.3, 0b101, 0o9, 1e, .]
base: &base {a: 1, b: 2}
over: {<<: *base, b: 3}
? [a, b]
: a key of two
empty:
block: |
  first
  second
"""


def read_slowly(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("line", UNLIKE.strip().splitlines()[:5])
def test_load_yaml_follows_yaml_1_2_where_versions_differ(line: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text(line, encoding="utf-8")
    (value,), (expected,) = load_yaml(path).values(), read_slowly(line).values()
    assert [(type(item), item) for item in value] == [(type(item), item) for item in expected]


def test_merged_and_nested_content_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("\n".join(UNLIKE.strip().splitlines()[5:]), encoding="utf-8")
    assert load_yaml(path) == read_slowly(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "line"), [("a: 1\nb: 2\na: 3\n", 3), ("a: {b: 1, b: 2}\n", 1), ("a: [1\nb: 2\n", 2), ("a: x: y\n", 1)]
)
def test_fault_is_reported_with_its_line(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as raised:
        load_yaml(path)
    assert raised.value.line == line and raised.value.problem


def test_load_yaml_creates_no_python_objects(tmp_path: Path) -> None:
    path = tmp_path / "a.yml"
    path.write_text("a: !!python/object/apply:os.getcwd []\n", encoding="utf-8")
    with pytest.raises(DeclarationError):
        load_yaml(path)
