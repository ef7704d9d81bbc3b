"""Build both dbt phases of the demonstration on Spark and in DuckDB files, and compare every row."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.refresh.spark import build_on_spark
from pipelines.warehouse.spark import builds
from pipelines.warehouse.spark.builds import Part, SparkBuild
from tests.support.demonstration import CLOCK, copy_home
from tests.support.spark import WORKERS, Cluster
from tests.support.warehouse.relations import (
    BuiltFile,
    build_files,
    collect_outcomes,
    compare_relations,
    list_relations,
)

pytestmark = pytest.mark.spark
Built = dict[Part, tuple[BuiltFile, SparkBuild]]
"""The DuckDB file of each part, and its build on Spark."""


@pytest.fixture(scope="module")
def home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("spark") / "home"
    copy_home(built_home, root)
    return open_home(root)


@pytest.fixture(scope="module")
def built(home: Home, cluster: Cluster) -> Built:
    """Build each part from the same inputs in a file and on Spark."""
    with clock.freeze_time(clock.parse_time(CLOCK)):
        files = build_files(home)
        completed = build_on_spark(home)
    return {part: (files[part], build) for part, build in completed.items()}


def list_models(file: Path) -> set[str]:
    """Return the relations that dbt has made in a file; the others are views of the files that it read."""
    with duckdb.connect(str(file), read_only=True) as connection:
        relations = list_relations(connection, file.stem)
        read = connection.execute(
            "select schema_name || '.' || view_name from duckdb_views() where sql like '%read_parquet(%'"
        )
        return relations - {row[0] for row in read.fetchall()}


@pytest.mark.parametrize(
    ("part", "fewest_marts", "fewest_tests"), [("counts", 15, 100), ("restricted", 10, 20), ("protected", 10, 20)]
)
def test_every_relation_is_equal_row_for_row(part: Part, fewest_marts: int, fewest_tests: int, built: Built) -> None:
    expected, build = built[part]
    models = list_models(expected.file)
    assert len([name for name in models if name.startswith("main.mart_")]) >= fewest_marts
    with builds.open_build(part) as connection:
        facts = {"facts.observation", "facts.case_event"} if part == "counts" else set()
        assert list_relations(connection, "warehouse") == models | facts
        assert compare_relations(connection, expected.file, models | facts) == {}
    tests = collect_outcomes(build.tests)
    assert tests == expected.tests
    assert len(tests) >= fewest_tests
    assert set(tests.values()) == {("pass", 0)}


def test_both_workers_have_computed(built: Built, cluster: Cluster) -> None:
    tasks = cluster.count_tasks()
    assert len(tasks) == WORKERS and "driver" not in tasks
    assert min(tasks.values()) > 100


def test_one_changed_number_is_found(built: Built, tmp_path: Path) -> None:
    """Plant a fault in one cell of a copy of the build."""
    expected, build = built["counts"]
    shutil.copytree(build.folder, tmp_path / "build")
    table = tmp_path / "build" / "main.db" / "mart_count"
    with duckdb.connect() as connection:
        connection.execute(f"create table cells as select * from read_parquet('{table}/*.parquet')")
        connection.execute(
            """update cells set value = value + 1
            where cell_id = (select min(cell_id) from cells where value is not null)"""
        )
        shutil.rmtree(table)
        table.mkdir()
        connection.execute(f"copy cells to '{table / 'part-0.parquet'}' (format parquet)")
        builds.attach_build(connection, tmp_path / "build")
        differences = compare_relations(connection, expected.file, {"main.mart_count", "main.mart_return"})
    assert list(differences) == ["main.mart_count"]
    assert differences["main.mart_count"].startswith(
        "rows of the target alone and of the file alone: [(1,), (1,)], such as"
    )
