"""The Dagster code location: it loads `pipelines/defs/`, which has one file for each concern."""

from pathlib import Path

import dagster as dg

from pipelines.core.garbage import collect_rarely
from pipelines.runs.running_clock import follow_running_clock

# The daemon's runs load the definitions in a process of their own, which ends with the run: 0.8 of 4.1 s were garbage.
collect_rarely()
# Every process with these definitions asks Dagster for partitions and days: code server, runs, step workers.
follow_running_clock()


@dg.definitions
def defs() -> dg.Definitions:
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
