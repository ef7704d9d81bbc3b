"""`rti check` of a workbook of 20,000 cells: warm compared with openpyxl, cold with importing Great Expectations.

Warm runs take place in a process of their own (`python -m benchmarks.checking FILE REPETITIONS`), since the made-up
territory must be declared before the registry is loaded; the first run there is not counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from benchmarks import measuring, workbook
from benchmarks.registry import Figure, Setting, register_benchmark

COLD_TARGET, BEYOND_IMPORT = 3.0, 1.0
"""Seconds of a cold check on a quiet machine, and beyond its floor where the floor alone takes longer."""
_IMPORT = "import great_expectations"


@register_benchmark("check", f"`rti check` of a workbook of {workbook.CELLS:,} cells")
def measure_check(setting: Setting) -> Iterator[Figure]:
    """Cold: the whole command.  Warm: `check()` with its reading process and judgement loaded, as in a server."""
    folder = setting.scratch / "check"
    territories = {"RTI_TERRITORIES": str(workbook.declare_territory(folder / "territories"))}
    file = workbook.write_workbook(folder / "benchmark.xlsx")

    warm = measuring.run_module(__name__, str(file), str(setting.repetitions), environment=territories).last_json()
    yield Figure(
        "check, warm",
        warm["check"],
        "s",
        warm["openpyxl"],
        "openpyxl, formulas and values",
        "≤ 2 × and ≤ 2 s",
        warm["check"] <= min(2.0, 2 * warm["openpyxl"]),
        f"{warm['observations']:,} observations, {warm['findings']} findings",
    )
    yield from measure_cold(file, territories, setting.repetitions)


def measure_cold(file: Path, environment: Mapping[str, str], repetitions: int) -> Iterator[Figure]:
    """Run the whole command in turn with its floor: a new process that only imports Great Expectations."""
    command = [str(Path(sys.executable).with_name("rti")), "check", "--json", str(file)]
    checks, imports = [], []
    for _ in range(repetitions):
        checks.append(measuring.run(command, environment=environment))
        imports.append(measuring.run([sys.executable, "-c", _IMPORT], environment=environment))
    cold, floor = (median(run.seconds for run in runs) for runs in (checks, imports))
    target = max(COLD_TARGET, floor + BEYOND_IMPORT)
    yield Figure(
        "check, cold",
        cold,
        "s",
        floor,
        "python that only imports Great Expectations",
        f"≤ {COLD_TARGET:.0f} s, or floor + {BEYOND_IMPORT:.0f} s if longer: {target:.1f} s",
        cold <= target,
        measuring.describe_spread([run.seconds for run in checks]),
    )
    used, floor_used = (median(run.processor for run in runs) for runs in (checks, imports))
    yield Figure("… processor time", used, "s", floor_used, "the same")


def main(arguments: list[str]) -> None:
    """Print the warm figures of one file as JSON."""
    from benchmarks.floors import openpyxl_twice
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import check_file as checked

    file, repetitions = Path(arguments[0]), int(arguments[1])
    data, registry = file.read_bytes(), load()
    report = checked(data, file.name, registry=registry)
    if report.reading is None or report.reading.observations.height != workbook.CELLS:
        raise SystemExit(f"the workbook was not read whole: {[f.rule for f in report.findings][:5]}")
    openpyxl_twice(data)
    # In turn, so that a busy moment of the machine affects both.
    pairs = [
        (
            measuring.median_seconds(lambda: checked(data, file.name, registry=registry), 1),
            measuring.median_seconds(lambda: openpyxl_twice(data), 1),
        )
        for _ in range(repetitions)
    ]
    figures = {
        "check": median(check_time for check_time, _ in pairs),
        "openpyxl": median(floor_time for _, floor_time in pairs),
        "observations": report.reading.observations.height,
        "findings": len(report.findings),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
