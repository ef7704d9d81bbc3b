"""The public site and SDMX REST work where the restricted folder does not exist, and never ask for it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public.release_pages import ReleasePages
from dashboards.public.static_pages import StaticPages
from pipelines.core.home import open_home
from pipelines.dissemination.release import load_structures
from pipelines.web import health
from pipelines.web.open_data.service import OpenDataService
from pipelines.web.sdmx.service import SdmxService

_RECORDERS: list[list[str]] = []
"""Lists that paths of files are recorded in while a test wants it: an audit hook cannot be removed."""


def _record_paths(event: str, arguments: tuple[object, ...]) -> None:
    if _RECORDERS and event in ("open", "os.listdir", "os.scandir", "sqlite3.connect") and arguments:
        for paths in _RECORDERS:
            paths.append(str(arguments[0]))


sys.addaudithook(_record_paths)


@pytest.fixture
def recorded_paths() -> Iterator[list[str]]:
    paths: list[str] = []
    _RECORDERS.append(paths)
    yield paths
    _RECORDERS.remove(paths)


@pytest.fixture(scope="module")
def public_home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that has the public folder of the demonstration only."""
    root = tmp_path_factory.mktemp("public-home")
    shutil.copy(built_home / "home.json", root)
    (root / "public").symlink_to(built_home / "public")
    return root


def test_public_site_needs_no_restricted_file(public_home: Path, recorded_paths: list[str]) -> None:
    def open_public_home() -> object:
        return open_home(public_home)

    site = StaticPages(PlainTextResponse("none", 404), open_public_home, "https://example.org")  # type: ignore[arg-type]
    pages = ReleasePages(site, open_public_home, "https://example.org")  # type: ignore[arg-type]
    sdmx = SdmxService(pages, open_public_home)  # type: ignore[arg-type]
    client = TestClient(OpenDataService(sdmx, open_public_home))  # type: ignore[arg-type]
    release = open_home(public_home).current.resolve()
    addresses = [f"/en/{path.name}" for path in sorted((release / "pages" / "en").glob("*.html"))]
    addresses += ["/en/calendar.html", "/en/releases.atom", f"/releases/{release.name}/data/POPULATION.csv"]
    addresses += [f"/sdmx/v2/data/dataflow/RTI/{name}?limit=1" for name in load_structures(release).dataflows]
    addresses += ["/sdmx/v2/structure/dataflow", "/sdmx/v1/availableconstraint/VICTIMS"]
    addresses += ["/api/data/", "/api/data/openapi.json", "/api/data/tables", "/api/data/tables/VICTIMS/rows"]
    statuses = {address: client.get(address).status_code for address in addresses}
    assert len(addresses) > 30
    assert {address: status for address, status in statuses.items() if status != 200} == {}
    assert health.release_health(open_home(public_home)).is_good
    assert [path for path in recorded_paths if "/restricted" in path] == []
    assert any("/public" in path for path in recorded_paths)
