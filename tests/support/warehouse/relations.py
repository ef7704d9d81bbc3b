"""Compare what another target of dbt has built with the DuckDB file of the same inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import duckdb

from pipelines.core.home import Home
from pipelines.refresh.counts import locate_indicator_inputs
from pipelines.warehouse import count_builds, dbt
from pipelines.warehouse.dbt_runner import NodeResult
from pipelines.warehouse.targets import IndicatorPart, Part

Outcomes = dict[str, tuple[str, int]]
"""Status and number of failures of each test by its name."""


def collect_outcomes(tests: Iterable[NodeResult]) -> Outcomes:
    return {test.name: (test.status, test.failures) for test in tests}


@dataclass(frozen=True)
class BuiltFile:
    """A DuckDB file of one part, and the outcomes of its tests."""

    file: Path
    tests: Outcomes


def build_files(home: Home) -> dict[Part, BuiltFile]:
    """Build the counts, and the indicators from restricted and from protected counts, as DuckDB files."""
    counts = dbt.build_counts(home, full_refresh=True)
    built: dict[Part, BuiltFile] = {"counts": BuiltFile(counts, collect_outcomes(count_builds.test_results(counts)))}
    parts: tuple[IndicatorPart, ...] = get_args(IndicatorPart)
    for part in parts:
        inputs = locate_indicator_inputs(home, part)
        tests: list[NodeResult] = []
        file = dbt.build_indicators(
            home,
            input=part,
            source=inputs.counts,
            target=home.warehouse / f"compared-{part}.duckdb",
            dimensions=inputs.dimensions,
            records=inputs.records,
            on_tests=tests.extend,
        )
        built[part] = BuiltFile(file, collect_outcomes(tests))
    return built


def list_relations(connection: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    """Return the tables and views of a database with their schemas."""
    query = """select schema_name || '.' || name from (
        select database_name, schema_name, table_name as name from duckdb_tables()
        union all select database_name, schema_name, view_name from duckdb_views() where not internal
    ) where database_name = ? and schema_name not in ('information_schema', 'pg_catalog')"""
    return {row[0] for row in connection.execute(query, [database]).fetchall()}


def compare_relations(connection: duckdb.DuckDBPyConnection, file: Path, names: set[str]) -> dict[str, str]:
    """Compare relations of the attached `warehouse` with those of a DuckDB file; return how each one that differs does.

    Columns, their types and every value of every row must be equal; the order of rows is not compared. The file is read
    through a connection of its own, because its views read relations of a database with the same name.
    """
    differences: dict[str, str] = {}
    with duckdb.connect() as of_file:
        of_file.execute(f"attach '{file}' as warehouse (read_only)")
        for name in sorted(names):
            schema, _, table = name.partition(".")
            relation = f'warehouse.{schema}."{table}"'
            columns = [side.execute(f"describe {relation}").fetchall() for side in (connection, of_file)]
            if [column[:2] for column in columns[0]] != [column[:2] for column in columns[1]]:
                differences[name] = "the columns"
                continue
            connection.register("rows_of_file", of_file.execute(f"from {relation}").to_arrow_table())
            queries = (
                f"from {relation} except all from rows_of_file",
                f"from rows_of_file except all from {relation}",
            )
            counts = [connection.execute(f"select count(*) from ({query})").fetchone() for query in queries]
            if counts != [(0,), (0,)]:
                examples = [connection.execute(f"{query} limit 1").fetchone() for query in queries]
                differences[name] = f"rows of the target alone and of the file alone: {counts}, such as {examples}"
            connection.unregister("rows_of_file")
    return differences
