"""Every declaration in the project is read as ruamel reads it, which is slow and strict."""

from __future__ import annotations

from ruamel.yaml import YAML

from pipelines.declarations.yaml_file import load_yaml
from tests.support.paths import ROOT

DECLARED = [
    path for folder in ("pipelines", "dbt_project/models", "tests") for path in sorted((ROOT / folder).rglob("*.yml"))
]


def test_every_declaration_is_read_as_ruamel_reads_it() -> None:
    assert len(DECLARED) > 50
    for path in DECLARED:
        expected = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        assert repr(load_yaml(path)) == repr(expected), path
