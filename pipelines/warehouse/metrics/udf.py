"""Python functions that DuckDB calls while dbt runs: limits and p-values of rates (`dbt_plugin.py` registers them).

On another engine the same dbt macros dispatch to functions of that engine, built from the same module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Column = Any
"""A pyarrow Array or ChunkedArray."""


def compute_limits(method: Column, numerator: Column, denominator: Column, dispersion: Column, level: Column) -> Column:
    """Return the interval limits from `columns.compute_limits` as a struct of `low` and `high`, null if undefined."""
    import pyarrow as pa

    from pipelines.statistics import columns

    kinds = np.array([code or "" for code in method.to_pylist()], dtype=str)
    intervals = columns.compute_limits(
        kinds, *(_numbers(column) for column in (numerator, denominator, dispersion, level))
    )
    return pa.StructArray.from_arrays([_nullable(intervals.low), _nullable(intervals.high)], names=["low", "high"])


def ratio_p(
    upper: Column, lower: Column, exposure_upper: Column, exposure_lower: Column, phi_upper: Column, phi_lower: Column
) -> Column:
    """Return the p-values of equal rates from `columns.p_values`, null if undefined."""
    from pipelines.statistics import columns

    arguments = [_numbers(column) for column in (upper, lower, exposure_upper, exposure_lower, phi_upper, phi_lower)]
    return _nullable(columns.p_values(*arguments))


FUNCTIONS: dict[str, tuple[Callable[..., Column], tuple[str, ...], str]] = {
    "rti_limits": (compute_limits, ("VARCHAR", *["DOUBLE"] * 4), "STRUCT(low DOUBLE, high DOUBLE)"),
    "rti_ratio_p": (ratio_p, ("DOUBLE",) * 6, "DOUBLE"),
}
"""Name in SQL -> function, types of its arguments, type of its result."""


def register_functions(connection: DuckDBPyConnection) -> None:
    """Register `FUNCTIONS` with a connection. Nulls are passed to the functions."""
    from duckdb.func import FunctionNullHandling, PythonUDFType

    for name, (function, parameters, return_type) in FUNCTIONS.items():
        connection.create_function(
            name,
            function,
            list(parameters),
            return_type,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _numbers(column: Column) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the column as floats, with NaN for null."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)


def _nullable(values: np.ndarray[Any, Any]) -> Column:
    import pyarrow as pa

    return pa.array(values, type=pa.float64(), from_pandas=True)
