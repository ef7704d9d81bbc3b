"""Run a real nginx on loopback; `RTI_TEST_NGINX` names a program that is not on the path.

Run as `python -m tests.support.nginx` by `make test`, to check the package. As root on Debian it installs nginx if it
is missing; otherwise it exits with 1 and the command to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

PACKAGE = "nginx"
_START_SECONDS = 20.0
POLICY = Path("/usr/sbin/policy-rc.d")
_REFUSE_SERVICES = "#!/bin/sh\nexit 101\n"
"""The answer to Debian, which asks before a package starts its service: tests run nginx on ports of their own."""


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


def _install_nginx() -> None:
    """Install Debian's nginx without starting its service, which would take port 80 of this machine."""
    print(f"No nginx found; installing Debian's {PACKAGE} (some seconds)", flush=True)
    has_policy = POLICY.exists()
    if not has_policy:
        POLICY.write_text(_REFUSE_SERVICES, encoding="utf-8")
        POLICY.chmod(0o755)
    try:
        command = f"apt-get -qq update && apt-get -qq install -y --no-install-recommends {PACKAGE}"
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["sh", "-c", command], check=False, env=environment, stdout=subprocess.DEVNULL)
    finally:
        if not has_policy:
            POLICY.unlink()


def main() -> int:
    """Find or install an nginx; return 0 if there is one in the end."""
    if find_nginx() is None and shutil.which("apt-get") is not None and os.geteuid() == 0:
        _install_nginx()
    if path := find_nginx():
        print(f"nginx for the tests of the proxy: {path}")
        return 0
    command = f"apt-get update && apt-get install -y {PACKAGE}"
    print(f"The tests of the proxy need nginx. Install it with: sudo sh -c '{command}'", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
