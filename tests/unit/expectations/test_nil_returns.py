"""A nil return is questioned where earlier periods make zero improbable, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from expectations.judge import History, JudgedReturn
from pipelines.declarations.registry import Registry, load
from pipelines.findings.finding import Finding
from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, empty_table
from pipelines.model.periods import Period, periods_between
from pipelines.reading.standardise.standardise import Reading
from tests.support.fakes.return_rows import judge_rules


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def declare_nil(registry: Registry, form_id: str, period: str, **tables: pl.DataFrame) -> list[Finding]:
    """Return the findings of the rule for a nil return of one period, after earlier figures or events."""
    form = registry.forms[form_id]
    reading = Reading(
        observations=empty_table(OBSERVATION), events=empty_table(CASE_EVENT), findings=[], bindings=[],
        periods=[Period.from_code(period)], form=form_id, series=form.series, nil=True, kind="full",
        sums=empty_table(DECLARED_SUM),
    )  # fmt: skip
    empty = {"observations": empty_table(OBSERVATION), "events": empty_table(CASE_EVENT)}
    history = History(**(empty | tables), as_of=datetime(2026, 11, 1, tzinfo=UTC))
    return judge_rules([JudgedReturn("S1", reading)], history, registry, {"nil.after_figures"})["S1"]


def make_totals(
    registry: Registry, form_id: str, values: list[float], first: str = "2025-Q1", **over: Any
) -> pl.DataFrame:
    """Return one total per period from the first on."""
    form = registry.forms[form_id]
    base: dict[str, Any] = dict.fromkeys(OBSERVATION, "_T") | {
        "jurisdiction": form.jurisdiction, "instrument": form.instrument, "source": form.source, "form": form.series,
        "freq": "Q", "accumulation": "discrete", "measure": "indicted", "level": "prosecution",
        "count_unit": "person", "statistic": "count", "unit_measure": "NR", "offence": "ICCS0204",
        "victim_status": "_Z", "obs_status": "A", "place": "", "submission_id": "S0",
    }  # fmt: skip
    start = Period.from_code(first)
    periods = list(periods_between(start, Period.from_code("2026-Q2")))[: len(values)]
    rows = [
        base | {"period": p.code, "period_start": p.start, "period_end": p.end, "value": value} | over
        for p, value in zip(periods, values, strict=True)
    ]
    return pl.DataFrame(rows, schema=OBSERVATION)


@pytest.mark.parametrize(
    ("values", "is_asked"),
    [
        ([20, 24, 19, 22, 21], True),
        ([7, 9, 8, 6, 10, 9], True),
        ([1, 0, 2, 1, 0, 1], False),
        ([0, 0, 0, 0, 0, 0], False),
        ([20, 24, 19], False),
    ],
)
def test_nil_return_is_asked_about_where_zero_is_improbable(
    registry: Registry, values: list[float], is_asked: bool
) -> None:
    findings = declare_nil(
        registry, "MK-JUSTICE-2", "2026-Q3", observations=make_totals(registry, "MK-JUSTICE-2", [*map(float, values)])
    )
    assert bool(findings) == is_asked
    if findings:
        (finding,) = findings
        assert (finding.severity, finding.scope, finding.params["period"]) == ("warning", "history", "2026-Q3")


@pytest.mark.parametrize(
    ("values", "is_asked"),
    [([27, 22, 16], True), ([27, 22], True), ([9, 9, 9], False), ([8, 14, 20], False), ([27], False)],
)
def test_nil_return_after_few_periods_is_asked_about_where_zero_is_very_improbable(
    registry: Registry, values: list[float], is_asked: bool
) -> None:
    first = {1: "2026-Q2", 2: "2026-Q1", 3: "2025-Q4"}[len(values)]
    earlier = make_totals(registry, "RS-JUSTICE-1", values, first)
    assert bool(declare_nil(registry, "RS-JUSTICE-1", "2026-Q3", observations=earlier)) == is_asked


def test_nil_return_after_nil_returns_is_not_asked_about(registry: Registry) -> None:
    """Leave the quarters after 2025-Q1 without figures, as after nil returns."""
    earlier = make_totals(registry, "MK-JUSTICE-2", [8.0], first="2025-Q1")
    assert not declare_nil(registry, "MK-JUSTICE-2", "2026-Q3", observations=earlier)


def test_figures_since_january_are_compared_by_quarter(registry: Registry) -> None:
    so_far = {"accumulation": "ytd"}
    one_case = make_totals(registry, "XK-JUSTICE-1", [3.0, 3.0, 3.0, 3.0, 3.0, 3.0], **so_far)
    assert not declare_nil(registry, "XK-JUSTICE-1", "2026-Q3", observations=one_case)
    many = make_totals(registry, "XK-JUSTICE-1", [20.0, 41.0, 60.0, 85.0, 22.0, 40.0], **so_far)
    (finding,) = declare_nil(registry, "XK-JUSTICE-1", "2026-Q3", observations=many)
    assert finding.params["mean"] == "20.8"


def test_nil_return_of_a_register_is_asked_about_after_many_records(registry: Registry) -> None:
    form = registry.forms["RS-REGISTER-1"]
    rows = [
        dict.fromkeys(CASE_EVENT)
        | {"jurisdiction": form.jurisdiction, "form": form.series, "freq": "Q", "period": period, "event": "indicted",
           "level": "prosecution", "offence": "ICCS0204", "proceeding": str(case), "person": "1", "submission_id": "S0"}
        for period in ("2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2")
        for case in range(30)
    ]  # fmt: skip
    (finding,) = declare_nil(registry, "RS-REGISTER-1", "2026-Q3", events=pl.DataFrame(rows, schema=CASE_EVENT))
    assert (finding.params["n"], finding.params["mean"]) == (4, 30)
