"""Test that the lines of every job reach the log of its run in Dagster, and not only that of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.home import initialise_home
from pipelines.ledger.opening import open_ledger
from pipelines.submissions.quarter_log import QUARTER_ACTS

REFRESH = "refresh"
STEP = ("returns", "XK")
"""The step of the refresh that runs here: taking in the returns of one territory."""
LINES: dict[str, str] = {
    REFRESH: "returns__XK took",
    "reminders": "0 people reminded, 0 notices sent, 0 not",
    "publish_announced": "no approved release of this quarter is due",
    **{act: f"{act} of 2026-Q3: nothing is due" for act in QUARTER_ACTS},
}
"""A line of each job."""


def test_every_job_has_a_line_to_look_for() -> None:
    from pipelines.definitions import defs

    jobs = {job.name for job in defs().resolve_all_job_defs() if not job.name.startswith("__")}
    assert jobs == set(LINES)


@pytest.mark.parametrize("name", LINES)
def test_lines_of_a_job_reach_the_event_log_of_dagster(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.partitions import DAYS

    for variable in ("RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_LEDGER_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("RTI_NOW", "2026-11-11T06:00:00Z")
    home = initialise_home(tmp_path / "home", "real")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    open_ledger(home)
    job = defs().resolve_job_def(name)
    days = {"reminders": DAYS.get_last_partition_key(), REFRESH: None}
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            partition_key=days.get(name, "2026-07-01"),
            asset_selection=[dg.AssetKey(STEP)] if name == REFRESH else None,
        )
        lines = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.dagster_event is None]
    assert any(LINES[name] in line for line in lines), lines
