"""Figures of case records and of clearance for the release of the tests, made up, with planted situations."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

SEEN = {"seen_from": date(2022, 10, 1), "seen_until": date(2026, 9, 30)}
WITHHELD = {"value": None, "low": None, "high": None, "state": "withheld", "obs_status": "Q", "conf_status": "C"}
"""A figure that is not public."""
NOT_SEEN = {"value": None, "low": None, "high": None, "state": "missing", "obs_status": "O", "conf_status": "F"}
NOT_REACHED = {"value": None, "low": None, "high": None, "state": "missing", "obs_status": "M", "conf_status": "F"}
FEW = {"state": "too_few"}
YEAR = "2025"
PLANTED = {
    "open_ended": ("HR", "duration", "p90"),
    "not_reached": ("RS", "duration", "p90"),
    "withheld": ("HR", "duration", "open_share"),
    "few": ("HR", "pending", "median"),
    "not_followed": ("RS", "cohort", "2025"),
    "no_least_penalty": ("HR", "sentence", "below_minimum"),
    "nothing_came_in": ("ME", "clearance", "PC"),
    "too_few": ("XK", "clearance", "PC"),
    "stock_missing": ("BA", "clearance", "D"),
}
"""Territory, table, and statistic, cohort or unit of each. All of trafficking; only Croatia and Serbia have records."""
_Figure = tuple[float | None, float | None, float | None]


def build_tables(card_of: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Build the five tables by name; `card_of` assigns counting cards, from which each figure gets its own."""
    ids = {
        (area, level): card
        for area, level, freq, period, unit, card in card_of.select(
            "area", "level", "freq", "period", "count_unit", "card_id"
        ).rows()
        if (freq, period, unit) == ("A", YEAR, "person")
    }
    rows_and_cards = {
        "duration": (_durations(), {"numerator_card": "first", "denominator_card": "prosecution"}),
        "pending": (_pending(), {"card_id": "first"}),
        "cohort": (_cohorts(), {"numerator_card": "first", "denominator_card": "prosecution"}),
        "sentence": (_sentences(), {"card_id": "first"}),
        "clearance": (_clearance(), {"numerator_card": "first", "denominator_card": "prosecution"}),
    }
    return {
        name: pl.DataFrame(
            [row | {column: ids.get((row["area"], level), "") for column, level in of.items()} for row in rows],
            infer_schema_length=None,
        )
        for name, (rows, of) in rows_and_cards.items()
    }


def _row(area: str, metric: str, statistic: str, unit: str, figure: _Figure, band: str | None) -> dict[str, Any]:
    value, low, high = figure
    return {
        "metric": metric, "area_kind": "territory", "area": area, "territory": area, "source": f"{area}_COURTS",
        "offence_group": "TIP", "statistic": statistic, "unit_measure": unit, "value": value, "low": low, "high": high,
        "n_band": band, "state": "enough", "obs_status": "A", "conf_status": "F",
    }  # fmt: skip


def _durations() -> list[dict[str, Any]]:
    planted: dict[str, dict[str, _Figure]] = {
        "HR": {"median": (260, 210, 330), "p75": (370, 270, 570), "p90": (550, 390, None)},
        "RS": {"median": (210, 180, 330), "p75": (410, 300, 510), "p90": (0, 0, 0)},
    }
    rows = []
    for area, figures in planted.items():
        for statistic, figure in figures.items():
            row = _row(area, "duration_first", statistic, "D", figure, "100-199")
            rows.append(row | (NOT_REACHED if (area, statistic) == ("RS", "p90") else {}))
        row = _row(area, "duration_first", "open_share", "PC", (20, 10, 30), "100-199")
        rows.append(row | (WITHHELD if area == "HR" else {}))
    return [row | {"stage": "first", "freq": "_T", "entered": "_T"} | SEEN for row in rows]


def _pending() -> list[dict[str, Any]]:
    planted = {"HR": ((170, 320, 0), "10-19"), "RS": ((180, 290, 480), "20-49")}
    rows = []
    for area, (days, band) in planted.items():
        for statistic, value in zip(("median", "p75", "p90"), days, strict=True):
            row = _row(area, "pending_age_first", statistic, "D", (value, None, None), band)
            row |= FEW if band == "10-19" else {}
            rows.append(row | (WITHHELD if value == 0 else {}))
    return [row | {"stage": "first", "as_at": SEEN["seen_until"], "seen_from": SEEN["seen_from"]} for row in rows]


def _cohorts() -> list[dict[str, Any]]:
    rows = []
    for cohort, seen_quarters in (("2023", 8), (YEAR, 3)):
        for statistic, figure in (
            ("conviction_ratio", (60, 45, 75)),
            ("decided_ratio", (65, 45, 80)),
            ("open_share", (5, 0, 10)),
        ):
            row = _row("RS", "cohort_first", statistic, "PC", figure, "20-49") | FEW
            row |= NOT_SEEN if seen_quarters < 8 else {}
            rows.append(
                row | {"stage": "first", "freq": "A", "cohort": cohort, "quarters": 8, "seen_quarters": seen_quarters}
            )
    return rows


def _sentences() -> list[dict[str, Any]]:
    rows = []
    for area in ("HR", "RS"):
        for statistic, figure in (("custodial_share", (55, 40, 70)), ("suspended_share", (30, 15, 45))):
            row = _row(area, f"{statistic}_first", statistic, "PC", figure, "50-99") | {"sentence_type": "_T"}
            row |= FEW if statistic == "suspended_share" else {}
            rows.append(row | (WITHHELD if area == "HR" else {}))
        for statistic, figure in (("p25", (30, 0, 48)), ("median", (48, 36, 84)), ("p75", (84, 48, 108))):
            rows.append(_row(area, "sentence_length_first", statistic, "MO", figure, "20-49"))
        row = _row(area, "below_minimum_share_first", "below_minimum", "PC", (30, 5, 60), "20-49") | FEW
        rows.append(row | (NOT_REACHED if area == "HR" else {}))
    law = {"HR": (None, None), "RS": (36.0, 144.0)}
    common = {"level": "first", "freq": "A", "period": YEAR, "sentence_band": "_T"}
    return [
        {"sentence_type": "prison"} | row | common
        | dict(zip(("statutory_min", "statutory_max"), law[row["area"]], strict=True))
        for row in rows
    ]  # fmt: skip


def _clearance() -> list[dict[str, Any]]:
    rate, time = ("clearance_rate_first", "PC"), ("disposition_time_first", "D")
    planted: list[tuple[str, tuple[str, str], _Figure, dict[str, Any]]] = [
        ("WB", rate, (120, 100, 143), {"area_kind": "region", "flags": "partial", "reporters": "AL,XK"}),
        ("WB", time, (0, None, None), {"area_kind": "region"} | _undefined("reporters_differs", "O", allowed=False)),
        ("AL", rate, (126, 83, 192), {}),
        ("AL", time, (243, None, None), {}),
        ("BA", rate, (102, 69, 151), {}),
        ("BA", time, (0, None, None), _undefined("stock_missing", "O")),
        ("ME", rate, (0, None, None), _undefined("no_incoming", "M")),
        ("ME", time, (0, None, None), _undefined("no_resolved", "M")),
        ("XK", rate, (93, 40, 213), {"state": "too_few"}),
        ("XK", time, (0, None, None), _undefined("withheld", "Q")),
    ]
    rows = []
    for area, (metric, unit), (value, low, high), more in planted:
        row = {
            "metric": metric, "area_kind": "territory", "area": area, "territory": area, "freq": "A", "period": YEAR,
            "offence_group": "TIP", "count_unit": "person", "level": "first", "value": value, "low": low, "high": high,
            "interval_basis": "lower_bound" if unit == "PC" else "", "unit_measure": unit, "numerator": 40.0,
            "denominator": 35.0, "days": 365, "undefined": "", "state": "enough", "is_allowed": True, "reasons": "",
            "obs_status": "A", "conf_status": "F", "n_reported": 1, "n_expected": 1, "reporters": area, "flags": "",
        }  # fmt: skip
        rows.append(row | more)
    return rows


def _undefined(code: str, status: str, *, allowed: bool = True) -> dict[str, Any]:
    state = "withheld" if status == "Q" else "missing"
    return {
        "value": None, "low": None, "high": None, "undefined": code, "obs_status": status, "state": state,
        "conf_status": "C" if status == "Q" else "F", "interval_basis": "", "is_allowed": allowed,
        "reasons": code if code == "reporters_differs" else "",
    }  # fmt: skip
