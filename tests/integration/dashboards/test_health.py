"""Tests of `/live`, `/ready` and `/health` of both web services."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.office import app as office_app
from dashboards.public import app as public_app
from pipelines.core.home import initialise_home
from pipelines.web.settings import public_site, read_web_settings


@pytest.fixture(autouse=True)
def _no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test make an application: Streamlit keeps one runtime in a process and refuses a second."""
    monkeypatch.setattr("streamlit.runtime.runtime.Runtime._instance", None)


def test_office_service_reports_health_without_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    home = initialise_home(tmp_path / "home", "real")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    client = TestClient(office_app.create_app(home, read_web_settings(home, 8999)), base_url="http://127.0.0.1:8999")
    good = client.get("/health")
    assert (good.status_code, good.json()["status"]) == (200, "ok")
    (home.restricted / "ledger.sqlite").rename(home.restricted / "elsewhere")
    bad = client.get("/health")
    assert (bad.status_code, bad.json()["checks"]["ledger"]) == (503, "the ledger is missing")
    assert (client.get("/ready").status_code, client.get("/live").status_code) == (503, 200)


def test_public_app_reports_missing_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_HOME", str(initialise_home(tmp_path / "home", "real").root))
    client = TestClient(public_app.create_app(public_site()), base_url="http://127.0.0.1")
    answer = client.get("/health")
    assert client.get("/ready").json() == {"status": "failing", "checks": {"release": "nothing has been published"}}
    assert (client.get("/live").status_code, client.get("/live").json()) == (200, {"status": "ok"})
    assert (answer.status_code, answer.json()["checks"]) == (
        503,
        {"release": "nothing has been published", "records": "ok"},
    )
