"""Assemble the portal of the offices as one ASGI application: `python -m dashboards.office.app --port 8502`.

It combines the pages, the sign-in and the API, each written elsewhere, behind the guards and headers that the public
dashboard has too (`pipelines/web/`).
"""

from __future__ import annotations

import argparse
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from pipelines.core.error_places import describe_fault
from pipelines.core.home import Home, HomeError, open_home
from pipelines.core.settings import SettingsError
from pipelines.core.structured_log import configure_log
from pipelines.ledger.database import LedgerError
from pipelines.web import fault_log
from pipelines.web.settings import WebSettings, read_web_settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from dashboards.office.uploads import Uploads
    from pipelines.submissions.service import Desk

HOST = "127.0.0.1"
PORT = 8502
LARGEST_FORM = 1024 * 1024
"""Bytes of a form without a file: all justifications of a long return together."""
SECONDS_TO_END = 5
"""Seconds that open connections get to end when the service is stopped."""
_LOG = logging.getLogger("rti.portal")


def create_app(home: Home, service_settings: WebSettings) -> Any:
    """Return the application of a home behind its guards; an ASGI callable."""
    from pipelines.refresh.publication import complete_publication_at_start
    from pipelines.refresh.returns import find_sample_folder
    from pipelines.submissions.experts.listed import record_listed_experts
    from pipelines.submissions.service import open_desk
    from pipelines.web import guards, leftovers, metrics, office_health
    from pipelines.web.security_headers import STRICT_POLICY, NoStore, SecurityHeaders

    for path in leftovers.remove_leftovers(home):
        _LOG.warning("a process that was ended had left %s half-written; it is removed", path.name)
    complete_publication_at_start(home, report=_LOG.warning)
    desk = open_desk(home)
    record_listed_experts(home, desk.engine, find_sample_folder())
    pages = create_pages(desk, service_settings)
    limits = service_settings.site.limits
    guarded = guards.Guard(NoStore(pages), limits, guards.Rates(), writable=_find_writable_methods(pages))
    app = SecurityHeaders(guarded, service_settings.site, lambda _host: STRICT_POLICY)
    return metrics.measure_service(app, "office", lambda: office_health.portal_health(home, desk.engine))


def create_pages(desk: Desk, service_settings: WebSettings) -> FastAPI:
    """Return pages, sign-in, API and health of a desk, without the guards."""
    from fastapi import FastAPI
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse

    from dashboards.office import errors, pages, uploads
    from dashboards.office.experts import routes as expert_links
    from dashboards.office.services import ASSETS, OfficeServices
    from dashboards.office.survey import result_routes as survey_results
    from dashboards.office.survey import routes as survey
    from dashboards.office.survey import workbook_routes as survey_workbook
    from dashboards.office.survey.services import SurveyServices
    from pipelines.web import health, office_health
    from pipelines.web.api.app import create_api
    from pipelines.web.check_queue import Queue
    from pipelines.web.request_limits import BodyLimit
    from pipelines.web.sign_in.routes import create_sign_in
    from pipelines.web.sign_in.sessions import open_sessions

    queue = Queue()
    received = uploads.Uploads(queue)
    sessions = open_sessions(desk.engine, service_settings)
    too_big = PlainTextResponse("The form is too big.\n", 413, {"Connection": "close"})
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_run_with_service(desk, received),
        middleware=[Middleware(BodyLimit, limit=LARGEST_FORM, refusal=too_big, besides=_UNLIMITED)],
    )
    app.state.office = OfficeServices(
        desk, sessions, received, pages.list_offered_pages, service_settings.cookie_secret
    )
    app.state.survey = SurveyServices(desk)
    app.mount("/api", create_api(desk, queue))
    app.router.routes += [
        # First, because most people at once are those who fill in a questionnaire, and every route before costs time.
        *survey_results.router.routes,
        *survey_workbook.router.routes,
        *survey.router.routes,
        *health.health_routes(lambda: office_health.portal_health(desk.home, desk.engine)),
        ASSETS.create_route(),
        *create_sign_in(desk.engine, service_settings, desk.home, sessions, ASSETS.find_address),
        # `include_router` would inspect every function again, which takes 70 ms.
        *pages.create_router().routes,
        *expert_links.router.routes,
    ]
    errors.install_handlers(app)
    return app


_UNLIMITED = ("/upload", "/practice", "/v1/check", "/v1/submissions")
"""Ends of the addresses that take files and count their bytes themselves."""


def _find_writable_methods(app: FastAPI) -> Callable[[str], tuple[str, ...]]:
    """Return a function that lists the methods, besides those that only read, that an address accepts."""
    from starlette.routing import Match

    def writable_methods(path: str) -> tuple[str, ...]:
        if path.startswith("/api/"):
            return ("POST", "PUT", "PATCH", "DELETE")
        post = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
        return ("POST",) if any(route.matches(post)[0] is Match.FULL for route in app.routes) else ()

    return writable_methods


def _run_with_service(desk: Desk, received: Uploads) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Preload what the first upload would wait for, and send notices, for as long as the application runs."""

    @asynccontextmanager
    async def manage_lifespan(_app: FastAPI) -> AsyncIterator[None]:
        from pipelines.web import background_worker

        ending = threading.Event()
        threading.Thread(target=_preload, args=(desk, ending), name="warm-up", daemon=True).start()
        with background_worker.at_work(desk.home, desk.engine, desk.registry):
            try:
                async with received.sweep_regularly():
                    yield
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
                describe_fault(error),
            )


def main() -> None:
    """Serve the home that `RTI_HOME` names on a port of the loopback address until ended."""
    import uvicorn

    parser = argparse.ArgumentParser(description="The offices' pages, API and sign-in of one home, on loopback.")
    parser.add_argument("--port", type=int, default=PORT)
    port = parser.parse_args().port
    _refuse_taken(port)
    try:
        configure_log("office")
        home = open_home()
        service_settings = read_web_settings(home, port)
        app = create_app(home, service_settings)
    except (HomeError, SettingsError, LedgerError) as error:
        raise SystemExit(f"rti: {error}") from None
    service_settings.site.warn_of_missing_proxy()
    fault_log.log_no_words()
    # The log of requests would record the codes with which people return from signing in.
    logging.getLogger("uvicorn.access").addFilter(lambda _record: False)
    uvicorn.run(
        app,
        host=HOST,
        port=port,
        log_level="warning",
        access_log=False,
        log_config=None,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=SECONDS_TO_END,
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
