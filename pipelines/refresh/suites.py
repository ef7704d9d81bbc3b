"""Summarise what the expectation suites found in the newest returns of a territory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from expectations.suites import RULES_BY_INSTRUMENT
from pipelines.core.home import Home
from pipelines.model.periods import Period
from pipelines.refresh.quarters import EVERY_QUARTER, QuarterRange

if TYPE_CHECKING:
    from pipelines.ledger.queries import Submission

_SHOWN_PLACES = 3


@dataclass
class RuleFindings:
    """The findings of one rule. `open` counts errors, and warnings that nobody has explained yet.

    `places` are at most three examples: the submission, and sheet and cell, page or line, without any content of the
    file.
    """

    rule: str
    severity: str
    findings: int = 0
    open: int = 0
    places: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SuiteResult:
    """The findings of one suite in the newest returns of a territory, `returns` in number, by rule."""

    instrument: str
    returns: int = 0
    rules: tuple[RuleFindings, ...] = ()

    @property
    def open_rules(self) -> tuple[RuleFindings, ...]:
        """Return the rules with open findings."""
        return tuple(rule for rule in self.rules if rule.open)

    @property
    def is_passed(self) -> bool:
        """Return True if no finding is open."""
        return not self.open_rules

    @property
    def has_errors(self) -> bool:
        """Return True if an open finding is an error."""
        return any(rule.severity == "error" for rule in self.open_rules)

    def describe_open(self) -> str:
        """Return the open findings in one line."""
        return "; ".join(f"{rule.rule}: {rule.open}" for rule in self.open_rules)

    def as_metadata(self) -> dict[str, Any]:
        """Return the numbers that Dagster shows with the check."""
        findings = sum(rule.findings for rule in self.rules)
        return {"returns": self.returns, "findings": findings, "open findings": sum(rule.open for rule in self.rules)}


def summarise_suites(
    home: Home, territory: str, instruments: Sequence[str], quarters: QuarterRange = EVERY_QUARTER
) -> dict[str, SuiteResult]:
    """Return the result of each instrument's suite for the newest returns of a territory and some quarters.

    A return is among the newest if no later one covers all of its periods, so a refused return counts until it is
    corrected. Reads the findings that the checks have stored; checks nothing itself. Returns that later ones cover are
    not read, so that the time does not grow with the history.
    """
    from pipelines.ledger import queries, supersession
    from pipelines.ledger.database import open_read_transaction
    from pipelines.ledger.opening import open_ledger

    engine = open_ledger(home)
    codes = quarters.list_periods()
    with open_read_transaction(engine) as connection:
        arrivals = supersession.find_newest_arrivals(connection, territory, instruments, codes)
        ids = {identity for identity, period in arrivals if Period.from_code(period).last_quarter in quarters}
        newest = sorted(queries.select_submissions(connection, ids), key=lambda s: (s.received_at, s.submission_id))
        with_findings = [s for s in newest if s.errors or s.warnings or s.informations]
        open_warnings = queries.open_warnings(connection, [s.submission_id for s in with_findings])
    open_keys = {(identity, key) for identity, pairs in open_warnings.items() for key, _ in pairs}
    results = {}
    for instrument in instruments:
        of_instrument = [s for s in with_findings if s.instrument == instrument]
        rules = _count_by_rule(home, of_instrument, RULES_BY_INSTRUMENT[instrument], open_keys)
        results[instrument] = SuiteResult(instrument, sum(s.instrument == instrument for s in newest), rules)
    return results


def _count_by_rule(
    home: Home, submissions: Iterable[Submission], rules: Sequence[str], open_keys: set[tuple[str, str]]
) -> tuple[RuleFindings, ...]:
    import polars as pl

    from pipelines.ledger.facts import path_of
    from pipelines.ledger.transitions import ACCEPTED
    from pipelines.model.content import Where

    counts: dict[tuple[str, str], RuleFindings] = {}
    for submission in submissions:
        path = path_of(home, "finding", submission.submission_id)
        if not path.exists():
            continue
        findings = pl.read_parquet(path, columns=["rule", "severity", "where", "finding_key"])
        for row in findings.filter(pl.col("rule").is_in(rules)).iter_rows(named=True):
            count = counts.setdefault((row["rule"], row["severity"]), RuleFindings(row["rule"], row["severity"]))
            count.findings += 1
            is_open_warning = (submission.submission_id, row["finding_key"]) in open_keys
            if row["severity"] == "error" or (is_open_warning and submission.state not in ACCEPTED):
                count.open += 1
            if len(count.places) < _SHOWN_PLACES:
                where = Where(**{**json.loads(row["where"]), "keyword": None})
                count.places.append(f"{submission.submission_id} {where}".strip())
    order = {"error": 0, "warning": 1, "information": 2}
    return tuple(sorted(counts.values(), key=lambda count: (order[count.severity], rules.index(count.rule))))
