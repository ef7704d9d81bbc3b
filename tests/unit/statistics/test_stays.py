"""From events to stays: what opens, what ends, what continues elsewhere, and what is set aside and counted."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.statistics import cohorts
from pipelines.statistics.stages import (
    APPEAL,
    FIRST,
    INVESTIGATION,
    PROCEEDINGS,
    PROSECUTION,
    REPORT_TO_COURT,
    STAGES,
    list_outcomes,
)
from pipelines.statistics.stays import find_record_runs, find_stays
from tests.records import build_events, list_reported

P, F, A, Z = "prosecution", "first", "appeal", "final"
FOUR_YEARS = list_reported("2023-Q1", "2026-Q4")


def list_stays(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """List stays as (person, start, end, closed_by, days, ended, again)."""
    columns = ["person", "start", "end", "closed_by", "days", "ended", "again"]
    rows = frame.with_columns(pl.col("start", "end").cast(pl.String)).select(columns).rows()
    return [tuple(row) for row in rows]


def count_set_aside(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.select("reason", "n").rows())


def test_outcomes_end_a_stage_in_the_order_in_which_they_count() -> None:
    """Conviction, acquittal, rejection, discontinuance, the bare decision, then what leaves the level."""
    away = ["requalified_out", "transferred_out", "joined"]
    endings = ["acquitted", "rejected", "discontinued"]
    assert [mark.event for mark in FIRST.exits] == ["convicted_first", *endings, "adjudicated_first", *away]
    assert [mark.event for mark in PROCEEDINGS.exits][:5] == ["convicted_final", *endings, "adjudicated_final"]
    assert [mark.event for mark in PROSECUTION.exits] == ["indicted", *endings[1:], *away, "report_disposed"]
    assert [mark.event for mark in INVESTIGATION.exits] == ["indicted", *endings[1:], *away]
    assert [tuple(mark) for mark in REPORT_TO_COURT.exits[5:]] == [
        *((event, P) for event in (*endings[1:], *away)), *((event, F) for event in away)
    ]  # fmt: skip


def test_decisive_events_are_defined_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    more = (*codes.measure_parts(), codes.MeasurePart("adjudicated_first", "severed", F, makes_whole=True))
    monkeypatch.setattr(codes, "measure_parts", lambda: more)
    assert [mark.event for mark in list_outcomes("adjudicated_first")][-2:] == ["severed", "adjudicated_first"]
    with pytest.raises(LookupError, match="decided_on_appeal"):
        list_outcomes("decided_on_appeal")


def test_every_exit_of_a_stage_is_a_state_of_its_cohorts() -> None:
    ends = {end for told_by in cohorts.OUTCOMES.values() for end in told_by}
    assert {mark.event for stage in STAGES.values() for mark in stage.exits} <= ends
    assert cohorts.ENDED == ("convicted", "acquitted", "rejected", "discontinued")


def test_a_decided_and_an_open_defendant() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1", "A", "adjudicated_first", F, "2024-03-10"),
            ("K1", "A", "convicted_first", F, "2024-03-10"),
            ("K1", "B", "indicted", P, "2024-01-10"),
        ]
    )
    # 2024 is a leap year: 10 January to 10 March are 60 days; 31 December 2026 is the last day seen.
    open_days = (date(2026, 12, 31) - date(2024, 1, 10)).days
    assert list_stays(find_stays(events, FIRST, reported=FOUR_YEARS).frame) == [
        ("A", "2024-01-10", "2024-03-10", "convicted_first", 60, True, False),
        ("B", "2024-01-10", None, None, open_days, False, False),
    ]


def test_a_day_of_zero_is_a_duration() -> None:
    events = build_events(
        [("K1", "A", "indicted", P, "2024-01-10"), ("K1", "A", "convicted_first", F, "2024-01-10")],
    )
    assert list_stays(find_stays(events, FIRST).frame) == [
        ("A", "2024-01-10", "2024-01-10", "convicted_first", 0, True, False)
    ]


def test_a_retrial_is_a_second_stay() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1", "A", "convicted_first", F, "2024-03-10"),
            ("K1", "A", "appealed", A, "2024-04-01"),
            ("K1", "A", "decided_on_appeal", A, "2024-07-01"),
            ("K1", "A", "remitted", F, "2024-07-01"),
            ("K1", "A", "acquitted", F, "2024-10-01"),
            ("K1", "A", "acquitted", Z, "2024-11-01"),
        ]
    )
    assert list_stays(find_stays(events, FIRST).frame) == [
        ("A", "2024-01-10", "2024-03-10", "convicted_first", 60, True, False),
        ("A", "2024-07-01", "2024-10-01", "acquitted", 92, True, True),
    ]
    assert list_stays(find_stays(events, PROCEEDINGS).frame) == [
        ("A", "2024-01-10", "2024-11-01", "acquitted", 296, True, False)
    ]


def test_second_appeal_opens_a_second_stay() -> None:
    events = build_events(
        [
            ("K1", "A", "decided_on_appeal", A, "2024-01-10"),  # lodged before the records begin
            ("K1", "A", "appealed", A, "2024-06-01"),
            ("K1", "A", "decided_on_appeal", A, "2024-07-01"),
        ]
    )
    stays = find_stays(events, APPEAL)
    assert list_stays(stays.frame) == [("A", "2024-06-01", "2024-07-01", "decided_on_appeal", 30, True, False)]
    assert count_set_aside(stays.set_aside) == {"start_not_seen": 1}


def test_reopened_after_a_rejection() -> None:
    events = build_events(
        [
            ("K1", "A", "reported", P, "2024-01-01"),
            ("K1", "A", "rejected", P, "2024-02-01"),
            ("K1", "A", "report_disposed", P, "2024-02-01"),
            ("K1", "A", "reopened", P, "2024-05-01"),
            ("K1", "A", "indicted", P, "2024-06-01"),
            ("K1", "A", "convicted_first", F, "2024-12-01"),
        ]
    )
    assert list_stays(find_stays(events, PROSECUTION).frame) == [
        ("A", "2024-01-01", "2024-02-01", "rejected", 31, True, False),
        ("A", "2024-05-01", "2024-06-01", "indicted", 31, True, True),
    ]
    assert [row[3] for row in list_stays(find_stays(events, REPORT_TO_COURT, reported=FOUR_YEARS).frame)] == [
        "rejected",
        "convicted_first",
    ]


def test_dates_out_of_order_are_set_aside_and_never_clipped() -> None:
    events = build_events(
        [
            ("K1", "A", "convicted_first", F, "2024-01-10"),
            ("K1", "A", "indicted", P, "2024-03-10"),
            ("K2", "B", "indicted", P, "2024-03-10"),
        ]
    )
    stays = find_stays(events, FIRST)
    assert [row[0] for row in list_stays(stays.frame)] == ["B"]
    assert count_set_aside(stays.set_aside) == {"out_of_order": 1}


def test_decision_without_a_recorded_indictment_gives_no_duration() -> None:
    events = build_events([("K1", "A", "convicted_first", F, "2024-01-10"), ("K1", "A", "remitted", F, "2024-03-10")])
    stays = find_stays(events, FIRST, reported=list_reported("2024-Q1", "2024-Q2"))
    assert list_stays(stays.frame) == [("A", "2024-03-10", None, None, 112, False, True)]
    assert count_set_aside(stays.set_aside) == {"start_not_seen": 1}


def test_duplicate_events_count_once() -> None:
    rows = [("K1", "A", "indicted", P, "2024-01-10"), ("K1", "A", "convicted_first", F, "2024-03-10")]
    once = find_stays(build_events(rows), FIRST)
    twice = find_stays(pl.concat([build_events(rows), build_events(rows, offence="ICCS02041")]), FIRST)
    assert twice.frame.equals(once.frame)
    assert count_set_aside(twice.set_aside) == {"duplicate": 2}


def test_convicted_of_one_charge_and_acquitted_of_another_is_convicted() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1", "A", "acquitted", F, "2024-03-10"),
            ("K1", "A", "adjudicated_first", F, "2024-03-10"),
            ("K1", "A", "convicted_first", F, "2024-03-10"),
        ]
    )
    assert list_stays(find_stays(events, FIRST).frame)[0][3] == "convicted_first"


def test_a_joined_case_goes_on_in_the_other_proceeding() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1", "A", "joined", F, "2024-02-10"),
            ("K2", "A", "convicted_first", F, "2024-09-10"),
            ("K2", "B", "indicted", P, "2023-12-01"),
            ("K2", "B", "convicted_first", F, "2024-09-10"),
        ]
    )
    stays = find_stays(events, FIRST, reported=FOUR_YEARS)
    assert list_stays(stays.frame) == [
        ("A", "2024-01-10", "2024-09-10", "convicted_first", 244, True, False),
        ("B", "2023-12-01", "2024-09-10", "convicted_first", 284, True, False),
    ]
    assert stays.frame["cluster"].n_unique() == 1, "A was judged together with B"


def test_case_joined_to_an_unseen_one_is_open_until_then() -> None:
    events = build_events([("K1", "A", "indicted", P, "2024-01-10"), ("K1", "A", "joined", F, "2024-02-10")])
    assert list_stays(find_stays(events, FIRST, reported=FOUR_YEARS).frame) == [
        ("A", "2024-01-10", "2024-02-10", "joined", 31, False, False)
    ]


def test_a_severed_case_keeps_its_indictment() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1S", "A", "severed", F, "2024-02-10"),
            ("K1S", "A", "acquitted", F, "2024-09-10"),
        ]
    )
    stays = find_stays(events, FIRST, reported=FOUR_YEARS)
    assert list_stays(stays.frame) == [("A", "2024-01-10", "2024-09-10", "acquitted", 244, True, False)]


def test_a_case_that_only_changed_its_number_is_one_matter() -> None:
    rows = [("K1", "A", "indicted", P, "2024-01-10"), ("K2", "A", "convicted_first", F, "2024-09-10")]
    assert list_stays(find_stays(build_events(rows), FIRST, reported=FOUR_YEARS).frame)[0][2:5] == (
        "2024-09-10",
        "convicted_first",
        244,
    )
    # With two open cases it is unknown which of them was decided, and none is guessed.
    stays = find_stays(build_events([*rows, ("K3", "A", "indicted", P, "2024-01-11")]), FIRST, reported=FOUR_YEARS)
    assert [row[3] for row in list_stays(stays.frame)] == [None, None]
    assert count_set_aside(stays.set_aside) == {"start_not_seen": 1}


def test_decision_before_an_indictment_belongs_to_another_matter() -> None:
    events = build_events([("K2", "A", "convicted_first", F, "2024-01-09"), ("K1", "A", "indicted", P, "2024-03-10")])
    stays = find_stays(events, FIRST)
    assert [row[1:4] for row in list_stays(stays.frame)] == [("2024-03-10", None, None)]
    assert count_set_aside(stays.set_aside) == {"start_not_seen": 1}, "not out of order: two separate matters"


def test_severed_case_is_identified_by_its_event_where_two_are_open() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1S", "A", "severed", F, "2024-02-10"),
            ("K1S", "A", "acquitted", F, "2024-09-10"),
            ("K3", "A", "indicted", P, "2024-05-01"),
        ]
    )
    stays = find_stays(events, FIRST, reported=FOUR_YEARS)
    assert [row[1:4] for row in list_stays(stays.frame)] == [
        ("2024-01-10", "2024-09-10", "acquitted"),
        ("2024-05-01", None, None),
    ]


def test_two_matters_of_one_person_are_separate_stays() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1", "A", "convicted_first", F, "2024-02-10"),
            ("K2", "A", "indicted", P, "2024-01-20"),
            ("K2", "A", "acquitted", F, "2024-05-10"),
        ]
    )
    assert [row[3] for row in list_stays(find_stays(events, FIRST).frame)] == ["convicted_first", "acquitted"]


def test_missing_quarter_splits_the_records() -> None:
    events = build_events(
        [
            ("K1", "A", "indicted", P, "2024-01-10"),
            ("K1", "A", "convicted_first", F, "2024-12-10"),  # after the gap: what happened during the gap is unknown
            ("K2", "B", "indicted", P, "2024-11-10"),
        ]
    )
    reported_quarters = list_reported("2024-Q1", "2024-Q4", without=["2024-Q3"])
    assert find_record_runs(events, reported_quarters).select("run_from", "run_until", "known_until").rows() == [
        (date(2024, 1, 1), date(2024, 6, 30), date(2024, 12, 31)),
        (date(2024, 10, 1), date(2024, 12, 31), date(2024, 12, 31)),
    ]
    assert list_stays(find_stays(events, FIRST, reported=reported_quarters).frame) == [
        ("A", "2024-01-10", None, None, 172, False, False),
        ("B", "2024-11-10", None, None, 51, False, False),
    ]


def test_nil_quarter_is_not_a_gap_and_an_early_cutoff_is() -> None:
    events = build_events([("K1", "A", "indicted", P, "2024-01-10"), ("K1", "A", "convicted_first", F, "2024-08-10")])
    assert list_stays(find_stays(events, FIRST).frame)[0][2] is None, "2024-Q2 is not known to have been reported"
    assert (
        list_stays(find_stays(events, FIRST, reported=list_reported("2024-Q1", "2024-Q3")).frame)[0][2] == "2024-08-10"
    )
    early = events.with_columns(
        cutoff_date=pl.when(pl.col("period") == "2024-Q1").then(date(2024, 3, 20)).otherwise("cutoff_date")
    )
    assert list_stays(find_stays(early, FIRST, reported=list_reported("2024-Q1", "2024-Q3")).frame)[0][4] == 70


def test_a_cutoff_after_the_period_reaches_no_further_than_the_period() -> None:
    """End an extract of 20 April at 31 March: events of April come with the next return."""
    events = build_events([("K1", "A", "indicted", P, "2024-01-10")]).with_columns(cutoff_date=date(2024, 4, 20))
    assert list_stays(find_stays(events, FIRST).frame)[0][4] == 81  # 31 March


def test_find_stays_requires_the_offence_group() -> None:
    with pytest.raises(ValueError, match="offence_group"):
        find_stays(build_events([("K1", "A", "indicted", P, "2024-01-10")]).drop("offence_group"), FIRST)


def test_find_stays_returns_no_rows_without_events() -> None:
    none = build_events([("K1", "A", "indicted", P, "2024-01-10")]).clear()
    assert find_stays(none, FIRST).frame.is_empty()
