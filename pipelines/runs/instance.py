"""Configuration of the Dagster instance in a home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import asides
from pipelines.core.home import Home
from pipelines.core.settings import DagsterSettings, SettingsError, read_secret

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from dagster._core.instance.ref import InstanceRef
    from dagster._serdes import ConfigurableClassData

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
_IN_POSTGRES = """\
storage:
  # In PostgreSQL; the address with its password is in the environment of each process only.
  custom:
    module: pipelines.runs.postgres_storage
    class: SettingStorage
    config: {}
"""
_POOLED = {
    "DagsterSqliteStorage": ("pipelines.runs.event_log", "PooledSqliteStorage"),
    "SettingStorage": ("pipelines.runs.postgres_storage", "PooledSettingStorage"),
}
"""Storage classes and those that keep their connections open."""
_COPYING = ("pipelines.runs.printed_output", "CopiedLogManager")


def instance_folder(home: Home) -> Path:
    """Write or update the configuration of the Dagster instance, and return the instance's folder.

    Raises SettingsError if the runs of this home are kept in PostgreSQL and no database is set, since the process would
    go on with other runs than the rest of the service, or if the package for PostgreSQL is missing.
    """
    home.dagster.mkdir(parents=True, exist_ok=True)
    file = home.dagster / "dagster.yaml"
    present = file.read_text(encoding="utf-8") if file.exists() else _OURS
    if not present.startswith(_OURS):
        return home.dagster
    is_in_postgres = read_secret(DagsterSettings, "dagster_storage_url") is not None
    if _IN_POSTGRES in present and not is_in_postgres:
        raise SettingsError(
            f"Dagster keeps the runs of {home.root} in PostgreSQL, but RTI_DAGSTER_STORAGE_URL is not set; set it to "
            f"that database, or remove {file} to keep runs in the home from now on"
        )
    if is_in_postgres and find_spec("dagster_postgres") is None:
        raise SettingsError(
            "RTI_DAGSTER_STORAGE_URL is set, but the package dagster-postgres is not installed; install it with "
            "`make workers`"
        )
    configuration = _CONFIGURATION + (_IN_POSTGRES if is_in_postgres else "")
    if present != configuration:
        with asides.replace_file(file) as aside:
            aside.write_text(configuration, encoding="utf-8")
    return home.dagster


@contextmanager
def open_instance_for_run(home: Home) -> Iterator[DagsterInstance]:
    """Open the Dagster instance for a run in this process, with connections that stay open for the whole run."""
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef

    with dg.DagsterInstance.from_ref(adapt_to_run(InstanceRef.from_dir(str(instance_folder(home))))) as instance:
        yield instance


def adapt_to_run(ref: InstanceRef) -> InstanceRef:
    """Return the reference of an instance for a process that carries out a whole run.

    Its connections stay open, and all that the run prints reaches the log (`printed_output`). A storage, or a manager
    of printed output, of another class than Dagster's defaults is used as it is.
    """
    logs = ref.compute_logs_data
    if logs.class_name == "LocalComputeLogManager":
        ref = ref._replace(compute_logs_data=_replace_class(logs, _COPYING))
    storage = ref.storage_data
    if storage is not None and storage.class_name in _POOLED:
        ref = ref._replace(storage_data=_replace_class(storage, _POOLED[storage.class_name]))
    return ref


def _replace_class(part: ConfigurableClassData, place: tuple[str, str]) -> ConfigurableClassData:
    module, name = place
    return part._replace(module_name=module, class_name=name)
