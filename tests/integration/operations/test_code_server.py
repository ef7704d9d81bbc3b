"""A code server that is asked to end does so soon, whatever it does at that moment, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import Handlers
from typing import Final

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pipelines.operations import code_server
from pipelines.operations.code_server_watch import CodeServerWatch
from pipelines.operations.supervision import STOP_SECONDS
from tests.support.paths import ROOT

_LONGEST = 120.0
_SOON: Final = STOP_SECONDS / 2
"""Seconds in which a server must have ended: two on a quiet machine, and half of what its supervisor grants."""
_SERVER: Final = ("-m", "pipelines.operations.code_server")
_SERVER_OF = """
from pipelines.operations import code_server
from pipelines.operations.own_process import run_and_end
code_server.DEFINITIONS = "{definitions}"
run_and_end(code_server.main)
"""
_STARTS_FOR_EVER = """
import time
from pathlib import Path
Path("loading").touch()
while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""
"""Definitions that are never loaded, and in whose import an interrupt is lost."""
_SERVER_WITH_RUN = """
import multiprocessing, time
from pathlib import Path
from dagster._grpc import server
from pipelines.operations import code_server, prepared_runs
from pipelines.operations.own_process import run_and_end

initialise = server.DagsterApiServer.__init__

def initialise_with_run(self, *arguments, **options):
    initialise(self, *arguments, **options)
    run = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    run.start()
    self._executions["run"] = (run, None)

if __name__ == "__main__":
    server.DagsterApiServer.__init__ = initialise_with_run
    prepared_runs.RunStarter.__init__.__defaults__ = ("starts_for_ever",)
    code_server.DEFINITIONS = "empty_definitions"
    code_server._START_SECONDS = 0
    run_and_end(code_server.main)
"""
"""A server with a run, and a process for its runs that never finishes loading."""


@contextmanager
def run_code_server(
    home: Path, command: tuple[str, ...] = _SERVER, *, folder: Path = ROOT, interrupts: Handlers = signal.SIG_DFL
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a code server that handles signals as in a terminal; yield it with its socket, and kill it afterwards."""
    # A path of pytest's can be longer than a socket may have.
    with tempfile.TemporaryDirectory(prefix="rti-") as sockets:
        socket = f"{sockets}/code-server"
        environment = {**os.environ, "RTI_HOME": str(home), "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
        before = signal.signal(signal.SIGINT, interrupts)
        try:
            process = subprocess.Popen(
                [sys.executable, *command, "--socket", socket], cwd=folder, env=environment, start_new_session=True
            )
        finally:
            signal.signal(signal.SIGINT, before)
        try:
            yield process, f"unix:{socket}"
        finally:
            for pid in list_session(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.wait()


def list_session(leader: int) -> list[int]:
    """Return the processes of a session that still run."""
    running = []
    for entry in Path("/proc").iterdir():
        try:
            state, _parent, _group, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(session) == leader and state != "Z":
            running.append(int(entry.name))
    return running


def wait_for_file(file: Path) -> None:
    end = time.monotonic() + _LONGEST
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def find_slowdown() -> float:
    """Return how many processes each processor serves, at least 1: at a load of 18 on two, two seconds became seven."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def require_soon_end(process: subprocess.Popen[bytes]) -> None:
    """Ask a server to end; require that it and all that it started soon have."""
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(_LONGEST) == 0
    limit = _SOON * find_slowdown()
    while list_session(process.pid) and time.monotonic() - begun < limit:
        time.sleep(0.05)
    assert time.monotonic() - begun < limit
    assert list_session(process.pid) == []


@pytest.mark.sampled(turn=0)
def test_code_server_with_an_open_call_ends_before_it_would_be_killed(built_home: Path) -> None:
    with run_code_server(built_home) as (process, address), grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(_LONGEST)
        # As the UI does while it reads the definitions, but without an end.
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="DagsterApi"))
        next(watch)
        require_soon_end(process)


@pytest.mark.sampled(turn=5)
def test_code_server_ends_if_interrupts_are_ignored(tmp_path: Path) -> None:
    """Start the server like a background job of a shell; Dagster takes the handler of interrupts for SIGTERM."""
    (tmp_path / "serve_nothing.py").write_text(_SERVER_OF.format(definitions="empty_definitions"))
    write_empty_definitions(tmp_path)
    with (
        run_code_server(tmp_path, ("serve_nothing.py",), folder=tmp_path, interrupts=signal.SIG_IGN) as (
            process,
            address,
        ),
        grpc.insecure_channel(address) as channel,
    ):
        grpc.channel_ready_future(channel).result(_LONGEST)
        require_soon_end(process)


def test_code_server_that_still_loads_ends_even_if_an_interrupt_would_be_lost(tmp_path: Path) -> None:
    (tmp_path / "serve_later.py").write_text(_SERVER_OF.format(definitions="starts_for_ever"))
    (tmp_path / "starts_for_ever.py").write_text(_STARTS_FOR_EVER)
    with run_code_server(tmp_path, ("serve_later.py",), folder=tmp_path) as (process, _):
        wait_for_file(tmp_path / "loading")
        require_soon_end(process)


@pytest.mark.sampled(turn=0)
def test_code_server_ends_with_its_runs_and_the_process_that_prepares_them(tmp_path: Path) -> None:
    (tmp_path / "serve_run.py").write_text(_SERVER_WITH_RUN)
    (tmp_path / "starts_for_ever.py").write_text(_STARTS_FOR_EVER)
    write_empty_definitions(tmp_path)
    with (
        run_code_server(tmp_path, ("serve_run.py",), folder=tmp_path) as (process, address),
        grpc.insecure_channel(address) as channel,
    ):
        grpc.channel_ready_future(channel).result(_LONGEST)
        wait_for_file(tmp_path / "loading")
        processes = list_session(process.pid)
        assert len(processes) == 4, "the server, its run, the fork server and the resource tracker"
        watch = CodeServerWatch(address.removeprefix("unix:"), seconds=_LONGEST)
        assert watch.describe_problem() == ""
        watched = watch.list_processes()
        assert watched["code-server"] == [process.pid]
        assert sorted([process.pid, *watched["runs"]]) == sorted(processes)
        require_soon_end(process)
        assert watch.describe_problem().startswith("the code server does not answer")


def test_waiting_for_a_code_server_ends_with_a_captured_signal(tmp_path: Path) -> None:
    from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers

    before = signal.getsignal(signal.SIGTERM)
    setup_interrupt_handlers()
    try:
        with capture_interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
            begun = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                code_server.choose_definitions(str(tmp_path / "nobody"))
        assert time.monotonic() - begun < _SOON * find_slowdown()
    finally:
        signal.signal(signal.SIGTERM, before)


def write_empty_definitions(folder: Path) -> None:
    (folder / "empty_definitions.py").write_text("import dagster as dg\n\ndefs = dg.Definitions()\n")
