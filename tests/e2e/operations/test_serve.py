"""`rti serve`: all servers of a home come up, say where they are, are restarted, and end together."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pipelines.core.home import open_home
from tests.support.demonstration import CLOCK
from tests.support.paths import ROOT
from tests.support.service.running import LONGEST_START

RTI = str(Path(sys.executable).with_name("rti"))
NAMES = ("dashboard", "offices' pages", "Dagster UI")


@contextmanager
def served(root: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`rti serve` on a home, until its last line; ended by its own process id."""
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK}
    # A shell starts what it puts in the background with Ctrl-C ignored, tests run there among it.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        process = subprocess.Popen(
            [RTI, "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    lines: list[str] = []
    try:
        timer = threading.Timer(LONGEST_START, process.kill)
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
        if process.stdout is not None:
            process.stdout.close()


def addresses(lines: list[str]) -> dict[str, str]:
    """The printed addresses by name."""
    found = {
        name: re.search(rf"^{re.escape(name)}: (http://127\.0\.0\.1:\d+)$", "\n".join(lines), re.M) for name in NAMES
    }
    return {name: match[1] for name, match in found.items() if match is not None}


def works(root: Path, stop: Callable[[subprocess.Popen[str]], None]) -> None:
    with served(root) as (process, lines):
        found = addresses(lines)
        assert set(found) == set(NAMES), lines
        assert len(set(found.values())) == 3
        for name in ("dashboard", "offices' pages"):
            assert httpx.get(f"{found[name]}/health", trust_env=False).json()["status"] == "ok"
        assert httpx.get(f"{found['Dagster UI']}/server_info", trust_env=False, timeout=30).status_code == 200
        told = [line for line in lines if line.startswith("accounts of the demonstration")]
        assert len(told) == 1
        file = Path(told[0].partition(": ")[2])
        content = file.read_text(encoding="utf-8")
        assert file.parent == open_home(root).restricted
        assert re.search(r"^password: \S{12,}$", content, re.M) and re.search(r"^steward +steward$", content, re.M)
        # The public app answers for what is public alone: it knows neither the sign-in nor the API.
        for path in ("/sign-in", "/api/openapi.json"):
            answer = httpx.get(found["dashboard"] + path, trust_env=False)
            assert "application/json" not in answer.headers.get("content-type", "") and "password" not in answer.text
        stop(process)
        process.wait(60)
        began = time.monotonic()
        while gone := [name for name, address in found.items() if answers(address)]:
            assert time.monotonic() - began < 20, f"{gone} go on"
            time.sleep(0.1)


def killed_server_is_restarted_alone(serve: subprocess.Popen[str]) -> None:
    """`kill -9` of the Dagster UI: it comes back as a new process and all others stay."""
    before = servers_of(serve)
    assert len(before) == 4
    ui = next(pid for pid, command in before.items() if "dagster_ui" in command)
    os.kill(ui, signal.SIGKILL)
    began = time.monotonic()
    while len(now := servers_of(serve)) < 4 or ui in now:
        assert time.monotonic() - began < 30 and serve.poll() is None
        time.sleep(0.1)
    assert set(before) - set(now) == {ui}
    assert any("dagster_ui" in now[pid] for pid in set(now) - set(before))


def servers_of(serve: subprocess.Popen[str]) -> dict[int, str]:
    """The command lines of the processes that `rti serve` has started, by their ids."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text(encoding="utf-8").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == serve.pid and command:
            found[int(folder.name)] = command
    return found


def answers(address: str) -> bool:
    """Whether anybody listens there."""
    try:
        httpx.get(address, trust_env=False, timeout=2)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        return True
    return True


# `tests/unit/operations/test_serve.py` shows at once that both signals end the service in the same way.
@pytest.mark.parametrize("ended_by", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_all_three_come_up_say_where_and_end_together(
    built_home: Path, tmp_path: Path, ended_by: signal.Signals
) -> None:
    root = tmp_path / "home"
    shutil.copytree(built_home, root, symlinks=True)

    def stop(process: subprocess.Popen[str]) -> None:
        if ended_by == signal.SIGTERM:
            killed_server_is_restarted_alone(process)
        process.send_signal(ended_by)

    works(root, stop)


@pytest.mark.slow
def test_from_nothing_to_a_service_in_three_commands(tmp_path: Path) -> None:
    root = tmp_path / "home"
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK}
    for command in (["init", "--kind", "demonstration"], ["refresh", "--publish"]):
        ran = subprocess.run([RTI, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
        assert ran.returncode == 0, ran.stdout[-1000:] + ran.stderr[-2000:]
    works(root, lambda process: process.send_signal(signal.SIGINT))


def test_a_home_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "RTI_HOME": str(tmp_path)}
    ran = subprocess.run([RTI, "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 3 and "rti init" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_server_that_cannot_start_ends_the_others_and_is_named(built_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "home"
    shutil.copytree(built_home, root, symlinks=True)
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_PORTAL_URL": "http://returns.example"}
    ran = subprocess.run([RTI, "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180)
    assert ran.returncode != 0 and "offices' pages" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "use https" in (root / "restricted" / "logs" / "offices-pages.log").read_text(encoding="utf-8")
