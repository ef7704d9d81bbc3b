"""`python -m tests.kills --kills 200 --seed 1 --work FOLDER`: kill, check, and print a table by step.

A run that was interrupted goes on where it stopped: the folder keeps the homes and one line for each kill. Exits with 1
if a kill left something wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.kills.killing import STEPS, Killer, choose_steps
from tests.kills.victims import load_program


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the kills that the folder of work does not have yet, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="where homes and results are kept (default: removed at the end)")
    parser.add_argument("--given", type=Path, help="a folder with `home` (a release and a draft) and `samples`")
    parser.add_argument("--only", choices=tuple(STEPS), nargs="*", help="only these steps")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="rti-kills-") as scratch:
        folder = options.work or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        load_program()
        killer = Killer(folder, options.given)
        results = folder / f"kills-{options.seed}.jsonl"
        entries = {entry["number"]: entry for entry in _read(results)}
        for number, step in enumerate(choose_steps(options.kills, options.seed)):
            if number in entries or (options.only and step not in options.only):
                continue
            entry = {"number": number, **killer.kill_once(step, f"{options.seed}-{number}")}
            with results.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(entry) + "\n")
            entries[number] = entry
            outcome = f"{entry['problem'] or 'good'} ({entry['seconds']} s)"
            print(f"{number:4} {step:8} {entry['where']}: {outcome}", flush=True)
        print(describe_results(list(entries.values())))
        return 1 if any(entry["problem"] for entry in entries.values()) else 0


def _read(results: Path) -> list[dict[str, object]]:
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def describe_results(entries: Sequence[dict[str, object]]) -> str:
    """Return the table of kills by step, and each problem."""
    kills, good = Counter(entry["step"] for entry in entries), Counter(e["step"] for e in entries if not e["problem"])
    lines = ["", f"{'step':10} kills  good"]
    lines += [f"{step:10} {kills[step]:5}  {good[step]:4}" for step in STEPS if kills[step]]
    lines.append(f"{'all':10} {kills.total():5}  {good.total():4}")
    lines += [
        f"{entry['step']} {entry['number']} ({entry['where']}): {entry['problem']}"
        for entry in entries
        if entry["problem"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
