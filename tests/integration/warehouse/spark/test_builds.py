"""Builds on Spark of a made-up world: unit tests of models, a failed build, and what Spark refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.core.settings import SettingsError
from pipelines.warehouse import dbt
from pipelines.warehouse.dbt_runner import WarehouseError, run_dbt
from pipelines.warehouse.spark import builds
from pipelines.warehouse.spark.session import create_relations, open_session
from tests.support.spark import Cluster
from tests.support.warehouse.dbt_facts import parse_moment
from tests.support.warehouse.made_up_world import NOW, made_up_world

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("cluster")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with clock.freeze_time(parse_moment(NOW)):
        home = initialise_home(tmp_path_factory.mktemp("spark") / "data", "demonstration")
        made_up_world().write_files(home)
        yield home


def test_unit_tests_of_models_pass_on_spark(home: Home, tmp_path: Path) -> None:
    """Run them when the models are built: that of an incremental model takes the columns of its table."""
    files = {**dbt.fact_files(home, None), **dbt.gathered_files(home)}
    home.warehouse.mkdir(parents=True, exist_ok=True)
    variables = {"as_of": clock.now().strftime("%Y-%m-%d %H:%M:%S")}
    with open_session(tmp_path / "tables") as session:
        create_relations(session, files, builds._write_empty_facts(tmp_path))
        built = ["--selector", "counts", "--exclude-resource-type", "unit_test"]
        run_dbt(home, variables, "build", built, target="spark")
        selected = ["--select", "test_type:unit", "--exclude", "path:models/indicators"]
        tests = run_dbt(home, variables, "test", selected, target="spark")
    assert len(tests) > 20 and {result.kind for result in tests} == {"unit_test"}
    assert {result.status for result in tests} == {"pass"}


def test_a_failed_build_is_never_read_and_leaves_no_files(home: Home, cluster: Cluster) -> None:
    path = home.gathered / "block.parquet"
    content = path.read_bytes()
    before = builds.list_builds("counts")
    pl.concat([pl.read_parquet(path)] * 2).write_parquet(path)
    try:
        with pytest.raises(WarehouseError, match="of the warehouse's models or tests failed"):
            builds.build_counts(home)
    finally:
        path.write_bytes(content)
    assert builds.list_builds("counts") == before
    assert not list((builds.data_folder() / "counts").glob(".building-*"))


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("select 'a' as code", "cannot find data for the output column"),
        ("select 'a' as code, 1 as amount, 2 as more", "more"),
        ("select 'a' as code, 1.5e0 as amount", "amount"),
        ("select 'a' as code, 'b' as amount", "amount"),
        ("select 'a' as code, cast('b' as int) as amount", "CAST_INVALID_INPUT"),
    ],
)
def test_a_table_takes_the_columns_and_types_of_its_contract_only(query: str, error: str, tmp_path: Path) -> None:
    from pyspark.errors import PySparkException

    with open_session(tmp_path) as session:
        session.sql("create table stated (code string, amount int) using parquet")
        session.sql("insert into stated by name select 'a' as code, 1 as amount")
        with pytest.raises(PySparkException, match=f"(?i){error}"):
            session.sql(f"insert into stated by name {query}")
        assert session.table("stated").count() == 1


def test_without_a_build_or_a_folder_the_error_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RTI_SPARK_DATA", str(tmp_path))
    with (
        pytest.raises(WarehouseError, match="no completed build of the part protected"),
        builds.open_build("protected"),
    ):
        pytest.fail("a build that was never made was opened")
    monkeypatch.delenv("RTI_SPARK_DATA")
    with pytest.raises(SettingsError, match="RTI_SPARK_DATA is not set; name a folder"):
        builds.list_builds("counts")
