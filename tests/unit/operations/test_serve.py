"""Tests of the signals that end `rti serve`, of the order in which it starts, and of its parts."""

from __future__ import annotations

import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.core.home import Home, HomeError
from pipelines.operations import serve
from pipelines.operations.serve import _record_signals
from pipelines.operations.supervision import Supervisor


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


def _make_process(code: int | None) -> Any:
    """Return a process that has ended with a code, or that runs."""
    return SimpleNamespace(poll=lambda: code)


def test_code_server_starts_when_the_first_page_answers_and_the_ui_after_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Let the offices' pages answer before the dashboard does: the order of the answers decides."""
    servers = {
        name: serve.ServiceProcess([], address=f"http://{name}")
        for name in ("dashboard", "offices' pages", "Dagster UI")
    }
    servers |= {"Dagster code server": serve.ServiceProcess([]), "Dagster daemon": serve.ServiceProcess([])}
    started: list[str] = []

    def start_process(name: str) -> Any:
        started.append(name)
        return _make_process(None)

    polls = {"offices' pages": 1, "dashboard": 3, "Dagster UI": 2}
    started_before: dict[str, list[str]] = {}

    def does_answer(server: serve.ServiceProcess) -> bool:
        name = server.address.removeprefix("http://")
        if server.address and name in started:
            polls[name] -= 1
            if polls[name] <= 0:
                started_before.setdefault(name, list(started))
                return True
        return not server.address

    monkeypatch.setattr(serve, "_does_answer", does_answer)
    monkeypatch.setattr(serve, "_POLL_SECONDS", 0.0)
    supervisor = Supervisor({name: partial(start_process, name) for name in servers}, log=print)
    serve._start_all(supervisor, servers, tmp_path, lambda: False)
    assert started == ["dashboard", "offices' pages", "Dagster code server", "Dagster UI", "Dagster daemon"]
    assert started_before["offices' pages"] == started[:2] and started_before["dashboard"] == started[:3]
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("starting")]
    assert [line.partition(":")[0] for line in lines] == ["offices' pages", "dashboard", "Dagster UI"]


def test_start_names_a_process_that_has_ended(tmp_path: Path) -> None:
    servers = {name: serve.ServiceProcess([], address="http://127.0.0.1:9") for name in ("dashboard", "offices' pages")}
    supervisor = Supervisor(dict.fromkeys(servers, partial(_make_process, 1)), log=print)
    with pytest.raises(serve.ServeError, match="the dashboard did not answer and has ended"):
        serve._start_all(supervisor, servers, tmp_path, lambda: False)
