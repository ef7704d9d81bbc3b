"""Conventions of the dbt project, checked on its manifest: documented, keyed, contracted, layered, bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.registry import load
from pipelines.publication import measured_quality
from pipelines.warehouse import contracts, dbt_runner, exported_tables
from pipelines.warehouse.quality.coherence_table import COHERENCE
from pipelines.warehouse.quality.quality_table import QUALITY
from pipelines.warehouse.quality.vintages import SUMMARY

MODELS = dbt_runner.PROJECT / "models"
FIRST_PHASE = ("staging", "facts", "intermediate", "marts")
MAY_READ: Mapping[str, tuple[str, ...]] = {
    "staging": (),
    "facts": ("staging",),
    "intermediate": ("staging", "facts", "intermediate"),
    "marts": ("staging", "facts", "intermediate", "marts"),
    "indicators": ("indicators", "marts"),
}
"""Layers whose models a layer reads. Of the marts the indicators read those alone that are handed to their phase."""
HANDED_ON = {"mart_count", *(table.name for table in exported_tables.COUNTS if table.shapes_indicators)}
SOURCES_OF: Mapping[str, tuple[str, ...]] = {
    "staging": ("gathered",),
    "facts": ("facts",),
    "intermediate": ("gathered",),
    "marts": ("gathered",),
    "indicators": ("declared", "records"),
}
"""Sources that the models of a layer read. What needs neither a cast nor another name has no staging model."""
MOST_READERS = 20
"""Greatest number of models that read one model directly. A model that everything reads can no longer be changed."""
PREFIXES: Mapping[str, tuple[str, ...]] = {
    "staging": ("stg_",),
    "facts": ("fct_",),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "mart_"),
    "indicators": ("cell", "compared_", "int_", "mart_"),
}
COMPUTES = re.compile(r"\b(join|where|group by|having|qualify|union|case|over|sum|min|max|count|distinct|limit)\b")
LOUD = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|WITH|CASE|GROUP BY|ORDER BY)\b")

Node = dict[str, Any]


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(dbt_runner.prepare_manifest().read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Node]:
    nodes = {id_: node for id_, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    assert len(nodes) >= 40, "the manifest holds no project"
    return nodes


def read_layer(node: Node) -> str:
    return str(node["original_file_path"].split("/")[1])


def read_sql(node: Node) -> str:
    """Return the text of a model without comments."""
    text = (dbt_runner.PROJECT / node["original_file_path"]).read_text(encoding="utf-8")
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", text, flags=re.S)


def find_undocumented(models: Mapping[str, Node]) -> Iterator[str]:
    for node in models.values():
        if not node["description"].strip():
            yield f"{node['name']} has no description"
        if not node["columns"]:
            yield f"{node['name']} names no columns"
        for column in node["columns"].values():
            if not column["description"].strip() or not column["data_type"]:
                yield f"{node['name']}.{column['name']} has no description or no type"


def find_unkeyed(models: Mapping[str, Node], manifest: Mapping[str, Any]) -> Iterator[str]:
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "keyed"
    }
    # A view whose only reader reads nothing else has the key of that reader.
    readers: dict[str, list[str]] = {}
    for id_, node in models.items():
        for parent in node["depends_on"]["nodes"]:
            readers.setdefault(parent, []).append(id_)
    for id_, node in models.items():
        is_passed_on = len(readers.get(id_, ())) == 1 and models[readers[id_][0]]["depends_on"]["nodes"] == [id_]
        if not (id_ in keyed or (is_passed_on and readers[id_][0] in keyed)):
            yield node["name"]


def find_misread(models: Mapping[str, Node]) -> Iterator[str]:
    """Yield models that read a layer or source they may not, and gathered sources that are read twice."""
    readers: dict[str, list[str]] = {}
    for node in models.values():
        for parent in node["depends_on"]["nodes"]:
            if parent.startswith("source."):
                readers.setdefault(parent, []).append(node["name"])
                if parent.split(".")[2] not in SOURCES_OF[read_layer(node)]:
                    yield f"{node['name']} reads the source {parent}"
            elif parent in models and read_layer(models[parent]) not in MAY_READ[read_layer(node)]:
                layers = read_layer(node), read_layer(models[parent])
                yield f"{node['name']} ({layers[0]}) reads {models[parent]['name']} ({layers[1]})"
            elif (
                parent in models
                and (read_layer(node), read_layer(models[parent])) == ("indicators", "marts")
                and models[parent]["name"] not in HANDED_ON
            ):
                yield f"{node['name']} reads {models[parent]['name']}, which its phase is not given"
    yield from (
        f"{source} is read by {names}"
        for source, names in readers.items()
        if len(names) > 1 and source.split(".")[2] not in SOURCES_OF["indicators"]
    )


def find_too_wide(models: Mapping[str, Node], most: int = MOST_READERS) -> Iterator[str]:
    read: dict[str, int] = {}
    for node in models.values():
        for parent in node["depends_on"]["nodes"]:
            if parent in models:
                read[parent] = read.get(parent, 0) + 1
    yield from (
        f"{models[parent]['name']} is read by {number} models" for parent, number in read.items() if number > most
    )


def test_every_model_is_documented(models: dict[str, Node]) -> None:
    assert not list(find_undocumented(models))


def test_every_model_is_contracted(models: dict[str, Node]) -> None:
    assert not [node["name"] for node in models.values() if not node["contract"]["enforced"]]


def test_every_model_has_a_key_that_is_tested(models: dict[str, Node], manifest: dict[str, Any]) -> None:
    assert not sorted(find_unkeyed(models, manifest))


def test_layers_are_read_in_one_direction_and_each_source_once(models: dict[str, Node]) -> None:
    assert not list(find_misread(models))


def test_fan_out_is_bounded(models: dict[str, Node]) -> None:
    assert not list(find_too_wide(models))


def test_staging_renames_and_casts_only(models: dict[str, Node]) -> None:
    staging = [node for node in models.values() if read_layer(node) == "staging"]
    assert staging
    computing = {node["name"]: COMPUTES.findall(read_sql(node)) for node in staging}
    assert not {name: words for name, words in computing.items() if words}


def test_names_have_the_prefix_of_the_layer_and_each_model_its_page(models: dict[str, Node]) -> None:
    assert not [node["name"] for node in models.values() if not node["name"].startswith(PREFIXES[read_layer(node)])]
    pages = {path.with_suffix("") for path in MODELS.rglob("*.yml")}
    alone = [path.name for path in MODELS.rglob("*.sql") if path.with_suffix("") not in pages]
    assert not alone


def test_sql_is_lower_case_and_ends_in_final(models: dict[str, Node]) -> None:
    for node in models.values():
        text = read_sql(node)
        assert not LOUD.search(text), node["name"]
        assert text.rstrip().endswith("select * from final"), node["name"]


def test_no_model_names_a_territory_or_a_year(models: dict[str, Node]) -> None:
    codes = {*load().without_training().territories, *(part for t in load().without_training().territories.values()
             for part in (j.code for j in t.jurisdictions))}  # fmt: skip
    pattern = re.compile(rf"'(?:{'|'.join(sorted(codes))})'|\b(?:19|20)\d\d\b")
    hits = {node["name"]: pattern.findall(read_sql(node)) for node in models.values()}
    assert not {name: hits_of_model for name, hits_of_model in hits.items() if hits_of_model}


def test_tables_built_in_python_are_documented_keyed_and_contracted(manifest: dict[str, Any]) -> None:
    """Tables of quality, revision and coherence are not models, but have a declaration of the same kind."""
    sources = {id_: node for id_, node in manifest["sources"].items() if node["source_name"] == "measured"}
    assert {node["name"] for node in sources.values()} == {
        *(name.removeprefix("mart_") for name in measured_quality.INSIDE), "revision",
    }  # fmt: skip
    assert not list(find_undocumented(sources))
    schemas = {"quality": QUALITY, "coherence": COHERENCE, "revision_summary": SUMMARY}
    for node in sources.values():
        declared = contracts.read_source_contracts("measured")[node["name"]]
        assert declared.key and set(declared.key) <= set(node["columns"]) == set(declared.columns)
        if node["name"] in schemas:
            assert declared.columns == schemas[node["name"]]
    assert list(find_undocumented({"one": next(iter(sources.values())) | {"columns": {}}}))


def test_rules_find_planted_faults(models: dict[str, Node], manifest: dict[str, Any]) -> None:
    """Plant faults: each rule finds the model that violates it."""
    id_, good = next((id_, node) for id_, node in models.items() if node["name"] == "mart_return")
    bare: Node = good | {"description": " ", "columns": {}}
    assert len(list(find_undocumented({id_: bare}))) == 2
    assert list(find_unkeyed({"model.rti.made_up": good}, manifest)) == ["mart_return"]
    stolen: Node = good | {"depends_on": {"nodes": ["source.rti.gathered.event", *good["depends_on"]["nodes"]]}}
    assert any("is read by" in message for message in find_misread({**models, id_: stolen}))
    foreign: Node = good | {"depends_on": {"nodes": ["source.rti.records.record_lag"]}}
    assert any("reads the source" in message for message in find_misread({**models, id_: foreign}))
    crossed = next(id_ for id_, node in models.items() if read_layer(node) == "indicators")
    backwards: Node = good | {"depends_on": {"nodes": [crossed]}}
    assert any("(indicators)" in message for message in find_misread({**models, id_: backwards}))
    private = next(id_ for id_, node in models.items() if node["name"] == "mart_delivery")
    curious: Node = models[crossed] | {"depends_on": {"nodes": [private]}}
    assert any("is not given" in message for message in find_misread({**models, crossed: curious}))
    assert list(find_too_wide(models, most=1))
    assert COMPUTES.search("select a from source where b") and LOUD.search("SELECT 1")


def test_both_phases_are_built_by_their_selectors() -> None:
    text = Path(dbt_runner.PROJECT / "selectors.yml").read_text(encoding="utf-8")
    assert all(f"models/{folder}" in text for folder in (*FIRST_PHASE, "indicators"))
