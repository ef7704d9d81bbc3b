"""Build both dbt phases of the demonstration in the lake and in DuckDB files, and compare every row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import duckdb
import pytest

from pipelines.warehouse.dbt_runner import run_dbt
from pipelines.warehouse.lake.builds import LAKE, LakeBuild, open_build
from pipelines.warehouse.lake.connection import open_part
from pipelines.warehouse.targets import Part
from tests.support.warehouse.relations import compare_relations, list_relations
from tests.support.warehouse.targets import (
    ComparedBuilds,
    assert_fault_is_found,
    assert_same_figures,
    build_demonstration,
    plant_fault,
)

pytestmark = pytest.mark.lake
OWN_RELATIONS = {"facts.submission", "control.build"}


@pytest.fixture(scope="module")
def comparison(
    built_home: Path, lake: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> ComparedBuilds[LakeBuild]:
    return build_demonstration(LAKE, built_home, tmp_path_factory.mktemp("lake"))


@pytest.mark.parametrize("part", get_args(Part))
def test_every_relation_is_equal_row_for_row(part: Part, comparison: ComparedBuilds[LakeBuild]) -> None:
    file = comparison.files[part].file
    with duckdb.connect(str(file), read_only=True) as connection:
        relations = list_relations(connection, file.stem)
    assert_same_figures(comparison, part, relations, own_relations=OWN_RELATIONS)


def test_one_changed_number_is_found(comparison: ComparedBuilds[LakeBuild]) -> None:
    """Plant a fault in one cell of the lake; the completed build, which readers see, is unchanged."""
    file = comparison.files["counts"].file
    with open_part("counts") as connection:
        plant_fault(connection, "main.mart_count")
        assert_fault_is_found(connection, file)
    with open_build("counts") as connection:
        assert compare_relations(connection, file, {"main.mart_count"}) == {}


def test_unit_tests_of_models_pass_in_the_lake(comparison: ComparedBuilds[LakeBuild]) -> None:
    selection = ["--select", "test_type:unit", "--exclude", "path:models/indicators"]
    results = run_dbt(comparison.home, {"part": "counts"}, "test", selection, target="lake")
    assert len(results) > 20
    assert {result.status for result in results} == {"pass"}
