"""Tests of the health of the daemon: heartbeats of its parts, and the answers on its port."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.operations import daemon
from pipelines.runs.instance import instance_folder
from pipelines.web.health import Health, HealthCheck

PLANTED = "157 victims of Petar Petrović"


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
    assert {check.problem for check in daemon.daemon_health(instance, home).checks[:-1]} == {"no recent heartbeat"}
    add_heartbeats(instance)
    health = daemon.daemon_health(instance, home)
    assert health.is_good and {check.name for check in health.checks} >= {"sensor", "scheduler"}
    add_heartbeats(instance, age=daemon.LONGEST_SILENCE + 60)
    assert not daemon.daemon_health(instance, home).is_good


def test_error_of_a_round_is_reported_without_its_words(instance: dg.DagsterInstance, home: Home) -> None:
    add_heartbeats(instance, error=PLANTED)
    health = daemon.daemon_health(instance, home)
    assert {check.problem for check in health.checks[:-1]} == {"its last round failed"}
    assert PLANTED not in json.dumps(health.as_json(), ensure_ascii=False)


def fetch_status(port: int, path: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_port_answers_for_life_and_for_health() -> None:
    checks = [HealthCheck("sensor")]
    with daemon.served_health(0, lambda: Health(tuple(checks))) as port:
        assert fetch_status(port, "/live") == (200, {"status": "ok"})
        assert fetch_status(port, "/health") == (200, {"status": "ok", "checks": {"sensor": "ok"}})
        checks.append(HealthCheck("scheduler", "no recent heartbeat"))
        status, content = fetch_status(port, "/health")
        assert (status, content["status"]) == (503, "failing")
        assert fetch_status(port, "/live")[0] == 200
        assert fetch_status(port, "/other")[0] == 404
