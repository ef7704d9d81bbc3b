"""A finding: the result of a rule at one place of a return.

The default severity, message and remedy of each rule are in `rules.py`; `texts.py` translates them for display.
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
    """One finding. `seen` and `expected` are the compared values as text, if the rule compares two values."""

    rule: str
    severity: Severity
    where: Where = field(default_factory=Where)
    params: dict[str, Scalar] = field(default_factory=dict)
    seen: str | None = None
    expected: str | None = None
    scope: RuleScope = "file"

    @property
    def key(self) -> str:
        """Hash of rule, place and seen value in 16 hex digits: the same finding in the same file has the same key."""
        text = json.dumps([self.rule, self.where.as_dict(), self.seen], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort errors before warnings before information; keep the order within a severity."""
    return sorted(findings, key=lambda f: _RANK[f.severity])


def compute_verdict(findings: Iterable[Finding]) -> Severity | Literal["good"]:
    """Return the worst severity, or `good` without findings."""
    return min((f.severity for f in findings), key=_RANK.__getitem__, default="good")


def as_frame(findings: Iterable[Finding], submission_id: str) -> pl.DataFrame:
    """Convert findings to a frame in the schema FINDING."""
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
