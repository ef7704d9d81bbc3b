"""The dbt-duckdb plugin of the target `lake` in `dbt_project/profiles.yml`: it prepares a connection for the lake.

Only dbt imports it, because importing its adapter takes a second.
"""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from pipelines.warehouse.lake.connection import prepare_connection


class LakePlugin(BasePlugin):
    """Loads DuckDB's extensions and makes the secrets with which dbt attaches a part of the lake."""

    def configure_connection(self, conn: Any) -> None:
        """Prepare the connection before dbt attaches the part."""
        prepare_connection(conn)


Plugin = LakePlugin
"""The name that dbt-duckdb looks for."""
