"""Use the offices' pages over HTTP in this process: sign in as an account, open pages, submit their forms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from dashboards.office import app as office_app
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts, passwords
from pipelines.web.settings import WebSettings
from tests.support.service import portal_fixture
from tests.support.service.visitor import Document, Visitor

if TYPE_CHECKING:
    import pytest

    from dashboards.office.services import OfficeServices
    from pipelines.core.home import Home

ADDRESS = "http://127.0.0.1:8502"
__all__ = ["Document", "Office", "Visitor", "open_office"]


@dataclass
class Office:
    """The running pages of a home."""

    desk: service.Desk
    client: TestClient
    services: OfficeServices

    def start_visit(self, account: str | None) -> Visitor:
        """Return a visitor who is signed in as an account, or not signed in."""
        visitor = Visitor(self.client)
        if account is not None:
            stored_account = accounts.find_account(self.desk.engine, account)
            assert stored_account is not None, f"there is no account {account}"
            issuer, subject = (
                (stored_account.issuer, stored_account.subject) if stored_account.issuer else (accounts.LOCAL, account)
            )
            connection = HTTPConnection({"type": "http", "headers": [], "scheme": "http", "path": "/"})
            value = self.services.sessions.begin_session(connection, account, issuer=issuer, subject=subject)
            visitor.cookies.set("rti_session", value, domain="127.0.0.1", path="/")
        return visitor

    def open(self, account: str | None, address: str, **query: Any) -> Document:
        """Open an address as an account."""
        return self.start_visit(account).open_page(address, **query)

    @contextmanager
    def use_language(self, account: str, language: str) -> Iterator[None]:
        """Set the language of an account within a `with` statement, and English again after it."""
        accounts.set_language(self.desk.engine, account, language, by=account)
        try:
            yield
        finally:
            accounts.set_language(self.desk.engine, account, "en", by=account)


@contextmanager
def open_office(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Run the pages of a home with the accounts of the tests, without guards; nothing is preloaded."""
    monkeypatch.setattr(office_app, "_preload", lambda *_: None)
    # The demonstration's password is hashed at each start; test_accounts.py tests the cost parameters of Argon2.
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    desk = service.open_desk(home)
    portal_fixture.make_accounts(desk.engine)
    pages = office_app.create_pages(desk, WebSettings(ADDRESS, "a secret of the tests"))
    with TestClient(pages, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield Office(desk, client, pages.state.office)
