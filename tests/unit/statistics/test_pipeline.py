"""Clearance, decomposition, revisions, quality and balances: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import codes
from pipelines.statistics import quality
from pipelines.statistics.decomposition import Effect, round_effect
from pipelines.statistics.revisions import measure_revision
from tests.oracles import clearance, revisions
from tests.oracles.balance import LEVELS, compute_balance
from tests.oracles.decomposition import Counts, decompose_change, split_change

NAN = float("nan")


# Clearance rate and disposition time.


def test_clearance_by_hand() -> None:
    np.testing.assert_allclose(clearance.clearance_rate([45, 60, 0], [50, 50, 10]), [90, 120, 0])
    assert clearance.clearance_undefined([45, 5, NAN, 5], [50, 0, 5, NAN]).tolist() == [
        "", "no_incoming", "resolved_missing", "incoming_missing"
    ]  # fmt: skip
    assert np.isnan(clearance.clearance_rate([5, NAN, 5], [0, 5, NAN])).all()
    np.testing.assert_allclose(clearance.case_turnover([45, 5], [30, 0]), [1.5, NAN])


def test_disposition_time_by_hand() -> None:
    # a quarter of 90 days: 30 pending, 45 resolved, 60 days; a year: 120 pending, 80 resolved, 547.5 days
    assert clearance.disposition_time(30, 45, "Q", 90) == 60
    assert clearance.disposition_time(120, 80, "A", 365) == 547.5
    assert clearance.disposition_time(120, 80, "A", 366) == 549
    assert clearance.disposition_time(0, 45, "Q", 92) == 0
    np.testing.assert_array_equal(clearance.disposition_time([30, NAN, 30], [0, 5, NAN], "Q", 90), [NAN] * 3)
    assert clearance.disposition_undefined([30, NAN, 30, 30], [0, 5, NAN, 5]).tolist() == [
        "no_resolved", "stock_missing", "resolved_missing", ""
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("freq", "start", "end", "days"),
    [
        ("Q", "2023-01-01", "2023-03-31", 90),
        ("Q", "2024-01-01", "2024-03-31", 91),
        ("Q", "2023-07-01", "2023-09-30", 92),
        ("A", "2023-01-01", "2023-12-31", 365),
        ("A", "2024-01-01", "2024-12-31", 366),
        ("P3", "2022-01-01", "2024-12-31", 1096),
        ("P5", "2021-01-01", "2025-12-31", 1826),
    ],
)
def test_a_period_has_its_own_days(freq: str, start: str, end: str, days: int) -> None:
    assert clearance.count_days(freq, start, end) == days


def test_every_period_fits_the_bounds() -> None:
    for year in range(1990, 2100):
        for month, after in ((1, 4), (4, 7), (7, 10), (10, 13)):
            last = np.datetime64(f"{year + (after > 12)}-{(after - 1) % 12 + 1:02d}-01") - 1
            assert 90 <= clearance.count_days("Q", f"{year}-{month:02d}-01", last) <= 92
        for freq, years in (("A", 1), ("P3", 3), ("P5", 5)):
            clearance.count_days(freq, f"{year - years + 1}-01-01", f"{year}-12-31")


def test_bounds_of_a_year_differ_from_those_of_a_quarter() -> None:
    with pytest.raises(clearance.DayFactorError, match="90 to 92 days, not 365"):
        clearance.disposition_time(30, 45, "Q", 365)
    with pytest.raises(clearance.DayFactorError, match="365 to 366 days, not 92"):
        clearance.disposition_time(30, 45, "A", 92)
    with pytest.raises(clearance.DayFactorError, match="59"):
        clearance.count_days("Q", "2023-01-01", "2023-02-28")
    with pytest.raises(clearance.DayFactorError, match="kind M"):
        clearance.check_days("M", 30)
    with pytest.raises(ValueError, match="below zero"):
        clearance.clearance_rate(-1, 5)


def test_day_factors_are_for_all_kinds_of_period() -> None:
    assert set(clearance.DAYS) == set(codes.list_codes("freq"))


# Decomposition.


def test_splits_by_hand() -> None:
    # 50 of 100 to 60 of 150: ratio 0.5 to 0.4; volume 50 x 0.9/2, ratio -0.1 x 250/2
    assert split_change(Counts(100, 50, 150, 60)) == (22.5, -12.5)
    # volume alone, ratio alone
    assert split_change(Counts(100, 40, 200, 80)) == (40, 0)
    assert split_change(Counts(80, 20, 80, 40)) == (0, 20)
    # more convicted than indicted is allowed: 1.5 to 1
    assert split_change(Counts(20, 30, 40, 40)) == (25, -15)
    with pytest.raises(ValueError, match="above zero"):
        split_change(Counts(0, 0, 10, 5))


@given(*[st.integers(1, 10_000)] * 4)
def test_a_split_is_the_mean_of_both_orders_and_sums_to_the_change(v0: int, c0: int, v1: int, c1: int) -> None:
    volume, ratio = split_change(Counts(v0, c0, v1, c1))
    first, second = (v1 - v0) * c0 / v0, (v1 - v0) * c1 / v1  # volume moving first, and last
    assert volume == pytest.approx((first + second) / 2, rel=1e-9, abs=1e-9)
    assert volume + ratio == pytest.approx(c1 - c0, rel=1e-12, abs=1e-9)
    back = split_change(Counts(v1, c1, v0, c0))
    assert back == (pytest.approx(-volume, abs=1e-9), pytest.approx(-ratio, abs=1e-9))


def test_decompose_uses_only_reporters_of_both_periods() -> None:
    decomposition = decompose_change(
        {
            "a": Counts(100, 50, 150, 60),
            "b": Counts(80, 20, 80, 40),
            "few": Counts(30, 10, 40, 19),
            "gone": Counts(500, 400, NAN, NAN),
        }
    )
    assert decomposition.left_out == {"gone": "not_both_periods"} and decomposition.small == {"few": "too_few"}
    assert decomposition.by_reporter == {
        "a": Effect(10, 22.5, -12.5),
        "b": Effect(20, 0, 20),
        "few": Effect(9, None, None),
    }
    # 80 of 210 to 119 of 270
    assert decomposition.total.change == 39 == sum(effect.change for effect in decomposition.by_reporter.values())
    assert decomposition.total.volume == pytest.approx(60 * (80 / 210 + 119 / 270) / 2)
    assert decomposition.total.volume + decomposition.total.ratio == pytest.approx(39)


def test_decompose_does_not_split_a_small_total() -> None:
    assert decompose_change({"a": Counts(25, 10, 30, 9)}).total == Effect(-1, None, None)
    assert decompose_change({}).total == Effect(0, None, None)


@given(*[st.integers(20, 500)] * 4, st.integers(0, 2))
def test_rounded_effects_still_add_up(v0: int, c0: int, v1: int, c1: int, digits: int) -> None:
    rounded = round_effect(decompose_change({"a": Counts(v0, c0, v1, c1)}).total, digits)
    assert rounded.volume is not None and rounded.ratio is not None
    assert round(rounded.volume + rounded.ratio, digits) == rounded.change
    assert abs(rounded.ratio - split_change(Counts(v0, c0, v1, c1))[1]) <= 0.5 * 10**-digits + 1e-9
    assert round_effect(Effect(1.26, None, None), 1) == Effect(1.3, None, None)


# Revisions.


def test_revisions_by_hand() -> None:
    # 10, 20, 40 become 12, 20, 38: +2, 0, -2
    revision = measure_revision([10, 20, 40], [12, 20, 38])
    assert revision == (3, 2, 0, pytest.approx(4 / 3), pytest.approx(4 / 70), pytest.approx(4 / 70))
    # 10, 10 become 11, 9, and a third has no later figure: 2/20 both ways
    revision = measure_revision([10, 10, 5], [11, 9, NAN])
    assert (revision.periods, revision.mean_absolute, revision.relative_to_later) == (2, 1, 0.1)
    # 25 become 50: half of the later, all of the earlier
    revision = measure_revision(25, 50)
    assert (revision.mean, revision.relative_to_later, revision.relative_to_earlier) == (25, 0.5, 1)
    assert np.isnan(measure_revision([0, 0], [0, 0]).relative_to_later)
    assert measure_revision([], []).periods == 0


def test_a_triangle_by_hand() -> None:
    # periods x vintages; the second is withdrawn and comes back, the last is published once, one never
    values = [[10, 12, 12], [20, NAN, 21], [NAN, NAN, 7], [NAN] * 3]
    first, newest = revisions.split_triangle(values)
    np.testing.assert_array_equal(first, [10, 20, 7, NAN])
    np.testing.assert_array_equal(newest, [12, 21, 7, NAN])
    revision = revisions.first_to_newest(values)
    assert (revision.periods, revision.mean_absolute, revision.relative_to_later) == (2, 1.5, pytest.approx(3 / 33))
    assert [step.mean_absolute for step in revisions.by_step(values)] == [1.5, 0]
    assert [step.periods for step in revisions.by_step(values)] == [2, 1]
    with pytest.raises(ValueError, match="periods x vintages"):
        revisions.split_triangle([1, 2])


# Timeliness, punctuality, completeness.


def test_time_lag_and_delay_by_hand() -> None:
    ends = ["2025-03-31", "2025-06-30", "2025-09-30"]
    np.testing.assert_array_equal(quality.time_lag(ends, ["2025-05-15", "2025-08-14", "NaT"]), [45, 45, NAN])
    due, came = ["2025-05-15", "2025-08-14", "2025-11-14"], ["2025-05-20", "2025-08-10", "NaT"]
    np.testing.assert_array_equal(quality.compute_delays(due, came), [5, -4, NAN])
    assert quality.compute_punctuality(due, came, "2025-10-01") == 0.5  # the third is not due yet
    assert quality.compute_punctuality(due, came, "2025-11-14") == pytest.approx(1 / 3)
    assert np.isnan(quality.compute_punctuality(due, came, "2025-01-01"))
    with pytest.raises(ValueError, match="before its period"):
        quality.time_lag("2025-03-31", "2025-03-01")


def test_completeness_by_hand() -> None:
    np.testing.assert_array_equal(quality.compute_completeness([6, 0, 7, 0], [7, 4, 7, 0]), [6 / 7, 0, 1, NAN])
    with pytest.raises(ValueError, match="among those required"):
        quality.compute_completeness(8, 7)


def test_list_comparable_lengths_by_hand() -> None:
    assert quality.list_comparable_lengths([True] * 5, [False] * 5) == [1, 2, 3, 4, 5]
    assert quality.list_comparable_lengths([True] * 5, [False, False, True, False, False]) == [1, 2, 1, 2, 3]
    assert quality.list_comparable_lengths([True, False, True, True], [False] * 4) == [1, 0, 1, 2]
    # A break in a period without a figure, and the period after it.
    assert quality.list_comparable_lengths([True, False, True], [False, True, False]) == [1, 0, 1]
    assert quality.list_comparable_lengths([], []) == []


# Balances.


def test_balances_by_hand() -> None:
    balances = compute_balance(
        opening=[40, 40, 40, NAN],
        entries=[[20, 3], [20, 3], [20, 3], [20, 3]],
        exits=[[15, 5], [15, 5], [15, 5], [15, 5]],
        closing=[43, 42, 40, 43],
    )
    np.testing.assert_array_equal(balances.gap, [0, 1, 3, NAN])
    assert balances.state.tolist() == ["holds", "holds", "broken", "unknown"]


def test_missing_exit_does_not_count_as_zero() -> None:
    assert compute_balance([10], [[5]], [[3, NAN]], [12]).state.tolist() == ["unknown"]
    assert compute_balance([10], [[5, NAN]], [[3]], [12]).state.tolist() == ["unknown"]
    assert compute_balance([10], [[5]], [[3, 0]], [14]).gap.tolist() == [-2]
    with pytest.raises(ValueError, match="rows x kinds"):
        compute_balance([10], [5], [[3]], [12])


def test_levels_agree_with_the_code_list() -> None:
    # every flow summed at a level exists and is of its kind, and no entry or exit is missing
    kinds = {code: row["kind"] for code, row in codes.read_codelist("measure").items()}
    for level, flows in LEVELS.items():
        assert level in codes.list_codes("level")
        assert kinds[flows.stock] == "stock"
        assert {code for code, kind in kinds.items() if kind == "entry"} <= set(flows.entries)
        assert {kinds[flow] for flow in (*flows.entries, *flows.exits)} <= {"flow", "entry", "exit"}
    exits = {code for code, kind in kinds.items() if kind == "exit"}
    assert exits - set(LEVELS["prosecution"].exits) == {"acquitted"}  # a prosecutor acquits nobody
    of_decisions = {"rejected", "discontinued", "acquitted"}
    assert all(exits - set(LEVELS[court].exits) == of_decisions for court in ("first", "appeal"))
