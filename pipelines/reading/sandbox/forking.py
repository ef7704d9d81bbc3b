"""Start reading processes on Linux: forks of one small process that has the readers loaded and no network."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from pipelines.reading.sandbox.child import Child, Work, child_environment
from pipelines.reading.sandbox.isolation import DESCRIPTIONS, Isolation, parse_isolation

# `launchers.py` imports this module on Linux only: other systems cannot pass sockets between processes like this.
assert sys.platform == "linux"

_LOG = logging.getLogger("rti.reading")


class ForkingLauncher:
    """Handle of the process of `fork_server.py` in its owner: starts children. Safe to use from several threads."""

    def __init__(self, work: Work) -> None:
        self.owner = os.getpid()
        self.trusted = work.trusted
        self.folder = Path(tempfile.mkdtemp(prefix="rti-read-"))
        self.lock = threading.Lock()
        own_end, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        config = {**work.as_config(self.folder), "control": child_end.fileno()}
        code = (
            "import sys, json; config = json.loads(sys.argv[1]); sys.path[:] = config['path']; "
            "from pipelines.reading.sandbox.fork_server import main; main(config)"
        )
        with child_end:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", code, json.dumps(config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(child_end.fileno(),),
                cwd=self.folder,
                env=child_environment(),
            )
        self.control = own_end
        self.isolation: Isolation | None = None

    def _await_ready(self) -> None:
        if self.isolation is None:
            answer = self.control.recv(64).decode()
            if not answer:
                raise RuntimeError("the reading process did not start (cannot import its work function?)")
            self.isolation = parse_isolation(answer)
            _LOG.info("files are read in processes %s", DESCRIPTIONS[self.isolation])

    def start_child(self) -> Child:
        """Fork a child."""
        own_end, child_end = socket.socketpair()
        with self.lock, child_end:
            self._await_ready()
            socket.send_fds(self.control, [b"fork"], [child_end.fileno()])
            pid = int(self.control.recv(64) or b"0")
        if not pid:
            own_end.close()
            raise RuntimeError("the launcher of reading processes is gone")
        return Child(self, pid, own_end)

    def load(self) -> None:
        """Import now what is otherwise imported when idle; children forked later share it."""
        with self.lock:
            self._await_ready()
            self.control.send(b"load")
            self.control.recv(64)

    def kill_child(self, pid: int) -> None:
        """Kill a child; it must then be reaped."""
        os.kill(pid, signal.SIGKILL)

    def reap_child(self, pid: int) -> tuple[int, float]:
        """Wait for a child that was killed or has died; return its exit code and processor seconds."""
        code, seconds = -signal.SIGKILL, 0.0  # if the launcher was killed, and its children with it
        with self.lock, suppress(OSError):
            self.control.send(f"reap {pid}".encode())
            if answer := self.control.recv(64).split():
                code, seconds = int(answer[0]), float(answer[1])
        shutil.rmtree(self.folder / str(pid), ignore_errors=True)
        return code, seconds

    def forget_child(self, pid: int) -> None:
        """Let a child that was asked to end do so in its own time."""
        # If the launcher was killed, so were its children.
        with self.lock, suppress(OSError):
            self.control.send(f"forget {pid}".encode())
        shutil.rmtree(self.folder / str(pid), ignore_errors=True)

    def is_alive(self) -> bool:
        """Return True if the launcher is running and belongs to this process."""
        return self.owner == os.getpid() and self.process.poll() is None

    def close(self) -> None:
        """End the launcher and with it every child."""
        if self.owner != os.getpid():
            return
        self.control.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
