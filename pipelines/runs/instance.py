"""Configuration of the Dagster instance in a home."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.core.home import Home

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
