"""Build the home in `RTI_HOME` on Spark: `python -m pipelines.refresh.spark`."""

from pipelines.refresh.target_builds import run_build_command
from pipelines.warehouse.spark.builds import SPARK

if __name__ == "__main__":
    raise SystemExit(run_build_command(SPARK))
