"""A made-up form and reader, so that tests of checking and submitting need neither a real file nor a child process.

A file is lines of `period;measure;value`; the first line may be `unknown` (no form), `broken` (cannot be read) or
`person` (names persons).  A negative value is an error, one above 100 a warning.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import polars as pl
import pytest

from pipelines.findings import rules
from pipelines.findings.finding import Finding
from pipelines.findings.rules import Rule
from pipelines.model.content import ReadError, Where
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, empty_table
from pipelines.model.periods import Period
from pipelines.reading.standardise.standardise import Reading
from pipelines.submissions.checking import check
from pipelines.submissions.checking.read_task import ReadResult, Task
from tests.support.fakes.ledger_fakes import make_observations

SERIES = "QQ-JUSTICE-OFFICE"
FORM = SimpleNamespace(
    id="QQ-JUSTICE-1", series=SERIES, jurisdiction="QQ", instrument="justice", freq="Q", valid="2020-Q1.."
)
REGISTRY: Any = SimpleNamespace(
    digest="d" * 64,
    forms={FORM.id: FORM},
    territories={},  # none expects a return
    territory_of=lambda _code: SimpleNamespace(code="QQ", kind="national"),
)
FAKE_RULES = {
    "test.negative": Rule("test.negative", "error", "{measure} is {seen}.", "Correct it."),
    "test.high": Rule("test.high", "warning", "{measure} is {seen}, above {expected}.", "Check it."),
    "person.name": Rule("person.name", "error", "A name of a person.", "Delete it."),
    "test.changed": Rule("test.changed", "information", "It was {expected}.", "Nothing to do.", "history"),
}


@dataclass(frozen=True)
class History:
    """As in `expectations.judge`."""

    observations: pl.DataFrame
    events: pl.DataFrame
    as_of: object


@dataclass(frozen=True)
class JudgedReturn:
    """As in `expectations.judge`."""

    submission_id: str
    reading: Any
    received: object = None


def judge_returns(
    readings: list[JudgedReturn], history: History | None, _registry: Any, *, in_order: bool = False
) -> dict[str, list[Finding]]:
    """Return one finding for each return if there is any history."""
    has_history = history is not None or in_order
    return {
        judged.submission_id: [Finding("test.changed", "information", expected="1", scope="history")]
        if has_history
        else []
        for judged in readings
    }


def read_task(task: Task) -> ReadResult:
    """Read the made-up format."""
    lines = task.data.decode().split()
    if lines[0] == "broken":
        raise ReadError("read.malformed", Where(line=1), format="test", detail="broken on purpose")
    if lines[0] == "unknown":
        return ReadResult(
            "csv", None, (), (Finding("return.not_recognised", "error", params={"nearest": "none"}),), None
        )
    findings = [Finding("person.name", "error")] if lines[0] == "person" else []
    values: dict[tuple[str, str], float] = {}
    for number, line in enumerate(lines, start=1):
        if ";" not in line:
            continue
        period, measure, value = line.split(";")
        values[period, measure] = float(value)
        where, params = Where(line=number), {"measure": measure}
        if float(value) < 0:
            findings.append(Finding("test.negative", "error", where, dict(params), seen=value))
        if float(value) > 100:
            findings.append(Finding("test.high", "warning", where, dict(params), seen=value, expected="100"))
    reading = Reading(
        form=FORM.id,
        series=SERIES,
        kind="full",
        nil=False,
        periods=[Period.from_code(p) for p in sorted({p for p, _ in values})],
        observations=make_observations(task.submission_id, values),
        events=empty_table(CASE_EVENT),
        findings=findings,
        bindings=[],
        sums=empty_table(DECLARED_SUM),
    )
    return ReadResult("csv", FORM.id, (FORM.id,), (), reading)


class Pool:
    """A pool that starts no process. `accounts` lists the accounts that files were read for."""

    accounts: ClassVar[list[str | None]] = []

    def map_jobs(
        self, jobs: Iterator[tuple[str, Task]], account: str | None = None
    ) -> Iterator[tuple[str, ReadResult | ReadError]]:
        self.accounts.append(account)
        for key, task in jobs:
            try:
                yield key, read_task(task)
            except ReadError as error:
                yield key, error


class Shared:
    @contextmanager
    def borrow_pool(self, _digest: str) -> Iterator[Pool]:
        yield Pool()


def install_fakes(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Rule]:
    """Replace the real reader, judge and rules for one test."""
    module = types.ModuleType("expectations.judge")
    module.__dict__.update(
        History=History, JudgedReturn=JudgedReturn, judge_returns=judge_returns, RULES_VERSION="test.1"
    )
    monkeypatch.setitem(sys.modules, "expectations.judge", module)
    monkeypatch.setattr(check, "SHARED", Shared())
    for identity, rule in FAKE_RULES.items():
        monkeypatch.setitem(rules.RULES, identity, rule)
    return FAKE_RULES
