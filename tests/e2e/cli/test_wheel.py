"""The installed wheel checks a return far from the source tree, also where processes cannot be forked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from pipelines.cli.main import main
from tests.support.command_program import make_program
from tests.support.paths import ROOT
from tests.support.plain_environment import create_environment, list_needed_packages, read_requirements

FAULTY_RETURN = ROOT / "raw_samples" / "try" / "MK_SSO" / "faults" / "Pravosudstvo_2022_T3.xlsx"
SPAWNED = """
import sys
from pipelines.reading.sandbox import launchers, spawning
launchers._launcher_class = spawning.SpawningLauncher
from pipelines.cli.main import main
print(__import__("pipelines").__file__, file=sys.stderr)
sys.exit(main(sys.argv[1:]))
"""
# No pause between attempts to reach a service.
RUN_ALL = make_program("from pipelines.web.api import client; client.PAUSE_SECONDS = 0.0")
COMMANDS = (
    (("check", "FILE", "--html", "a.html", "--annotated", "a.xlsx", "--csv", "a.csv"), 1, ""),
    (("preview", "FILE", "--out", "page.html"), 0, ""),
    (("territories",), 0, "MK"),
    (("template", "AL-JUSTICE-1", "2026-Q3"), 0, ""),
    (("receipt", "verify", "FILE"), 2, "This is not a receipt"),
    (("submit", "--to", "http://127.0.0.1:9", "FILE"), 3, "cannot be reached"),
    (("init", "--kind", "real"), 3, "which is not installed. A wheel alone has what `rti check` needs"),
)
"""Commands of offices with their exit codes, and what they print."""
MOST_MEGABYTES = 850
"""Limit of an office's packages on its disk, without compiled code; in November 2026 they took 735."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment with the wheel and what it asks for."""
    return create_environment(tmp_path_factory.mktemp("plain") / "environment", wheel)


def _run(python: Path, folder: Path, *arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `rti`, or code in its place, far from the source tree and without settings of this process."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("RTI_", "PYTHON", "COVERAGE"))
    } | {"RTI_HOME": str(folder / "none"), "RTI_TOKEN": "none"}
    start = ["-c", code] if code is not None else ["-m", "pipelines.cli"]
    return subprocess.run(
        [str(python), *start, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.sampled(turn=0)
def test_wheel_finds_what_the_source_tree_finds(
    python: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "Нови податоци" / FAULTY_RETURN.name
    copy.parent.mkdir()
    copy.write_bytes(FAULTY_RETURN.read_bytes())
    arguments = ["check", "--offline", "--json", str(copy)]
    installed = _run(python, tmp_path, *arguments, code=SPAWNED)
    assert str(python.parents[1]) in installed.stderr, installed.stderr
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "none"))
    assert installed.returncode == main(arguments), installed.stderr
    report = json.loads(installed.stdout)
    assert report["findings"] and report == json.loads(capsys.readouterr().out)


@pytest.mark.sampled(turn=4)
def test_commands_of_offices_need_no_more_than_the_wheel_asks_for(python: Path, tmp_path: Path) -> None:
    """Run all commands in one process, which takes three seconds to start, and one by itself, as `rti` does."""
    commands = [[str(FAULTY_RETURN) if part == "FILE" else part for part in arguments] for arguments, _, _ in COMMANDS]
    completed = _run(python, tmp_path, json.dumps(commands), code=RUN_ALL)
    assert completed.returncode == 0, completed.stderr
    for (arguments, code, expected), (exit_code, output, errors) in zip(
        COMMANDS, json.loads(completed.stdout)["results"], strict=True
    ):
        assert (exit_code, "Traceback" in errors) == (code, False), f"{arguments}: {errors}"
        assert expected in output + errors, f"{arguments}: {output + errors}"
    alone = _run(python, tmp_path, "territories")
    assert (alone.returncode, "MK" in alone.stdout) == (0, True), alone.stderr


@pytest.mark.sampled(turn=3)
def test_wheel_asks_neither_for_an_orchestrator_nor_for_dbt(wheel: Path) -> None:
    needed = list_needed_packages(read_requirements(wheel))
    assert not [name for name in needed if name.startswith(("dagster", "dbt", "streamlit", "fastapi"))]
    assert "polars" in needed


@pytest.mark.slow
def test_wheel_is_installed_by_pip_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Do as `pipx install` does; it needs the package index of pip's configuration."""
    venv.create(tmp_path / "environment", symlinks=True, with_pip=True)
    python = tmp_path / "environment" / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    installed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    checked = _run(python, tmp_path, "check", "--offline", "--json", str(FAULTY_RETURN))
    assert (checked.returncode, bool(json.loads(checked.stdout)["findings"])) == (1, True), checked.stderr
    files = [path for path in (tmp_path / "environment").rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files if path.suffix != ".pyc") < MOST_MEGABYTES * 1e6
