"""Run the public part as another user: it serves the release, and the system keeps it out of all that is restricted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipelines.core.home import Home
from tests.support.intact_home import make_intact_home
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.releases import publication_fixture as fixture

OWNER = 65534
"""The user of the service: everything restricted belongs to it alone.

The process that is tested runs as root without any capability, which may read no more of another user than anybody.
A third user would be closer to a deployment, but cannot start a Python that is installed in root's own folder.
"""
_START_SECONDS = 90.0


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home below a folder that every user may enter."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can give files to another user, and setpriv is needed to drop its capabilities")
    place = Path(tempfile.mkdtemp(prefix="rti-public-part-"))
    place.chmod(0o755)
    home = make_intact_home(place)
    for path in (home.restricted, *home.restricted.rglob("*")):
        os.chown(path, OWNER, OWNER, follow_symlinks=False)
    yield home
    shutil.rmtree(place)


def _start(home: Home, *command: str, log: Path) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RTI_", "DAGSTER_"))}
    folder = home.root.parent
    with log.open("wb") as output:
        return subprocess.Popen(
            ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--", sys.executable, *command],
            env={**inherited, "RTI_HOME": str(home.root), "RTI_NOW": fixture.NOW, "HOME": str(folder)},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def test_public_part_serves_without_rights_on_restricted(home: Home, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    process = _start(home, "-m", "pipelines.cli", "serve", "--only", "public", "--port", str(port), log=log)
    try:
        health = _wait_for_health(f"http://127.0.0.1:{port}/health", process, log)
        assert health == {"status": "ok", "checks": {"release": "ok"}}
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        assert "CapEff:\t0000000000000000" in status
        assert home.restricted.stat().st_mode & 0o777 == 0o700
        response = httpx.get(f"http://127.0.0.1:{port}/releases/{fixture.NEXT}/en/", trust_env=False, timeout=30)
        assert response.status_code == 404, "a draft is like a release that does not exist"
    finally:
        process.terminate()
        process.wait(30)
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_other_parts_need_those_rights(home: Home, tmp_path: Path) -> None:
    """Start the offices' pages as the same user, which is refused: so the test above proves something."""
    log = tmp_path / "log"
    process = _start(home, "-m", "pipelines.cli", "serve", "--only", "office", "--port", str(free_port()), log=log)
    assert process.wait(60) == 3
    assert "restricted" in log.read_text(encoding="utf-8")


def _wait_for_health(address: str, process: subprocess.Popen[bytes], log: Path) -> object:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            return httpx.get(address, trust_env=False, timeout=5).json()
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(log.read_text(encoding="utf-8"))
