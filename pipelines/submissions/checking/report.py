"""The report of a check: its verdict, findings, control totals and hashes, and their JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pipelines.findings.finding import Finding, worst_first
from pipelines.findings.texts import describe_finding

if TYPE_CHECKING:
    from pipelines.reading.standardise.standardise import Reading
    from pipelines.submissions.ledger import Block

Verdict = Literal["good", "information", "warning", "error", "unreadable"]


@dataclass(frozen=True)
class Report:
    """What is known of one file after its check.

    `verdict` is the worst severity, `good` where nothing was found, or `unreadable` where there is no content to judge.
    `hash` covers the bytes, all declarations, the rules' version and what was found in the file itself: it is the same
    for the same file offline and in the pipeline.  `history_hash` covers in addition which accepted returns it was held
    against and what that brought; None where there was no history.  `not_run` names rules that need history.
    """

    filename: str
    sha256: str
    size: int
    language: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    rules_version: str
    declaration_hash: str
    hash: str
    history_hash: str | None
    history_rules: tuple[str, ...]
    format: str | None = None
    territory: str | None = None
    form: str | None = None
    kind: str | None = None
    blocks: tuple[Block, ...] = ()
    totals: tuple[dict[str, Any], ...] = ()
    candidates: tuple[str, ...] = ()
    jurisdiction: str | None = None
    instrument: str | None = None
    reading: Reading | None = field(default=None, repr=False, compare=False)

    @property
    def exit_code(self) -> int:
        """0 good, 1 findings of severity error, 2 cannot be read."""
        return {"error": 1, "unreadable": 2}.get(self.verdict, 0)

    @property
    def not_run(self) -> tuple[str, ...]:
        """Rules that need history and had none."""
        return self.history_rules if self.history_hash is None else ()

    @property
    def observations(self) -> int:
        """How many numbers (or missing numbers) were read; events of a register are counted apart."""
        return self.reading.observations.height if self.reading is not None else 0

    @property
    def events(self) -> int:
        """How many events of a register were read."""
        return self.reading.events.height if self.reading is not None else 0

    def count(self, severity: str) -> int:
        """How many findings have this severity."""
        return sum(f.severity == severity for f in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Plain dicts and lists: the JSON of `docs/cli.md`."""
        return {
            "verdict": self.verdict,
            "file": {"name": self.filename, "sha256": self.sha256, "size": self.size, "format": self.format},
            "territory": self.territory,
            "jurisdiction": self.jurisdiction,
            "instrument": self.instrument,
            "form": self.form,
            "candidates": list(self.candidates),
            "kind": self.kind,
            "blocks": [
                {
                    "jurisdiction": b.jurisdiction,
                    "instrument": b.instrument,
                    "form": b.form,
                    "freq": b.freq,
                    "period": b.period,
                    "rows": b.rows,
                    "nil": b.nil,
                }
                for b in self.blocks
            ],
            "observations": self.observations,
            "events": self.events,
            "totals": list(self.totals),
            "rules_version": self.rules_version,
            "declaration_hash": self.declaration_hash,
            "hash": self.hash,
            "history_hash": self.history_hash,
            "language": self.language,
            "findings": [finding_as_json(f, self.filename, self.language) for f in worst_first(self.findings)],
            "history_rules": [
                {
                    "rule": rule,
                    "status": "not_run" if self.history_hash is None else "run",
                    "findings": sum(f.rule == rule for f in self.findings),
                }
                for rule in self.history_rules
            ],
            "not_run": list(self.not_run),
        }


def finding_as_json(finding: Finding, filename: str, language: str) -> dict[str, Any]:
    """One finding with its place in parts and its words in the reader's language."""
    from pipelines.findings.places import place_words

    words = describe_finding(finding, language)
    where = finding.where
    return {
        "key": finding.key,
        "rule": finding.rule,
        "severity": finding.severity,
        "scope": finding.scope,
        "params": finding.params,
        "where": {
            "file": filename,
            "sheet": where.sheet,
            "cell": where.cell,
            "page": where.page,
            "box": list(where.box) if where.box is not None else None,
            "table": where.table,
            "line": where.line,
            "column": where.column,
            "keyword": where.keyword,
            "words": place_words(where, language) if str(where) else "",
        },
        "seen": finding.seen,
        "expected": finding.expected,
        "message": words.message,
        "remedy": words.remedy,
    }


def file_hash(sha256: str, declaration_hash: str, rules_version: str, findings: Sequence[Finding]) -> str:
    """SHA-256 over file, declarations, rules and the findings of scope `file`, in a canonical order."""
    return _digest(["file", sha256, declaration_hash, rules_version, _canonical(findings, "file")])


def history_hash(report_hash: str, known: Sequence[str], findings: Sequence[Finding]) -> str:
    """SHA-256 over the file's hash, the accepted submissions that were known, and the findings of scope `history`."""
    return _digest(["history", report_hash, sorted(set(known)), _canonical(findings, "history")])


_OF_THE_ARRIVAL = ("coverage.late",)
"""Rules about when a return came, not about what is in it: no part of a hash of the file."""


def _canonical(findings: Sequence[Finding], scope: str) -> list[Any]:
    return sorted(
        json.dumps(
            [f.rule, f.severity, f.where.as_dict(), f.params, f.seen, f.expected], sort_keys=True, ensure_ascii=False
        )
        for f in findings
        if f.scope == scope and f.rule not in _OF_THE_ARRIVAL
    )


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
