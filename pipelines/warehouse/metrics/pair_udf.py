"""Python function that DuckDB calls while dbt runs: the test of a pair of areas (`dbt_plugin.py` registers it)."""

from __future__ import annotations

from typing import Any

import numpy as np

Column = Any
"""A pyarrow Array or ChunkedArray."""


def register_functions(connection: Any) -> None:
    """Register `rti_pair` with a connection. Nulls are passed to the function.

    Its arguments are method, four counts, two dispersions and level; it returns a struct of low, high and p, null if
    undefined.
    """
    connection.create_function(
        "rti_pair",
        contrast_pairs,
        ["VARCHAR", *["DOUBLE"] * 7],
        "STRUCT(low DOUBLE, high DOUBLE, p DOUBLE)",
        type="arrow",
        null_handling="special",
    )


def contrast_pairs(
    method: Column, upper_a: Column, lower_a: Column, upper_b: Column, lower_b: Column, phi_a: Column, phi_b: Column,
    level: Column,
) -> Column:  # fmt: skip
    """Return `contrasts.compute_contrasts` of each row as a struct of low, high and p."""
    import pyarrow as pa

    from pipelines.statistics.contrasts import compute_contrasts

    kinds = np.array([code or "" for code in method.to_pylist()], dtype=str)
    numbers = [
        np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)
        for column in (upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level)
    ]
    results = compute_contrasts(kinds, *numbers)
    return pa.StructArray.from_arrays(
        [pa.array(values, type=pa.float64(), from_pandas=True) for values in results], names=list(results._fields)
    )
