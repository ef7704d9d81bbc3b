"""dagster-dbt's specs of the models and seeds, kept next to the manifest from which they were made.

Importing dagster-dbt loads all of dbt: 1.2 of the 3.2 s of processor time that the code server needed before it could
answer (dagster-dbt 0.29, December 2026). The specs follow from the manifest alone, so they are made once for each
version of the project.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._serdes import deserialize_value, serialize_value

from pipelines.core import asides
from pipelines.warehouse import dbt_runner


@cache
def read_manifest() -> Mapping[str, Any]:
    """Return dbt's manifest of the project."""
    content: Mapping[str, Any] = json.loads(dbt_runner.prepare_manifest().read_text(encoding="utf-8"))
    return content


@cache
def read_specs() -> Mapping[dg.AssetKey, dg.AssetSpec]:
    """Return the specs of all models and seeds by key; each is named after its model."""
    path = dbt_runner.prepare_manifest().with_name(f"specs-{version('dagster-dbt')}.json")
    try:
        specs = parse_specs(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # not made yet, or damaged
        text = write_specs(make_specs(read_manifest()))
        specs = parse_specs(text)
        with suppress(OSError):  # a cache that only another user may write is read as it is
            _store(path, text)
    return {spec.key: spec for spec in specs}


def make_specs(manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """Let dagster-dbt make the specs of a manifest."""
    from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

    class NameTranslator(DagsterDbtTranslator):
        """Names each asset after its model; the phases put their prefixes before the names."""

        def get_asset_key(self, dbt_resource_props: Any) -> dg.AssetKey:
            # A source and the model that produces it may have the same name.
            of_source = [dbt_resource_props["source_name"]] if dbt_resource_props["resource_type"] == "source" else []
            return dg.AssetKey([*of_source, dbt_resource_props["name"]])

    return list(build_dbt_asset_specs(manifest=manifest, dagster_dbt_translator=NameTranslator()))


def write_specs(specs: Iterable[dg.AssetSpec]) -> str:
    """Return specs as JSON, with all that Dagster shows of them; dagster-dbt adds objects for its own use."""
    return json.dumps(
        [
            {
                "key": spec.key.path,
                "deps": [dep.asset_key.path for dep in spec.deps],
                "description": spec.description,
                "kinds": sorted(spec.kinds),
                "code_version": spec.code_version,
                "skippable": spec.skippable,
                "metadata": {name: text for name, value in spec.metadata.items() if (text := _write_value(value))},
            }
            for spec in specs
        ]
    )


def parse_specs(text: str) -> list[dg.AssetSpec]:
    """Return the specs that `write_specs` wrote. Raises ValueError, KeyError or TypeError if the text is damaged."""
    return [
        dg.AssetSpec(
            dg.AssetKey(entry["key"]),
            deps=[dg.AssetKey(path) for path in entry["deps"]],
            description=entry["description"],
            kinds=set(entry["kinds"]),
            code_version=entry["code_version"],
            skippable=entry["skippable"],
            metadata={name: _read_value(value) for name, value in entry["metadata"].items()},
        )
        for entry in json.loads(text)
    ]


def _write_value(value: object) -> str:
    """Return a value of metadata as JSON of Dagster, empty if Dagster shows nothing of it."""
    if isinstance(value, dg.TableSchema):
        return serialize_value(dg.TableSchemaMetadataValue(value))
    if isinstance(value, dg.TextMetadataValue):
        return serialize_value(value)
    return serialize_value(dg.TextMetadataValue(value)) if isinstance(value, str) else ""


def _read_value(text: str) -> dg.TableSchemaMetadataValue | dg.TextMetadataValue:
    return deserialize_value(text, (dg.TableSchemaMetadataValue, dg.TextMetadataValue))


def _store(path: Path, text: str) -> None:
    with asides.replace_file(path) as aside:
        aside.write_text(text, encoding="utf-8")
