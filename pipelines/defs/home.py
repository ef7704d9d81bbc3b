"""Resources that give assets, jobs and sensors access to the home.

Both mark a run as alive until its process ends.  Assets use `locked_home`: with the in-process executor a resource
lives as long as the run, so the home stays locked for the whole run and not only during each step.  In a worker, a
resource lives as long as the step, which has joined the lock of its run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.core.home import Home, default_root, open_home
from pipelines.core.home_lock import hold_home_lock
from pipelines.defs.workers import LOCK_SECONDS, choose_executor
from pipelines.runs.liveness import mark_run_alive
from pipelines.runs.worker_step import is_in_worker
from pipelines.warehouse import count_builds


class HomeResource(dg.ConfigurableResource[Home]):
    """The folder that holds all data. `root` defaults to `RTI_HOME`; tests set it."""

    root: str = ""

    def open(self) -> Home:
        """Open the home. Raises HomeError, with the command that creates one."""
        return open_home(Path(self.root) if self.root else default_root())

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Mark the run as alive. Sensors and schedules have no run, and in a worker its own process has done so."""
        if context.run is not None and not is_in_worker():
            mark_run_alive(self.open().dagster, context.run.run_id)


class LockedHomeResource(HomeResource):
    """The home, locked for the whole run. Raises HomeBusyError if it cannot be locked within `wait_seconds`."""

    wait_seconds: float = LOCK_SECONDS

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Any]:
        """Hold the lock until the run ends, and remove unfinished builds that killed runs have left."""
        if is_in_worker():
            yield self
            return
        self.setup_for_execution(context)
        run = f" {context.run.run_id[:8]}" if context.run is not None else ""
        with hold_home_lock(self.open(), purpose=f"refresh{run}", wait_seconds=self.wait_seconds):
            count_builds.remove_unfinished_builds(self.open())
            yield self


@dg.definitions
def define_resources() -> dg.Definitions:
    return dg.Definitions(
        resources={"home": HomeResource(), "locked_home": LockedHomeResource()}, executor=choose_executor()
    )
