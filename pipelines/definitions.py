"""The Dagster code location: it loads `pipelines/defs/`, which has one file for each concern."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
