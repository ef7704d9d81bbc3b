"""Time from the approval of a late return to the refreshed draft: `python -m benchmarks.approving HOME`.

The home is copied and gathered, because the files of a copy are new. Then a return of Albania is uploaded, sent and
approved, and a fork of a prepared process evaluates the sensor `ledger_events` and runs the assets and quarters that it
names, as the daemon's run does. Printed are the elapsed and processor seconds of each step, child processes included,
in the order of the steps, and of everything up to the offices' marts, up to the marts of the draft and up to the draft.
The daemon adds the pauses of its sensor and queue.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT
from tests.support.demonstration import CLOCK, copy_home

STEPS = (
    "enter_arrivals", "take_in", "summarise_suites", "build_data_docs", "gather_tables", "build_counts",
    "build_records", "build_indicators", "protect_cells", "draft_release",
)  # fmt: skip
"""The plain functions that the assets of the job call, by their names in `pipelines.refresh`."""


SETTLING_SECONDS = 2.5
"""Facts that were written more recently are not remembered as compared (`pipelines/ledger/checked_facts.py`)."""


def settle_home(root: Path) -> None:
    """Gather the tables of a copied home, whose facts are compared again because their files are new."""
    from pipelines import refresh
    from pipelines.core.home import open_home

    time.sleep(SETTLING_SECONDS)
    refresh.gather_tables(open_home(root))


def approve_late_return(root: Path) -> None:
    """Upload, send and approve one return in a home, as two people of its office do."""
    from pipelines.core.home import open_home
    from pipelines.submissions import service
    from tests.support.service import example_returns, portal_fixture

    desk = service.open_desk(open_home(root))
    portal_fixture.make_accounts(desk.engine)
    example_returns.approve_return(desk)
    desk.engine.dispose()


class Stopwatch:
    """Elapsed and processor seconds by step, since the start of this process."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {}
        self.reached: dict[str, list[float]] = {}

    def time_step(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that measures each of its calls."""

        @wraps(function)
        def call_step(*arguments: Any, **more: Any) -> Any:
            step = f"{name} {more['which']}" if "which" in more else name
            before = read_seconds()
            try:
                return function(*arguments, **more)
            finally:
                after = read_seconds()
                earlier = self.steps.get(step, [0.0, 0.0])
                self.steps[step] = [round(earlier[n] + after[n] - before[n], 2) for n in (0, 1)]
                self.reached[step] = [round(value, 2) for value in after]

        return call_step


def read_seconds() -> tuple[float, float]:
    """Return the seconds since this process started, and the processor seconds of it and its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    started = int(Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    return age, sum(usage.ru_utime + usage.ru_stime for usage in used)


def run_requested_refresh() -> dict[str, Any]:
    """Evaluate the sensor and run what it requests, in this process; return the times."""
    from pipelines import refresh
    from pipelines.core.home import open_home
    from pipelines.refresh import measuring
    from pipelines.runs.instance import instance_folder, open_instance_for_run

    watch = Stopwatch()
    for name in STEPS:
        setattr(refresh, name, watch.time_step(name, getattr(refresh, name)))
    vars(measuring)["measure_quality"] = watch.time_step("measure_quality", measuring.measure_quality)
    home = open_home()
    os.environ["DAGSTER_HOME"] = str(instance_folder(home))
    warnings.filterwarnings("ignore", module="dagster")
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.home import HomeResource
    from pipelines.defs.jobs import ledger_events

    repository = defs().get_repository_def()
    watch.reached["definitions loaded"] = [round(value, 2) for value in read_seconds()]
    with open_instance_for_run(home) as instance:
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        (request,) = (item for item in ledger_events(context, home=HomeResource()) if isinstance(item, dg.RunRequest))
        result = repository.get_job("refresh").execute_in_process(
            instance=instance,
            asset_selection=request.asset_selection,
            tags=request.tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    everything = [round(value, 2) for value in read_seconds()]
    order = sorted(watch.reached, key=lambda step: watch.reached[step])
    return {
        "succeeded": result.success,
        "steps": {step: watch.steps[step] for step in order if step in watch.steps},
        "definitions loaded": watch.reached["definitions loaded"],
        "offices' marts": watch.reached["build_indicators restricted"],
        "draft marts": watch.reached["build_indicators protected"],
        "draft": everything,
    }


def print_requested_refresh() -> None:
    """Run the requested refresh and print its times as one line of JSON."""
    print(json.dumps(run_requested_refresh()), flush=True)


def run_prepared(function: Callable[[], None]) -> None:
    """Run a function in a fork of a process that has loaded everything, as the daemon's runs are."""
    from pipelines.operations.prepared_runs import RunStarter

    starter = RunStarter()
    starter.prepare_runs()
    context: Any = starter.choose_context()
    process = context.Process(target=function)
    process.start()
    process.join()
    if process.exitcode != 0 or context.get_start_method() != "forkserver":
        raise SystemExit(f"the run ended with {process.exitcode}, started by {context.get_start_method()}")


def main() -> None:
    """Copy the home, approve a return, and time the refresh in a process of its own, as often as asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.approving", description=__doc__)
    parser.add_argument(
        "home",
        type=Path,
        nargs="?",
        help=f"a demonstration home with a release, made under RTI_NOW={CLOCK}; it is copied",
    )
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="let the run load everything by itself")
    parser.add_argument("--profile", type=Path, help="write a profile of the run to this file; implies --alone")
    options = parser.parse_args()
    if options.home is None:  # the process that this command starts
        if options.alone:
            print_requested_refresh()
        else:
            run_prepared(print_requested_refresh)
        return
    os.environ["RTI_NOW"] = CLOCK
    for _ in range(options.times):
        with tempfile.TemporaryDirectory(prefix="rti-approval-") as scratch:
            root = Path(scratch) / "home"
            copy_home(options.home, root)
            os.environ["RTI_HOME"] = str(root)
            settle_home(root)
            approve_late_return(root)
            profiled = ["-m", "cProfile", "-o", str(options.profile.resolve())] if options.profile else []
            alone = ["--alone"] if options.alone or options.profile else []
            command = [sys.executable, *profiled, "-m", "benchmarks.approving", *alone]
            ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            print(json.dumps(json.loads(ran.stdout.strip().splitlines()[-1]), indent=1), flush=True)


if __name__ == "__main__":
    main()
