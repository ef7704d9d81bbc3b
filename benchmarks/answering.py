"""How soon an upload is answered: one large workbook, twenty people at once, memory after many checks; persons found.

Checks run in processes of their own (`python -m benchmarks.answering one|many …`), since the made-up territory must
be declared before the registry is loaded, and since memory is measured there.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from benchmarks import measuring, register, workbook
from benchmarks.registry import Figure, Setting, benchmark

PEOPLE = 20
CHECKS = 500
ANSWERED = 5.0
FIRST = 1.0
TOGETHER = 15.0
"""Seconds, from the issue: the answer of one upload, its first findings, and everybody's of twenty."""
SAMPLES = measuring.ROOT / "raw_samples"


@benchmark("answering", f"answers to uploads: {workbook.CELLS:,} cells, {PEOPLE} people at once, persons found")
def answering(setting: Setting) -> Iterator[Figure]:
    """A warm process, as a service is after `warm_up`."""
    folder = setting.scratch / "answering"
    territories = {"RTI_TERRITORIES": str(workbook.declare(folder / "territories"))}
    file = workbook.write(folder / "benchmark.xlsx")
    runs = str(max(5, 4 * setting.repetitions))
    one = measuring.python(__name__, "one", str(file), runs, environment=territories).last_json()
    bare = one["floor"]
    yield Figure("answer, p95", one["judged"], "s", bare, "openpyxl, formulas and values", "≤ 5 s", one["judged"] <= 5)
    yield Figure(
        "first findings, p95", one["read"], "s", bare, "openpyxl, formulas and values", "≤ 1 s", one["read"] <= 1
    )

    yield from _register(int(runs))

    many = measuring.python(__name__, "many", str(setting.repetitions)).last_json()
    alone = many["alone"]
    note = f"slowest of {PEOPLE} in each of {setting.repetitions} rounds"
    together = many["p95"] <= TOGETHER
    floor = "reading and judging them one after another"
    yield Figure(f"{PEOPLE} at once, all answered", many["wall"], "s", alone, floor, note=note)
    yield Figure(f"{PEOPLE} at once, p50 a person", many["p50"], "s")
    yield Figure(f"{PEOPLE} at once, p95 a person", many["p95"], "s", target="≤ 15 s", reached=together)
    yield Figure("memory before", many["before"], "MB")
    grown = f"{many['after'] - many['before']:.0f} MB more than before"
    yield Figure(f"memory after {CHECKS} checks", many["after"], "MB", many["before"], "before them", note=grown)
    yield from _persons()


def _register(runs: int) -> Iterator[Figure]:
    """A register of 2 MB, each of its lines one defendant."""
    one = measuring.python(__name__, "register", str(runs)).last_json()
    about, floor = f"register of {one['records']:,.0f} records", "csv module, decoded and split"
    for called, step, most in (("answer", "judged", ANSWERED), ("first findings", "begun", FIRST)):
        taken = one[step]
        yield Figure(f"{about}: {called}, p95", taken, "s", one["floor"], floor, f"≤ {most:.0f} s", taken <= most)


def _persons() -> Iterator[Figure]:
    from pipelines.reading.formats.read import read_content
    from pipelines.reading.privacy.scan import scan_content
    from tests.persons.measuring import measured

    for where, found in measured().items():
        note = f"made corpus of {found.persons + found.others}; precision {found.precision:.0%}"
        yield Figure(f"names found in a {where}", 100 * found.recall, "%", note=note)
    files = _returns()
    contents = [(read_content(file.read_bytes(), file.name), file.name) for file in files]
    began = time.perf_counter()
    mistaken = sum(bool(scan_content(content, name)) for content, name in contents)
    taken = time.perf_counter() - began
    yield Figure(
        "samples mistaken for persons", mistaken, "", target="0", reached=not mistaken, note=f"{len(files)} files"
    )
    yield Figure(f"scan of {len(files)} files", taken, "s")


def _returns() -> list[Path]:
    files = sorted(
        p for p in SAMPLES.rglob("*") if p.is_file() and p.suffix not in (".md", ".yml") and "try" not in p.parts
    )
    return [p for p in files if p.name != "arrivals.csv"]


def p95(values: list[float]) -> float:
    """The 95th percentile, of one value itself."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def one(file: Path, runs: int) -> dict[str, float]:
    """Seconds until `read` and `judged` of one file, and of the floor, turn about."""
    from benchmarks.floors import openpyxl_twice
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import Step, check_file, warm_up

    registry, data = load(), file.read_bytes()
    warm_up(registry)
    taken: dict[str, list[float]] = {"read": [], "judged": []}
    floors = []
    for _ in range(runs):
        began = time.perf_counter()

        def step(now: Step, began: float = began) -> None:
            if now.name in taken:
                taken[now.name].append(time.perf_counter() - began)

        report = check_file(data, file.name, registry=registry, on_step=step)
        if report.observations != workbook.CELLS:
            raise SystemExit("the workbook was not read whole")
        floors.append(measuring.seconds(lambda: openpyxl_twice(data), 1))
    return {"read": p95(taken["read"]), "judged": p95(taken["judged"]), "floor": p95(floors)}


def of_register(runs: int) -> dict[str, float]:
    """Seconds until `begun` and `judged` of a register, and of splitting its lines, turn about."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import Step, check_file, warm_up

    registry = load()
    warm_up(registry)
    taken: dict[str, list[float]] = {"begun": [], "judged": []}
    floors, records = [], 0
    for run in range(runs):
        data, records = register.made(run)
        began = time.perf_counter()

        def step(now: Step, began: float = began) -> None:
            if now.name in taken:
                taken[now.name].append(time.perf_counter() - began)

        report = check_file(data, register.FILE.name, registry=registry, on_step=step)
        if report.events != register.events(records) or len(taken["begun"]) != run + 1:
            raise SystemExit("the register was not read whole, or its first lines were not told")
        floors.append(measuring.seconds(lambda data=data: split(data), 1))  # type: ignore[misc]
    return {name: p95(seconds) for name, seconds in {**taken, "floor": floors}.items()} | {"records": records}


def split(data: bytes) -> list[list[str]]:
    """The fields of a register and nothing else: what no reader can do without."""
    return list(csv.reader(io.StringIO(data.decode("windows-1250"), newline=""), delimiter=";"))


def many(rounds: int) -> dict[str, float]:
    """Seconds of twenty uploads at once, and memory (MB) of this process before and after many checks."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import check_file, warm_up

    registry, files = load(), _returns()
    uploads = [(f.read_bytes(), f.name) for f in files[:: len(files) // PEOPLE][:PEOPLE]]
    warm_up(registry)
    walls, each, alone = [], [], []
    for _ in range(rounds):
        began = time.perf_counter()
        for data, name in uploads:
            check_file(data, name, registry=registry)
        alone.append(time.perf_counter() - began)
        taken: list[float] = []
        began = time.perf_counter()

        def upload(data: bytes, name: str, began: float = began, taken: list[float] = taken) -> None:
            check_file(data, name, registry=registry)
            taken.append(time.perf_counter() - began)

        threads = [threading.Thread(target=upload, args=one) for one in uploads]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        walls.append(max(taken))
        each += taken
        if len(taken) != PEOPLE:
            raise SystemExit("somebody was not answered")
    before = _megabytes()
    for number in range(CHECKS):
        file = files[number % len(files)]
        check_file(file.read_bytes(), file.name, registry=registry)
    return {
        "wall": median(walls),
        "p50": median(each),
        "p95": p95(each),
        "alone": median(alone),
        "before": before,
        "after": _megabytes(),
    }


def _megabytes() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024 / 1024


if __name__ == "__main__":
    if sys.argv[1] == "one":
        print(json.dumps(one(Path(sys.argv[2]), int(sys.argv[3]))))
    elif sys.argv[1] == "register":
        print(json.dumps(of_register(int(sys.argv[2]))))
    else:
        print(json.dumps(many(int(sys.argv[2]))))
