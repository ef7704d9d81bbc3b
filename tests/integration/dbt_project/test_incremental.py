"""A warehouse built return by return equals one built at once."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from pipelines.core.home import Home
from pipelines.warehouse import dbt
from pipelines.warehouse.dbt_runner import WarehouseError
from tests.support.warehouse.dbt_facts import World
from tests.support.warehouse.made_up_world import made_up_world

WITHDRAWN_AT = "2026-02-27T10:00:00Z"


def read_all_rows(path: Path) -> dict[str, list[str]]:
    """Read all rows of all tables as sorted text."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [r[0] for r in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        return {n: sorted(map(str, connection.execute(f'select * from "{n}"').fetchall())) for n in names}


def select_part(world: World, submissions: set[str]) -> World:
    """Return the same world with only some of its returns."""
    return World(
        territories=world.territories,
        jurisdictions=world.jurisdictions,
        forms=world.forms,
        calendar=world.calendar,
        counting_rules=world.counting_rules,
        counts_sources=world.counts_sources,
        populations=world.populations,
        submissions=[s for s in world.submissions if s["submission_id"] in submissions],
        blocks=[b for b in world.blocks if b["submission_id"] in submissions],
        observations={k: v for k, v in world.observations.items() if k in submissions},
        events={k: v for k, v in world.events.items() if k in submissions},
    )


def withdraw_randomly(world: World, chance: random.Random) -> World:
    """Return the world with a tenth of the returns that count withdrawn."""
    replaced = {block["submission_id"] for block in world.blocks if block["superseded_at"]}
    counting = sorted({block["submission_id"] for block in world.blocks} - replaced)
    withdrawn = set(chance.sample(counting, len(counting) // 10))
    changed = select_part(world, {s["submission_id"] for s in world.submissions})
    changed.blocks = [
        {**block, "superseded_at": WITHDRAWN_AT} if block["submission_id"] in withdrawn else block
        for block in world.blocks
    ]
    return changed


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))])
def test_incremental_builds_equal_a_full_build(home: Home, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Read returns in a random order, a third first; then the rest, corrections among them, and withdraw some."""
    world, chance = made_up_world(), random.Random(seed)
    everything = [s["submission_id"] for s in world.submissions]
    chance.shuffle(everything)
    numbers_read: list[int] = []
    files = dbt.fact_files

    def record_fact_files(*arguments: object) -> dict[str, list[str]]:
        selected = files(*arguments)  # type: ignore[arg-type]
        numbers_read.append(len(selected["facts.observation"]) - 1)  # the first is the empty file that has the columns
        return selected

    monkeypatch.setattr(dbt, "fact_files", record_fact_files)
    third = len(everything) // 3
    select_part(world, set(everything[:third])).write_files(home)
    dbt.build_counts(home, full_refresh=True)
    world = withdraw_randomly(world, chance)
    world.write_files(home)
    grown = read_all_rows(dbt.build_counts(home))
    assert numbers_read == [third, len(everything) - third]
    assert grown == read_all_rows(dbt.build_counts(home, full_refresh=True))
    assert any(block["superseded_at"] == WITHDRAWN_AT for block in world.blocks)


def test_new_return_with_a_row_twice_fails_its_build(home: Home) -> None:
    """Rows of returns that the copied build had already are not tested again; those of new ones are."""
    world = made_up_world()
    new = next(identity for identity, rows in world.observations.items() if rows)
    select_part(world, {s["submission_id"] for s in world.submissions} - {new}).write_files(home)
    dbt.build_counts(home, full_refresh=True)
    (home.facts / "observation" / f"{new}.parquet").unlink()  # the home of the fixture has it
    world.observations[new] = [*world.observations[new], world.observations[new][0]]
    world.write_files(home)
    with pytest.raises(WarehouseError, match="fct_observation_key"):
        dbt.build_counts(home)
