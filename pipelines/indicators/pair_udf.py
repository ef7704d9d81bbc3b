"""The functions by which dbt tests pairs of areas: a dbt-duckdb plugin, named in `dbt_project/profiles.yml`.

Belongs here: registration, and columns of Arrow as arrays of numbers and back.  Does not belong here: any formula
(`pipelines/statistics/contrasts.py`), SQL (`dbt_project/macros/pairs.sql` is the one place that calls these).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from dbt.adapters.duckdb.plugins import BasePlugin

Column = Any
"""A pyarrow Array or ChunkedArray."""
ENDS: Final = ("low", "high", "p")


class Plugin(BasePlugin):
    """Registers `rti_pair_low`, `rti_pair_high` and `rti_pair_p` with each connection of dbt."""

    def configure_connection(self, conn: Any) -> None:
        """Register the functions."""
        register(conn)


def register(connection: Any) -> None:
    """Make the functions known to a connection, nulls handed in as they are: method, four counts, two dispersions,
    level; each gives a DOUBLE, null where undefined."""
    for end in ENDS:
        connection.create_function(
            f"rti_pair_{end}",
            _function(end),
            ["VARCHAR", *["DOUBLE"] * 7],
            "DOUBLE",
            type="arrow",
            null_handling="special",
        )


def _function(end: str) -> Any:
    def contrast(
        method: Column, upper_a: Column, lower_a: Column, upper_b: Column, lower_b: Column, phi_a: Column,
        phi_b: Column, level: Column,
    ) -> Column:  # fmt: skip
        import pyarrow as pa

        from pipelines.statistics.contrasts import contrasts

        kinds = np.array([code or "" for code in method.to_pylist()], dtype=str)
        numbers = [
            np.asarray(one.to_numpy(zero_copy_only=False), dtype=float)
            for one in (upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level)
        ]
        return pa.array(getattr(contrasts(kinds, *numbers), end), type=pa.float64(), from_pandas=True)

    return contrast
