"""How many planted faults are found where they were planted.

Run as `python -m tests.faults`; the benchmarks print the same figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.catalogue import Fault, catalogue
from tests.support.paths import SAMPLES

if TYPE_CHECKING:
    from pipelines.submissions.checking.report import Report

_RANK = {"error": 0, "warning": 1, "information": 2}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault: the findings (severity, rule, place), and why it does not count as found."""

    fault: Fault
    findings: tuple[tuple[str, str, str], ...]
    missed: str


def measure(faults: Sequence[Fault] | None = None) -> list[Outcome]:
    """Plant each fault, check each file (without history), and compare."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckJob, check_many

    chosen = list(catalogue() if faults is None else faults)
    jobs = [CheckJob(f.name, f.edit((SAMPLES / f.file).read_bytes()), Path(f.file).name) for f in chosen]
    reports = check_many(jobs, registry=load())
    return [_outcome(fault, reports[fault.name]) for fault in chosen]


def _outcome(fault: Fault, report: Report) -> Outcome:
    found = tuple((f.severity, f.rule, str(f.where)) for f in report.findings)
    spoken = [one for one in found if one[1] in fault.rules]
    here = [one for one in spoken if one[2] == fault.place]
    if not spoken:
        missed = f"none of {', '.join(fault.rules)} spoke"
    elif not here:
        missed = f"it was placed at {', '.join(sorted({place for _, _, place in spoken})[:3])}"
    elif min(_RANK[severity] for severity, _, _ in here) > _RANK[fault.severity]:
        missed = f"it is only {here[0][0]}"
    else:
        missed = ""
    return Outcome(fault, found, missed)


def clean() -> list[str]:
    """Every demonstration return that has a finding of severity error although nothing was planted in it."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckJob, check_many

    files = sorted(p for p in SAMPLES.glob("*/*/*") if p.is_file())
    jobs = (CheckJob(str(p), p.read_bytes(), p.name) for p in files)
    return [key for key, report in check_many(jobs, registry=load()).items() if report.count_findings("error")]
