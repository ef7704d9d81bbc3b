"""Conventions of the dbt project, held over its manifest: documented, keyed, contracted, layered, bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.declarations.registry import load
from pipelines.publication import measured_quality
from pipelines.warehouse import dbt, exported_tables
from pipelines.warehouse.quality import contract
from pipelines.warehouse.quality.coherence_table import COHERENCE
from pipelines.warehouse.quality.quality_table import QUALITY
from pipelines.warehouse.quality.vintages import SUMMARY

MODELS = dbt.PROJECT / "models"
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
    "indicators": ("records",),
}
"""Sources that the models of a layer read. What needs neither a cast nor another name has no staging model."""
MOST_READERS = 20
"""Models that read one model directly. What everything reads can no longer be changed."""
PREFIXES: Mapping[str, tuple[str, ...]] = {
    "staging": ("stg_",),
    "facts": ("fct_",),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "mart_"),
    "indicators": ("cell", "int_", "mart_"),
}
COMPUTES = re.compile(r"\b(join|where|group by|having|qualify|union|case|over|sum|min|max|count|distinct|limit)\b")
LOUD = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|WITH|CASE|GROUP BY|ORDER BY)\b")

Node = dict[str, Any]


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(dbt.prepare_manifest().read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Node]:
    found = {id_: node for id_, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    assert len(found) >= 40, "the manifest holds no project"
    return found


def layer(node: Node) -> str:
    return str(node["original_file_path"].split("/")[1])


def sql(node: Node) -> str:
    """The model's text without comments."""
    text = (dbt.PROJECT / node["original_file_path"]).read_text(encoding="utf-8")
    return re.sub(r"--[^\n]*|\{#.*?#\}", "", text, flags=re.S)


def undocumented(models: Mapping[str, Node]) -> Iterator[str]:
    for node in models.values():
        if not node["description"].strip():
            yield f"{node['name']} has no description"
        if not node["columns"]:
            yield f"{node['name']} names no columns"
        for column in node["columns"].values():
            if not column["description"].strip() or not column["data_type"]:
                yield f"{node['name']}.{column['name']} has no description or no type"


def unkeyed(models: Mapping[str, Node], manifest: Mapping[str, Any]) -> Iterator[str]:
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "keyed"
    }
    # A view whose one reader reads nothing else has that reader's key.
    readers: dict[str, list[str]] = {}
    for id_, node in models.items():
        for one in node["depends_on"]["nodes"]:
            readers.setdefault(one, []).append(id_)
    for id_, node in models.items():
        kept = len(readers.get(id_, ())) == 1 and models[readers[id_][0]]["depends_on"]["nodes"] == [id_]
        if not (id_ in keyed or (kept and readers[id_][0] in keyed)):
            yield node["name"]


def misread(models: Mapping[str, Node]) -> Iterator[str]:
    """Models that read what their layer may not, and sources of the first phase that are read twice."""
    readers: dict[str, list[str]] = {}
    for node in models.values():
        for one in node["depends_on"]["nodes"]:
            if one.startswith("source."):
                readers.setdefault(one, []).append(node["name"])
                if one.split(".")[2] not in SOURCES_OF[layer(node)]:
                    yield f"{node['name']} reads the source {one}"
            elif one in models and layer(models[one]) not in MAY_READ[layer(node)]:
                yield f"{node['name']} ({layer(node)}) reads {models[one]['name']} ({layer(models[one])})"
            elif (
                one in models
                and (layer(node), layer(models[one])) == ("indicators", "marts")
                and models[one]["name"] not in HANDED_ON
            ):
                yield f"{node['name']} reads {models[one]['name']}, which its phase is not given"
    yield from (
        f"{source} is read by {names}"
        for source, names in readers.items()
        if len(names) > 1 and source.split(".")[2] != "records"
    )


def too_wide(models: Mapping[str, Node], most: int = MOST_READERS) -> Iterator[str]:
    read: dict[str, int] = {}
    for node in models.values():
        for one in node["depends_on"]["nodes"]:
            if one in models:
                read[one] = read.get(one, 0) + 1
    yield from (f"{models[one]['name']} is read by {number} models" for one, number in read.items() if number > most)


def test_every_model_is_documented(models: dict[str, Node]) -> None:
    assert not list(undocumented(models))


def test_every_model_is_contracted(models: dict[str, Node]) -> None:
    assert not [node["name"] for node in models.values() if not node["contract"]["enforced"]]


def test_every_model_has_a_key_that_is_tested(models: dict[str, Node], manifest: dict[str, Any]) -> None:
    assert not sorted(unkeyed(models, manifest))


def test_layers_are_read_one_way_and_each_source_once(models: dict[str, Node]) -> None:
    assert not list(misread(models))


def test_fan_out_is_bounded(models: dict[str, Node]) -> None:
    assert not list(too_wide(models))


def test_staging_renames_and_casts_only(models: dict[str, Node]) -> None:
    staging = [node for node in models.values() if layer(node) == "staging"]
    assert staging
    computing = {node["name"]: COMPUTES.findall(sql(node)) for node in staging}
    assert not {name: words for name, words in computing.items() if words}


def test_names_say_the_layer_and_each_model_has_its_page(models: dict[str, Node]) -> None:
    assert not [node["name"] for node in models.values() if not node["name"].startswith(PREFIXES[layer(node)])]
    pages = {path.with_suffix("") for path in MODELS.rglob("*.yml")}
    alone = [path.name for path in MODELS.rglob("*.sql") if path.with_suffix("") not in pages]
    assert not alone


def test_sql_is_lower_case_and_ends_in_final(models: dict[str, Node]) -> None:
    for node in models.values():
        text = sql(node)
        assert not LOUD.search(text), node["name"]
        assert text.rstrip().endswith("select * from final"), node["name"]


def test_no_model_knows_a_territory_or_a_year(models: dict[str, Node]) -> None:
    codes = {*load().without_training().territories, *(part for t in load().without_training().territories.values()
             for part in (j.code for j in t.jurisdictions))}  # fmt: skip
    said = re.compile(rf"'(?:{'|'.join(sorted(codes))})'|\b(?:19|20)\d\d\b")
    hits = {node["name"]: said.findall(sql(node)) for node in models.values()}
    assert not {name: found for name, found in hits.items() if found}


def test_what_python_makes_is_documented_keyed_and_contracted(manifest: dict[str, Any]) -> None:
    """Tables of quality, revision and coherence are no models; they are held to a declaration of the same kind."""
    made = {id_: node for id_, node in manifest["sources"].items() if node["source_name"] == "measured"}
    assert {node["name"] for node in made.values()} == {
        *(name.removeprefix("mart_") for name in measured_quality.INSIDE), "revision",
    }  # fmt: skip
    assert not list(undocumented(made))
    schemas = {"quality": QUALITY, "coherence": COHERENCE, "revision_summary": SUMMARY}
    for node in made.values():
        declared = contract.read_contracts()[node["name"]]
        assert declared.key and set(declared.key) <= set(node["columns"]) == set(declared.columns)
        if node["name"] in schemas:
            assert declared.columns == schemas[node["name"]]
    assert list(undocumented({"one": next(iter(made.values())) | {"columns": {}}}))


def test_the_rules_find_what_breaks_them(models: dict[str, Node], manifest: dict[str, Any]) -> None:
    """Planted faults: each rule sees the one model that breaks it."""
    id_, good = next((id_, node) for id_, node in models.items() if node["name"] == "mart_return")
    bare: Node = good | {"description": " ", "columns": {}}
    assert len(list(undocumented({id_: bare}))) == 2
    assert list(unkeyed({"model.rti.made_up": good}, manifest)) == ["mart_return"]
    stolen: Node = good | {"depends_on": {"nodes": ["source.rti.gathered.event", *good["depends_on"]["nodes"]]}}
    assert any("is read by" in one for one in misread({**models, id_: stolen}))
    foreign: Node = good | {"depends_on": {"nodes": ["source.rti.records.record_lag"]}}
    assert any("reads the source" in one for one in misread({**models, id_: foreign}))
    crossed = next(id_ for id_, node in models.items() if layer(node) == "indicators")
    backwards: Node = good | {"depends_on": {"nodes": [crossed]}}
    assert any("(indicators)" in one for one in misread({**models, id_: backwards}))
    private = next(id_ for id_, node in models.items() if node["name"] == "mart_delivery")
    curious: Node = models[crossed] | {"depends_on": {"nodes": [private]}}
    assert any("is not given" in one for one in misread({**models, crossed: curious}))
    assert list(too_wide(models, most=1))
    assert COMPUTES.search("select a from source where b") and LOUD.search("SELECT 1")


def test_both_phases_are_built_by_their_selectors() -> None:
    text = Path(dbt.PROJECT / "selectors.yml").read_text(encoding="utf-8")
    assert all(f"models/{folder}" in text for folder in (*FIRST_PHASE, "indicators"))
