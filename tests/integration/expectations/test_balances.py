"""A gap is reported in balances that always closed, and an exchange in the stocks of articles."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from expectations.balances import ENTRIES, EXITS, STOCKS
from expectations.judge import History, JudgedReturn
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION, empty_table
from pipelines.model.periods import Period
from pipelines.warehouse.metrics.metrics import load as load_metrics
from tests.support.fakes.return_rows import RECEIVED, judge_rules, make_observation, make_reading

PERIODS = ("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1")
NEW_RULES = {"plausible.balance", "plausible.stocks", "plausible.sanctions"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


_ROWS: list[dict[str, Any]] = []


def base_row(registry: Registry) -> dict[str, Any]:
    """Return one row, made once: looking up its form in the calendar takes a tenth of a second."""
    if not _ROWS:
        _ROWS.append(make_observation(registry))
    return _ROWS[0]


def count_court(
    registry: Registry, period: str, article: str, opening: float, closing: float, **over: Any
) -> list[Any]:
    """Return the figures of a court with six indicted and four decided."""
    place = f"Т-02!{article}"
    terms = {
        "opening": {"measure": "pending_first", "statistic": "start", "value": opening},
        "indicted": {"measure": "indicted", "level": "prosecution", "value": 6.0},
        "decided": {"measure": "adjudicated_first", "value": 4.0},
        "closing": {"measure": "pending_first", "statistic": "end", "value": closing},
    }
    base = base_row(registry) | {
        "period": period,
        "period_start": Period.from_code(period).start,
        "period_end": Period.from_code(period).end,
        "law_article": article,
    }
    return [
        {**base, "place": f"{place}{n}", "label": name, **term} for n, (name, term) in enumerate(terms.items(), start=1)
    ]


def count_from_january(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its flow counted from January on, if every quarter of the year had the same."""
    if row["statistic"] != "count":
        return row
    year, quarter = row["period"].split("-Q")
    so_far = {"accumulation": "ytd", "period_start": date(int(year), 1, 1), "value": row["value"] * int(quarter)}
    return {**row, **so_far}


def judge_rows(registry: Registry, rows: list[Any], earlier: list[Any]) -> list[Finding]:
    history = History(
        pl.DataFrame(earlier, schema=OBSERVATION), empty_table(CASE_EVENT), datetime(2025, 7, 1, tzinfo=UTC)
    )
    item = JudgedReturn("S1", make_reading(registry, rows), RECEIVED)
    return judge_rules([item], history, registry, NEW_RULES)["S1"]


def count_earlier(registry: Registry, gap: float = 0.0) -> list[Any]:
    return [r for n, p in enumerate(PERIODS) for r in count_court(registry, p, "1", 10.0 + 2 * n, 12.0 + 2 * n - gap)]


def test_closing_stock_that_breaks_the_balance_is_found_at_its_cell(registry: Registry) -> None:
    (finding,) = judge_rows(registry, count_court(registry, "2025-Q2", "1", 20.0, 32.0), count_earlier(registry))
    assert (finding.rule, finding.seen, finding.expected, str(finding.where)) == (
        "plausible.balance",
        "32",
        "22",
        "Т-02!14",
    )
    assert {name: finding.params[name] for name in ("opening", "entries", "exits")} == {
        "opening": 20,
        "entries": 6,
        "exits": 4,
    }


def test_books_that_close_and_a_gap_of_one_case_are_accepted(registry: Registry) -> None:
    for closing in (22.0, 23.0, 21.0):
        assert judge_rows(registry, count_court(registry, "2025-Q2", "1", 20.0, closing), count_earlier(registry)) == []


def test_gap_is_accepted_where_the_books_never_closed(registry: Registry) -> None:
    rows = count_court(registry, "2025-Q2", "1", 20.0 - 4, 22.0 - 8)
    assert [f.rule for f in judge_rows(registry, rows, count_earlier(registry, gap=4.0)) if "balance" in f.rule] == []


def test_article_that_always_balances_is_judged_by_itself(registry: Registry) -> None:
    """Another article of the same books that never balances does not excuse it."""
    open_article = [r for n, p in enumerate(PERIODS) for r in count_court(registry, p, "2", 90.0 - 30 * n, 140.0)]
    rows = [*count_court(registry, "2025-Q2", "1", 20.0, 32.0), *count_court(registry, "2025-Q2", "2", 140.0, 142.0)]
    (finding,) = judge_rows(registry, rows, [*count_earlier(registry), *open_article])
    assert (finding.rule, str(finding.where)) == ("plausible.balance", "Т-02!14")


def test_balance_without_one_of_its_flows_is_not_judged(registry: Registry) -> None:
    rows = [r for r in count_court(registry, "2025-Q2", "1", 20.0, 32.0) if r["label"] != "indicted"]
    assert judge_rows(registry, rows, count_earlier(registry)) == []


def test_flows_from_january_are_judged_by_what_their_quarter_adds(registry: Registry) -> None:
    earlier = [count_from_january(row) for row in count_earlier(registry)]
    rows = [count_from_january(row) for row in count_court(registry, "2025-Q2", "1", 20.0, 32.0)]
    (finding,) = judge_rows(registry, rows, earlier)
    assert (finding.rule, finding.seen, finding.expected, str(finding.where)) == (
        "plausible.balance",
        "32",
        "22",
        "Т-02!14",
    )
    assert (finding.params["entries"], finding.params["exits"]) == (6, 4)
    rows = [count_from_january(row) for row in count_court(registry, "2025-Q2", "1", 20.0, 22.0)]
    assert judge_rows(registry, rows, earlier) == []
    # Without the quarter before, what this one adds is not known.
    rows = [count_from_january(row) for row in count_court(registry, "2025-Q2", "1", 20.0, 32.0)]
    assert judge_rows(registry, rows, [row for row in earlier if row["period"] != "2025-Q1"]) == []


def test_exchanged_stocks_of_two_articles_are_one_finding_although_their_total_agrees(registry: Registry) -> None:
    earlier = [
        r
        for n, p in enumerate(PERIODS)
        for article, start in (("1", 10.0), ("2", 40.0))
        for r in count_court(registry, p, article, start + 2 * n, start + 2 * n + 2)
    ]
    rows = [*count_court(registry, "2025-Q2", "1", 50.0, 52.0), *count_court(registry, "2025-Q2", "2", 20.0, 22.0)]
    (finding,) = judge_rows(registry, rows, earlier)
    assert (finding.rule, finding.seen, finding.expected, finding.params["n"]) == ("plausible.stocks", "50", "20", 2)


def test_terms_are_those_of_the_declared_balances() -> None:
    """Compare with the declared metrics, which a rule cannot import because they are further down the layers."""
    declared = {metric.id: metric for metric in load_metrics() if metric.kind == "balance"}
    for stock, (level, entries, exits) in STOCKS.items():
        metric = declared[f"balance_{level}"]
        numerator = {measure for operand in metric.numerator for measure in operand.measures}
        denominator = {measure for operand in metric.denominator for measure in operand.measures}
        assert numerator == {stock, *entries, *ENTRIES}
        assert denominator == {stock, *exits, *EXITS}
