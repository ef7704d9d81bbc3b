"""Use the pages and the API of the public part that tests share, and read from its log which modules it imported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import httpx

from pipelines.publication.releases.publish import find_current_release
from tests.support.paths import ROOT
from tests.support.service.running import Service

RESTRICTED = (
    "pipelines.ledger", "pipelines.submissions", "pipelines.reading", "pipelines.office", "pipelines.refresh",
    "pipelines.survey.service", "pipelines.survey.answer_store", "pipelines.survey.invitation_store",
    "pipelines.publication.provenance.explain", "pipelines.warehouse.count_builds",
    "pipelines.web.sign_in", "dashboards.office", "expectations", "sqlalchemy", "dagster", "dbt",
)  # fmt: skip
"""Packages that read or write returns, the ledger or restricted counts, and the libraries that they need."""
_IMPORT = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+([\w.]+)$", re.MULTILINE)
EXPLORER = ("region", "territory", "compare", "source", "about")
"""Pages of the explorer that are drawn, each for its first choices."""


def list_restricted(log: str) -> list[str]:
    """Return the restricted modules that a process imported, from the log that `-X importtime` writes."""
    names = set(_IMPORT.findall(log))
    return sorted(name for name in names if f"{name}.".startswith(tuple(f"{package}." for package in RESTRICTED)))


def list_addresses(release: str) -> list[str]:
    """Return addresses of each part of the public site: pages, releases, data files, figures, and both APIs."""
    data = f"/releases/{release}/data"
    return [
        "/", "/en/", "/sq/", "/mk/methodology.html", "/en/releases.html", f"/releases/{release}/en/",
        "/health", "/ready",
        "/api/data/", "/api/data/openapi.json", "/api/data/releases", "/api/data/tables/VICTIMS",
        "/api/data/tables/VICTIMS/rows?FREQ=A&from=2023", "/api/data/tables/VICTIMS/rows?format=csv",
        "/sdmx/v1/dataflow/RTI/all/latest", "/sdmx/v1/data/VICTIMS/all?detail=dataonly",
        "/sdmx/v2/structure/dataflow/RTI", "/sdmx/v2/metadata/structure/dataflow/RTI/VICTIMS",
        f"{data}/cell.parquet", f"{data}/VICTIMS.csv", f"{data}/VICTIMS.xlsx", f"{data}/VICTIMS.parquet",
        f"{data}/victims_year.px", f"{data}/victims_year.jsonstat.json", f"{data}/VICTIMS.sdmx.json",
        f"{data}/structures.sdmx-3.0.xml", f"{data}/codebook.csv",
    ]  # fmt: skip


def _draw_page(address: str, name: str) -> str:
    """Open a page of the explorer over its WebSocket, as a browser does; return how its script ended."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect
    from websockets.typing import Subprotocol

    url = address.replace("http", "ws", 1) + "/_stcore/stream"
    with connect(url, subprotocols=[Subprotocol("streamlit")], max_size=None, proxy=None) as socket:
        request: Any = BackMsg()
        request.rerun_script.page_name = name
        socket.send(request.SerializeToString())
        while True:
            answer: Any = ForwardMsg()
            answer.ParseFromString(socket.recv(timeout=120))
            if answer.WhichOneof("type") == "script_finished":
                return str(ForwardMsg.ScriptFinishedStatus.Name(answer.script_finished))


def test_pages_and_interfaces_of_the_public_part_import_nothing_restricted(public: Service) -> None:
    folder = find_current_release(public.home)
    assert folder is not None
    with httpx.Client(base_url=public.address, trust_env=False, timeout=120, follow_redirects=True) as client:
        answers = {path: client.get(path).status_code for path in list_addresses(folder.name)}
    assert {path: status for path, status in answers.items() if status != 200} == {}
    drawn = {name: _draw_page(public.address, name) for name in EXPLORER}
    assert set(drawn.values()) == {"FINISHED_SUCCESSFULLY"}, drawn
    text = public.log.read_text(encoding="utf-8")
    imported = set(_IMPORT.findall(text))
    assert {f"dashboards.public.pages.{name}" for name in EXPLORER} <= imported
    assert {"pipelines.web.sdmx.service", "pipelines.dissemination.writers.tabular"} <= imported
    assert list_restricted(text) == []


def test_import_of_a_restricted_module_is_found() -> None:
    """Import the explanation of a figure, which reads the ledger, so that the test above proves something."""
    planted = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import pipelines.ledger.schema"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "pipelines.ledger.schema" in list_restricted(planted.stderr)
