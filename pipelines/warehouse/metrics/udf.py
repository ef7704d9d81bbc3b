"""The functions that DuckDB calls while dbt runs: a dbt-duckdb plugin, named in `dbt_project/profiles.yml`.

On another engine the same macros dispatch to functions of that engine made of the same module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from dbt.adapters.duckdb.plugins import BasePlugin

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Column = Any
"""A pyarrow Array or ChunkedArray."""


def limits(method: Column, numerator: Column, denominator: Column, dispersion: Column, level: Column) -> Column:
    """Lower and upper limits of `columns.limits` as a struct, null where undefined."""
    import pyarrow as pa

    from pipelines.statistics import columns

    kinds = np.array([code or "" for code in method.to_pylist()], dtype=str)
    made = columns.limits(kinds, *(_numbers(one) for one in (numerator, denominator, dispersion, level)))
    return pa.StructArray.from_arrays([_nullable(made.low), _nullable(made.high)], names=["low", "high"])


def ratio_p(
    upper: Column, lower: Column, exposure_upper: Column, exposure_lower: Column, phi_upper: Column, phi_lower: Column
) -> Column:
    """p-values of equal rates, `columns.p_values`, null where undefined."""
    from pipelines.statistics import columns

    given = [_numbers(one) for one in (upper, lower, exposure_upper, exposure_lower, phi_upper, phi_lower)]
    return _nullable(columns.p_values(*given))


FUNCTIONS: dict[str, tuple[Callable[..., Column], tuple[str, ...], str]] = {
    "rti_limits": (limits, ("VARCHAR", *["DOUBLE"] * 4), "STRUCT(low DOUBLE, high DOUBLE)"),
    "rti_ratio_p": (ratio_p, ("DOUBLE",) * 6, "DOUBLE"),
}
"""Name in SQL -> function, the types of its arguments, and that of what it gives."""


class Plugin(BasePlugin):
    """Registers `FUNCTIONS` with each connection of dbt."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Register the functions."""
        register(conn)


def register(connection: DuckDBPyConnection) -> None:
    """Make `FUNCTIONS` known to a connection, nulls handed in as they are."""
    from duckdb.func import FunctionNullHandling, PythonUDFType

    for name, (function, parameters, gives) in FUNCTIONS.items():
        connection.create_function(
            name,
            function,
            list(parameters),
            gives,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _numbers(column: Column) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Floats, with NaN for null."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)


def _nullable(values: np.ndarray[Any, Any]) -> Column:
    import pyarrow as pa

    return pa.array(values, type=pa.float64(), from_pandas=True)
