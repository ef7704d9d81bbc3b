"""What became of those who entered in one period: by hand, and from the demonstration's known chances."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.statistics.cohorts import OUTCOMES, summarise_cohorts, track_states
from pipelines.statistics.record_shares import count_share, counted_schema, design_effect, insert_shares
from pipelines.statistics.stages import FIRST, REPORT_TO_COURT
from pipelines.statistics.stays import find_stays
from tests.oracles.record_shares import share_limits
from tests.records import build_events, list_reported, simulate_events
from tests.records.recovery import CONVICTED, measure_ratios, measure_share_coverage

P, F = "prosecution", "first"
SEEN = list_reported("2024-Q1", "2025-Q1")

ROWS = [
    ("K1", "A", "indicted", P, "2024-01-10"),
    ("K1", "A", "convicted_first", F, "2024-03-30"),
    ("K1", "B", "indicted", P, "2024-01-10"),
    ("K1", "B", "acquitted", F, "2024-05-10"),
    ("K2", "C", "indicted", P, "2024-02-01"),
    ("K2", "C", "convicted_first", F, "2024-06-01"),
    ("K2", "C", "remitted", F, "2024-09-01"),
    ("K2", "C", "rejected", F, "2025-01-20"),
    ("K3", "D", "indicted", P, "2024-03-31"),
    ("K4", "E", "indicted", P, "2024-04-01"),
    ("K5", "G", "convicted_first", F, "2024-02-01"),
]


def told(frame: pl.DataFrame) -> list[dict[str, int]]:
    """For each number of quarters the outcomes that are not zero, or nothing where it is not seen."""
    rows = frame.select("quarters", *OUTCOMES).rows(named=True)
    return [{k: v for k, v in row.items() if v and k != "quarters"} for row in rows]


def test_a_cohort_by_hand() -> None:
    frame = summarise_cohorts(find_stays(build_events(ROWS), FIRST, reported=SEEN).frame, quarters=5)
    first = frame.filter(pl.col("cohort") == "2024-Q1")
    assert told(first) == [
        {"convicted": 1, "open": 3},  # 31 March
        {"convicted": 2, "acquitted": 1, "open": 1},
        {"convicted": 1, "acquitted": 1, "open": 2},  # C was sent back on 1 September
        {"convicted": 1, "acquitted": 1, "open": 2},
        {"convicted": 1, "acquitted": 1, "rejected": 1, "open": 1},
        {},  # 2025-Q2 is not reported yet
    ]
    assert first["seen_quarters"].to_list() == [4] * 6
    assert first["n_persons"].to_list() == [4] * 6
    assert first["conviction_ratio"].to_list() == [0.25, 0.5, 0.25, 0.25, 0.25, None]
    assert first["decided_ratio"].to_list() == [1.0, 2 / 3, 0.5, 0.5, 1 / 3, None]
    assert frame.filter(pl.col("cohort") == "2024-Q2")["n_persons"].to_list() == [1] * 6, "G has no known beginning"


def test_a_year_follows_each_quarter_for_as_long() -> None:
    made = [
        ("K1", "A", "indicted", P, "2024-01-10"),
        ("K1", "A", "convicted_first", F, "2024-09-30"),
        ("K2", "B", "indicted", P, "2024-12-31"),
        ("K2", "B", "convicted_first", F, "2025-04-01"),
        ("K3", "C", "indicted", P, "2023-12-31"),
    ]
    seen = list_reported("2023-Q4", "2025-Q2")
    frame = summarise_cohorts(find_stays(build_events(made), FIRST, reported=seen).frame, quarters=3, freq="A")
    year = frame.filter(pl.col("cohort") == "2024")
    # A is decided in the 2nd quarter after its own, B in the 2nd after its own, though half a year apart.
    assert told(year) == [{"open": 2}, {"open": 2}, {"convicted": 2}, {}]
    assert year["seen_quarters"].to_list() == [2] * 4
    assert told(frame.filter(pl.col("cohort") == "2023")) == [{}] * 4, "three quarters of 2023 are not in the records"


def test_who_was_open_before_a_gap_is_lost() -> None:
    made = [
        ("K1", "A", "indicted", P, "2024-01-10"),
        ("K1", "A", "convicted_first", F, "2024-12-10"),
        ("K2", "B", "indicted", P, "2024-01-10"),
        ("K2", "B", "acquitted", F, "2024-02-10"),
    ]
    seen = list_reported("2024-Q1", "2024-Q4", without=["2024-Q3"])
    frame = summarise_cohorts(find_stays(build_events(made), FIRST, reported=seen).frame, quarters=3)
    assert told(frame) == [
        {"acquitted": 1, "open": 1},
        {"acquitted": 1, "open": 1},
        {"acquitted": 1, "lost": 1},
        {"acquitted": 1, "lost": 1},
    ]


def test_from_report_to_court() -> None:
    made = [
        ("K1", "A", "reported", P, "2024-01-10"),
        ("K1", "A", "rejected", P, "2024-02-10"),
        ("K1", "A", "reopened", P, "2024-05-10"),
        ("K1", "A", "indicted", P, "2024-06-10"),
        ("K1", "A", "convicted_first", F, "2024-12-10"),
        ("K2", "B", "reported", P, "2024-01-11"),
        ("K2", "B", "transferred_out", P, "2024-02-11"),
        ("K3", "C", "reported", P, "2024-01-12"),
        ("K3", "C", "requalified_out", P, "2024-02-11"),
    ]
    frame = summarise_cohorts(find_stays(build_events(made), REPORT_TO_COURT, reported=SEEN).frame, quarters=3)
    assert told(frame) == [
        {"rejected": 1, "requalified": 1, "transferred": 1},
        {"open": 1, "requalified": 1, "transferred": 1},
        {"open": 1, "requalified": 1, "transferred": 1},
        {"convicted": 1, "requalified": 1, "transferred": 1},
    ]


def test_every_end_of_a_stage_has_a_state() -> None:
    known = {end for ends in OUTCOMES.values() for end in ends}
    for stage in (FIRST, REPORT_TO_COURT):
        assert {mark.event for mark in stage.exits} <= known


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.integers(0, 400),
            st.integers(0, 500),
            st.sampled_from(["convicted_first", "acquitted", "discontinued", "transferred_out", None]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_nobody_is_lost_from_sight(rows: list[tuple[int, int, int, str | None]]) -> None:
    from datetime import date, timedelta

    made = []
    for place, (case, since, days, end) in enumerate(rows):
        began = date(2023, 1, 1) + timedelta(days=since)
        made.append((f"K{case}", f"P{place}", "indicted", P, began.isoformat()))
        if end:
            made.append((f"K{case}", f"P{place}", end, F, (began + timedelta(days=days)).isoformat()))
    frame = summarise_cohorts(find_stays(build_events(made), FIRST, reported=list_reported("2023-Q1", "2025-Q4")).frame)
    seen = frame.drop_nulls("open")
    assert (seen.select(pl.sum_horizontal(*OUTCOMES)).to_series() == seen["n_persons"]).all()
    assert seen.filter(pl.col("quarters") == 0)["n_persons"].sum() == len(rows)
    limits = seen.filter(pl.col("conviction_ratio") > seen["conviction_ratio_high"])
    assert limits.is_empty()
    # Nothing reopens here: those who left stay where they are, and the open only become fewer.
    for _, group in seen.sort("quarters").group_by("cohort"):
        assert (group["open"].diff().drop_nulls() <= 0).all()


# -- limits


def test_clopper_and_pearson_as_published() -> None:
    """Clopper and Pearson's limits at 95 %: 3 of 10 are 6.67 and 65.25 %; none of 10: 0 and 30.85 %."""
    assert share_limits(3, 10) == pytest.approx((0.0667, 0.6525), abs=5e-5)
    assert share_limits(0, 10) == pytest.approx((0.0, 1 - 0.025**0.1))
    assert share_limits(10, 10) == pytest.approx((0.025**0.1, 1.0))


def test_people_judged_alike_count_as_their_cases() -> None:
    """Twenty persons in ten cases, both of a case always alike: the variance between cases is twice the binomial one.

    Five cases of two are hits: p = 1/2, each case is 1 above or below: 10/9 * 10 / 400 over 1/4 / 19, times the squared
    ratio of Student's quantiles at 9 and 19 degrees.
    """
    from scipy.stats import t

    hit, case = np.repeat([1, 0], 10), np.repeat(np.arange(10), 2)
    truth = 10 / 9 * 10 / 400 / (0.25 / 19) * (t.ppf(0.975, 9) / t.ppf(0.975, 19)) ** 2
    assert design_effect(hit, case) == pytest.approx(truth)
    rows = [count_share("x", hit, np.arange(20)), count_share("x", hit, case), count_share("x", hit[:0], case[:0])]
    frame = insert_shares(pl.DataFrame(rows, schema=counted_schema("x"), orient="row"), "x")
    assert frame.columns == ["x", "x_low", "x_high", "x_n", "x_of", "x_deff"]
    assert frame["x"].to_list() == [0.5, 0.5, None]
    alone, together, none = frame.select("x_low", "x_high").rows()
    assert alone == pytest.approx(share_limits(10, 20))
    assert together == pytest.approx(share_limits(10, 20, truth))
    assert together[0] < alone[0] and together[1] > alone[1]
    assert none == (None, None)


def test_where_all_are_alike_each_case_counts_once() -> None:
    assert design_effect(np.ones(6), np.array([1, 1, 1, 2, 2, 3])) == pytest.approx((9 + 4 + 1) / 6)
    assert design_effect(np.array([1, 0]), np.array([1, 1])) == 2


def test_limits_of_shares_hold_where_a_case_has_one_outcome() -> None:
    """2000 draws: the standard error of a coverage of 95 % is half a point."""
    for cases in (15, 40):
        held = measure_share_coverage(cases, 0.72, True, 2000, seed=3)
        assert held.by_case >= 0.935
        assert held.by_person < 0.9, "persons taken alone seem to be more than they are"


def test_cohorts_give_back_the_chance_of_conviction() -> None:
    """Each defendant who is tried is convicted with 72 % (tests/samples/simulation.py), whatever the year's mix."""
    found = [measure_ratios(seed) for seed in (1, 2, 3, 4)]
    persons = sum(one.persons for one in found)
    convicted = sum(one.cohort * one.persons for one in found)
    low, high = share_limits(round(convicted), persons)
    assert low <= CONVICTED <= high


def test_a_unit_has_one_state_a_quarter() -> None:
    found = track_states(find_stays(simulate_events(1, "HR"), FIRST).frame)
    assert found.height == found.select("person", "matter", "quarters").n_unique()
