"""Fixtures of the tests of the sign-in: a home, and browsers of the sign-in without a network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts, passwords
from pipelines.web.settings import Site, WebSettings
from tests.support.ledger_template import open_prepared_ledger
from tests.support.service import sign_in_fixture

ACCOUNTS_MADE_AT = datetime(2026, 1, 11, 9, tzinfo=UTC)
"""Earlier than any clock of a test: the ledger rejects an entry dated before those it already has."""
GRANTS = (Grant("submitter", "RS", "justice"),)


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly for many attempts; test_accounts.py tests the cost parameters of Argon2."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "demonstration")


def create_people(engine: sa.Engine) -> None:
    """Create accounts of an office: with a password, with a first password, and without any."""
    with clock.freeze_time(ACCOUNTS_MADE_AT):
        for name, password, must_change in (
            ("rs-sender", sign_in_fixture.PASSWORD, False),
            ("rs-other", sign_in_fixture.PASSWORD, False),
            ("rs-new", sign_in_fixture.FIRST_PASSWORD, True),
        ):
            accounts.create_account(
                engine, name, f"Office {name}", grants=GRANTS, password=password, must_change=must_change, by=SYSTEM
            )
        accounts.create_account(engine, "rs-demonstration", "Office without a password", grants=GRANTS, by=SYSTEM)


@pytest.fixture
def engine(home: Home, cheap_hashes: None) -> sa.Engine:
    return open_prepared_ledger(home, create_people)


@pytest.fixture
def open_browser(engine: sa.Engine, home: Home) -> Callable[..., TestClient]:
    """Return a function that opens a new browser of the same service at a network address."""
    app = sign_in_fixture.make_app(engine, WebSettings(sign_in_fixture.HOST, sign_in_fixture.SECRET), home)
    return lambda address="testclient": sign_in_fixture.open_browser(app, address)


@pytest.fixture
def browser(open_browser: Callable[..., TestClient]) -> TestClient:
    return open_browser()


@pytest.fixture
def tls_browser(engine: sa.Engine, home: Home) -> TestClient:
    """A browser of a service whose address is https."""
    site = Site("https://returns.example", ("127.0.0.1",))
    app = sign_in_fixture.make_app(engine, WebSettings(site.address, sign_in_fixture.SECRET, None, site), home)
    return sign_in_fixture.open_browser(app, "testclient", site.address)
