"""Tests of `rti serve`: all servers of a home start, print their addresses, are restarted, and end together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from pipelines.core.home import open_home
from tests.support.demonstration import CLOCK, copy_home
from tests.support.paths import ROOT
from tests.support.service.running import LONGEST_START

RTI = str(Path(sys.executable).with_name("rti"))
NAMES = ("dashboard", "offices' pages", "Dagster UI")


@contextmanager
def run_serve(root: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run `rti serve` on a home until its last line, and end it by process id."""
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK}
    # A shell starts background jobs with SIGINT ignored, which the service would inherit; Dagster, once imported by an
    # earlier test, gives SIGTERM the same treatment.
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        process = subprocess.Popen(
            [RTI, "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    lines: list[str] = []
    try:
        timer = threading.Timer(LONGEST_START, process.terminate)
        timer.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        timer.cancel()
        yield process, lines
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        kill_processes_of(root)
        if process.stdout is not None:
            process.stdout.close()


def kill_processes_of(root: Path) -> list[int]:
    """Kill every process that was started for a home, and return their ids; a failed test must leave none behind."""
    setting = f"RTI_HOME={root}".encode()
    killed = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if int(folder.name) != os.getpid() and setting in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
                killed.append(int(folder.name))
    return killed


def find_addresses(lines: list[str]) -> dict[str, str]:
    """Return the printed addresses by name."""
    matches = {
        name: re.search(rf"^{re.escape(name)}: (http://127\.0\.0\.1:\d+)$", "\n".join(lines), re.M) for name in NAMES
    }
    return {name: match[1] for name, match in matches.items() if match is not None}


def check_service(root: Path, stop: Callable[[subprocess.Popen[str]], None]) -> None:
    with run_serve(root) as (process, lines):
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
            assert (
                "application/json" not in response.headers.get("content-type", "") and "password" not in response.text
            )
        stop(process)
        process.wait(60)
        began = time.monotonic()
        while still_listening := [name for name, address in found_addresses.items() if is_listening(address)]:
            assert time.monotonic() - began < 20, f"{still_listening} still listen"
            time.sleep(0.1)


def check_killed_server_is_restarted_alone(serve: subprocess.Popen[str]) -> None:
    """Kill the Dagster UI with SIGKILL, and check that only it is replaced by a new process."""
    before = list_servers(serve)
    assert len(before) == 4
    ui = next(pid for pid, command in before.items() if "dagster_ui" in command)
    os.kill(ui, signal.SIGKILL)
    began = time.monotonic()
    while len(now := list_servers(serve)) < 4 or ui in now:
        assert time.monotonic() - began < 30 and serve.poll() is None
        time.sleep(0.1)
    assert set(before) - set(now) == {ui}
    assert any("dagster_ui" in now[pid] for pid in set(now) - set(before))


def list_servers(serve: subprocess.Popen[str]) -> dict[int, str]:
    """Return the command lines of the processes that `rti serve` has started, by process id."""
    commands = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text(encoding="utf-8").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == serve.pid and command:
            commands[int(folder.name)] = command
    return commands


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
@pytest.mark.parametrize("ended_by", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_serve_starts_all_servers_and_ends_them_together(
    built_home: Path, tmp_path: Path, ended_by: signal.Signals
) -> None:
    root = tmp_path / "home"
    copy_home(built_home, root)

    def stop_service(process: subprocess.Popen[str]) -> None:
        if ended_by == signal.SIGTERM:
            check_killed_server_is_restarted_alone(process)
        process.send_signal(ended_by)

    check_service(root, stop_service)


@pytest.mark.slow
def test_init_refresh_and_serve_make_a_working_service(tmp_path: Path) -> None:
    root = tmp_path / "home"
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK}
    for command in (["init", "--kind", "demonstration"], ["refresh", "--publish"]):
        process = subprocess.run(
            [RTI, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900
        )
        assert process.returncode == 0, process.stdout[-1000:] + process.stderr[-2000:]
    check_service(root, lambda process: process.send_signal(signal.SIGINT))


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


def test_serve_names_a_server_that_cannot_start_and_ends_the_others(built_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "home"
    copy_home(built_home, root)
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_PORTAL_URL": "http://returns.example"}
    process = subprocess.run([RTI, "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180)
    assert process.returncode != 0 and "offices' pages" in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr
    assert "use https" in (root / "restricted" / "logs" / "offices-pages.log").read_text(encoding="utf-8")
