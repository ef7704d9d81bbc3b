"""Make up small releases for tests of the static pages, without a database."""

from __future__ import annotations

from typing import Any

from pipelines.front.edition import CONVICTION_RATIO, Edition
from pipelines.front.queries import SQL

Row = dict[str, Any]
MEMBERS = ("AA", "BB", "CC", "DD")
"""Codes of the territories of the made-up region, which is WB."""


def make_area(code: str, kind: str, territory: str, name: str, footnote: str = "") -> Row:
    return {
        "area": code, "area_kind": kind, "territory": territory, "kind": "national", "name_en": name,
        "footnote_en": footnote,
    }  # fmt: skip


AREAS = (
    make_area("WB", "region", "WB", "Western Balkans"),
    make_area("AA", "territory", "AA", "Aland"),
    make_area("AA_X", "jurisdiction", "AA", "Part X"),
    make_area("BB", "territory", "BB", "Bland", "About the name of Bland."),
    make_area("CC", "territory", "CC", "Cland"),
    make_area("DD", "territory", "DD", "Dland"),
)


def make_total(area: str, period: str, value: float | None, **changes: Any) -> Row:
    """Return a total of persons convicted at first instance for trafficking, complete unless changed."""
    is_region = area == "WB"
    row: Row = {
        "area": area, "area_kind": "region" if is_region else "territory", "territory": area,
        "freq": "Q" if "-Q" in period else "A", "period": period, "measure": "convicted_first", "level": "first",
        "count_unit": "person", "statistic": "count", "offence_group": "TIP", "age": "_T", "person_type": "_T",
        "value": value, "obs_status": "A" if value is not None else "O", "conf_status": "F", "n_reported": 1,
        "n_expected": 1, "reporters": ",".join(MEMBERS) if is_region else area, "basis": "reported",
        "is_additive": True, "is_total": True, "flags": "", "low": None if value is None else value * 0.8,
        "high": None if value is None else value * 1.2, "interval_basis": "quasi_exact", "state": "enough",
        "rate": None, "rate_obs_status": None, "rate_conf_status": None, "rate_flags": None, "rate_low": None,
        "rate_high": None, "rate_basis": None, "rate_numerator": None, "rate_denominator": None,
    }  # fmt: skip
    return row | changes


def make_ratio(area: str, period: str, **changes: Any) -> Row:
    """Return persons convicted at first instance per 100 indicted of the same year, unless changed."""
    row: Row = {
        "metric": "convicted_first_per_indicted", "offence_group": "TIP", "count_unit": "person", "freq": "A",
        "area": area, "area_kind": "region" if area == "WB" else "territory", "period": period,
        "version": "same_period", "lag": 0, "denominator_period": period, "is_default": True, "value": 80.0,
        "low": 60.0, "high": 100.0, "numerator": 80.0, "denominator": 100.0, "interval_basis": "quasi_exact",
        "dispersion": 1.0, "state": "enough", "obs_status": "A", "conf_status": "F", "flags": "", "reasons": "",
        "left_out": "", "reporters": ",".join(MEMBERS) if area == "WB" else area, "is_allowed": True,
    }  # fmt: skip
    return row | changes


def make_conviction_ratios(**changes: Row) -> list[Row]:
    """Return the people convicted per 100 adjudicated in 2025. Cland has 50. The others together have 67.

    `changes` are those of the rows by area.
    """
    counts = {"WB": (360.0, 590.0), "AA": (60.0, 90.0), "BB": (100.0, 150.0), "CC": (100.0, 200.0)}
    counts["DD"] = counts["BB"]
    return [
        make_ratio(area, "2025", metric=CONVICTION_RATIO, numerator=part, denominator=whole, value=100 * part / whole)
        | changes.get(area, {})
        for area, (part, whole) in counts.items()
    ]


def make_metric(code: str, name: str, **changes: Any) -> Row:
    """Return the declaration of a ratio between two stages."""
    later, _, earlier = code.partition("_per_")
    row: Row = {
        "metric": code, "name": name, "formula": f"{later} x 100 / {earlier}", "definition": "", "caveats": "",
        "source": "", "is_nested": False, "position": 0,
    }  # fmt: skip
    return row | changes


def make_window(period: str, *, is_most: bool, is_default: bool, metric: str = "rate") -> Row:
    """Return a period in which convictions can be compared, in all four territories or in one."""
    return {
        "metric": metric, "measure": "convicted_first", "offence_group": "TIP", "count_unit": "person",
        "freq": "Q" if "-Q" in period else "P3" if "-" in period else "A", "period": period,
        "n_reaching": 4 if is_most else 1, "n_territories": 4, "n_reported": 4, "n_withheld": 0, "is_most": is_most,
        "is_default": is_default,
    }  # fmt: skip


def make_edition(**tables: list[Row]) -> Edition:
    """Return a release with these tables; the others are empty, but for the areas and the release itself."""
    release = {
        "release": "2026-Q3", "demonstration": True, "reference_period": "2026-Q3",
        "drafted_at": "2026-11-20T09:00:00Z",
    }  # fmt: skip
    all_tables = {"area": list(AREAS), "release": [release], **tables}
    return Edition({name: tuple(all_tables.get(name, ())) for name in SQL})
