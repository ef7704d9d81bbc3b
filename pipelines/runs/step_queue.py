"""The queue in RabbitMQ from which workers take the steps of refreshes: its settings, and who listens.

Celery, through dagster-celery, sends the steps and their results. The packages are not among those of every
installation: `make workers` adds them (`docs/scaling.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from pipelines.core.settings import DagsterSettings, HomeSettings, SettingsError, read_secret

QUEUE: Final = "dagster"
"""Queue of steps that any worker may do; the name is that of dagster-celery."""
SERVICES_QUEUE: Final = "rti-services"
"""Queue of steps that read SQLite files of the home, as those of the questionnaire. Only workers on the machine of the
services take them, since SQLite files must not be used from two machines."""
STEP_OF_SERVICES: Final = {"dagster-celery/queue": SERVICES_QUEUE}
"""Tag of a step that only workers on the machine of the services may do."""
_CONNECT_SECONDS: Final = 5.0


class QueueAwayError(ConnectionError):
    """RabbitMQ does not answer. The text says where."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many steps wait in a queue, and how many workers take steps from it."""

    name: str
    waiting: int
    workers: int


def set_priority(priority: int) -> dict[str, str]:
    """Return the tags of a step that waits while another one with a higher priority is ready; 0 is the usual one.

    Dagster's executor in one process and Celery each have a tag of their own. Celery's priorities are from 0 to 10.
    """
    return {"dagster/priority": str(priority), "dagster-celery/priority": str(5 + priority)}


def has_queue() -> bool:
    """Return True if workers do the steps of refreshes.

    Raises SettingsError if a setting that they need is missing, or the packages are.
    """
    if read_secret(DagsterSettings, "dagster_broker_url") is None:
        return False
    if read_secret(DagsterSettings, "dagster_storage_url") is None:
        raise SettingsError(
            "RTI_DAGSTER_BROKER_URL is set without RTI_DAGSTER_STORAGE_URL; workers on several machines need Dagster's "
            "runs in PostgreSQL, so set it, or remove RTI_DAGSTER_BROKER_URL"
        )
    if not (read_secret(HomeSettings, "ledger_url") or "").startswith("postgresql"):
        raise SettingsError(
            "RTI_DAGSTER_BROKER_URL is set without a ledger on PostgreSQL; workers on several machines need one, so "
            "set RTI_LEDGER_URL, or remove RTI_DAGSTER_BROKER_URL"
        )
    if find_spec("dagster_celery") is None:
        raise SettingsError(
            "RTI_DAGSTER_BROKER_URL is set, but the package dagster-celery is not installed; `make workers` installs it"
        )
    return True


def read_broker_url() -> str:
    """Return the address of RabbitMQ. Raises SettingsError if none is set."""
    url = read_secret(DagsterSettings, "dagster_broker_url")
    if url is None:
        raise SettingsError("no RabbitMQ is set; set RTI_DAGSTER_BROKER_URL, from which workers take steps")
    return url


def celery_options() -> dict[str, Any]:
    """Return the options of Celery with which steps are sent and taken; both sides must have the same ones.

    A step is acknowledged when it is done, so that RabbitMQ gives it to another worker if its own dies.
    """
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 1,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # Nobody outside the queue of steps can command a worker. A step of a cancelled run is refused by its lock.
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "broker_connection_retry_on_startup": True,
        "broker_heartbeat": 30,
        "broker_transport_options": {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
        # Results survive a restart of RabbitMQ. Those of a run whose process died are removed.
        "result_persistent": True,
        "result_expires": 3600,
    }


def read_queues() -> tuple[QueueState, ...]:
    """Return the state of both queues; a queue that nobody has used yet is empty. Raises QueueAwayError."""
    from amqp.exceptions import AMQPError, NotFound
    from kombu import Connection

    states = []
    try:
        with Connection(read_broker_url(), connect_timeout=_CONNECT_SECONDS) as connection:
            for name in (QUEUE, SERVICES_QUEUE):
                # RabbitMQ closes the channel that asked for a queue that does not exist.
                with connection.channel() as channel:
                    try:
                        declared = channel.queue_declare(queue=name, passive=True)
                        states.append(QueueState(name, declared.message_count, declared.consumer_count))
                    except NotFound:
                        states.append(QueueState(name, 0, 0))
    except (OSError, AMQPError) as error:
        host = Connection(read_broker_url()).as_uri()
        raise QueueAwayError(f"RabbitMQ at {host} does not answer ({type(error).__name__})") from error
    return tuple(states)


def describe_missing_workers(states: tuple[QueueState, ...]) -> str:
    """Return which queues no worker listens to, with the remedy, or an empty text."""
    remedies = {
        QUEUE: "no worker takes steps; start one with `rti step-worker`",
        SERVICES_QUEUE: "no worker on the machine of the services takes steps; start one there with "
        "`rti step-worker --with-services`",
    }
    return "; ".join(remedies[state.name] for state in states if not state.workers)
