"""Tests of `deploy/prometheus/`: alerts are about metrics that exist, and each one is raised by its planted fault."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from pipelines.core.home import Home, initialise_home
from pipelines.operations.code_server_watch import CodeServerWatch
from pipelines.operations.doctor.diagnosis import diagnose_home
from pipelines.operations.release_receiver import ReceptionHealth, make_receiver_registry
from pipelines.operations.worker_health import WorkerState, make_step_worker_registry
from pipelines.operations.worker_metrics import make_worker_registry
from pipelines.runs import step_queue
from pipelines.runs.instance import instance_folder
from pipelines.web.health import Health
from pipelines.web.metrics import MeasuredService
from tests.support.paths import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
ALERTS = FOLDER / "alerts.yml"
WORKER_FILE, DOCTOR_FILE = "/var/cache/rti-worker/rti.prom", "/var/cache/rti-worker/rti-doctor.prom"
FAULTS = {
    "RtiProcessDown": 'up{job="rti", instance="127.0.0.1:9482"} 0',
    "RtiUnhealthy": 'rti_healthy{part="code-server"} 0',
    "RtiWorkerSilent": 'rti_heartbeat_age_seconds{part="scheduler"} 400',
    "RtiMetricsFileOld": f'node_textfile_mtime_seconds{{file="{WORKER_FILE}"}} 0',
    "RtiTriggersFail": 'rti_failing_triggers{part="daemon"} 1',
    "RtiSensorNotEvaluated": 'rti_tick_age_seconds{part="daemon", kind="sensor", name="draft_day"} 1000',
    "RtiRunStuck": 'rti_run_silence_seconds{part="daemon"} 4000',
    "RtiRunWaits": 'rti_run_age_seconds{part="daemon", status="queued"} 8000',
    "RtiRemindersMissing": 'rti_last_success_age_seconds{part="daemon", job="reminders"} 200000',
    "RtiStepsWithoutWorker": 'rti_steps_waiting{part="daemon", queue="dagster"} 2',
    "RtiStepStuck": 'rti_step_age_seconds{part="step-worker"} 4000',
    "RtiStepsLost": 'rti_steps_total{part="step-worker", outcome="lost"} 0+1x200',
    "RtiReceptionOld": 'rti_reception_age_seconds{part="receiver"} 4000',
    "RtiRequestsFail": 'rti_requests_total{part="office", status="5xx"} 0+60x200',
    "RtiDoctorFindsProblem": 'rti_check{check="disk"} 3',
    "RtiDoctorMissing": "rti_doctor_timestamp_seconds -200000",
}
"""A series of values that raises each alert; the clock of promtool begins at 0."""
SOUND = {
    "RtiStepsWithoutWorker": 'rti_step_workers{part="daemon", queue="dagster"} 0',
    "RtiWorkerSilent": 'rti_heartbeat_age_seconds{part="sensor"} 3',
}
"""Further series that an alert needs."""
NO_FAULT = ['rti_heartbeat_age_seconds{part="sensor"} 3', f'node_textfile_mtime_seconds{{file="{DOCTOR_FILE}"}} 0']
"""Series that raise no alert; the doctor writes its file once a day."""


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return initialise_home(tmp_path_factory.mktemp("alerts") / "home", "real")


def list_metrics(registry: CollectorRegistry) -> Iterator[str]:
    """Yield the name of each metric of a registry, those of counters as Prometheus has them."""
    for metric in registry.collect():
        yield f"{metric.name}_total" if metric.type == "counter" else metric.name


def test_alerts_are_about_metrics_that_the_services_have(
    rules: list[dict[str, Any]], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_queue, "has_queue", lambda: True)
    monkeypatch.setattr(step_queue, "read_queues", lambda: (step_queue.QueueState("dagster", 0, 1),))
    reception, worker = ReceptionHealth(100.0), WorkerState()
    worker.note_report(f"began {os.getpid()}")
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as instance:
        registries = (
            make_worker_registry(home, instance, CodeServerWatch(str(home.root / "none"), 0.1)),
            make_step_worker_registry(worker, os.getpid()),
            make_receiver_registry(reception, lambda: Health(())),
            MeasuredService(Starlette(), "office", lambda: Health(())).registry,
        )
        names = {name for registry in registries for name in list_metrics(registry)}
    names |= set(re.findall(r"^(\w+)", diagnose_home(home, is_quick=True).as_metrics(), re.MULTILINE))
    used = {name for rule in rules for name in re.findall(r"\brti_\w+", rule["expr"])}
    assert used - names == set()
    documented = set(re.findall(r"`(rti_\w+)`", (ROOT / "docs" / "hardening.md").read_text(encoding="utf-8")))
    assert documented - names == set()
    assert used - documented == set(), "metrics with an alert are documented"


def test_ports_of_the_scrape_configuration_are_those_of_the_units() -> None:
    text = (FOLDER / "scrape.yml").read_text(encoding="utf-8")
    units = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "deploy" / "systemd").glob("*.service"))
    ports = {port.replace("%i", "1") for port in re.findall(r"RTI_METRICS_PORT=(\S+)", units)}
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", text)) == ports
    assert f"RTI_METRICS_FILE={WORKER_FILE}\n" in units and f"rti doctor --metrics {DOCTOR_FILE}\n" in units


def test_every_alert_says_what_to_do_and_has_a_planted_fault(rules: list[dict[str, Any]]) -> None:
    assert {rule["alert"] for rule in rules} == set(FAULTS)
    assert all(set(rule["annotations"]) == {"summary", "remedy"} for rule in rules)


def test_alerts_are_raised_by_planted_faults_and_not_without(rules: list[dict[str, Any]], tmp_path: Path) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not on this machine")
    tests = [make_rule_test("RtiWorkerSilent", [], is_raised=True)]
    for name, series in FAULTS.items():
        values = [series, *([SOUND[name]] if name in SOUND else [])]
        tests.append(make_rule_test(name, values, is_raised=True))
        tests.append(make_rule_test(name, NO_FAULT, is_raised=False))
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "tests": tests}), encoding="utf-8")
    completed = subprocess.run([program, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


def make_rule_test(name: str, series: list[str], *, is_raised: bool) -> dict[str, Any]:
    """Return a test of promtool that an alert is raised, or is not, after three hours of constant or growing values."""
    inputs = []
    for line in series:
        labels, _, value = line.rpartition(" ")
        inputs.append({"series": labels, "values": value if "x" in value else f"{value}+0x200"})
    expression = f'count(ALERTS{{alertname="{name}", alertstate="firing"}})'
    return {
        "interval": "1m",
        "input_series": inputs,
        "promql_expr_test": [
            {
                "expr": f"{expression} or vector(0)",
                "eval_time": "3h",
                "exp_samples": [{"labels": "{}", "value": 1 if is_raised else 0}],
            }
        ],
    }
