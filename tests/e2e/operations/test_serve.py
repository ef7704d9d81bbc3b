"""Tests of `rti serve`: all servers of a home start, print their addresses, are restarted, and end together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from pipelines.core.home import open_home
from tests.support.demonstration import CLOCK, copy_home
from tests.support.paths import ROOT
from tests.support.processes import list_children
from tests.support.service.serving import NAMES, RTI, ServedHome, find_addresses, kill_processes_of, run_serve


def check_service(
    root: Path, process: subprocess.Popen[str], lines: list[str], stop: Callable[[subprocess.Popen[str]], None]
) -> None:
    """Check what a service of a home has printed and answers, stop it, and check that all its servers end."""
    found_addresses = find_addresses(lines)
    assert set(found_addresses) == set(NAMES), lines
    assert len(set(found_addresses.values())) == 3
    for name in ("dashboard", "offices' pages"):
        assert httpx.get(f"{found_addresses[name]}/health", trust_env=False).json()["status"] == "ok"
    assert httpx.get(f"{found_addresses['Dagster UI']}/server_info", trust_env=False, timeout=30).status_code == 200
    account_lines = [line for line in lines if line.startswith("accounts of the demonstration")]
    assert len(account_lines) == 1
    file = Path(account_lines[0].partition(": ")[2])
    content = file.read_text(encoding="utf-8")
    assert file.parent == open_home(root).restricted
    assert re.search(r"^password: \S{12,}$", content, re.M) and re.search(r"^steward +steward$", content, re.M)
    # The public app serves only public pages: it has neither the sign-in nor the API.
    for path in ("/sign-in", "/api/openapi.json"):
        response = httpx.get(found_addresses["dashboard"] + path, trust_env=False)
        assert "application/json" not in response.headers.get("content-type", "") and "password" not in response.text
    stop(process)
    process.wait(60)
    assert process.stdout is not None
    assert "the Dagster code server did not end" not in process.stdout.read()
    began = time.monotonic()
    while still_listening := [name for name, address in found_addresses.items() if is_listening(address)]:
        assert time.monotonic() - began < 20, f"{still_listening} still listen"
        time.sleep(0.1)


def check_killed_server_is_restarted_alone(serve: subprocess.Popen[str]) -> None:
    """Kill the Dagster UI with SIGKILL, and check that only it is replaced by a new process."""
    before = list_servers(serve)
    assert len(before) == 5
    ui = next(pid for pid, command in before.items() if "dagster_ui" in command)
    os.kill(ui, signal.SIGKILL)
    began = time.monotonic()
    # A new process has the command line of `rti serve` until it has begun its own program.
    while (now := list_servers(serve)) and not any("dagster_ui" in now[pid] for pid in set(now) - {ui}):
        assert time.monotonic() - began < 30 and serve.poll() is None
        time.sleep(0.1)
    assert set(before) - set(now) == {ui} and len(now) == 5


def list_servers(serve: subprocess.Popen[str]) -> dict[int, str]:
    """Return the command lines of the processes that `rti serve` has started, by process id."""
    commands = {}
    for pid in list_children(serve.pid):
        with suppress(OSError):
            commands[pid] = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    return {pid: command for pid, command in commands.items() if command}


def is_listening(address: str) -> bool:
    """Return True if a server listens at an address."""
    try:
        httpx.get(address, trust_env=False, timeout=2)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        return True
    return True


# `tests/unit/operations/test_serve.py` tests quickly that both signals end the service in the same way.
@pytest.mark.sampled(turn=7)
def test_serve_starts_all_servers_restarts_a_killed_one_and_ends_them_together(served_home: ServedHome) -> None:
    def stop_service(process: subprocess.Popen[str]) -> None:
        check_killed_server_is_restarted_alone(process)
        process.send_signal(signal.SIGTERM)

    check_service(served_home.root, served_home.process, served_home.lines, stop_service)


@pytest.mark.slow
def test_serve_ends_all_servers_when_interrupted(built_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "home"
    copy_home(built_home, root)
    with run_serve(root) as (process, lines):
        check_service(root, process, lines, lambda process: process.send_signal(signal.SIGINT))


@pytest.mark.slow
def test_init_refresh_and_serve_make_a_working_service(tmp_path: Path) -> None:
    root = tmp_path / "home"
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK}
    for command in (["init", "--kind", "demonstration"], ["refresh", "--publish"]):
        process = subprocess.run(
            [RTI, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900
        )
        assert process.returncode == 0, process.stdout[-1000:] + process.stderr[-2000:]
    with run_serve(root) as (process, lines):
        check_service(root, process, lines, lambda process: process.send_signal(signal.SIGINT))


def test_processes_of_a_home_are_killed_even_without_their_parent(tmp_path: Path) -> None:
    environment = {**os.environ, "RTI_HOME": str(tmp_path / "home")}
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    server, bystander = (subprocess.Popen(sleeping, env=variables) for variables in (environment, dict(os.environ)))
    try:
        assert kill_processes_of(tmp_path / "home") == [server.pid]
        assert server.wait(10) == -signal.SIGKILL and bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_serve_without_a_home_prints_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "RTI_HOME": str(tmp_path)}
    process = subprocess.run([RTI, "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert process.returncode == 3 and "rti init" in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr


@pytest.mark.sampled(turn=0)
def test_serve_names_a_server_that_cannot_start_and_ends_the_others(built_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "home"
    copy_home(built_home, root)
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_PORTAL_URL": "http://returns.example"}
    process = subprocess.run([RTI, "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180)
    assert process.returncode != 0 and "offices' pages" in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr
    assert "use https" in (root / "restricted" / "logs" / "offices-pages.log").read_text(encoding="utf-8")
