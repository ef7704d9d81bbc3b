"""Run the small process without a network from which the reading children are forked.

`forking.py` starts it; it forks a child for each request on its control socket. Forking from here rather than from the
calling process is safe regardless of the threads running there, and takes milliseconds where a new interpreter would
take far longer.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.reading.formats import pdf_parallel
from pipelines.reading.sandbox import job_loop, landlock
from pipelines.reading.sandbox.isolation import leave_network

# Only `forking.py` starts this process, and only on Linux.
assert sys.platform == "linux"

_PDEATHSIG = 1
_IDLE_MILLISECONDS = 20


def main(config: dict[str, Any]) -> None:
    """Serve fork requests until the control socket closes. `config` is what `ForkingLauncher` sends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(config["control"]))
    # Not `select.select`: in a service with many open files, the number of the socket can be 1,024 or greater.
    requests = select.poll()
    requests.register(control, select.POLLIN)
    isolation = leave_network()
    work = getattr(importlib.import_module(config["module"]), config["function"])
    control.send(isolation.encode())
    readable = [*landlock.list_program_paths(), *(Path(path) for path in config["readable"])]
    unreaped_pids: set[int] = set()
    pending_imports = list(config["preload"])
    has_forked = False
    while True:
        # Fork the first child at once; import heavy libraries only while there is nothing else to do.
        if pending_imports and has_forked and not requests.poll(_IDLE_MILLISECONDS):
            importlib.import_module(pending_imports.pop(0))
            continue
        message, fds, _, _ = socket.recv_fds(control, 256, 1)
        if not message:
            # The owner has ended, or was killed and could not clean up.
            shutil.rmtree(config["folder"], ignore_errors=True)
            return
        verb, _, number = message.decode().partition(" ")
        if verb == "fork":
            pid = _fork(control, fds[0], work, {**config, "readable": readable})
            os.close(fds[0])
            has_forked = True
            control.send(str(pid).encode())
        elif verb == "load":
            while pending_imports:
                importlib.import_module(pending_imports.pop(0))
            control.send(b"loaded")
        elif verb == "reap":
            _, status, usage = os.wait4(int(number), 0)
            control.send(f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime}".encode())
        elif verb == "forget":
            unreaped_pids.add(int(number))
        unreaped_pids = {pid for pid in unreaped_pids if os.waitpid(pid, os.WNOHANG)[0] == 0}


def _fork(control: socket.socket, fd: int, work: Callable[[Any], Any], config: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        control.close()
        _serve_jobs(socket.socket(fileno=os.dup(fd)), fd, work, config)
        code = 0
    finally:
        os._exit(code)


def _serve_jobs(sock: socket.socket, fd: int, work: Callable[[Any], Any], config: dict[str, Any]) -> None:
    """Run the child: it ends with this process, and has a folder, limits and jobs of its own."""
    os.close(fd)
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    os.setpgid(0, 0)  # so that lowering its priority also lowers that of any process it forks
    job_loop.enter_folder(config)
    job_loop.set_limits(config)
    if landlock.find_version():
        landlock.restrict_files(config["readable"], Path.cwd())
    pdf_parallel.allow_forks()
    job_loop.serve_jobs(sock, work, float(config["cpu_seconds"]))
