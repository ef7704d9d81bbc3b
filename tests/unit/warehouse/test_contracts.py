"""Tables built in Python must match their declaration: each planted fault is reported, a correct table passes."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.warehouse.contracts import (
    ContractError,
    enforce_contract,
    read_source_contracts,
)

ROW = {
    "territory": "AA", "instrument": "justice", "freq": "Q", "period": "2026-Q3", "indicator": "completeness",
    "code": "R1", "value": 98.0, "unit": "PC", "n": 4, "reason": "",
}  # fmt: skip
TYPES = {"value": pl.Float64(), "n": pl.Int32()}


def build_table(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides=TYPES)


def test_enforce_contract_returns_a_table_as_declared_unchanged() -> None:
    table = build_table(ROW, ROW | {"period": "2026-Q2"})
    assert enforce_contract("quality", table) is table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (build_table(ROW).drop("unit"), "unit"),
        (build_table(ROW).with_columns(more=pl.lit(1)), "more"),
        (build_table(ROW).cast({"n": pl.Int64()}), "n"),
        (build_table(ROW).select(sorted(ROW)), "order of columns"),
        (build_table(ROW, ROW | {"value": 1.0}), "1 keys twice, the first .*2026-Q3"),
    ],
)
def test_enforce_contract_names_the_difference(table: pl.DataFrame, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        enforce_contract("quality", table)


def test_contract_of_a_declared_table_has_its_types_and_its_key() -> None:
    columns, key = read_source_contracts("declared")["metric"]
    assert key == ("metric",)
    assert (columns["metric"], columns["minimum_events"], columns["is_nested"]) == (
        pl.String(),
        pl.Int32(),
        pl.Boolean(),
    )


def test_contract_of_a_records_table_has_the_key_that_dbt_tests() -> None:
    columns, key = read_source_contracts("records")["record_dispersion"]
    assert key == ("area_kind", "area", "offence_group") and set(key) < set(columns)
