"""A warehouse built return by return equals one built at once."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.core.home import Home
from pipelines.warehouse import dbt
from tests.support.warehouse.dbt_facts import World
from tests.support.warehouse.made_up_world import Counts, made_up_world


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


def test_incremental_builds_equal_a_full_build(home: Home, counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the first third of the returns again in spite of the newest build, and the others in two further builds."""
    world = made_up_world()
    everything = [s["submission_id"] for s in world.submissions]
    expected_rows = read_all_rows(counts.path)  # only the newest three builds are kept
    numbers_read: list[int] = []
    files = dbt.fact_files

    def record_fact_files(*arguments: object) -> dict[str, list[str]]:
        selected = files(*arguments)  # type: ignore[arg-type]
        numbers_read.append(len(selected["facts.observation"]) - 1)  # the first is the empty file that has the columns
        return selected

    monkeypatch.setattr(dbt, "fact_files", record_fact_files)
    first, last = len(everything) // 3, len(everything) - 1
    for number in (first, last, len(everything)):
        select_part(world, set(everything[:number])).write_files(home)
        grown = dbt.build_counts(home, full_refresh=number == first)
    assert numbers_read == [first, last - first, 1]
    assert read_all_rows(grown) == expected_rows
