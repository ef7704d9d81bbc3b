"""Build both dbt phases of the demonstration in the lake and in DuckDB files, and compare every row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipelines.core import clock
from pipelines.core.home import Home, open_home
from pipelines.refresh.lake import build_lake
from pipelines.warehouse.dbt_runner import run_dbt
from pipelines.warehouse.lake import builds
from pipelines.warehouse.lake.connection import Part, open_part
from tests.support.demonstration import CLOCK, copy_home
from tests.support.warehouse.relations import (
    BuiltFile,
    Outcomes,
    build_files,
    collect_outcomes,
    compare_relations,
    list_relations,
)

pytestmark = pytest.mark.lake
Built = dict[Part, tuple[BuiltFile, Outcomes]]
"""The DuckDB file of each part of the lake, and the outcomes of the tests in the lake."""


@pytest.fixture(scope="module")
def home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("lake") / "home"
    copy_home(built_home, root)
    return open_home(root)


@pytest.fixture(scope="module")
def built(home: Home, lake: Mapping[str, str]) -> Built:
    """Build each part from the same inputs in a file and in the lake."""
    with clock.freeze_time(clock.parse_time(CLOCK)):
        files = build_files(home)
        completed = build_lake(home)
    return {part: (files[part], collect_outcomes(build.tests)) for part, build in completed.items()}


@pytest.mark.parametrize(
    ("part", "fewest_marts", "fewest_tests"), [("counts", 15, 100), ("restricted", 10, 20), ("protected", 10, 20)]
)
def test_every_relation_is_equal_row_for_row(part: Part, fewest_marts: int, fewest_tests: int, built: Built) -> None:
    expected, tests = built[part]
    with builds.open_build(part) as connection:
        connection.execute(f"attach '{expected.file}' as other (read_only)")
        relations = list_relations(connection, "other")
        connection.execute("detach other")
        assert len([name for name in relations if name.startswith("main.mart_")]) >= fewest_marts
        assert relations == list_relations(connection, "warehouse") - {"facts.submission", "control.build"}
        assert compare_relations(connection, expected.file, relations) == {}
    assert tests == expected.tests
    assert len(tests) >= fewest_tests
    assert set(tests.values()) == {("pass", 0)}


def test_one_changed_number_is_found(built: Built) -> None:
    """Plant a fault in one cell of the lake; the completed build, which readers see, is unchanged."""
    file = built["counts"][0].file
    with open_part("counts") as connection:
        connection.execute(
            """update main.mart_count set value = value + 1
            where cell_id = (select min(cell_id) from main.mart_count where value is not null)"""
        )
        differences = compare_relations(connection, file, {"main.mart_count", "main.mart_return"})
    assert list(differences) == ["main.mart_count"]
    assert differences["main.mart_count"].startswith(
        "rows of the target alone and of the file alone: [(1,), (1,)], such as"
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
