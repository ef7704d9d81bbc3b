"""Jobs that break the limits of reading processes; a module of its own, so that those processes import little else."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.model.content import ReadError, Where
from pipelines.reading.formats import budget


class Payload:
    """An object that would run a command when unpickled carelessly."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def _reach_outside() -> dict[str, str]:
    """Return what each attempt to leave the process ended with: the class of its error, or what it reached."""
    home = Path(os.environ["RTI_TEST_HOME"])
    attempts: dict[str, Callable[[], object]] = {
        "read": (home / "ledger").read_bytes,
        "read by a link": lambda: (Path("link").symlink_to(home / "ledger"), Path("link").read_bytes())[1],
        "read of the project": Path(__file__).parents[2].joinpath("pyproject.toml").read_bytes,
        "list": lambda: list(home.iterdir()),
        "write": lambda: (home / "ledger").write_bytes(b""),
        "add": (home / "new").touch,
        "remove": (home / "ledger").unlink,
        "write code": Path(__file__).with_suffix(".pth").touch,
        "move in": lambda: (home / "ledger").rename("ledger"),
        "run": lambda: subprocess.run(["true"], check=True),
        "signal": lambda: os.kill(int(os.environ["RTI_TEST_PROCESS"]), 0),
        "memory": Path(f"/proc/{os.environ['RTI_TEST_PROCESS']}/environ").read_bytes,
        "own file": lambda: (Path("own").write_bytes(b"1"), Path("own").read_bytes(), Path("own").unlink()),
        "module": lambda: importlib.import_module("pipelines.reading.formats.px"),
        "time zone": lambda: ZoneInfo("Europe/Belgrade"),
    }
    outcomes = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            outcomes[name] = "reached"
        except OSError as error:
            outcomes[name] = type(error).__name__
    return outcomes


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
        case "outside":
            return _reach_outside()
        case "evil":
            return Payload()
        case "fail":
            raise ValueError("Petar Petrović")
        case "refuse":
            raise ReadError("read.empty", Where(line=3), a=1)
        case "pid":
            return os.getpid()
    return job
