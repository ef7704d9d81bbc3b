"""`python -m tests.fuzzing [--seconds N] [--seed N] [--out FOLDER] [READER …]`: search each reader for faults."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzzing.search import TARGETS, search_faults, write_faults


def main() -> int:
    """Search the named readers, or all; print a line for each and return 1 if one has a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description="Search the readers for faults.")
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(target.name for target in TARGETS))
    parser.add_argument("--seconds", type=float, default=600.0, help="for each reader; default 600")
    parser.add_argument("--seed", type=int, default=0, help="the same number draws the same files")
    parser.add_argument("--out", type=Path, help="a folder for the files that break a reader")
    options = parser.parse_args()
    if unknown := set(options.readers) - {target.name for target in TARGETS}:
        parser.error(f"no reader is named {', '.join(sorted(unknown))}")
    has_fault = False
    for target in TARGETS:
        if options.readers and target.name not in options.readers:
            continue
        outcome = search_faults(target, seconds=options.seconds, first_seed=options.seed)
        counts = ", ".join(f"{rule} {count}" for rule, count in outcome.counts.most_common())
        print(f"{target.name}: {outcome.counts.total()} files in {outcome.seconds:.0f} s: {counts}", flush=True)
        for fault in outcome.faults:
            has_fault = True
            print(f"  fault: {fault.reason}\n    {fault.damage}", flush=True)
        if options.out and outcome.faults:
            write_faults(outcome, options.out)
    return int(has_fault)


if __name__ == "__main__":
    sys.exit(main())
