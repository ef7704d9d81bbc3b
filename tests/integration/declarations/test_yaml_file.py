"""Every declaration in the project is read as ruamel reads it, which is slow and strict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipelines.declarations.yaml_file import load_yaml
from tests.support.kept_builds import build_kept
from tests.support.paths import ROOT

FOLDERS = ("pipelines", "dbt_project/models", "tests/support")
DECLARED = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.yml"))]


@pytest.fixture(scope="module")
def read_by_ruamel(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The content of each declaration by ruamel.yaml, which takes three seconds, by its path."""

    def write_contents(root: Path) -> None:
        root.mkdir(parents=True)
        yaml = YAML(typ="safe", pure=True)
        contents = {_name(path): repr(yaml.load(path.read_text(encoding="utf-8"))) for path in DECLARED}
        (root / "contents.json").write_text(json.dumps(contents), encoding="utf-8")

    contents: Mapping[str, str] = json.loads(
        (build_kept(request, "declarations-by-ruamel", write_contents) / "contents.json").read_text(encoding="utf-8")
    )
    return contents


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_declaration_is_read_as_ruamel_reads_it(read_by_ruamel: Mapping[str, str]) -> None:
    assert len(DECLARED) > 50
    for path in DECLARED:
        assert repr(load_yaml(path)) == read_by_ruamel[_name(path)], path
