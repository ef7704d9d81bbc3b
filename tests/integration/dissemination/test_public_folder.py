"""The public site and SDMX REST work where the restricted folder does not exist, and never ask for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public.release_pages import ReleasePages
from dashboards.public.static_pages import StaticPages
from pipelines.core.home import Home, open_home
from pipelines.dissemination.release import load_structures
from pipelines.web import health
from pipelines.web.open_data.service import OpenDataService
from pipelines.web.sdmx.service import SdmxService


@pytest.fixture
def restricted_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of requests for the restricted folder of a home, each of which fails from now on."""
    requests: list[str] = []

    def refuse_folder(home: Home) -> Path:
        requests.append(str(home.root))
        raise AssertionError("the public site asks for the restricted folder")

    monkeypatch.setattr(Home, "restricted", property(refuse_folder))
    return requests


@pytest.fixture(scope="module")
def public_home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that has the public folder of the demonstration only."""
    root = tmp_path_factory.mktemp("public-home")
    shutil.copy(built_home / "home.json", root)
    (root / "public").symlink_to(built_home / "public")
    return root


def test_public_site_needs_no_restricted_file(public_home: Path, restricted_paths: list[str]) -> None:
    def open_public_home() -> Home:
        return open_home(public_home)

    site = StaticPages(PlainTextResponse("none", 404), open_public_home, "https://example.org")
    pages = ReleasePages(site, open_public_home, "https://example.org")
    sdmx = SdmxService(pages, open_public_home)
    client = TestClient(OpenDataService(sdmx, open_public_home))
    release = open_home(public_home).current.resolve()
    addresses = [f"/en/{path.name}" for path in sorted((release / "pages" / "en").glob("*.html"))]
    addresses += ["/en/calendar.html", "/en/releases.atom", f"/releases/{release.name}/data/POPULATION.csv"]
    names = load_structures(release).dataflows
    addresses += [f"/sdmx/v1/datastructure/RTI/{name}?references=children" for name in names]
    addresses += [f"/sdmx/v2/data/dataflow/RTI/{name}?limit=1" for name in ("PROCEEDINGS", "RATES", "COVERAGE")]
    addresses += ["/sdmx/v2/structure/dataflow", "/sdmx/v1/availableconstraint/VICTIMS"]
    addresses += ["/api/data/", "/api/data/openapi.json", "/api/data/tables", "/api/data/tables/VICTIMS/rows"]
    statuses = {address: client.get(address).status_code for address in addresses}
    assert len(addresses) > 30
    assert {address: status for address, status in statuses.items() if status != 200} == {}
    assert health.release_health(open_home(public_home)).is_good
    assert restricted_paths == []
