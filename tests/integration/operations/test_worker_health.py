"""Tests of the health of a step worker: what its process answers, and that it never disturbs the worker."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.core.home import initialise_home
from pipelines.operations.step_worker import has_failed
from pipelines.operations.worker_health import (
    LONGEST_SILENCE,
    WorkerState,
    make_step_worker_registry,
    reported_health,
    reported_step,
)
from tests.support import postgres
from tests.support.paths import ROOT
from tests.support.ports import free_port

LONGEST = 60.0
WORKER = """
import sys, time
from pipelines.operations.worker_health import reported_health
with reported_health(int(sys.argv[1])) as report_state:
    report_state("connected")
    time.sleep(600)
"""
WORKER_OF_PLANTED_STEPS = """
import os, signal, sys
from pathlib import Path
from celery import Celery
from pipelines.operations.worker_health import add_reports, reported_health, reported_step
from pipelines.runs import step_queue
broker, port, mark = sys.argv[1:]
with reported_health(None, int(port)) as report_state:
    app = Celery("planted", broker=broker)
    app.conf.update(step_queue.celery_options())
    @app.task(name="planted")
    def do_step():
        with reported_step(report_state):
            if not Path(mark).exists():
                Path(mark).touch()
                os.kill(os.getpid(), signal.SIGKILL)
    add_reports(app, report_state)
    options = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
    app.Worker(hostname="planted@localhost", pool="prefork", concurrency=1, quiet=True, **options).start()
"""
"""A worker like ours, whose first step is killed as for lack of memory; RabbitMQ then gives it to the worker again."""


def read_status(port: int, path: str) -> int:
    """Return the status of an answer, or 0 if nothing listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def wait_for(is_true: Callable[[], bool], longest: float = LONGEST) -> None:
    end = time.monotonic() + longest
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.1)


def list_problems(state: WorkerState) -> dict[str, str]:
    return {check.name: check.problem for check in state.measure_health().checks if check.problem}


def test_worker_is_ready_while_it_is_connected_and_reports() -> None:
    seconds = [0.0]
    state = WorkerState(lambda: seconds[0])
    assert list_problems(state) == {"RabbitMQ": "the worker is not connected yet"}
    seconds[0] = 2 * LONGEST_SILENCE
    assert "loop" not in list_problems(state), "loading the program makes no reports"
    state.note_report("connected")
    assert list_problems(state) == {}
    seconds[0] += LONGEST_SILENCE
    assert list_problems(state) == {}
    seconds[0] += 1
    assert list_problems(state) == {"loop": "the worker has made no report for too long"}
    state.note_report("alive")
    assert list_problems(state) == {}
    state.note_report("away")
    seconds[0] += 2 * LONGEST_SILENCE
    assert list_problems(state) == {"RabbitMQ": "the worker is not connected to RabbitMQ"}
    state.note_report("alive")
    assert list_problems(state) == {"RabbitMQ": "the worker is not connected to RabbitMQ"}


def test_outcomes_of_steps_are_counted() -> None:
    """Plant a step whose process dies without a report, which is counted when it is missing twice."""
    seconds, running = [0.0], {11, 12, 13, 14}
    state = WorkerState(lambda: seconds[0], running.__contains__)
    registry = make_step_worker_registry(state, os.getpid())

    def read_metric(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"part": "step-worker", **labels})

    state.note_report("connected")
    state.note_report("began 11")
    seconds[0] = 30.0
    assert (read_metric("rti_steps_in_progress"), read_metric("rti_step_age_seconds")) == (1, 30)
    running.remove(11)
    state.note_report("alive")
    state.note_report("ended success")  # its report came later than its process ended
    for pid, outcome in ((12, "failed"), (13, "refused")):
        state.note_report(f"began {pid}")
        state.note_report(f"ended {outcome}")
    state.note_report("began 14")
    running.remove(14)
    state.note_report("alive")
    assert read_metric("rti_steps_total", outcome="lost") == 0
    state.note_report("alive")
    outcomes = {name: read_metric("rti_steps_total", outcome=name) for name in ("success", "failed", "refused", "lost")}
    assert outcomes == {"success": 1, "failed": 1, "refused": 1, "lost": 1}
    assert read_metric("rti_step_seconds_total") == 30
    assert (read_metric("rti_steps_in_progress"), read_metric("rti_step_age_seconds")) == (0, 0)
    memory = registry.get_sample_value("process_resident_memory_bytes")
    assert memory is not None and memory > 1_000_000
    assert registry.get_sample_value("rti_step_process_resident_memory_bytes") is None
    state.note_report(f"began {os.getpid()}")
    assert registry.get_sample_value("rti_step_process_resident_memory_bytes") is not None


def test_step_reports_its_outcome() -> None:
    reports: list[str] = []
    with reported_step(reports.append):
        pass
    with reported_step(reports.append) as set_outcome:
        set_outcome("failed")
    with pytest.raises(ValueError, match="planted"), reported_step(reports.append):
        raise ValueError("planted")
    with pytest.raises(ValueError, match="planted"), reported_step(reports.append) as set_outcome:
        set_outcome("refused")
        raise ValueError("planted")
    assert reports[::2] == [f"began {os.getpid()}"] * 4
    assert reports[1::2] == ["ended success", "ended failed", "ended failed", "ended refused"]
    assert has_failed(['{"event_type_value": "STEP_START"}', '{"event_type_value": "STEP_FAILURE"}'])
    assert not has_failed(['{"message": "\\"STEP_FAILURE\\""}', '{"event_type_value": "STEP_SUCCESS"}'])


def test_health_process_answers_with_metrics() -> None:
    port = free_port()
    with reported_health(None, port) as report_state:
        report_state("connected")
        with reported_step(report_state):
            pass

        def has_counted() -> bool:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                    text = answer.read().decode()
            except OSError:
                return False
            return 'rti_steps_total{outcome="success",part="step-worker"} 1.0' in text

        wait_for(has_counted)
    assert read_status(port, "/metrics") == 0


def test_health_process_answers_what_the_worker_reports_and_survives_signals() -> None:
    port = free_port()
    with reported_health(port) as report_state:
        wait_for(lambda: read_status(port, "/live") == 200)
        assert (read_status(port, "/ready"), read_status(port, "/health")) == (503, 503)
        report_state("connected")
        wait_for(lambda: read_status(port, "/ready") == 200)
        (process,) = find_health_processes(port)
        os.kill(process, signal.SIGTERM)
        os.kill(process, signal.SIGINT)
        report_state("away")
        wait_for(lambda: read_status(port, "/ready") == 503)
        assert read_status(port, "/live") == 200, "a worker that completes its step lives"
    assert read_status(port, "/live") == 0


def test_health_process_ends_with_a_killed_worker() -> None:
    port = free_port()
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(port)], cwd=ROOT)
    try:
        wait_for(lambda: read_status(port, "/ready") == 200)
    finally:
        worker.kill()
        worker.wait()
    wait_for(lambda: read_status(port, "/live") == 0)
    wait_for(lambda: find_health_processes(port) == [])


def test_worker_goes_on_without_its_health_process(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    with reported_health(port) as report_state:
        wait_for(lambda: read_status(port, "/live") == 200)
        (process,) = find_health_processes(port)
        os.kill(process, signal.SIGKILL)

        def is_logged() -> bool:
            report_state("alive")
            return "the health of this worker is no longer served" in caplog.text

        wait_for(is_logged)
        report_state("alive")
    assert caplog.text.count("the health of this worker is no longer served") == 1


def test_worker_without_a_port_has_no_health_process() -> None:
    with reported_health(None) as report_state:
        report_state("connected")


@pytest.mark.workers
@pytest.mark.postgres
def test_worker_is_ready_while_rabbitmq_answers(tmp_path: Path, postgres_databases: postgres.Databases) -> None:
    from tests.support.rabbitmq import run_broker
    from tests.support.workers import run_cluster

    home = initialise_home(tmp_path / "home", "demonstration")
    port = free_port()
    variables = {"RTI_HEALTH_PORT": str(port)}
    with (
        run_broker() as broker,
        run_cluster(home.root, tmp_path, broker, postgres_databases.address, variables) as cluster,
    ):
        worker = cluster.start_worker("first")
        wait_for(lambda: read_status(port, "/ready") == 200, 300)
        broker.stop_server()
        wait_for(lambda: read_status(port, "/ready") == 503)
        assert read_status(port, "/live") == 200
        broker.start_server()
        wait_for(lambda: read_status(port, "/ready") == 200, 300)
        worker.end_process()
        assert worker.process.returncode == 0, worker.read_log()
        assert read_status(port, "/live") == 0


@pytest.mark.workers
def test_killed_step_counts_as_lost_and_the_repeated_one_as_successful(tmp_path: Path) -> None:
    from celery import Celery

    from tests.support.rabbitmq import run_broker

    port = free_port()
    with run_broker() as broker:
        command = [sys.executable, "-c", WORKER_OF_PLANTED_STEPS, broker.address, str(port), str(tmp_path / "killed")]
        worker = subprocess.Popen(command, cwd=ROOT)
        try:
            with Celery("planted", broker=broker.address) as app:
                app.send_task("planted")
                app.send_task("planted")

            def are_all_counted() -> bool:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                        text = answer.read().decode()
                except OSError:
                    return False
                counts = dict(re.findall(r'rti_steps_total\{outcome="(\w+)",part="step-worker"\} ([\d.]+)', text))
                return (counts["lost"], counts["success"], counts["failed"]) == ("1.0", "2.0", "0.0")

            wait_for(are_all_counted, 180)
        finally:
            worker.terminate()
            worker.wait(60)


def find_health_processes(port: int) -> list[int]:
    """Return the processes that serve the health of a worker on a port."""
    arguments = f"pipelines.operations.worker_health\0--port\0{port}\0".encode()
    pids = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().endswith(arguments):
                pids.append(int(entry.name))
        except OSError:
            continue
    return pids
