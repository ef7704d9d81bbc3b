"""The installed wheel checks a return far from the source tree, also where processes cannot be forked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipelines.cli.main import main
from tests.support.paths import ROOT

FAULTY_RETURN = ROOT / "raw_samples" / "try" / "MK_SSO" / "faults" / "Pravosudstvo_2022_T3.xlsx"
SPAWNED = """
import sys
from pipelines.reading.sandbox import launchers, spawning
launchers._launcher_class = spawning.SpawningLauncher
from pipelines.cli.main import main
print(__import__("pipelines").__file__, file=sys.stderr)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the contents of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_wheel_finds_what_the_source_tree_finds(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "Нови податоци" / FAULTY_RETURN.name
    copy.parent.mkdir()
    copy.write_bytes(FAULTY_RETURN.read_bytes())
    arguments = ["check", "--offline", "--json", str(copy)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("RTI_", "PYTHON", "COVERAGE"))
    } | {"PYTHONPATH": str(site), "RTI_HOME": str(tmp_path / "none")}
    installed = subprocess.run(
        [sys.executable, "-c", SPAWNED, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert str(site) in installed.stderr, installed.stderr
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "none"))
    assert installed.returncode == main(arguments), installed.stderr
    report = json.loads(installed.stdout)
    assert report["findings"] and report == json.loads(capsys.readouterr().out)
