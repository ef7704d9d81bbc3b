"""Sharing the commands of `rti` between the calls of one process: made once, and no call sees another's options."""

from __future__ import annotations

import pytest
import typer.main

from pipelines.cli.main import app, main


def test_commands_are_made_once() -> None:
    assert typer.main.get_command(app) is typer.main.get_command(app)


def test_call_does_not_see_the_option_of_the_call_before(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rti ")
    assert main(["--help"]) == 0
    assert "Usage: rti" in capsys.readouterr().out
    assert main(["territories", "--unknown"]) == 3
    assert main(["--version"]) == 0
