"""Run a real nginx on loopback; `RTI_TEST_NGINX` names a program that is not on the path."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

_START_SECONDS = 20.0


def find_nginx() -> str | None:
    """Return the program, or None."""
    return os.environ.get("RTI_TEST_NGINX") or shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def run_nginx(program: str, folder: Path, server_configuration: str, probe: str) -> Iterator[None]:
    """Run nginx in the foreground with one configuration for its `http` block until the block ends."""
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{name}_temp_path {folder}/{name};" for name in names)
    user = "user root;" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; {user} pid {folder}/pid; error_log {folder}/error.log warn; worker_processes 1;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}\n{server_configuration}\n}}\n",
        encoding="utf-8",
    )
    command = [program, "-p", str(folder), "-c", str(main), "-e", str(folder / "error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command)
    try:
        _wait_for(probe, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(probe: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    with httpx.Client(trust_env=False, timeout=1) as client:
        while time.monotonic() < end:
            assert process.poll() is None, "nginx has ended"
            try:
                client.get(probe)
                return
            except httpx.TransportError:
                time.sleep(0.05)
    raise AssertionError("nginx does not answer")
