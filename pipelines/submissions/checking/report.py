"""The validation report of a check: verdict, findings, control totals and hashes, and their JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pipelines.findings.finding import Finding, worst_first
from pipelines.findings.texts import describe_finding

if TYPE_CHECKING:
    from pipelines.ledger.acts import Block
    from pipelines.reading.standardise.standardise import Reading

Verdict = Literal["good", "information", "warning", "error", "unreadable"]


@dataclass(frozen=True)
class Report:
    """The validation report of one file.

    `verdict` is the worst severity, `good` without findings, or `unreadable` if there is no content to judge. `hash`
    covers the bytes, all declarations, the version of the rules and the findings in the file itself, so it is the same
    offline and in the pipeline. `history_hash` also covers the accepted returns that the file was compared with and
    the resulting findings; it is None without history. `not_run` lists the rules that need history and had none.
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
        """Return the exit code: 0 no errors, 1 findings of severity error, 2 unreadable."""
        return {"error": 1, "unreadable": 2}.get(self.verdict, 0)

    @property
    def not_run(self) -> tuple[str, ...]:
        """Return the rules that need history and had none."""
        return self.history_rules if self.history_hash is None else ()

    @property
    def observations(self) -> int:
        """Return the number of observations read, including missing values; excludes events of a register."""
        return self.reading.observations.height if self.reading is not None else 0

    @property
    def events(self) -> int:
        """Return the number of register events read."""
        return self.reading.events.height if self.reading is not None else 0

    def count_findings(self, severity: str) -> int:
        """Return the number of findings of a severity."""
        return sum(f.severity == severity for f in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain dicts and lists, the JSON documented in `docs/cli.md`."""
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
    """Return a finding as a dict, with its place in parts and its texts in the reader's language."""
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
    """Return the SHA-256 of file, declarations, rules and the findings of scope `file`, in a canonical order."""
    return _digest(["file", sha256, declaration_hash, rules_version, _canonical_findings(findings, "file")])


def history_hash(report_hash: str, known: Sequence[str], findings: Sequence[Finding]) -> str:
    """Return the SHA-256 of the file's hash, the accepted submissions compared, and the findings of scope `history`."""
    return _digest(["history", report_hash, sorted(set(known)), _canonical_findings(findings, "history")])


_ARRIVAL_RULES = ("coverage.late",)
"""Rules about the time of arrival, which are not part of the hash because they do not depend on the content."""


def _canonical_findings(findings: Sequence[Finding], scope: str) -> list[Any]:
    return sorted(
        json.dumps(
            [f.rule, f.severity, f.where.as_dict(), f.params, f.seen, f.expected], sort_keys=True, ensure_ascii=False
        )
        for f in findings
        if f.scope == scope and f.rule not in _ARRIVAL_RULES
    )


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
