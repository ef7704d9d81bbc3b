"""Read the columns and keys that the dbt project declares, for tables that Python writes.

A table that Python computes and dbt reads has its columns, types and key in one place: the yml file of its source or,
where a model selects some of its rows as a dimension, of that model. dbt documents and tests the same declaration.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import polars as pl

from pipelines.declarations.yaml_file import load_yaml

_MODELS: Final = Path(__file__).parents[2] / "dbt_project" / "models"
_TYPES: Final[dict[str, pl.DataType]] = {
    "varchar": pl.String(), "double": pl.Float64(), "integer": pl.Int32(), "bigint": pl.Int64(),
    "boolean": pl.Boolean(), "date": pl.Date(),
}  # fmt: skip


class ContractError(ValueError):
    """A table differs from its declaration. The text names the table, the difference and the declaration."""


class Contract(NamedTuple):
    """Declared columns with their types, in order, and the columns of the key."""

    columns: dict[str, pl.DataType]
    key: tuple[str, ...]


@cache
def read_source_contracts(source: Literal["declared", "measured", "records"]) -> dict[str, Contract]:
    """Return the contracts of the tables of a source by name."""
    declared = load_yaml(_source_file(source))["sources"][0]["tables"]
    return {table["name"]: _make_contract(table) for table in declared}


@cache
def read_dimension_contract(name: str) -> Contract:
    """Return the contract of a dimension, for example `dim_card_pair`."""
    return _make_contract(load_yaml(_MODELS / "marts" / f"{name}.yml")["models"][0])


def enforce_contract(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame unchanged if it matches the declaration of a measured table; raise ContractError otherwise."""
    contract = read_source_contracts("measured")[table]
    file = _source_file("measured").name
    if dict(frame.schema) != contract.columns or frame.columns != list(contract.columns):
        mismatches = {*frame.schema.items()} ^ {*contract.columns.items()}
        differing = ", ".join(sorted({name for name, _ in mismatches})) or "the order of columns"
        raise ContractError(f"the table {table} is not as declared in {file}: {differing}")
    duplicates = frame.group_by(contract.key).len().filter(pl.col("len") > 1).sort(contract.key, nulls_last=True)
    if duplicates.height:
        row = {name: value for name, value in duplicates.row(0, named=True).items() if value is not None}
        raise ContractError(
            f"the table {table} has {duplicates.height} keys twice, the first {row}; its key is in {file}"
        )
    return frame


def _source_file(source: str) -> Path:
    (file,) = _MODELS.glob(f"*/sources_{source}.yml")
    return file


def _make_contract(table: dict[str, Any]) -> Contract:
    """Return the contract of a declared table. Its key is in `meta` if dbt does not test it, else in a test `keyed`."""
    columns = {column["name"]: _TYPES[column["data_type"]] for column in table["columns"]}
    if "config" in table:
        return Contract(columns, tuple(table["config"]["meta"]["key"]))
    keys = [test["keyed"]["arguments"]["columns"] for test in table["data_tests"] if "keyed" in test]
    return Contract(columns, tuple(keys[0]))
