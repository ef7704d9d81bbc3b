"""Tests of health, readiness and metrics of processes that serve no pages, and of the wait for an answer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import httpx
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo
from prometheus_client import generate_latest
from starlette.applications import Starlette

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.operations import daemon, dagster_ui, health_port, release_receiver
from pipelines.operations.code_server_watch import CodeServerWatch
from pipelines.operations.health_port import served_health, served_health_if_set
from pipelines.operations.worker_metrics import make_worker_registry, written_metrics
from pipelines.publication.releases.errors import ReleaseError
from pipelines.runs import run_progress, trigger_watch
from pipelines.runs.instance import instance_folder
from pipelines.web.health import Health, HealthCheck
from tests.support.coroutines import run_async
from tests.support.ports import free_port

UNLOADED = "the definitions cannot be loaded; the UI shows the error"
PLANTED = "157 victims of Petar Petrović"
CODE_SERVER = """
import subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
import grpc
from dagster._grpc.__generated__ import dagster_api_pb2
from dagster._grpc.__generated__.dagster_api_pb2_grpc import DagsterApiServicer, add_DagsterApiServicer_to_server
class Servicer(DagsterApiServicer):
    def Ping(self, request, context):
        return dagster_api_pb2.PingReply(echo=request.echo)
server = grpc.server(ThreadPoolExecutor(2))
add_DagsterApiServicer_to_server(Servicer(), server)
server.add_insecure_port(f"unix:{sys.argv[1]}")
server.start()
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
print("ready", flush=True)
time.sleep(60)
"""
"""A program that answers as Dagster's code server does, without definitions, and has a child."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return initialise_home(tmp_path_factory.mktemp("daemon") / "home", "real")


@pytest.fixture(scope="module")
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as opened:
        yield opened


def add_heartbeats(instance: dg.DagsterInstance, *, age: float = 0.0, error: str = "") -> None:
    errors = [SerializableErrorInfo(error, [], "ValueError")] if error else []
    for name in instance.get_required_daemon_types():
        beat = DaemonHeartbeat(clock.read_wall_clock() - age, name, "1", errors)
        instance.add_daemon_heartbeat(beat)


def test_daemon_is_healthy_with_recent_heartbeats_of_every_part(instance: dg.DagsterInstance, home: Home) -> None:
    instance.wipe_daemon_heartbeats()
    assert {check.problem for check in daemon.daemon_readiness(instance).checks} == {"no recent heartbeat"}
    assert not daemon.daemon_health(instance, home).is_good
    add_heartbeats(instance)
    health = daemon.daemon_health(instance, home)
    assert health.is_good and {check.name for check in health.checks} >= {"sensor", "scheduler"}
    add_heartbeats(instance, age=daemon.LONGEST_SILENCE + 60)
    assert not daemon.daemon_health(instance, home).is_good


def test_error_of_a_round_is_reported_without_its_words(instance: dg.DagsterInstance, home: Home) -> None:
    add_heartbeats(instance, error=PLANTED)
    health = daemon.daemon_health(instance, home)
    assert {check.problem for check in daemon.daemon_readiness(instance).checks} == {"its last round failed"}
    assert PLANTED not in json.dumps(health.as_json(), ensure_ascii=False)


def fetch_status(port: int, path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_port_answers_for_life_readiness_and_health() -> None:
    checks, parts = [HealthCheck("triggers")], [HealthCheck("sensor")]
    with served_health(0, lambda: Health((*parts, *checks)), lambda: Health(tuple(parts))) as port:
        assert fetch_status(port, "/live") == (200, {"status": "ok"})
        assert fetch_status(port, "/ready") == (200, {"status": "ok", "checks": {"sensor": "ok"}})
        assert fetch_status(port, "/health") == (200, {"status": "ok", "checks": {"sensor": "ok", "triggers": "ok"}})
        checks.append(HealthCheck("other", "fails"))
        assert (fetch_status(port, "/ready")[0], fetch_status(port, "/health")[0]) == (200, 503)
        parts.append(HealthCheck("scheduler", "no recent heartbeat"))
        status, content = fetch_status(port, "/ready")
        assert (status, content["status"]) == (503, "failing")
        assert fetch_status(port, "/live")[0] == 200
        assert fetch_status(port, "/other")[0] == 404


def test_failing_sensor_leaves_the_daemon_ready(
    instance: dg.DagsterInstance, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_heartbeats(instance)
    failing = trigger_watch.FailingTrigger("ledger_events", "sensor", "2026-11-29T10:00:00Z", "ValueError")
    monkeypatch.setattr(trigger_watch, "read_failing_triggers", lambda _home: [failing])
    assert daemon.daemon_readiness(instance).is_good and not daemon.daemon_health(instance, home).is_good


def test_waiting_ends_with_an_answer_or_with_what_was_answered_last(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [HealthCheck("release", "nothing has been published")]
    with served_health(0, lambda: Health(tuple(checks))) as port:
        address = f"http://127.0.0.1:{port}"
        assert (health_port.main([f"{address}/live"]), health_port.main([f"{address}/ready"])) == (0, 1)
        assert "503" in (error := capsys.readouterr().err) and "nothing has been published" in error
        threading.Timer(0.7, checks.clear).start()
        assert health_port.main([f"{address}/ready", "--wait", "20"]) == 0
    assert health_port.main([f"{address}/live"]) == 1, "nothing listens there any more"
    with pytest.raises(SystemExit):
        health_port.main(["http://example.org/live"])


def test_port_in_use_is_logged_and_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with served_health(0, lambda: Health(())) as port, served_health_if_set(port, lambda: Health(())):
        assert f"health is not served on port {port}" in caplog.text
        assert fetch_status(port, "/live")[0] == 200


def test_metrics_of_the_worker_are_counted_in_the_storage(instance: dg.DagsterInstance, home: Home) -> None:
    add_heartbeats(instance, age=40.0)
    run = instance.create_run_for_job(_planted_job, tags={"territory": PLANTED})
    instance.handle_new_event(_make_event(run.run_id, DagsterEventType.PIPELINE_SUCCESS))
    instance.create_run_for_job(_planted_job)
    text = generate_latest(make_worker_registry(home, instance)).decode()
    assert 'rti_runs{part="daemon",status="success"} 1.0' in text
    assert 'rti_runs{part="daemon",status="not_started"} 1.0' in text
    assert 'rti_failing_triggers{part="daemon"} 0.0' in text
    (age,) = re.findall(r'rti_heartbeat_age_seconds{part="scheduler"} ([\d.e+-]+)', text)
    assert 39 < float(age) < 100
    assert "process_resident_memory_bytes" in text and PLANTED not in text


def test_stuck_run_is_measured_and_reported(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a run whose process lives and does nothing more; run monitoring closes only those whose process died."""
    home = initialise_home(tmp_path / "home", "real")
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as instance:
        registry = make_worker_registry(home, instance)

        def read_metric(name: str, **labels: str) -> float | None:
            return registry.get_sample_value(name, {"part": "daemon", **labels})

        assert read_metric("rti_run_silence_seconds") == 0
        assert read_metric("rti_run_age_seconds", status="started") == 0
        run = instance.create_run_for_job(_planted_job)
        instance.handle_new_event(_make_event(run.run_id, DagsterEventType.PIPELINE_START))
        add_heartbeats(instance)
        assert daemon.daemon_health(instance, home).is_good
        later = clock.read_wall_clock() + run_progress.LONGEST_SILENCE + 60
        monkeypatch.setattr(clock, "read_wall_clock", lambda: later)
        silence, age = read_metric("rti_run_silence_seconds"), read_metric("rti_run_age_seconds", status="started")
        assert silence is not None and age is not None and silence > run_progress.LONGEST_SILENCE and age >= silence
        checks = daemon.daemon_health(instance, home).as_json()["checks"]
        assert checks["runs"].startswith("a run has written nothing for an hour; look at it in the Dagster UI")
        assert daemon.daemon_readiness(instance).is_good, "a restart of the daemon would not help"
        event = _make_event(run.run_id, DagsterEventType.STEP_START)
        instance.handle_new_event(event._replace(timestamp=later))
        assert "runs" not in {check.name for check in daemon.daemon_health(instance, home).checks if check.problem}
        instance.handle_new_event(_make_event(run.run_id, DagsterEventType.PIPELINE_SUCCESS))
        assert read_metric("rti_run_silence_seconds") == 0


def test_last_evaluations_of_sensors_are_measured(
    instance: dg.DagsterInstance, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.read_dagster_clock()
    ticks = [
        trigger_watch.LastTick("draft_day", "sensor", now - 1000, has_failed=True),
        trigger_watch.LastTick("reminders", "schedule", now - 10, has_failed=False),
    ]
    monkeypatch.setattr(trigger_watch, "read_last_ticks", lambda _instance: ticks)
    registry = make_worker_registry(home, instance)
    labels = {"part": "daemon", "kind": "sensor", "name": "draft_day"}
    age = registry.get_sample_value("rti_tick_age_seconds", labels)
    assert age is not None and 999 < age < 1100
    assert registry.get_sample_value("rti_tick_failed", labels) == 1
    assert registry.get_sample_value("rti_tick_failed", {**labels, "kind": "schedule", "name": "reminders"}) == 0


def test_dead_code_server_makes_the_daemon_unready(instance: dg.DagsterInstance, home: Home, tmp_path: Path) -> None:
    """Ask a server that answers like Dagster's, with a child like a run, and ask again after its end."""
    path = str(tmp_path / "code-server")
    watch = CodeServerWatch(path, seconds=20.0)
    add_heartbeats(instance)
    assert not daemon.daemon_readiness(instance, watch).is_good
    server = subprocess.Popen([sys.executable, "-c", CODE_SERVER, path], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None and server.stdout.readline() == b"ready\n"
        assert daemon.daemon_readiness(instance, watch).is_good
        assert watch.list_processes()["code-server"] == [server.pid]
        assert len(watch.list_processes()["runs"]) == 1
        registry = make_worker_registry(home, instance, watch)
        assert registry.get_sample_value("rti_healthy", {"part": "code-server"}) == 1
        assert registry.get_sample_value("rti_processes", {"part": "runs"}) == 1
        memory = registry.get_sample_value("rti_processes_memory_bytes", {"part": "code-server"})
        assert memory is not None and memory > 1_000_000
    finally:
        server.kill()
        server.wait()
    health = daemon.daemon_readiness(instance, watch)
    assert [check.name for check in health.checks if check.problem] == ["code server"]
    assert registry.get_sample_value("rti_healthy", {"part": "code-server"}) == 0
    assert registry.get_sample_value("rti_processes", {"part": "code-server"}) == 0


def test_metric_that_cannot_be_read_leaves_the_others(
    instance: dg.DagsterInstance, home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raise_error(*_: object) -> int:
        raise ValueError(PLANTED)

    monkeypatch.setattr(type(instance), "get_runs_count", raise_error)
    text = generate_latest(make_worker_registry(home, instance)).decode()
    assert "rti_runs{" not in text and "rti_failing_triggers{" in text
    assert "a metric cannot be read (ValueError)" in caplog.text and PLANTED not in caplog.text


def test_metrics_file_is_replaced_and_a_missing_folder_is_logged_once(
    instance: dg.DagsterInstance, home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry, file = make_worker_registry(home, instance), tmp_path / "rti.prom"
    with written_metrics(registry, file, seconds=0.05):
        wait_until(lambda: file.exists() and "rti_runs" in file.read_text(encoding="utf-8"))
        file.unlink()
        wait_until(file.exists)
    with written_metrics(registry, tmp_path / "none" / "rti.prom", seconds=0.01):
        wait_until(lambda: "metrics cannot be written" in caplog.text)
        time.sleep(0.1)
    assert caplog.text.count("metrics cannot be written") == 1
    with written_metrics(registry, None):
        pass


def test_reception_is_ready_after_a_success_and_until_failures_last_too_long(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    reception = release_receiver.ReceptionHealth(100.0, monotonic=lambda: seconds[0])
    assert reception.check_reception().problem == "nothing was received yet"
    reception.note_failure(ReleaseError(PLANTED))
    assert reception.check_reception().problem == "nothing was received yet"
    reception.note_success()
    assert reception.check_reception().problem == ""
    reception.note_failure(ReleaseError(PLANTED))
    assert reception.check_reception().problem == "", "a single failure is no fault"
    seconds[0] = 101.0
    assert reception.check_reception().problem == "the last attempt failed (ReleaseError)"
    reception.note_success()
    seconds[0] = 202.0
    assert reception.check_reception().problem == "no attempt has ended for too long"


def test_receiver_answers_for_its_health(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    port, reports, failures = free_port(), [], []
    answers: list[tuple[int, dict[str, object]]] = []
    outcomes = iter([ReleaseError(PLANTED), ReleaseError(PLANTED), "2026-Q3"])

    def receive_next(_home: Home) -> str | None:
        answers.append(fetch_status(port, "/ready"))
        outcome = next(outcomes, None)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setenv("RTI_HEALTH_PORT", str(port))
    monkeypatch.setattr(release_receiver, "receive_public", receive_next)
    monkeypatch.setattr(release_receiver, "release_health", lambda _home: Health((HealthCheck("release"),)))
    release_receiver.receive_repeatedly(home, 0.01, report=reports.append, report_failure=failures.append, attempts=4)
    assert [status for status, _ in answers] == [503, 503, 503, 200]
    assert answers[-1][1]["checks"] == {"reception": "ok", "release": "ok"}
    assert PLANTED not in json.dumps(answers, ensure_ascii=False)
    assert (reports, failures) == (["2026-Q3 is the current release"], [PLANTED])


def test_receiver_is_measured(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    reception = release_receiver.ReceptionHealth(100.0, monotonic=lambda: seconds[0])
    registry = release_receiver.make_receiver_registry(reception, lambda: Health((reception.check_reception(),)))
    seconds[0] = 50.0
    labels = {"part": "receiver"}
    assert registry.get_sample_value("rti_reception_age_seconds", labels) == 50
    assert registry.get_sample_value("rti_healthy", labels) == 0
    reception.note_success()
    assert registry.get_sample_value("rti_healthy", labels) == 1
    assert registry.get_sample_value("rti_reception_age_seconds", labels) == 0
    port = free_port()
    monkeypatch.setenv("RTI_METRICS_PORT", str(port))
    monkeypatch.setattr(release_receiver, "receive_public", lambda _home: None)
    release_receiver.receive_repeatedly(home, 0.01, report=print, report_failure=print, attempts=1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b'rti_reception_age_seconds{part="receiver"}' in answer.read()


@pytest.mark.parametrize(
    ("names", "failed", "expected"),
    [
        (["pipelines.definitions"], [], {"definitions": "ok", "storage": "ok"}),
        (["pipelines.definitions"], ["pipelines.definitions"], {"definitions": UNLOADED, "storage": "ok"}),
        ([], [], {"definitions": UNLOADED, "storage": "ok"}),
    ],
)
def test_ui_is_ready_with_its_definitions(
    instance: dg.DagsterInstance, names: list[str], failed: list[str], expected: dict[str, str]
) -> None:
    context = SimpleNamespace(code_location_names=names, has_code_location_error=failed.__contains__, instance=instance)
    assert dagster_ui.ui_readiness(context).as_json()["checks"] == expected  # type: ignore[arg-type]


def test_ui_is_measured_behind_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    port, checks = free_port(), [HealthCheck("definitions")]
    monkeypatch.setenv("RTI_METRICS_PORT", str(port))
    monkeypatch.delenv("RTI_DAGSTER_URL", raising=False)
    app = dagster_ui.complete_app(Starlette(), 3000, lambda: Health(tuple(checks)))

    async def ask_all() -> list[int]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
            answers = [await client.get(path) for path in ("/live", "/ready", "/none")]
            answers.append(await client.get("/live", headers={"host": "evil.example"}))
            return [answer.status_code for answer in answers]

    assert run_async(ask_all()) == [200, 200, 404, 421]
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    assert 'rti_requests_total{part="dagster-ui",status="2xx"} 2.0' in text
    assert 'rti_requests_total{part="dagster-ui",status="4xx"} 2.0' in text
    assert 'rti_healthy{part="dagster-ui"} 1.0' in text and "process_resident_memory_bytes" in text
    checks[0] = HealthCheck("definitions", UNLOADED)
    assert 'rti_healthy{part="dagster-ui"} 0.0' in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text


def test_ui_is_not_ready_without_its_storage() -> None:
    def raise_error(**_: object) -> None:
        raise OSError(PLANTED)

    context = SimpleNamespace(
        code_location_names=["x"],
        has_code_location_error=lambda _: False,
        instance=SimpleNamespace(get_runs=raise_error),
    )
    checks = dagster_ui.ui_readiness(context).as_json()["checks"]  # type: ignore[arg-type]
    assert checks == {"definitions": "ok", "storage": "the storage of runs cannot be read (OSError)"}


@dg.job(name="refresh")
def _planted_job() -> None:
    """Do nothing."""


def _make_event(run_id: str, kind: DagsterEventType) -> dg.EventLogEntry:
    event = DagsterEvent(event_type_value=kind.value, job_name="refresh", message="")
    return dg.EventLogEntry(
        error_info=None, level=20, user_message="", run_id=run_id, timestamp=clock.read_wall_clock(),
        job_name="refresh", dagster_event=event,
    )  # fmt: skip


def wait_until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_done():
        assert time.monotonic() < end
        time.sleep(0.02)
