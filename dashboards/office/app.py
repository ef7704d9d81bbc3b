"""Assemble the portal of the offices as one ASGI application: `python -m dashboards.office.app --port 8502`.

It combines the Streamlit pages (`pages/navigation.py`), the API and the built-in sign-in, each written elsewhere, with
the wrappers around them: guards and headers that the public dashboard has too (`pipelines/web/`), the guard of uploads,
the shell and the connections.
"""

from __future__ import annotations

import argparse
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.home import Home, HomeError, open_home
from pipelines.core.settings import SettingsError
from pipelines.ledger.database import LedgerError
from pipelines.web import fault_log
from pipelines.web.settings import IDENTITY_PATH, Settings, read_web_settings

if TYPE_CHECKING:
    from starlette.types import Scope

    from dashboards.office.uploads import Sessions
    from pipelines.submissions.service import Desk

HOST = "127.0.0.1"
PORT = 8502
SECONDS_AWAY = 900
"""Seconds for which a session without a connection is kept, so that an uploaded file and a half-written explanation
survive a quarter of an hour without a network. Streamlit's default is two minutes."""
LONGEST_MESSAGE = 1024 * 1024
"""Bytes of one WebSocket message of a signed-in person: all justifications of a long return together."""
_LOG = logging.getLogger("rti.portal")
# Not next to `pages`: Streamlit 1.67 offers each file of a folder of that name next to its script as a page.
_SCRIPT = Path(__file__).parent / "pages" / "navigation.py"


def create_app(home: Home, service_settings: Settings) -> Any:
    """Return the application of a home: a `streamlit.starlette.App` behind the guards; an ASGI callable."""
    from starlette.routing import Mount
    from streamlit import config
    from streamlit.starlette import App

    from dashboards.office import uploads
    from dashboards.office.connections import StaleRunFilter
    from dashboards.office.pages import page_paths
    from dashboards.office.shell import INLINE_SCRIPTS, DocumentShell, asset_routes
    from pipelines.refresh.publication import complete_publication_at_start
    from pipelines.submissions.service import open_desk
    from pipelines.web import guards, health, leftovers
    from pipelines.web.api.app import create_api
    from pipelines.web.security_headers import SecurityHeaders
    from pipelines.web.sign_in import demonstration, provider
    from pipelines.web.sign_in.authorization import Client

    for path in leftovers.remove_leftovers(home):
        _LOG.warning("a process that was ended had left %s half-written; it is removed", path.name)
    complete_publication_at_start(home, report=_LOG.warning)
    # Set here and not in `.streamlit/config.toml`, which the public pages read too: their sessions hold nothing worth
    # keeping.
    config.set_option("server.disconnectedSessionTTL", SECONDS_AWAY)
    config.set_option("server.maxUploadSize", uploads.LARGEST // 1024 // 1024)
    config.set_option("server.maxWidgetStateSize", LONGEST_MESSAGE // 1024 // 1024)
    desk = open_desk(home)
    routes = [
        Mount("/api", create_api(desk)),
        health.health_route(lambda: health.portal_health(home, desk.engine)),
        *asset_routes(),
    ]
    if service_settings.issuer:
        client = Client(service_settings.client_id, service_settings.client_secret, service_settings.redirect_uri)
        demonstration.give_passwords(home, desk.engine)
        served = provider.create_provider(
            desk.engine,
            client,
            service_settings.issuer,
            demonstration=home.kind == "demonstration",
            secret=service_settings.cookie_secret,
        )
        routes.append(Mount(IDENTITY_PATH, served))
    sessions = uploads.Sessions()
    app = App(
        _SCRIPT,
        routes=routes,
        secrets=service_settings.list_streamlit_options(),
        lifespan=_run_beside_pages(desk, sessions),
    )
    person = uploads.person_of_cookie(desk.engine, service_settings.issuer)
    rates = guards.Rates()
    pages = uploads.UploadGuard(DocumentShell(StaleRunFilter(app), page_paths()), person, sessions)
    limited = guards.SessionGuard(pages, service_settings.site.limits, rates, longest_message=_longest_message)
    guarded = guards.Guard(limited, service_settings.site.limits, rates, writable=_writable_methods)
    return SecurityHeaders(guarded, service_settings.site, INLINE_SCRIPTS)


def _writable_methods(path: str) -> tuple[str, ...]:
    """Return the methods of an address other than those that only read."""
    from dashboards.office import uploads

    if path.startswith("/api/"):
        return ("POST", "PUT", "PATCH", "DELETE")
    if path.startswith(f"{IDENTITY_PATH}/"):
        return ("POST",)
    return uploads.METHODS if path.startswith(uploads.PATH) else ()


def _longest_message(scope: Scope) -> int:
    """Return the largest message in bytes that a page may send: small until somebody has signed in."""
    from dashboards.office.uploads import signed_claims
    from pipelines.web.guards import LONGEST_MESSAGE as ANONYMOUS

    return LONGEST_MESSAGE if signed_claims(scope) else ANONYMOUS


def _run_beside_pages(
    desk: Desk, sessions: Sessions
) -> Callable[[Any], AbstractAsyncContextManager[dict[str, Any] | None]]:
    """Preload what the first upload would wait for, and send notices, for as long as the application runs."""

    @asynccontextmanager
    async def manage_lifespan(_app: Any) -> AsyncIterator[dict[str, Any] | None]:
        from dashboards.office.uploads import sweep_abandoned_files
        from pipelines.web import background_worker

        ending = threading.Event()
        threading.Thread(target=_preload, args=(desk, ending), name="warm-up", daemon=True).start()
        with background_worker.at_work(desk.home, desk.engine, desk.registry):
            try:
                async with sweep_abandoned_files(sessions):
                    yield None
            finally:
                ending.set()

    return manage_lifespan


def _preload(desk: Desk, ending: threading.Event) -> None:
    from pipelines.submissions.checking.check import warm_up

    try:
        warm_up(desk.registry)
    except Exception as error:
        # A service that is stopped in its first seconds ends the reading processes while this still uses them.
        if not ending.is_set():
            _LOG.error(
                "what the first upload needs could not be loaded ahead; it will be when it is asked for: %s",
                fault_log.describe_fault(error),
            )


def main() -> None:
    """Serve the home that `RTI_HOME` names on a port of the loopback address until ended."""
    import uvicorn

    parser = argparse.ArgumentParser(description="The offices' pages, API and sign-in of one home, on loopback.")
    parser.add_argument("--port", type=int, default=PORT)
    port = parser.parse_args().port
    try:
        home = open_home()
        service_settings = read_web_settings(home, port)
        app = create_app(home, service_settings)
    except (HomeError, SettingsError, LedgerError) as error:
        raise SystemExit(f"rti: {error}") from None
    _refuse_taken(port)
    service_settings.site.warn_of_missing_proxy()
    fault_log.log_no_words()
    # Streamlit turns on the log of requests, which would record the codes with which people return from signing in.
    logging.getLogger("uvicorn.access").addFilter(lambda _record: False)
    uvicorn.run(
        app,
        host=HOST,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_max_size=LONGEST_MESSAGE,
        **service_settings.site.list_uvicorn_options(),
    )


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SystemExit(f"rti: port {port} of {HOST} cannot be had ({error.strerror}); choose another") from None


if __name__ == "__main__":
    main()
