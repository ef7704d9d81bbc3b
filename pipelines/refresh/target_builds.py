"""Build the marts on a target outside the home, from what the last refresh gathered and protected."""

from __future__ import annotations

import sys
from typing import get_args

from pipelines.core.home import Home, open_home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.core.settings import SettingsError
from pipelines.refresh.counts import locate_indicator_inputs
from pipelines.refresh.integrity import require_intact_inputs
from pipelines.refresh.results import Log, RefreshError, ignore_log
from pipelines.warehouse.dbt_runner import WarehouseError
from pipelines.warehouse.targets import B, BuildTarget, IndicatorPart, Part


def build_on_target(home: Home, target: BuildTarget[B], *, log: Log = ignore_log) -> dict[Part, B]:
    """Build the counts, and the indicators from restricted and from protected counts, on a target.

    No refresh runs meanwhile. Facts are compared with their digests before they are read. Raises RefreshError,
    WarehouseError, SettingsError, and HomeBusyError if a refresh is running.
    """
    with hold_home_lock(home, purpose=target.name):
        require_intact_inputs(home)
        parts: tuple[IndicatorPart, ...] = get_args(IndicatorPart)
        inputs = {part: locate_indicator_inputs(home, part) for part in parts}
        completed: dict[Part, B] = {"counts": target.build_counts(home)}
        for part in parts:
            completed[part] = target.build_indicators(home, part, inputs[part])
    for name, build in completed.items():
        log(f"{name}: {build.place}; {len(build.tests)} tests run")
    return completed


def run_build_command(target: BuildTarget[B]) -> int:
    """Build the home in `RTI_HOME` on a target; return 1 with the reason if that is not possible."""
    try:
        build_on_target(open_home(), target, log=print)
    except (RefreshError, WarehouseError, HomeBusyError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
