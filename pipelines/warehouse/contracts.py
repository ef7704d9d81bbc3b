"""Check tables that Python computes against their declaration in the dbt project."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from pipelines.declarations.yaml_file import load_yaml

DECLARATION: Final = Path(__file__).parents[3] / "dbt_project" / "models" / "indicators" / "sources_measured.yml"
_TYPES: Final[dict[str, pl.DataType]] = {
    "varchar": pl.String(), "double": pl.Float64(), "integer": pl.Int32(), "boolean": pl.Boolean(), "date": pl.Date(),
}  # fmt: skip


class ContractError(ValueError):
    """A table differs from its declaration. The text names the table, the difference and the declaration."""


class Contract(NamedTuple):
    """Declared columns with their types, in order, and the columns of the key."""

    columns: dict[str, pl.DataType]
    key: tuple[str, ...]


@cache
def read_contracts() -> dict[str, Contract]:
    """Return the declared contracts by table."""
    declared = load_yaml(DECLARATION)["sources"][0]["tables"]
    return {
        table["name"]: Contract(
            {column["name"]: _TYPES[column["data_type"]] for column in table["columns"]},
            tuple(table["config"]["meta"]["key"]),
        )
        for table in declared
    }


def enforce_contract(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame unchanged if it matches its declaration; raise ContractError otherwise."""
    contract = read_contracts()[table]
    if dict(frame.schema) != contract.columns or frame.columns != list(contract.columns):
        mismatches = {*frame.schema.items()} ^ {*contract.columns.items()}
        differing = ", ".join(sorted({name for name, _ in mismatches})) or "the order of columns"
        raise ContractError(f"the table {table} is not as declared in {DECLARATION.name}: {differing}")
    duplicates = frame.group_by(contract.key).len().filter(pl.col("len") > 1).sort(contract.key, nulls_last=True)
    if duplicates.height:
        row = {name: value for name, value in duplicates.row(0, named=True).items() if value is not None}
        raise ContractError(
            f"the table {table} has {duplicates.height} keys twice, the first {row}; its key is in {DECLARATION.name}"
        )
    return frame
