"""A warehouse that grew return by return is the warehouse that was built at once."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.core import clock
from pipelines.core.home import initialise_home
from pipelines.warehouse import dbt
from tests.support.warehouse.dbt_facts import World, at
from tests.support.warehouse.made_up_world import NOW, made_up_world


def rows(path: Path) -> dict[str, list[str]]:
    """All rows of all tables as sorted text."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [r[0] for r in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        return {n: sorted(map(str, connection.execute(f'select * from "{n}"').fetchall())) for n in names}


def part_of(world: World, submissions: set[str]) -> World:
    """The same world when only some of its returns had come."""
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


def test_growing_equals_building_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.freeze_time(at(NOW)):
        world = made_up_world()
        everything = [s["submission_id"] for s in world.submissions]
        home = initialise_home(tmp_path / "data", "demonstration")
        read: list[int] = []
        files = dbt.fact_files

        def watched(*arguments: object) -> dict[str, list[str]]:
            found = files(*arguments)  # type: ignore[arg-type]
            read.append(len(found["facts.observation"]) - 1)  # the first is the empty file that gives the columns
            return found

        monkeypatch.setattr(dbt, "fact_files", watched)
        for share in (len(everything) // 3, len(everything) - 1, len(everything)):
            part_of(world, set(everything[:share])).write(home)
            grown = dbt.build_counts(home)
        assert read == [len(everything) // 3, len(everything) - 1 - len(everything) // 3, 1]
        once = dbt.build_counts(home, full_refresh=True)
        assert read[-1] == len(everything)
        assert rows(grown) == rows(once)
