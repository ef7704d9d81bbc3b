"""Dagster's default run launcher, extended with a check whether the process of a run still exists."""

from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from pipelines.core import clock
from pipelines.core.home import open_home
from pipelines.runs import liveness, recovery


class HomeRunLauncher(DefaultRunLauncher):
    """Lets Dagster's run monitoring close runs whose process has died, including those of `rti refresh`."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """True; the default launcher returns False."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return RUNNING while the run's process lives or may still start, NOT_FOUND after it has died."""
        instance = Path(self._instance.root_directory)
        record = self._instance.get_run_record_by_id(run.run_id)
        started = record.start_time if record is not None else None
        age = clock.read_wall_clock() - started if started is not None else 0.0
        # The instance folder is `restricted/dagster` of a home.
        home = open_home(instance.parents[1])
        if not recovery.is_run_dead(home, run.run_id, age, recovery.START_SECONDS):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        liveness.forget_run(instance, run.run_id)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, recovery.CLOSED)
