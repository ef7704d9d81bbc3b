"""Tables made in Python are held to their declaration: each planted fault is told, and what is as declared passes."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.warehouse.quality.contract import ContractError, enforce_contract

ROW = {
    "territory": "AA", "instrument": "justice", "freq": "Q", "period": "2026-Q3", "indicator": "completeness",
    "code": "R1", "value": 98.0, "unit": "PC", "n": 4, "reason": "",
}  # fmt: skip
TYPES = {"value": pl.Float64(), "n": pl.Int32()}


def table(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides=TYPES)


def test_a_table_as_declared_passes_as_it_is() -> None:
    made = table(ROW, ROW | {"period": "2026-Q2"})
    assert enforce_contract("quality", made) is made


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (table(ROW).drop("unit"), "unit"),
        (table(ROW).with_columns(more=pl.lit(1)), "more"),
        (table(ROW).cast({"n": pl.Int64()}), "n"),
        (table(ROW).select(sorted(ROW)), "order of columns"),
        (table(ROW, ROW | {"value": 1.0}), "1 keys twice, the first .*2026-Q3"),
    ],
)
def test_a_table_that_is_not_says_what_differs(made: pl.DataFrame, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        enforce_contract("quality", made)
