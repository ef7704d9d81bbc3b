"""Each figure is judged against its own history; the truth of each test is computed by hand, not by the code."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import series
from expectations.figures import ReturnFigures
from expectations.plausibility import SHARED_RULES, STAGE_RULES
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.findings.texts import describe_finding
from pipelines.model.long_tables import OBSERVATION
from pipelines.model.periods import Period
from tests.support.fakes.return_rows import make_observation
from tests.support.sampling import count_examples

QUARTERS = [f"{year}-Q{quarter}" for year in (2022, 2023, 2024, 2025) for quarter in (1, 2, 3, 4)][:14]
"""Up to the second quarter of 2025, the one under check."""
NOW = QUARTERS[-1]
ARTICLES = ("388", "389", "390")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


@pytest.fixture(scope="module")
def base(registry: Registry) -> dict[str, Any]:
    """Return one observation, made once: finding its form for each of many would take most of the time."""
    return make_observation(registry)


def make_row(base: dict[str, Any], period: str = NOW, **over: Any) -> dict[str, Any]:
    """Return an observation of a quarter."""
    quarter = Period.from_code(period)
    return base | {"period": period, "period_start": quarter.start, "period_end": quarter.end} | over


def judge_rows(
    registry: Registry, rows: list[dict[str, Any]], earlier: list[dict[str, Any]], *rules: str
) -> list[Finding]:
    """Return the findings of these rules in one return with these rows, given earlier ones."""
    now, earlier_table = (pl.DataFrame(table, schema=OBSERVATION) for table in (rows, earlier))
    nothing = pl.DataFrame()
    figures = ReturnFigures(registry, now, earlier_table, nothing, nothing, nothing, nothing, nothing)
    checks = [rule for rule in (*SHARED_RULES, *STAGE_RULES) if rule.report.rule in rules]
    return [f for rule in checks for _, f in rule.report.build_findings(rule.find(figures).iter_rows(named=True))]


def make_articles(base: dict[str, Any], period: str, values: tuple[float, ...], **over: Any) -> list[dict[str, Any]]:
    """Return one row for each article, in cells B5, B6 and so on."""
    return [
        make_row(base, period, law_article=article, value=value, place=f"Т-03!B{5 + i}", **over)
        for i, (article, value) in enumerate(zip(ARTICLES, values, strict=False))
    ]


def make_so_far(base: dict[str, Any], values: dict[str, tuple[float, ...]], **over: Any) -> dict[str, list[Any]]:
    """Return rows by quarter of figures from January, given those of each quarter."""
    rows = {}
    for period in values:
        months = [
            values[earlier_period]
            for earlier_period in values
            if earlier_period[:4] == period[:4] and earlier_period <= period
        ]
        so_far = tuple(float(sum(column)) for column in zip(*months, strict=True))
        year = {"accumulation": "ytd", "period_start": date(int(period[:4]), 1, 1)}
        rows[period] = make_articles(base, period, so_far, **year, **over)
    return rows


def flatten_rows(rows: dict[str, list[Any]], *left_out: str) -> list[Any]:
    return [observation for period, group in rows.items() if period not in left_out for observation in group]


# ------------------------------------------------------------------------------------------------------ years so far


def so_far_table(values: list[float], periods: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"key": "a", "period": periods, "value": values}).with_columns(
        pl.lit("ytd").alias("accumulation"), pl.lit("Q").alias("freq"), pl.lit("count").alias("statistic")
    )


@given(st.lists(st.integers(0, 40), min_size=1, max_size=14))
@settings(max_examples=count_examples(60), deadline=None)
def test_make_discrete_recovers_the_counts_of_years_so_far(counts: list[int]) -> None:
    periods = QUARTERS[: len(counts)]
    added: dict[str, int] = {}
    for period, count in zip(periods, counts, strict=True):
        added[period] = count + sum(
            c for p, c in zip(periods, counts, strict=True) if p[:4] == period[:4] and p < period
        )
    table = so_far_table([float(v) for v in added.values()], periods)
    for now, before in ((table, table.clear()), (table.tail(1), table.head(len(counts) - 1))):
        discrete = series.make_discrete(now, before, ["key"], "value")
        assert discrete["accumulation"].to_list() == ["discrete"] * now.height
        assert discrete["value"].to_list() == counts[-now.height :]


def test_make_discrete_without_the_quarter_before_keeps_the_year_so_far() -> None:
    table = so_far_table([5.0, 9.0, 7.0, 2.0], ["2024-Q1", "2024-Q3", "2024-Q4", "2025-Q1"])
    discrete = series.make_discrete(table, table.clear(), ["key"], "value")
    # Q3 has no Q2 before it, Q4 is less than Q3, and first quarters are themselves.
    assert discrete["accumulation"].to_list() == ["discrete", "ytd", "ytd", "discrete"]
    assert discrete["value"].to_list() == [5.0, 9.0, 7.0, 2.0]
    assert discrete["seen"].to_list() == ["5", "9", "7", "2"]


def test_make_discrete_shows_the_subtraction() -> None:
    now = so_far_table([180.0], ["2024-Q3"])
    discrete = series.make_discrete(now, so_far_table([8.0], ["2024-Q2"]), ["key"], "value")
    assert discrete["seen"].to_list() == ["172 (180 − 8)"]


def test_jump_of_a_year_so_far_is_judged_at_its_article(registry: Registry, base: dict[str, Any]) -> None:
    counts: dict[str, tuple[float, ...]] = {p: (2.0 + i % 2, 1.0, i % 3) for i, p in enumerate(QUARTERS)}
    clean = make_so_far(base, counts)
    assert judge_rows(registry, clean[NOW], flatten_rows(clean, NOW), "plausible.jump", "plausible.jump_of_part") == []
    # The year so far of the second article is 2; typed with a zero too many it is 20.
    typed = [r | {"value": 20.0} if r["law_article"] == "389" else r for r in clean[NOW]]
    (finding,) = judge_rows(registry, typed, flatten_rows(clean, NOW), "plausible.jump", "plausible.jump_of_part")
    total, before = (sum(r["value"] for r in rows) for rows in (typed, clean["2025-Q1"]))
    assert (finding.rule, str(finding.where)) == ("plausible.jump", "Т-03!B6")
    assert finding.seen == f"{total - before:.0f} ({total:.0f} − {before:.0f})"
    assert finding.params["n"] == 12


def test_more_indicted_than_investigated_in_years_so_far(registry: Registry, base: dict[str, Any]) -> None:
    counts: dict[str, tuple[float, ...]] = dict.fromkeys(QUARTERS, (1.0,))
    investigated = make_so_far(base, counts, measure="investigated", level="prosecution")
    indicted = make_so_far(base, counts | {NOW: (9.0,)}, measure="indicted", level="prosecution")
    rows = investigated[NOW] + indicted[NOW]
    (finding,) = judge_rows(
        registry, rows, flatten_rows(investigated, NOW) + flatten_rows(indicted, NOW), "plausible.lag"
    )
    # Nine in the quarter, ten in the year; one was investigated in each of five quarters.
    assert (finding.seen, finding.expected) == ("9 (10 − 1)", "5")


def test_women_and_men_of_a_year_so_far_exchanged(registry: Registry, base: dict[str, Any]) -> None:
    def make_sex(counts: dict[str, tuple[float, ...]], sex: str, column: str) -> dict[str, list[Any]]:
        rows = make_so_far(base, counts, sex=sex)
        return {p: [r | {"place": f"Т-03!{column}5"} for r in group] for p, group in rows.items()}

    women = make_sex({p: (2.0 + i % 2,) for i, p in enumerate(QUARTERS)} | {NOW: (25.0,)}, "F", "D")
    men = make_sex({p: (25.0 + i % 3,) for i, p in enumerate(QUARTERS)} | {NOW: (2.0,)}, "M", "C")
    earlier = flatten_rows(women, NOW) + flatten_rows(men, NOW)
    (finding,) = judge_rows(registry, women[NOW] + men[NOW], earlier, "plausible.exchanged")
    # 2 women were counted up to the first quarter of 2025.
    assert (str(finding.where), finding.seen, finding.params["n"]) == ("Т-03!D5", "25 (27 − 2)", 27)


# ------------------------------------------------------------------------------------------- totals that are not _T


def test_table_of_adults_only_is_judged(registry: Registry, base: dict[str, Any]) -> None:
    adults = {"age": "Y_GE18"}
    earlier = [r for p in QUARTERS[:-1] for r in make_articles(base, p, (4.0, 12.0, 1.0), **adults)]
    jumps = ("plausible.jump", "plausible.jump_of_part")
    assert judge_rows(registry, make_articles(base, NOW, (5.0, 13.0, 0.0), **adults), earlier, *jumps) == []
    (finding,) = judge_rows(registry, make_articles(base, NOW, (5.0, 130.0, 0.0), **adults), earlier, *jumps)
    assert (finding.rule, str(finding.where), finding.seen) == ("plausible.jump_of_part", "Т-03!B6", "135")
    assert "Trafficking in persons; 18 and over" in describe_finding(finding).message


def test_women_and_men_of_adults_only_exchanged(registry: Registry, base: dict[str, Any]) -> None:
    def make_sexes(period: str, women: float, men: float) -> list[dict[str, Any]]:
        return [
            make_row(base, period=period, sex=sex, age="Y_GE18", value=value, place=place)
            for sex, value, place in (("F", women, "Т-03!D5"), ("M", men, "Т-03!C5"))
        ]

    earlier = [r for i, p in enumerate(QUARTERS[:-1]) for r in make_sexes(p, 3.0 + i % 2, 30.0 + i % 4)]
    assert judge_rows(registry, make_sexes(NOW, 4.0, 33.0), earlier, "plausible.exchanged") == []
    (finding,) = judge_rows(registry, make_sexes(NOW, 33.0, 4.0), earlier, "plausible.exchanged")
    assert str(finding.where) == "Т-03!D5"


# --------------------------------------------------------------------------------------------------- below the total


@pytest.mark.parametrize(("usual", "typed"), [(3.0, 30.0), (27.0, 72.0), (30.0, 3.0), (2.0, 2000.0)])
def test_article_typed_wrong_is_found_at_its_cell(
    registry: Registry, base: dict[str, Any], usual: float, typed: float
) -> None:
    """Judge one article in a group whose other articles are large and vary, so that the total hides it."""
    past = [(float(100 + 60 * (i % 3)), usual, 5.0) for i in range(len(QUARTERS) - 1)]
    earlier = [r for p, values in zip(QUARTERS, past, strict=False) for r in make_articles(base, p, values)]
    rules = ("plausible.jump", "plausible.jump_of_part")
    assert judge_rows(registry, make_articles(base, NOW, (150.0, usual, 5.0)), earlier, *rules) == []
    findings = judge_rows(registry, make_articles(base, NOW, (150.0, typed, 5.0)), earlier, *rules)
    assert [str(finding.where) for finding in findings] == ["Т-03!B6"]


def test_stock_carried_over_from_the_end_of_the_period_before_is_not_reported_again(
    registry: Registry, base: dict[str, Any]
) -> None:
    stock = {"measure": "pending_first", "level": "first"}
    earlier = [
        row
        for period in QUARTERS[:-1]
        for statistic in ("start", "end")
        for row in make_articles(base, period, (90.0, 3.0, 5.0), statistic=statistic, **stock)
    ]
    at_end = make_articles(base, QUARTERS[-2], (90.0, 300.0, 5.0), statistic="end", **stock)
    places = {(row["law_article"], row["period"], row["statistic"]) for row in at_end}
    accepted = [r for r in earlier if (r["law_article"], r["period"], r["statistic"]) not in places] + at_end
    rules = ("plausible.jump", "plausible.jump_of_part")
    at_start = make_articles(base, NOW, (90.0, 300.0, 5.0), statistic="start", **stock)
    assert judge_rows(registry, at_start, accepted, *rules) == []
    assert len(judge_rows(registry, at_start, earlier, *rules)) == 1


def test_one_cause_gives_one_finding_with_the_number_of_others(registry: Registry, base: dict[str, Any]) -> None:
    def both_sexes(period: str, values: tuple[float, ...]) -> list[dict[str, Any]]:
        return [
            r | {"place": r["place"].replace("B", column)}
            for sex, column in (("_T", "B"), ("M", "C"))
            for r in make_articles(base, period, values, sex=sex)
        ]

    past = [(float(100 + 60 * (i % 3)), 3.0, 5.0) for i in range(len(QUARTERS) - 1)]
    earlier = [r for p, values in zip(QUARTERS, past, strict=False) for r in both_sexes(p, values)]
    rules = ("plausible.jump", "plausible.jump_of_part")
    (finding,) = judge_rows(registry, both_sexes(NOW, (150.0, 30.0, 5.0)), earlier, *rules)
    assert (str(finding.where), finding.params["others"]) == ("Т-03!B6", 1)
    assert finding.params["breakdown"] == "law_article=389"
    (finding,) = judge_rows(registry, both_sexes(NOW, (1500.0, 3.0, 5.0)), earlier, *rules)
    assert (finding.rule, str(finding.where)) == ("plausible.jump", "Т-03!B5")


@pytest.mark.parametrize("known", [2, 3, 7, 8])
def test_article_with_a_short_history_is_judged_if_a_digit_was_added(
    registry: Registry, base: dict[str, Any], known: int
) -> None:
    past = [(float(100 + 60 * (i % 3)), 3.0, 5.0) for i in range(known)]
    periods = QUARTERS[-1 - known : -1]
    earlier = [r for p, values in zip(periods, past, strict=True) for r in make_articles(base, p, values)]
    rules = ("plausible.jump", "plausible.jump_of_part")
    (finding,) = judge_rows(registry, make_articles(base, NOW, (150.0, 42.0, 5.0)), earlier, *rules)
    assert str(finding.where) == "Т-03!B6"
    twelve = judge_rows(registry, make_articles(base, NOW, (150.0, 15.0, 5.0)), earlier, *rules)
    assert [str(f.where) for f in twelve] == (["Т-03!B6"] if known == 8 else [])


def test_older_period_restated_unchanged_is_not_judged_again(registry: Registry, base: dict[str, Any]) -> None:
    counts = [4.0, 5.0, 3.0, 4.0, 6.0, 5.0, 4.0, 5.0, 4.0, 3.0, 5.0, 4.0, 40.0]
    earlier = [make_row(base, period=p, value=v) for p, v in zip(QUARTERS, counts, strict=False)]
    again, now = make_row(base, period=QUARTERS[-2], value=40.0), make_row(base, value=5.0)
    assert judge_rows(registry, [again, now], earlier, "plausible.jump") == []
    (finding,) = judge_rows(registry, [again | {"value": 41.0}, now], earlier, "plausible.jump")
    assert finding.params["period"] == QUARTERS[-2]
    (finding,) = judge_rows(registry, [again], earlier, "plausible.jump")
    assert finding.seen == "40", "the newest period of a return is always judged"


def test_clean_returns_have_few_findings_below_the_total(registry: Registry, base: dict[str, Any]) -> None:
    """Judge sixty returns of 3 articles x 2 sexes x 6 kinds of sentence, drawn with groups of co-defendants."""
    random = np.random.default_rng(13)
    kinds = ("prison", "prison_suspended", "fine", "community", "juvenile", "other")
    cells = [(a, s, k) for a in ARTICLES for s in ("F", "M") for k in kinds]
    returns, earlier = {}, []
    for number in range(60):
        for period in QUARTERS:
            groups = random.poisson(1.5, len(cells))
            values = np.array([random.choice((1, 1, 2), size=n).sum() for n in groups], dtype=float)
            rows = [
                make_row(
                    base, period=period, law_article=a, sex=s, sentence_type=k, value=v, submission_id=f"S{number}"
                )
                for (a, s, k), v in zip(cells, values, strict=True)
            ]
            if period == NOW:
                returns[f"S{number}"] = rows
            else:
                earlier += rows
    schema = pl.DataFrame(earlier, schema=OBSERVATION)
    now = pl.DataFrame([observation for rows in returns.values() for observation in rows], schema=OBSERVATION)
    scored = series.score_series(*series.tabulate_discrete(now, schema))
    surprising = series.select_surprising(scored)
    # Two families of tests with one in a hundred each give 1.2 on average.
    assert surprising.height <= 4
    assert scored.height > 60 * len(cells)


def test_wrong_order_of_periods_does_not_matter(registry: Registry, base: dict[str, Any]) -> None:
    earlier = [r for p in QUARTERS[:-1] for r in make_articles(base, p, (4.0, 6.0, 1.0))]
    rows = make_articles(base, NOW, (4.0, 60.0, 1.0))
    findings = [judge_rows(registry, rows, order, "plausible.jump")[0] for order in (earlier, earlier[::-1])]
    assert all(first == second for first, second in pairwise(findings))
