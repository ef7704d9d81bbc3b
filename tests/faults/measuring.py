"""How many planted faults are found at their place, by family.

Run as `python -m tests.faults`; the benchmarks print the same figures.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.catalogue import list_all_faults
from tests.faults.fault import Fault
from tests.support.paths import SAMPLES

if TYPE_CHECKING:
    from expectations.judge import History
    from pipelines.submissions.checking.read_task import ReadResult
    from pipelines.submissions.checking.report import Report

_RANK = {"error": 0, "warning": 1, "information": 2}
_BATCH = 60
"""Returns judged at once: each is compared with a history of its own copy, which takes memory."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one fault: the findings (severity, rule, place), and why it does not count as found.

    `found_anywhere` is True if a rule that may find it did so, at whatever place.
    """

    fault: Fault
    findings: tuple[tuple[str, str, str], ...]
    missed: str
    found_anywhere: bool


@dataclass(frozen=True, slots=True)
class FamilyShare:
    """How many faults of a family are found at all, and at their place."""

    family: str
    planted: int
    found_at_all: int
    at_place: int


def plant_faults(faults: Iterable[Fault]) -> Iterator[tuple[Fault, bytes]]:
    """Yield each fault with the bytes of its file in which it is planted."""
    return ((fault, fault.edit((SAMPLES / fault.file).read_bytes())) for fault in faults)


def measure_faults(planted: Iterable[tuple[Fault, bytes]] | None = None) -> list[Outcome]:
    """Check each file with a planted fault, with the history that the fault asks for, and compare."""
    chosen: list[Fault] = []

    def list_returns() -> Iterator[tuple[str, str, bytes, str, bool]]:
        for fault, data in plant_faults(list_all_faults()) if planted is None else planted:
            chosen.append(fault)
            yield fault.name, fault.file, data, fault.filename, fault.history

    reports = check_returns(list_returns())
    before = check_unchanged((fault.file, fault.history) for fault in chosen)
    return [_compare(fault, reports[fault.name], before[fault.file, fault.history]) for fault in chosen]


def share_by_family(outcomes: Iterable[Outcome]) -> list[FamilyShare]:
    """Return the shares of each family, in the order of the catalogue."""
    by_family: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_family.setdefault(outcome.fault.family, []).append(outcome)
    return [
        FamilyShare(
            family,
            len(of_family),
            sum(outcome.found_anywhere for outcome in of_family),
            sum(not outcome.missed for outcome in of_family),
        )
        for family, of_family in by_family.items()
    ]


_UNCHANGED: dict[tuple[str, bool], set[tuple[str, str]]] = {}


def provide_unchanged(findings: Mapping[tuple[str, bool], set[tuple[str, str]]]) -> None:
    """Provide what `check_unchanged` returned in another process, which had the same code and the same files."""
    _UNCHANGED.update(findings)


def check_unchanged(files: Iterable[tuple[str, bool]]) -> dict[tuple[str, bool], set[tuple[str, str]]]:
    """Return (rule, place) of the findings that each file has without a fault, without and with the history."""
    keys = sorted(set(files))
    unknown = {f"{file} {history}": (file, history) for file, history in keys if (file, history) not in _UNCHANGED}
    if unknown:
        reports = check_returns(
            (name, file, (SAMPLES / file).read_bytes(), "", history) for name, (file, history) in unknown.items()
        )
        for name, report in reports.items():
            _UNCHANGED[unknown[name]] = {(f.rule, str(f.where)) for f in report.findings}
    return {key: _UNCHANGED[key] for key in keys}


def check_returns(planted: Iterable[tuple[str, str, bytes, str, bool]]) -> dict[str, Report]:
    """Check returns given by key, file of the demonstration, bytes, name and whether the history is known."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckJob, check_many

    received = {row["file"]: _parse_time(row["received_at"]) for row in _list_arrivals()}
    with_history: list[CheckJob] = []
    without: list[CheckJob] = []
    for key, file, data, filename, history in planted:
        job = CheckJob(key, data, filename or Path(file).name, received=received[file])
        (with_history if history else without).append(job)
    reports = check_many(without, registry=load())
    for start in range(0, len(with_history), _BATCH):
        reports |= check_many(with_history[start : start + _BATCH], registry=load(), history=_select_history)
    return reports


def _compare(fault: Fault, report: Report, before: set[tuple[str, str]]) -> Outcome:
    findings = tuple((f.severity, f.rule, str(f.where)) for f in report.findings)
    new = [finding for finding in findings if finding[1:] not in before]
    matching = [finding for finding in new if not fault.rules or finding[1] in fault.rules]
    severe = [finding for finding in matching if _RANK[finding[0]] <= _RANK[fault.severity]]
    at_place = [finding for finding in severe if any(_is_at(finding[2], place) for place in (fault.place, *fault.also))]
    if not matching:
        missed = f"none of {', '.join(fault.rules)} found it" if fault.rules else "nothing new was found"
    elif not severe:
        missed = f"it is only {matching[0][0]} ({matching[0][1]})"
    elif not at_place:
        missed = f"it was placed at {', '.join(sorted({place or 'the file' for _, _, place in severe})[:3])}"
    else:
        missed = ""
    return Outcome(fault, findings, missed, bool(severe))


def _is_at(place: str, expected: str) -> bool:
    return place.startswith(expected[:-1]) if expected.endswith("*") else place == expected


def find_wrongly_refused() -> list[str]:
    """Return every demonstration return with a finding of severity error although no fault is planted in it."""
    from expectations.judge import JudgedReturn, judge_returns
    from pipelines.declarations.registry import load

    wrong: set[str] = set()
    returns: list[JudgedReturn] = []
    for file, result in read_samples().items():
        if result.reading is None or any(f.severity == "error" for f in (*result.findings, *result.reading.findings)):
            wrong.add(file)
        else:
            returns.append(JudgedReturn(file, result.reading))
    judged = judge_returns(returns, None, load())
    wrong |= {file for file, findings in judged.items() if any(f.severity == "error" for f in findings)}
    return sorted(wrong)


# ------------------------------------------------------------------------------------------------------------- history


_READ_SAMPLES: dict[str, ReadResult] = {}


def provide_samples(results: Mapping[str, ReadResult]) -> None:
    """Provide what `read_samples` returned in another process, which had the same code and the same files."""
    _READ_SAMPLES.update(results)


def read_samples() -> Mapping[str, ReadResult]:
    """Read every return of the demonstration, once in each process, and return the results by file."""
    if not _READ_SAMPLES:
        _READ_SAMPLES.update(_read_samples())
    return _READ_SAMPLES


def _read_samples() -> dict[str, ReadResult]:
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.read_task import ReadResult, Task
    from pipelines.submissions.checking.shared_pool import SHARED

    digest = load().digest

    def make_tasks() -> Iterator[tuple[str, Task]]:
        for path in sorted(p for p in SAMPLES.glob("*/*/*") if p.is_file()):
            file = path.relative_to(SAMPLES).as_posix()
            yield file, Task(path.read_bytes(), path.name, file, digest)

    read: dict[str, ReadResult] = {}
    with SHARED.borrow_pool(digest) as pool, closing(pool.map_jobs(make_tasks())) as results:
        for file, result in results:
            assert isinstance(result, ReadResult), f"{file}: {result}"
            read[file] = result
    return read


@cache
def read_history() -> History:
    """Return the newest accepted figures of each block, without those of the newest return of each series."""
    import polars as pl

    from expectations.judge import History
    from pipelines.model.long_tables import CASE_EVENT, OBSERVATION, OBSERVATION_KEY, empty_table

    arrivals = _list_arrivals()
    last = {(row["jurisdiction"], row["instrument"]): row["file"] for row in arrivals}
    observations: dict[tuple[object, ...], pl.DataFrame] = {}
    events: dict[tuple[object, ...], pl.DataFrame] = {}
    for row in arrivals:
        reading = read_samples()[row["file"]].reading
        if row["file"] == last[row["jurisdiction"], row["instrument"]] or reading is None:
            continue
        for blocks, table, key in (
            (observations, reading.observations, OBSERVATION_KEY),
            (events, reading.events, None),
        ):
            for block, rows in table.partition_by(["jurisdiction", "form", "freq", "period"], as_dict=True).items():
                if row["kind"] == "patch" and key is not None and block in blocks:
                    rows = pl.concat([blocks[block], rows]).unique(key, keep="last", maintain_order=True)
                blocks[block] = rows
    return History(
        pl.concat([empty_table(OBSERVATION), *observations.values()]),
        pl.concat([empty_table(CASE_EVENT), *events.values()]),
        datetime(2026, 11, 20, tzinfo=UTC),
    )


def _select_history(jurisdictions: Sequence[str]) -> History:
    import polars as pl

    from expectations.judge import History

    whole = read_history()
    is_asked = pl.col("jurisdiction").is_in(list(jurisdictions))
    return History(whole.observations.filter(is_asked), whole.events.filter(is_asked), whole.as_of)


@cache
def _list_arrivals() -> list[dict[str, str]]:
    """Return the returns of the demonstration in the order of their arrival."""
    with (SAMPLES / "arrivals.csv").open(encoding="utf-8", newline="") as handle:
        return sorted(csv.DictReader(handle), key=lambda row: row["received_at"])


def _parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
