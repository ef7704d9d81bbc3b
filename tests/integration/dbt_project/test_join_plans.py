"""No model or data test compares every row of one table with every row of another without stating a reason.

A join without a condition of equality (or an outer join with an additional condition on one side only) is quadratic:
over two quarters it goes unnoticed, over ten years it took nine tenths of the time of a model, and over forty a data
test took 80 s. Where one side has only a few rows it is right, and the page of the model, or the test itself, has one
reason per join under `meta: joins_without_equality`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from pipelines.core.home import Home
from pipelines.warehouse import count_builds, dbt_runner
from pipelines.warehouse.metrics import pair_udf, udf

QUADRATIC = ("BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN", "CROSS_PRODUCT", "PIECEWISE_MERGE_JOIN", "IE_JOIN")
"""Operators of joins that no equality drives. The last two sort first; which is taken hangs on the sizes."""

Node = Mapping[str, Any]


def count_joins_without_equality(connection: duckdb.DuckDBPyConnection, sql: str) -> Counter[str]:
    """Count the conditions of joins in the plan of `sql` that are not driven by an equality."""
    plans = json.loads(connection.execute(f"explain (format json) {sql}").fetchall()[0][1])

    def list_conditions(node: Node) -> Iterator[str]:
        if node["name"].strip() in QUADRATIC:
            details = node.get("extra_info", {})
            yield str(details.get("Condition") or details.get("Conditions") or node["name"].strip())
        for child in node["children"]:
            yield from list_conditions(child)

    return Counter(condition for plan in plans for condition in list_conditions(plan))


def list_reasons(node: Node) -> list[str]:
    return list((node["config"].get("meta") or {}).get("joins_without_equality", []))


def find_wrong(joins_by_model: Mapping[str, Counter[str]], models: Mapping[str, Node]) -> list[str]:
    """Return models and tests with more or fewer joins without equality than reasons; `joins_by_model` is by their id.

    A view is expanded in its readers: its joins count for the view and not for them.
    """

    def find_views(id_: str) -> set[str]:
        read = {parent for parent in models[id_]["depends_on"]["nodes"] if parent in joins_by_model}
        direct = {parent for parent in read if models[parent]["config"]["materialized"] == "view"}
        return direct.union(*(find_views(parent) for parent in direct))

    messages = []
    for id_, joins in joins_by_model.items():
        own_joins = joins - sum((joins_by_model[parent] for parent in find_views(id_)), Counter[str]())
        reasons = list_reasons(models[id_])
        if own_joins.total() != len(reasons):
            joined = "; ".join(own_joins.elements()) or "none"
            messages.append(f"{models[id_]['name']} gives {len(reasons)} reasons for joins without equality: {joined}")
    return messages


@pytest.fixture(scope="module")
def models() -> dict[str, Node]:
    """All models, and all data tests of models."""
    nodes: dict[str, Node] = json.loads(dbt_runner.prepare_manifest().read_text(encoding="utf-8"))["nodes"]
    models = {id_: node for id_, node in nodes.items() if node["resource_type"] == "model"}
    tests = {id_: node for id_, node in nodes.items() if node["resource_type"] == "test"}
    return models | {id_: node for id_, node in tests.items() if models.keys() & set(node["depends_on"]["nodes"])}


def is_of_indicators(id_: str, models: Mapping[str, Node]) -> bool:
    """Return True for a model of the second phase, and for a data test that reads one."""
    node = models[id_]
    read = [id_] if node["resource_type"] == "model" else node["depends_on"]["nodes"]
    return any("/indicators/" in models[name]["original_file_path"] for name in read if name in models)


@pytest.fixture
def joins_by_model(demonstration: Home, models: dict[str, Node]) -> dict[str, Counter[str]]:
    """Joins without equality of every model and test, as compiled for the demonstration and planned over its tables."""
    compiled = demonstration.restricted / "dbt" / "compiled" / "rti"
    counts = count_builds.latest_counts(demonstration)
    assert counts is not None
    joins: dict[str, Counter[str]] = {}
    for database, in_phase in ((counts, False), (demonstration.warehouse / "indicators-restricted.duckdb", True)):
        with duckdb.connect() as connection:
            for module in (udf, pair_udf):
                module.register_functions(connection)
            connection.execute(f"attach '{database}' as warehouse (read_only)")
            for id_, node in models.items():
                if is_of_indicators(id_, models) is in_phase:
                    path = compiled / node["original_file_path"]
                    # Tests of keys and the like are in a folder of the page that declares them.
                    file = path if path.suffix == ".sql" else path / f"{node['name']}.sql"
                    joins[id_] = count_joins_without_equality(connection, file.read_text(encoding="utf-8"))
    return joins


def test_every_join_without_equality_has_a_reason(
    joins_by_model: dict[str, Counter[str]], models: dict[str, Node]
) -> None:
    assert joins_by_model.keys() == models.keys()
    assert {node["resource_type"] for node in models.values()} == {"model", "test"}
    assert not find_wrong(joins_by_model, models)


def test_every_kind_of_join_without_equality_is_detected() -> None:
    """Plant conditions that DuckDB cannot hash, and some that it can."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table a as select i as k, i % 3 as x from range(50000) t(i); create table b as from a"
        )
        for on in (
            "a.k < b.k",
            "a.k = b.k or a.x = b.x",
            "a.k >= b.k and a.x <= b.x",
            "position('' || a.k in '' || b.k) > 0",
        ):
            assert count_joins_without_equality(connection, f"select * from a inner join b on {on}").total() == 1, on
        one_sided = "select * from a left join b on {} and a.x = b.x"
        assert count_joins_without_equality(connection, "select * from a cross join b").total() == 1
        assert count_joins_without_equality(connection, one_sided.format("a.k = 5 and a.k = b.k")).total() == 1
        assert not count_joins_without_equality(connection, one_sided.format("case when a.k = 5 then a.k end = b.k"))
        assert not count_joins_without_equality(connection, "select * from a inner join b on a.k = b.k and a.x < b.x")


def test_missing_and_superfluous_reasons_are_reported(
    joins_by_model: dict[str, Counter[str]], models: dict[str, Node]
) -> None:
    """Plant joins without a reason, a reason without its join, and a view that does not count for its reader."""
    id_ = {node["name"]: model_id for model_id, node in models.items()}
    with_new_join = joins_by_model | {id_["mart_clearance"]: Counter({"a < b": 2})}
    assert find_wrong(with_new_join, models) == [
        "mart_clearance gives 0 reasons for joins without equality: a < b; a < b"
    ]
    in_test = joins_by_model | {id_["assert_region_is_sum_of_its_reporters"]: Counter({"list like code": 1})}
    assert find_wrong(in_test, models) == [
        "assert_region_is_sum_of_its_reporters gives 0 reasons for joins without equality: list like code"
    ]
    without_join = joins_by_model | {id_["mart_window"]: Counter[str]()}
    assert find_wrong(without_join, models) == ["mart_window gives 1 reasons for joins without equality: none"]
    register = models[id_["int_register_count"]]
    with_view = models | {
        id_["int_register_count"]: {**register, "config": {**register["config"], "materialized": "view"}}
    }
    in_reader = joins_by_model | {id_["int_offence_row"]: joins_by_model[id_["int_register_count"]]}
    assert find_wrong(in_reader, with_view) == []
    assert [message.split()[0] for message in find_wrong(in_reader, models)] == ["int_offence_row"]
