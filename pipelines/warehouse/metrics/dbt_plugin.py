"""The dbt-duckdb plugin that `dbt_project/profiles.yml` names: it registers our functions with each connection.

Only dbt imports it, because importing its adapter takes a second.
"""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from pipelines.warehouse.metrics import pair_udf, udf


class Plugin(BasePlugin):
    """Registers the functions of `udf.py` and `pair_udf.py`."""

    def configure_connection(self, conn: Any) -> None:
        """Register the functions with the connection."""
        udf.register_functions(conn)
        pair_udf.register_functions(conn)
