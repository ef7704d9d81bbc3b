"""Configuration of the Dagster instance in a home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.home import Home

if TYPE_CHECKING:
    from dagster import DagsterInstance

EXCLUSIVE_TAG = "rti/home-lock"
"""Tag of jobs that lock the home; the queue launches one such run at a time."""
_OURS = "# Written by `rti`"
_CONFIGURATION = f"""\
{_OURS} and replaced when a newer version needs other settings; delete this line to keep changes of your own.
telemetry:
  enabled: false
run_launcher:
  # Tells a run whose process has died from one that still works.
  module: pipelines.defs.launcher
  class: HomeRunLauncher
run_monitoring:
  enabled: true
  poll_interval_seconds: 30
  start_timeout_seconds: 300
  cancel_timeout_seconds: 180
run_retries:
  # A run whose process died starts over; a step that failed for a lasting reason fails again and is not repeated.
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
run_coordinator:
  module: dagster._core.run_coordinator
  class: QueuedRunCoordinator
  config:
    # People wait for the run that follows an approval; looking into the queue costs a few milliseconds.
    dequeue_interval_seconds: 1
concurrency:
  runs:
    max_concurrent_runs: 10
    tag_concurrency_limits:
      - key: {EXCLUSIVE_TAG}
        limit: 1
"""


def instance_folder(home: Home) -> Path:
    """Write or update the configuration of the Dagster instance, and return the instance's folder."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    file = home.dagster / "dagster.yaml"
    present = file.read_text(encoding="utf-8") if file.exists() else _OURS
    if present.startswith(_OURS) and present != _CONFIGURATION:
        temporary = file.with_name(f".{file.name}.{os.getpid()}.new")
        temporary.write_text(_CONFIGURATION, encoding="utf-8")
        temporary.replace(file)
    return home.dagster


@contextmanager
def open_instance_for_run(home: Home) -> Iterator[DagsterInstance]:
    """Open the Dagster instance for a run in this process, with connections that stay open for the whole run.

    A configuration that keeps runs and events elsewhere, for example in PostgreSQL, is used as it is.
    """
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef

    ref = InstanceRef.from_dir(str(instance_folder(home)))
    storage = ref.storage_data
    if storage is not None and storage.class_name == "DagsterSqliteStorage":
        pooled = storage._replace(module_name="pipelines.runs.event_log", class_name="PooledSqliteStorage")
        ref = ref._replace(storage_data=pooled)
    with dg.DagsterInstance.from_ref(ref) as instance:
        yield instance
