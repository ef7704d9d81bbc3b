"""Figures are judged by the bounds that their territory declares, also where nothing else is known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.declarations.registry import Registry, load
from tests.support.fakes.return_rows import find_by_rule, find_each_by_rule, make_observation


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


@pytest.fixture(scope="module")
def base(registry: Registry) -> dict[str, Any]:
    return make_observation(registry)


def test_year_so_far_without_the_quarter_before_is_judged_by_bounds(registry: Registry, base: dict[str, Any]) -> None:
    form_bounds = [
        bound.high
        for territory in registry.territories.values()
        for bound in territory.plausibility
        if (bound.jurisdiction, bound.measure, bound.offence_group, bound.freq)
        == (base["jurisdiction"], "convicted_first", "TIP", "Q")
    ]
    (high,) = form_bounds
    year = {"accumulation": "ytd", "period_start": date(2025, 1, 1)}
    returns = {name: [base | year | {"value": 2.0 * high + more}] for name, more in (("most", 0), ("too many", 1))}
    rules = {name: list(findings) for name, findings in find_each_by_rule(registry, returns).items()}
    assert rules == {"most": [], "too many": ["plausible.bounds"]}


def test_figure_above_the_bound_of_its_total_is_found_without_history(base: dict[str, Any], registry: Registry) -> None:
    total = base | {"value": 9.0}
    part = base | {"sentence_type": "prison", "measure": "convicted_first", "value": 9000.0, "place": "Т-03!D7"}
    finding = find_by_rule(registry, [total, part])["plausible.bounds"]
    assert (str(finding.where), finding.seen) == ("Т-03!D7", "9000")
