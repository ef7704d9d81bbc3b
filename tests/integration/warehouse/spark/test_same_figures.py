"""Build both dbt phases of the demonstration on Spark and in DuckDB files, and compare every row."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import duckdb
import pytest

from pipelines.model.long_tables import FACT_SCHEMAS
from pipelines.warehouse.spark.builds import SPARK, SparkBuild, attach_build
from pipelines.warehouse.targets import Part
from tests.support.spark import WORKERS, Cluster
from tests.support.warehouse.relations import list_relations
from tests.support.warehouse.targets import (
    ComparedBuilds,
    assert_fault_is_found,
    assert_same_figures,
    build_demonstration,
    plant_fault,
)

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def comparison(
    built_home: Path, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> ComparedBuilds[SparkBuild]:
    return build_demonstration(SPARK, built_home, tmp_path_factory.mktemp("spark"))


def list_models(file: Path) -> set[str]:
    """Return the relations that dbt has made in a file; the others are views of the files that it read."""
    with duckdb.connect(str(file), read_only=True) as connection:
        relations = list_relations(connection, file.stem)
        read = connection.execute(
            "select schema_name || '.' || view_name from duckdb_views() where sql like '%read_parquet(%'"
        )
        return relations - {row[0] for row in read.fetchall()}


@pytest.mark.parametrize("part", get_args(Part))
def test_every_relation_is_equal_row_for_row(part: Part, comparison: ComparedBuilds[SparkBuild]) -> None:
    facts = {f"facts.{name}" for name in FACT_SCHEMAS} if part == "counts" else set()
    assert_same_figures(comparison, part, list_models(comparison.files[part].file) | facts)


def test_both_workers_have_computed(comparison: ComparedBuilds[SparkBuild], cluster: Cluster) -> None:
    tasks = cluster.count_tasks()
    assert len(tasks) == WORKERS and "driver" not in tasks
    assert min(tasks.values()) > 100


def test_one_changed_number_is_found(comparison: ComparedBuilds[SparkBuild], tmp_path: Path) -> None:
    """Plant a fault in one cell of a copy of the build."""
    shutil.copytree(comparison.builds["counts"].folder, tmp_path / "build")
    table = tmp_path / "build" / "main.db" / "mart_count"
    with duckdb.connect() as connection:
        connection.execute(f"create table cells as select * from read_parquet('{table}/*.parquet')")
        plant_fault(connection, "cells")
        shutil.rmtree(table)
        table.mkdir()
        connection.execute(f"copy cells to '{table / 'part-0.parquet'}' (format parquet)")
        attach_build(connection, tmp_path / "build")
        assert_fault_is_found(connection, comparison.files["counts"].file)
