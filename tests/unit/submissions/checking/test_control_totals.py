"""Which totals of a return are shown, and with which earlier period each is compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from pipelines.model.long_tables import CASE_EVENT, OBSERVATION, empty_table
from pipelines.office.answers import describe_control_total
from pipelines.submissions.checking.control_totals import (
    FEWEST,
    MOST,
    ControlTotal,
    compare_control_totals,
)

NO_EVENTS = empty_table(CASE_EVENT)


def build_observations(*rows: dict[str, Any]) -> pl.DataFrame:
    """Build observations with these columns; every other dimension is a total."""
    base: dict[str, Any] = dict.fromkeys(OBSERVATION, "_T") | {
        "jurisdiction": "QQ", "freq": "Q", "period_start": None, "period_end": None, "accumulation": "discrete",
        "measure": "indicted", "level": "prosecution", "count_unit": "person", "statistic": "count",
        "offence": "ICCS0204", "victim_status": "_Z", "obs_status": "A",
    }  # fmt: skip
    return pl.DataFrame([base | row for row in rows], schema=OBSERVATION)


def compare_totals(
    now: pl.DataFrame, then: pl.DataFrame, period: str = "2026-Q3", **options: Any
) -> tuple[ControlTotal, ...]:
    return compare_control_totals(period, now, NO_EVENTS, then, NO_EVENTS, **options)


def test_total_is_compared_with_the_newest_earlier_period() -> None:
    then = build_observations({"period": "2026-Q1", "value": 3.0}, {"period": "2026-Q2", "value": 18.0})
    (total,) = compare_totals(build_observations({"period": "2026-Q3", "value": 180.0}), then)
    assert (total.value, total.earlier_period, total.earlier_value, total.difference) == (180, "2026-Q2", 18, 162)


def test_total_from_january_on_is_compared_with_the_same_quarter_of_the_year_before() -> None:
    then = [{"period": period, "value": value} for period, value in (("2025-Q3", 28.0), ("2026-Q2", 11.0))]
    so_far = {"accumulation": "ytd"}
    now = build_observations({"period": "2026-Q3", "value": 18.0} | so_far)
    (total,) = compare_totals(now, build_observations(*(row | so_far for row in then)))
    assert (total.earlier_period, total.earlier_value) == ("2025-Q3", 28)
    assert describe_control_total(total, "en").endswith("From January")
    assert "Stock at the end" in describe_control_total(replace(total, statistic="end"), "en")
    (total,) = compare_totals(now, build_observations(then[1] | so_far))
    assert total.earlier_period == "2026-Q2", "the quarter before if the year before is not known"


def test_requests_are_compared_by_direction_and_never_added() -> None:
    requests = {
        "measure": "requests_registered", "level": "cooperation", "count_unit": "request", "age": "_Z", "sex": "_Z",
        "refusal_reason": "_Z", "days_band": "_Z",
    }  # fmt: skip
    now = build_observations(
        requests | {"period": "2026-Q3", "direction": "incoming", "value": 12.0},
        requests | {"period": "2026-Q3", "direction": "outgoing", "value": 30.0},
        requests | {"period": "2026-Q3", "direction": "outgoing", "partner": "HR", "value": 30.0},
    )
    then = build_observations(requests | {"period": "2026-Q2", "direction": "outgoing", "value": 9.0})
    incoming, outgoing = compare_totals(now, then)
    assert (incoming.value, incoming.earlier_value) == (12, None)
    assert (outgoing.value, outgoing.earlier_value) == (30, 9)
    assert "Outgoing" in describe_control_total(outgoing, "en")
    assert ControlTotal.from_json(outgoing.as_json()) == outgoing


def test_adults_replace_all_ages_only_where_there_is_no_such_total() -> None:
    adults = {"period": "2026-Q3", "age": "Y_GE18"}
    (total,) = compare_totals(
        build_observations(adults | {"value": 13.0, "measure": "convicted_final", "level": "final"}),
        build_observations(),
    )
    assert describe_control_total(total, "en").endswith("adults only") and total.earlier_period is None
    totals = compare_totals(
        build_observations(adults | {"value": 5.0}, {"period": "2026-Q3", "value": 7.0}), build_observations()
    )
    assert [total.value for total in totals] == [7, 5], "the part follows the whole"


def test_total_not_reported_has_no_value_and_is_zero_in_a_nil_return() -> None:
    then = build_observations({"period": "2026-Q2", "value": 8.0})
    (total,) = compare_totals(build_observations(), then)
    assert (total.value, total.earlier_value, total.difference) == (None, 8, None)
    (total,) = compare_totals(build_observations(), then, is_nil=True)
    assert (total.value, total.difference) == (0, -8)


def test_articles_are_added_unless_all_are_reported_together() -> None:
    articles = [{"period": "2026-Q3", "law_article": article, "value": 4.0} for article in ("1", "2")]
    assert compare_totals(build_observations(*articles), build_observations())[0].value == 8
    together = {"period": "2026-Q3", "law_article": "_T", "value": 7.0}
    assert compare_totals(build_observations(*articles, together), build_observations())[0].value == 7


def test_totals_shown_are_the_largest_and_those_that_changed_most() -> None:
    measures = [
        "reported", "report_disposed", "investigated", "indicted", "adjudicated_first", "convicted_first",
        "sentenced_first", "appealed", "decided_on_appeal", "adjudicated_final", "convicted_final", "sentenced_final",
    ]  # fmt: skip
    then = [{"measure": m, "period": "2026-Q2", "value": float(30 - i)} for i, m in enumerate(measures)]
    now = [row | {"period": "2026-Q3"} for row in then]
    now[-1] = now[-1] | {"value": 1.0}
    totals = compare_totals(build_observations(*now), build_observations(*then))
    assert len(totals) == MOST
    assert {"reported", "investigated", "sentenced_final"} <= {total.measure for total in totals}
    order = [measures.index(total.measure) for total in totals]
    assert order == sorted(order), "in the order of the stages"


def test_parts_are_shown_where_there_are_few_totals() -> None:
    sexes = [{"period": "2026-Q3", "sex": sex, "value": value} for sex, value in (("F", 3.0), ("M", 5.0), ("_T", 8.0))]
    totals = compare_totals(build_observations(*sexes), build_observations())
    assert [(total.sex, total.value) for total in totals] == [("_T", 8), ("F", 3), ("M", 5)]
    assert len(totals) < FEWEST


def test_register_is_counted_in_persons() -> None:
    event: dict[str, Any] = dict.fromkeys(CASE_EVENT) | {
        "jurisdiction": "QQ", "freq": "Q", "period": "2026-Q3", "event": "indicted", "level": "prosecution",
        "offence": "ICCS0204", "proceeding": "a",
    }  # fmt: skip
    events = pl.DataFrame([event | {"person": person} for person in ("1", "2", "2")], schema=CASE_EVENT)
    (total,) = compare_control_totals("2026-Q3", build_observations(), events, build_observations(), NO_EVENTS)
    assert (total.measure, total.count_unit, total.value) == ("indicted", "person", 2)
    assert ControlTotal.from_json(total.as_json()) == total


def test_records_of_requests_are_counted_by_direction() -> None:
    event: dict[str, Any] = dict.fromkeys(CASE_EVENT) | {
        "jurisdiction": "QQ", "freq": "A", "period": "2026", "event": "requests_registered", "level": "cooperation",
        "offence": "ICCS0204", "person": "_Z",
    }  # fmt: skip
    rows = [("a", "incoming"), ("b", "incoming"), ("c", "outgoing")]
    events = pl.DataFrame(
        [event | {"proceeding": number, "direction": direction} for number, direction in rows], schema=CASE_EVENT
    )
    totals = compare_control_totals("2026", build_observations(), events, build_observations(), NO_EVENTS)
    assert [(total.direction, total.count_unit, total.value) for total in totals] == [
        ("incoming", "request", 2),
        ("outgoing", "request", 1),
    ]
