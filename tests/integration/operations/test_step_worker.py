"""Refreshes by two workers with real servers: the same figures, killed workers, killed runs, no worker, the service."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines.core.home import initialise_home, open_home
from pipelines.ledger import queries
from pipelines.refresh import due
from pipelines.submissions import service
from pipelines.warehouse.count_builds import latest_counts, tables_folder
from tests.support import postgres
from tests.support.demonstration import CLOCK
from tests.support.home_comparison import compare_frames, compare_releases, read_findings
from tests.support.rabbitmq import run_broker
from tests.support.service import example_returns, portal_fixture
from tests.support.service.serving import run_serve
from tests.support.workers import LONGEST, Cluster, Worker, run_cluster, wait_for

pytestmark = [pytest.mark.workers, pytest.mark.postgres]
RUN_COLUMNS = frozenset({"event_id", "audit_id"})
"""Columns of numbers that the ledger gives in the order in which workers happen to work."""


@pytest.fixture(scope="module")
def cluster(
    built_home: Path, tmp_path_factory: pytest.TempPathFactory, postgres_databases: postgres.Databases
) -> Iterator[Cluster]:
    """A new demonstration home, with the kept blocks of disclosure control of the built one, after one refresh by two
    workers, which have ended."""
    folder = tmp_path_factory.mktemp("cluster")
    home = initialise_home(folder / "home", "demonstration")
    shutil.copytree(built_home / "restricted" / "protection", home.restricted / "protection")
    variables = {"RTI_NOW": CLOCK, "RTI_STEP_WORKER_WAIT": "20"}
    with (
        run_broker() as broker,
        run_cluster(home.root, folder, broker, postgres_databases.address, variables) as running,
    ):
        running.start_worker("first", "--with-services")
        running.start_worker("second")
        code, output = running.run_refresh("--by-workers")
        assert code == 0, output
        running.end_workers()
        yield running


@pytest.fixture
def two_workers(cluster: Cluster) -> Iterator[tuple[Worker, Worker]]:
    workers = cluster.start_worker("first", "--with-services"), cluster.start_worker("second")
    yield workers
    cluster.end_workers()


def list_differences(cluster: Cluster, built: Path) -> list[str]:
    """Return every difference between the count marts, the facts and the findings of the home and a built one."""
    homes = open_home(built), open_home(cluster.root)
    counts = [latest_counts(home) for home in homes]
    old, new = (tables_folder(path) for path in counts if path is not None)
    differences = []
    for path in sorted(old.glob("*.parquet")):
        frames = [pl.read_parquet(folder / path.name).drop(RUN_COLUMNS, strict=False) for folder in (old, new)]
        differences += compare_frames(f"counts/{path.name}", *frames)
    differences += compare_frames("findings", *(read_findings(home.root) for home in homes))
    for table in ("observation", "case_event"):
        frames = [pl.read_parquet(sorted((home.facts / table).glob("*.parquet"))) for home in homes]
        differences += compare_frames(f"facts/{table}", *frames)
    return differences


def forget_counts(cluster: Cluster) -> None:
    """Let the counts be built again; all later steps then find the same inputs."""
    path = cluster.root / "restricted" / "steps.json"
    records = json.loads(path.read_text(encoding="utf-8"))
    records["counts"]["key"] = ""
    path.write_text(json.dumps(records), encoding="utf-8")


def find_worker_of(step: str, workers: tuple[Worker, Worker]) -> Worker:
    """Wait until one of the workers has begun a step, and return it."""
    wait_for(
        lambda: any(step in worker.list_steps() for worker in workers),
        lambda: "\n\n".join(worker.read_log() for worker in workers),
    )
    return next(worker for worker in workers if step in worker.list_steps())


def test_two_workers_share_the_steps_and_make_the_same_figures(cluster: Cluster, built_home: Path) -> None:
    first, second = (worker.list_steps() for worker in list(cluster.workers.values())[:2])
    assert set(first) & set(second) == set()
    assert {"arrivals", "gathered"} <= set(first), "steps of the services are on their machine"
    assert len(first) > 3 and len(second) > 3
    assert {"build_counts", "protected_cells", "release_draft"} <= {*first, *second}
    home = open_home(cluster.root)
    (draft,) = home.drafts.iterdir()
    assert list(compare_releases(open_home(built_home).current.resolve(), draft)) == []
    assert list_differences(cluster, built_home) == []
    assert (home.data_docs / "index.html").is_file()
    assert list((home.data_docs / "validations").rglob("*.html")) != []


def test_changed_number_is_found(cluster: Cluster, built_home: Path) -> None:
    counts = latest_counts(open_home(cluster.root))
    assert counts is not None
    path = tables_folder(counts) / "mart_count.parquet"
    content = path.read_bytes()
    frame = pl.read_parquet(path)
    row = frame.select(pl.col("value").is_not_null().arg_max()).item()
    value = pl.when(pl.int_range(pl.len()) == row).then(pl.col("value") + 1).otherwise(pl.col("value"))
    frame.with_columns(value.alias("value")).write_parquet(path)
    differences = list_differences(cluster, built_home)
    path.write_bytes(content)
    assert differences[0] == "counts/mart_count.parquet: 1 rows only in the old version, 1 only in the new one"


def test_refresh_with_nothing_new_starts_no_run_and_needs_no_worker(cluster: Cluster) -> None:
    code, output = cluster.run_refresh("--by-workers")
    assert code == 0, output
    assert "the steps are done by workers" not in output


def test_step_of_a_killed_worker_is_done_by_the_other(
    cluster: Cluster, two_workers: tuple[Worker, Worker], built_home: Path
) -> None:
    forget_counts(cluster)
    process = cluster.start_refresh("--by-workers")
    victim = find_worker_of("build_counts", two_workers)
    victim.kill_all()
    (survivor,) = (worker for worker in two_workers if worker is not victim)
    output, _ = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, output
    assert "build_counts" in survivor.list_steps()
    assert list_differences(cluster, built_home) == []


def test_run_fails_in_plain_words_if_no_worker_is_left_and_the_next_one_completes(
    cluster: Cluster, built_home: Path
) -> None:
    forget_counts(cluster)
    worker = cluster.start_worker("only", "--with-services")
    process = cluster.start_refresh("--by-workers")
    find_worker_of("build_counts", (worker, worker))
    worker.kill_all()
    output, _ = process.communicate(timeout=LONGEST)
    assert process.returncode != 0
    error = output.splitlines()[-1]
    assert error.startswith("rti: the refresh failed: NoWorkerError")
    assert "no worker takes steps; start one with `rti step-worker`" in error and "(waited 20 s)" in error
    cluster.start_worker("next", "--with-services")
    code, output = cluster.run_refresh("--by-workers")
    assert code == 0, output
    cluster.end_workers()
    assert list_differences(cluster, built_home) == []


def test_home_stays_locked_while_a_step_of_a_killed_run_works(
    cluster: Cluster, two_workers: tuple[Worker, Worker], built_home: Path
) -> None:
    forget_counts(cluster)
    process = cluster.start_refresh("--by-workers")
    worker = find_worker_of("build_counts", two_workers)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    code, output = cluster.run_refresh()
    assert code != 0 and "the step build_counts of a run that has ended still works" in output
    wait_for(lambda: worker.read_log().count("has ended") >= worker.read_log().count("begins"), worker.read_log)
    code, output = cluster.run_refresh()
    assert code == 0, output
    assert list_differences(cluster, built_home) == []


def test_worker_of_another_home_refuses_the_step(cluster: Cluster, tmp_path: Path) -> None:
    forget_counts(cluster)
    wrong = initialise_home(tmp_path / "wrong", "demonstration")
    cluster.start_worker("lost", "--with-services", RTI_HOME=str(wrong.root))
    code, output = cluster.run_refresh("--by-workers")
    cluster.end_workers()
    assert code != 0
    assert f"this worker has the home {wrong.root}, but the run has {cluster.root}" in output


def test_worker_ends_when_asked_and_completes_its_step(cluster: Cluster, built_home: Path) -> None:
    forget_counts(cluster)
    first, second = cluster.start_worker("first", "--with-services"), cluster.start_worker("second", "--with-services")
    process = cluster.start_refresh("--by-workers")
    ending = find_worker_of("build_counts", (first, second))
    began = time.monotonic()
    ending.process.send_signal(signal.SIGTERM)
    assert ending.process.wait(LONGEST) == 0, ending.read_log()
    assert ending.read_log().count("has ended") == ending.read_log().count("begins"), time.monotonic() - began
    output, _ = process.communicate(timeout=LONGEST)
    cluster.end_workers()
    assert process.returncode == 0, output
    assert (first.list_steps() + second.list_steps()).count("build_counts") == 1
    assert list_differences(cluster, built_home) == []


def test_return_approved_while_the_service_runs_is_refreshed_by_workers(
    cluster: Cluster, two_workers: tuple[Worker, Worker], built_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Approve a return while `rti serve` runs. This is the last test of the file: figures differ afterwards."""
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    home = open_home(cluster.root)
    (draft,) = home.drafts.iterdir()
    assert list(compare_releases(open_home(built_home).current.resolve(), draft)) == []
    desk = service.open_desk(home)
    portal_fixture.make_accounts(desk.engine)
    daemon_log = home.restricted / "logs" / "dagster-daemon.log"

    def describe_logs() -> str:
        workers = "\n\n".join(worker.read_log()[-2000:] for worker in two_workers)
        return f"{workers}\n\n{daemon_log.read_text(encoding='utf-8')[-3000:]}"

    with dg.DagsterInstance.from_config(str(home.dagster)) as instance, run_serve(home.root):
        before = {run.run_id for run in instance.get_runs()}
        number = example_returns.approve_return(desk)
        approval = queries.last_event_id(desk.engine)

        def list_refreshes() -> list[dg.DagsterRun]:
            return [run for run in instance.get_runs() if run.run_id not in before and run.job_name == "refresh"]

        def is_refreshed() -> bool:
            runs = list_refreshes()  # the sensor may find the return before it is approved, and again afterwards
            assert not any(run.is_failure_or_canceled for run in runs), describe_logs()
            return due.last_refreshed_event(home) >= approval and all(run.is_success for run in runs)

        wait_for(is_refreshed, describe_logs)
        runs = [run.run_id for run in list_refreshes()]
        expected_steps = [step.step_key for run in runs for step in instance.get_run_step_stats(run)]
    desk.engine.dispose()
    steps = [step for worker in two_workers for step in worker.list_steps()]
    assert sorted(steps) == sorted(expected_steps)
    assert {"returns__AL", "gathered", "build_counts", "release_draft"} <= set(steps)
    assert all(worker.list_steps() for worker in two_workers)
    with duckdb.connect(str(latest_counts(home)), read_only=True) as connection:
        query = "select count(*) from fct_submission where submission_id = ?"
        assert connection.execute(query, [number]).fetchone() == (1,)
    (draft,) = home.drafts.iterdir()
    assert list(compare_releases(open_home(built_home).current.resolve(), draft)) != []
