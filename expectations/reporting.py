"""How failing rows of a table become findings: the rule that they break, and the columns that fill its message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Literal

from pipelines.findings import rules as all_rules
from pipelines.findings.finding import Finding, Severity
from pipelines.model.content import Scalar, Where
from pipelines.model.periods import format_runs

_SMALLEST_SHOWN = 0.0001
Row = Mapping[str, Any]
MOST_LISTED = 3
"""Rules on single records list at most this many of a return; of more, which have one cause as a shifted column has,
the first one with their number."""
EMPTY = "(empty)"
"""Written where a coded part of a key is empty, since Great Expectations finds a missing value in every set."""


@dataclass(frozen=True)
class FindingTemplate:
    """The rule that a failing row breaks, and the columns of the row that its finding shows.

    `seen` and `expected` name the columns with those values of the finding; `params` maps further parameters of the
    rule to columns, `constants` maps them to values, and `severity` names a column that overrides the severity of the
    rule.  `rule_if_empty` replaces the rule where the value seen is EMPTY.

    `once_per` limits the findings of a return: one per failing row, one per value of the column `seen` (at its first
    place), or one for the whole return, which lists the periods of its rows.
    """

    rule: str
    seen: str | None = None
    expected: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    severity: str | None = None
    rule_if_empty: str | None = None
    once_per: Literal["row", "value", "return"] = "row"

    def as_meta(self) -> dict[str, Any]:
        """Return the template as the `meta` of an expectation, without defaults."""
        entries = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return {name: value for name, value in entries.items() if value}

    def build_findings(self, rows: Iterable[Row]) -> Iterable[tuple[str, Finding]]:
        """Yield the submission id and the finding of each failing row, or of each group of rows."""
        if self.once_per == "return":
            rows = self._merge_by_return(rows)
        elif self.once_per == "value":
            rows = self._select_first_of_value(rows)
        for row in rows:
            yield row["submission_id"], self._build_finding(row)

    def _build_finding(self, row: Row) -> Finding:
        if self.rule_if_empty and self.seen and row[self.seen] == EMPTY:
            return FindingTemplate(self.rule_if_empty, constants=self.constants)._build_finding(row)
        rule = all_rules.find_rule(self.rule)
        severity: Severity = rule.severity if self.severity is None else row[self.severity]
        params: dict[str, Scalar] = {name: _format_value(row[column]) for name, column in self.params.items()}
        return Finding(
            rule=rule.id,
            severity=severity,
            where=Where.from_text(row.get("place") or ""),
            params={**params, **self.constants},
            seen=None if self.seen is None else str(_format_seen(row[self.seen])),
            expected=None if self.expected is None else str(_format_value(row[self.expected])),
            scope=rule.scope,
        )

    def _select_first_of_value(self, rows: Iterable[Row]) -> list[Row]:
        first: dict[tuple[str, Any], Row] = {}
        for row in rows:
            first.setdefault((row["submission_id"], self.seen and row[self.seen]), row)
        return list(first.values())

    def _merge_by_return(self, rows: Iterable[Row]) -> list[Row]:
        """Merge the rows of each return into one: period codes as runs, other values as first and last."""
        by_return: dict[str, list[Row]] = {}
        for row in rows:
            by_return.setdefault(row["submission_id"], []).append(row)
        columns = {column for column in (*self.params.values(), self.seen, self.expected) if column is not None}
        merged: list[Row] = []
        for group in by_return.values():
            merged_row = dict(group[0])
            for column in columns:
                values = sorted({row[column] for row in group})
                if len(values) > 1 and column == "period":
                    merged_row[column] = format_runs(values)
                elif len(values) > 1:
                    merged_row[column] = f"{_format_value(values[0])}\N{EN DASH}{_format_value(values[-1])}"
            merged.append(merged_row)
        return merged


def _format_seen(value: Any) -> Scalar:
    """Format the value that was found: with all its digits if shortened it would look like a whole number."""
    text = _format_value(value)
    is_shortened = isinstance(value, float) and isinstance(text, str) and text.endswith(".0")
    return f"{value:.10g}" if is_shortened else text


def _format_value(value: Any) -> Scalar:
    """Format a value for a message: whole numbers as int, dates in ISO form, others to two digits or one decimal."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    number = float(value)
    if number.is_integer():
        return int(number)
    if 0 < number < _SMALLEST_SHOWN:
        return f"< {_SMALLEST_SHOWN}"
    return f"{number:.2g}" if abs(number) < 1 else f"{number:.1f}"
