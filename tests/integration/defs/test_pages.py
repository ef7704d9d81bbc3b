"""The data behind the Dagster UI: partitions by the clock, checks on the right assets, a description of each asset."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import freeze_time, in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

Ask = Callable[[str], Any]
NODES = """{ assetNodes {
  assetKey { path } description groupName kinds isPartitioned
  owners { ... on TeamAssetOwner { team } }
  assetChecksOrError { ... on AssetChecks { checks { name blocking description } } }
} }"""
PARTITIONS = '{ assetNodeOrError(assetKey: {path: ["returns", "AL"]}) { ... on AssetNode { partitionKeys } } }'


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Query a server whose code is loaded once."""
    # 0.7 s of processor time, in each process that collects this file.
    from dagster_graphql.schema import create_schema
    from graphql import graphql_sync

    origin = LoadableTargetOrigin(executable_path=sys.executable, module_name="pipelines.definitions")
    schema = create_schema().graphql_schema
    folder = str(tmp_path_factory.mktemp("instance"))
    with dg.DagsterInstance.local_temp(folder) as instance, in_process_test_workspace(instance, origin) as context:

        def run_query(query: str) -> Any:
            result = graphql_sync(schema, query, context_value=context)
            assert not result.errors, result.errors
            return result.data

        yield run_query


@pytest.fixture(scope="module")
def nodes(ask: Ask) -> dict[str, Any]:
    return {"/".join(node["assetKey"]["path"]): node for node in ask(NODES)["assetNodes"]}


def list_checks(node: Any) -> dict[str, bool]:
    return {check["name"]: check["blocking"] for check in node["assetChecksOrError"]["checks"]}


@pytest.mark.sampled(turn=0)
def test_running_server_sees_the_next_quarter_when_it_begins(ask: Ask) -> None:
    keys = []
    for moment in (datetime(2030, 6, 30, 23, 59, tzinfo=UTC), datetime(2030, 7, 1, 0, 1, tzinfo=UTC)):
        with freeze_time(moment):
            keys.append(ask(PARTITIONS)["assetNodeOrError"]["partitionKeys"])
    assert [last for *_, last in keys] == ["2030-04-01", "2030-07-01"]


def test_checks_are_on_the_assets_that_they_test(nodes: dict[str, Any]) -> None:
    suites = {"cooperation_suite": False, "justice_suite": False, "victims_suite": False}
    assert list_checks(nodes["returns/AL"]) == {"accepted_without_error": False, **suites, "requests_suite": False}
    assert list_checks(nodes["returns/HR"]) == {"accepted_without_error": False, **suites, "register_suite": False}
    assert list_checks(nodes["gathered"]) == {"facts_match_ledger": True}
    assert list_checks(nodes["protected_cells"]) == {"nothing_disclosed": True}
    assert list_checks(nodes["counts/mart_count"])["mart_count_key"] is True
    assert list_checks(nodes["counts/code_lists"])["offence_key"] is True
    for phase in ("restricted", "public"):
        assert list_checks(nodes[f"{phase}/mart_indicator"]) and "record_lag_key" in list_checks(
            nodes[f"{phase}/int_quotient"]
        )
    described = [check for node in nodes.values() for check in node["assetChecksOrError"]["checks"]]
    assert len(described) > 200 and all(check["description"] for check in described)


def test_every_asset_has_description_group_kind_and_owner(nodes: dict[str, Any]) -> None:
    assert [
        name for name, node in nodes.items() if not (node["description"] and node["groupName"] and node["kinds"])
    ] == []
    of_territories = {name for name, node in nodes.items() if node["isPartitioned"]}
    assert {name.split("/")[0] for name in of_territories} == {"returns"} and len(of_territories) == 7
    owners = {name: [owner["team"] for owner in node["owners"]] for name, node in nodes.items()}
    assert {name for name, teams in owners.items() if teams != ["regional-secretariat"]} == of_territories
