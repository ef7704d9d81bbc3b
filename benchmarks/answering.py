"""How soon an upload is answered: one large workbook, twenty people at once, memory after many checks; person scan.

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
from benchmarks.registry import Figure, Setting, register_benchmark

PEOPLE = 20
CHECKS = 500
ANSWERED = 5.0
FIRST = 1.0
TOGETHER = 15.0
"""Seconds, from the issue: the answer of one upload, its first findings, and everybody's of twenty."""
SAMPLES = measuring.ROOT / "raw_samples"


@register_benchmark(
    "answering", f"answers to uploads: {workbook.CELLS:,} cells, {PEOPLE} people at once, persons found"
)
def measure_answers(setting: Setting) -> Iterator[Figure]:
    """Measure a warm process, as a service is after `warm_up`."""
    folder = setting.scratch / "answering"
    territories = {"RTI_TERRITORIES": str(workbook.declare_territory(folder / "territories"))}
    file = workbook.write_workbook(folder / "benchmark.xlsx")
    runs = str(max(5, 4 * setting.repetitions))
    result = measuring.run_module(__name__, "one", str(file), runs, environment=territories).last_json()
    bare = result["floor"]
    yield Figure(
        "answer, p95", result["judged"], "s", bare, "openpyxl, formulas and values", "≤ 5 s", result["judged"] <= 5
    )
    yield Figure(
        "first findings, p95", result["read"], "s", bare, "openpyxl, formulas and values", "≤ 1 s", result["read"] <= 1
    )

    yield from _measure_register(int(runs))

    many = measuring.run_module(__name__, "many", str(setting.repetitions)).last_json()
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
    yield from _measure_person_scan()


def _measure_register(runs: int) -> Iterator[Figure]:
    """Measure a register of 2 MB, each of whose lines is one defendant."""
    result = measuring.run_module(__name__, "register", str(runs)).last_json()
    about, floor = "large register", "csv module, decoded and split"
    note = f"{result['records']:,.0f} records"
    for called, step, most in (("answer", "judged", ANSWERED), ("first findings", "begun", FIRST)):
        duration = result[step]
        yield Figure(
            f"{about}: {called}, p95", duration, "s", result["floor"], floor, f"≤ {most:.0f} s", duration <= most, note
        )


def _measure_person_scan() -> Iterator[Figure]:
    from pipelines.reading.formats.read import read_content
    from pipelines.reading.privacy.scan import scan_content
    from tests.persons.measuring import measure_recognition

    for kind, score in measure_recognition().items():
        note = f"made corpus of {score.persons + score.others}; precision {score.precision:.0%}"
        yield Figure(f"names found in a {kind}", 100 * score.recall, "%", note=note)
    files = _list_returns()
    contents = [(read_content(file.read_bytes(), file.name), file.name) for file in files]
    began = time.perf_counter()
    mistaken = sum(bool(scan_content(content, name)) for content, name in contents)
    duration = time.perf_counter() - began
    yield Figure(
        "samples mistaken for persons", mistaken, "", target="0", reached=not mistaken, note=f"{len(files)} files"
    )
    yield Figure(f"scan of {len(files)} files", duration, "s")


def _list_returns() -> list[Path]:
    files = sorted(
        p for p in SAMPLES.rglob("*") if p.is_file() and p.suffix not in (".md", ".yml") and "try" not in p.parts
    )
    return [p for p in files if p.name != "arrivals.csv"]


def percentile_95(values: list[float]) -> float:
    """Return the 95th percentile; of a single value, that value."""
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def time_check(file: Path, runs: int) -> dict[str, float]:
    """Return seconds until `read` and `judged` of one file, and of the floor, run in turn."""
    from benchmarks.floors import openpyxl_twice
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckProgress, check_file, warm_up

    registry, data = load(), file.read_bytes()
    warm_up(registry)
    times: dict[str, list[float]] = {"read": [], "judged": []}
    floors = []
    for _ in range(runs):
        began = time.perf_counter()

        def record_step(now: CheckProgress, began: float = began) -> None:
            if now.name in times:
                times[now.name].append(time.perf_counter() - began)

        report = check_file(data, file.name, registry=registry, on_progress=record_step)
        if report.observations != workbook.CELLS:
            raise SystemExit("the workbook was not read whole")
        floors.append(measuring.median_seconds(lambda: openpyxl_twice(data), 1))
    return {
        "read": percentile_95(times["read"]),
        "judged": percentile_95(times["judged"]),
        "floor": percentile_95(floors),
    }


def time_register_check(runs: int) -> dict[str, float]:
    """Return seconds until `begun` and `judged` of a register, and of splitting its lines, run in turn."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckProgress, check_file, warm_up

    registry = load()
    warm_up(registry)
    times: dict[str, list[float]] = {"begun": [], "judged": []}
    floors, records = [], 0
    for run in range(runs):
        data, records = register.build_register(run)
        began = time.perf_counter()

        def record_step(now: CheckProgress, began: float = began) -> None:
            if now.name in times:
                times[now.name].append(time.perf_counter() - began)

        report = check_file(data, register.FILE.name, registry=registry, on_progress=record_step)
        if report.events != register.count_events(records) or len(times["begun"]) != run + 1:
            raise SystemExit("the register was not read whole, or its first lines were not reported")
        floors.append(measuring.median_seconds(lambda data=data: split_lines(data), 1))  # type: ignore[misc]
    return {name: percentile_95(seconds) for name, seconds in {**times, "floor": floors}.items()} | {"records": records}


def split_lines(data: bytes) -> list[list[str]]:
    """Split a register into fields and do nothing else: the least that any reader must do."""
    return list(csv.reader(io.StringIO(data.decode("windows-1250"), newline=""), delimiter=";"))


def time_uploads(rounds: int) -> dict[str, float]:
    """Return seconds of twenty uploads at once, and memory (MB) of this process before and after many checks."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import check_file, warm_up

    registry, files = load(), _list_returns()
    uploads = [(f.read_bytes(), f.name) for f in files[:: len(files) // PEOPLE][:PEOPLE]]
    warm_up(registry)
    walls, each, alone = [], [], []
    for _ in range(rounds):
        began = time.perf_counter()
        for data, name in uploads:
            check_file(data, name, registry=registry)
        alone.append(time.perf_counter() - began)
        times: list[float] = []
        began = time.perf_counter()

        def check_upload(data: bytes, name: str, began: float = began, times: list[float] = times) -> None:
            check_file(data, name, registry=registry)
            times.append(time.perf_counter() - began)

        threads = [threading.Thread(target=check_upload, args=arguments) for arguments in uploads]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        walls.append(max(times))
        each += times
        if len(times) != PEOPLE:
            raise SystemExit("somebody was not answered")
    before = _measure_memory()
    for number in range(CHECKS):
        file = files[number % len(files)]
        check_file(file.read_bytes(), file.name, registry=registry)
    return {
        "wall": median(walls),
        "p50": median(each),
        "p95": percentile_95(each),
        "alone": median(alone),
        "before": before,
        "after": _measure_memory(),
    }


def _measure_memory() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024 / 1024


if __name__ == "__main__":
    if sys.argv[1] == "one":
        print(json.dumps(time_check(Path(sys.argv[2]), int(sys.argv[3]))))
    elif sys.argv[1] == "register":
        print(json.dumps(time_register_check(int(sys.argv[2]))))
    else:
        print(json.dumps(time_uploads(int(sys.argv[2]))))
