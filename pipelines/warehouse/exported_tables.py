"""The tables of the warehouse that later steps read, and their export as Parquet.

Each table is declared once, in `COUNTS` (first dbt phase) or `INDICATORS` (second phase), with its later uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.duckdb_files import open_for_build


@dataclass(frozen=True)
class ExportedTable:
    """One exported table: `name` in `schema` of the DuckDB file, and the name of its Parquet file.

    `is_public`: the table has no counts and is copied next to the protected cells. `shapes_indicators`: the second
    phase reads it. `released_as`: its name in a release, sorted by the columns `order`; empty if it is not released.
    """

    name: str
    is_public: bool = False
    shapes_indicators: bool = False
    released_as: str = ""
    order: tuple[str, ...] = ()
    schema: str = "main"


_DECLARED = "declared"

COUNTS = (
    ExportedTable("mart_count"),
    ExportedTable("mart_revision"),
    ExportedTable("mart_coherence_input"),
    ExportedTable("mart_cooperation"),
    ExportedTable(
        "mart_cooperation_return", is_public=True, released_as="cooperation_return", order=("territory", "year")
    ),
    ExportedTable(
        "mart_cooperation_submission", is_public=True, released_as="cooperation_submission",
        order=("territory", "year", "quarter", "submission_id"),
    ),
    ExportedTable("mart_delivery", is_public=True),
    ExportedTable("mart_coverage", is_public=True, released_as="coverage"),
    ExportedTable("mart_return", is_public=True, released_as="submission", order=("received_at", "submission_id")),
    ExportedTable("dim_area", is_public=True, released_as="area", order=("sort", "area_kind", "area")),
    ExportedTable(
        "dim_population", is_public=True, shapes_indicators=True, released_as="population", order=("area", "year")
    ),
    ExportedTable("dim_period", is_public=True, shapes_indicators=True),
    ExportedTable("measure", is_public=True, shapes_indicators=True),
    ExportedTable("counting_card", is_public=True, shapes_indicators=True, released_as="counting_card",
          schema=_DECLARED),
    ExportedTable("dim_counting_card_of", is_public=True, shapes_indicators=True, released_as="counting_card_of"),
    ExportedTable("dim_card_pair", is_public=True, shapes_indicators=True, released_as="card_pair"),
    ExportedTable("card_comparability", is_public=True, shapes_indicators=True, schema=_DECLARED),
    ExportedTable("break", is_public=True, shapes_indicators=True, released_as="break", schema=_DECLARED),
    ExportedTable("metric", is_public=True, shapes_indicators=True, released_as="metric", order=("position",),
          schema=_DECLARED),
    ExportedTable("metric_operand", is_public=True, shapes_indicators=True, released_as="metric_operand",
          order=("metric", "side", "position"), schema=_DECLARED),
)  # fmt: skip
"""Tables of the first phase. Of `mart_count` and `mart_cooperation`, only protected cells are published."""

INDICATORS = (
    ExportedTable("cell"),  # provides the column `is_total` for the cells of a release
    *(
        ExportedTable(f"mart_{name}", is_public=True, released_as=name)
        for name in (
            "balance", "clearance", "cohort", "decomposition", "duration", "exit", "indicator", "pair", "pending",
            "pipeline", "region", "sentence", "stage_ratio", "window",
        )
    ),
)  # fmt: skip
"""Tables of the second phase; they are public if they were built from public input."""


def export_tables(database: Path, tables: Iterable[ExportedTable], folder: Path) -> None:
    """Write tables of a DuckDB file as Parquet files into an existing folder, sorted by all their columns."""
    with open_for_build(database, read_only=True) as connection:
        for table in tables:
            target = str(folder / f"{table.name}.parquet").replace("'", "''")
            connection.execute(
                f"""copy (select * from {table.schema}."{table.name}" order by all)
                to '{target}' (format parquet, compression zstd)"""
            )
