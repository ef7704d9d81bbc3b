"""Answer `/live`, `/ready` and `/health` on a loopback port, for processes that serve no pages; and wait for an answer.

`python -m pipelines.operations.health_port ADDRESS` is for units and containers: it ends with 0 when the address
answers 200, and with 1 if it does not within the seconds of `--wait`.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from pipelines.web.health import LIVE, LIVING, PATH, READY, Health

HOST: Final = "127.0.0.1"
_LOG = logging.getLogger("rti.health")


@contextmanager
def served_health(
    port: int, measure_health: Callable[[], Health], measure_readiness: Callable[[], Health] | None = None
) -> Iterator[int]:
    """Answer the three addresses on a loopback port while the block lasts; yield the port.

    Without `measure_readiness`, `/ready` has the checks of `/health`. Raises OSError if the port is in use.
    """
    measures = {PATH: measure_health, READY: measure_readiness or measure_health}

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "rti", ""

        def do_GET(self) -> None:
            """Answer one of the addresses."""
            if self.path == LIVE:
                self._answer(200, LIVING)
            elif self.path in measures:
                health = measures[self.path]()
                self._answer(200 if health.is_good else 503, health.as_json())
            else:
                self._answer(404, {"status": "not found"})

        def _answer(self, status: int, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log no request."""

    server = ThreadingHTTPServer((HOST, port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def served_health_if_set(
    port: int | None, measure_health: Callable[[], Health], measure_readiness: Callable[[], Health] | None = None
) -> Iterator[None]:
    """Do so if there is a port. A port in use is logged: the work matters more than its observation."""
    with ExitStack() as stack:
        if port is not None:
            try:
                stack.enter_context(served_health(port, measure_health, measure_readiness))
            except OSError as error:
                _LOG.warning("health is not served on port %d of %s: %s", port, HOST, error.strerror)
        yield


def wait_for_answer(address: str, seconds: float) -> str:
    """Ask an address until it answers 200; return an empty text, or what it answered last when the time is over."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=20):  # noqa: S310 - an address of this machine
                return ""
        except urllib.error.HTTPError as error:
            problem = f"{error.code} {error.read(2000).decode(errors='replace').strip()}"
        except OSError as error:
            problem = str(error)
        if time.monotonic() >= end:
            return problem
        time.sleep(0.5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Wait until an address answers 200."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.operations.health_port", description=__doc__)
    parser.add_argument("address", help="such as http://127.0.0.1:8501/ready")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds (default: ask once)")
    options = parser.parse_args(arguments)
    if not options.address.startswith(("http://127.0.0.1:", "http://localhost:")):
        parser.error("only addresses of this machine are asked, such as http://127.0.0.1:8501/ready")
    if problem := wait_for_answer(options.address, options.wait):
        print(f"{options.address}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
