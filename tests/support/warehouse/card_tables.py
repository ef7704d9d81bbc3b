"""Counting cards as files of the first dbt phase, for tests that build the second phase from made-up counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipelines.warehouse import exported_tables


def write_card_tables(tables: Mapping[str, pl.DataFrame], folder: Path) -> None:
    """Write the tables of `cards_export.build_frames` under the names that the first phase gives to its files."""
    exported_names = {table.name for table in exported_tables.COUNTS}
    for name, table in tables.items():
        table.write_parquet(folder / f"{name if name in exported_names else f'dim_{name}'}.parquet")
