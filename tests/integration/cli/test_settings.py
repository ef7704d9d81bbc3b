"""Tests that commands report wrong and misspelt settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main as cli
from pipelines.core.home import initialise_home

MISSPELT = "RTI" + "_SESSION"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RTI_")]:
        monkeypatch.delenv(name)


def test_command_warns_once_about_a_misspelt_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MISSPELT, "hunter2")
    assert cli.main(["territories", "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == f"rti: the variable {MISSPELT} has no effect; did you mean RTI_SESSIONS?\n"
    assert output.out.startswith(("[", "{"))
    assert cli.main(["territories", "--help"]) == 0
    assert capsys.readouterr().err == ""


def test_command_with_a_wrong_setting_exits_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RTI_NOW", "soon")
    assert cli.main(["init", "--kind", "demonstration"]) == 3
    assert "rti: RTI_NOW is 'soon'; write a time such as" in capsys.readouterr().err


def test_help_does_not_load_the_settings() -> None:
    code = (
        "import sys; from pipelines.cli.main import main; main(['check', '--help']); "
        "sys.exit('pydantic_settings' in sys.modules)"
    )
    environment = {**os.environ, "RTI_HOME": "data"}
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=environment).returncode == 0
    )


def test_serve_checks_every_setting_before_it_starts_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    monkeypatch.setenv("RTI_REQUESTS_PER_MINUTE", "none")
    assert cli.main(["serve"]) == 3
    output = capsys.readouterr()
    assert "rti: RTI_REQUESTS_PER_MINUTE is 'none'; write a whole number above 0" in output.err
    assert output.out == "" and not (home.restricted / "logs").exists()
