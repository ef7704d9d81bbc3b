"""Build both dbt phases of the demonstration in the lake and in DuckDB files, and compare every row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.refresh.counts import protected_folder, records_folder
from pipelines.refresh.lake import build_lake
from pipelines.warehouse import count_builds, dbt
from pipelines.warehouse.dbt_runner import NodeResult, run_dbt
from pipelines.warehouse.lake import builds
from pipelines.warehouse.lake.connection import Part, open_part
from tests.support.demonstration import CLOCK, copy_home
from tests.support.lake import compare_relations, list_relations

pytestmark = pytest.mark.lake
Outcomes = dict[str, tuple[str, int]]


@dataclass(frozen=True)
class Built:
    """A part of the lake, the DuckDB file with the same relations, and the outcomes of the tests in both."""

    file: Path
    tests_of_file: Outcomes
    tests_of_lake: Outcomes


@pytest.fixture(scope="module")
def home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("lake") / "home"
    copy_home(built_home, root)
    return open_home(root)


def collect_outcomes(tests: Iterable[NodeResult]) -> Outcomes:
    return {test.name: (test.status, test.failures) for test in tests}


@pytest.fixture(scope="module")
def built(home: Home, lake: Mapping[str, str]) -> dict[Part, Built]:
    """Build each part from the same inputs in a file and in the lake."""
    with clock.freeze_time(clock.parse_time(CLOCK)):
        counts = dbt.build_counts(home, full_refresh=True)
        files, tests = {"counts": counts}, {"counts": count_builds.test_results(counts)}
        tables, protected = count_builds.tables_folder(counts), protected_folder(home)
        for part, source, folder, records in (
            ("restricted", tables / "mart_count.parquet", tables, "restricted"),
            ("protected", protected / "cells.parquet", protected, "public"),
        ):
            collected: list[NodeResult] = []
            files[part] = dbt.build_indicators(
                home,
                input="restricted" if part == "restricted" else "protected",
                source=source,
                target=home.warehouse / f"compared-{part}.duckdb",
                dimensions=folder,
                records=records_folder(home) / records,
                on_tests=collected.extend,
            )
            tests[part] = tuple(collected)
        completed = build_lake(home)
    return {
        part: Built(files[part], collect_outcomes(tests[part]), collect_outcomes(build.tests))
        for part, build in completed.items()
    }


@pytest.mark.parametrize(
    ("part", "fewest_marts", "fewest_tests"), [("counts", 15, 100), ("restricted", 10, 20), ("protected", 10, 20)]
)
def test_every_relation_is_equal_row_for_row(
    part: Part, fewest_marts: int, fewest_tests: int, built: dict[Part, Built]
) -> None:
    file = built[part].file
    with builds.open_build(part) as connection:
        connection.execute(f"attach '{file}' as other (read_only)")
        relations = list_relations(connection, "other")
        connection.execute("detach other")
        assert len([name for name in relations if name.startswith("main.mart_")]) >= fewest_marts
        assert relations == list_relations(connection, "warehouse") - {"facts.submission", "control.build"}
        assert compare_relations(connection, file, relations) == {}
    assert built[part].tests_of_lake == built[part].tests_of_file
    assert len(built[part].tests_of_lake) >= fewest_tests
    assert set(built[part].tests_of_lake.values()) == {("pass", 0)}


def test_one_changed_number_is_found(built: dict[Part, Built]) -> None:
    """Plant a fault in one cell of the lake; the completed build, which readers see, is unchanged."""
    file = built["counts"].file
    with open_part("counts") as connection:
        connection.execute(
            """update main.mart_count set value = value + 1
            where cell_id = (select min(cell_id) from main.mart_count where value is not null)"""
        )
        differences = compare_relations(connection, file, {"main.mart_count", "main.mart_return"})
    assert list(differences) == ["main.mart_count"]
    assert differences["main.mart_count"].startswith(
        "rows of the lake alone and of the file alone: [(1,), (1,)], such as"
    )
    with builds.open_build("counts") as connection:
        assert compare_relations(connection, file, {"main.mart_count"}) == {}


@pytest.mark.usefixtures("built")
def test_unit_tests_of_models_pass_in_the_lake(home: Home) -> None:
    results = run_dbt(
        home, {"part": "counts"}, "test", ["--select", "test_type:unit", "--exclude", "path:models/indicators"],
        target="lake",
    )  # fmt: skip
    assert len(results) > 20
    assert {result.status for result in results} == {"pass"}
