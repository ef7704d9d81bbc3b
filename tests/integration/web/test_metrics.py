"""Tests of the metrics of web services: what is counted, where it is served, and what is not in it."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pipelines.core.settings import SettingsError
from pipelines.web import metrics
from pipelines.web.health import Health, HealthCheck
from tests.support.coroutines import run_async
from tests.support.ports import free_port


def _answer(request: Request) -> PlainTextResponse:
    if request.path_params["name"] == "broken":
        raise RuntimeError("planted")
    return PlainTextResponse("words", 404 if request.path_params["name"] == "secret-name" else 200)


def _make_app() -> Starlette:
    return Starlette(routes=[Route("/returns/{name}", _answer)])


def _ask(app: Any, *paths: str) -> None:
    async def ask_all() -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            for path in paths:
                await client.get(path)

    run_async(ask_all())


def _read(service: metrics.MeasuredService, name: str, **labels: str) -> float | None:
    return service.registry.get_sample_value(name, {"part": "office", **labels})


def test_requests_are_counted_by_class_of_status_and_timed() -> None:
    service = metrics.MeasuredService(_make_app(), "office", lambda: Health(()))
    _ask(service, "/returns/a", "/returns/b", "/returns/secret-name", "/returns/broken")
    counts = {status: _read(service, "rti_requests_total", status=status) for status in ("2xx", "4xx", "5xx")}
    assert counts == {"2xx": 2, "4xx": 1, "5xx": 1}
    assert _read(service, "rti_request_seconds_count") == 4
    assert _read(service, "rti_requests_in_progress") == 0


def test_health_is_a_metric_and_its_failure_hides_no_other() -> None:
    def raise_fault() -> Health:
        raise OSError("planted")

    problem = Health((HealthCheck("ledger", "the ledger is missing"),))
    for measure, value in ((lambda: Health(()), 1), (lambda: problem, 0), (raise_fault, 0)):
        assert _read(metrics.MeasuredService(_make_app(), "office", measure), "rti_healthy") == value


def test_metrics_are_served_on_loopback_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("RTI_METRICS_PORT", str(port))
    service = metrics.measure_service(_make_app(), "office", lambda: Health(()))
    _ask(service, "/returns/secret-name?account=office")
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    assert 'rti_requests_total{part="office",status="4xx"} 1.0' in text
    assert "process_resident_memory_bytes" in text
    assert "secret-name" not in text and "account" not in text and "returns" not in text


def test_service_without_a_port_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RTI_METRICS_PORT", raising=False)
    app = _make_app()
    assert metrics.measure_service(app, "office", lambda: Health(())) is app


def test_port_in_use_is_logged_and_the_service_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    monkeypatch.setenv("RTI_METRICS_PORT", str(port))
    metrics.measure_service(_make_app(), "office", lambda: Health(()))
    with caplog.at_level(logging.WARNING):
        _ask(metrics.measure_service(_make_app(), "public", lambda: Health(())), "/returns/a")
    assert f"metrics are not served on port {port}" in caplog.text
    monkeypatch.setenv("RTI_METRICS_PORT", "70000")
    with pytest.raises(SettingsError, match="RTI_METRICS_PORT"):
        metrics.measure_service(_make_app(), "office", lambda: Health(()))
