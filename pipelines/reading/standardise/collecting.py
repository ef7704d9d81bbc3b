"""Collect the results of a reading: numbers, events, findings, bindings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

from pipelines.findings import rules
from pipelines.findings.finding import Finding, Severity
from pipelines.model.content import Scalar, Where
from pipelines.reading.standardise.addressing import Trouble
from pipelines.reading.standardise.numbered import Key, Number

CAP = 100
"""Findings listed per rule; the rest are counted. A wrong file would otherwise produce thousands."""

Role = Literal[
    "title", "sheet", "corner", "heading", "label", "section", "value", "check", "ignored", "contact", "note",
    "unknown", "dimension", "nil", "pseudonym",
]  # fmt: skip


class Binding(NamedTuple):
    """Role of a cell in the form. `table`, `row`, `column` are its position in the Grid, `codes` its coordinates."""

    where: Where
    role: Role
    codes: Mapping[str, str]
    table: int = -1
    row: int = 0
    column: int = 0


@dataclass(slots=True)
class Collector:
    """Collected results of one reading."""

    findings: list[Finding] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    refused: list[Key] = field(default_factory=list)
    """Keys of cells that are present but could not be believed: a sum over them cannot be judged as complete."""
    bindings: list[Binding] = field(default_factory=list)
    periods: set[str] = field(default_factory=set)
    events: list[dict[str, object]] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _reported_troubles: set[tuple[object, ...]] = field(default_factory=set)

    def add_finding(
        self,
        rule: str,
        where: Where,
        *,
        severity: Severity | None = None,
        seen: str | None = None,
        expected: str | None = None,
        **params: Scalar,
    ) -> None:
        """Add a finding, with the rule's own severity unless `severity` is set."""
        self._counts[rule] += 1
        if self._counts[rule] <= CAP:
            level = severity or rules.find_rule(rule).severity
            self.findings.append(Finding(rule, level, where, params, seen, expected))

    def add_trouble(self, trouble: Trouble, where: Where, key: object = None) -> None:
        """Add a trouble of an address, once for the whole return (or once for each `key`)."""
        signature = (trouble.rule, *sorted(trouble.params.items()), trouble.seen, key)
        if signature not in self._reported_troubles:
            self._reported_troubles.add(signature)
            params = dict(trouble.params)
            severity = cast(Severity, trouble.severity)
            self.add_finding(
                trouble.rule, where, severity=severity, seen=trouble.seen, expected=trouble.expected, **params
            )

    def add_findings(self, findings: list[Finding]) -> None:
        """Add findings made elsewhere, under the same cap."""
        for finding in findings:
            self._counts[finding.rule] += 1
            if self._counts[finding.rule] <= CAP:
                self.findings.append(finding)

    def findings_of_severity(self, severity: Severity) -> list[Finding]:
        """Return the findings of one severity so far."""
        return [f for f in self.findings if f.severity == severity]

    def remove_findings(self, ids: set[str]) -> None:
        """Remove the findings of some rules: a nil return needs no table."""
        self.findings = [f for f in self.findings if f.rule not in ids]

    def summarise_capped(self) -> list[Finding]:
        """Return one finding of severity information for each rule whose findings were capped."""
        return [
            Finding("findings.capped", "information", params={"rule": rule, "count": count - CAP})
            for rule, count in self._counts.items()
            if count > CAP
        ]


def nearest_words(near: str | None) -> str:
    """Return the end of a message that proposes the nearest declared word, empty if there is none."""
    return f" Nearest declared: '{near}'." if near else ""
