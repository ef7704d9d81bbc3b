"""The Dagster code location: everything it loads lies in `pipelines/defs/`, one concern a file."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
