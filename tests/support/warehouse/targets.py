"""Build the demonstration on a target of dbt outside the home and in DuckDB files, and compare all figures."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic

import duckdb

from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.refresh.target_builds import build_on_target
from pipelines.warehouse.targets import B, BuildTarget, Part
from tests.support.demonstration import CLOCK, copy_home
from tests.support.warehouse.relations import (
    BuiltFile,
    build_files,
    collect_outcomes,
    compare_relations,
    list_relations,
)

_FEWEST: Final[Mapping[Part, tuple[int, int]]] = {"counts": (15, 100), "restricted": (10, 20), "protected": (10, 20)}
"""The least numbers of marts and of tests of each part: a comparison of nothing must not pass."""


@dataclass(frozen=True)
class ComparedBuilds(Generic[B]):
    """The parts of one home, each as a DuckDB file and as a build of a target."""

    home: Home
    target: BuildTarget[B]
    files: Mapping[Part, BuiltFile]
    builds: Mapping[Part, B]


def build_demonstration(target: BuildTarget[B], built_home: Path, folder: Path) -> ComparedBuilds[B]:
    """Build each part from the same inputs in a file and on a target, in a copy of a home of the demonstration."""
    root = folder / "home"
    copy_home(built_home, root)
    home = open_home(root)
    with clock.freeze_time(clock.parse_time(CLOCK)):
        return ComparedBuilds(home, target, build_files(home), build_on_target(home, target))


def assert_same_figures(
    compared: ComparedBuilds[B], part: Part, relations: Set[str], *, own_relations: Set[str] = frozenset()
) -> None:
    """Assert that a build has exactly these relations of the file, row for row, and the same outcomes of tests.

    `own_relations` are those of the target that no file has; they are not compared.
    """
    fewest_marts, fewest_tests = _FEWEST[part]
    marts = [name for name in relations if name.startswith("main.mart_")]
    assert len(marts) >= fewest_marts, f"only {len(marts)} marts would be compared"
    file = compared.files[part]
    with compared.target.open_build(part) as connection:
        difference = (list_relations(connection, "warehouse") - own_relations) ^ relations
        assert not difference, f"in the build or in the file only: {sorted(difference)}"
        differences = compare_relations(connection, file.file, set(relations))
        assert not differences, differences
    tests = collect_outcomes(compared.builds[part].tests)
    differing = {name for name, _ in tests.items() ^ file.tests.items()}
    assert not differing, {name: (tests.get(name), file.tests.get(name)) for name in differing}
    assert len(tests) >= fewest_tests, f"only {len(tests)} tests were run"
    failed = {name: outcome for name, outcome in tests.items() if outcome != ("pass", 0)}
    assert not failed, failed


def plant_fault(connection: duckdb.DuckDBPyConnection, cells: str) -> None:
    """Add 1 to the value of one cell of a table with the rows of `mart_count`."""
    connection.execute(
        f"""update {cells} set value = value + 1
        where cell_id = (select min(cell_id) from {cells} where value is not null)"""
    )


def assert_fault_is_found(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Assert that a comparison with the file of the counts names one changed row of `mart_count`, and no other mart."""
    differences = compare_relations(connection, file, {"main.mart_count", "main.mart_return"})
    assert list(differences) == ["main.mart_count"], differences
    words = "rows of the target alone and of the file alone: [(1,), (1,)], such as"
    assert differences["main.mart_count"].startswith(words), differences
