"""The declared tables of the warehouse and the models that make them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines.warehouse import dbt_runner
from pipelines.warehouse.contracts import read_source_contracts
from pipelines.warehouse.exported_tables import COUNTS, INDICATORS, ExportedTable, export_tables

MODELS = dbt_runner.PROJECT / "models"


def test_every_exported_table_of_counts_is_a_mart_a_code_list_or_declared() -> None:
    marts = {path.stem for path in (MODELS / "marts").glob("*.sql")}
    code_lists = {path.stem for path in (dbt_runner.PROJECT / "seeds" / "codelists").glob("*.csv")}
    declared = set(read_source_contracts("declared"))
    names = [table.name for table in COUNTS]
    assert {table.name for table in COUNTS if table.schema == "main"} <= marts | code_lists
    assert {table.name for table in COUNTS if table.schema == "declared"} == declared
    assert len(set(names)) == len(names)


def test_every_mart_of_indicators_is_declared_and_released() -> None:
    marts = {path.stem for path in (MODELS / "indicators").glob("mart_*.sql")}
    assert {table.name for table in INDICATORS if table.released_as} == marts
    assert all(table.is_public for table in INDICATORS if table.released_as)


def test_counts_and_revisions_are_not_public() -> None:
    inside = {table.name for table in COUNTS if not table.is_public}
    assert inside == {"mart_count", "mart_cooperation", "mart_revision", "mart_coherence_input"}


def test_export_writes_all_rows_in_the_order_of_all_columns(tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table mart_a as select * from (values (2, 'x'), (1, 'y'), (1, 'b')) as t(n, code)")
    export_tables(database, [ExportedTable("mart_a")], tmp_path)
    assert pl.read_parquet(tmp_path / "mart_a.parquet").rows() == [(1, "b"), (1, "y"), (2, "x")]
