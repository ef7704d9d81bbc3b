"""SDMX REST and the JSON API of a running service under load: one territory's series, asked for again and again.

The load is that of `wrk`: connections that stay open send one request after another. The floor is a bare Starlette
route in a process of its own that returns the same bytes, under the same load: `python -m benchmarks.open_data PORT
FILE`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

from benchmarks import decade, history
from benchmarks.measuring import ROOT
from benchmarks.registry import Figure, Setting, register_benchmark

CONNECTIONS, SECONDS = 8, 5.0
"""Connections that stay open, and how long they send."""
_FIRST_TIMEOUT = 120.0
"""Seconds that the first answer may take: the release is read for it."""
P95_TARGET, RATE_TARGET = 0.030, 300.0
"""Seconds and requests in a second, from the issue."""
SERIES = {
    "SDMX-CSV": "/sdmx/v1/data/VICTIMS/A.RS........?format=sdmx-csv",
    "SDMX-JSON": "/sdmx/v2/data/dataflow/RTI/VICTIMS/+/A.RS",
    "SDMX-ML": "/sdmx/v1/data/VICTIMS/A.RS........",
    "JSON": "/api/data/tables/VICTIMS/rows?FREQ=A&REF_AREA=RS",
}
"""The yearly series of victims of one territory, in each way."""


@dataclass(frozen=True)
class Load:
    """Seconds of each answer, and answers in a second."""

    p95: float
    rate: float


@register_benchmark("open-data", "SDMX REST and the JSON API of a release of ten years, under load")
def measure_open_data(setting: Setting) -> Iterator[Figure]:
    """Measure the series of a territory in a release of ten years, or of the demonstration's years in the short run."""
    import httpx

    from tests.support.service.public_app import run_public_app

    years = decade.YEARS if max(setting.scales) > 1 else history.CYCLE
    home, _ = decade.publish_release(setting, years)
    os.environ["RTI_REQUESTS_PER_MINUTE"] = "10000000"
    try:
        with run_public_app(home, setting.scratch / "open-data.log") as address:
            for name, path in SERIES.items():
                first = time.perf_counter()
                content = httpx.get(f"{address}{path}", timeout=_FIRST_TIMEOUT).raise_for_status().content
                first = time.perf_counter() - first
                load = measure_load(address, path)
                with _run_bare_route(setting.scratch, content) as floor_address:
                    floor = measure_load(floor_address, "/")
                note = f"{len(content) / 1000:.0f} kB; the first answer took {first * 1000:.0f} ms"
                yield Figure(
                    f"{name}, p95", load.p95 * 1000, "ms", floor.p95 * 1000, "a bare route", "≤ 30 ms",
                    load.p95 <= P95_TARGET, note,
                )  # fmt: skip
                yield Figure(
                    f"{name}, answers in a second", load.rate, "/s", floor.rate, "a bare route", "≥ 300",
                    load.rate >= RATE_TARGET,
                )  # fmt: skip
    finally:
        del os.environ["RTI_REQUESTS_PER_MINUTE"]


def measure_load(address: str, path: str) -> Load:
    """Send requests from all connections for some seconds. Raises SystemExit if one is not answered with 200."""
    times: list[float] = []
    began = time.perf_counter()
    asyncio.run(_send_all(urlsplit(address).port or 80, path, times, began + SECONDS))
    seconds = time.perf_counter() - began
    return Load(quantiles(times, n=20, method="inclusive")[-1], len(times) / seconds)


async def _send_all(port: int, path: str, times: list[float], until: float) -> None:
    await asyncio.gather(*(_send_in_turn(port, path, times, until) for _ in range(CONNECTIONS)))


async def _send_in_turn(port: int, path: str, times: list[float], until: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n".encode()
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        lengths = [line.partition(":")[2] for line in fields if line.lower().startswith("content-length:")]
        if " 200 " not in status or not lengths:
            raise SystemExit(f"{path} was answered with {status}")
        await reader.readexactly(int(lengths[0]))
        times.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()


@contextmanager
def _run_bare_route(folder: Path, content: bytes) -> Iterator[str]:
    """Run a route that returns some bytes, yield its address and end the process."""
    from tests.support.ports import free_port

    port, file = free_port(), folder / "bare-route"
    file.write_bytes(content)
    command = [sys.executable, "-m", "benchmarks.open_data", str(port), str(file)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            _wait_for_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait_for_port(port: int) -> None:
    import socket

    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the bare route did not start")


def main(arguments: list[str]) -> None:
    """Serve the bytes of a file on a port of the loopback address."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    content = Path(arguments[1]).read_bytes()

    async def answer_request(_request: Request) -> Response:
        return Response(content, media_type="application/octet-stream")

    app = Starlette(routes=[Route("/", answer_request)])
    uvicorn.run(app, host="127.0.0.1", port=int(arguments[0]), log_level="error", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1:])
