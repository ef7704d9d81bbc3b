"""Write what was approved about the law to gathered tables, one for each kind of proposals, without accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from pipelines.ledger import facts
from pipelines.submissions import assessments, provision_statements, treaty_statements

TABLES: Final[Mapping[str, tuple[Mapping[str, type], Callable[[sa.Engine, Path], int]]]] = {
    assessments.TABLE: (assessments.EXPORTED, assessments.export_assessments),
    treaty_statements.TABLE: (treaty_statements.EXPORTED, treaty_statements.export_statements),
    provision_statements.TABLE: (provision_statements.EXPORTED, provision_statements.export_statements),
}
"""Columns of each table, and the function that writes it."""


def export_law(engine: sa.Engine, folder: Path) -> dict[str, int]:
    """Write all tables and return the number of rows of each."""
    return {name: export(engine, folder / f"{name}.parquet") for name, (_, export) in TABLES.items()}


def write_empty(folder: Path) -> None:
    """Write the tables of a home in which nothing was approved."""
    import polars as pl

    for name, (columns, _) in TABLES.items():
        facts.write_parquet(pl.DataFrame(schema=columns), folder / f"{name}.parquet")
