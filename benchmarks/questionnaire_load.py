"""People who fill in the questionnaire of a running service, and a bare Starlette service as the floor.

A person opens the start, answers every page and sends, with a connection for each page, because the service closes idle
ones after five seconds. The time of a page is that of the connection, the form and the page to which it leads. With
think time (open loop) it counts from the moment at which the person was due, so that a slow service cannot slow its own
load down; without (closed loop), from the moment of connecting.

`python -m benchmarks.questionnaire_load PORT FILE` runs the floor: every form leads to one page, the bytes of FILE.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode, urlsplit

BARE_PAGES = 4
"""Forms of one person at the bare service: as many as the quarterly questionnaire has with sending."""
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_QUESTION = re.compile(r'name="([A-Z]{2}\d\d)"')


@dataclass
class LoadResult:
    """Seconds of every page of everybody, and how long all took together."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    first_page: bytes = b""

    @property
    def p50(self) -> float:
        """Return the median seconds of a page."""
        return median(self.times)

    @property
    def p95(self) -> float:
        """Return the seconds within which 95 % of the pages were answered."""
        return quantiles(self.times, n=20, method="inclusive")[-1]

    @property
    def rate(self) -> float:
        """Return the pages answered in a second."""
        return len(self.times) / self.seconds


class _Connection:
    """A connection that sends forms and follows their redirects."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open_connection(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def fetch_page(self, address: str, fields: Sequence[tuple[str, str]] | None = None) -> tuple[str, bytes]:
        """Return the address and the content of the page that an address or a form leads to."""
        while True:
            body = urlencode(fields).encode() if fields is not None else b""
            kind = "" if fields is None else "Content-Type: application/x-www-form-urlencoded\r\n"
            self.writer.write(
                f"{'GET' if fields is None else 'POST'} {address} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                f"Accept: text/html\r\nAccept-Language: en\r\n{kind}Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            content = await self.reader.readexactly(int(headers.get("content-length", "0")))
            status = head.split(" ", 2)[1]
            if status == "200":
                return address, content
            if status != "303":
                raise SystemExit(f"{address} was answered with {status}: {content[:300]!r}")
            location = re.search(r"(?im)^location: (\S+)", head)
            assert location is not None
            address, fields = urlsplit(location[1]).path, None


def measure_people(address: str, starts: Sequence[str], at_once: int, think_seconds: float) -> LoadResult:
    """Let people fill in the questionnaire at these addresses, `at_once` of them at any time."""
    result, waiting = LoadResult(), deque(starts)
    began = time.perf_counter()
    asyncio.run(_run_people(urlsplit(address).port or 80, waiting, at_once, think_seconds, result))
    result.seconds = time.perf_counter() - began
    return result


async def _run_people(
    port: int, waiting: deque[str], at_once: int, think_seconds: float, result: LoadResult
) -> None:  # fmt: skip
    async def fill_seat(number: int) -> None:
        due = time.perf_counter() + think_seconds * number / at_once
        while waiting:
            due = await _fill_in(port, waiting.popleft(), due, think_seconds, result)

    await asyncio.gather(*(fill_seat(number) for number in range(at_once)))


async def _fill_in(port: int, start: str, due: float, think_seconds: float, result: LoadResult) -> float:
    """Fill in one questionnaire; return when the next person on this seat is due."""
    connection, content, address = _Connection(port), b"", start

    async def open_page(target: str, fields: Sequence[tuple[str, str]] | None = None) -> None:
        nonlocal due, address, content
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        began = due if think_seconds else time.perf_counter()
        await connection.open_connection()
        address, content = await connection.fetch_page(target, fields)
        await connection.close()
        result.times.append(time.perf_counter() - began)
        due += think_seconds

    await open_page(start)
    await open_page(f"{start}/1")
    result.first_page = result.first_page or content
    for _ in range(50):
        text = content.decode()
        fields = [(name, "no_experience") for name in dict.fromkeys(_QUESTION.findall(text))]
        form_token = _CSRF.search(text)
        if form_token is None:
            break
        is_last = address.endswith("/check")
        target = f"{start}/send" if is_last else address
        await open_page(target, [*fields, ("csrf", form_token[1]), ("go", "on")])
        if is_last:
            return due
    raise SystemExit(f"the questionnaire did not end at {address}")


def main() -> None:
    """Serve the floor: the same requests and pages, without questions, stores or rights."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, RedirectResponse, Response
    from starlette.routing import Route

    content = Path(sys.argv[2]).read_bytes()

    async def show_page(_request: Request) -> Response:
        return HTMLResponse(content)

    async def take_form(request: Request) -> Response:
        await request.form()
        base, _, number = request.url.path.rpartition("/")
        following = int(number) + 1 if number.isdigit() else 0
        return RedirectResponse(f"{base}/{following}" if following < BARE_PAGES else f"{base}/check", status_code=303)

    routes = [
        Route("/{rest:path}", show_page, methods=["GET"]),
        Route("/{rest:path}", take_form, methods=["POST"]),
    ]
    uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
