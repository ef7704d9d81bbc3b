"""Product-limit curves, their quantiles and limits, ages of what is pending, and lags.

Truth is by hand, from a published table, from the delays that the demonstration draws, or from a simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.statistics.durations import Curve, estimate_curve, find_quantile, lag_periods, summarise_durations
from pipelines.statistics.pending import AGE_BANDS, count_age_bands, find_pending_stays, summarise_ages
from pipelines.statistics.stages import FIRST
from pipelines.statistics.stays import find_stays
from tests.oracles.exits import by_exit, summarise_exits
from tests.oracles.survival import fit_independent_curve
from tests.records import build_events, list_reported
from tests.support.sampling import count_examples

P, F = "prosecution", "first"

SIX_MP = (
    [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
    [True] * 9 + [False] * 12,
)
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
"""Weeks of remission, Freireich et al. (1963), Blood 21, 699-716; the data of most textbooks."""


def estimate_curve_of_persons(times: Sequence[int], ended: Sequence[bool]) -> Curve:
    """Estimate the curve of persons with a proceeding each."""
    return estimate_curve(np.array(times), np.array(ended), np.arange(len(times)))


def compute_product_limit(times: list[int], ended: list[bool]) -> dict[int, Fraction]:
    """Compute the product limit in exact fractions."""
    survival, curve = Fraction(1), {}
    for when in sorted({t for t, e in zip(times, ended, strict=True) if e}):
        at_risk = sum(t >= when for t in times)
        ends = sum(t == when and e for t, e in zip(times, ended, strict=True))
        survival *= 1 - Fraction(ends, at_risk)
        curve[when] = survival
    return curve


# -- the curve


@settings(max_examples=count_examples(40), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=12))
def test_estimate_curve_is_that_of_lifelines_but_for_its_limits(stays_of: list[tuple[int, bool]]) -> None:
    times, ended = [t for t, _ in stays_of], [e for _, e in stays_of]
    curve, reference = estimate_curve_of_persons(times, ended), fit_independent_curve(np.array(times), np.array(ended))
    for column, expected in zip(curve[:4], reference[:4], strict=True):
        np.testing.assert_allclose(column, expected, atol=1e-12)


def test_estimate_curve_equals_the_published_table_of_six_mp() -> None:
    """Kleinbaum and Klein, Survival Analysis, table 2.1: 0.8571 0.8067 0.7529 0.6902 0.6275 0.5378 0.4482."""
    curve = estimate_curve_of_persons(*SIX_MP)
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert np.round(curve.survival, 4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert find_quantile(curve, 0.5).value == 23
    limits = fit_independent_curve(np.array(SIX_MP[0]), np.array(SIX_MP[1]))
    assert find_quantile(limits, 0.75) == (None, 23.0, None), "the curve ends at 0.448 and never falls to a quarter"
    assert find_quantile(curve, 0.75).value is None


def test_greenwood_by_hand() -> None:
    """Variance of log S at week 10 of 6-MP: 3/(21*18) + 1/(17*16) + 1/(15*14); limits S ** exp(-+1.96 se / |log S|)."""
    curve = fit_independent_curve(np.array(SIX_MP[0]), np.array(SIX_MP[1]))
    variance = 3 / (21 * 18) + 1 / (17 * 16) + 1 / (15 * 14)
    survival = (18 / 21) * (16 / 17) * (14 / 15)
    spread = 1.959963985 * variance**0.5 / abs(np.log(survival))
    assert curve.low[2] == pytest.approx(survival ** np.exp(spread), rel=1e-6)
    assert curve.high[2] == pytest.approx(survival ** np.exp(-spread), rel=1e-6)


def test_quantiles_without_open_stays_are_the_plain_ones() -> None:
    curve = estimate_curve_of_persons(PLACEBO, [True] * 21)
    assert find_quantile(curve, 0.5).value == 8  # the 11th of 21
    assert find_quantile(curve, 0.75).value == 12  # the 16th
    assert find_quantile(curve, 0.9).value == 17  # the 19th, the first with 90 % at or below
    assert curve.survival[-1] == 0


def test_median_tolerates_rounding_of_thirds_and_quarters() -> None:
    """3/4 * 2/3 = 1/2, in floating point a little more; the median is still the third of four."""
    curve = estimate_curve_of_persons([1, 2, 3, 4], [True, True, False, False])
    assert find_quantile(curve, 0.5).value == 2


def test_estimate_curve_keeps_durations_of_zero_days() -> None:
    curve = estimate_curve_of_persons([0, 0, 5, 9], [True, True, True, False])
    assert curve.times.tolist() == [0, 5]
    assert curve.survival.tolist() == [0.5, 0.25]
    assert find_quantile(curve, 0.5).value == 0


def test_find_quantile_is_unknown_where_nothing_ended() -> None:
    curve = estimate_curve(np.array([5, 9]), np.array([False, False]), np.array(["a", "b"]))
    assert find_quantile(curve, 0.5) == (None, None, None)


@pytest.mark.parametrize("times", [[], [-1, 4]])
def test_no_times_and_negative_times_are_refused(times: list[int]) -> None:
    with pytest.raises(ValueError, match="from 0 up"):
        estimate_curve_of_persons(times, [True] * len(times))


@settings(max_examples=count_examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.integers(0, 8)), min_size=1, max_size=40))
def test_estimate_curve_of_any_stays(rows: list[tuple[int, bool, int]]) -> None:
    times, ended, cluster = [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]
    curve = estimate_curve(np.array(times), np.array(ended), np.array(cluster))
    truth = compute_product_limit(times, ended)
    assert curve.times.tolist() == list(truth)
    assert curve.survival == pytest.approx([float(v) for v in truth.values()])
    values = [find_quantile(curve, p) for p in (0.5, 0.75, 0.9)]
    reached = [q.value for q in values if q.value is not None]
    assert reached == sorted(reached), "median <= p75 <= p90"
    assert [q.value is None for q in values] == sorted(q.value is None for q in values)
    for q in values:
        if q.value is not None and q.low is not None:
            assert q.low <= q.value
        if q.high is not None:
            assert q.value is not None and q.value <= q.high
    # Censor one stay that ended: no quantile becomes shorter.
    if any(ended):
        later = list(ended)
        later[ended.index(True)] = False
        less = estimate_curve_of_persons(times, later)
        for p, q in zip((0.5, 0.75, 0.9), values, strict=True):
            value = find_quantile(less, p).value
            assert value is None or (q.value is not None and value >= q.value)


# -- clusters


def test_cases_of_one_person_have_greenwoods_variance() -> None:
    """For single persons the infinitesimal jackknife is Greenwood's formula, apart from n/(n-1) and Student's t."""
    from scipy.stats import norm, t

    times, ended = np.array(SIX_MP[0]), np.array(SIX_MP[1])
    plain, single = fit_independent_curve(times, ended), estimate_curve(times, ended, np.arange(21))
    spread = [np.log(np.log(c.low) / np.log(c.survival)) for c in (plain, single)]
    assert spread[1] / spread[0] == pytest.approx(np.full(7, t.ppf(0.975, 20) / norm.ppf(0.975) * (21 / 20) ** 0.5))


def test_duplicated_persons_do_not_narrow_the_limits() -> None:
    """Add to each case a second defendant decided with the first: as many cases, so the same limits."""
    times, ended = np.array(SIX_MP[0]), np.array(SIX_MP[1])
    once = estimate_curve(times, ended, np.arange(21))
    twice = estimate_curve(np.tile(times, 2), np.tile(ended, 2), np.tile(np.arange(21), 2))
    assert twice.survival == pytest.approx(once.survival)
    assert twice.low == pytest.approx(once.low)
    assert twice.high == pytest.approx(once.high)
    alone = fit_independent_curve(np.tile(times, 2), np.tile(ended, 2))
    assert (alone.low > twice.low).all(), "counting persons would narrow the limits"


def test_cases_that_balance_each_other_do_not_narrow_the_limits() -> None:
    """With a quick and a slow defendant in each case, the cases hardly differ, and only by chance."""
    times = np.array([*range(1, 11), *range(20, 10, -1)])
    every, cases = np.ones(20, dtype=bool), np.tile(np.arange(10), 2)
    plain, clustered = fit_independent_curve(times, every), estimate_curve(times, every, cases)
    assert (clustered.low[:-1] <= plain.low[:-1]).all()
    assert (clustered.high[:-1] >= plain.high[:-1]).all()


def test_one_case_has_no_limits() -> None:
    curve = estimate_curve(np.array([5, 5, 9]), np.array([True, True, True]), np.array(["a", "a", "a"]))
    assert find_quantile(curve, 0.5) == (5.0, None, None)


# -- by kind of exit


def test_shares_by_exit_by_hand() -> None:
    """Five persons: convicted at 10 and 20, acquitted at 20, open since 15 and 30 days.

    S(10) = 4/5; of the three left at 20 two leave: convicted 1/5 + 4/5 * 1/3 = 7/15, acquitted 4/15, open 4/15.
    """
    shares = by_exit(np.array([10, 20, 20, 15, 30]), ["convicted", "convicted", "acquitted", None, None])
    assert shares["convicted"][1].tolist() == pytest.approx([1 / 5, 7 / 15])
    assert shares["acquitted"][1].tolist() == pytest.approx([0, 4 / 15])


def test_censoring_other_exits_would_overstate_convictions() -> None:
    times, kinds = np.array([10, 20, 30, 40]), ["convicted", "acquitted", "convicted", "acquitted"]
    assert by_exit(times, kinds)["convicted"][1][-1] == pytest.approx(0.5)
    censored = estimate_curve(times, np.array([kind == "convicted" for kind in kinds]), np.arange(4))
    assert 1 - censored.survival[-1] == pytest.approx(1 - 3 / 4 * 1 / 2)  # 5 of 8, though 2 of 4 were convicted


@settings(max_examples=count_examples(40), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["convicted", "acquitted", None])), min_size=1, max_size=30)
)
def test_shares_and_the_open_sum_to_one(rows: list[tuple[int, str | None]]) -> None:
    times, kinds = np.array([r[0] for r in rows]), [r[1] for r in rows]
    shares = by_exit(times, kinds)
    open_ = estimate_curve(times, np.array([kind is not None for kind in kinds]), np.arange(times.size)).survival
    assert sum((share for _, share in shares.values()), open_) == pytest.approx(np.ones(open_.size))


def test_shares_by_exit_agree_with_lifelines_where_no_two_leave_on_one_day() -> None:
    from lifelines import AalenJohansenFitter

    times = np.arange(1, 31)
    kinds = [("convicted", "acquitted", None)[place * 7 % 3] for place in range(30)]
    number = np.array([{"convicted": 1, "acquitted": 2, None: 0}[kind] for kind in kinds])
    fitter = AalenJohansenFitter().fit(times, number, event_of_interest=1)
    convicted = dict(zip(*by_exit(times, kinds)["convicted"], strict=True))
    expected = fitter.cumulative_density_.iloc[:, 0]
    assert [convicted[t] for t in convicted] == pytest.approx([expected.loc[t] for t in convicted])


# -- tables


def build_stays(rows: list[tuple[int, int | None]], start: date = date(2023, 1, 1)) -> pl.DataFrame:
    """Build the stays of persons indicted on one day, from (case, days until the decision or None if open)."""
    events = []
    for place, (case, days) in enumerate(rows):
        events.append((f"K{case}", f"P{place:02d}", "indicted", P, start.isoformat()))
        if days is not None:
            decided = (start + timedelta(days=days)).isoformat()
            events.append((f"K{case}", f"P{place:02d}", "convicted_first", F, decided))
    return find_stays(build_events(events), FIRST, reported=list_reported("2023-Q1", "2024-Q4")).frame


def test_summarise_durations_by_hand() -> None:
    frame = summarise_durations(build_stays([(1, 10), (1, 10), (2, 20), (3, 40), (4, None)]))
    row = frame.row(0, named=True)
    assert (row["n_persons"], row["n_proceedings"], row["largest_share"]) == (5, 4, 0.4)
    assert (row["n"], row["n_ended"], row["n_open"]) == (5, 4, 1)
    assert (row["median"], row["p75"], row["p90"]) == (20, 40, None)
    # By 20 days three of two cases have ended, three of three lasted as long; at 40 days four of three and two of two.
    assert (row["median_side"], row["median_side_proceedings"]) == (3, 2)
    assert (row["p75_side"], row["p75_side_proceedings"]) == (2, 2)


def test_source_without_ends_has_no_median() -> None:
    row = summarise_durations(build_stays([(1, None), (2, None)])).row(0, named=True)
    assert (row["n_ended"], row["median"], row["median_high"]) == (0, None, None)


def test_retrial_is_not_a_first_decision() -> None:
    rows = [
        ("K1", "A", "indicted", P, "2024-01-01"),
        ("K1", "A", "convicted_first", F, "2024-02-01"),
        ("K1", "A", "remitted", F, "2024-03-01"),
        ("K1", "A", "convicted_first", F, "2024-12-01"),
    ]
    frame = find_stays(build_events(rows), FIRST, reported=list_reported("2024-Q1", "2024-Q4")).frame
    assert frame["days"].to_list() == [31, 275]
    assert summarise_durations(frame).select("n", "median").row(0) == (1, 31)
    assert summarise_exits(frame, days=100).select("closed_by", "share", "n").rows() == [("convicted_first", 1.0, 1)]


def test_person_joined_to_an_unseen_case_has_no_known_exit() -> None:
    rows = [
        ("K1", "A", "indicted", P, "2024-01-01"),
        ("K1", "A", "joined", F, "2024-02-01"),
        ("K2", "B", "indicted", P, "2024-01-01"),
        ("K2", "B", "transferred_out", F, "2024-02-02"),
        ("K3", "C", "indicted", P, "2024-01-01"),
        ("K3", "C", "acquitted", F, "2024-02-03"),
    ]
    frame = find_stays(build_events(rows), FIRST, reported=list_reported("2024-Q1", "2024-Q4")).frame
    # A is open until day 31: of the two left one is transferred, of the one left one is acquitted.
    assert summarise_exits(frame, days=100).select("closed_by", "share").rows() == [
        ("acquitted", 0.5),
        ("transferred_out", 0.5),
    ]
    # Waiting for an end is a different question: neither A nor B has reached one.
    assert summarise_durations(frame).select("n_ended", "n_open", "median").row(0) == (1, 2, 33)


def test_exits_within_a_year() -> None:
    frame = summarise_exits(build_stays([(1, 10), (2, 20), (3, None), (4, None)]), days=365)
    assert frame.select("closed_by", "share", "n").rows() == [("convicted_first", 0.5, 2)]
    assert summarise_exits(build_stays([(1, 10), (2, None)]), days=2000)["share"].to_list() == [None], (
        "nobody is followed for that long"
    )


# -- pending


def test_summarise_ages_of_pending_cases() -> None:
    decided = [("K0", "P9", "indicted", P, "2023-01-05"), ("K0", "P9", "acquitted", F, "2023-03-05")]
    days = [(date(2024, 12, 31) - timedelta(days=100 * place)).isoformat() for place in range(10)]
    events = [*decided, *((f"K{place}", f"P{place}", "indicted", P, day) for place, day in enumerate(days))]
    stays = find_stays(build_events(events), FIRST, reported=list_reported("2022-Q1", "2024-Q4")).frame
    row = summarise_ages(stays).row(0, named=True)
    assert (row["as_at"], row["seen_from"], row["n_persons"]) == (date(2024, 12, 31), date(2022, 1, 1), 10)
    assert (row["median"], row["p75"], row["p90"]) == (400, 700, 800)
    assert (row["median_side"], row["p90_side"]) == (5, 2)
    # 100 days apart: 365 days or more are 4 .. 9, six persons; 730 or more only 800 and 900.
    assert (row["oldest_over"], row["oldest_n"]) == (365, 6)
    assert count_age_bands(stays).select(code for code, _ in AGE_BANDS).row(0) == (2, 2, 4, 2, 0, 0)


def test_matter_is_older_than_the_stay_after_a_retrial() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2023-01-01"),
            ("K1", "A", "convicted_first", F, "2023-07-01"),
            ("K1", "A", "remitted", F, "2024-12-01"),
        ]
    )
    row = find_pending_stays(find_stays(events, FIRST, reported=list_reported("2023-Q1", "2024-Q4")).frame).row(
        0, named=True
    )
    assert (row["age"], row["age_of_matter"]) == (30, 730)


def test_case_open_before_a_gap_is_unknown_and_not_pending() -> None:
    events = [("K1", "A", "indicted", P, "2023-01-01"), ("K2", "B", "indicted", P, "2024-12-01")]
    reported_quarters = list_reported("2023-Q1", "2024-Q4", without=["2023-Q3"])
    row = summarise_ages(find_stays(build_events(events), FIRST, reported=reported_quarters).frame).row(0, named=True)
    assert (row["n_persons"], row["n_unknown"], row["seen_from"]) == (1, 1, date(2023, 10, 1))


def test_oldest_band_never_holds_a_single_person() -> None:
    row = summarise_ages(build_stays([(1, None), (2, None), (3, None), (4, None)])).row(0, named=True)
    assert row["oldest_over"] is None


# -- lags


@pytest.mark.parametrize(
    ("days", "freq", "lag"),
    [
        (None, "Q", None),
        (0, "Q", 0),
        (45, "Q", 0),
        (46, "Q", 1),
        (228, "Q", 2),
        (229, "Q", 3),
        (182, "A", 0),
        (183, "A", 1),
        (500, "A", 1),
    ],
)
def test_lag_periods_rounds_to_whole_periods(days: float | None, freq: str, lag: int | None) -> None:
    """Round by a quarter of 91.3125 days: 45 days are 0.49 of one, 228 are 2.497, 229 are 2.508."""
    assert lag_periods(days, freq) == lag


def test_lag_periods_rejects_invalid_durations() -> None:
    with pytest.raises(ValueError, match="none"):
        lag_periods(-1, "Q")
    with pytest.raises(ValueError, match="none"):
        lag_periods(float("nan"), "Q")
    with pytest.raises(KeyError):
        lag_periods(10, "M")
