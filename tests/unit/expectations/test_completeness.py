"""Figures that the office sent before and left out now are reported once, by breakdown or together."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from expectations.judge import History, JudgedReturn
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.findings.texts import describe_finding
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION, empty_table
from tests.support.fakes.return_rows import RECEIVED, judge_rules, make_observation, make_reading

RULES = {"coverage.gone", "coverage.categories", "coverage.figures"}
STATUSES, SEXES, FORMS = ("presumed", "identified"), ("_T", "M", "F"), ("_T", "sexual", "labour", "begging")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def count_victims(registry: Registry, period: str, statuses: Iterable[str] = STATUSES) -> list[dict[str, Any]]:
    base = make_observation(registry, "victims", period=period)
    return [
        {**base, "victim_status": status, "sex": sex, "exploitation": form, "label": f"{status} {sex} {form} {period}"}
        for status in statuses
        for sex in SEXES
        for form in FORMS
    ]


def judge_rows(registry: Registry, rows: list[Any], earlier: list[Any], **over: Any) -> list[Finding]:
    history = History(
        pl.DataFrame(earlier, schema=OBSERVATION), empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC)
    )
    item = JudgedReturn("S1", make_reading(registry, rows, "victims", **over), RECEIVED)
    return judge_rules([item], history, registry, RULES)["S1"]


def count_earlier(registry: Registry) -> list[dict[str, Any]]:
    return [r for period in ("2024-Q4", "2025-Q1") for r in count_victims(registry, period)]


def test_complete_return_and_missing_values_with_a_sign_are_complete(registry: Registry) -> None:
    rows = count_victims(registry, "2025-Q2")
    assert judge_rows(registry, rows, count_earlier(registry)) == []
    signs = [{**r, "value": None, "obs_status": "O"} if r["sex"] == "F" else r for r in rows]
    assert judge_rows(registry, signs, count_earlier(registry)) == []


@pytest.mark.parametrize(
    ("dim", "gone", "n"),
    [("sex", {"F"}, 8), ("exploitation", {"begging"}, 6), ("exploitation", {"sexual"}, 6)],
)
def test_missing_category_is_one_finding_with_its_figures(registry: Registry, dim: str, gone: set[str], n: int) -> None:
    rows = [r for r in count_victims(registry, "2025-Q2") if r[dim] not in gone]
    (finding,) = judge_rows(registry, rows, count_earlier(registry))
    assert (finding.rule, finding.severity, finding.scope) == ("coverage.categories", "warning", "history")
    assert (finding.params["dim"], finding.params["categories"], finding.params["n"]) == (dim, ", ".join(gone), n)
    assert finding.params["previous"] == "2025-Q1"


def test_missing_breakdown_is_one_finding(registry: Registry) -> None:
    rows = [r for r in count_victims(registry, "2025-Q2") if r["sex"] == "_T"]
    rows += [r for r in count_victims(registry, "2025-Q2") if r["sex"] == "M" and r["exploitation"] != "begging"]
    (finding,) = judge_rows(registry, [r for r in rows if r["sex"] == "_T"] + rows[8:], count_earlier(registry))[:1]
    assert finding.rule in RULES
    rows = [r for r in count_victims(registry, "2025-Q2") if r["exploitation"] in ("_T", "labour")]
    (finding,) = judge_rows(registry, rows, count_earlier(registry))
    assert finding.rule == "coverage.figures", "half of all figures"


def test_category_is_named_in_words(registry: Registry) -> None:
    rows = [r for r in count_victims(registry, "2025-Q2") if r["exploitation"] != "begging"]
    (finding,) = judge_rows(registry, rows, count_earlier(registry))
    assert describe_finding(finding).message.startswith("form of exploitation: Forced begging was reported for 2025 Q1")


def test_list_without_its_zeros_is_one_finding_with_both_numbers(registry: Registry) -> None:
    rows = count_victims(registry, "2025-Q2")[::2]
    (finding,) = judge_rows(registry, rows, count_earlier(registry))
    assert (finding.rule, finding.params["n"], finding.params["total"]) == ("coverage.figures", 12, 24)


def test_figures_not_in_every_period_are_not_reported_missing(registry: Registry) -> None:
    first, second = count_victims(registry, "2024-Q4")[::2], count_victims(registry, "2025-Q1")
    assert judge_rows(registry, count_victims(registry, "2025-Q2")[::3], [*first, *second]) == []


def test_figures_of_the_first_return_are_required_of_a_second_but_not_of_a_patch(registry: Registry) -> None:
    accepted = count_victims(registry, "2025-Q2")
    rows = [r for r in accepted if r["victim_status"] != "presumed"]
    assert [f.rule for f in judge_rows(registry, rows, accepted)] == ["coverage.figures"], "half of them"
    assert judge_rows(registry, rows, accepted, kind="patch") == []
    assert judge_rows(registry, rows, accepted, nil=True) == []


def test_many_missing_lines_are_one_finding(registry: Registry) -> None:
    def count_lines(period: str, articles: range) -> list[dict[str, Any]]:
        base = make_observation(registry, "victims", period=period)
        return [{**base, "law_article": str(article), "label": f"article {article}"} for article in articles]

    earlier = [r for period in ("2024-Q4", "2025-Q1") for r in count_lines(period, range(20))]
    assert [f.rule for f in judge_rows(registry, count_lines("2025-Q2", range(18)), earlier)] == ["coverage.gone"] * 2
    (finding,) = judge_rows(registry, count_lines("2025-Q2", range(4)), earlier)
    assert (finding.rule, finding.params["n"], finding.params["total"]) == ("coverage.figures", 16, 20)
