"""A cluster of Spark for tests: a master and two workers on loopback, each a process of its own."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

WORKERS = 2
_LONGEST = 300.0
"""Seconds that the cluster may take to start."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster: the variables that make it the cluster of this process, and the folder of its event logs."""

    variables: Mapping[str, str]
    events: Path

    def count_tasks(self) -> dict[str, int]:
        """Return the number of tasks that each executor has finished, in all sessions that have ended."""
        tasks: dict[str, int] = {}
        for path in sorted(path for path in self.events.rglob("*") if path.is_file()):
            for line in path.read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                if event["Event"] == "SparkListenerTaskEnd":
                    executor = event["Task Info"]["Executor ID"]
                    tasks[executor] = tasks.get(executor, 0) + 1
        return tasks


@contextmanager
def run_cluster(folder: Path) -> Iterator[Cluster]:
    """Run a master and two workers of one processor each until the block ends; all files are in `folder`."""
    import pyspark

    home, configuration, events = Path(pyspark.__file__).parent, folder / "conf", folder / "events"
    for path in (configuration, events, folder / "data"):
        path.mkdir(parents=True)
    options = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.executor.memory": "2g",
        "spark.sql.shuffle.partitions": "4",
        # Statements are many and short: what the second compiler of Java optimises would hardly run.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        # As docs/scaling.md says for a real cluster.
        "spark.authenticate": "true",
        "spark.authenticate.secret": secrets.token_hex(16),
        "spark.network.crypto.enabled": "true",
    }
    lines = "".join(f"{name} {value}\n" for name, value in options.items())
    (configuration / "spark-defaults.conf").write_text(lines, encoding="utf-8")
    (configuration / "log4j2.properties").write_text(
        "rootLogger.level = error\nrootLogger.appenderRef.stderr.ref = console\nappender.console.type = Console\n"
        "appender.console.name = console\nappender.console.target = SYSTEM_ERR\n"
        "appender.console.layout.type = PatternLayout\nappender.console.layout.pattern = %d %p %c: %m%n\n",
        encoding="utf-8",
    )
    environment = {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(configuration),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "PYSPARK_PYTHON": sys.executable,
    }
    port, page = free_port(), free_port()
    master = f"spark://127.0.0.1:{port}"
    with ExitStack() as running:
        start = _Starter(
            home / "bin" / "spark-class", {**os.environ, **environment, "SPARK_DAEMON_MEMORY": "256m"}, folder
        )
        running.callback(start.stop_all)
        start("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page))
        for number in range(WORKERS):
            options_of_worker = ["--webui-port", str(free_port()), "--cores", "1", "--memory", "2g"]
            folder_of_worker = ["--work-dir", str(folder / f"worker-{number}")]
            start("worker.Worker", "--host", "127.0.0.1", *options_of_worker, *folder_of_worker, master)
        _wait_for_workers(f"http://127.0.0.1:{page}/json/", start)
        yield Cluster({**environment, "RTI_SPARK_MASTER": master, "RTI_SPARK_DATA": str(folder / "data")}, events)


class _Starter:
    """Starts the programs of a cluster and ends them."""

    def __init__(self, program: Path, environment: Mapping[str, str], folder: Path) -> None:
        self._program, self._environment, self._folder = program, environment, folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, name: str, *arguments: str) -> None:
        with (self._folder / f"{name}-{len(self.processes)}.log").open("wb") as log:
            command = [str(self._program), f"org.apache.spark.deploy.{name}", *arguments]
            self.processes.append(subprocess.Popen(command, env=self._environment, stdout=log, stderr=log))

    def read_logs(self) -> str:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in self._folder.glob("*.log"))

    def stop_all(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=20)


def _wait_for_workers(address: str, start: _Starter) -> None:
    deadline = time.monotonic() + _LONGEST
    while time.monotonic() < deadline:
        if any(process.poll() is not None for process in start.processes):
            break
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if json.load(answer)["aliveworkers"] == WORKERS:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"the cluster of Spark did not start:\n{start.read_logs()}")
