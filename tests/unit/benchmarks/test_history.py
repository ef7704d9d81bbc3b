"""The long history of the benchmarks: only time, submissions and persons differ from the demonstration."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from benchmarks import history


def _rows() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "submission_id": ["Sa", "Sb", "Sc"],
            "person": ["P1", "P2", "P3"],
            "period": ["2024-Q3", "2022-Q4", "2025"],
            "event_date": [date(2024, 2, 29), date(2022, 12, 31), date(2025, 6, 1)],
            "accepted_at": [datetime(2024, 11, 1, 9), datetime(2023, 1, 16, 9), None],
            "event_id": [1, 2, 3],
            "value": [1.0, None, 3.0],
        }
    )


def test_columns_other_than_time_are_unchanged() -> None:
    assert history._move_rows(_rows(), 0, "2022-Q4").equals(_rows())


def test_two_cycles_cover_eight_years() -> None:
    moved = history._move_rows(_rows(), 2, "2014-Q4")
    assert moved["period"].to_list() == ["2016-Q3", "2014-Q4", "2017"]
    assert moved["event_date"].to_list() == [date(2016, 2, 29), date(2014, 12, 31), date(2017, 6, 1)]
    assert moved["accepted_at"].to_list() == [datetime(2016, 11, 1, 9), datetime(2015, 1, 16, 9), None]
    assert moved["value"].to_list() == [1.0, None, 3.0]


def test_another_cycle_has_other_submissions_persons_and_events() -> None:
    moved = history._move_rows(_rows(), 1, "2018-Q4")
    for column in ("submission_id", "person", "event_id"):
        assert not set(moved[column]) & set(_rows()[column])


def test_periods_and_partial_years_before_the_begin_are_dropped() -> None:
    # The year of the first quarter is incomplete, so it is not in the history.
    moved = history._move_rows(_rows(), 1, "2020-Q3")
    assert moved["period"].to_list() == ["2020-Q3", "2021"]
    assert history._move_rows(_rows(), 1, "2021-Q4").is_empty()


def test_files_of_several_years_are_dropped_and_single_years_kept() -> None:
    block = pl.DataFrame(
        {
            "submission_id": ["S1", "S1", "S2", "S3", "S4"],
            "freq": ["A", "A", "A", "Q", "Q"],
            "period": ["2021", "2022", "2022", "2022-Q4", "2022-Q3"],
        }
    )
    assert history._select_regular(block)["submission_id"].to_list() == ["S2", "S3"]


def test_every_year_of_the_longer_history_has_inhabitants() -> None:
    population = (
        {"jurisdiction": "AA", "year": "2011", "population": "7"},
        {"jurisdiction": "AA", "year": "2010", "population": "5"},
    )
    longer = history._extend_population(population, 3)
    assert {(row["year"], row["population"]) for row in longer} == {
        ("2011", "7"), ("2010", "5"), ("2009", "5"), ("2008", "5"), ("2007", "5"),
    }  # fmt: skip
