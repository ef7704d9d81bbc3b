"""Use a home for a long time: `python -m benchmarks.soaking --minutes 60 --home HOME`.

The home is copied. Fifty readers open public pages, data files and SDMX, one office uploads, sends and
approves one return after the other, and every few minutes the home is refreshed and its draft published. Printed are
failed reads, times, memory of each service (the last third compared with the second, in all and by kind), and a lock
that is still held at the end. Exits with 1 if a read or an upload failed, a refresh published nothing, memory grew by a
tenth, a lock is held, or the audit finds a fault.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from statistics import mean, quantiles

import httpx
import sqlalchemy as sa

from benchmarks.measuring import ROOT, measure_memory_kinds
from pipelines.core.home import Home, open_home
from pipelines.core.home_lock import HomeBusyError, hold_home_lock
from pipelines.core.processes import list_descendants
from pipelines.ledger.database import open_write_transaction
from tests.support.demonstration import CLOCK, copy_home
from tests.support.service import portal_fixture, running
from tests.support.service.running import Service

READERS = 50
PAUSE = (3.0, 8.0)
"""Seconds for which a reader looks at a page."""
SAMPLE_SECONDS = 5.0
GROWTH = 1.10
ADDRESSES = (
    "/en/index.html", "/sq/index.html", "/mk/index.html", "/en/data.html", "/en/calendar.html",
    "/en/releases.atom", "/api/data/", "/api/data/tables/VICTIMS/rows?limit=100", "/sdmx/v2/structure/dataflow",
    "/region", "/compare", "/health",
)  # fmt: skip


COUNTS = {"C9": 10, "D9": 9, "C8": 56, "D8": 47, "E33": 3, "E32": 21}
"""Cells of the return that men of 25 to 34 reported under article 110/a are in, with all totals, and their counts."""


@dataclass
class Record:
    """Times, failures and memory so far; threads only append to it."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    refreshes: list[tuple[int, str]] = field(default_factory=list)
    memory: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    """Samples of each service: megabytes by process and kind."""


def read_pages(address: str, number: int, record: Record, is_ending: threading.Event) -> None:
    """Open one page after the other, as a reader does."""
    chance = random.Random(number)
    with httpx.Client(base_url=address, timeout=60, trust_env=False, follow_redirects=True) as client:
        while not is_ending.wait(chance.uniform(*PAUSE)):
            path, began = chance.choice(ADDRESSES), time.perf_counter()
            try:
                answer = client.get(path, headers={"X-Forwarded-For": f"192.0.2.{number + 1}"})
                problem = "" if answer.status_code == 200 else str(answer.status_code)
            except httpx.HTTPError as error:
                problem = type(error).__name__
            record.seconds.append(time.perf_counter() - began)
            if problem:
                record.failures.append(f"{path}: {problem}")


def make_return(number: int) -> bytes:
    """Return the workbook of an upload: other figures than in the one before, and bytes that were never sent.

    The same bytes would be answered with the state of their first upload, and nothing would be left to refresh.
    """
    from openpyxl import load_workbook

    data = portal_fixture.make_workbook({cell: count + number % 10 for cell, count in COUNTS.items()})
    book, output = load_workbook(BytesIO(data)), BytesIO()
    book.properties.title = f"Upload {number}"
    book.save(output)
    return output.getvalue()


def hand_in_returns(service: Service, record: Record, is_ending: threading.Event) -> None:
    """Upload, send and approve returns of one office until the end."""
    number = 0
    with service.open_client("al-sender") as sender, service.open_client("al-approver") as approver:
        while not is_ending.wait(5):
            number += 1
            answer = running.upload_file(sender, make_return(number), f"soak-{number}.xlsx")
            outcome = str(answer.status_code)
            if answer.status_code in (200, 201):
                identity, state = answer.json()["submission_id"], answer.json()["state"]
                outcome = state
                if state == "checked":
                    sent = sender.post(f"/submissions/{identity}/send", json={"reason": "late_data"})
                    outcome = f"sent {sent.status_code}"
                    if sent.status_code == 200:
                        approved = approver.post(f"/submissions/{identity}/approve", json={})
                        outcome = f"approved {approved.status_code}"
            record.uploads.append(outcome)


def refresh_and_publish(root: Path, seconds: float, record: Record, is_ending: threading.Event) -> None:
    """Refresh and publish every so many seconds."""
    rti = str(Path(sys.executable).with_name("rti"))
    while not is_ending.wait(seconds):
        ran = subprocess.run(
            [rti, "refresh", "--publish"], cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "RTI_HOME": str(root), "RTI_NOW": CLOCK},
        )  # fmt: skip
        last = (ran.stdout if ran.returncode == 0 else ran.stderr or ran.stdout).strip().splitlines()[-1:]
        record.refreshes.append((ran.returncode, " ".join(last)))


def watch_memory(roots: dict[str, int], record: Record, is_ending: threading.Event) -> None:
    """Measure the memory of each service, and of the processes that it has started, by kind."""
    while not is_ending.wait(SAMPLE_SECONDS):
        for name, pid in roots.items():
            sample: defaultdict[str, float] = defaultdict(float)
            for process in (pid, *list_descendants(pid)):
                owner = "service" if process == pid else "its processes"
                for kind, size in measure_memory_kinds(process).items():
                    sample[f"{owner}, {kind}"] += size
            record.memory.setdefault(name, []).append(sample)


def describe_memory(samples: Sequence[dict[str, float]]) -> dict[str, tuple[int, int]]:
    """Return the mean megabytes in the second and in the last third by kind, and in all without what is freed.

    The first third fills caches.
    """
    third = len(samples) // 3
    parts = samples[third : 2 * third], samples[2 * third :]
    kinds = sorted({kind for sample in samples for kind in sample})
    means = {kind: [mean([sample.get(kind, 0) for sample in part] or [0]) for part in parts] for kind in kinds}
    counted = [pair for kind, pair in means.items() if not kind.endswith("freed")]
    means["all but freed"] = [sum(sizes) for sizes in zip(*counted, strict=True)]
    return {kind: (round(before), round(after)) for kind, (before, after) in means.items()}


def find_held_lock(home: Home, engine: sa.Engine) -> str:
    """Return what holds the home or the ledger although every program has ended; empty if nothing does."""
    try:
        with hold_home_lock(home, purpose="end of the soak"), open_write_transaction(engine):
            return ""
    except (HomeBusyError, sa.exc.OperationalError) as error:
        return str(error)


def use_home(root: Path, folder: Path, minutes: float, refresh_seconds: float) -> int:
    """Use a home for some minutes and print what happened. Return 1 if something was wrong."""
    from pipelines.ledger.opening import open_ledger
    from pipelines.refresh import integrity

    home, record, is_ending = open_home(root), Record(), threading.Event()
    engine = open_ledger(home)
    portal_fixture.make_accounts(engine)
    public = [sys.executable, "-m", "dashboards.public.app"]
    settings = {"RTI_TRUSTED_PROXIES": "127.0.0.1"}
    with (
        running.run_service(root, folder / "office") as office,
        running.run_service(root, folder / "public", command=public, environment=settings) as pages,
    ):
        works: list[tuple[Callable[..., None], tuple[object, ...]]] = [
            *((read_pages, (pages.address, number)) for number in range(READERS)),
            (hand_in_returns, (office,)),
            (refresh_and_publish, (root, refresh_seconds)),
            (watch_memory, ({"public": pages.process.pid, "office": office.process.pid},)),
        ]
        threads = [threading.Thread(target=work, args=(*arguments, record, is_ending)) for work, arguments in works]
        for thread in threads:
            thread.start()
        is_ending.wait(minutes * 60)
        is_ending.set()
        for thread in threads:
            thread.join()
    lock_holder = find_held_lock(home, engine)
    damage = integrity.verify_home(home, engine)
    memory = {name: describe_memory(samples) for name, samples in record.memory.items()}
    grown = [name for name, kinds in memory.items() if kinds["all but freed"][1] > GROWTH * kinds["all but freed"][0]]
    print(
        json.dumps(
            {
                "minutes": minutes,
                "reads": len(record.seconds),
                "failed reads": len(record.failures),
                "failures": dict(Counter(record.failures).most_common(20)),
                "p50 and p95, s": [round(quantiles(record.seconds, n=20)[place], 3) for place in (9, 18)],
                "uploads": dict(Counter(record.uploads)),
                "refreshes": record.refreshes,
                "memory, MB": memory,
                "held lock": lock_holder,
                "damage": [item.message for item in damage],
            },
            indent=1,
        )
    )
    has_failed_refresh = any(code or "published" not in line for code, line in record.refreshes)
    has_failed_upload = bool(set(record.uploads) - {"approved 200"})
    return int(bool(record.failures or has_failed_refresh or has_failed_upload or grown or lock_holder or damage))


def main() -> int:
    """Copy the home and use the copy."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soaking", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--home", type=Path, required=True, help="a demonstration home with a release; it is copied")
    parser.add_argument("--refresh-seconds", type=float, default=180)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rti-soak-") as scratch:
        folder = Path(scratch)
        os.environ["RTI_NOW"] = CLOCK
        copy_home(options.home, folder / "home")
        os.environ["RTI_HOME"] = str(folder / "home")
        return use_home(folder / "home", folder, options.minutes, options.refresh_seconds)


if __name__ == "__main__":
    raise SystemExit(main())
