"""Outcomes of the monitoring from made-up figures, and what counts as a gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from pipelines.office.monitoring.outcomes import (
    CooperationFigures,
    arrange_figures,
    arrange_waits,
    compute_outcome,
)
from pipelines.survey.gaps import classify_law, classify_share
from pipelines.survey.monitored_themes import MonitoredOutcome

SHARE = MonitoredOutcome(
    id="x",
    kind="share",
    of=("requests_executed",),
    among=("requests_executed", "requests_refused"),
    direction="outgoing",
)
BASE = {
    "territory": "AL", "statistic": "count", "offence_group": "TIP", "direction": "outgoing", "assistance": "_T",
    "channel": "_T", "period": "2025",
}  # fmt: skip


def make_figures(*rows: dict[str, Any], days: tuple[dict[str, Any], ...] = ()) -> CooperationFigures:
    return arrange_figures([BASE | row for row in rows], [BASE | row for row in days])


def make_executed(value: float | None, **changes: Any) -> dict[str, Any]:
    return {"measure": "requests_executed", "value": value} | changes


def make_refused(value: float | None, **changes: Any) -> dict[str, Any]:
    return {"measure": "requests_refused", "value": value} | changes


def test_share_is_of_the_newest_year_with_the_year_before() -> None:
    figures = make_figures(
        make_executed(2.0), make_refused(18.0), make_executed(9.0, period="2024"), make_refused(1.0, period="2024"),
        make_executed(None, period="2026"), make_refused(3.0, period="2026"),
    )  # fmt: skip
    row = compute_outcome(figures, SHARE, "AL", "TIP")
    assert (row.period, row.part, row.whole, row.gap) == ("2025", 2.0, 20.0, "gap")
    assert row.value == pytest.approx(0.1) and row.earlier == pytest.approx(0.9)
    # Exact 95 % limits of 2 of 20, from a printed table of the binomial distribution.
    assert (row.low, row.high) == (pytest.approx(0.0123, abs=1e-4), pytest.approx(0.3170, abs=1e-4))


@pytest.mark.parametrize(
    "rows",
    [[], [make_executed(2.0)], [make_executed(0.0), make_refused(0.0)], [make_executed(2.0), make_refused(None)]],
)
def test_share_without_figures_is_unknown(rows: list[dict[str, Any]]) -> None:
    row = compute_outcome(make_figures(*rows), SHARE, "AL", "TIP")
    assert (row.value, row.gap) == (None, "unknown")


def test_groups_territories_and_directions_are_kept_apart() -> None:
    figures = make_figures(
        make_executed(9.0), make_refused(1.0),
        make_executed(1.0, offence_group="SOM"), make_refused(9.0, offence_group="SOM"),
        make_executed(1.0, direction="incoming"), make_executed(1.0, territory="ME"),
    )  # fmt: skip
    assert figures.offence_groups == ["SOM", "TIP"]
    assert [compute_outcome(figures, SHARE, "AL", group).part for group in ("TIP", "SOM")] == [9.0, 1.0]
    assert compute_outcome(figures, SHARE, "ME", "TIP").value is None


def test_channels_are_added_up_only_if_all_have_a_figure() -> None:
    outcome = MonitoredOutcome(id="x", kind="count", of=("exchanges_answered",), direction="outgoing")
    rows = [
        {"measure": "exchanges_answered", "assistance": "_Z", "channel": c, "value": 2.0} for c in ("selec", "direct")
    ]
    row = compute_outcome(make_figures(*rows), outcome, "AL", "TIP")
    assert (row.value, row.gap) == (4.0, "none")
    missing = rows[0] | {"channel": "europol", "value": None}
    assert compute_outcome(make_figures(*rows, missing), outcome, "AL", "TIP").value is None


def test_more_answers_than_requests_are_no_share() -> None:
    outcome = MonitoredOutcome(id="x", kind="share", of=("exchanges_answered",), among=("exchanges_registered",),
                      direction="outgoing")  # fmt: skip
    rows = [
        {"measure": f"exchanges_{name}", "assistance": "_Z", "value": n}
        for name, n in (("answered", 6.0), ("registered", 5.0))
    ]
    row = compute_outcome(make_figures(*rows), outcome, "AL", "TIP")
    assert (row.value, row.low, row.gap) == (1.2, None, "unclear")


def test_within_days_is_of_those_whose_days_are_known() -> None:
    outcome = MonitoredOutcome(id="x", kind="within", of=("requests_executed",), days=90, direction="outgoing")
    band = {"measure": "requests_executed", "value_so_far": 19.0, "total": 20.0, "upper_days": 90}
    figures = make_figures(make_executed(25.0), days=(band, band | {"upper_days": 30, "value_so_far": 1.0}))
    row = compute_outcome(figures, outcome, "AL", "TIP")
    assert (row.part, row.whole, row.gap) == (19.0, 20.0, "no_gap")


@pytest.mark.parametrize(
    ("low", "high", "gap"), [(0.1, 0.49, "gap"), (0.1, 0.5, "unclear"), (0.5, 0.9, "unclear"), (0.51, 0.9, "no_gap")]
)
def test_classify_share_needs_the_whole_interval(low: float, high: float, gap: str) -> None:
    assert classify_share(low, high) == gap


@pytest.mark.parametrize(
    ("results", "gap"),
    [
        ((), "unknown"), (("met",), "no_gap"), (("met", "unknown"), "unclear"), (("met", "partly"), "gap"),
        (("not_met", "unknown"), "gap"), (("unknown",), "unclear"),
    ],
)  # fmt: skip
def test_classify_law(results: tuple[str, ...], gap: str) -> None:
    assert classify_law(results) == gap


def test_median_is_of_the_newest_year_of_registration() -> None:
    waits = pl.DataFrame(
        [
            {
                "territory": "AL", "offence_group": "TIP", "direction": "outgoing", "measure": "requests_executed",
                "year": year, "request": f"{year}-{number}", "partner": "RS", "days": days, "has_ended": True,
                "is_open": False,
            }
            for year, days_of_year in ((2024, (10, 20, 90)), (2025, (30, 31, 32)))
            for number, days in enumerate(days_of_year)
        ]
    )  # fmt: skip
    figures = replace(make_figures(), waits=arrange_waits(waits))
    median = MonitoredOutcome(id="m", kind="median", of=("requests_executed",), direction="outgoing")
    row = compute_outcome(figures, median, "AL", "TIP")
    assert (row.period, row.value, row.earlier, row.whole, row.gap) == ("2025", 31, 20, 3, "none")
    assert row.days is not None
    assert (row.days.lower_quartile, row.days.upper_quartile, row.days.n_open) == (30, 32, 0)
    absent = compute_outcome(figures, median, "AL", "SOM")
    assert (absent.value, absent.days, absent.gap) == (None, None, "unknown")
