"""Tests of the signals that end `rti serve`, and of its parts."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from pipelines.core.home import Home, HomeError
from pipelines.operations import serve
from pipelines.operations.serve import _record_signals


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], dict[str, str]]]:
    """Collect the program, arguments and variables that would replace this process."""
    calls: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *call: calls.append(call))
    monkeypatch.setattr(os, "chdir", lambda _folder: None)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return calls


def test_serve_part_becomes_the_public_pages_without_touching_the_home(
    executed: list[tuple[str, list[str], dict[str, str]]], tmp_path: Path
) -> None:
    serve.serve_part(Home(tmp_path / "no-such-home", "real"), "public", 28999)
    ((program, arguments, environment),) = executed
    assert program == sys.executable
    assert arguments[1:] == ["-m", "dashboards.public.app", "--port", "28999"]
    assert environment["RTI_HOME"] == str(tmp_path / "no-such-home")
    assert "DAGSTER_HOME" not in environment
    assert list(tmp_path.iterdir()) == []


def test_serve_part_refuses_restricted_parts_without_rights(
    executed: list[tuple[str, list[str], dict[str, str]]], tmp_path: Path
) -> None:
    for part in ("office", "daemon", "dagster-ui"):
        with pytest.raises(HomeError, match="user of the service"):
            serve.serve_part(Home(tmp_path / "no-such-home", "real"), part)
    assert executed == []


def test_serve_part_refuses_a_port_in_use(
    executed: list[tuple[str, list[str], dict[str, str]]], tmp_path: Path
) -> None:
    with socket.socket() as listener:
        listener.bind((serve.HOST, 0))
        listener.listen()
        with pytest.raises(serve.ServeError, match="in use"):
            serve.serve_part(Home(tmp_path, "real"), "public", listener.getsockname()[1])
    assert executed == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_record_signals_notes_each_ending_signal_and_restores_its_handler(number: signal.Signals) -> None:
    def ignore_call(*_: object) -> None:
        """Do nothing, like the handler of another program."""

    # A test run that was started in the background may ignore some of these signals.
    handler_of_the_run = signal.signal(number, ignore_call)
    try:
        with _record_signals() as is_ending:
            assert not is_ending()
            signal.raise_signal(number)
            assert is_ending()
        assert signal.getsignal(number) is ignore_call
    finally:
        signal.signal(number, handler_of_the_run)


def test_record_signals_leaves_an_ignored_signal_ignored() -> None:
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _record_signals() as is_ending:
            signal.raise_signal(signal.SIGINT)
            assert not is_ending()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, earlier)
