"""Dagster's runs and events in PostgreSQL, at the address of `RTI_DAGSTER_STORAGE_URL`, which no file names.

dagster-postgres 0.29.27 needs the driver psycopg2: it sends a notice after each event in a way that psycopg does not
accept, which SQLAlchemy 2.1 takes for an address without a driver.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dagster_postgres import DagsterPostgresStorage

from pipelines.core.settings import DagsterSettings, SettingsError, read_secret

_STATEMENT_MILLISECONDS: Final = 120_000
_RECYCLE_SECONDS: Final = 3600


class SettingStorage(DagsterPostgresStorage):  # type: ignore[misc]
    """Dagster's storage in the database that the settings name; it connects for each statement."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Return the fields of the configuration: none."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, _config_value: Mapping[str, Any]) -> SettingStorage:
        """Return the storage of the settings. Raises SettingsError if they name no database."""
        return cls(read_storage_url(), inst_data=inst_data)


class PooledSettingStorage(SettingStorage):
    """The same with one connection to each part that stays open, for a process that writes a whole run."""

    def __init__(self, postgres_url: str, *arguments: Any, **options: Any) -> None:
        super().__init__(postgres_url, *arguments, **options)
        for part in (self._run_storage, self._event_log_storage, self._schedule_storage):
            part.optimize_for_webserver(_STATEMENT_MILLISECONDS, pool_recycle=_RECYCLE_SECONDS, max_overflow=5)


def read_storage_url() -> str:
    """Return the address of the database with the driver of dagster-postgres. Raises SettingsError if none is set."""
    url = read_secret(DagsterSettings, "dagster_storage_url")
    if url is None:
        raise SettingsError("Dagster keeps its runs in PostgreSQL; set RTI_DAGSTER_STORAGE_URL to its database")
    return f"postgresql+psycopg2://{url.partition('://')[2]}"
