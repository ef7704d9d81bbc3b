"""Connections to the lake: DuckDB's extensions, secrets from the settings, and locks between writers."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args
from urllib.parse import urlsplit

from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.settings import LakeSettings, SettingsError, read_secret, read_settings
from pipelines.warehouse.dbt_runner import WarehouseError
from pipelines.warehouse.targets import Part

if TYPE_CHECKING:
    import duckdb
    import psycopg

DATABASE: Final = "warehouse"
"""The name under which a part is attached, as is the DuckDB file of the other target."""
_EXTENSIONS: Final = ("httpfs", "postgres_scanner", "ducklake")
_COMMIT_ATTEMPTS: Final = 100
"""DuckLake's own 10 were too few for others: https://github.com/duckdb/ducklake/issues/1283 (read 29 November 2026)."""
_LOCK_CLASS: Final = 0x52544C4B
"""First key of our advisory locks in the catalogue database."""
_TRY_ALONE: Final = "select pg_try_advisory_lock(%s, hashtext(%s))"
_TRY_SHARED: Final = "select pg_try_advisory_lock_shared(%s, hashtext(%s))"
_SHORTEST_SECRET: Final = 4


class LakeBusyError(WarehouseError):
    """Another writer holds the lock for longer than the setting allows."""


def prepare_connection(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the extensions into a connection and make a secret `rti_<part>` with which it can attach each part.

    Raises WarehouseError if a package or a setting is missing.
    """
    for name in _EXTENSIONS:
        connection.execute(f"load {_quote(str(_extension_file(name)))}")
    connection.execute("set ducklake_default_data_inlining_row_limit = 0")
    connection.execute(f"set ducklake_max_retry_count = {_COMMIT_ATTEMPTS}")
    settings = read_settings(LakeSettings)
    parameters = _catalogue_parameters()
    names = {"host": "host", "port": "port", "dbname": "database", "user": "user", "password": "password"}
    unknown = sorted(set(parameters) - set(names))
    if unknown:
        raise WarehouseError(
            f"RTI_LAKE_CATALOGUE has {', '.join(unknown)}, which DuckDB does not take; set PG* variables"
        )
    _create_secret(connection, "rti_catalogue", "postgres", {names[key]: value for key, value in parameters.items()})
    data = _require(settings.lake_data, "RTI_LAKE_DATA")
    if data.startswith("s3://"):
        endpoint = urlsplit(settings.lake_s3_endpoint or "")
        options = {
            "key_id": _require(settings.lake_s3_key, "RTI_LAKE_S3_KEY"),
            "secret": _require_secret("lake_s3_secret"),
            "region": settings.lake_s3_region or "us-east-1",
            "scope": f"{data}/",
        }
        if endpoint.netloc:
            use_ssl = str(endpoint.scheme == "https").lower()
            options |= {"endpoint": endpoint.netloc, "use_ssl": use_ssl, "url_style": "path"}
        _create_secret(connection, "rti_storage", "s3", options)
    # Files are encrypted with keys that are in the catalogue alone, and small tables are files too and not rows of the
    # catalogue, so that the storage never holds a figure that it can show.
    for part in get_args(Part):
        connection.execute(
            f"""create or replace secret rti_{part} (type ducklake, metadata_path '',
            metadata_parameters map {{'TYPE': 'postgres', 'SECRET': 'rti_catalogue'}}, metadata_schema {_quote(part)},
            data_path {_quote(f"{data}/{part}/")}, encrypted true)"""
        )


@contextmanager
def open_part(part: Part, *, version: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection with a part attached as `warehouse`, which is also the default database.

    With `version` the part is as it was in that version, and cannot be written. Raises WarehouseError.
    """

    with hide_secrets(), open_duckdb(options={"allow_persistent_secrets": "false"}) as connection:
        prepare_connection(connection)
        options = "" if version is None else f" (snapshot_version {version:d}, read_only)"
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach 'ducklake:rti_{part}' as {DATABASE}{options}")
        connection.execute(f"use {DATABASE}")
        yield connection


@contextmanager
def hide_secrets() -> Iterator[None]:
    """Turn DuckDB's and dbt's errors into WarehouseError, without the secrets that their texts may quote."""
    import duckdb

    try:
        yield
    except LakeBusyError:
        raise
    except (duckdb.Error, WarehouseError) as error:
        text = _remove_secrets(str(error))
        if isinstance(error, WarehouseError):
            raise WarehouseError(text, error.tests) from None
        raise WarehouseError(f"the lake could not be read or written: {text}") from None


@contextmanager
def hold_lock(name: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock among all writers of the lake, alone or `shared`; the database releases it if this process dies.

    Raises LakeBusyError if another writer holds it for longer than the setting allows.
    """
    settings = read_settings(LakeSettings)
    with _connect_to_catalogue() as connection:
        deadline = time.monotonic() + settings.lake_wait
        while not _try_lock(connection, name, shared):
            if time.monotonic() > deadline:
                raise LakeBusyError(
                    f"another process has been writing {name} for longer than RTI_LAKE_WAIT ({settings.lake_wait} s). "
                    "Nothing was changed. Start again when it has finished, or set RTI_LAKE_WAIT to wait longer"
                )
            time.sleep(0.1)
        yield


def _try_lock(connection: psycopg.Connection[tuple[bool]], name: str, shared: bool) -> bool:
    query = _TRY_SHARED if shared else _TRY_ALONE
    row = connection.execute(query, (_LOCK_CLASS, name)).fetchone()
    return row is not None and row[0]


def _connect_to_catalogue() -> psycopg.Connection[tuple[bool]]:
    import psycopg

    try:
        return psycopg.connect(psycopg.conninfo.make_conninfo(**_catalogue_parameters()), autocommit=True)
    except psycopg.Error as error:
        raise WarehouseError(f"the lake's catalogue cannot be reached: {_remove_secrets(str(error))}") from None


def _catalogue_parameters() -> dict[str, str]:
    """Return the connection parameters of the catalogue database by the names of PostgreSQL."""
    import psycopg

    address = _require_secret("lake_catalogue")
    try:
        parsed = psycopg.conninfo.conninfo_to_dict(address.replace("postgresql+psycopg://", "postgresql://", 1))
    except psycopg.ProgrammingError:
        raise WarehouseError("RTI_LAKE_CATALOGUE is not an address of PostgreSQL (its value is not shown)") from None
    return {key: str(value) for key, value in parsed.items() if value is not None}


def _require_secret(field: str) -> str:
    try:
        secret = read_secret(LakeSettings, field)
    except SettingsError as error:
        raise WarehouseError(str(error)) from None
    if secret is None:
        variable = LakeSettings.model_fields[field].alias
        raise WarehouseError(f"the lake needs {variable} or {variable}_FILE; docs/settings.md describes them")
    return secret


def _remove_secrets(text: str) -> str:
    """Return a text without the catalogue's password and the storage's secret."""
    secrets = []
    for field in ("lake_catalogue", "lake_s3_secret"):
        # A file that cannot be read is reported where it is needed.
        with suppress(SettingsError):
            secrets.append(read_secret(LakeSettings, field) or "")
    secrets += [urlsplit(secret).password or "" for secret in secrets]
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "(secret)")
    return text


def _extension_file(name: str) -> Path:
    """Return the file of an extension from its package, which is made for one version of DuckDB."""
    import duckdb

    package = importlib.util.find_spec(f"duckdb_extension_{name}")
    if package is None or not package.submodule_search_locations:
        raise WarehouseError(
            f"the package duckdb-extension-{name.replace('_', '-')} is not installed; `make lake` installs it"
        )
    folder = Path(package.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    path = folder / f"{name}.duckdb_extension"
    if not path.is_file():
        raise WarehouseError(f"{path} is missing: DuckDB and its extensions need the same version; run `make lake`")
    return path


def _create_secret(connection: duckdb.DuckDBPyConnection, name: str, kind: str, options: dict[str, str]) -> None:
    written = ", ".join(f"{key} {_quote(value)}" for key, value in options.items())
    connection.execute(f"create or replace secret {name} (type {kind}, {written})")


def _require(value: str | None, variable: str) -> str:
    if value is None:
        raise WarehouseError(f"the lake needs {variable}; docs/settings.md describes it")
    return value


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
