"""Lakes for tests: a catalogue in a PostgreSQL database of its own and a folder of its own in an object store."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

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
