"""Lakes for tests: a catalogue in a PostgreSQL database of its own and a folder of its own in an object store."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.support import postgres
from tests.support.object_store import BUCKET, SECRET, read_objects, run_object_store

PASSWORD = "catalogue-password-of-tests"


@dataclass(frozen=True)
class Servers:
    """Addresses of a PostgreSQL, without a database, and of an object store with one bucket."""

    database: str
    storage: str


@contextmanager
def run_servers() -> Iterator[Servers]:
    """Run both servers on loopback until the block ends."""
    with postgres.run_server() as database, run_object_store() as storage:
        yield Servers(database, storage)


def create_lake(servers: Servers) -> Mapping[str, str]:
    """Create an empty catalogue and return the variables that make it, with a folder of its own, the lake."""
    import sqlalchemy as sa

    name = f"lake_{secrets.token_hex(6)}"
    engine = sa.create_engine(f"{servers.database}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    engine.dispose()
    return {
        "RTI_LAKE_CATALOGUE": servers.database.replace("@", f":{PASSWORD}@") + f"/{name}",
        "RTI_LAKE_DATA": f"s3://{BUCKET}/{name}",
        "RTI_LAKE_S3_ENDPOINT": servers.storage,
        "RTI_LAKE_S3_KEY": "testing",
        "RTI_LAKE_S3_SECRET": SECRET,
    }


def read_stored_files(variables: Mapping[str, str]) -> dict[str, bytes]:
    """Return the content of each file of a lake."""
    folder = variables["RTI_LAKE_DATA"].removeprefix(f"s3://{BUCKET}/")
    return read_objects(variables["RTI_LAKE_S3_ENDPOINT"], folder)


def list_relations(connection: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    """Return the tables and views of a database with their schemas."""
    query = """select schema_name || '.' || name from (
        select database_name, schema_name, table_name as name from duckdb_tables()
        union all select database_name, schema_name, view_name from duckdb_views() where not internal
    ) where database_name = ? and schema_name not in ('information_schema', 'pg_catalog')"""
    return {row[0] for row in connection.execute(query, [database]).fetchall()}


def compare_relations(connection: duckdb.DuckDBPyConnection, file: Path, names: set[str]) -> dict[str, str]:
    """Compare relations of the attached lake with those of a DuckDB file; return how each one that differs does.

    Columns, their types and every value of every row must be equal; the order of rows is not compared.
    """
    connection.execute(f"attach '{file}' as expected (read_only)")
    differences: dict[str, str] = {}
    for name in sorted(names):
        schema, _, table = name.partition(".")
        in_lake, in_file = f'warehouse.{schema}."{table}"', f'expected.{schema}."{table}"'
        columns = [connection.execute(f"describe {relation}").fetchall() for relation in (in_lake, in_file)]
        if [column[:2] for column in columns[0]] != [column[:2] for column in columns[1]]:
            differences[name] = "the columns"
            continue
        queries = (f"from {in_lake} except all from {in_file}", f"from {in_file} except all from {in_lake}")
        counts = [connection.execute(f"select count(*) from ({query})").fetchone() for query in queries]
        if counts != [(0,), (0,)]:
            examples = [connection.execute(f"{query} limit 1").fetchone() for query in queries]
            differences[name] = f"rows of the lake alone and of the file alone: {counts}, such as {examples}"
    connection.execute("detach expected")
    return differences
