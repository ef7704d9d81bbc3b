"""Contracts are native expectations that a reader of Data Docs understands."""

from __future__ import annotations

import pytest

from expectations import records
from expectations.figures import PlausibilityRule
from expectations.judge import _load_suite
from expectations.suites import RULES_BY_INSTRUMENT
from pipelines.findings.rules import all_rules
from tests.support.fakes.return_rows import ALSO_OF_CONTRACTS, PLAUSIBILITY_RULES

OF_RETURN_ALONE = {
    "parts.exceeded",
    "sum.exceeded",
    "sum.repair",
    "plausible.outcome",
    "plausible.outcomes",
    "plausible.sanctions",
    *(rule.report.rule for rule in records.FILE_RULES),
    "request.ends",
    "request.acknowledged",
}
GX_SEVERITY = {"error": "critical", "warning": "warning", "information": "info"}


@pytest.mark.parametrize("instrument", RULES_BY_INSTRUMENT)
def test_expectations_have_rule_note_and_severity(instrument: str) -> None:
    contracts = [check for check in _load_suite(instrument) if not isinstance(check, PlausibilityRule)]
    assert len({contract.name for contract in contracts}) == len(contracts)
    for contract in contracts:
        assert contract.is_per_return, "validations are shared by several callers"
        for expectation in contract.expectations:
            rule = all_rules()[expectation.meta["rule"]]
            assert expectation.severity == GX_SEVERITY[rule.severity]
            assert rule.id in expectation.notes[0]
            values = getattr(expectation, "value_set", None) or ["a code"]
            assert all(isinstance(value, str) for value in values), "a set of codes, not of computed flags"


@pytest.mark.parametrize("instrument", RULES_BY_INSTRUMENT)
def test_plausibility_rules_need_history_unless_return_alone_contradicts_itself(instrument: str) -> None:
    rules = [check.report.rule for check in _load_suite(instrument) if isinstance(check, PlausibilityRule)]
    assert {rule for rule in rules if all_rules()[rule].scope != "history"} <= OF_RETURN_ALONE


@pytest.mark.parametrize("instrument", RULES_BY_INSTRUMENT)
def test_declared_rules_are_those_of_the_suite(instrument: str) -> None:
    rules: list[str] = []
    for check in _load_suite(instrument):
        is_rule = isinstance(check, PlausibilityRule)
        templates = [check.report.as_meta()] if is_rule else [e.meta for e in check.expectations]
        rules += [meta[name] for meta in templates for name in ("rule", "rule_if_empty") if name in meta]
    assert tuple(dict.fromkeys(rules)) == RULES_BY_INSTRUMENT[instrument]


@pytest.mark.parametrize("instrument", RULES_BY_INSTRUMENT)
def test_rules_that_unit_tests_judge_without_contracts_are_those_of_the_suite(instrument: str) -> None:
    suite = _load_suite(instrument)
    rules = [check for check in suite if isinstance(check, PlausibilityRule)]
    assert list(PLAUSIBILITY_RULES[instrument]) == rules
    of_contracts = {t.rule for check in suite if not isinstance(check, PlausibilityRule) for t in check.templates}
    assert {rule.report.rule for rule in rules} & of_contracts <= ALSO_OF_CONTRACTS


def test_suite_needed_by_several_threads_at_once_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import time
    from concurrent.futures import ThreadPoolExecutor
    from functools import cache
    from types import SimpleNamespace

    from expectations import judge

    def build_slowly() -> list[object]:
        time.sleep(0.05)
        return [object()]

    # A cache of its own, so that suites used by other tests remain those registered with Great Expectations.
    monkeypatch.setattr(judge, "_build_suite", cache(judge._build_suite.__wrapped__))
    monkeypatch.setattr(judge, "import_module", lambda _name: SimpleNamespace(build_suite=build_slowly))
    with ThreadPoolExecutor(4) as threads:
        suites = list(threads.map(lambda _: _load_suite("justice"), range(4)))
    assert len({id(suite) for suite in suites}) == 1
