"""Serve the sign-in as a small application with one page that needs a session, and use it as browsers do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pipelines.web.sign_in.addresses import sign_in_address
from pipelines.web.sign_in.routes import create_sign_in
from pipelines.web.sign_in.sessions import open_sessions

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.web.settings import WebSettings

HOST = "http://127.0.0.1:8502"
SECRET = "the cookie secret of a home"
PASSWORD = "seven green boats"
ANOTHER_PASSWORD = "nine blue doors"
FIRST_PASSWORD = "first password 1"


def make_app(engine: sa.Engine, settings: WebSettings, home: Home) -> Starlette:
    """Return the sign-in of a home; every other address shows the signed-in account or redirects to the sign-in."""
    sessions = open_sessions(engine, settings)

    def show_page(request: Request) -> Response:
        session = sessions.find_session(request)
        if session is None:
            return RedirectResponse(sign_in_address(request.url.path), status_code=303)
        content = {"account": session.identity.account, "csrf": session.csrf_token, "session": session.session_id}
        return JSONResponse({**content, "grants": len(session.identity.grants)})

    routes = create_sign_in(engine, settings, home, sessions, lambda name: f"/static/{name}")
    app = Starlette(routes=[*routes, Route("/{path:path}", show_page)])
    app.state.sessions = sessions
    return app


def open_browser(app: Starlette, address: str = "testclient", base_url: str = HOST) -> TestClient:
    """Return a separate browser at a network address; it does not follow redirects."""
    return TestClient(app, base_url=base_url, follow_redirects=False, client=(address, 50_000))


def find_ticket(html: str) -> str:
    """Return the ticket of the form in a page."""
    matches = re.search(r'name="ticket" value="([^"]+)"', html)
    assert matches is not None
    return matches[1]


def find_refresh_address(html: str) -> str:
    """Return the address to which a page sends the browser."""
    from html import unescape

    matches = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', html)
    assert matches is not None
    return unescape(matches[1])


def sign_in(browser: TestClient, account: str, password: str, next_path: str = "/") -> Any:
    """Open the form, fill it in, submit it and return the response."""
    page = browser.get(sign_in_address(next_path))
    data = {"ticket": find_ticket(page.text), "account": account, "password": password}
    return browser.post("/sign-in", data=data)


def get_signed_in_account(browser: TestClient) -> str | None:
    """Return the account that a page shows, None if it redirects to the sign-in."""
    answer = browser.get("/board")
    if answer.status_code == 303:
        assert unquote(answer.headers["location"]) == "/sign-in?next=/board"
        return None
    return str(answer.json()["account"])


def sign_out(browser: TestClient) -> Any:
    """Submit the form "Sign out" of a page."""
    return browser.post("/sign-out", data={"csrf": browser.get("/board").json()["csrf"]})
