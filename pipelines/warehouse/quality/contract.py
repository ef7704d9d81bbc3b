"""The tables that are made in Python, held to what is declared beside the models of dbt."""

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
    """A table that is not as declared. The text says which, what differs, and where it is declared."""


class Contract(NamedTuple):
    """Columns with their types, in order, and those of them that are the key."""

    columns: dict[str, pl.DataType]
    key: tuple[str, ...]


@cache
def contracts() -> dict[str, Contract]:
    """What is declared, by table."""
    declared = load_yaml(DECLARATION)["sources"][0]["tables"]
    return {
        table["name"]: Contract(
            {column["name"]: _TYPES[column["data_type"]] for column in table["columns"]},
            tuple(table["config"]["meta"]["key"]),
        )
        for table in declared
    }


def hold(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as it is, if it is as declared; raises ContractError."""
    contract = contracts()[table]
    if dict(frame.schema) != contract.columns or frame.columns != list(contract.columns):
        odd = {*frame.schema.items()} ^ {*contract.columns.items()}
        told = ", ".join(sorted({name for name, _ in odd})) or "the order of columns"
        raise ContractError(f"the table {table} is not as declared in {DECLARATION.name}: {told}")
    twice = frame.group_by(contract.key).len().filter(pl.col("len") > 1).sort(contract.key, nulls_last=True)
    if twice.height:
        row = {name: value for name, value in twice.row(0, named=True).items() if value is not None}
        raise ContractError(
            f"the table {table} has {twice.height} keys twice, the first {row}; its key is in {DECLARATION.name}"
        )
    return frame
