"""`python -m benchmarks [--only NAME …] [--quick] [--repetitions N] [--seeds N] [--outcomes FILE] [--scales N …]
[--work FOLDER] [--json FILE] [--keep]`.

Prints a table and then one JSON object on the last line.  All data goes to a temporary folder that is removed. The
ratios to the floors are compared with those in `benchmarks/ratios.json`: exit code 1 if one is more than a fifth worse,
or if a required target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import (
    answering,
    arriving,
    checking,
    decade,
    explorer,
    faults,
    formats,
    front,
    growing,
    measuring,
    open_data,
    pages,
    protecting,
    public,
    questionnaire,
    random_decades,
    ratios,
    reading,
    rebuilding,
    report,
    steps,
    sweep,
    uploading,
)
from benchmarks.registry import BENCHMARKS, Figure, Setting

__all__ = [
    "answering", "arriving", "checking", "decade", "explorer", "faults", "formats", "front", "growing", "main",
    "open_data", "pages", "protecting", "public", "questionnaire", "random_decades", "reading", "rebuilding", "steps",
    "sweep", "uploading",
]  # fmt: skip
ORDER = (
    "reading", "check", "faults", "growth", "answering", "formats", "decade", "rebuild", "uploading", "pages",
    "questionnaire", "public", "front", "explorer", "open-data", "arrival", "steps", "protection", "random",
    "sweep",
)  # fmt: skip
"""Order of benchmarks: those that take seconds come first; rebuild and the two after it share their homes."""


def main() -> int:
    """Run the chosen benchmarks and print their figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure speed and compare it with its floors."
    )
    parser.add_argument("--only", nargs="*", choices=sorted(BENCHMARKS), help="names of benchmarks (default: all)")
    parser.add_argument("--quick", action="store_true", help="with the short history only")
    parser.add_argument("--repetitions", type=int, default=5, help="of what takes seconds (default: 5)")
    parser.add_argument("--seeds", type=int, help="random decades to protect (default: 100, or 3 small ones if quick)")
    parser.add_argument("--outcomes", type=Path, help="keep the outcome of each seed in this file, and go on from it")
    parser.add_argument(
        "--scales", nargs="+", type=int, help="sizes of the sweep (default: 1 10 100, which takes hours, or 1 if quick)"
    )
    parser.add_argument("--work", type=Path, help="keep finished stages of the sweep in this folder, and go on from it")
    parser.add_argument("--json", type=Path, help="also write the JSON object to this file")
    parser.add_argument("--keep", action="store_true", help="keep the ratios of this run instead of comparing them")
    options = parser.parse_args()
    for name in ("RTI_HOME", "RTI_SAMPLES", "RTI_TERRITORIES"):
        os.environ.pop(name, None)
    os.environ["RTI_NOW"] = measuring.NOW
    date = datetime.now(UTC).date().isoformat()
    before = report.describe_machine()
    results: dict[str, list[Figure]] = {}
    with tempfile.TemporaryDirectory(prefix="rti-bench-") as scratch:
        setting = Setting(
            Path(scratch),
            options.repetitions,
            (1,) if options.quick else (1, 10),
            options.seeds,
            options.outcomes,
            tuple(sorted(set(options.scales or ((1,) if options.quick else sweep.SIZES)))),
            options.work and options.work.resolve(),
        )
        for name in ORDER:
            title, function = BENCHMARKS[name]
            if options.only and name not in options.only:
                continue
            print(f"measuring: {title}", file=sys.stderr, flush=True)
            results[name] = []
            for figure in function(setting):
                print(f"  {figure.name}: {figure.value:,.2f} {figure.unit}", file=sys.stderr, flush=True)
                results[name].append(figure)
    whole = json.dumps(report.as_json(date, before, results), ensure_ascii=False)
    print(report.as_table({name: title for name, (title, _) in BENCHMARKS.items()}, results))
    print(whole)
    if options.json:
        options.json.write_text(whole + "\n", encoding="utf-8")
    missed = [figure.name for figures in results.values() for figure in figures if figure.is_failed]
    if missed:
        print(f"required targets that were missed: {'; '.join(missed)}", file=sys.stderr)
    return _compare_or_keep(results, date, before, keep=options.keep) or int(bool(missed))


def _compare_or_keep(results: dict[str, list[Figure]], date: str, machine: dict[str, Any], *, keep: bool) -> int:
    """Keep the ratios of a run, or report on standard error how they compare; return 1 if one is worse."""
    measured = ratios.list_ratios(results)
    if keep:
        ratios.keep_ratios(measured, date, machine)
        return 0
    comparison = ratios.compare_ratios(measured, ratios.read_kept_ratios())
    print(comparison.describe_comparison(), file=sys.stderr)
    return 1 if comparison.regressions else 0


if __name__ == "__main__":
    raise SystemExit(main())
