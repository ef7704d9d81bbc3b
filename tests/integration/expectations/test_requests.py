"""The suite of records of requests: each contract finds its fault in a whole return that is otherwise right."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from expectations.judge import JudgedReturn, judge_returns
from pipelines.declarations.registry import Registry, load
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
from pipelines.model.periods import Period
from pipelines.reading.standardise.standardise import Reading

RECEIVED = datetime.fromisoformat("2026-03-13T09:00:00+00:00")
FAULTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"partner": "AL"}, "request.self"),
    ({"partner": "NOWHERE"}, "expect.code"),
    ({"direction": "_U"}, "expect.code"),
    ({"proceeding": None}, "expect.key"),
    ({"event_date": date(2024, 12, 31)}, "record.period"),
    ({"event_date": date(2026, 1, 1)}, "record.period"),
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def make_reading(registry: Registry, *rows: dict[str, Any]) -> Reading:
    form = next(form for form in registry.forms.values() if form.id == "AL-REQUESTS-1")
    base: dict[str, Any] = dict.fromkeys((name for name, kind in CASE_EVENT.items() if kind == pl.String()), "_Z")
    base |= {
        "territory": "AL", "jurisdiction": "AL", "source": form.source, "freq": "A", "period": "2025",
        "proceeding": "Z1", "event": "requests_registered", "level": "cooperation", "event_date": date(2025, 5, 5),
        "cutoff_date": date(2025, 12, 31), "offence": "ICCS0204", "partner": "RS", "direction": "incoming",
        "assistance": "evidence", "sentence_months": None, "place": "line 4 column 6", "form": form.series,
    }  # fmt: skip
    return Reading(
        form.id, form.series, "full", False, [Period("2025")], empty_table(OBSERVATION),
        pl.DataFrame([base | row for row in rows], schema=CASE_EVENT), [], [], empty_table(DECLARED_SUM),
    )  # fmt: skip


def test_contracts_of_requests_find_their_faults_and_nothing_else(registry: Registry) -> None:
    readings = {str(fault): make_reading(registry, fault) for fault, _ in FAULTS}
    readings["right"] = make_reading(registry, {})
    readings["twice"] = make_reading(registry, {}, {"place": "line 5 column 6"})
    judged = judge_returns(
        [JudgedReturn(name, reading, RECEIVED) for name, reading in readings.items()], None, registry
    )
    rules_by_return = {
        name: {f.rule for f in findings if f.severity != "information"} for name, findings in judged.items()
    }
    assert rules_by_return.pop("right") == set()
    assert rules_by_return.pop("twice") == {"request.unique"}
    assert rules_by_return == {str(fault): {rule} for fault, rule in FAULTS}
