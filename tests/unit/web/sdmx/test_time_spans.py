"""Tests of the days of periods in queries; expected days of other reporting years are those of the technical notes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.time_spans import parse_span, parse_start_day


@pytest.mark.parametrize(("text", "first", "last"), [
    ("2024", (2024, 1, 1), (2024, 12, 31)),
    ("2024-A1", (2024, 1, 1), (2024, 12, 31)),
    ("2024-S2", (2024, 7, 1), (2024, 12, 31)),
    ("2024-T1", (2024, 1, 1), (2024, 4, 30)),
    ("2024-Q3", (2024, 7, 1), (2024, 9, 30)),
    ("2024-M02", (2024, 2, 1), (2024, 2, 29)),
    ("2024-02", (2024, 2, 1), (2024, 2, 29)),
    ("2024-W01", (2024, 1, 1), (2024, 1, 7)),
    ("2024-D060", (2024, 2, 29), (2024, 2, 29)),
    ("2024-05-06T10:00:00", (2024, 5, 6), (2024, 5, 6)),
    ("2022-01-01/P3Y", (2022, 1, 1), (2024, 12, 31)),
])  # fmt: skip
def test_periods_have_a_first_and_a_last_day(
    text: str, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    assert parse_span(text) == (date(*first), date(*last))


@pytest.mark.parametrize(
    "text",
    ["soon", "2024-Q5", "2024-S3", "2024-D366x", "2023-D366", "2023-W53", "2024-A2", "2024-Q0", "2024-M13", "T", ""],
)
def test_other_texts_are_not_periods(text: str) -> None:
    with pytest.raises(QueryError, match="not a period"):
        parse_span(text)


@pytest.mark.parametrize(("text", "start_day", "first", "last"), [
    # The examples of section 6 of SDMX 3.0, "Reporting time period" and "Time in query messages".
    ("2000-A1", "--07-01", "2000-07-01", "2001-06-30"),
    ("2010-Q2", "--07-01", "2010-10-01", "2010-12-31"),
    ("2011-W36", "--07-01", "2012-03-05", "2012-03-11"),
    ("2010-Q3", "--07-01", "2011-01-01", "2011-03-31"),
    ("2010-W28", "--07-01", "2011-01-03", "2011-01-09"),
    ("2010-D185", "--07-01", "2011-01-01", "2011-01-01"),
    # The day is the last of the month where the month is shorter, as in XML Schema.
    ("2024-M02", "--01-31", "2024-02-29", "2024-03-30"),
    ("2023-A1", "--02-29Z", "2023-02-28", "2024-02-27"),
    # Calendar periods do not depend on the reporting year.
    ("2010", "--07-01", "2010-01-01", "2010-12-31"),
    ("2010-03", "--07-01", "2010-03-01", "2010-03-31"),
])  # fmt: skip
def test_reporting_period_begins_with_its_reporting_year(text: str, start_day: str, first: str, last: str) -> None:
    span = parse_span(text, parse_start_day({"reportingYearStartDay": start_day}))
    assert span == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("start_day", ["--01-01", "--04-05", "--07-01", "--12-31"])
@pytest.mark.parametrize(
    ("unit", "digits", "most"), [("S", 1, 2), ("T", 1, 3), ("Q", 1, 4), ("M", 2, 12), ("D", 3, 366)]
)
def test_reporting_periods_fill_their_year_without_gaps(start_day: str, unit: str, digits: int, most: int) -> None:
    day = parse_start_day({"reportingYearStartDay": start_day})
    first, last = parse_span("2023-A1", day)
    for number in range(1, most + 1):
        start, end = parse_span(f"2023-{unit}{number:0{digits}}", day)
        assert start == first
        first = end + timedelta(days=1)
        if end == last:
            break
    assert first == last + timedelta(days=1)
