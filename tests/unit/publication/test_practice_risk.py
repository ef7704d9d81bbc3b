"""The auditor of the questionnaire's results finds each planted fault, and agrees with a closed form."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from itertools import product

import polars as pl
import pytest

from pipelines.publication.practice_risk import assess_results
from pipelines.survey.audit import find_exposed_groups

Cell = tuple[str, str]
Counts = Mapping[Cell, Mapping[str, int]]
SAFE: Counts = {
    ("AL", "police"): {"easy": 6, "hard": 5},
    ("AL", "judge"): {"easy": 3, "hard": 4},
    ("ME", "police"): {"easy": 5, "hard": 6},
    ("ME", "judge"): {"easy": 4, "hard": 5},
}
TERRITORIES, ROLES = ("AL", "ME"), ("judge", "police")


def make_tables(
    counts: Counts, territories: Collection[str] = TERRITORIES, roles: Collection[str] = ROLES
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return results that show these territories and roles, and the answers behind them."""
    people = [
        (*cell, code)
        for cell, answers_of_cell in counts.items()
        for code, n in answers_of_cell.items()
        for _ in range(n)
    ]
    answers = pl.DataFrame(
        [(f"A{number}", "2026-Q4-pulse", *person[:2], "FR01.1", person[2]) for number, person in enumerate(people)],
        schema=["answer_id", "round_id", "territory", "role", "series", "code"],
        orient="row",
    )
    groups = [("region", "region"), *(("territory", code) for code in TERRITORIES), *(("role", code) for code in ROLES)]
    rows = []
    for dimension, group in groups:
        members = [p for p in people if dimension == "region" or p[("territory", "role").index(dimension)] == group]
        is_shown = dimension == "region" or group in territories or group in roles
        for code in ("easy", "fair", "hard"):
            count = sum(person[2] == code for person in members)
            figures = (count, len(members)) if is_shown else (None, None)
            rows.append(("2026-Q4-pulse", "FR01.1", "2026-Q4", dimension, group, code, *figures))
    columns = ["round_id", "series", "period", "dimension", "group", "code", "count", "n"]
    return pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None), answers


def list_exposed(
    counts: Counts,
    institutions: Mapping[str, int] | None = None,
    favourable: Collection[str] = (),
    **shown: Collection[str],
) -> set[str]:
    """Return the groups, with the rule, that the auditor finds exposed."""
    by_round = {("2026-Q4-pulse", place): n for place, n in (institutions or {}).items()}
    tables = make_tables(counts, **shown)
    exposed = assess_results(*tables, by_round, {"FR01.1": favourable}).filter(pl.col("result") == "disclosed")
    return {f"{rule}: {group}" for rule, group in exposed.select("rule", "group").iter_rows()}


def test_results_without_a_fault_pass() -> None:
    assert list_exposed(SAFE, {"AL": 3, "ME": 2}) == set()


_ME_ONLY = {"territories": ["ME"]}


def _change(police: dict[str, int], judge: dict[str, int]) -> dict[Cell, dict[str, int]]:
    return {("AL", "police"): police, ("AL", "judge"): judge}


@pytest.mark.parametrize(
    ("changes", "shown", "expected"),
    [
        (_change({"easy": 1, "hard": 1}, {"easy": 1, "hard": 1}), {}, "shown: AL"),
        (_change({"easy": 9}, {"easy": 5}), {}, "shown: AL"),
        # The one who found it hard knows that all others of Albania found it easy.
        (_change({"easy": 9}, {"easy": 5, "hard": 1}), {}, "shown: AL"),
        (_change({"easy": 2, "hard": 2}, {}), _ME_ONLY, "rest: rest of territory"),
        (_change({"easy": 9}, {"hard": 1}), _ME_ONLY, "rest: rest of territory"),
        # Nine of Albania and six of Montenegro found it hard, and so did fifteen of the police: no judge did.
        (
            {**_change({"hard": 9}, {"easy": 2}), ("ME", "police"): {"hard": 6}, ("ME", "judge"): {"easy": 5}},
            {},
            "deduced: AL judge",
        ),
    ],
)
def test_planted_fault_is_found(
    changes: dict[Cell, dict[str, int]], shown: dict[str, Collection[str]], expected: str
) -> None:
    assert expected in list_exposed({**SAFE, **changes}, **shown)


@pytest.mark.parametrize(("n_fair", "is_exposed"), [(4, True), (5, False)])
def test_small_group_without_a_favourable_answer_is_found(n_fair: int, is_exposed: bool) -> None:
    """Plant five of Albania who found it hard and `n_fair` who found it fair: nobody found it easy."""
    counts: Counts = {
        ("AL", "police"): {"hard": 3, "fair": 2}, ("AL", "judge"): {"hard": 2, "fair": n_fair - 2},
        ("ME", "police"): {"easy": 9, "hard": 9}, ("ME", "judge"): {"easy": 8, "hard": 8},
    }  # fmt: skip
    assert ("shown: AL" in list_exposed(counts, favourable=["easy"])) is is_exposed
    assert ("rest: rest of territory" in list_exposed(counts, favourable=["easy"], territories=["ME"])) is is_exposed
    assert "shown: AL" not in list_exposed(counts), "no answer is favourable"


def test_territory_of_one_institution_is_found() -> None:
    assert list_exposed(SAFE, {"AL": 1, "ME": 2}) == {"shown: AL"}
    assert list_exposed(SAFE, {"AL": 1, "ME": 2}, territories=["ME"]) == set()


@pytest.mark.parametrize("seed", range(25))
def test_linear_programs_agree_with_the_closed_form(seed: int) -> None:
    rng = random.Random(seed)
    counts = {
        cell: {"easy": rng.choice([0, 0, 1, 3, 8]), "hard": rng.choice([0, 0, 1, 2, 9])}
        for cell in product(TERRITORIES, ROLES)
    }
    counts["AL", "police"]["easy"] += 1
    territories = [code for code in TERRITORIES if rng.random() < 0.8]
    roles = [code for code in ROLES if rng.random() < 0.8]
    people = {cell: sum(count.values()) for cell, count in counts.items() if sum(count.values())}
    expected = find_exposed_groups(counts, people, territories, roles)
    exposed = list_exposed(counts, territories=territories, roles=roles)
    assert any(name.startswith("deduced") for name in exposed) == bool(expected)
