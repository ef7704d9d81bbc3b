"""Tables of cooperation: balances close, openings follow, and figures have only the dimensions of their measure."""

from __future__ import annotations

from typing import Any

import polars as pl

from expectations import cooperation_tables
from pipelines.core import codes
from pipelines.model.long_tables import OBSERVATION, complete_rows

TERMS = {
    ("pending_requests", "start"): 5,
    ("requests_registered", "count"): 10,
    ("requests_executed", "count"): 6,
    ("requests_executed_part", "count"): 1,
    ("requests_refused", "count"): 2,
    ("requests_withdrawn", "count"): 0,
    ("requests_acknowledged", "count"): 8,
    ("pending_requests", "end"): 6,
}


def _make_row(measure: str, statistic: str, value: float | None, **over: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys((n for n, t in OBSERVATION.items() if t == pl.String()), "_Z")
    row |= {
        "territory": "AA",
        "period": "2025-Q1",
        "freq": "Q",
        "submission_id": "S",
        "place": f"{measure}!{statistic}",
    }
    row |= dict.fromkeys(codes.list_cooperation_dimensions(measure), "_T") | {"direction": "incoming"}
    return row | {"measure": measure, "statistic": statistic, "value": value, "offence": "ICCS0204"} | over


def _make_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=OBSERVATION)


def _make_book(**over: Any) -> pl.DataFrame:
    return _make_frame(*(_make_row(*term, value, **over) for term, value in TERMS.items()))


def test_balance_of_complete_books_is_compared_with_its_end() -> None:
    table = cooperation_tables.tabulate_balances(_make_book())
    columns = ("opening", "entries", "exits", "closing", "expected", "acknowledged", "open_in_period", "place")
    assert table.select(columns).rows() == [(5, 10, 9, 6, 6, 8, 15, "pending_requests!end")]


def test_balance_without_a_term_is_left_out() -> None:
    book = _make_book().with_columns(
        value=pl.when(pl.col("measure") == "requests_refused").then(None).otherwise(pl.col("value"))
    )
    assert cooperation_tables.tabulate_balances(book).is_empty()


def test_balance_ignores_figures_by_reason_basis_and_days() -> None:
    parts = _make_frame(
        _make_row("requests_refused", "count", 2, refusal_reason="language"),
        _make_row("requests_registered", "count", 10, legal_basis="bilateral"),
        _make_row("requests_executed", "count", 6, days_band="D0T30"),
    )
    table = cooperation_tables.tabulate_balances(pl.concat([_make_book(), parts]))
    assert table["expected"].to_list() == [6]


def test_balances_of_directions_partners_and_types_are_separate() -> None:
    books = [
        _make_book(),
        _make_book(direction="outgoing"),
        _make_book(partner="BB"),
        _make_book(assistance="evidence"),
    ]
    assert cooperation_tables.tabulate_balances(pl.concat(books)).height == 4


def test_opening_is_compared_with_the_end_of_the_period_before() -> None:
    earlier = _make_book(period="2024-Q4")
    changed = cooperation_tables.find_changed_openings(_make_book(), earlier)
    assert changed.select("value", "expected").rows() == [(5, 6)]
    same = _make_book().with_columns(value=pl.lit(6.0))
    assert cooperation_tables.find_changed_openings(same, earlier).is_empty()


def test_partner_is_not_the_reporting_territory_and_dimensions_belong_to_the_measure() -> None:
    frame = _make_frame(
        _make_row("requests_registered", "count", 1),
        _make_row("requests_registered", "count", 1, partner="AA"),
        _make_row("requests_withdrawn", "count", 1, days_band="D0T30"),
        _make_row("exchanges_registered", "count", 1, assistance="evidence"),
    )
    table = cooperation_tables.tabulate_dimensions(frame)
    assert table["own_partner"].to_list() == [None, "AA", None, None]
    assert table["strange_dimension"].to_list() == [None, None, "days_band", "assistance"]


def test_older_facts_get_the_neutral_code_of_cooperation() -> None:
    old = _make_book().drop(codes.COOPERATION_DIMENSIONS)
    completed = complete_rows(old, OBSERVATION)
    assert completed.columns == list(OBSERVATION)
    assert completed.select(codes.COOPERATION_DIMENSIONS).unique().rows() == [("_Z",) * 6]
