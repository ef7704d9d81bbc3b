"""Rules on the events of requests: each planted contradiction is found, and a request in order is not."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from expectations import request_events
from pipelines.model.long_tables import CASE_EVENT

END = date(2025, 12, 31)


def make_event(event: str, day: date, place: str, **over: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys((name for name, kind in CASE_EVENT.items() if kind == pl.String()), "_Z")
    row |= {
        "territory": "AA", "jurisdiction": "AA", "source": "AA_MOJ", "freq": "A", "period": "2025", "proceeding": "Z1",
        "event": event, "level": "cooperation", "event_date": day, "cutoff_date": END, "offence": "ICCS0204",
        "partner": "BB", "direction": "incoming", "assistance": "evidence", "form": "F", "submission_id": "S",
    }  # fmt: skip
    return row | {"place": place, "sentence_months": None} | over


def make_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CASE_EVENT)


IN_ORDER = (
    make_event("requests_registered", date(2025, 1, 10), "a"),
    make_event("requests_acknowledged", date(2025, 2, 1), "b"),
    make_event("requests_executed", date(2025, 2, 1), "c"),
)


def test_request_in_order_has_no_finding() -> None:
    events = make_frame(*IN_ORDER)
    assert request_events.list_second_ends(events).is_empty()
    assert request_events.list_late_acknowledgements(events).is_empty()
    assert request_events.list_contradictions(events, make_frame()).is_empty()
    assert request_events.list_changed_requests(events, make_frame()).is_empty()
    assert request_events.tabulate_requests(events)["own_partner"].to_list() == [None] * 3


def test_second_outcome_of_a_request_is_found_and_that_of_another_is_not() -> None:
    second = make_event("requests_refused", date(2025, 3, 1), "d")
    another = make_event("requests_refused", date(2025, 3, 1), "e", proceeding="Z2")
    rows = request_events.list_second_ends(make_frame(*IN_ORDER, second, another))
    assert rows.select("place", "event_first", "event_date_first").rows() == [
        ("d", "requests_executed", date(2025, 2, 1))
    ]


def test_acknowledgement_after_the_end_is_found() -> None:
    late = make_event("requests_acknowledged", date(2025, 2, 2), "b")
    rows = request_events.list_late_acknowledgements(make_frame(IN_ORDER[0], late, IN_ORDER[2]))
    assert rows["place"].to_list() == ["b"]


def test_events_of_a_request_that_ended_before_are_found() -> None:
    before = make_frame(make_event("requests_executed", date(2024, 12, 1), "x", period="2024"))
    rows = request_events.list_contradictions(make_frame(*IN_ORDER[1:]), before)
    assert rows["place"].to_list() == ["b", "c"]


def test_events_before_the_registration_in_another_return_are_found() -> None:
    later = make_frame(make_event("requests_registered", date(2026, 5, 1), "x", period="2026"))
    rows = request_events.list_contradictions(make_frame(*IN_ORDER), later)
    assert rows["place"].to_list() == ["a", "b", "c"]
    earlier = make_frame(make_event("requests_registered", date(2024, 5, 1), "x", period="2024"))
    assert request_events.list_contradictions(make_frame(*IN_ORDER), earlier)["place"].to_list() == ["a"]


def test_an_accepted_return_of_the_same_period_is_replaced_and_not_compared() -> None:
    same = make_frame(make_event("requests_executed", date(2025, 1, 11), "x"))
    assert request_events.list_contradictions(make_frame(*IN_ORDER), same).is_empty()


def test_request_with_another_partner_than_before_is_found_once() -> None:
    before = make_frame(make_event("requests_registered", date(2024, 5, 1), "x", period="2024", partner="CC"))
    rows = request_events.list_changed_requests(make_frame(*IN_ORDER[1:]), before)
    assert rows.select("place", "dim", "category", "other").rows() == [("b", "partner", "BB", "CC")]


def test_partner_that_is_the_territory_itself_is_named() -> None:
    table = request_events.tabulate_requests(make_frame(make_event("requests_registered", END, "a", partner="AA")))
    assert table.select("own_partner", "period_start", "period_end").rows() == [("AA", date(2025, 1, 1), END)]
