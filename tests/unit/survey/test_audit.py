"""Audit of results by territory next to results by role, against linear programs that know only what is published."""

from __future__ import annotations

import random
from itertools import chain, combinations, product

import pytest

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey.audit import OTHERS, find_exposed_groups
from tests.oracles.practice_bounds import Cell, find_least_count

TERRITORIES, ROLES, ANSWERS = ("AL", "ME", "RS"), ("judge", "police"), ("easy", "hard")


def make_counts(rng: random.Random) -> dict[Cell, dict[str, int]]:
    """Return answers of every territory and role, of which some territories or roles may answer alike."""
    return {
        cell: {"easy": rng.choice([0, 0, 1, 3, 8]), "hard": rng.choice([0, 0, 1, 2, 9])}
        for cell in product(TERRITORIES, ROLES)
    }


def list_subsets(codes: tuple[str, ...]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(codes, n) for n in range(1, len(codes) + 1)))


def is_exposed(counts: dict[Cell, dict[str, int]], territories: tuple[str, ...], roles: tuple[str, ...]) -> bool:
    """Return True if a linear program finds an answer in a small group of any territories and roles."""
    for some_territories, some_roles in product(list_subsets(TERRITORIES), list_subsets(ROLES)):
        group = set(product(some_territories, some_roles))
        if not 0 < sum(sum(counts[cell].values()) for cell in group) < FEWEST_RESPONDENTS:
            continue
        for answer in ANSWERS:
            of_answer = {cell: count[answer] for cell, count in counts.items()}
            if find_least_count(of_answer, {0: territories, 1: roles}, group) > 1e-6:
                return True
    return False


@pytest.mark.parametrize("seed", range(12))
def test_audit_agrees_with_linear_programs(seed: int) -> None:
    rng = random.Random(seed)
    counts = make_counts(rng)
    territories = tuple(code for code in TERRITORIES if rng.random() < 0.8)
    roles = tuple(code for code in ROLES if rng.random() < 0.8)
    respondents = {cell: sum(count.values()) for cell, count in counts.items()}
    groups = find_exposed_groups(counts, respondents, territories, roles)
    assert bool(groups) == is_exposed(counts, territories, roles)


def test_audit_names_the_group_that_is_exposed() -> None:
    counts = {("AL", "police"): {"hard": 9}, ("AL", "judge"): {"easy": 2}, ("ME", "police"): {"hard": 6}}
    respondents = {cell: sum(count.values()) for cell, count in counts.items()}
    exposed = find_exposed_groups(counts, respondents, ["AL", "ME"], ["police"])
    assert (frozenset({"AL"}), frozenset({OTHERS})) in exposed
    assert not find_exposed_groups(counts, respondents, ["AL", "ME"], [])


def test_answer_that_nobody_of_a_group_gave_is_judged_where_several_may_be_given() -> None:
    counts = {("AL", "police"): {"a": 8}, ("AL", "judge"): {}, ("ME", "police"): {"a": 7}}
    respondents = {("AL", "police"): 8, ("AL", "judge"): 3, ("ME", "police"): 7}
    assert find_exposed_groups(counts, respondents, ["AL", "ME"], ["police", "judge"])
