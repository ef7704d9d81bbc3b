"""Run the parts of one home as users of their own in one group: each can use what the others have written."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.core.home import Home, open_home
from tests.kills import world
from tests.support import small
from tests.support.intact_home import make_intact_home
from tests.support.paths import ROOT
from tests.support.releases import publication_fixture
from tests.support.service import portal_fixture

GROUP = 64000
USERS = {"office": 64001, "worker": 64002, "backup": 64003, "stranger": 64004}
"""Users of the parts, and one who is in another group."""
OF_ONE_PART = ("practice", "restricted/dagster")
_FIRST, _LATER = world.NOW, world.LATER


@dataclass(frozen=True)
class SharedHome:
    """A shared home, in a folder with the samples and a folder for each user."""

    place: Path
    home: Home

    def name_user(self, user: str) -> list[str]:
        """Return the beginning of a command that one of the users runs, without any capability."""
        group = GROUP if user != "stranger" else USERS[user]
        ids = (f"--reuid={USERS[user]}", f"--regid={group}", "--clear-groups")
        return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *ids, "--"]

    def run_module(self, user: str, *command: str, now: str = _LATER) -> str:
        """Run a Python module as one of the users, which must succeed; return what it printed."""
        environment = small.command_environment(
            self.home.root, now, RTI_SAMPLES=str(self.place / "samples"), HOME=str(self.place / user),
            XDG_CACHE_HOME=str(self.place / user), PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1",
        )  # fmt: skip
        completed = subprocess.run(
            [*self.name_user(user), sys.executable, "-m", *command],
            env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert completed.returncode == 0, f"{user}, {command}: {completed.stderr[-3000:]}"
        return completed.stdout

    def carry_out(self, user: str, act: str, *, now: str = _LATER) -> None:
        """Carry out an act as a user; then all the others can use what it has left."""
        self.run_module(user, "tests.support.user_acts", act, now=now)
        self.require_use_by_all(f"{act} of {user}")

    def require_use_by_all(self, after: str) -> None:
        """Require that every user of the group can read every file, and change what its owner can change."""
        for user in ("office", "worker", "backup"):
            assert self.find_unusable(user) == [], f"{user} after {after}"

    def find_unusable(self, user: str) -> list[str]:
        """Return what the system refuses to a user; `find` asks it about each file."""
        root = self.home.root
        left_out = [word for part in OF_ONE_PART for word in ("-path", str(root / part), "-prune", "-o")]
        unreadable, closed, fixed = "! -readable", "-type d ! -executable", "-perm -u=w ! -writable"
        refused = ["(", *f"{unreadable} -o {closed} -o {fixed}".split(), ")"]
        command = [*self.name_user(user), "find", str(root), *left_out, "!", "-type", "l", *refused, "-print"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        complaints = [line for line in answer.stderr.splitlines() if not line.endswith("Permission denied")]
        assert complaints == []
        return answer.stdout.splitlines()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter, with a folder of each of them."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can act as several users, and setpriv is needed to drop its capabilities")
    place = Path(tempfile.mkdtemp(prefix="rti-users-"))
    try:
        place.chmod(0o755)
        for name, user in USERS.items():
            (place / name).mkdir()
            os.chown(place / name, user, GROUP if name != "stranger" else user)
        shared = SharedHome(place, Home(place / "home", "demonstration"))
        probe = [*shared.name_user("worker"), sys.executable, "-c", "import pipelines.core.home"]
        tried = subprocess.run(
            probe, cwd="/", env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        if tried.returncode != 0:
            pytest.skip(f"another user cannot start this Python: {tried.stderr[-200:]}")
        samples = place / "samples"
        samples.mkdir()
        (samples / world.RETURN).write_bytes(portal_fixture.make_workbook(portal_fixture.UNUSUAL))
        yield place
    finally:
        shutil.rmtree(place)


def _require_end_of_work(shared: SharedHome) -> None:
    """Require a backup, an examination, private keys, and files of office and worker that a stranger cannot reach."""
    home, repository = shared.home, shared.place / "backup" / "repository"
    passphrase = shared.place / "backup" / "passphrase"
    passphrase.write_text("words that no one else knows\n", encoding="utf-8")
    passphrase.chmod(0o644)
    options = ("--repository", str(repository))
    shared.run_module("backup", "pipelines.cli", "backup", "init", *options, "--passphrase-file", str(passphrase))
    shared.run_module("backup", "pipelines.cli", "backup", "run", *options)
    shared.require_use_by_all("a backup")
    listed = subprocess.run([*shared.name_user("office"), "ls", str(repository)], capture_output=True, check=False)
    assert listed.returncode != 0, "another user can enter the repository of backups"

    keys = [path for path in (home.restricted / "keys").iterdir() if path.is_file()]
    assert len(keys) >= 4 and {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o660}
    assert {USERS["office"], USERS["worker"]} <= {path.stat().st_uid for path in home.restricted.rglob("*")}
    unusable = shared.find_unusable("stranger")
    assert {str(home.root), str(home.restricted)} <= set(unusable)
    assert not any(line.startswith(f"{home.restricted}/") for line in unusable), "a stranger sees what is restricted"
    assert home.restricted.stat().st_mode & stat.S_IRWXO == 0

    examined = json.loads(shared.run_module("worker", "pipelines.cli", "doctor", "--quick", "--json"))
    (about_rights,) = (check for check in examined["checks"] if check["name"] == "rights")
    assert about_rights["symptoms"] == []


def test_home_of_one_user_is_shared(place: Path) -> None:
    """Share an existing home, whose files root gives to a user; then use it as each part."""
    home = make_intact_home(place)
    for path in (home.root, *home.root.rglob("*")):
        os.chown(path, USERS["worker"], GROUP, follow_symlinks=False)
    shared = SharedHome(place, home)
    assert shared.find_unusable("office") != []
    with pytest.raises(AssertionError, match="may not be read or written by this user"):
        shared.run_module("office", "pipelines.cli", "init", "--kind", "demonstration", "--shared")
    shared.run_module("worker", "pipelines.cli", "init", "--kind", "demonstration", "--shared")
    shared.run_module("office", "pipelines.cli", "init", "--kind", "demonstration", "--shared")
    shared.require_use_by_all("sharing")
    shared.carry_out("office", "serve")
    shared.carry_out("office", "hand in")
    shared.carry_out("worker", "round")
    shared.carry_out("office", "publish")
    assert home.current.resolve().name == publication_fixture.NEXT
    shared.carry_out("worker", "roll back")
    assert home.current.resolve().name == publication_fixture.FIRST
    shared.carry_out("office", "round")
    _require_end_of_work(shared)


@pytest.mark.slow
def test_users_of_a_group_refresh_and_publish(place: Path) -> None:
    """Begin with an empty folder of the group; refresh, publish, and refresh again with a return of an office."""
    root = place / "home"
    root.mkdir()
    os.chown(root, USERS["worker"], GROUP)
    shared = SharedHome(place, Home(root, "demonstration"))
    shared.run_module("worker", "pipelines.cli", "init", "--kind", "demonstration", "--shared", now=_FIRST)
    home = open_home(root)
    assert stat.S_IMODE(home.restricted.stat().st_mode) == 0o770
    small.choose_returns(place / "samples", _is_chosen)
    shared.carry_out("worker", "refresh", now=_FIRST)
    shared.carry_out("office", "publish", now=_FIRST)
    first = home.current.resolve().name
    shared.carry_out("office", "serve")
    shared.carry_out("office", "hand in")
    shared.carry_out("worker", "refresh")
    shared.carry_out("worker", "publish")
    assert home.current.resolve().name not in ("home", first)
    shared.carry_out("office", "serve")
    _require_end_of_work(shared)


def _is_chosen(line: small.Line) -> bool:
    return line["jurisdiction"] == "AL" and "2026" in line["periods"]
