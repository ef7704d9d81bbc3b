"""Tests of the instance of a run in this process: Dagster's files, on connections that stay open."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._grpc.types import ExecuteExternalJobArgs
from dagster._serdes import deserialize_value, serialize_value

from pipelines.core.home import Home, initialise_home
from pipelines.operations import code_server
from pipelines.runs.event_log import PooledEventLogStorage
from pipelines.runs.instance import instance_folder, open_instance_for_run

ASSETS = 20


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "home", "real")


@contextmanager
def count_connections() -> Iterator[Counter[str]]:
    """Count the connections to SQLite that are opened within the block, by file name."""
    opened: Counter[str] = Counter()

    def count_connection(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            opened[Path(connection.execute("pragma database_list").fetchone()[2]).name] += 1

    sa.event.listen(sa.Engine, "connect", count_connection)
    try:
        yield opened
    finally:
        sa.event.remove(sa.Engine, "connect", count_connection)


def materialize_checked_assets(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Run a job of twenty assets with one check each; the check of the last one fails."""

    @dg.multi_asset(
        specs=[dg.AssetSpec(f"a{number}") for number in range(ASSETS)],
        check_specs=[dg.AssetCheckSpec("positive", asset=f"a{number}") for number in range(ASSETS)],
    )
    def materialize_all() -> Iterator[Any]:
        for number in range(ASSETS):
            yield dg.MaterializeResult(asset_key=f"a{number}", metadata={"rows": number})
            yield dg.AssetCheckResult(asset_key=f"a{number}", check_name="positive", passed=number + 1 < ASSETS)

    job = dg.Definitions(assets=[materialize_all], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def test_run_is_complete_in_the_files_that_the_dagster_ui_reads(home: Home) -> None:
    with open_instance_for_run(home) as instance:
        result = materialize_checked_assets(instance)
        written = Counter(event.event_type_value for event in result.all_events)
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as default_instance:
        assert not isinstance(default_instance.event_log_storage, PooledEventLogStorage)
        stored = Counter(
            entry.dagster_event.event_type_value
            for entry in default_instance.all_logs(result.run_id)
            if entry.dagster_event
        )
        last_check = dg.AssetCheckKey(dg.AssetKey(f"a{ASSETS - 1}"), "positive")
        history = default_instance.event_log_storage.get_asset_check_execution_history(last_check, limit=5)
        latest = default_instance.get_latest_materialization_event(dg.AssetKey("a7"))
        run = default_instance.get_run_by_id(result.run_id)
    assert run is not None and run.status is dg.DagsterRunStatus.SUCCESS
    assert {name: stored[name] for name in written} == dict(written)
    assert stored["ASSET_CHECK_EVALUATION"] == stored["ASSET_CHECK_EVALUATION_PLANNED"] == ASSETS
    assert [execution.status.value for execution in history] == ["FAILED"]
    assert latest is not None and latest.asset_materialization is not None
    assert latest.asset_materialization.metadata["rows"].value == 7


def test_instance_for_run_opens_few_connections_and_closes_them(home: Home) -> None:
    with open_instance_for_run(home) as instance, count_connections() as opened:
        result = materialize_checked_assets(instance)
    assert opened[f"{result.run_id}.db"] <= 5 and opened["index.db"] <= 5, opened
    # SQLite removes the log of a database when its last connection is closed.
    assert not list(home.dagster.rglob("*.db-wal"))


def test_instance_for_run_keeps_configured_storage(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    configured = {
        "run_storage": ("runs", "SqliteRunStorage"),
        "event_log_storage": ("event_log", "ConsolidatedSqliteEventLogStorage"),
        "schedule_storage": ("schedules", "SqliteScheduleStorage"),
    }
    lines = [
        f"{kind}: {{module: dagster._core.storage.{module}, class: {name}, config: {{base_dir: {elsewhere}}}}}"
        for kind, (module, name) in configured.items()
    ]
    home.dagster.mkdir(parents=True, exist_ok=True)
    (home.dagster / "dagster.yaml").write_text("\n".join(lines), encoding="utf-8")
    with open_instance_for_run(home) as instance:
        assert type(instance.event_log_storage).__name__ == "ConsolidatedSqliteEventLogStorage"
        result = materialize_checked_assets(instance)
    assert result.success and (elsewhere / "event_log.db").is_file()
    assert not list(home.dagster.rglob("index.db"))


def test_instance_for_run_uses_the_folder_of_a_configured_sqlite_storage(home: Home, tmp_path: Path) -> None:
    home.dagster.mkdir(parents=True, exist_ok=True)
    configuration = f"storage: {{sqlite: {{base_dir: {tmp_path / 'elsewhere'}}}}}\n"
    (home.dagster / "dagster.yaml").write_text(configuration, encoding="utf-8")
    with open_instance_for_run(home) as instance:
        assert isinstance(instance.event_log_storage, PooledEventLogStorage)
        result = materialize_checked_assets(instance)
    assert (tmp_path / "elsewhere" / "history" / "runs" / f"{result.run_id}.db").is_file()


@pytest.mark.parametrize("is_sqlite", [True, False])
def test_daemon_run_keeps_connections_of_sqlite_only(home: Home, is_sqlite: bool) -> None:
    ref = InstanceRef.from_dir(str(instance_folder(home)))
    assert ref.storage_data is not None
    if not is_sqlite:
        ref = ref._replace(storage_data=ref.storage_data._replace(class_name="DagsterPostgresStorage"))
    origin = RemoteJobOrigin(
        repository_origin=RemoteRepositoryOrigin(
            code_location_origin=GrpcServerCodeLocationOrigin(host="localhost", socket="none"), repository_name="any"
        ),
        job_name="refresh",
    )
    arguments = serialize_value(ExecuteExternalJobArgs(job_origin=origin, run_id="1", instance_ref=ref))
    run = deserialize_value(code_server._adapt_instance(arguments), ExecuteExternalJobArgs)
    assert run.instance_ref is not None and run.instance_ref.storage_data is not None
    name = run.instance_ref.storage_data.class_name
    assert name == ("PooledSqliteStorage" if is_sqlite else "DagsterPostgresStorage")
    assert (run.run_id, run.job_origin) == ("1", origin)
