"""Parts above their whole: consistent tables pass, and one wrong cell gives one finding at its place."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import polars as pl
import pytest

from expectations.contradictions import LabelledCell, Limit, explain_limits, find_contradictions
from expectations.judge import JudgedReturn
from expectations.part_limits import tabulate_limits
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.model.long_tables import DECLARED_SUM, OBSERVATION, empty_table
from tests.support.fakes.return_rows import RECEIVED, judge_rules, make_observation, make_reading

NEW_RULES = {
    "parts.exceeded",
    "sum.exceeded",
    "sum.repair",
    "plausible.outcome",
    "plausible.outcomes",
    "plausible.sanctions",
}
CROSSED = [(sex, age) for sex in ("M", "F") for age in ("Y_LT18", "Y18T24", "Y_GE25")]
OUTCOMES = ("convicted_first", "acquitted", "rejected", "discontinued")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def build_table(registry: Registry, seed: int, articles: Iterable[str] = ("1", "2")) -> list[dict[str, Any]]:
    """Return decisions by outcome, sex and age of two articles, with every margin, and the sanctions of the convicted.

    All figures are those of one random set of persons, so that the table is consistent.
    """
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = []
    base = make_observation(registry, offence="ICCS0204")

    def add_row(value: float, **over: Any) -> None:
        place = f"Т-0{seed % 9}!B{len(rows) + 1}"
        rows.append({**base, "value": float(value), "place": place, "label": place, **over})

    for article in articles:
        counts = {(m, *cell): chance.choice((0, 0, 1, 2, 5, 9)) for m in OUTCOMES for cell in CROSSED}
        for measures in ([m] for m in (*OUTCOMES, "adjudicated_first")):
            chosen = OUTCOMES if measures == ["adjudicated_first"] else measures
            for sex in ("_T", "M", "F"):
                for age in ("_T", "Y_LT18", "Y18T24", "Y_GE25", "Y_GE18"):
                    ages = {"_T": {"Y_LT18", "Y18T24", "Y_GE25"}, "Y_GE18": {"Y18T24", "Y_GE25"}}.get(age, {age})
                    parts = [n for (m, s, a), n in counts.items() if m in chosen and sex in ("_T", s) and a in ages]
                    add_row(sum(parts), measure=measures[0], sex=sex, age=age, law_article=article)
        convicted = sum(n for (m, *_), n in counts.items() if m == "convicted_first")
        prison = chance.randint(0, convicted)
        for kind, band, number in (
            ("_T", "_T", convicted),
            ("prison", "_T", prison),
            ("prison", "M0T24", prison // 2),
            ("prison", "M24T60", prison - prison // 2),
            ("fine", "_T", convicted - prison),
        ):
            codes = {"measure": "sentenced_first", "sentence_type": kind, "sentence_band": band}
            add_row(number, **codes, law_article=article)
    return rows


def find_row_contradictions(rows: list[dict[str, Any]]) -> pl.DataFrame:
    sums = empty_table({**DECLARED_SUM, "submission_id": pl.String()})
    return find_contradictions(pl.DataFrame(rows, schema=OBSERVATION), sums)


def judge_rows(registry: Registry, rows: list[dict[str, Any]], **over: Any) -> list[Finding]:
    item = JudgedReturn("S1", make_reading(registry, rows, **over), RECEIVED)
    return judge_rules([item], None, registry, NEW_RULES)["S1"]


def build_returns(registry: Registry, seeds: int) -> list[dict[str, Any]]:
    """Return the rows of a table for each seed, whose returns are named by it."""
    return [{**row, "submission_id": str(seed)} for seed in range(seeds) for row in build_table(registry, seed)]


def test_consistent_random_tables_have_no_contradiction(registry: Registry) -> None:
    assert find_row_contradictions(build_returns(registry, 30)).is_empty()


def test_single_part_above_its_whole_gives_one_finding_there_or_at_the_whole(registry: Registry) -> None:
    chance = random.Random(7)
    rows = build_returns(registry, 60)
    all_limits = tabulate_limits(pl.DataFrame(rows, schema=OBSERVATION)).filter(pl.col("kind") == "part")
    broken_limits = {}
    for (seed,), limits in all_limits.group_by("submission_id", maintain_order=True):
        limit = limits.row(chance.randrange(limits.height), named=True)
        rows[limit["parts"][0]]["value"] = limit["total"] + chance.randint(30, 300)
        broken_limits[seed] = limit
    assert len(broken_limits) == 60
    contradictions = find_row_contradictions(rows).filter(pl.col("kind") != "repair")
    assert sorted(contradictions["submission_id"]) == sorted(broken_limits), "one finding each"
    for seed, place in contradictions.select("submission_id", "place").iter_rows():
        limit = broken_limits[seed]
        assert place in {rows[limit["parts"][0]]["place"], rows[limit["whole"]]["place"]}, (seed, limit, place)


def test_women_above_all_persons_is_an_error_with_both_figures(registry: Registry) -> None:
    rows = [
        make_observation(registry, value=8.0),
        make_observation(registry, value=9.0, sex="F", place="Т-03!C5", label="women"),
    ]
    (finding,) = judge_rows(registry, rows)
    assert (finding.rule, finding.severity, finding.seen, finding.expected) == ("parts.exceeded", "error", "9", "8")
    assert str(finding.where) == "Т-03!C5"


def test_women_and_men_together_above_all_persons_is_found_without_a_declared_sum(registry: Registry) -> None:
    parts = [
        make_observation(registry, value=6.0, sex=sex, place=f"Т-03!{column}5")
        for sex, column in (("F", "C"), ("M", "D"))
    ]
    (finding,) = judge_rows(registry, [make_observation(registry, value=8.0), *parts])
    assert (finding.rule, finding.seen, finding.expected, str(finding.where)) == ("sum.exceeded", "8", "12", "Т-03!B5")


def test_cases_with_women_and_men_may_exceed_all_cases_together_but_not_alone(registry: Registry) -> None:
    def judge_cases(women: float) -> list[Finding]:
        rows = [
            make_observation(registry, count_unit="case", value=8.0, sex="_Z"),
            make_observation(registry, count_unit="case", value=6.0, sex="M"),
        ]
        return judge_rows(
            registry, [*rows, make_observation(registry, count_unit="case", value=women, sex="F", place="Т-03!C5")]
        )

    assert judge_cases(7.0) == []
    assert [(f.rule, f.severity) for f in judge_cases(9.0)] == [("parts.exceeded", "warning")]


def test_injured_parties_are_not_part_of_all_victims(registry: Registry) -> None:
    rows = [
        make_observation(registry, "victims", victim_status="_T"),
        make_observation(registry, "victims", victim_status="injured_party", value=9),
    ]
    assert judge_rows(registry, rows, instrument="victims") == []


def test_overlapping_ages_are_not_added(registry: Registry) -> None:
    ages = [
        make_observation(registry, age=age, value=value)
        for age, value in (("Y18T20", 3.0), ("Y18T24", 4.0), ("Y_GE18", 4.0))
    ]
    assert judge_rows(registry, [make_observation(registry), *ages]) == []


def test_outcomes_that_exclude_each_other_are_not_more_than_the_decisions(registry: Registry) -> None:
    rows = [
        make_observation(registry, measure="adjudicated_first", value=12.0),
        make_observation(registry, value=9.0, place="Т-03!C5"),
        make_observation(registry, measure="acquitted", value=9.0, place="Т-03!D5"),
    ]
    (finding,) = judge_rows(registry, rows)
    assert (finding.rule, finding.seen, finding.expected) == ("plausible.outcomes", "18", "12")


def test_all_outcomes_add_up_to_the_decisions(registry: Registry) -> None:
    rows = [make_observation(registry, measure="adjudicated_first", value=12.0)]
    rows += [
        make_observation(registry, measure=measure, value=2.0, place=f"Т-03!C{n}") for n, measure in enumerate(OUTCOMES)
    ]
    assert [f.rule for f in judge_rows(registry, rows)] == ["plausible.outcomes"]
    assert judge_rows(registry, rows[:-1]) == []


def test_convicted_of_one_article_above_its_decisions_is_found_although_the_group_agrees(registry: Registry) -> None:
    rows = [
        make_observation(registry, law_article="a", value=6.0),
        make_observation(registry, law_article="b", value=1.0),
    ]
    rows += [
        make_observation(registry, measure="adjudicated_first", law_article=article, value=5.0)
        for article in ("a", "b")
    ]
    (finding,) = judge_rows(registry, rows)
    assert (finding.rule, finding.seen, finding.expected) == ("plausible.outcome", "6", "5")


def test_indictments_are_part_of_the_reports_disposed_of(registry: Registry) -> None:
    level = {"level": "prosecution", "count_unit": "person"}
    rows = [make_observation(registry, measure="report_disposed", value=5.0, **level)]
    rows += [make_observation(registry, measure="indicted", value=6.0, place="Т-01!C5", **level)]
    assert [f.rule for f in judge_rows(registry, rows)] == ["plausible.outcome"]


def test_sanctions_may_be_missing_for_few_of_the_convicted_only(registry: Registry) -> None:
    def list_rules(sanctions: float) -> list[str]:
        sanction = make_observation(
            registry, measure="sentenced_first", sentence_type="_T", sentence_band="_T", value=sanctions
        )
        return [f.rule for f in judge_rows(registry, [make_observation(registry, value=13.0), sanction])]

    assert list_rules(11.0) == []
    assert list_rules(2.0) == ["plausible.sanctions"]


def test_repair_is_suggested_if_one_cell_settles_two_declared_sums(registry: Registry) -> None:
    """Plant one slip, 21 for 12, which breaks the sum of the sexes and that of the ages."""
    parts = {"M": 8.0, "F": 4.0, "Y_LT18": 2.0, "Y_GE18": 10.0}
    rows = [make_observation(registry, value=21.0, label="all")]
    rows += [
        make_observation(
            registry, value=value, place=f"Т-03!C{n}", label=code, **{"age" if code[0] == "Y" else "sex": code}
        )
        for n, (code, value) in enumerate(parts.items())
    ]
    cells = {r["label"]: {"place": r["place"], "label": r["label"], "value": r["value"]} for r in rows}
    sums = [
        {
            "place": "Т-03!B5",
            "label": "all",
            "dim": dim,
            "total": 21.0,
            "added": 12.0,
            "whole": True,
            "severity": "error",
            "parts": "",
            "cells": [cells[code] for code in codes],
        }
        for dim, codes in (("sex", ("M", "F")), ("age", ("Y_LT18", "Y_GE18")))
    ]
    (finding,) = judge_rows(registry, rows, sums=pl.DataFrame(sums, schema=DECLARED_SUM))
    assert (finding.rule, finding.severity, finding.seen, finding.expected) == (
        "sum.repair",
        "information",
        "21",
        "12",
    )
    assert str(finding.where) == "Т-03!B5"


def test_declared_sum_is_not_reported_again_and_one_broken_sum_has_no_single_repair() -> None:
    whole, man, woman = LabelledCell("B5", "all"), LabelledCell("C5", "M"), LabelledCell("D5", "F")
    values = {whole: 21.0, man: 8.0, woman: 4.0}
    (cause,) = explain_limits([Limit("declared", "sex", whole, (man, woman), is_exact=True)], values)
    assert cause.repair is None


def test_return_without_figures_has_no_contradiction() -> None:
    assert find_contradictions(
        empty_table(OBSERVATION), empty_table({**DECLARED_SUM, "submission_id": pl.String()})
    ).is_empty()
