"""Measure a refresh from nothing in one process and by two step workers: `python -m benchmarks.step_workers [HOME]`.

Both have the ledger and Dagster's runs in PostgreSQL. HOME is a built demonstration home whose protected blocks are
taken over, so that disclosure control takes seconds. Prints elapsed seconds, and processor seconds of the program's own
processes with their children; PostgreSQL and RabbitMQ are not included. It needs the packages of `make test-workers`.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.core.home import initialise_home
from tests.support import postgres
from tests.support.demonstration import CLOCK
from tests.support.processes import measure_descendants
from tests.support.rabbitmq import run_broker
from tests.support.workers import Cluster, run_cluster


@contextmanager
def make_cluster(folder: Path, name: str, built: Path | None, broker: Any, database: str) -> Iterator[Cluster]:
    """Yield a new demonstration home with its databases."""
    home = initialise_home(folder / name, "demonstration")
    if built is not None:
        shutil.copytree(built / "restricted" / "protection", home.restricted / "protection")
    logs = folder / f"{name}-logs"
    logs.mkdir()
    with run_cluster(home.root, logs, broker, database, {"RTI_NOW": CLOCK}) as cluster:
        yield cluster


def measure_refresh(cluster: Cluster, *options: str) -> dict[str, float]:
    """Return the seconds of a refresh, and the processor seconds of it and of the workers."""
    workers = [worker.process.pid for worker in cluster.workers.values()]
    before = sum(_measure_process(pid) for pid in workers)
    children_before, began = _measure_children(), time.monotonic()
    code, output = cluster.run_refresh(*options, longest=3600)
    elapsed, by_run = time.monotonic() - began, _measure_children() - children_before
    if code:
        raise SystemExit(output)
    by_workers = sum(_measure_process(pid) for pid in workers) - before
    return {"elapsed": round(elapsed, 1), "processor": round(by_run + by_workers, 1), "run": round(by_run, 1)}


def _measure_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure_process(pid: int) -> float:
    """Return the processor seconds of a process, of the children that it ended, and of its descendants."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + measure_descendants(pid)


def report_result(name: str, value: Any) -> None:
    """Print one result at once: a refresh takes minutes on a busy machine."""
    print(json.dumps({name: value}), flush=True)


def main(arguments: Sequence[str]) -> None:
    """Measure both and print one JSON object a line."""
    built = Path(arguments[0]) if arguments else None
    os.environ["RTI_NOW"] = CLOCK
    report_result("processors", os.cpu_count())
    report_result("load", os.getloadavg())
    with (
        tempfile.TemporaryDirectory(prefix="rti-workers-") as temporary,
        postgres.run_server() as database,
        run_broker() as broker,
    ):
        folder = Path(temporary)
        with make_cluster(folder, "two", built, broker, database) as cluster:
            cluster.start_worker("first", "--with-services")
            cluster.start_worker("second")
            report_result("two workers", measure_refresh(cluster, "--by-workers"))
            report_result("steps", {name: worker.list_steps() for name, worker in cluster.workers.items()})
        with make_cluster(folder, "one", built, broker, database) as cluster:
            report_result("one process", measure_refresh(cluster))
    report_result("load at the end", os.getloadavg())


if __name__ == "__main__":
    main(sys.argv[1:])
