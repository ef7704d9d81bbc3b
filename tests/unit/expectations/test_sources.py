"""A register and the counts of one jurisdiction are compared in both directions, by their ratio in earlier periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from expectations.judge import History, JudgedReturn
from pipelines.declarations.form import Form
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
from pipelines.model.periods import Period
from pipelines.reading.standardise.standardise import Reading
from tests.support.fakes.return_rows import judge_rules

QUARTERS = [f"{year}-Q{quarter}" for year in (2024, 2025) for quarter in (1, 2, 3, 4)]
NOW = QUARTERS[-1]
RECEIVED = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def find_forms_of_one_jurisdiction(registry: Registry) -> tuple[Form, Form]:
    """Return a register, and the quarterly counts of its jurisdiction."""
    register = next(form for form in registry.forms.values() if form.instrument == "register")
    counts = next(
        form
        for form in registry.forms.values()
        if form.instrument == "justice" and form.freq == "Q" and form.jurisdiction == register.jurisdiction
    )
    return register, counts


def make_convictions(form: Form, period: str, persons: int) -> pl.DataFrame:
    """Return convictions of that many persons in a quarter."""
    span = Period.from_code(period)
    base: dict[str, Any] = dict.fromkeys(CASE_EVENT, "_Z")
    base |= {
        "jurisdiction": form.jurisdiction, "freq": "Q", "period": period, "event": "convicted_first", "level": "first",
        "cutoff_date": span.end, "offence": "ICCS0204", "sentence_months": None,
        "form": form.series,
    }  # fmt: skip
    rows = [
        {
            **base,
            "proceeding": f"K{period}-{number}",
            "person": f"O{period}-{number}",
            "event_date": span.start + timedelta(days=number * 90 // persons),
            "place": f"line {number + 4}",
        }
        for number in range(persons)
    ]
    return pl.DataFrame(rows, schema=CASE_EVENT)


def make_counts(form: Form, period: str, persons: int) -> pl.DataFrame:
    span = Period.from_code(period)
    row: dict[str, Any] = dict.fromkeys(OBSERVATION, "_T")
    row |= {
        "jurisdiction": form.jurisdiction, "instrument": "justice", "freq": "Q", "period": period,
        "period_start": span.start, "period_end": span.end, "accumulation": "discrete", "measure": "convicted_first",
        "level": "first", "count_unit": "person", "statistic": "count", "unit_measure": "NR", "offence": "ICCS0204",
        "law_article": "_Z", "victim_status": "_Z", "partner": "_Z", "sentence_type": "_Z", "sentence_band": "_Z",
        "value": float(persons), "obs_status": "A", "place": "A!B5", "label": "a label", "form": form.series,
    }  # fmt: skip
    return pl.DataFrame([row], schema=OBSERVATION)


def judge_source(
    registry: Registry, persons: int, counted: int, *, of_register: bool, share: float = 1.0
) -> list[Finding]:
    """Return the findings on a return of one source, given the other; earlier counts are `share` of the events."""
    register, counts = find_forms_of_one_jurisdiction(registry)
    numbers = [20, 24, 16, 22, 18, 26, 20]
    events = [make_convictions(register, period, n) for period, n in zip(QUARTERS, numbers, strict=False)]
    observations = [make_counts(counts, period, round(share * n)) for period, n in zip(QUARTERS, numbers, strict=False)]
    own_events, own_counts = make_convictions(register, NOW, persons), make_counts(counts, NOW, counted)
    if of_register:
        observations.append(own_counts)
        own_counts = empty_table(OBSERVATION)
    else:
        events.append(own_events)
        own_events = empty_table(CASE_EVENT)
    form = register if of_register else counts
    reading = Reading(
        form=form.id, series=form.series, kind="full", nil=False, periods=[Period.from_code(NOW)],
        observations=own_counts, events=own_events, findings=[], bindings=[], sums=empty_table(DECLARED_SUM),
    )  # fmt: skip
    history = History(pl.concat(observations), pl.concat(events), RECEIVED)
    return judge_rules([JudgedReturn("S1", reading, RECEIVED)], history, registry, {"plausible.sources"})["S1"]


@pytest.mark.parametrize("of_register", [True, False])
def test_other_source_with_twice_as_many_persons_is_found(registry: Registry, of_register: bool) -> None:
    [finding] = judge_source(registry, *((10, 20) if of_register else (20, 10)), of_register=of_register)
    assert (finding.seen, finding.expected, finding.params["other"]) == ("10", "20", 20)
    assert str(finding.where) == ("line 4" if of_register else "A!B5")


@pytest.mark.parametrize("of_register", [True, False])
@pytest.mark.parametrize(("persons", "counted"), [(20, 20), (20, 22), (2, 0)])
def test_small_difference_is_not_found(registry: Registry, of_register: bool, persons: int, counted: int) -> None:
    assert judge_source(registry, persons, counted, of_register=of_register) == []


def test_steady_ratio_is_expected(registry: Registry) -> None:
    assert judge_source(registry, 20, 10, of_register=True, share=0.5) == []
    assert len(judge_source(registry, 20, 20, of_register=True, share=0.5)) == 1
