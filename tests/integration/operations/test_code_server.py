"""A code server that is begun to end does not wait for calls that are still open."""

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

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pipelines.operations.supervision import STOP_SECONDS
from tests.support.paths import ROOT

_LONGEST = 120.0


@contextmanager
def run_code_server(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a code server that handles signals as in a terminal; yield it with its socket, and kill it afterwards."""
    # A path of pytest's can be longer than a socket may have.
    with tempfile.TemporaryDirectory(prefix="rti-") as folder:
        socket = f"{folder}/code-server"
        command = [sys.executable, "-m", "pipelines.operations.code_server", "--socket", socket]
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "RTI_HOME": str(home)})
        finally:
            signal.signal(signal.SIGINT, before)
        try:
            yield process, f"unix:{socket}"
        finally:
            process.kill()
            process.wait()


def test_code_server_with_an_open_call_ends_before_it_would_be_killed(built_home: Path) -> None:
    with run_code_server(built_home) as (process, address), grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(_LONGEST)
        # As the UI does while it reads the definitions, but without an end.
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="DagsterApi"))
        next(watch)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(_LONGEST)
        assert process.returncode == 0
        assert time.monotonic() - begun < STOP_SECONDS
