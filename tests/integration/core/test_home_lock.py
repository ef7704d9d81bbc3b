"""The lock of a home, between processes and threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.core.home_lock import HomeBusyError, RunEndedError, hold_home_lock, join_run

HOLDER = """
import sys, time
from pathlib import Path
from pipelines.core.home import open_home
from pipelines.core.home_lock import hold_home_lock
with hold_home_lock(open_home(Path(sys.argv[1])), purpose="refresh"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("RTI_NOW", "2026-11-20T09:00:00Z")
    return initialise_home(tmp_path / "home", "demonstration")


def start_holder(home: Home) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end_process(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_hold_home_lock_held_elsewhere_names_holder(home: Home) -> None:
    holder = start_holder(home)
    try:
        with pytest.raises(HomeBusyError) as caught, hold_home_lock(home, purpose="publish"):
            pytest.fail("entered")
    finally:
        end_process(holder)
    for part in ("refresh", str(holder.pid), "2026-11-20T09:00:00Z"):
        assert part in str(caught.value)


def test_hold_home_lock_after_kill_is_free_at_once(home: Home) -> None:
    holder = start_holder(home)
    holder.send_signal(signal.SIGKILL)
    end_process(holder)
    with hold_home_lock(home, purpose="publish"):
        pass


def test_hold_home_lock_after_kill_while_writing_its_holder_leaves_no_temporary_file(home: Home) -> None:
    writing = HOLDER.replace("import sys, time", "import os, signal, sys, time", 1).replace(
        "with hold", "Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\nwith hold", 1
    )
    process = subprocess.run([sys.executable, "-c", writing, str(home.root)], check=False)
    assert process.returncode == -signal.SIGKILL
    assert len(list(home.root.glob(".*.new"))) == 1
    with hold_home_lock(home, purpose="publish"):
        pass
    assert list(home.root.glob(".*")) == []


def test_hold_home_lock_waits_until_released(home: Home) -> None:
    holder = start_holder(home)
    timer = threading.Timer(0.5, holder.kill)
    timer.start()
    try:
        with hold_home_lock(home, purpose="publish", wait_seconds=30):
            assert holder.wait(5) == -signal.SIGKILL
    finally:
        timer.join()
        end_process(holder)


def test_hold_home_lock_bounded_wait_ends(home: Home) -> None:
    holder = start_holder(home)
    began = time.monotonic()
    try:
        with pytest.raises(HomeBusyError, match="waited"), hold_home_lock(home, purpose="x", wait_seconds=0.2):
            pytest.fail("entered")
    finally:
        end_process(holder)
    assert time.monotonic() - began < 10


def test_hold_home_lock_is_reentrant_in_one_thread_only(home: Home) -> None:
    refused: list[HomeBusyError] = []

    def try_from_thread() -> None:
        try:
            with hold_home_lock(home, purpose="other"):
                pass
        except HomeBusyError as error:
            refused.append(error)

    with hold_home_lock(home, purpose="outer"):
        with hold_home_lock(home, purpose="inner"):
            pass
        thread = threading.Thread(target=try_from_thread)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert f"process {os.getpid()}" in str(refused[0])
    with hold_home_lock(home, purpose="after"):
        pass
    assert [path.name for path in home.root.iterdir() if "holder" in path.name] == []


# ----- steps of a run in other processes

STEP = """
import sys, time
from pathlib import Path
from pipelines.core.home import open_home
from pipelines.core.home_lock import join_run
with join_run(open_home(Path(sys.argv[1])), "run-1", "build_counts"):
    print("joined", flush=True)
    time.sleep(60)
"""
RUN = HOLDER.replace('purpose="refresh"', 'purpose="refresh", run_id="run-1"')


def start_process(code: str, home: Home, line: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", code, str(home.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{line}\n"
    return process


def test_join_run_needs_the_run_to_hold_the_lock(home: Home) -> None:
    for run, is_joined in (("run-1", True), ("run-2", False)):
        holder = start_process(RUN, home, "held")
        try:
            if is_joined:
                with join_run(home, run, "gathered"):
                    pass
            else:
                with pytest.raises(RunEndedError, match=run), join_run(home, run, "gathered"):
                    pytest.fail("joined")
        finally:
            end_process(holder)
    with pytest.raises(RunEndedError, match="has ended"), join_run(home, "run-1", "gathered"):
        pytest.fail("the holder was killed")


def test_one_process_at_a_time_does_a_step(home: Home) -> None:
    holder, step = start_process(RUN, home, "held"), start_process(STEP, home, "joined")
    try:
        with join_run(home, "run-1", "gathered"):
            pass
        with (
            pytest.raises(HomeBusyError, match=f"another worker .process {step.pid} on "),
            join_run(home, "run-1", "build_counts", wait_seconds=0.1),
        ):
            pytest.fail("done twice")
    finally:
        end_process(step)
        with join_run(home, "run-1", "build_counts", wait_seconds=10):
            pass
        end_process(holder)


def test_hold_home_lock_waits_for_the_step_of_a_killed_run(home: Home) -> None:
    holder, step = start_process(RUN, home, "held"), start_process(STEP, home, "joined")
    end_process(holder)
    with (
        pytest.raises(HomeBusyError, match=f"the step build_counts .* still works .* .process {step.pid} on "),
        hold_home_lock(home, purpose="publish"),
    ):
        pytest.fail("a step still works")
    timer = threading.Timer(0.3, step.kill)
    timer.start()
    with hold_home_lock(home, purpose="publish", wait_seconds=20):
        assert step.wait(1) == -signal.SIGKILL
    timer.join()
    end_process(step)


def test_run_named_by_the_holding_thread_may_be_joined_until_its_block_ends(home: Home) -> None:
    with hold_home_lock(home, purpose="refresh"):
        with hold_home_lock(home, purpose="refresh run-1", run_id="run-1"), join_run(home, "run-1", "gathered"):
            pass
        with pytest.raises(RunEndedError), join_run(home, "run-1", "gathered"):
            pytest.fail("joined")
