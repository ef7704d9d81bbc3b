"""Reading processes of systems that cannot fork: the same jobs, the same refusals, and nobody else is listened to."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pipelines.model.content import ReadError
from pipelines.reading.sandbox.child import Child, describe_work
from pipelines.reading.sandbox.spawning import SpawningLauncher, _accept_child
from tests.support.misbehaving_jobs import run_misbehaving_job
from tests.support.thread_alarm_jobs import run_job_watched_by_thread


@contextmanager
def _start_child(work: Callable[[str], object] = run_misbehaving_job) -> Iterator[Child]:
    described = describe_work(work, preload=(), memory=2 << 30, cpu_seconds=0.5, file_size=1 << 20)
    launcher = SpawningLauncher(described)
    try:
        child = launcher.start_child()
        yield child
        child.close()
    finally:
        launcher.close()
        assert not launcher.folder.exists() and not launcher.processes


def _rule_of(result: object) -> str:
    assert isinstance(result, ReadError)
    return result.rule


def test_child_does_its_jobs_within_its_limits_and_is_killed_for_a_dangerous_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RTI_TEST_KEPT", "kept")
    monkeypatch.setenv("SECRET_TEST", "dropped")
    with _start_child() as child:
        assert child.run_job("pid", 30) == child.pid != os.getpid()
        assert child.run_job("folder", 30) == []
        assert child.run_job("environment", 30)[:2] == ["kept", None]
        assert child.run_job("connect", 30) == "PermissionError"
        assert child.run_job("write", 30) == "OSError"
        assert _rule_of(child.run_job("memory", 30)) == "read.out_of_memory"
        assert "Petar" not in str(child.run_job("fail", 30))
        assert _rule_of(child.run_job("refuse", 30)) == "read.empty"
        assert not child.has_ended()
        assert "could not be taken" in str(child.run_job("evil", 30).params["reason"])
        assert child.dead


@pytest.mark.parametrize(("job", "words"), [("exit", "code 3"), ("crash", "SIGABRT")])
def test_child_that_dies_gives_a_refusal_with_its_reason(job: str, words: str) -> None:
    with _start_child() as child:
        result = child.run_job(job, 30)
        assert _rule_of(result) == "read.child_died" and words in str(result.params["reason"])


def test_child_that_waits_too_long_is_killed() -> None:
    with _start_child() as child:
        assert _rule_of(child.run_job("sleep", 0.5)) == "read.no_time"


def test_thread_stops_a_job_that_has_used_up_its_processor_time_and_no_other() -> None:
    with _start_child(run_job_watched_by_thread) as child:
        assert [child.run_job("work", 30) for _ in range(3)] == ["work"] * 3
        result = child.run_job("spin", 30)
        assert _rule_of(result) == "read.too_slow" and result.params["seconds"] == 0
        assert not child.reusable


def test_connection_without_the_token_is_not_taken_for_the_child() -> None:
    answers: list[bytes] = []

    def send_tokens(port: int) -> None:
        for token in (b"x" * 8, b"", b"12345678"):
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.sendall(token)
                if token != b"12345678":
                    sock.shutdown(socket.SHUT_WR)
                answers.append(sock.recv(1))

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process,
    ):
        thread = threading.Thread(target=send_tokens, args=(listener.getsockname()[1],))
        thread.start()
        sock = _accept_child(listener, "12345678", process)
        assert sock is not None
        sock.sendall(b"y")
        thread.join()
        sock.close()
        process.kill()
    assert answers == [b"", b"", b"y"]


def test_interpreter_that_does_not_connect_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.reading.sandbox.spawning._CODE", "import sys; sys.exit(1)")
    launcher = SpawningLauncher(
        describe_work(run_misbehaving_job, preload=(), memory=1 << 30, cpu_seconds=1, file_size=1)
    )
    with pytest.raises(RuntimeError, match="did not start"):
        launcher.start_child()
    launcher.close()
