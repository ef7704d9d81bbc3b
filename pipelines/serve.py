"""Serve the public dashboard, the offices' pages and the Dagster UI of one home on loopback, and end all together.

Belongs here: starting and ending those processes.  Does not belong here: what they show.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from pipelines.home import Home
from pipelines.run import instance_folder
from pipelines.service import demonstration

PROJECT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
DASHBOARD_PORT = 8501
PORTAL_PORT = 8502
DAGSTER_PORT = 3000
_PATIENCE = 90.0


class ServeError(Exception):
    """A server did not come up; the text says which and where its log lies."""


def serve(home: Home) -> None:
    """Start them, print their addresses when they answer, and wait until interrupted or one of them ends.

    The public dashboard and the offices' pages are two processes: the one reads `public/` and could not read more.
    """
    dashboard, dagster = _free(DASHBOARD_PORT), _free(DAGSTER_PORT)
    portal = _free(max(PORTAL_PORT, dashboard + 1))
    logs = home.restricted / "logs"
    logs.mkdir(exist_ok=True)
    servers = {
        "dashboard": (_dashboard(dashboard), f"http://{HOST}:{dashboard}", "/_stcore/health"),
        "offices' pages": (_portal(portal), f"http://{HOST}:{portal}", "/_stcore/health"),
        "Dagster UI": (_dagster(dagster), f"http://{HOST}:{dagster}", "/server_info"),
    }
    environment = {
        **os.environ,
        "RTI_HOME": str(home.root),
        "DAGSTER_HOME": str(instance_folder(home)),
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }
    running: dict[str, subprocess.Popen[bytes]] = {}
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        for name, (command, _, _) in servers.items():
            print(f"starting the {name}", flush=True)
            with (logs / f"{_slug(name)}.log").open("wb") as log:
                running[name] = subprocess.Popen(
                    command, cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT
                )
        for name, (_, address, health) in servers.items():
            _wait(name, running[name], address + health, logs)
            print(f"{name}: {address}", flush=True)
        if (told := demonstration.accounts_file(home)) is not None:
            print(f"accounts of the demonstration, with their password: {told}", flush=True)
        print("Ctrl-C ends all.", flush=True)
        while all(process.poll() is None for process in running.values()):
            time.sleep(0.5)
        ended = next(name for name, process in running.items() if process.poll() is not None)
        raise ServeError(f"the {ended} ended by itself; its log lies in {logs}")
    except KeyboardInterrupt:
        print("ending", flush=True)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _slug(name: str) -> str:
    return name.replace(" ", "-").replace("'", "").lower()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _dashboard(port: int) -> list[str]:
    return [sys.executable, "-m", "dashboards.public_app", "--port", str(port)]


def _portal(port: int) -> list[str]:
    return [sys.executable, "-m", "dashboards.portal_app", "--port", str(port)]


def _dagster(port: int) -> list[str]:
    return [
        str(Path(sys.executable).with_name("dagster-webserver")),
        "-h", HOST, "-p", str(port), "-m", "pipelines.definitions",
    ]  # fmt: skip


def _free(port: int) -> int:
    """The port, or the next free one after it."""
    for candidate in range(port, port + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex((HOST, candidate)) != 0:
                return candidate
    raise ServeError(f"no port from {port} to {port + 99} is free on {HOST}")


def _wait(name: str, process: subprocess.Popen[bytes], address: str, logs: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise ServeError(f"the {name} did not answer at {address} within {_PATIENCE:.0f} s; its log lies in {logs}")
