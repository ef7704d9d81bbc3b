"""Assemble the public dashboard as one ASGI application: `python -m dashboards.public.app --port 8501`.

It serves the static pages of releases (`static_pages.py`), their calendar and feed (`release_pages.py`), the Streamlit
pages (`pages/navigation.py`) and their documents (`documents.py`) behind the same guards as the offices' pages. No
address accepts a body. A request that fails is answered by `failures.py`.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from dashboards.public.documents import Documents
from dashboards.public.failures import answer_failure
from dashboards.public.release_pages import ReleasePages
from dashboards.public.static_pages import StaticPages, find_current_pages, is_demonstration_home
from pipelines.core.settings import CommandSettings, SettingsError, read_settings
from pipelines.core.structured_log import configure_log
from pipelines.web import guards
from pipelines.web.compression import CompressTexts
from pipelines.web.fault_log import UnhandledErrorGuard
from pipelines.web.settings import Site, public_site

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
PORT = 8501
# Not next to `pages`: Streamlit 1.67 offers each file of a folder of that name next to its script as a page.
_SCRIPT = Path(__file__).parent / "pages" / "navigation.py"
LATE_MODULES = ("scipy.special", "scipy.optimize")
"""Modules that the statistics of pages import when they first need them. A reader would wait for half a second."""


def create_app(site: Site) -> ASGIApp:
    """Return the application: static pages and Streamlit behind the guards."""
    from streamlit import config, file_util
    from streamlit.starlette import App

    from pipelines.core.home import open_home
    from pipelines.web import health, metrics
    from pipelines.web.open_data.service import OpenDataService
    from pipelines.web.sdmx.service import SdmxService
    from pipelines.web.security_headers import SecurityHeaders, content_policy, script_hashes

    # Set here and not in `.streamlit/config.toml`, which the offices' pages read too. The units are megabytes.
    config.set_option("server.maxUploadSize", 1)
    config.set_option("server.maxWidgetStateSize", 1)
    rates = guards.Rates()
    # The home is opened for each request, so that the service may start before the first `rti init`.
    folder = Path(file_util.get_static_dir()).resolve()
    routes = health.health_routes(
        lambda: health.release_health(open_home()), lambda: health.release_readiness(open_home())
    )
    documents = Documents(
        App(_SCRIPT, routes=routes),
        folder,
        lambda: is_demonstration_home(open_home),
        lambda: find_current_pages(open_home) is not None,
    )
    contact = read_settings(CommandSettings).contact or ""
    static_pages = StaticPages(documents, open_home, site.address, contact)
    pages = ReleasePages(static_pages, open_home, site.address)
    open_data = OpenDataService(SdmxService(pages, open_home), open_home)
    sessions = guards.SessionGuard(open_data, site.limits, rates)
    scripts = script_hashes((folder / "index.html").read_bytes())
    compressed = CompressTexts(guards.Guard(sessions, site.limits, rates))
    guarded = UnhandledErrorGuard(compressed, partial(answer_failure, contact=contact))
    app = SecurityHeaders(guarded, site, lambda host: content_policy(host, scripts))
    return metrics.measure_service(app, "public", lambda: health.release_health(open_home()))


def load_late_modules() -> None:
    """Import the modules of `LATE_MODULES`."""
    for name in LATE_MODULES:
        import_module(name)


def main() -> None:
    """Serve the release of the home that `RTI_HOME` names on a port of the loopback address until ended."""
    import uvicorn

    parser = argparse.ArgumentParser(description="The public dashboard of one home, on loopback.")
    parser.add_argument("--port", type=int, default=PORT)
    port = parser.parse_args().port
    try:
        configure_log("public")
        site = public_site()
    except SettingsError as error:
        raise SystemExit(f"rti: {error}") from None
    site.warn_of_missing_proxy()
    logging.getLogger("uvicorn.access").addFilter(lambda _record: False)
    Thread(target=load_late_modules, name="late modules", daemon=True).start()
    uvicorn.run(
        create_app(site),
        host=HOST,
        port=port,
        log_level="warning",
        access_log=False,
        log_config=None,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=guards.LONGEST_MESSAGE,
        **site.list_uvicorn_options(),
    )


if __name__ == "__main__":
    main()
