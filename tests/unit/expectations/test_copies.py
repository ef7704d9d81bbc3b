"""Copied periods and tables are found, and small or independent tables are not suspected."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from expectations.figures import ReturnFigures
from expectations.plausibility import SHARED_RULES
from pipelines.core.i18n.periods import format_period
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.findings.texts import describe_finding
from pipelines.model.long_tables import OBSERVATION
from pipelines.model.periods import Period
from tests.support.fakes.return_rows import make_observation

QUARTERS = [f"{year}-Q{quarter}" for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)][:10]
NOW = QUARTERS[-1]
RULES = ("plausible.copied", "plausible.nearly_copied", "plausible.table_copied", "plausible.rewritten")
SHEETS = ("Т-01", "Т-02", "Т-03", "Т-04")
Table = dict[str, list[float]]
"""Sheet -> the figures of its column B, from row 5."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


@pytest.fixture(scope="module")
def base(registry: Registry) -> dict[str, Any]:
    return make_observation(registry)


def draw_table(random: np.random.Generator, mean: float, rows: int = 9) -> Table:
    """Return four sheets of independent counts; rows differ in their mean."""
    return {sheet: random.poisson(mean * (1 + np.arange(rows) % 4)).astype(float).tolist() for sheet in SHEETS}


def make_rows(base: dict[str, Any], period: str, table: Table) -> list[dict[str, Any]]:
    quarter = Period.from_code(period)
    over = {"period": period, "period_start": quarter.start, "period_end": quarter.end}
    return [
        base | over | {"value": value, "place": f"{sheet}!B{5 + i}", "law_article": f"{sheet}-{i}"}
        for sheet, values in table.items()
        for i, value in enumerate(values)
    ]


def judge_table(registry: Registry, base: dict[str, Any], now: Table, known: dict[str, Table]) -> list[Finding]:
    nothing = pl.DataFrame()
    earlier = [observation for period, table in known.items() for observation in make_rows(base, period, table)]
    tables = (pl.DataFrame(rows, schema=OBSERVATION) for rows in (make_rows(base, NOW, now), earlier))
    figures = ReturnFigures(registry, *tables, nothing, nothing, nothing, nothing, nothing)
    checks = [rule for rule in SHARED_RULES if rule.report.rule in RULES]
    return [f for rule in checks for _, f in rule.report.build_findings(rule.find(figures).iter_rows(named=True))]


@pytest.fixture(scope="module")
def known() -> dict[str, Table]:
    random = np.random.default_rng(8)
    return {period: draw_table(random, 3.0) for period in QUARTERS[:-1]}


@pytest.mark.parametrize("period", [QUARTERS[-2], QUARTERS[3], QUARTERS[0]])
def test_copy_of_any_earlier_period_is_found(
    registry: Registry, base: dict[str, Any], known: dict[str, Table], period: str
) -> None:
    (finding,) = judge_table(registry, base, known[period], known)
    not_zero = sum(value > 0 for values in known[period].values() for value in values)
    assert finding.rule == "plausible.copied"
    assert describe_finding(finding).message == (
        f"All 36 figures of {format_period(NOW)}, {not_zero} of them not zero, are the same as those of "
        f"{format_period(period)}."
    )


@pytest.mark.parametrize("changed", [1, 3])
def test_copy_with_few_changes_is_found(
    registry: Registry, base: dict[str, Any], known: dict[str, Table], changed: int
) -> None:
    table = {sheet: list(values) for sheet, values in known[QUARTERS[5]].items()}
    for i in range(changed):
        table["Т-02"][i] += 1
    (finding,) = judge_table(registry, base, table, known)
    assert (finding.rule, finding.params["previous"]) == ("plausible.nearly_copied", QUARTERS[5])
    assert int(str(finding.params["n"])) - int(str(finding.params["same"])) == changed


def test_copied_sheet_among_new_ones_is_found_at_the_sheet(
    registry: Registry, base: dict[str, Any], known: dict[str, Table]
) -> None:
    new = draw_table(np.random.default_rng(77), 3.0)
    assert judge_table(registry, base, new, known) == []
    (finding,) = judge_table(registry, base, new | {"Т-02": known[QUARTERS[-2]]["Т-02"]}, known)
    assert (finding.rule, str(finding.where), finding.params["others"]) == ("plausible.table_copied", "Т-02!B5", 0)
    two = {sheet: known[QUARTERS[-2]][sheet] for sheet in ("Т-02", "Т-03")}
    (finding,) = judge_table(registry, base, new | two, known)
    assert finding.params["others"] == 1


def test_few_figures_above_zero_are_not_a_copy(registry: Registry, base: dict[str, Any]) -> None:
    quiet: Table = {sheet: [0.0] * 9 for sheet in SHEETS}
    quiet["Т-01"][:7] = [1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 1.0]
    assert judge_table(registry, base, quiet, dict.fromkeys(QUARTERS[:-1], quiet)) == []


def test_tables_alike_in_most_periods_are_not_copies(registry: Registry, base: dict[str, Any]) -> None:
    """Judge an office whose figures hardly change: nine of ten are the same in any two quarters."""
    random = np.random.default_rng(5)

    def draw_alike() -> Table:
        return {sheet: [5.0 if random.random() < 0.95 else 6.0 for _ in range(9)] for sheet in SHEETS}

    history = {period: draw_alike() for period in QUARTERS[:-1]}
    assert [f.rule for f in judge_table(registry, base, draw_alike(), history)] in ([], ["plausible.copied"])


@pytest.mark.parametrize("mean", [0.2, 0.7, 3.0])
def test_independent_returns_are_not_copies(registry: Registry, base: dict[str, Any], mean: float) -> None:
    random = np.random.default_rng(2)
    for _ in range(12):
        history = {period: draw_table(random, mean) for period in QUARTERS[:-1]}
        assert judge_table(registry, base, draw_table(random, mean), history) == []


def test_return_that_changes_most_figures_of_an_accepted_period_is_found(
    registry: Registry, base: dict[str, Any], known: dict[str, Table]
) -> None:
    accepted, replacement = (draw_table(np.random.default_rng(seed), 3.0) for seed in (21, 22))
    (finding,) = judge_table(registry, base, replacement, known | {NOW: accepted})
    differ = [
        (a, b) for sheet in SHEETS for a, b in zip(accepted[sheet], replacement[sheet], strict=True) if a > 0 and a != b
    ]
    not_zero = sum(value > 0 for values in accepted.values() for value in values)
    assert (finding.rule, finding.params["changed"], finding.params["n"]) == (
        "plausible.rewritten",
        len(differ),
        not_zero,
    )


def test_correction_of_some_figures_does_not_rewrite_the_period(
    registry: Registry, base: dict[str, Any], known: dict[str, Table]
) -> None:
    accepted = draw_table(np.random.default_rng(21), 3.0)
    corrected = accepted | {"Т-03": [value + 1 for value in accepted["Т-03"]]}
    assert judge_table(registry, base, corrected, known | {NOW: accepted}) == []
    # A patch has only what it changes.
    assert judge_table(registry, base, {"Т-03": corrected["Т-03"]}, known | {NOW: accepted}) == []


def test_period_that_matches_a_later_accepted_one_is_found(
    registry: Registry, base: dict[str, Any], known: dict[str, Table]
) -> None:
    later = draw_table(np.random.default_rng(31), 3.0)
    rules = {f.rule: f for f in judge_table(registry, base, later, known | {"2025-Q3": later})}
    assert rules["plausible.copied"].params["previous"] == "2025-Q3"
