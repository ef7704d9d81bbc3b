"""Commands of offices without anything that only POSIX has: they find on Windows what they find here.

`make lint` checks their types for Windows; here they run, in the branches of the code that Windows takes. Separators
of paths and the system itself cannot be tried here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli.main import main
from tests.support.command_program import make_program
from tests.support.paths import ROOT, SAMPLES
from tests.support.portable_check import list_portable_modules

RUN_ALL = make_program("from tests.support.windows_view import install_view; install_view()")
PLANTED = """
from tests.support.windows_view import install_view
install_view()
exec(compile(CODE, "planted", "exec"), {"__name__": "pipelines.planted", "__builtins__": __builtins__})
"""


def _run(code: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RTI_")}
    environment |= {"RTI_HOME": str(folder / "none"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _run_commands(
    commands: Sequence[Sequence[str]], folder: Path
) -> tuple[list[tuple[int | None, str, str]], set[str]]:
    completed = _run(RUN_ALL, json.dumps(commands), folder=folder)
    assert completed.returncode == 0, completed.stderr
    content = json.loads(completed.stdout)
    return content["results"], set(content["modules"])


def _list_samples() -> list[Path]:
    """Return one return of each format that the demonstration has."""
    by_suffix = {path.suffix: path for path in sorted((SAMPLES / "try").rglob("*.*"), reverse=True)}
    return [by_suffix[suffix] for suffix in sorted(by_suffix) if suffix != ".md"]


@pytest.mark.sampled(turn=2)
def test_commands_of_offices_do_on_windows_what_they_do_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "none"))
    samples = _list_samples()
    assert {path.suffix for path in samples} >= {".xlsx", ".csv", ".pdf", ".docx"}
    checks = [["check", "--offline", "--json", str(path)] for path in samples]
    others = [
        ["preview", str(samples[0]), "--out", "page.html"],
        ["read", "--json", str(samples[0])],
        ["template", "AL-JUSTICE-1", "2026-Q3"],
        ["territories"],
        ["receipt", "verify", str(samples[0])],
    ]
    results, modules = _run_commands([*checks, *others], tmp_path)
    assert [errors for _, _, errors in results if "Traceback" in errors] == []
    for arguments, (code, output, errors) in zip(checks, results, strict=False):
        assert code == main(arguments), f"{arguments}: {errors}"
        report: dict[str, Any] = json.loads(output)
        assert report == json.loads(capsys.readouterr().out), arguments
    assert [code for code, *_ in results[len(checks) :]] == [0, 0, 0, 0, 2]
    assert (tmp_path / "page.html").is_file()
    assert len(modules) > 100
    assert modules - set(list_portable_modules()) == set(), "`make lint` checks their types for Windows too"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import fcntl", "ModuleNotFoundError: No module named 'fcntl' on Windows"),
        ("from resource import getrusage", "ModuleNotFoundError: No module named 'resource' on Windows"),
        ("import os; os.fork()", "AttributeError: module 'os' has no attribute 'fork' on Windows"),
        ("from signal import SIGKILL", "cannot import name 'SIGKILL'"),
        ("import sys; assert sys.platform == 'linux'", "AssertionError"),
        ("import os, sys; os.getpid(), sys.version_info, os.path.join('a', 'b')", ""),
    ],
)
def test_view_of_windows_stops_what_windows_lacks(code: str, error: str, tmp_path: Path) -> None:
    completed = _run(PLANTED.replace("CODE", repr(code), 1), folder=tmp_path)
    assert (completed.returncode == 0) == (not error), completed.stderr
    assert error in completed.stderr
