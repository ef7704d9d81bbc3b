"""Command line of the simulation: `python -m tests.simulation [--runs N]`.

With no options it takes a few minutes, prints its tables and writes `docs/methodology/simulation.md`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.simulation.report import WHOLE, Size, write_page
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "methodology" / "simulation.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Measure the statistics.")
    parser.add_argument("--runs", type=int, help="runs an interval, for a quick look; nothing is written")
    options = parser.parse_args()
    if options.runs is not None:
        few = max(20, options.runs // 50)
        write_page(Size(options.runs, few, few), lambda part: print(part, end="\n\n", flush=True))
        return
    PAGE.write_text(write_page(WHOLE, lambda part: print(part, end="\n\n", flush=True)), encoding="utf-8")
    print(f"written: {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")


if __name__ == "__main__":
    main()
