"""A home whose refreshes are done by workers: PostgreSQL, RabbitMQ, and worker processes that tests start and kill."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.core.processes import list_descendants
from pipelines.core.settings import DagsterSettings, list_variables
from tests.support.paths import ROOT
from tests.support.rabbitmq import Broker

LONGEST = 1800.0
"""Seconds for each stage; a refresh from nothing takes two minutes on an idle machine and took eight on a busy one."""


def create_database(address: str, purpose: str) -> str:
    """Create an empty database of a PostgreSQL and return its URL."""
    import sqlalchemy as sa

    name = f"{purpose}_{secrets.token_hex(6)}"
    engine = sa.create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    engine.dispose()
    return f"{address}/{name}"


@dataclass
class Worker:
    """A worker process with its log."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pids(self) -> list[int]:
        """The process ids of the worker and of everything that it has started."""
        return [self.process.pid, *list_descendants(self.process.pid)]

    def read_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def list_steps(self) -> list[str]:
        """Return the steps that the worker has begun, in their order."""
        return [line.rpartition(" of run ")[0].split()[-1] for line in self.read_log().splitlines() if "begins" in line]

    def kill_all(self) -> None:
        """Kill the worker and all its processes at once, as a machine does that loses its power."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def end_process(self, seconds: float = 60.0) -> None:
        """Ask the worker to end; kill it if it does not."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill_all()


@dataclass
class Cluster:
    """A home with the servers that its workers need, and the environment of its processes."""

    root: Path
    logs: Path
    broker: Broker
    environment: dict[str, str]
    workers: dict[str, Worker] = field(default_factory=dict)

    def start_worker(self, name: str, *options: str, **variables: str) -> Worker:
        """Start a worker and wait until it takes steps."""
        log = self.logs / f"{name}-{len(self.workers)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.operations.step_worker", "--name", name, *options],
                cwd=ROOT,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        worker = self.workers[f"{name}-{len(self.workers)}"] = Worker(process, log)

        def is_ready() -> bool:
            assert process.poll() is None, worker.read_log()[-4000:]
            return "takes steps" in worker.read_log()

        wait_for(is_ready, worker.read_log)
        return worker

    def start_refresh(self, *options: str) -> subprocess.Popen[str]:
        """Start `rti refresh`."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipelines.cli", "refresh", *options],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run_refresh(self, *options: str, longest: float = LONGEST) -> tuple[int, str]:
        """Run `rti refresh` to its end; return its exit code and output."""
        process = self.start_refresh(*options)
        try:
            output, _ = process.communicate(timeout=longest)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            logs = "\n\n".join(worker.read_log()[-3000:] for worker in self.workers.values())
            raise AssertionError(f"the refresh did not end: {output}\n\n{logs}") from None
        return process.returncode, output

    def end_workers(self) -> None:
        for worker in self.workers.values():
            if worker.process.poll() is None:
                worker.end_process(10)


def wait_for(condition: Callable[[], bool], describe: Callable[[], str], longest: float = LONGEST) -> None:
    """Wait until a condition is true; fail with a description after `longest` seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < longest, describe()[-6000:]
        time.sleep(0.2)


@contextmanager
def run_cluster(
    root: Path, logs: Path, broker: Broker, postgres_address: str, variables: Mapping[str, str]
) -> Iterator[Cluster]:
    """Yield a cluster for a home; end its workers when the block ends."""
    replaced = {*list_variables(DagsterSettings), "RTI_LEDGER_URL", "RTI_LEDGER_URL_FILE"}
    clean = {name: value for name, value in os.environ.items() if name not in replaced}
    environment = {
        **clean,
        "RTI_HOME": str(root),
        "RTI_LEDGER_URL": create_database(postgres_address, "ledger"),
        "RTI_DAGSTER_STORAGE_URL": create_database(postgres_address, "dagster"),
        "RTI_DAGSTER_BROKER_URL": broker.address,
        **variables,
    }
    cluster = Cluster(root, logs, broker, environment)
    try:
        yield cluster
    finally:
        cluster.end_workers()
