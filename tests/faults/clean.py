"""How often clean returns are warned about: `python -m tests.faults.clean [--histories N] [--seed S] [--quarters N]`.

Judges the demonstration's files, read as an office's file is, and invented histories (`histories.py`), every return
against those before it.  A warning is unneeded if the figures are right as generated; NEEDED lists the others.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from tests.faults.histories import build_history, name_world, read_history
from tests.samples.plan import CLOCK
from tests.samples.truth import LAST
from tests.support.paths import SAMPLES

if TYPE_CHECKING:
    from expectations.judge import History, JudgedReturn
    from pipelines.findings.finding import Finding

TARGET = 0.2
"""At most this many unneeded warnings per clean return: one per five returns."""
DEMONSTRATION = "files of the demonstration"
PROCESSES = os.cpu_count() or 1


@dataclass(frozen=True)
class Needed:
    """Findings of the rules at a return of the generator that deserve an explanation, with the reason."""

    file: str
    rules: str
    reason: str

    def is_covering(self, file: str, rule: str) -> bool:
        """Return True if a finding is one of these."""
        return fnmatch(file, self.file) and any(fnmatch(rule, pattern) for pattern in self.rules.split())


NEEDED = (
    Needed(
        "BA/justice/RZS_pravosudje_2023_3.ods",
        "plausible.* sum.*",
        "the generator adds six reported persons by mistake, and the office corrects them later",
    ),
    Needed("BA/justice/JT_BD_2024_1.csv", "nil.* coverage.*", "a nil return after quarters with figures"),
    Needed(
        "MK/justice/Pravosudstvo_2023_*1.xlsx",
        "coverage.*",
        "the sex of the persons under investigation is stated as not available, unlike before",
    ),
    Needed(
        "RS/justice/*2024*2.xml",
        "correction.*",
        "the file has a typing error, which the territory's list of corrections mends",
    ),
)
"""The situations that the generator plants and that a rule may ask about; the list is short on purpose."""


@dataclass(frozen=True)
class Alarm:
    """One warning or error at a return that has no fault."""

    group: str
    history: int | None
    file: str
    rule: str
    severity: str
    place: str
    text: str

    @property
    def territory(self) -> str:
        """The territory of the return."""
        return self.file.split("/")[0]

    @property
    def needed(self) -> str:
        """The reason why the return deserves it, or an empty text."""
        return next((item.reason for item in NEEDED if item.is_covering(self.file, self.rule)), "")


@dataclass(frozen=True)
class Measurement:
    """All warnings at clean returns, and the number of returns judged by group and territory."""

    alarms: tuple[Alarm, ...]
    returns: Mapping[tuple[str, str], int]

    def __add__(self, other: Measurement) -> Measurement:
        return Measurement((*self.alarms, *other.alarms), Counter(self.returns) + Counter(other.returns))

    @property
    def groups(self) -> list[str]:
        """The groups of returns: the demonstration's files, then each world of invented histories."""
        return list(dict.fromkeys(group for group, _ in self.returns))

    def count_returns(self, group: str | None = None) -> int:
        """Return the number of returns judged, of one group or of all."""
        return sum(count for (name, _), count in self.returns.items() if group in (None, name))

    def list_unneeded(self, group: str | None = None) -> list[Alarm]:
        """Return the warnings that are not needed, of one group or of all."""
        return [alarm for alarm in self.alarms if not alarm.needed and group in (None, alarm.group)]

    def compute_rate(self, group: str | None = None) -> float:
        """Return unneeded warnings per return."""
        return len(self.list_unneeded(group)) / max(1, self.count_returns(group))


NOTHING = Measurement((), {})


def measure_demonstration() -> Measurement:
    """Check every file of `raw_samples` in the order of arrival, with the findings of its reader."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckJob, check_many

    with (SAMPLES / "arrivals.csv").open(encoding="utf-8", newline="") as handle:
        arrivals = list(csv.DictReader(handle))
    jobs = (
        CheckJob(
            row["file"],
            (SAMPLES / row["file"]).read_bytes(),
            Path(row["file"]).name,
            received=datetime.fromisoformat(row["received_at"]),
        )
        for row in arrivals
    )
    reports = check_many(jobs, registry=load(), in_order=True)
    findings = {file: report.findings for file, report in reports.items()}
    return _tally(DEMONSTRATION, None, findings)


def measure_history(seed: int, quarters: int | None = None, *, read: bool = False) -> Measurement:
    """Judge the returns of an invented history; with `quarters`, only the newest, against all before them.

    With `read`, the files are written and read; else the rows that this would give are judged (see `histories.py`).
    """
    from pipelines.declarations.registry import load

    registry = load()
    returns = read_history(seed, registry) if read else build_history(seed, registry)
    return measure_returns(returns, seed, quarters, read=read)


def measure_returns(
    returns: Sequence[JudgedReturn], seed: int, quarters: int | None = None, *, read: bool = False
) -> Measurement:
    """Judge the returns of the history of a seed, like `measure_history`."""
    from expectations.judge import judge_returns
    from pipelines.declarations.registry import load

    registry = load()
    group = f"histories, {name_world(seed)}" + (", read" if read else "")
    total = NOTHING
    # All territories at once save a sixth of the time; sixteen quarters of them would take too much memory.
    for part in [returns] if quarters is not None else _split_by_territory(returns):
        before, judged = _split_by_age(part, quarters)
        history = _gather_history(before)
        findings = judge_returns(judged, history, registry, in_order=True)
        all_findings = {item.submission_id: [*item.reading.findings, *findings[item.submission_id]] for item in judged}
        total += _tally(group, seed, all_findings)
    return total


def measure_histories(
    seeds: Sequence[int], quarters: int | None = None, *, read: bool = False, processes: int = PROCESSES
) -> Iterator[Measurement]:
    """Yield the measurement of each history as it is ready, in any order."""
    # The tables are small: with two threads polars takes twice the processor time. It reads this when it is imported.
    one_thread = mock.patch.dict(os.environ, POLARS_MAX_THREADS="1")
    with one_thread, ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(measure_history, seed, quarters, read=read) for seed in seeds]):
            yield future.result()


def _split_by_territory(returns: Iterable[JudgedReturn]) -> list[list[JudgedReturn]]:
    """Return the returns of each territory: no rule compares two, and less memory is needed."""
    parts: dict[str, list[JudgedReturn]] = {}
    for item in returns:
        parts.setdefault(item.submission_id.split("/")[0], []).append(item)
    return list(parts.values())


def _split_by_age(
    returns: Sequence[JudgedReturn], quarters: int | None
) -> tuple[list[JudgedReturn], list[JudgedReturn]]:
    """Return the returns before the newest quarters, and those of these quarters."""
    if quarters is None:
        return [], list(returns)
    number = LAST.year * 4 + LAST.quarter - 1 - (quarters - 1)
    first = datetime(number // 4, 3 * (number % 4) + 1, 1).date()
    newest = [item.reading.periods[-1].end >= first for item in returns]
    return (
        [item for item, is_new in zip(returns, newest, strict=True) if not is_new],
        [item for item, is_new in zip(returns, newest, strict=True) if is_new],
    )


def _gather_history(returns: Sequence[JudgedReturn]) -> History | None:
    """Return the newest block of each series and period of some returns in the order of arrival, or None."""
    import polars as pl

    from expectations.judge import History

    if not returns:
        return None
    keys = ["jurisdiction", "form", "freq", "period"]
    tables = []
    for name in ("observations", "events"):
        blocks: dict[tuple[object, ...], pl.DataFrame] = {}
        for item in returns:
            blocks |= getattr(item.reading, name).partition_by(keys, as_dict=True)
        empty = getattr(returns[0].reading, name).clear()
        tables.append(pl.concat([empty, *blocks.values()]))
    return History(*tables, as_of=datetime.fromisoformat(CLOCK))


def _tally(group: str, history: int | None, findings: Mapping[str, Iterable[Finding]]) -> Measurement:
    alarms = tuple(
        Alarm(
            group,
            history,
            file,
            finding.rule,
            finding.severity,
            str(finding.where),
            f"{finding.params} {finding.seen} {finding.expected}",
        )
        for file, file_findings in findings.items()
        for finding in file_findings
        if finding.severity != "information"
    )
    return Measurement(alarms, Counter((group, file.split("/")[0]) for file in findings))


# ------------------------------------------------------------------------------------------------------------- report


def format_report(total: Measurement) -> str:
    """Return the rates by rule and territory, for each group of returns."""
    lines: list[str] = []
    for group in total.groups:
        unneeded = total.list_unneeded(group)
        territories = sorted({territory for name, territory in total.returns if name == group})
        rates = Counter((alarm.rule, alarm.territory) for alarm in unneeded)
        lines += ["", f"{group}: {total.count_returns(group)} returns, {len(unneeded)} unneeded warnings"]
        lines.append(_format_row("warnings per return", [*territories, "all"]))
        for rule in [*sorted({alarm.rule for alarm in unneeded}), "all rules"]:
            counts = [_count(rates, rule, territory) for territory in territories]
            returns = [total.returns[group, territory] for territory in territories]
            shares = [count / number for count, number in zip(counts, returns, strict=True)]
            lines.append(_format_row(rule, [f"{share:.4f}" for share in (*shares, sum(counts) / sum(returns))]))
        lines += [
            f"  needed: {alarm.rule} at {alarm.file}: {alarm.needed}"
            for alarm in dict.fromkeys(alarm for alarm in total.alarms if alarm.group == group and alarm.needed)
            if alarm.history is None
        ]
    rate, number = total.compute_rate(), total.count_returns()
    lines += ["", f"all: {rate:.4f} unneeded warnings per return ({number} returns); target: at most {TARGET}"]
    return "\n".join(lines).lstrip()


def _count(rates: Counter[tuple[str, str]], rule: str, territory: str) -> int:
    return sum(n for (name, area), n in rates.items() if area == territory and rule in (name, "all rules"))


def _format_row(name: str, cells: Iterable[str]) -> str:
    return f"  {name:<28}" + "".join(f"{cell:>9}" for cell in cells)


def main() -> int:
    """Measure, showing progress, and print the report; return 1 if the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.clean", description="Measure unneeded warnings.")
    parser.add_argument("--histories", type=int, default=200, help="invented histories of 16 quarters (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first history (default: 1)")
    parser.add_argument("--quarters", type=int, help="judge only the newest quarters of each history (default: all)")
    parser.add_argument("--read", type=int, default=1, help="histories whose files are written and read (default: 1)")
    parser.add_argument("--list", action="store_true", help="list every unneeded warning")
    parser.add_argument("--rules", nargs="*", help="count only these rules, for example 'structure.*'")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    options = parser.parse_args()
    total = measure_demonstration()
    seeds = range(options.seed, options.seed + options.histories)
    for read, chosen in ((True, seeds[: options.read]), (False, seeds[options.read :])):
        for number, measured in enumerate(
            measure_histories(chosen, options.quarters, read=read, processes=options.processes), start=1
        ):
            total += measured
            print(f"  {number} of {len(chosen)} histories {'read' if read else 'judged'}", file=sys.stderr, flush=True)
    if options.rules:
        chosen_alarms = tuple(a for a in total.alarms if any(fnmatch(a.rule, pattern) for pattern in options.rules))
        total = Measurement(chosen_alarms, total.returns)
    if options.list:
        for alarm in total.list_unneeded():
            where = alarm.file if alarm.history is None else f"{alarm.file} of history {alarm.history}"
            print(f"{alarm.severity} {alarm.rule} {where} {alarm.place}: {alarm.text}")
    print(format_report(total))
    return 0 if total.compute_rate() <= TARGET else 1


if __name__ == "__main__":
    # The clock of the demonstration, unless the caller has set another.
    os.environ.setdefault("RTI_NOW", CLOCK)
    raise SystemExit(main())
