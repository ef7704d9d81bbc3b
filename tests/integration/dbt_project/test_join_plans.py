"""No model compares every row of one table with every row of another, unless it says why.

A join without a condition of equality (or with an outer join's condition on one side only beside it) is quadratic: over
two quarters nobody sees it, over ten years it was nine tenths of a model. Where one side is a handful of rows it is
right, and the model's page says so under `meta: joins_without_equality`, one reason a join.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from pipelines.core.home import Home
from pipelines.warehouse import dbt
from pipelines.warehouse.metrics import pair_udf, udf

QUADRATIC = ("BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN", "CROSS_PRODUCT", "PIECEWISE_MERGE_JOIN", "IE_JOIN")
"""Operators of joins that no equality drives. The last two sort first; which is taken hangs on the sizes."""

Node = Mapping[str, Any]


def without_equality(connection: duckdb.DuckDBPyConnection, sql: str) -> Counter[str]:
    """Conditions of the joins in the plan of `sql` that no equality drives, with how often each stands there."""
    plans = json.loads(connection.execute(f"explain (format json) {sql}").fetchall()[0][1])

    def walk(node: Node) -> Iterator[str]:
        if node["name"].strip() in QUADRATIC:
            told = node.get("extra_info", {})
            yield str(told.get("Condition") or told.get("Conditions") or node["name"].strip())
        for child in node["children"]:
            yield from walk(child)

    return Counter(condition for plan in plans for condition in walk(plan))


def reasons(node: Node) -> list[str]:
    return list((node["config"].get("meta") or {}).get("joins_without_equality", []))


def wrong(found: Mapping[str, Counter[str]], models: Mapping[str, Node]) -> list[str]:
    """Models whose joins without equality are more or fewer than the reasons they give; `found` by id of the model.

    A view is worked out inside whoever reads it: its joins are its own and not theirs.
    """

    def views(id_: str) -> set[str]:
        read = {one for one in models[id_]["depends_on"]["nodes"] if one in found}
        direct = {one for one in read if models[one]["config"]["materialized"] == "view"}
        return direct.union(*(views(one) for one in direct))

    told = []
    for id_, joins in found.items():
        own = joins - sum((found[one] for one in views(id_)), Counter[str]())
        given = reasons(models[id_])
        if own.total() != len(given):
            joined = "; ".join(own.elements()) or "none"
            told.append(f"{models[id_]['name']} gives {len(given)} reasons for joins without equality: {joined}")
    return told


@pytest.fixture(scope="module")
def models() -> dict[str, Node]:
    nodes = json.loads(dbt.prepare_manifest().read_text(encoding="utf-8"))["nodes"]
    return {id_: node for id_, node in nodes.items() if node["resource_type"] == "model"}


@pytest.fixture
def found(demonstration: Home, models: dict[str, Node]) -> dict[str, Counter[str]]:
    """The joins of every model, as compiled for the demonstration and planned over its tables."""
    compiled = demonstration.restricted / "dbt" / "compiled" / "rti"
    counts = dbt.latest_counts(demonstration)
    assert counts is not None
    joins: dict[str, Counter[str]] = {}
    for database, in_phase in ((counts, False), (demonstration.warehouse / "indicators-restricted.duckdb", True)):
        with duckdb.connect() as connection:
            for module in (udf, pair_udf):
                module.register_functions(connection)
            connection.execute(f"attach '{database}' as warehouse (read_only)")
            for id_, node in models.items():
                if ("/indicators/" in node["original_file_path"]) is in_phase:
                    sql = (compiled / node["original_file_path"]).read_text(encoding="utf-8")
                    joins[id_] = without_equality(connection, sql)
    return joins


def test_a_join_without_equality_has_a_reason(found: dict[str, Counter[str]], models: dict[str, Node]) -> None:
    assert found.keys() == models.keys()
    assert not wrong(found, models)


def test_each_kind_of_such_a_join_is_seen() -> None:
    """Planted: conditions that DuckDB cannot hash, beside those that it can."""
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
            assert without_equality(connection, f"select * from a inner join b on {on}").total() == 1, on
        one_sided = "select * from a left join b on {} and a.x = b.x"
        assert without_equality(connection, "select * from a cross join b").total() == 1
        assert without_equality(connection, one_sided.format("a.k = 5 and a.k = b.k")).total() == 1
        assert not without_equality(connection, one_sided.format("case when a.k = 5 then a.k end = b.k"))
        assert not without_equality(connection, "select * from a inner join b on a.k = b.k and a.x < b.x")


def test_a_reason_too_few_or_too_many_is_told(found: dict[str, Counter[str]], models: dict[str, Node]) -> None:
    """Planted: a join that nobody declared, a reason whose join is gone, and a view that is not held to its reader."""
    id_ = {node["name"]: one for one, node in models.items()}
    new = found | {id_["mart_clearance"]: Counter({"a < b": 2})}
    assert wrong(new, models) == ["mart_clearance gives 0 reasons for joins without equality: a < b; a < b"]
    gone = found | {id_["mart_window"]: Counter[str]()}
    assert wrong(gone, models) == ["mart_window gives 1 reasons for joins without equality: none"]
    assert found[id_["int_offence_row"]] and not reasons(models[id_["int_offence_row"]])
