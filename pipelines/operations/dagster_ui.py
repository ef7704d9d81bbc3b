"""Serve the Dagster UI of a home behind the loopback guard: `python -m pipelines.operations.dagster_ui --port N`.

Dagster's own command accepts requests from any web page open in a browser on this machine, and runs mutations by GET.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pipelines.core.settings import AddressSettings, SettingsError, read_settings
from pipelines.core.structured_log import configure_log
from pipelines.operations.code_server import add_socket_option, choose_definitions
from pipelines.operations.loopback_guard import LoopbackGuard
from pipelines.runs.running_clock import follow_running_clock
from pipelines.web.health import Health, HealthCheck, health_routes
from pipelines.web.metrics import measure_service

if TYPE_CHECKING:
    from dagster._core.workspace.context import WorkspaceProcessContext
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
PART = "dagster-ui"
_POLL_MILLISECONDS = 2000


def guard_app(app: Any, port: int) -> LoopbackGuard:
    """Put the guard in front of the UI; `RTI_DAGSTER_URL` is the address of a proxy that asks people to sign in."""
    proxy = read_settings(AddressSettings).dagster_url
    return LoopbackGuard(app, port=port, public_urls=[proxy] if proxy else [], json_only_paths=["/graphql"])


def complete_app(app: Any, port: int, measure_readiness: Callable[[], Health]) -> ASGIApp:
    """Return the UI with the addresses of its health, behind the guard, measured if `RTI_METRICS_PORT` is set."""
    # First, because Dagster has a page for every other address.
    app.router.routes[:0] = health_routes(measure_readiness)
    return measure_service(guard_app(app, port), PART, measure_readiness)


def ui_readiness(context: WorkspaceProcessContext) -> Health:
    """Return whether the UI can show the pipeline: the definitions are loaded, and Dagster's storage answers."""
    return Health((_check_definitions(context), _check_storage(context)))


def _check_definitions(context: WorkspaceProcessContext) -> HealthCheck:
    names = context.code_location_names
    failed = not names or any(context.has_code_location_error(name) for name in names)
    return HealthCheck("definitions", "the definitions cannot be loaded; the UI shows the error" if failed else "")


def _check_storage(context: WorkspaceProcessContext) -> HealthCheck:
    try:
        context.instance.get_runs(limit=1)
    except Exception as error:
        return HealthCheck("storage", f"the storage of runs cannot be read ({type(error).__name__})")
    return HealthCheck("storage")


def main(arguments: Sequence[str] | None = None) -> None:
    """Close the runs that a killed process left behind, then serve the UI until the process is asked to end."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.dagster_ui", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    add_socket_option(parser)
    options = parser.parse_args(arguments)
    port: int = options.port
    try:
        read_settings(AddressSettings)
        configure_log("dagster-ui")
        follow_running_clock()
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None

    import uvicorn
    from dagster import DagsterInstance
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster_webserver.app import create_app_from_workspace_process_context
    from dagster_webserver.version import __version__

    from pipelines.core.home import open_home
    from pipelines.runs.instance import instance_folder
    from pipelines.runs.recovery import close_dead_runs

    home = open_home()
    os.environ["DAGSTER_HOME"] = str(instance_folder(home))
    with DagsterInstance.get() as instance:
        close_dead_runs(home, instance)
        instance.optimize_for_webserver(statement_timeout=15_000, pool_recycle=3600, max_overflow=20)
        target = choose_definitions(options.code_server)
        with WorkspaceProcessContext(instance, target, version=__version__, read_only=False) as context:
            app = create_app_from_workspace_process_context(context, "", _POLL_MILLISECONDS, lifespan=_lifespan)
            served = complete_app(app, port, lambda: ui_readiness(context))
            uvicorn.run(served, host=HOST, port=port, log_level="warning", proxy_headers=False, server_header=False)


@asynccontextmanager
async def _lifespan(_: Any) -> AsyncIterator[None]:
    # Event streams are still open when the server shuts down; uvicorn then cancels them.
    try:
        yield
    except asyncio.CancelledError:
        logging.getLogger("rti.dagster_ui").info("ended")


if __name__ == "__main__":
    main()
