"""The resources through which assets, jobs and sensors get the home.

Both mark a run as alive for as long as its process lives.  Assets ask for `locked_home`: with the in-process executor a
resource lives as long as the run, so the lock of the home is held over all steps and not for each by itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.core.home import Home, default_root, open_home
from pipelines.core.home_lock import hold_home_lock
from pipelines.runs.liveness import mark_run_alive
from pipelines.warehouse import dbt


class HomeResource(dg.ConfigurableResource[Home]):
    """The folder that holds all data; `root` is `RTI_HOME` unless a test says otherwise."""

    root: str = ""

    def open(self) -> Home:
        """Open it. Raises HomeError with the command that makes one."""
        return open_home(Path(self.root) if self.root else default_root())

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Mark the run as alive; a sensor or schedule has none."""
        if context.run is not None:
            mark_run_alive(self.open().dagster, context.run.run_id)


class LockedHomeResource(HomeResource):
    """The home, under its lock for the whole run. Raises HomeBusyError after `wait_seconds`."""

    wait_seconds: float = 3600.0

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Any]:
        """Hold the lock until the run ends, and remove what killed runs have left."""
        self.setup_for_execution(context)
        run = f" {context.run.run_id[:8]}" if context.run is not None else ""
        with hold_home_lock(self.open(), purpose=f"refresh{run}", wait_seconds=self.wait_seconds):
            dbt.remove_unfinished_builds(self.open())
            yield self


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(
        resources={"home": HomeResource(), "locked_home": LockedHomeResource()}, executor=dg.in_process_executor
    )
