"""Build the home in `RTI_HOME` in the lake: `python -m pipelines.refresh.lake`."""

from pipelines.refresh.target_builds import run_build_command
from pipelines.warehouse.lake.builds import LAKE

if __name__ == "__main__":
    raise SystemExit(run_build_command(LAKE))
