"""Tests of reporting in words: nobody is called late who was not due."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.warehouse.metrics.spans import span_of
from pipelines.words import reporting
from pipelines.words.notes import BASIS
from pipelines.words.reporting import Reporting, describe_absence, describe_absences, judge_reporting

NAMES = {"AA": "Alfa", "AA_1": "North", "AA_2": "South", "AA_3": "East", "AA_4": "West", "justice": "Justice counts"}
PARTS = ("AA_1", "AA_2", "AA_3", "AA_4")
DEADLINE = date(2026, 11, 14)
QUARTERS = tuple(f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in (1, 2, 3, 4))


def build_row(part: str, period: str, **values: Any) -> dict[str, Any]:
    return {
        "territory": "AA", "jurisdiction": part, "instrument": "justice", "freq": "Q" if "-Q" in period else "A",
        "period": period, "deadline": DEADLINE, "is_due": True, "is_reported": True, "is_on_time": True,
    } | values  # fmt: skip


def build_late(part: str, period: str) -> dict[str, Any]:
    return build_row(part, period, is_reported=False, is_on_time=None)


def test_one_part_of_four_is_outstanding() -> None:
    rows = [build_row(part, "2026-Q3") for part in PARTS[:3]] + [build_late("AA_4", "2026-Q3")]
    judged = judge_reporting(rows, "2026-Q3", NAMES)
    assert judged == Reporting("in_part", 3, 4, ("West",), DEADLINE)
    assert describe_absence("Alfa", judged) == "Alfa (in part, 3 of 4: West outstanding)"
    assert reporting.format_state(judged) == "in part (3 of 4)"
    assert reporting.explain_state(judged) == "in part (3 of 4). Outstanding: West"


def test_returns_of_a_territory_are_named_by_frequency_only_if_it_has_both() -> None:
    quarterly, yearly = build_row("AA", "2025-Q4"), build_row("AA", "2025", instrument="victims")
    names = {**NAMES, "victims": "Victims"}
    assert reporting.name_returns([yearly, quarterly], names) == "By quarter: justice counts. By year: victims."
    assert reporting.name_returns([quarterly, quarterly], names) == ""
    assert reporting.name_returns([yearly], names) == ""


def test_note_on_a_sum_of_quarters_says_nothing_about_returns_that_were_on_time() -> None:
    """Do not say that an office sent nothing by year: it may send other returns once a year."""
    assert BASIS["derived_quarters"] == "Sum of four quarters: the office reports this figure by quarter."


def test_quarters_of_an_office_that_reports_once_a_year_are_not_due() -> None:
    judged = judge_reporting([build_row("AA", "2024"), build_row("AA", "2025")], "2025-Q3", NAMES)
    assert judged == Reporting("not_due", is_yearly=True)
    assert describe_absence("Alfa", judged) == "Alfa (not due: reports once a year)"


def test_period_after_the_last_deadline_is_not_due_and_one_before_the_first_is_not_collected() -> None:
    rows = [build_row("AA", "2026-Q2")]
    assert judge_reporting(rows, "2026-Q3", NAMES).state == "not_due"
    assert judge_reporting(rows, "2026-Q1", NAMES).state == "not_collected"
    assert judge_reporting([], "2026-Q3", NAMES).state == "not_collected"


def test_overdue_return_has_its_deadline() -> None:
    judged = judge_reporting([build_late("AA", "2026-Q3")], "2026-Q3", NAMES)
    assert judged.state == "not_received"
    assert describe_absence("Alfa", judged) == "Alfa (late: due on 14 November 2026, not received)"


def test_year_of_quarters_names_the_outstanding_quarter() -> None:
    rows = [build_row("AA", f"2025-Q{quarter}") for quarter in (1, 2, 4)] + [build_late("AA", "2025-Q3")]
    judged = judge_reporting(rows, "2025", NAMES)
    assert (judged.state, judged.received, judged.expected, judged.outstanding) == ("in_part", 3, 4, ("2025 Q3",))


def test_running_year_is_not_due() -> None:
    rows = [build_row("AA", f"2026-Q{quarter}") for quarter in (1, 2, 3)]
    assert judge_reporting(rows, "2026", NAMES).state == "not_due"


def test_early_return_of_one_part_does_not_make_the_others_late() -> None:
    rows = [build_row(part, "2026-Q2") for part in PARTS] + [build_row("AA_1", "2026-Q3", is_due=False)]
    assert judge_reporting(rows, "2026-Q3", NAMES).state == "not_due"
    rows += [build_row(part, "2026-Q3", is_due=False) for part in PARTS[1:]]
    assert judge_reporting(rows, "2026-Q3", NAMES).state == "on_time"


def test_return_received_after_its_deadline_is_late() -> None:
    rows = [build_row("AA_1", "2026-Q3"), build_row("AA_2", "2026-Q3", is_on_time=False)]
    judged = judge_reporting(rows, "2026-Q3", NAMES)
    assert judged.state == "late" and reporting.format_state(judged) == "late"
    assert reporting.note_state("Alfa", "2026-Q3", judged, is_reporting=True) == "Alfa: South late."


@pytest.mark.parametrize(("period", "expected"), [("2026-Q3", "Reports once a year."), ("2026", "Reports by quarter.")])
def test_territory_that_does_not_report_for_a_kind_of_period_has_a_note(period: str, expected: str) -> None:
    assert reporting.note_state("Alfa", period, Reporting("not_due"), is_reporting=False) == expected


def test_absent_territory_whose_returns_arrived_does_not_count_the_figure() -> None:
    judged = Reporting("on_time", 4, 4)
    assert describe_absence("Alfa", judged) == "Alfa (not collected)"
    assert describe_absence("Alfa", judged, is_incomplete=True) == "Alfa (reported, but without this figure)"


def test_absences_name_only_those_that_are_not_in_the_figure() -> None:
    territories = [("AA", "Alfa"), ("BB", "Bravo")]
    assert describe_absences("AA,BB", territories, {}) == ""
    assert describe_absences("AA", territories, {"BB": Reporting("not_due")}) == "Not included: Bravo (not due yet)."


coverage_rows = st.lists(
    st.builds(
        lambda part, period, is_due, is_reported, is_on_time: build_row(
            part, period, is_due=is_due or not is_reported, is_reported=is_reported,
            is_on_time=is_on_time if is_reported else None,
        ),
        st.sampled_from(PARTS), st.sampled_from((*QUARTERS, "2025")), st.booleans(), st.booleans(), st.booleans(),
    ),
    unique_by=lambda row: (row["jurisdiction"], row["period"]),
    max_size=24,
)  # fmt: skip
periods = st.sampled_from((*QUARTERS, "2025", "2026", "2024-2026"))


def list_inside(rows: list[dict[str, Any]], period: str) -> list[dict[str, Any]]:
    span = span_of(period)
    return [r for r in rows if span.start <= span_of(r["period"]).start and span_of(r["period"]).end <= span.end]


@given(coverage_rows, periods)
def test_nobody_is_called_late_or_outstanding_who_was_not_due(rows: list[dict[str, Any]], period: str) -> None:
    judged = judge_reporting(rows, period, NAMES)
    overdue = [row for row in list_inside(rows, period) if row["is_due"] and not row["is_reported"]]
    assert (judged.state in ("in_part", "not_received")) == bool(overdue)
    assert bool(judged.outstanding) == bool(overdue)
    text = describe_absence("Alfa", judged)
    assert ("late" in text or "outstanding" in text) == bool(overdue)
    for part in PARTS:
        if not any(row["jurisdiction"] == part for row in overdue):
            assert NAMES[part] not in text


@given(coverage_rows, periods)
def test_counts_of_a_state_are_those_of_the_rows(rows: list[dict[str, Any]], period: str) -> None:
    judged = judge_reporting(rows, period, NAMES)
    inside = list_inside(rows, period)
    assert judged.received == sum(row["is_reported"] for row in inside)
    assert judged.expected == len(inside)
    assert judged.state in reporting.STATES
    if judged.state == "in_part":
        assert 0 < judged.received < judged.expected
    if judged.state == "late":
        assert any(row["is_on_time"] is False for row in inside)
    if judged.state == "on_time":
        assert all(row["is_on_time"] for row in inside)


@given(coverage_rows, periods, st.randoms())
def test_order_of_the_rows_does_not_matter(rows: list[dict[str, Any]], period: str, chance: Any) -> None:
    judged = judge_reporting(rows, period, NAMES)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    reordered = judge_reporting(shuffled, period, NAMES)
    assert (reordered.state, reordered.received, reordered.expected) == (judged.state, judged.received, judged.expected)
    assert sorted(reordered.outstanding) == sorted(judged.outstanding)


@pytest.mark.parametrize("code", reporting.STATES)
def test_every_state_has_a_legend(code: str) -> None:
    assert reporting.LEGEND[code].endswith(".")


@pytest.mark.parametrize(
    ("judged", "text"),
    [
        (Reporting("on_time"), "on time"),
        (Reporting("not_due"), "not due yet"),
        (Reporting("not_due", is_yearly=True), "not due (reports once a year)"),
        (Reporting("not_received", deadline=DEADLINE), "late (due on 14 November 2026, not received)"),
        (Reporting("not_collected"), "not collected"),
    ],
)
def test_state_of_a_named_territory_is_explained(judged: Reporting, text: str) -> None:
    assert reporting.explain_state(judged) == text
