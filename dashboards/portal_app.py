"""The service of the offices as one ASGI application: `python -m dashboards.portal_app --port 8502`.

It puts together the Streamlit pages (`portal.py`), the API and the built-in sign-in, each written elsewhere, and what
every answer carries: its language, and headers that hold a browser to this host.  Nothing else belongs here.
"""

from __future__ import annotations

import argparse
import logging
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import locales
from pipelines.home import Home, HomeError, open_home
from pipelines.intake.database import LedgerError
from pipelines.service import faults
from pipelines.service.settings import IDENTITY_PATH, Settings, SettingsError, settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pipelines.desk import Desk

HOST = "127.0.0.1"
PORT = 8502
_LOG = logging.getLogger("rti.portal")
_SCRIPT = Path(__file__).with_name("portal.py")
_HTML_LANG = re.compile(rb'<html lang="[^"]*"')
_NOT_PASSED_ON = frozenset((b"accept-encoding", b"if-none-match", b"if-modified-since", b"range", b"if-range"))
_NOT_ITS_OWN = frozenset((b"content-length", b"etag", b"last-modified", b"accept-ranges", b"vary"))
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    # Streamlit's own bundle needs inline styles and evaluates the grammar of charts; nothing comes from elsewhere.
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        b"connect-src 'self' ws: wss: blob: data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
        b"frame-ancestors 'none'",
    ),
)


class Dressed:
    """Around the whole application: the language of the document, and security headers where an answer has none of
    its own, also where it tells of a fault."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from starlette.requests import Request

        from pipelines.service.sign_in_language import language_of

        lang = locales.html_lang(language_of(Request(scope))).encode()
        document = b"text/html" in dict(scope["headers"]).get(b"accept", b"")
        document = document and not scope["path"].startswith((IDENTITY_PATH, "/api"))
        if document:
            # Streamlit would compress its shell, which is then nothing that can be rewritten; or answer that the
            # browser has it already, which may be the one of another language.
            scope = {**scope, "headers": [(n, v) for n, v in scope["headers"] if n not in _NOT_PASSED_ON]}
        await self.app(scope, receive, _dresser(send, lang, rewrite=document))


def _dresser(send: Send, lang: bytes, *, rewrite: bool) -> Callable[[Message], Any]:
    start: dict[str, Any] = {}

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            there = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in _HEADERS if name not in there]
            # Only Streamlit's own small shell is HTML here; it comes in one piece and, without this, always in English.
            kind = dict(headers).get(b"content-type", b"")
            if rewrite and kind.startswith(b"text/html"):
                start.update(message, headers=headers)
                return
            await send({**message, "headers": headers})
            return
        if start and message["type"] == "http.response.body":
            body = message.get("body", b"")
            if not message.get("more_body"):
                body = _HTML_LANG.sub(b'<html lang="' + lang + b'"', body, count=1)
                kept = [(n, v) for n, v in start["headers"] if n.lower() not in _NOT_ITS_OWN]
                vary = (b"vary", b"Accept, Accept-Language, Cookie")
                start["headers"] = [*kept, vary, (b"content-length", str(len(body)).encode())]
            await send(dict(start))
            start.clear()
            await send({**message, "body": body})
            return
        await send(message)

    return dressed


def create(home: Home, told: Settings) -> Any:
    """The application of a home: a `streamlit.starlette.App`, dressed; an ASGI callable."""
    from starlette.routing import Mount
    from streamlit.starlette import App

    from dashboards.portal_line import Lines
    from pipelines.desk import open_desk
    from pipelines.service import demonstration, sign_in, tidy
    from pipelines.service.api import create_api
    from pipelines.service.authorization import Client

    for path in tidy.tidy(home):
        _LOG.warning("a process that was ended had left %s half-written; it is removed", path.name)
    desk = open_desk(home)
    routes = [Mount("/api", create_api(desk))]
    if told.issuer:
        client = Client(told.client_id, told.client_secret, told.redirect_uri)
        demonstration.give_passwords(home, desk.engine)
        served = sign_in.create(desk.engine, client, told.issuer, demonstration=home.kind == "demonstration")
        routes.append(Mount(IDENTITY_PATH, served))
    return Dressed(Lines(App(_SCRIPT, routes=routes, secrets=told.streamlit(), lifespan=_beside(desk))))


def _beside(desk: Desk) -> Callable[[Any], AbstractAsyncContextManager[dict[str, Any] | None]]:
    """What runs beside the pages: what the first upload would wait for is loaded, and notices are sent."""

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any] | None]:
        from pipelines.service import clerk

        ending = threading.Event()
        threading.Thread(target=_warm, args=(desk, ending), name="warm-up", daemon=True).start()
        with clerk.at_work(desk.home, desk.engine, desk.registry):
            try:
                yield None
            finally:
                ending.set()

    return lifespan


def _warm(desk: Desk, ending: threading.Event) -> None:
    from pipelines.intake.check import warm_up

    try:
        warm_up(desk.registry)
    except Exception as error:
        # A service that is ended in its first seconds takes the reading processes away from under this.
        if not ending.is_set():
            _LOG.error(
                "what the first upload needs could not be loaded ahead; it will be when it is asked for: %s",
                faults.told(error),
            )


def main() -> None:
    """Serve the home that `RTI_HOME` names on a port of the loopback address until ended."""
    import uvicorn

    parser = argparse.ArgumentParser(description="The offices' pages, API and sign-in of one home, on loopback.")
    parser.add_argument("--port", type=int, default=PORT)
    port = parser.parse_args().port
    try:
        home = open_home()
        app = create(home, settings(home, port))
    except (HomeError, SettingsError, LedgerError) as error:
        raise SystemExit(f"rti: {error}") from None
    _refuse_taken(port)
    faults.log_no_words()
    # Streamlit turns on the log of requests, and with it the codes by which people come back from signing in.
    logging.getLogger("uvicorn.access").addFilter(lambda _record: False)
    uvicorn.run(app, host=HOST, port=port, log_level="warning", access_log=False, server_header=False)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SystemExit(f"rti: port {port} of {HOST} cannot be had ({error.strerror}); choose another") from None


if __name__ == "__main__":
    main()
