"""A finding: what a rule has to say about one place of one return.

A rule's default severity, its message and its remedy stand once in `rules.py`; they are put into the reader's
language at the edge, by `pipelines/core/i18n/`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from pipelines.model.content import Scalar, Where
from pipelines.model.long_tables import FINDING

Severity = Literal["error", "warning", "information"]
RuleScope = Literal["file", "history"]
_RANK = {"error": 0, "warning": 1, "information": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `seen` and `expected` are the values side by side, as text, where the rule has such a pair."""

    rule: str
    severity: Severity
    where: Where = field(default_factory=Where)
    params: dict[str, Scalar] = field(default_factory=dict)
    seen: str | None = None
    expected: str | None = None
    scope: RuleScope = "file"

    @property
    def key(self) -> str:
        """Sixteen hex digits over rule, place and seen value: the same finding in the same file has the same key."""
        text = json.dumps([self.rule, self.where.as_dict(), self.seen], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors before warnings before information; within a severity the order in which they were found."""
    return sorted(findings, key=lambda f: _RANK[f.severity])


def verdict(findings: Iterable[Finding]) -> Severity | Literal["good"]:
    """The worst severity, or `good` where there is none."""
    return min((f.severity for f in findings), key=_RANK.__getitem__, default="good")


def as_frame(findings: Iterable[Finding], submission_id: str) -> pl.DataFrame:
    """Findings in the schema FINDING."""
    rows = [
        {
            "submission_id": submission_id,
            "rule": f.rule,
            "severity": f.severity,
            "params": json.dumps(f.params, sort_keys=True, ensure_ascii=False),
            "where": json.dumps(f.where.as_dict(), sort_keys=True, ensure_ascii=False),
            "seen": f.seen,
            "expected": f.expected,
            "scope": f.scope,
            "finding_key": f.key,
        }
        for f in findings
    ]
    return pl.DataFrame(rows, schema=FINDING)
