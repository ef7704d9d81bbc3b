"""The logger of every run: Dagster's own writes the messages of errors, which may quote figures, names and files."""

import dagster as dg

from pipelines.runs.run_log import replace_console_logger


@dg.definitions
def run_log_definitions() -> dg.Definitions:
    # Every process that carries out runs loads the definitions first.
    replace_console_logger()
    return dg.Definitions()
