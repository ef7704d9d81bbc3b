"""One cause, one finding."""

from __future__ import annotations

from expectations.causes import CAUSES, drop_explained
from expectations.suites import RULES_BY_INSTRUMENT
from pipelines.findings.finding import Finding, Severity
from pipelines.model.content import Where

CELL = Where(sheet="A", cell="B5")
OTHER = Where(sheet="A", cell="B6")


def _find(rule: str, where: Where = CELL, severity: Severity = "warning", **params: str) -> Finding:
    return Finding(rule, severity, where, dict(params))


def test_rule_that_says_most_about_a_cell_is_kept() -> None:
    findings = [_find("plausible.bounds"), _find("plausible.jump"), _find("structure.changed"), _find("plausible.lag")]
    assert drop_explained(findings) == findings[:1]
    assert drop_explained(findings[::-1]) == findings[:1]
    assert drop_explained([*findings, _find("plausible.stock")]) == [_find("plausible.stock")]


def test_findings_at_other_cells_and_of_other_rules_stay() -> None:
    findings = [
        _find("plausible.jump"),
        _find("plausible.bounds", OTHER),
        _find("sum.differs"),
        _find("value.fraction"),
    ]
    assert drop_explained(findings) == findings


def test_findings_of_one_rule_at_one_place_stay() -> None:
    findings = [_find("plausible.jump", seen="1"), _find("plausible.jump", seen="2")]
    assert drop_explained(findings) == findings


def test_findings_without_a_place_stay() -> None:
    findings = [_find("plausible.jump", Where()), _find("plausible.bounds", Where())]
    assert drop_explained(findings) == findings


def test_finding_never_gives_way_to_a_less_severe_one() -> None:
    findings = [_find("plausible.bounds"), _find("plausible.jump", severity="error")]
    assert drop_explained(findings) == findings[1:]


def test_exchanged_sexes_are_one_finding_and_other_categories_another() -> None:
    sexes = _find("plausible.exchanged", period="2026-Q3")
    by_category = _find("structure.exchanged", OTHER, period="2026-Q3", category="sex=F", other_category="sex=M")
    ages = _find("structure.exchanged", OTHER, period="2026-Q3", category="age=Y_LT18", other_category="age=Y_GE18")
    assert drop_explained([sexes, by_category]) == [by_category]
    assert drop_explained([sexes, ages]) == [sexes, ages]
    earlier = _find("plausible.exchanged", period="2026-Q2")
    assert drop_explained([earlier, by_category]) == [earlier, by_category]


def test_rules_of_causes_are_rules_of_suites() -> None:
    rules_of_suites = {rule for rules in RULES_BY_INSTRUMENT.values() for rule in rules}
    assert {rule for cause in CAUSES for rule in cause.rules} <= rules_of_suites
