"""Tests of the queue of steps: settings, priorities, and who listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.core.home import initialise_home
from pipelines.core.settings import SettingsError
from pipelines.operations import daemon
from pipelines.operations.doctor import machine
from pipelines.operations.doctor.model import Subject
from pipelines.runs import instance, step_queue
from pipelines.runs.instance import instance_folder
from pipelines.runs.step_queue import QUEUE, SERVICES_QUEUE, QueueAwayError, QueueState
from pipelines.web.health import HealthCheck
from tests.support.ports import free_port

COMPLETE = {
    "RTI_DAGSTER_BROKER_URL": "amqp://guest:guest@127.0.0.1/rti",
    "RTI_DAGSTER_STORAGE_URL": "postgresql://rti@127.0.0.1/dagster",
    "RTI_LEDGER_URL": "postgresql+psycopg://rti@127.0.0.1/ledger",
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COMPLETE:
        monkeypatch.delenv(name, raising=False)


def test_without_settings_each_run_does_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert step_queue.has_queue() is False
    monkeypatch.setenv("RTI_DAGSTER_STORAGE_URL", COMPLETE["RTI_DAGSTER_STORAGE_URL"])
    assert step_queue.has_queue() is False
    with pytest.raises(SettingsError, match="set RTI_DAGSTER_BROKER_URL"):
        step_queue.read_broker_url()


@pytest.mark.parametrize("missing", ["RTI_DAGSTER_STORAGE_URL", "RTI_LEDGER_URL"])
def test_missing_database_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=missing):
        step_queue.has_queue()


def test_ledger_in_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RTI_LEDGER_URL", "sqlite:///ledger.sqlite")
    with pytest.raises(SettingsError, match="ledger on PostgreSQL"):
        step_queue.has_queue()


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    for module in (step_queue, instance):
        monkeypatch.setattr(module, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="dagster-celery is not installed; `make workers` installs it"):
        step_queue.has_queue()
    with pytest.raises(SettingsError, match="dagster-postgres is not installed; install it with `make workers`"):
        instance_folder(initialise_home(tmp_path / "home", "real"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RTI_DAGSTER_BROKER_URL", "redis://127.0.0.1"),
        ("RTI_DAGSTER_BROKER_URL", "amqp://"),
        ("RTI_DAGSTER_STORAGE_URL", "sqlite:///runs.db"),
        ("RTI_DAGSTER_STORAGE_URL", "postgresql://secret@host/"),
    ],
)
def test_wrong_address_is_refused_without_showing_it(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, complete in COMPLETE.items():
        monkeypatch.setenv(variable, complete)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        step_queue.has_queue()
    assert "secret" not in str(caught.value)


def test_runs_in_postgres_are_in_the_configuration_without_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = initialise_home(tmp_path / "home", "real")
    monkeypatch.setattr(instance, "find_spec", lambda _name: object())
    monkeypatch.setenv("RTI_DAGSTER_STORAGE_URL", "postgresql://rti:planted@127.0.0.1/dagster")
    text = (instance_folder(home) / "dagster.yaml").read_text(encoding="utf-8")
    assert "pipelines.runs.postgres_storage" in text and "planted" not in text and "127.0.0.1" not in text
    monkeypatch.delenv("RTI_DAGSTER_STORAGE_URL")
    with pytest.raises(SettingsError, match="RTI_DAGSTER_STORAGE_URL is not set"):
        instance_folder(home)
    (home.dagster / "dagster.yaml").unlink()
    assert "postgres" not in (instance_folder(home) / "dagster.yaml").read_text(encoding="utf-8")


def test_celery_has_the_same_order_of_steps_as_one_process() -> None:
    from pipelines.definitions import defs

    operations = {
        definition.op.name: definition.op.tags for definition in defs().get_repository_def().assets_defs_by_key.values()
    }
    priorities = {
        name: (int(tags.get("dagster/priority", 0)), int(tags.get("dagster-celery/priority", 5)))
        for name, tags in operations.items()
    }
    assert {usual for usual, _ in priorities.values()} == {-2, -1, 0}
    assert all(celery == usual + 5 for usual, celery in priorities.values())
    queues = {name for name, tags in operations.items() if tags.get("dagster-celery/queue") == SERVICES_QUEUE}
    assert queues == {"arrivals", "gathered"}


def test_jobs_of_a_quarter_are_done_by_their_own_process() -> None:
    from pipelines.definitions import defs

    executors = {job.name: job.executor_def for job in defs().get_repository_def().get_all_jobs()}
    assert executors["reminders"] is executors["open_collection"] is dg.in_process_executor


def test_missing_workers_are_named_with_a_remedy() -> None:
    listened = (QueueState(QUEUE, 1, 2), QueueState(SERVICES_QUEUE, 0, 1))
    assert step_queue.describe_missing_workers(listened) == ""
    none = (QueueState(QUEUE, 1, 0), QueueState(SERVICES_QUEUE, 0, 0))
    text = step_queue.describe_missing_workers(none)
    assert "`rti step-worker`" in text and "`rti step-worker --with-services`" in text


@pytest.fixture
def broker_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from tests.support.rabbitmq import run_broker

    with run_broker() as broker:
        monkeypatch.setenv("RTI_DAGSTER_BROKER_URL", broker.address)
        yield broker.address


@pytest.mark.workers
def test_read_queues_counts_steps_and_workers(broker_url: str) -> None:
    from kombu import Connection, Queue

    assert step_queue.read_queues() == (QueueState(QUEUE, 0, 0), QueueState(SERVICES_QUEUE, 0, 0))
    with Connection(broker_url) as connection:
        channel = connection.channel()
        queue = Queue(QUEUE, durable=True)(channel)
        queue.declare()
        connection.Producer().publish({"step": 1}, routing_key=QUEUE)
        assert step_queue.read_queues()[0] == QueueState(QUEUE, 1, 0)
        queue.consume(callback=lambda _message: None)
        assert step_queue.read_queues()[0].workers == 1


@pytest.mark.workers
def test_broker_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_DAGSTER_BROKER_URL", f"amqp://rti:planted@127.0.0.1:{free_port()}/")
    with pytest.raises(QueueAwayError, match=r"RabbitMQ at amqp://rti.*does not answer") as caught:
        step_queue.read_queues()
    assert "planted" not in str(caught.value)


def test_doctor_and_daemon_name_missing_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Subject(initialise_home(tmp_path / "home", "real"), True)
    assert machine.check_workers(subject).symptoms == ()
    assert daemon._check_workers() == ()
    monkeypatch.setattr(step_queue, "has_queue", lambda: True)
    states = [QueueState(QUEUE, 3, 0), QueueState(SERVICES_QUEUE, 0, 1)]
    monkeypatch.setattr(step_queue, "read_queues", lambda: tuple(states))
    (symptom,) = machine.check_workers(subject).symptoms
    assert (symptom.message, symptom.remedy) == ("No worker takes steps.", "Start one with `rti step-worker`.")
    assert daemon._check_workers()[0].problem == "no worker takes steps; start one with `rti step-worker`"
    states[0] = QueueState(QUEUE, 3, 2)
    assert machine.check_workers(subject).symptoms == ()
    assert machine.check_workers(subject).summary == "2 workers take steps, 3 steps wait"
    assert daemon._check_workers() == (HealthCheck("workers"),)

    def fail_to_read() -> tuple[QueueState, ...]:
        raise QueueAwayError("RabbitMQ at amqp://rti:**@queue/rti does not answer (gaierror)")

    monkeypatch.setattr(step_queue, "read_queues", fail_to_read)
    (symptom,) = machine.check_workers(subject).symptoms
    assert "does not answer" in symptom.message and "`rti refresh` works without it" in symptom.remedy
    assert daemon._check_workers() == (HealthCheck("workers", "RabbitMQ does not answer"),)
