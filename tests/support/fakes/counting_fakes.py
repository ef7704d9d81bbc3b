"""Counting rules of the made-up territory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.declarations.registry import Registry, load_from
from tests.support.fakes import returns_fakes as fakes

RULE: dict[str, Any] = {
    "jurisdiction": "ZZ",
    "level": "first",
    "count_unit": "person",
    "input_or_output": "output",
    "counted_at": "decision",
    "several_offences": "principal",
    "attempts": "included",
    "juveniles": "included",
    "legal_persons": "excluded",
    "unknown_perpetrators": "not_applicable",
    "transferred_counted_again": False,
    "stage_definition": "Persons on whom a court decided.",
    "status": "unverified",
}


def make_rule(**changes: Any) -> dict[str, Any]:
    return {**RULE, **changes}


def make_registry_with_rules(folder: Path, *rules: dict[str, Any], forms: tuple[dict[str, Any], ...] = ()) -> Registry:
    """Write the made-up territory with these rules and load its registry."""
    fakes.make_registry(folder, forms)
    path = folder / "ZZ" / "territory.yml"
    yaml = YAML(typ="safe", pure=True)
    content = yaml.load(path)
    content["counting_rules"] = list(rules)
    with path.open("w", encoding="utf-8") as handle:
        yaml.dump(content, handle)
    load_from.cache_clear()
    return load_from((folder,))
