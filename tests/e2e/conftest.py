"""Services that the tests of several folders share: one of each kind, started when the first test asks for it.

`tests/support/schedule.py` gives these folders to one worker, so that each starts once in a run of all tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.ledger.opening import open_ledger
from tests.support.demonstration import CLOCK, copy_home, frozen_at
from tests.support.service import portal_fixture, running
from tests.support.service.public_app import PUBLIC_APP
from tests.support.service.running import Service, run_service
from tests.support.shared_certificates import share_certificates
from tests.support.shared_commands import share_commands


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


@pytest.fixture(scope="session")
def portal(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The offices' pages and the API of a copied home with the accounts of the tests, warmed up.

    A test that hands in a file uses an account that no other module's tests count submissions of.
    """
    folder = tmp_path_factory.mktemp("portal")
    copy_home(built_home, folder / "home")
    with run_service(folder / "home", folder) as service:
        with frozen_at(CLOCK, service.home.root):
            engine = open_ledger(service.home)
            portal_fixture.make_accounts(engine)
            engine.dispose()
        running.warm_service(service)
        yield service


@pytest.fixture(scope="session")
def public(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The public app on the session's home. Its log lists each module that it imports, as `-X importtime` does."""
    folder, environment = tmp_path_factory.mktemp("public"), {"PYTHONPROFILEIMPORTTIME": "1"}
    with run_service(built_home, folder, environment=environment, command=PUBLIC_APP) as service:
        yield service
