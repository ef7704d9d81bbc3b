"""Assemble the API for offices that automate: the desk over HTTP, with a token.

Checks wait for their turn and run in threads (`pipelines/web/check_queue.py`); everything else is a plain function,
which FastAPI runs in a thread.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from pipelines import __version__
from pipelines.submissions.service import Desk
from pipelines.web.api import document, due, handing_in, problems, reference_page, submissions
from pipelines.web.api.problems import ProblemError
from pipelines.web.api.token_check import TokenFirst
from pipelines.web.check_queue import Queue
from pipelines.web.guards import Rates
from pipelines.web.request_limits import BodyLimit
from pipelines.web.security_headers import NoStore

DESCRIPTION = (
    "Hand in returns, read what was found in them, send and decide them, by a program. It is the same check, the same "
    "rights and the same ledger as the portal's and the command line's.\n\n"
    "Every request carries a token: `Authorization: Bearer rti_...`. A token may what its account may, or less. What "
    "it may not see is answered as if it were not there. Errors are problem details (RFC 9457) with a `remedy`."
)

WORDS_LIMIT = 1024 * 1024
"""Bytes of a request that has words and no file."""


def create_api(desk_or_factory: Desk | Callable[[], Desk], queue: Queue | None = None) -> FastAPI:
    """Return the application for one desk, or for a function that returns one; mount it under `/api`.

    `queue` is that of the process, if other parts of it check files too.
    """
    app = FastAPI(
        title="Regional trafficking indicators: returns",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.desk = (lambda: desk_or_factory) if isinstance(desk_or_factory, Desk) else desk_or_factory
    app.state.queue = queue or Queue()
    app.add_middleware(
        BodyLimit,
        limit=WORDS_LIMIT,
        refusal=ProblemError(
            413, "The request has more than 1 MB and is none that brings a file.", limit=1
        ).make_response(),
        besides=("/v1/check", "/v1/submissions"),
    )
    # The last one added sees a request first.
    app.add_middleware(TokenFirst, desk=app.state.desk, rates=Rates())
    problems.install_handlers(app)
    app.add_middleware(NoStore)
    # `include_router` would inspect every function again.
    for part in (handing_in, submissions, due):
        app.router.routes += part.router.routes

    @app.get("/", include_in_schema=False)
    def show_reference(request: Request) -> HTMLResponse:
        base = request.scope.get("root_path", "")
        return HTMLResponse(reference_page.render_reference(app.openapi(), base))

    app.openapi = lambda: document.describe_api(app, app.state.desk())  # type: ignore[method-assign]  # FastAPI's way

    return app
