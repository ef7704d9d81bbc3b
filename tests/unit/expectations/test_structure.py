"""Exchanged categories and changed distributions are found, and no other change is mistaken for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from expectations import rules
from expectations.figures import ReturnFigures
from expectations.structure import RULES, find_changed_distributions, find_exchanged_categories
from pipelines.declarations.registry import Registry, load
from pipelines.findings.rules import register_rules
from pipelines.findings.texts import describe_finding
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
from tests.support.fakes.return_rows import make_observation

QUARTERS = [f"{year}-Q{quarter}" for year in (2023, 2024) for quarter in (1, 2, 3, 4)]
NOW = "2025-Q1"
AGES = {"Y_LT18": 2, "Y18T24": 9, "Y25T34": 14, "Y_GE45": 4}
WOBBLE = (0, 1, -1, 2, 0, -2, 1, 0)
Lines = Mapping[tuple[str, str], Mapping[str, float]]
"""Values by category of each (measure, article)."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    register_rules(rules.RULES)
    return load()


def _rows(registry: Registry, lines: Lines, period: str, dim: str, **over: Any) -> list[dict[str, Any]]:
    return [
        make_observation(
            registry,
            period=period,
            measure=measure,
            **{"law_article": article, dim: category},
            value=float(value),
            place=f"{measure} {article} {category}",
            **over,
        )
        for (measure, article), values in lines.items()
        for category, value in values.items()
    ]


def _find(
    registry: Registry,
    now: Lines,
    usual: Lines,
    dim: str = "age",
    periods: Sequence[str] = QUARTERS,
    accepted: Sequence[dict[str, Any]] = (),
    find: Callable[[ReturnFigures], pl.DataFrame] = find_exchanged_categories,
    **over: Any,
) -> pl.DataFrame:
    history = [
        observation
        for period, shift in zip(periods, WOBBLE, strict=False)
        for observation in _rows(
            registry, {line: _vary(values, shift) for line, values in usual.items()}, period, dim, **over
        )
    ]
    return find(
        ReturnFigures(
            registry,
            pl.DataFrame(_rows(registry, now, NOW, dim, **over), schema=OBSERVATION),
            pl.DataFrame([*history, *accepted], schema=OBSERVATION),
            empty_table(CASE_EVENT),
            empty_table(CASE_EVENT),
            empty_table({**DECLARED_SUM, "submission_id": pl.String()}),
            pl.DataFrame(),
            pl.DataFrame(),
        )
    )


def _vary(values: Mapping[str, float], shift: int) -> dict[str, float]:
    return {category: value + (shift if value > 3 else 0) for category, value in values.items()}


def _swap(values: Mapping[str, float], first: str, second: str) -> dict[str, float]:
    return {**values, first: values[second], second: values[first]}


USUAL = {(m, a): AGES for m in ("indicted", "convicted_first") for a in ("388", "389")}


def test_find_exchanged_categories_finds_nothing_in_usual_figures(registry: Registry) -> None:
    assert _find(registry, USUAL, USUAL).is_empty()


def test_find_exchanged_categories_finds_an_exchange_everywhere(registry: Registry) -> None:
    now = {line: _swap(AGES, "Y_LT18", "Y25T34") for line in USUAL}
    exchanges = _find(registry, now, USUAL)
    assert exchanges.select("larger", "smaller", "seen", "seen_2", "others").rows() == [
        ("age=Y_LT18", "age=Y25T34", "14", "2", 3)
    ]
    (finding,) = (finding for _, finding in RULES[0].report.build_findings(exchanges.iter_rows(named=True)))
    assert finding.severity == "warning" and finding.scope == "history"
    assert describe_finding(finding).message.startswith(
        "Under 18 and 25\N{EN DASH}34 seem to be swapped in 2025 Q1: Under 18 is 14, 25\N{EN DASH}34 is 2"
    )


@pytest.mark.parametrize(
    "lines",
    [
        [("indicted", "388"), ("indicted", "389")],
        [("indicted", "388"), ("convicted_first", "388")],
        [("convicted_first", "389")],
    ],
)
def test_find_exchanged_categories_finds_an_exchange_in_part_of_the_lines(
    registry: Registry, lines: list[tuple[str, str]]
) -> None:
    now = {line: _swap(AGES, "Y_LT18", "Y25T34") if line in lines else AGES for line in USUAL}
    exchanges = _find(registry, now, USUAL)
    assert exchanges.height == 1
    measure, article, category = exchanges["place"][0].split()
    assert (measure, article) in lines and category == "Y_LT18"
    assert exchanges["others"][0] == len(lines) - 1


def test_find_exchanged_categories_finds_exchanged_articles(registry: Registry) -> None:
    usual: Lines = {("indicted", "388"): {"_T": 30}, ("indicted", "389"): {"_T": 6}, ("indicted", "390"): {"_T": 1}}
    now: Lines = {("indicted", "388"): {"_T": 6}, ("indicted", "389"): {"_T": 30}, ("indicted", "390"): {"_T": 1}}
    exchanges = _find(registry, now, usual)
    assert exchanges.select("dim", "larger", "smaller").rows() == [
        ("law_article", "law_article=389", "law_article=388")
    ]


def test_find_exchanged_categories_leaves_a_jump_to_its_rule(registry: Registry) -> None:
    now = {line: {**AGES, "Y_LT18": 160} for line in USUAL}
    assert _find(registry, now, USUAL).is_empty()


def test_find_exchanged_categories_needs_three_periods(registry: Registry) -> None:
    now = {line: _swap(AGES, "Y_LT18", "Y25T34") for line in USUAL}
    assert _find(registry, now, USUAL, periods=QUARTERS[-2:]).is_empty()
    assert _find(registry, now, USUAL, periods=QUARTERS[-3:]).height == 1


def test_find_exchanged_categories_does_not_repeat_what_was_accepted(registry: Registry) -> None:
    now = {line: _swap(AGES, "Y_LT18", "Y25T34") for line in USUAL}
    assert _find(registry, now, USUAL, accepted=_rows(registry, now, NOW, "age")).is_empty()


def test_find_exchanged_categories_ignores_nested_categories(registry: Registry) -> None:
    usual = {line: {"Y_GE18": 30, "Y25T34": 3} for line in USUAL}
    now = {line: {"Y_GE18": 3, "Y25T34": 30} for line in USUAL}
    assert _find(registry, now, usual).is_empty()


def test_find_exchanged_categories_subtracts_the_quarter_before_from_a_year_so_far(registry: Registry) -> None:
    """Include both quarters in the year so far of the second: only the difference shows the exchange."""
    usual = {("indicted", "388"): AGES}
    added = _swap(AGES, "Y_LT18", "Y25T34")
    so_far = {("indicted", "388"): {category: AGES[category] + added[category] for category in AGES}}
    history = [
        observation
        for year in (2021, 2022, 2023, 2024)
        for quarter in (1, 2, 3, 4)
        for observation in _rows(
            registry,
            {("indicted", "388"): {category: quarter * value for category, value in AGES.items()}},
            f"{year}-Q{quarter}",
            "age",
            accumulation="ytd",
        )
    ]
    history += _rows(registry, usual, "2025-Q1", "age", accumulation="ytd")
    exchanges = find_exchanged_categories(
        ReturnFigures(
            registry,
            pl.DataFrame(_rows(registry, so_far, "2025-Q2", "age", accumulation="ytd"), schema=OBSERVATION),
            pl.DataFrame(history, schema=OBSERVATION),
            empty_table(CASE_EVENT),
            empty_table(CASE_EVENT),
            empty_table({**DECLARED_SUM, "submission_id": pl.String()}),
            pl.DataFrame(),
            pl.DataFrame(),
        )
    )
    assert exchanges.select("larger", "smaller", "seen", "seen_2").rows() == [
        ("age=Y_LT18", "age=Y25T34", "14 (16 \N{MINUS SIGN} 2)", "2 (16 \N{MINUS SIGN} 14)")
    ]


FLAT = {line: dict.fromkeys(AGES, 9) for line in USUAL}
MOVED = {line: {**dict.fromkeys(AGES, 4), "Y_LT18": 24} for line in USUAL}


def test_find_changed_distributions_finds_nothing_in_usual_figures(registry: Registry) -> None:
    assert _find(registry, USUAL, USUAL, find=find_changed_distributions).is_empty()


def test_find_changed_distributions_finds_persons_moved_between_categories(registry: Registry) -> None:
    """Report half of the persons over 18 as under 18: no exchange explains it, and no total jumps."""
    assert _find(registry, MOVED, FLAT).is_empty()
    changes = _find(registry, MOVED, FLAT, find=find_changed_distributions)
    assert changes.select("category", "seen", "n").rows() == [("age=Y_LT18", "24", 8)]
    (finding,) = (finding for _, finding in RULES[1].report.build_findings(changes.iter_rows(named=True)))
    assert finding.severity == "warning"
    assert describe_finding(finding).message.startswith(
        "The figures by age are distributed unlike those of the 8 periods"
    )
    assert "Under 18 is 24; 9 was expected" in describe_finding(finding).message


def test_find_changed_distributions_leaves_an_exchange_to_its_rule(registry: Registry) -> None:
    now = {line: _swap(AGES, "Y_LT18", "Y25T34") for line in USUAL}
    assert _find(registry, now, USUAL, find=find_changed_distributions).is_empty()


def test_find_changed_distributions_does_not_repeat_what_was_accepted(registry: Registry) -> None:
    accepted = _rows(registry, MOVED, NOW, "age")
    assert _find(registry, MOVED, FLAT, accepted=accepted, find=find_changed_distributions).is_empty()
