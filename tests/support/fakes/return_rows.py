"""Rows of a return as reading gives them, for tests of the judgement."""

from __future__ import annotations

from typing import Any

from pipelines.declarations.export import list_expected_returns
from pipelines.declarations.registry import Registry
from pipelines.model.long_tables import OBSERVATION
from pipelines.model.periods import Period


def find_form(registry: Registry, instrument: str) -> Any:
    """Return a quarterly form of the instrument that the calendar expects."""
    expected = {(row["source"], row["instrument"]) for row in list_expected_returns(registry) if row["freq"] == "Q"}
    return next(
        form
        for form in registry.forms.values()
        if form.instrument == instrument and form.freq == "Q" and (form.source, instrument) in expected
    )


def make_observation(
    registry: Registry, instrument: str = "justice", period: str = "2025-Q2", **over: Any
) -> dict[str, Any]:
    form = find_form(registry, instrument)
    base: dict[str, Any] = dict.fromkeys(OBSERVATION, "_T")
    base |= {
        "territory": registry.territory_of(form.jurisdiction).code,
        "jurisdiction": form.jurisdiction,
        "instrument": instrument,
        "source": form.source,
        "freq": "Q",
        "period": period,
        "period_start": Period.from_code(period).start,
        "period_end": Period.from_code(period).end,
        "accumulation": "discrete",
        "date_basis": "decision",
        "measure": "convicted_first" if instrument == "justice" else "victims_detected",
        "level": "first" if instrument == "justice" else "none",
        "count_unit": "person" if instrument == "justice" else "victim",
        "statistic": "count",
        "unit_measure": "NR",
        "offence": "ICCS0204",
        "law_article": "_Z",
        "victim_status": "_Z" if instrument == "justice" else "identified",
        "age_basis": "_Z",
        "sentence_type": "_Z",
        "sentence_band": "_Z",
        "partner": "_Z",
        "value": 4.0,
        "obs_status": "A",
        "conf_status": "F",
        "notes": None,
        "place": "Т-03!B5",
        "label": "a label",
        "form": form.series,
        "submission_id": "S1",
        "origin_submission_id": "S1",
    }
    return base | over
