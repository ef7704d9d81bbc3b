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
    from dagster._core.instance.ref import InstanceRef

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
    """Open the Dagster instance for a run in this process, with connections that stay open for the whole run."""
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef

    with dg.DagsterInstance.from_ref(keep_connections(InstanceRef.from_dir(str(instance_folder(home))))) as instance:
        yield instance


def keep_connections(ref: InstanceRef) -> InstanceRef:
    """Return the reference of an instance with connections that stay open, for a process that writes a whole run.

    A configuration that keeps runs and events elsewhere, for example in PostgreSQL, is used as it is.
    """
    storage = ref.storage_data
    if storage is None or storage.class_name != "DagsterSqliteStorage":
        return ref
    pooled = storage._replace(module_name="pipelines.runs.event_log", class_name="PooledSqliteStorage")
    return ref._replace(storage_data=pooled)
