"""Outcomes of the persons who entered in one period: by hand, and from the demonstration's known chances."""

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


def list_outcomes(frame: pl.DataFrame) -> list[dict[str, int]]:
    """List the outcomes above zero after each number of quarters; a dict is empty where the cohort is not observed."""
    rows = frame.select("quarters", *OUTCOMES).rows(named=True)
    return [{k: v for k, v in row.items() if v and k != "quarters"} for row in rows]


def test_summarise_cohorts_by_hand() -> None:
    frame = summarise_cohorts(find_stays(build_events(ROWS), FIRST, reported=SEEN).frame, quarters=5)
    first = frame.filter(pl.col("cohort") == "2024-Q1")
    assert list_outcomes(first) == [
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


def test_year_cohort_follows_each_quarter_equally_long() -> None:
    events = [
        ("K1", "A", "indicted", P, "2024-01-10"),
        ("K1", "A", "convicted_first", F, "2024-09-30"),
        ("K2", "B", "indicted", P, "2024-12-31"),
        ("K2", "B", "convicted_first", F, "2025-04-01"),
        ("K3", "C", "indicted", P, "2023-12-31"),
    ]
    reported_quarters = list_reported("2023-Q4", "2025-Q2")
    frame = summarise_cohorts(
        find_stays(build_events(events), FIRST, reported=reported_quarters).frame, quarters=3, freq="A"
    )
    year = frame.filter(pl.col("cohort") == "2024")
    # A is decided in the 2nd quarter after its own, B in the 2nd after its own, though half a year apart.
    assert list_outcomes(year) == [{"open": 2}, {"open": 2}, {"convicted": 2}, {}]
    assert year["seen_quarters"].to_list() == [2] * 4
    assert list_outcomes(frame.filter(pl.col("cohort") == "2023")) == [{}] * 4, (
        "three quarters of 2023 are not in the records"
    )


def test_person_open_before_a_gap_counts_as_lost() -> None:
    events = [
        ("K1", "A", "indicted", P, "2024-01-10"),
        ("K1", "A", "convicted_first", F, "2024-12-10"),
        ("K2", "B", "indicted", P, "2024-01-10"),
        ("K2", "B", "acquitted", F, "2024-02-10"),
    ]
    reported_quarters = list_reported("2024-Q1", "2024-Q4", without=["2024-Q3"])
    frame = summarise_cohorts(find_stays(build_events(events), FIRST, reported=reported_quarters).frame, quarters=3)
    assert list_outcomes(frame) == [
        {"acquitted": 1, "open": 1},
        {"acquitted": 1, "open": 1},
        {"acquitted": 1, "lost": 1},
        {"acquitted": 1, "lost": 1},
    ]


def test_cohorts_from_report_to_court_by_hand() -> None:
    events = [
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
    frame = summarise_cohorts(find_stays(build_events(events), REPORT_TO_COURT, reported=SEEN).frame, quarters=3)
    assert list_outcomes(frame) == [
        {"rejected": 1, "requalified": 1, "transferred": 1},
        {"open": 1, "requalified": 1, "transferred": 1},
        {"open": 1, "requalified": 1, "transferred": 1},
        {"convicted": 1, "requalified": 1, "transferred": 1},
    ]


def test_every_end_of_a_stage_has_a_state() -> None:
    counted_ends = {end for ends in OUTCOMES.values() for end in ends}
    for stage in (FIRST, REPORT_TO_COURT):
        assert {mark.event for mark in stage.exits} <= counted_ends


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
def test_outcomes_of_every_cohort_sum_to_its_persons(rows: list[tuple[int, int, int, str | None]]) -> None:
    from datetime import date, timedelta

    events = []
    for place, (case, since, days, end) in enumerate(rows):
        began = date(2023, 1, 1) + timedelta(days=since)
        events.append((f"K{case}", f"P{place}", "indicted", P, began.isoformat()))
        if end:
            events.append((f"K{case}", f"P{place}", end, F, (began + timedelta(days=days)).isoformat()))
    frame = summarise_cohorts(
        find_stays(build_events(events), FIRST, reported=list_reported("2023-Q1", "2025-Q4")).frame
    )
    observed = frame.drop_nulls("open")
    assert (observed.select(pl.sum_horizontal(*OUTCOMES)).to_series() == observed["n_persons"]).all()
    assert observed.filter(pl.col("quarters") == 0)["n_persons"].sum() == len(rows)
    limits = observed.filter(pl.col("conviction_ratio") > observed["conviction_ratio_high"])
    assert limits.is_empty()
    # Nothing reopens here, so the number of open cases never grows.
    for _, group in observed.sort("quarters").group_by("cohort"):
        assert (group["open"].diff().drop_nulls() <= 0).all()


# -- limits


def test_clopper_and_pearson_as_published() -> None:
    """Clopper and Pearson's limits at 95 %: 3 of 10 are 6.67 and 65.25 %; none of 10: 0 and 30.85 %."""
    assert share_limits(3, 10) == pytest.approx((0.0667, 0.6525), abs=5e-5)
    assert share_limits(0, 10) == pytest.approx((0.0, 1 - 0.025**0.1))
    assert share_limits(10, 10) == pytest.approx((0.025**0.1, 1.0))


def test_limits_of_persons_judged_alike_are_those_of_their_cases() -> None:
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


def test_limits_count_each_case_once_where_all_persons_are_alike() -> None:
    assert design_effect(np.ones(6), np.array([1, 1, 1, 2, 2, 3])) == pytest.approx((9 + 4 + 1) / 6)
    assert design_effect(np.array([1, 0]), np.array([1, 1])) == 2


def test_track_states_gives_a_person_one_state_per_quarter() -> None:
    states = track_states(find_stays(simulate_events(1, "HR"), FIRST).frame)
    assert states.height == states.select("person", "matter", "quarters").n_unique()
