"""Printed output of a run: it is in the files of the run's page, and all of it reaches the log of the service."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.compute_logs import execute_posix_tail

from pipelines.core.home import Home, initialise_home
from pipelines.runs.instance import instance_folder, open_instance_for_run
from pipelines.runs.printed_output import copy_printed_output


@pytest.mark.parametrize("lines", [0, 1, 50_000])
def test_everything_is_in_the_log_when_the_block_ends(tmp_path: Path, lines: int) -> None:
    printed = [f"{number}: convicted persons\n" for number in range(lines)]
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        with copy_printed_output(log, tmp_path / "step.err"):
            log.writelines(printed)
        log.write("after the step\n")
    assert (tmp_path / "step.err").read_text(encoding="utf-8") == "".join(printed)
    assert (tmp_path / "log").read_text(encoding="utf-8") == "".join(printed) + "after the step\n"


def test_output_is_in_the_log_while_the_block_goes_on(tmp_path: Path) -> None:
    received, sending = os.pipe()
    with os.fdopen(received, encoding="utf-8") as log, os.fdopen(sending, "w", encoding="utf-8") as stream:
        with copy_printed_output(stream, tmp_path / "step.out"):
            print("reading", file=stream, flush=True)
            assert log.readline() == "reading\n"
            subprocess.run(["echo", "printed by a child"], stdout=stream, check=True)
            assert log.readline() == "printed by a child\n"
        assert "copy step.out" not in {thread.name for thread in threading.enumerate()}


def test_block_goes_on_when_the_log_can_no_longer_be_written(tmp_path: Path) -> None:
    received, sending = os.pipe()
    os.close(received)
    stream = os.fdopen(sending, "w", encoding="utf-8")
    with copy_printed_output(stream, tmp_path / "step.out"):
        print("to a closed stream", file=stream, flush=True)
    assert (tmp_path / "step.out").read_text(encoding="utf-8") == "to a closed stream\n"


def test_stream_without_descriptor_is_left_as_it_is(tmp_path: Path) -> None:
    stream = io.StringIO()
    with copy_printed_output(stream, tmp_path / "step.out"):
        stream.write("kept")
    assert stream.getvalue() == "kept" and not (tmp_path / "step.out").exists()


def test_run_page_has_the_output_of_a_failed_step_and_no_process_copies_it(
    home: Home, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    monkeypatch.setattr(f"{execute_posix_tail.__module__}.subprocess.Popen", _refuse_process)

    @dg.op
    def print_and_fail() -> None:
        print("to the output", flush=True)
        print("to the errors", file=sys.stderr, flush=True)
        raise ValueError

    @dg.job
    def print_job() -> None:
        print_and_fail()

    with open_instance_for_run(home) as instance:
        result = print_job.execute_in_process(instance=instance, raise_on_error=False)
        key = next(event for event in result.all_events if event.event_type_value == "LOGS_CAPTURED").logs_captured_data
    log_key = [result.run_id, "compute_logs", key.file_key]
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as of_the_page:
        data = of_the_page.compute_log_manager.get_log_data(log_key)
        assert of_the_page.compute_log_manager.is_capture_complete(log_key)
    captured = capfd.readouterr()
    assert data.stdout == b"to the output\n" and captured.out.endswith("to the output\n")
    assert data.stderr is not None and b"to the errors\n" in data.stderr
    assert data.stderr.decode() in captured.err


def _refuse_process(*_: object, **__: object) -> None:
    raise AssertionError("a process was started to copy the output")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "real")
