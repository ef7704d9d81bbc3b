"""Jobs that break the limits of reading processes; a module of its own, so that those processes import little else."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from pipelines.model.content import ReadError, Where
from pipelines.reading.formats import budget


class Payload:
    """An object that would run a command when unpickled carelessly."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def run_misbehaving_job(job: str) -> object:
    """Do what the job names; it is the work of the pools in `test_child.py`."""
    match job:
        case "sleep":
            time.sleep(30)
        case "crash":
            os.abort()
        case "exit":
            os._exit(3)
        case "memory":
            bytearray(3 << 30)
        case "spin":
            while True:
                pass
        case "spin in C":
            return sum(range(1 << 60))  # looks for no signal before it ends
        case "work":
            until = time.process_time() + 0.4
            while time.process_time() < until:
                pass
        case "earn":
            budget.raise_for_file("pdf", 20_000)
            run_misbehaving_job("work")
        case "connect":
            try:
                socket.create_connection(("192.0.2.1", 80), 1)
            except OSError as error:
                return type(error).__name__
        case "interfaces":
            lines = Path("/proc/self/net/dev").read_text(encoding="utf-8").splitlines()[2:]
            return sorted(line.partition(":")[0].strip() for line in lines)
        case "write":
            try:
                Path("big").write_bytes(bytes(2 << 20))
            except OSError as error:
                return type(error).__name__
        case "folder":
            return [path.name for path in Path.cwd().iterdir()]
        case "environment":
            return [os.environ.get(name) for name in ("RTI_TEST_KEPT", "SECRET_TEST", "RTI_TOKEN", "RTI_TOKEN_FILE")]
        case "evil":
            return Payload()
        case "fail":
            raise ValueError("Petar Petrović")
        case "refuse":
            raise ReadError("read.empty", Where(line=3), a=1)
        case "pid":
            return os.getpid()
    return job
