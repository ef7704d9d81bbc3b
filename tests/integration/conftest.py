"""Fixtures of all integration tests: new ledgers from a template, and the returns of the demonstration."""

from __future__ import annotations

import pickle
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.ledger import database, opening
from tests.support.generated_returns import GeneratedReturns, write_returns
from tests.support.kept_builds import build_kept
from tests.support.ledger_template import LedgerTemplate
from tests.support.object_store import ObjectStore, run_pausable_object_store
from tests.support.shared_certificates import share_certificates
from tests.support.shared_commands import share_commands
from tests.support.shared_statements import share_compiled_statements

if TYPE_CHECKING:
    from pipelines.submissions.checking.read_task import ReadResult

_MIGRATE = opening._migrate


@pytest.fixture(scope="session", autouse=True)
def _ledgers_from_template() -> Iterator[None]:
    """Create each new SQLite ledger of this process from a template."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_migrate", LedgerTemplate(_MIGRATE))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ledgers_without_sync() -> Iterator[None]:
    """Let SQLite wait for no disk: what is tested is transactions, not power cuts. PostgreSQL runs without it too."""
    set_pragmas = database._on_sqlite_connect

    def set_pragmas_without_sync(connection: sqlite3.Connection, record: object) -> None:
        set_pragmas(connection, record)
        connection.execute("pragma synchronous = off")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_on_sqlite_connect", set_pragmas_without_sync)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_statements_are_shared() -> Iterator[None]:
    """Compile each statement once for all ledgers of this process."""
    with share_compiled_statements():
        yield


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_shared() -> Iterator[None]:
    """Load the certificates of authorities once for all HTTP clients of this process."""
    with share_certificates():
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_are_shared() -> Iterator[None]:
    """Make the commands of `rti` once for all calls of `main` in this process."""
    with share_commands():
        yield


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the migrations for each new ledger of a test."""
    monkeypatch.setattr(opening, "_migrate", _MIGRATE)


@pytest.fixture(scope="session")
def generated_returns(request: pytest.FixtureRequest) -> GeneratedReturns:
    """The returns of the demonstration, made by the generator once for all sessions."""
    return GeneratedReturns(build_kept(request, "generated-returns", write_returns))


@pytest.fixture(scope="session")
def read_samples(request: pytest.FixtureRequest) -> Mapping[str, ReadResult]:
    """Return each file of the demonstration as a reading process returns it, by its path."""
    from tests.faults import measuring

    def write_results(root: Path) -> None:
        root.mkdir(parents=True)
        (root / "results").write_bytes(pickle.dumps(dict(measuring.read_samples())))

    measuring.provide_samples(
        pickle.loads((build_kept(request, "read-samples", write_results) / "results").read_bytes())
    )
    return measuring.read_samples()


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectStore]:
    """Run a server of S3-compatible storage for the session."""
    with run_pausable_object_store() as server:
        yield server


@pytest.fixture
def object_store(object_server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """Let the files of returns be in an empty folder of a bucket while a test runs."""
    for name, value in object_server.choose_folder(secrets.token_hex(6)).items():
        monkeypatch.setenv(name, value)
    yield object_server
