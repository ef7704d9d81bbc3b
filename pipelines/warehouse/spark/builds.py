"""Build the two phases of the dbt project on Spark, and open a completed build.

A build is a folder of Parquet files, one folder in it for each table. It is written under another name and renamed when
all models and tests have succeeded: a build that is under way or has failed is never read.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import clock
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home
from pipelines.core.settings import SettingsError, SparkSettings, read_settings
from pipelines.model.long_tables import FACT_SCHEMAS, empty_table
from pipelines.warehouse import dbt
from pipelines.warehouse.dbt_runner import NodeResult, WarehouseError, project_digest, run_dbt, select_tests
from pipelines.warehouse.spark.session import create_relations, open_session
from pipelines.warehouse.targets import BuildTarget, IndicatorInputs, IndicatorPart, Part

if TYPE_CHECKING:
    import duckdb

NOTE: Final = "build.json"
"""In the folder of a build: when it was made, from which project, and the results of its tests."""
_KEPT_BUILDS: Final = 3


@dataclass(frozen=True)
class SparkBuild:
    """A completed build: its folder, and the results of its tests and of all models."""

    folder: Path
    results: tuple[NodeResult, ...]

    @property
    def place(self) -> str:
        """The folder in words."""
        return str(self.folder)

    @property
    def tests(self) -> tuple[NodeResult, ...]:
        """The results of the tests."""
        return select_tests(self.results)


def build_counts(home: Home, *, as_of: datetime | None = None) -> SparkBuild:
    """Build the count marts on Spark from the facts of all accepted submissions.

    All facts are read; `as_of` shows what was known at a moment, by default now. Raises WarehouseError.
    """
    dbt.require_gathered(home)
    files = {**dbt.fact_files(home, None), **dbt.gathered_files(home)}
    return _build(home, "counts", as_of or clock.now(), {}, files, "counts")


def build_indicators(home: Home, part: IndicatorPart, inputs: IndicatorInputs) -> SparkBuild:
    """Build the indicators on Spark from restricted or from protected counts. Raises WarehouseError."""
    files = dbt.indicator_files(inputs.counts, inputs.dimensions, inputs.records)
    return _build(home, part, clock.now(), {"input": part}, files, "indicators")


def list_builds(part: Part) -> list[Path]:
    """Return the folders of the completed builds of a part, oldest first."""
    folder = data_folder() / part
    numbered = [path for path in folder.glob("*") if path.name.isdecimal()] if folder.is_dir() else []
    return sorted(numbered, key=lambda path: int(path.name))


@contextmanager
def open_build(part: Part) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection of DuckDB with a view of each table of the newest build of a part, in `warehouse`.

    Raises WarehouseError if there is none.
    """
    builds = list_builds(part)
    if not builds:
        raise WarehouseError(f"there is no completed build of the part {part} in {data_folder()}")
    with open_duckdb() as connection:
        attach_build(connection, builds[-1])
        connection.execute("use warehouse")
        yield connection


def attach_build(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Attach a database `warehouse` with a view of each table of a build, under the table's schema and name."""
    connection.execute("attach ':memory:' as warehouse")
    for schema in sorted(path for path in folder.glob("*.db") if path.is_dir()):
        connection.execute(f"create schema if not exists warehouse.{schema.stem}")
        for table in sorted(path for path in schema.iterdir() if path.is_dir()):
            files = str(table / "*.parquet").replace("'", "''")
            connection.execute(
                f"create view warehouse.{schema.stem}.\"{table.name}\" as select * from read_parquet('{files}')"
            )


def data_folder() -> Path:
    """Return the folder of all builds. Raises SettingsError if the setting is missing."""
    folder = read_settings(SparkSettings).spark_data
    if folder is None:
        raise SettingsError("RTI_SPARK_DATA is not set; name a folder that all machines of the cluster share")
    return folder


def _build(
    home: Home,
    part: Part,
    as_of: datetime,
    variables: Mapping[str, Any],
    files: Mapping[str, Sequence[str]],
    selector: str,
) -> SparkBuild:
    folder = data_folder() / part
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".building-", dir=folder))
    moment = as_of.strftime("%Y-%m-%d %H:%M:%S")
    arguments = ["--selector", selector, "--exclude-resource-type", "unit_test"]
    try:
        tables = aside / "tables"
        with open_session(tables) as session:
            create_relations(session, files, _write_empty_facts(aside))
            results = run_dbt(home, {**variables, "as_of": moment}, "build", arguments, target="spark")
        note = {"as_of": moment, "project": project_digest(), "tests": [asdict(test) for test in select_tests(results)]}
        (tables / NOTE).write_text(json.dumps(note, indent=1, sort_keys=True), encoding="utf-8")
        final = _give_number(tables, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    for old in list_builds(part)[:-_KEPT_BUILDS]:
        shutil.rmtree(old, ignore_errors=True)
    return SparkBuild(final, tuple(results))


def _write_empty_facts(folder: Path) -> dict[str, Path]:
    """Write a file without rows for each table of facts, with all its columns; Spark does not read hidden files."""
    paths = {name: folder / f"{name}.parquet" for name in FACT_SCHEMAS}
    for name, path in paths.items():
        empty_table(FACT_SCHEMAS[name]).write_parquet(path)
    return paths


def _give_number(built: Path, folder: Path) -> Path:
    """Rename a completed build to the next free number and return its folder."""
    while True:
        numbers = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()]
        final = folder / str(max(numbers, default=0) + 1)
        # A folder that another process has just made is not empty, so it cannot be replaced.
        with suppress(FileExistsError, OSError):
            return built.rename(final)
        if not final.exists():
            raise WarehouseError(f"the build could not be renamed to {final}; look at the rights and space of {folder}")


SPARK: Final = BuildTarget("spark", build_counts, build_indicators, open_build)
