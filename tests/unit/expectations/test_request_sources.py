"""Records of requests are compared with the counts of the same office, whichever of the two comes later."""

from __future__ import annotations

from datetime import UTC, date, datetime
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

RECEIVED = datetime(2026, 3, 20, tzinfo=UTC)
QUARTERS = [f"2025-Q{quarter}" for quarter in (1, 2, 3, 4)]
EVENTS = ("requests_registered", "requests_acknowledged", "requests_executed", "requests_refused")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def find_forms(registry: Registry) -> tuple[Form, Form]:
    """Return records of requests, and the quarterly counts of the same office."""
    records = next(form for form in registry.forms.values() if form.instrument == "requests")
    counts = next(
        form
        for form in registry.forms.values()
        if (form.instrument, form.source, form.freq) == ("cooperation", records.source, "Q")
    )
    return records, counts


def make_records(form: Form, numbers: dict[str, int], **over: Any) -> pl.DataFrame:
    """Return so many events of each kind in 2025, each of another request."""
    base: dict[str, Any] = dict.fromkeys(CASE_EVENT, "_Z")
    base |= {
        "jurisdiction": form.jurisdiction, "source": form.source, "freq": "A", "period": "2025",
        "level": "cooperation", "event_date": date(2025, 5, 5), "cutoff_date": date(2025, 12, 31),
        "offence": "ICCS0204", "partner": "RS", "direction": "incoming", "assistance": "evidence",
        "sentence_months": None, "form": form.series,
    }  # fmt: skip
    rows = [
        base | {"proceeding": f"Z{event}{number}", "event": event, "place": f"{event} {number}"} | over
        for event, total in numbers.items()
        for number in range(total)
    ]
    return pl.DataFrame(rows, schema=CASE_EVENT)


def make_counts(form: Form, period: str, numbers: dict[str, int], **over: Any) -> pl.DataFrame:
    """Return the counts of a quarter: those of one partner, and the total of all."""
    base: dict[str, Any] = dict.fromkeys(OBSERVATION, "_Z")
    span = Period.from_code(period)
    base |= {
        "jurisdiction": form.jurisdiction, "source": form.source, "instrument": "cooperation", "freq": "Q",
        "period": period, "period_start": span.start, "period_end": span.end, "accumulation": "discrete",
        "statistic": "count", "count_unit": "request", "unit_measure": "NR", "offence": "ICCS0204",
        "direction": "incoming", "obs_status": "A", "form": form.series,
    }  # fmt: skip
    rows = [
        base | {"measure": event, "value": float(value), "partner": partner, "assistance": "_T",
                "place": f"{period} {event} {partner}"} | over
        for event, value in numbers.items()
        for partner in ("RS", "_T")
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=OBSERVATION)


def judge_return(
    registry: Registry,
    form: Form,
    period: str,
    rows: pl.DataFrame,
    observations: list[pl.DataFrame],
    events: list[pl.DataFrame],
    *,
    kind: str = "full",
    nil: bool = False,
) -> list[Finding]:
    is_records = form.instrument == "requests"
    reading = Reading(
        form=form.id, series=form.series, kind=kind, nil=nil, periods=[Period.from_code(period)],
        observations=empty_table(OBSERVATION) if is_records else rows,
        events=rows if is_records else empty_table(CASE_EVENT),
        findings=[], bindings=[], sums=empty_table(DECLARED_SUM),
    )  # fmt: skip
    history = History(
        pl.concat([empty_table(OBSERVATION), *observations]), pl.concat([empty_table(CASE_EVENT), *events]), RECEIVED
    )
    return judge_rules([JudgedReturn("S1", reading, RECEIVED)], history, registry, {"request.counts"})["S1"]


IN_QUARTER = dict.fromkeys(EVENTS, 2)
IN_YEAR = dict.fromkeys(EVENTS, 8)


def test_records_with_other_numbers_than_the_counts_of_the_year_are_found(registry: Registry) -> None:
    records, counts = find_forms(registry)
    quarters = [make_counts(counts, quarter, IN_QUARTER) for quarter in QUARTERS]
    numbers = IN_YEAR | {"requests_acknowledged": 7, "requests_refused": 10}
    findings = judge_return(registry, records, "2025", make_records(records, numbers), quarters, [])
    assert [(f.params["measure"], f.seen, f.expected, str(f.where)) for f in findings] == [
        ("requests_refused", "10", "8", "requests_refused 0"),
        ("requests_acknowledged", "7", "8", "requests_acknowledged 0"),
    ]
    assert (findings[0].params["period"], findings[0].params["direction"], findings[0].severity) == (
        "2025", "incoming", "warning",
    )  # fmt: skip
    assert judge_return(registry, records, "2025", make_records(records, IN_YEAR), quarters, []) == []


def test_counts_that_contradict_known_records_are_found_at_their_cell(registry: Registry) -> None:
    records, counts = find_forms(registry)
    earlier = [make_counts(counts, quarter, IN_QUARTER) for quarter in QUARTERS]
    listed = [make_records(records, IN_YEAR)]
    corrected = make_counts(counts, "2025-Q2", IN_QUARTER | {"requests_executed": 5})
    [finding] = judge_return(registry, counts, "2025-Q2", corrected, earlier, listed)
    assert (finding.seen, finding.expected) == ("11", "8")
    assert str(finding.where) == "2025-Q2 requests_executed _T"
    same = make_counts(counts, "2025-Q2", IN_QUARTER)
    assert judge_return(registry, counts, "2025-Q2", same, earlier, listed) == []
    # Other years are not asked about with this return.
    newer = make_counts(counts, "2026-Q1", IN_QUARTER)
    wrong = [make_records(records, IN_YEAR | {"requests_executed": 9})]
    assert judge_return(registry, counts, "2026-Q1", newer, earlier, wrong) == []


def test_directions_and_offences_are_compared_separately(registry: Registry) -> None:
    records, counts = find_forms(registry)
    quarters = [make_counts(counts, quarter, {"requests_registered": 2}) for quarter in QUARTERS]
    quarters += [make_counts(counts, quarter, {"requests_registered": 0}, direction="outgoing") for quarter in QUARTERS]
    outgoing = make_records(records, {"requests_registered": 8}, direction="outgoing")
    findings = judge_return(registry, records, "2025", outgoing, quarters, [])
    assert {(f.params["direction"], f.seen, f.expected) for f in findings} == {
        ("incoming", "0", "8"), ("outgoing", "8", "0"),
    }  # fmt: skip
    # The counts say nothing about smuggling, so its records are not compared.
    smuggling = make_records(records, {"requests_registered": 3}, offence="ICCS08051", proceeding="Y1")
    right = pl.concat([make_records(records, {"requests_registered": 8}), smuggling])
    assert judge_return(registry, records, "2025", right, quarters[:4], []) == []


def test_a_year_that_is_not_whole_is_not_compared(registry: Registry) -> None:
    records, counts = find_forms(registry)
    three = [make_counts(counts, quarter, IN_QUARTER) for quarter in QUARTERS[:3]]
    assert judge_return(registry, records, "2025", make_records(records, IN_YEAR), three, []) == []
    unknown = make_counts(counts, QUARTERS[3], IN_QUARTER, value=None, obs_status="M")
    assert judge_return(registry, records, "2025", make_records(records, IN_YEAR), [*three, unknown], []) == []
    whole = [make_counts(counts, quarter, IN_QUARTER) for quarter in QUARTERS]
    patch = make_records(records, {"requests_refused": 1})
    assert judge_return(registry, records, "2025", patch, whole, [], kind="patch") == []


def test_nil_return_of_an_office_with_counts_is_found_and_many_figures_are_one_question(registry: Registry) -> None:
    records, counts = find_forms(registry)
    quarters = [make_counts(counts, quarter, IN_QUARTER) for quarter in QUARTERS]
    [finding] = judge_return(registry, records, "2025", empty_table(CASE_EVENT), quarters, [], nil=True)
    assert (finding.seen, finding.expected, finding.params["records"]) == ("0", "8", 4)


def test_counts_of_another_office_are_not_compared(registry: Registry) -> None:
    records, _ = find_forms(registry)
    other_form = next(
        form
        for form in registry.forms.values()
        if form.instrument == "cooperation" and form.jurisdiction != records.jurisdiction and form.freq == "Q"
    )
    quarters = [make_counts(other_form, quarter, IN_QUARTER) for quarter in QUARTERS]
    assert judge_return(registry, records, "2025", make_records(records, {EVENTS[0]: 1}), quarters, []) == []
