"""Rows and readings of a return, for tests of the judgement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import polars as pl
import pytest

from expectations import (
    balances,
    cooperation_openings,
    judge,
    nil_returns,
    parts,
    plausibility,
    records,
    request_events,
    request_sources,
    sources,
    structure,
)
from expectations.causes import CAUSES
from expectations.engine import TableExpectations
from expectations.figures import PlausibilityRule
from expectations.judge import History, JudgedReturn, judge_returns
from expectations.suites import RULES_BY_INSTRUMENT
from pipelines.core.codes import COOPERATION_DIMENSIONS
from pipelines.declarations.export import list_expected_returns
from pipelines.declarations.registry import Registry
from pipelines.findings.finding import Finding
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
from pipelines.model.periods import Period
from pipelines.reading.standardise.standardise import Reading

RECEIVED = datetime(2025, 7, 20, tzinfo=UTC)
"""In time for the second quarter of 2025."""
PLAUSIBILITY_RULES: Mapping[str, tuple[PlausibilityRule, ...]] = {
    "justice": (
        *parts.RULES, *plausibility.SHARED_RULES, *structure.RULES, *nil_returns.RULES, *parts.STAGE_RULES,
        *balances.RULES, *plausibility.STAGE_RULES, *sources.RULES,
    ),
    "victims": (*parts.RULES, *plausibility.SHARED_RULES, *structure.RULES, *nil_returns.RULES),
    "register": (*records.RULES, *sources.RULES, *nil_returns.RULES),
    "requests": (*request_events.RULES, *request_sources.RULES, *nil_returns.RULES),
    "cooperation": (
        *parts.RULES,
        *plausibility.SHARED_RULES,
        *cooperation_openings.RULES,
        *request_sources.RULES,
        *nil_returns.RULES,
    ),
}  # fmt: skip
"""The rules of each suite that are not contracts, in its order. They need no Great Expectations."""
ALSO_OF_CONTRACTS = frozenset(("plausible.outcome", "sum.exceeded"))
"""Rules that both a contract and a plausibility rule report."""


@cache
def find_form(registry: Registry, instrument: str) -> Any:
    """Return a quarterly form of the instrument that the calendar expects by the end of 2025."""
    expected = {
        (row["source"], row["instrument"])
        for row in list_expected_returns(registry, date(2025, 12, 31))
        if row["freq"] == "Q"
    }
    return next(
        form
        for form in registry.forms.values()
        if form.instrument == instrument and form.freq == "Q" and (form.source, instrument) in expected
    )


def make_observation(
    registry: Registry, instrument: str = "justice", period: str = "2025-Q2", **over: Any
) -> dict[str, Any]:
    form = find_form(registry, instrument)
    base: dict[str, Any] = dict.fromkeys(OBSERVATION, "_T")
    base |= {
        "territory": registry.territory_of(form.jurisdiction).code,
        "jurisdiction": form.jurisdiction,
        "instrument": instrument,
        "source": form.source,
        "freq": "Q",
        "period": period,
        "period_start": Period.from_code(period).start,
        "period_end": Period.from_code(period).end,
        "accumulation": "discrete",
        "date_basis": "decision",
        "measure": "convicted_first" if instrument == "justice" else "victims_detected",
        "level": "first" if instrument == "justice" else "none",
        "count_unit": "person" if instrument == "justice" else "victim",
        "statistic": "count",
        "unit_measure": "NR",
        "offence": "ICCS0204",
        "law_article": "_Z",
        "victim_status": "_Z" if instrument == "justice" else "identified",
        "age_basis": "_Z",
        "sentence_type": "_Z",
        "sentence_band": "_Z",
        "partner": "_Z",
        **dict.fromkeys(COOPERATION_DIMENSIONS, "_Z"),
        "value": 4.0,
        "obs_status": "A",
        "conf_status": "F",
        "notes": None,
        "place": "Т-03!B5",
        "label": "a label",
        "form": form.series,
        "submission_id": "S1",
        "origin_submission_id": "S1",
    }
    return base | over


def make_reading(registry: Registry, rows: list[dict[str, Any]], instrument: str = "justice", **over: Any) -> Reading:
    form = find_form(registry, instrument)
    values: dict[str, Any] = {
        "form": form.id,
        "series": form.series,
        "kind": "full",
        "nil": False,
        "periods": sorted({Period.from_code(r["period"]) for r in rows}),
        "observations": pl.DataFrame(rows, schema=OBSERVATION),
        "events": empty_table(CASE_EVENT),
        "findings": [],
        "bindings": [],
        "sums": empty_table(DECLARED_SUM),
    }
    return Reading(**values | over)


def judge_rules(
    returns: Sequence[JudgedReturn],
    history: History | None,
    registry: Registry,
    rules: Collection[str],
    *,
    in_order: bool = False,
) -> dict[str, list[Finding]]:
    """Return the findings of some rules in each return: those that `judge_returns` has among the findings of all rules.

    Only the checks are run that report these rules, or rules that give way to them or to which they give way. All
    checks of a return take a third of a second of processor time, most of it for contracts of keys, codes and
    deadlines. Great Expectations, which takes three seconds to import, is imported only if a contract reports one.
    """
    related = set(rules).union(*(cause.rules for cause in CAUSES if not set(rules).isdisjoint(cause.rules)))
    load_suite = judge._load_suite

    def select_checks(instrument: str) -> Sequence[TableExpectations | PlausibilityRule]:
        checks: Sequence[TableExpectations | PlausibilityRule] = PLAUSIBILITY_RULES[instrument]
        without_contract = {rule for check in checks for rule in _list_rules(check)} - ALSO_OF_CONTRACTS
        if not related.intersection(RULES_BY_INSTRUMENT[instrument]) <= without_contract:
            checks = load_suite(instrument)
        return [check for check in checks if not related.isdisjoint(_list_rules(check))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "_load_suite", select_checks)
        judged = judge_returns(returns, history, registry, in_order=in_order)
    return {name: [finding for finding in findings if finding.rule in rules] for name, findings in judged.items()}


def _list_rules(check: TableExpectations | PlausibilityRule) -> list[str | None]:
    """Return the rules that a check can report."""
    templates = [check.report] if isinstance(check, PlausibilityRule) else check.templates
    return [rule for template in templates for rule in (template.rule, template.rule_if_empty)]


class FindingsByRule(Mapping[str, Finding]):
    """The findings of one return by their rule. A rule that is asked for alone is judged alone."""

    def __init__(self, name: str, find_all: Callable[[frozenset[str] | None], Mapping[str, list[Finding]]]) -> None:
        """Keep the name of the return and a function that returns the findings of some or all rules by that name."""
        self._name, self._find_all = name, find_all

    def _find(self, *rules: str) -> dict[str, Finding]:
        return {f.rule: f for f in self._find_all(frozenset(rules) or None)[self._name]}

    def __getitem__(self, rule: str) -> Finding:
        return self._find(rule)[rule]

    def __iter__(self) -> Iterator[str]:
        return iter(self._find())

    def __len__(self) -> int:
        return len(self._find())


def find_by_rule(
    registry: Registry, rows: list[dict[str, Any]], instrument: str = "justice", history: History | None = None
) -> Mapping[str, Finding]:
    """Return the findings of one return received in time, by rule."""
    return find_each_by_rule(registry, {"S1": rows}, instrument, history)["S1"]


def find_each_by_rule(
    registry: Registry,
    returns: Mapping[str, list[dict[str, Any]]],
    instrument: str = "justice",
    history: History | None = None,
) -> dict[str, Mapping[str, Finding]]:
    """Return the same for several returns, judged at once: a validation costs as much for one as for all."""
    returns_to_judge = [
        JudgedReturn(name, make_reading(registry, rows, instrument), RECEIVED) for name, rows in returns.items()
    ]

    @cache
    def find_all(rules: frozenset[str] | None) -> dict[str, list[Finding]]:
        if rules is None:
            return judge_returns(returns_to_judge, history, registry)
        return judge_rules(returns_to_judge, history, registry, rules)

    return {name: FindingsByRule(name, find_all) for name in returns}
