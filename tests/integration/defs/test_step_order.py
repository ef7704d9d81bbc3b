"""Tests of the order of steps in a run: the marts of the draft come before whatever they do not need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg

DRAFT_MART = dg.AssetKey(["public", "mart_indicator"])


def list_priorities(assets: Iterable[dg.AssetsDefinition]) -> dict[str, int]:
    """Return the priority of each step."""
    return {definition.op.name: int(definition.op.tags.get("dagster/priority", 0)) for definition in assets}


def find_needed_steps(assets: Iterable[dg.AssetsDefinition], mart: dg.AssetKey) -> set[str]:
    """Return the steps that build an asset or anything that it is built from."""
    makers = {key: definition for definition in assets for key in definition.keys}
    needed, waiting = set[str](), [mart]
    while waiting:
        maker = makers.get(waiting.pop())
        if maker is not None and maker.op.name not in needed:
            needed.add(maker.op.name)
            waiting += [key for keys in maker.asset_deps.values() for key in keys]
    return needed


def find_delays(priorities: Mapping[str, int], needed: set[str]) -> set[str]:
    """Return the steps that may run before a needed one although it does not need them."""
    return {name for name, priority in priorities.items() if name not in needed and priority >= 0}


def test_steps_that_draft_marts_do_not_need_run_after_them() -> None:
    from pipelines.definitions import defs

    repository = defs().get_repository_def()
    assets = list({id(definition): definition for definition in repository.assets_defs_by_key.values()}.values())
    priorities, needed = list_priorities(assets), find_needed_steps(assets, DRAFT_MART)
    assert {"build_counts", "protected_cells", "build_public_indicators"} <= needed
    assert "build_restricted_indicators" not in needed
    assert {priorities[name] for name in needed} == {0}
    assert find_delays(priorities, needed) == set()
    assert [name for name in priorities if priorities[name] == min(priorities.values())] == ["release_draft"]


def test_find_delays_names_untagged_step() -> None:
    @dg.asset
    def first_mart() -> None: ...

    @dg.asset(deps=[first_mart])
    def side_step() -> None: ...

    @dg.asset(deps=[first_mart])
    def last_draft() -> None: ...

    assets = [first_mart, side_step, last_draft]
    needed = find_needed_steps(assets, dg.AssetKey("last_draft"))
    assert needed == {"first_mart", "last_draft"}
    assert find_delays(list_priorities(assets), needed) == {"side_step"}
