"""Start reading processes on any system: each is a new interpreter that connects back to its owner.

A start takes about a second, where `forking.py` takes milliseconds; that is enough for an office that checks its own
files on Windows or macOS. The child is limited as far as its system can, and opens no further connection.
"""

from __future__ import annotations

import hmac
import importlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from pipelines.reading.sandbox import job_loop
from pipelines.reading.sandbox.child import Child, Work, child_environment

_START_SECONDS = 60.0
"""Seconds in which a new interpreter must have connected."""
_TOKEN_BYTES = 32
_CODE = (
    "import sys, json; config = json.load(sys.stdin); sys.path[:] = config['path']; "
    "from pipelines.reading.sandbox.spawning import main; main(config)"
)


class SpawningLauncher:
    """Starts children as new interpreters. Safe to use from several threads."""

    def __init__(self, work: Work) -> None:
        self.owner = os.getpid()
        self.trusted = work.trusted
        self.folder = Path(tempfile.mkdtemp(prefix="rti-read-"))
        self.is_closed = False
        self.lock = threading.Lock()
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.config = work.as_config(self.folder)

    def load(self) -> None:
        """Import nothing: every child loads what it needs."""

    def start_child(self) -> Child:
        """Start a new interpreter and wait until it has connected. Raises RuntimeError if it does not."""
        token = secrets.token_hex(_TOKEN_BYTES)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _CODE],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
                env=child_environment(),
            )
            assert process.stdin is not None
            with process.stdin as stdin:
                stdin.write(json.dumps({**self.config, "port": listener.getsockname()[1], "token": token}).encode())
            sock = _accept_child(listener, token, process)
        if sock is None:
            process.kill()
            process.wait()
            raise RuntimeError("the reading process did not start (cannot import its work function?)")
        with self.lock:
            self.processes[process.pid] = process
        return Child(self, process.pid, sock)

    def kill_child(self, pid: int) -> None:
        """Kill a child; it must then be reaped."""
        self.processes[pid].kill()

    def reap_child(self, pid: int) -> tuple[int, float]:
        """Wait for a child that was killed or has died; return its exit code. Its processor seconds are not known."""
        with self.lock:
            process = self.processes.pop(pid)
        code = process.wait()
        shutil.rmtree(self.folder / str(pid), ignore_errors=True)
        return code, 0.0

    def forget_child(self, pid: int) -> None:
        """Let a child that was asked to end do so in its own time; its folder goes with the launcher."""
        with self.lock:
            self.processes = {pid: process for pid, process in self.processes.items() if process.poll() is None}

    def is_alive(self) -> bool:
        """Return True if it was not closed and belongs to this process."""
        return self.owner == os.getpid() and not self.is_closed

    def close(self) -> None:
        """End every child. The owner of each has closed its socket, so that a child without a job ends by itself."""
        if self.owner != os.getpid():
            return
        self.is_closed = True
        with self.lock:
            for process in self.processes.values():
                try:
                    process.wait(2)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            self.processes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def main(config: dict[str, Any]) -> None:
    """Run a child: connect to its owner, then do jobs until the owner closes the connection."""
    sock = socket.create_connection(("127.0.0.1", int(config["port"])))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(str(config["token"]).encode())
    work = getattr(importlib.import_module(config["module"]), config["function"])
    for name in config["preload"]:
        importlib.import_module(name)
    job_loop.enter_folder(config)
    job_loop.set_limits(config)
    job_loop.serve_jobs(sock, work, float(config["cpu_seconds"]))


def _accept_child(listener: socket.socket, token: str, process: subprocess.Popen[bytes]) -> socket.socket | None:
    """Return the connection over which the child sent its token, or None if it ended or took too long."""
    deadline = time.monotonic() + _START_SECONDS
    listener.settimeout(0.2)
    while time.monotonic() < deadline and process.poll() is None:
        try:
            sock, _ = listener.accept()
        except TimeoutError:
            continue
        sock.settimeout(5)
        if hmac.compare_digest(_receive_token(sock, len(token)), token.encode()):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        sock.close()  # some other program of this machine
    return None


def _receive_token(sock: socket.socket, length: int) -> bytes:
    content = b""
    try:
        while len(content) < length and (part := sock.recv(length - len(content))):
            content += part
    except OSError:
        return b""
    return content
