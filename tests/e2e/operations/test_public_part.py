"""Run the public part as another user: it serves the release, and the system keeps it out of all that is restricted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from pipelines.core.home import Home
from tests.support.intact_home import make_intact_home
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.releases import publication_fixture as fixture

OWNER, READER = 65534, 65533
"""The user of the service, to whom everything restricted belongs, and the user of the public part."""
_NO_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
USERS = {
    "another user": (*_NO_CAPABILITIES, f"--reuid={READER}", f"--regid={READER}", "--clear-groups", "--"),
    "root without capabilities": (*_NO_CAPABILITIES, "--"),
}
"""How the public part is started as another user than the owner. Root without any capability may read no more of the
owner's files than anybody; another user is closer to a deployment, but cannot start a Python in root's own folder.
"""
_START_SECONDS = 90.0
_TRY_FILES = """\
import json, os, sys

def find_refusal(act):
    try:
        act()
    except PermissionError:
        return "refused"
    except OSError as error:
        return type(error).__name__
    return "allowed"

tried = {}
for path in json.loads(sys.argv[1]):
    if os.path.basename(path) == "restricted":
        tried[path + "/"] = find_refusal(lambda: os.listdir(path))
        tried[path + "/new"] = find_refusal(lambda: os.close(os.open(path + "/new", os.O_CREAT | os.O_WRONLY)))
    else:
        tried[path] = find_refusal(lambda: open(path, "rb").close())
        tried[path + " to write"] = find_refusal(lambda: open(path, "ab").close())
import sqlite3
try:
    sqlite3.connect(f"file:{sys.argv[2]}?mode=ro", uri=True).execute("select count(*) from audit").fetchone()
    tried["rows of the ledger"] = "allowed"
except sqlite3.OperationalError:
    tried["rows of the ledger"] = "refused"
print(json.dumps(tried))
"""
"""A program that tries to open files by their paths, as code of the public part could, and prints what happened."""


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


def _make_environment(home: Home) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RTI_", "DAGSTER_"))}
    folder = home.root.parent
    return {
        **inherited, "RTI_HOME": str(home.root), "RTI_NOW": fixture.NOW, "HOME": str(folder), "PYTHONPATH": str(ROOT),
    }  # fmt: skip


@pytest.fixture(params=USERS)
def prefix(request: pytest.FixtureRequest, home: Home) -> tuple[str, ...]:
    """Return the beginning of a command that runs as a user who does not own the restricted folder."""
    command: tuple[str, ...] = USERS[request.param]
    probe = [*command, sys.executable, "-c", "import pipelines.core.home"]
    tried = subprocess.run(probe, cwd="/", env=_make_environment(home), capture_output=True, text=True, timeout=60)
    if tried.returncode != 0:
        pytest.skip(f"{request.param} cannot start this Python: {tried.stderr[-200:]}")
    return command


def _start(home: Home, prefix: Sequence[str], *command: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [*prefix, sys.executable, *command],
            env=_make_environment(home),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _list_restricted(home: Home) -> list[str]:
    """Return the restricted folder, and one file of each kind below it, such as the ledger and true counts."""
    files = [path for path in sorted(home.restricted.rglob("*")) if path.is_file()]
    kinds = {path.relative_to(home.restricted).parts[0]: path for path in files}
    assert {"ledger.sqlite", "store", "facts", "released", "keys", "drafts"} <= set(kinds), sorted(kinds)
    return [str(home.restricted), *map(str, kinds.values())]


def _try_files(home: Home, prefix: Sequence[str], paths: Sequence[str]) -> dict[str, str]:
    """Return what happened to each path that was tried: `refused`, `allowed`, or another error."""
    ledger = str(home.restricted / "ledger.sqlite")
    command = [*prefix, sys.executable, "-c", _TRY_FILES, json.dumps(paths), ledger]
    tried = subprocess.run(
        command, cwd=ROOT, env=_make_environment(home), capture_output=True, text=True, timeout=60, check=True
    )
    result: dict[str, str] = json.loads(tried.stdout)
    assert len(result) == 2 * len(paths) + 1
    return result


def test_restricted_files_are_refused_to_the_user_of_the_public_part(home: Home, prefix: tuple[str, ...]) -> None:
    """Try to list, read and write what is restricted, one file of each kind, and to read what is public."""
    paths = _list_restricted(home)
    assert set(_try_files(home, prefix, paths).values()) == {"refused"}
    public_file = str(home.releases / fixture.FIRST / "manifest.json")
    assert _try_files(home, prefix, [public_file])[public_file] == "allowed"


def test_restricted_files_that_others_may_read_are_found(home: Home, prefix: tuple[str, ...]) -> None:
    """Give everybody the right to read, so that the test above cannot pass without opening anything."""
    paths = _list_restricted(home)
    before = {path: path.stat().st_mode for path in (home.restricted, *home.restricted.rglob("*"))}
    try:
        for path in before:
            path.chmod(0o755 if path.is_dir() else 0o644)
        tried = _try_files(home, prefix, paths)
    finally:
        for path, mode in before.items():
            path.chmod(mode)
    assert {tried[path] for path in paths[1:]} == {tried[f"{paths[0]}/"]} == {"allowed"}
    assert {tried[f"{path} to write"] for path in paths[1:]} == {"refused"}


def test_public_part_serves_without_rights_on_restricted(home: Home, prefix: tuple[str, ...], tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    process = _start(home, prefix, "-m", "pipelines.cli", "serve", "--only", "public", "--port", str(port), log=log)
    try:
        health = _wait_for_health(f"http://127.0.0.1:{port}/health", process, log)
        assert health == {"status": "ok", "checks": {"release": "ok", "records": "ok"}}
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        assert "CapEff:\t0000000000000000" in status
        assert home.restricted.stat().st_mode & 0o777 == 0o700
        response = httpx.get(f"http://127.0.0.1:{port}/releases/{fixture.NEXT}/en/", trust_env=False, timeout=30)
        assert response.status_code == 404, "a draft is like a release that does not exist"
        for way_up in ("..", "%2e%2e", "%2e%2e%2f.."):
            address = f"http://127.0.0.1:{port}/releases/{fixture.FIRST}/{way_up}/{way_up}/restricted/ledger.sqlite"
            assert httpx.get(address, trust_env=False, timeout=30).status_code in (400, 404), way_up
    finally:
        process.terminate()
        process.wait(30)
    assert "Traceback" not in log.read_text(encoding="utf-8")


def test_other_parts_need_those_rights(home: Home, prefix: tuple[str, ...], tmp_path: Path) -> None:
    """Start the offices' pages as the same user, which is refused: so the test above proves something."""
    log = tmp_path / "log"
    port = str(free_port())
    process = _start(home, prefix, "-m", "pipelines.cli", "serve", "--only", "office", "--port", port, log=log)
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
