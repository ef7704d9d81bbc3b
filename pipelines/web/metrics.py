"""Measure requests of a web service for Prometheus, and answer `/metrics` on a loopback port of its own.

A port of its own, because the port of the pages is open to the world by the proxy. No label contains an address, an
account or anything of a return.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from pipelines.core.settings import MonitoringSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pipelines.web.health import Health

HOST: Final = "127.0.0.1"
BUCKETS: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Upper limits of the classes of duration in seconds; a check of a return may take several seconds."""
_LOG = logging.getLogger("rti.metrics")


class MeasuredService:
    """An ASGI application that counts and times the requests of another one."""

    def __init__(self, app: ASGIApp, part: str, measure_health: Callable[[], Health]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

        self._app = app
        self.registry: CollectorRegistry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        labels = {"part": part}
        names = tuple(labels)
        self._requests = Counter(
            "rti_requests", "Requests by class of status.", (*names, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "rti_request_seconds", "Time until the response ended.", names, buckets=BUCKETS, registry=self.registry
        ).labels(**labels)
        self._running = Gauge(
            "rti_requests_in_progress", "Requests that are being answered.", names, registry=self.registry
        ).labels(**labels)
        healthy = Gauge("rti_healthy", "1 if the service can answer a page.", names, registry=self.registry)
        healthy.labels(**labels).set_function(self._read_health)
        self._labels, self._measure_health = labels, measure_health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the other application, and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # if the application fails before it responds

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        self._running.inc()
        try:
            await self._app(scope, receive, note_status)
        finally:
            self._running.dec()
            self._seconds.observe(time.perf_counter() - began)
            self._requests.labels(**self._labels, status=f"{status // 100}xx").inc()

    def _read_health(self) -> float:
        try:
            return float(self._measure_health().is_good)
        except Exception as error:
            # A scrape that failed would hide every other metric.
            _LOG.warning("the health cannot be measured (%s)", type(error).__name__)
            return 0.0


def measure_service(app: ASGIApp, part: str, measure_health: Callable[[], Health]) -> ASGIApp:
    """Return the application, measured and with its metrics served if `RTI_METRICS_PORT` is set.

    A port in use is logged: pages matter more than their measurement. Raises SettingsError.
    """
    port = read_settings(MonitoringSettings).metrics_port
    if port is None:
        return app
    measured = MeasuredService(app, part, measure_health)
    serve_registry(measured.registry, port)
    return measured


def serve_registry(registry: CollectorRegistry, port: int) -> None:
    """Answer `/metrics` on a loopback port from a thread, until the process ends. A port in use is logged."""
    from prometheus_client import start_http_server

    try:
        start_http_server(port, HOST, registry)
    except OSError as error:
        _LOG.warning("metrics are not served on port %d of %s: %s", port, HOST, error.strerror)
