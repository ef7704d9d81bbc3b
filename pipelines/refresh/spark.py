"""Build on Spark from what the last refresh gathered and protected: `python -m pipelines.refresh.spark`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipelines.core.home import Home, open_home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.core.settings import SettingsError
from pipelines.refresh.counts import latest_counts, protected_folder, records_folder
from pipelines.refresh.integrity import require_intact_inputs
from pipelines.refresh.results import Log, RefreshError, ignore_log

if TYPE_CHECKING:
    from pipelines.warehouse.spark.builds import Part, SparkBuild


def build_on_spark(home: Home, *, log: Log = ignore_log) -> dict[Part, SparkBuild]:
    """Build the counts, and the indicators from restricted and from protected counts, on Spark.

    No refresh runs meanwhile. Facts are compared with their digests before they are read. Raises RefreshError,
    WarehouseError, SettingsError, and HomeBusyError if a refresh is running.
    """
    from pipelines.warehouse import count_builds
    from pipelines.warehouse.spark import builds

    with hold_home_lock(home, purpose="spark"):
        require_intact_inputs(home)
        tables, protected = count_builds.tables_folder(latest_counts(home)), protected_folder(home)
        records = records_folder(home)
        completed: dict[Part, SparkBuild] = {
            "counts": builds.build_counts(home),
            "restricted": builds.build_indicators(
                home,
                "restricted",
                source=tables / "mart_count.parquet",
                dimensions=tables,
                records=records / "restricted",
            ),
            "protected": builds.build_indicators(
                home, "protected", source=protected / "cells.parquet", dimensions=protected, records=records / "public"
            ),
        }
    for part, build in completed.items():
        log(f"{part}: {build.folder}; {len(build.tests)} tests run")
    return completed


def main() -> int:
    """Build the home in `RTI_HOME` on Spark; return 1 with the reason if that is not possible."""
    from pipelines.warehouse.dbt_runner import WarehouseError

    try:
        build_on_spark(open_home(), log=print)
    except (RefreshError, WarehouseError, HomeBusyError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
