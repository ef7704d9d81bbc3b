"""Time from the second `make run` to its first answered pages: `python -m benchmarks.starting HOME`.

The home is copied and the two commands of `make run` are started at once. Printed are the elapsed seconds at which each
server has printed its address and answered a page, at which the refresh has ended, and the processor seconds that each
process had used when the pages for people answered. A target of elapsed time means something only on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measuring import ROOT
from pipelines.core.processes import list_descendants
from tests.support.demonstration import CLOCK, copy_home
from tests.support.service.serving import kill_processes_of

PAGES = {"dashboard": "/en/index.html", "offices' pages": "/sign-in", "Dagster UI": "/server_info"}
"""The page that is opened of each server."""
PEOPLE = ("dashboard", "offices' pages")
LONGEST = 180.0
_TICKS = os.sysconf("SC_CLK_TCK")


def time_start(root: Path) -> dict[str, Any]:
    """Start both commands on a home that has a release; end them when everything has answered; return the times."""
    rti = str(Path(sys.executable).with_name("rti"))
    environment = {**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK}
    began, answered, used = time.perf_counter(), dict[str, float](), dict[str, float]()
    refresh = subprocess.Popen(
        [rti, "refresh", "--init", "demonstration", "--publish"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    serve = subprocess.Popen([rti, "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)

    def wait_for_refresh() -> None:
        if refresh.wait() == 0:
            answered["refresh ended"] = round(time.perf_counter() - began, 2)

    waiting = threading.Thread(target=wait_for_refresh)
    waiting.start()
    limit = threading.Timer(LONGEST, serve.terminate)
    limit.start()
    try:
        for line in serve.stdout or ():
            name, _, address = line.strip().partition(": ")
            if name in PAGES and address.startswith("http"):
                httpx.get(address + PAGES[name], trust_env=False, timeout=60).raise_for_status()
                answered[name] = round(time.perf_counter() - began, 2)
                if name in PEOPLE and all(person in answered for person in PEOPLE):
                    used = read_processor_seconds([refresh.pid, serve.pid])
            elif line.startswith("Ctrl-C"):
                answered["everything"] = round(time.perf_counter() - began, 2)
                break
        waiting.join()
    finally:
        limit.cancel()
        serve.terminate()
        serve.communicate(timeout=60)
        kill_processes_of(root)
    return {"answered after, s": answered, "processor seconds when people were answered": used}


def read_processor_seconds(roots: list[int]) -> dict[str, float]:
    """Return the processor seconds so far of some processes and their descendants, by command."""
    seconds: dict[str, float] = {}
    for pid in (process for root in roots for process in (root, *list_descendants(root))):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
            values = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            name = " ".join(Path(word).name for word in words[1:4] if word not in ("-m", "-u"))
            seconds[name] = round(seconds.get(name, 0.0) + (int(values[11]) + int(values[12])) / _TICKS, 2)
    return seconds


def main() -> None:
    """Copy the home and time a start on the copy, as often as asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starting", description=__doc__)
    parser.add_argument("home", type=Path, help="a demonstration home with a release and nothing new; it is copied")
    parser.add_argument("--times", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rti-start-") as scratch:
        copy_home(options.home, Path(scratch) / "home")
        for _ in range(options.times):
            print(json.dumps(time_start(Path(scratch) / "home"), indent=1), flush=True)


if __name__ == "__main__":
    main()
