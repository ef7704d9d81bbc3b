"""Medians of the days of requests against hand-computed curves, and against lifelines."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.statistics import records_rule, request_days


def make_waits(days: list[tuple[int, bool, bool]], **over: str) -> pl.DataFrame:
    """Return one row for each (days, has_ended, is_open); partners alternate."""
    rows = [
        {
            "territory": "AA", "offence_group": "TIP", "direction": "incoming", "measure": "requests_executed",
            "year": 2024, "request": f"Z{number}", "partner": ("BB", "CC")[number % 2], "days": length,
            "has_ended": ended, "is_open": is_open,
        } | over
        for number, (length, ended, is_open) in enumerate(days)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def test_median_counts_open_requests_as_waiting() -> None:
    # Four of five: 10, 20, 30 ended and two open at 40: after 30 days, 2 of 5 still wait.
    waits = make_waits([(10, True, False), (20, True, False), (30, True, False), (40, False, True), (40, False, True)])
    row = request_days.summarise_waits(waits).row(0, named=True)
    assert (row["n"], row["n_ended"], row["n_open"], row["median"]) == (5, 3, 2, 30)
    # Without the open ones the median would be 20; with more of them it is not reached.
    longer = make_waits([(10, True, False), (20, True, False), *[(40, False, True)] * 5])
    assert request_days.summarise_waits(longer)["median"].to_list() == [None]


def test_quartiles_are_the_days_at_which_the_curve_falls_that_far() -> None:
    # Eight requests. One that is open leaves after 15 days, one that is refused after 25. Still waiting:
    # day 10: 7/8; day 12: 6/8, so that a quarter has ended; day 20: 6/8 * 4/5 = 0.6; day 30: 0.6 * 2/3 = 0.4, so that
    # half has ended; day 40: 0.4 * 1/2 = 0.2, so that three quarters have.
    waits = make_waits(
        [(10, True, False), (12, True, False), (15, False, True), (20, True, False), (25, False, False),
         (30, True, False), (40, True, False), (50, True, False)]
    )  # fmt: skip
    row = request_days.summarise_waits(waits).row(0, named=True)
    assert (row["p25"], row["median"], row["p75"]) == (12, 30, 40)
    # With one more that is open, 7/9 still wait after day 12, 7/9 * 5/6 = 0.65 after 20, 0.49 after 30.
    longer = pl.concat([waits, make_waits([(60, False, True)]).with_columns(request=pl.lit("Z9"))])
    row = request_days.summarise_waits(longer).row(0, named=True)
    assert (row["p25"], row["median"]) == (20, 30)


def test_refused_request_leaves_without_being_counted_as_open() -> None:
    # At risk: 4 at day 10, 2 at day 30 (one refused on day 20): 3/4, then 3/8.
    waits = make_waits([(10, True, False), (20, False, False), (30, True, False), (50, True, False)])
    row = request_days.summarise_waits(waits).row(0, named=True)
    assert (row["median"], row["p75"], row["n_open"]) == (30, 50, 0)


def test_groups_are_separate_and_partners_are_the_clusters() -> None:
    waits = pl.concat(
        [make_waits([(5, True, False)] * 4), make_waits([(9, True, False)] * 3, direction="outgoing", partner="BB")]
    )
    summary = request_days.summarise_waits(waits)
    columns = ("direction", "n", "n_proceedings", "largest_share", "median")
    assert summary.select(columns).rows() == [("incoming", 4, 2, 0.5, 5), ("outgoing", 3, 1, 1.0, 9)]


def test_median_is_that_of_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    days = [(7 * number % 97 + 1, number % 3 != 0, number % 3 == 0) for number in range(60)]
    fitter = lifelines.KaplanMeierFitter().fit([d[0] for d in days], [d[1] for d in days])
    assert request_days.summarise_waits(make_waits(days))["median"][0] == fitter.median_survival_time_


def test_partner_learns_from_a_median_that_the_rule_of_durations_permits() -> None:
    """Five requests of one partner are long, five of two others short: why exact medians are not published."""
    waits = pl.concat(
        [
            make_waits([(100, True, False)] * 5, partner="BB"),
            make_waits([(3, True, False), (8, True, False), (12, True, False)], partner="CC"),
            make_waits([(15, True, False), (18, True, False)], partner="DD"),
        ]
    ).with_row_index("number")
    waits = waits.with_columns(request=pl.format("Z{}", "number")).drop("number")
    summary = request_days.summarise_waits(waits)
    published = records_rule.public_quantiles(summary, request_days.BY, ["median"], step=10, limit_step=30)
    median = published["median"].item()
    assert (median, published["median_conf_status"].item()) == (20, "F"), "the rule permits it"
    # BB knows the number of all requests, ten, from the table of totals, and the days of its own five.
    days_of_partner = waits.filter(partner="BB")["days"]
    shorter = waits.height // 2 - sum(days <= median for days in days_of_partner)
    others = waits.filter(pl.col("partner") != "BB")
    assert shorter == others.height, "at least as many requests of others are at most that long as there are"
    assert others.filter(partner="DD").height < 5, "so it knows about each of the two of DD, which are a small count"
