"""Ratios of stages for the hand-made release, one situation per territory, with pairs and the range."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import polars as pl

METRIC, UPPER, PERIOD = "convicted_first_per_indicted", "convicted_first", "2025"
_STAGE_RATIO: dict[str, Any] = {
    **dict.fromkeys(
        ("metric", "area_kind", "area", "territory", "freq", "period", "offence_group", "count_unit", "version"),
        pl.String,
    ),
    "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "interval_basis": pl.String, "unit_measure": pl.String,
    "dispersion": pl.Float64, "numerator": pl.Float64, "denominator": pl.Float64, "lag": pl.Int32,
    "denominator_period": pl.String, "state": pl.String, "is_default": pl.Boolean, "default_rule": pl.String,
    "is_allowed": pl.Boolean, "reasons": pl.String,
    **dict.fromkeys(("numerator_card", "denominator_card", "ages", "person_types", "breaks"), pl.String),
    "obs_status": pl.String, "conf_status": pl.String, "n_reported": pl.Int32, "n_expected": pl.Int32,
    "reporters": pl.String, "left_out": pl.String, "flags": pl.String,
}  # fmt: skip
_PAIR: dict[str, Any] = {
    **dict.fromkeys(
        (
            "metric", "dimension", "category", "measure", "freq", "period", "offence_group", "count_unit",
            "victim_status", "area_a", "area_b", "version_a", "version_b",
        ),
        pl.String,
    ),
    "value_a": pl.Float64, "value_b": pl.Float64, "score": pl.Int32, "is_with_care": pl.Boolean, "reasons": pl.String,
    "breaks": pl.String, "ratio": pl.Float64, "low": pl.Float64, "high": pl.Float64, "p": pl.Float64,
    "n_tested": pl.Int32, "verdict": pl.String, "interval_basis": pl.String, "obs_status": pl.String,
    "conf_status": pl.String, "flags": pl.String,
}  # fmt: skip
_REGION: dict[str, Any] = {
    **dict.fromkeys(
        (
            "metric", "measure", "freq", "period", "offence_group", "count_unit", "victim_status", "version", "state",
            "reporters",
        ),
        pl.String,
    ),
    "value": pl.Float64, "n": pl.Int32, "n_enough": pl.Int32, "n_withheld": pl.Int32,
    "minimum": pl.Float64, "median": pl.Float64, "maximum": pl.Float64,
    "obs_status": pl.String, "conf_status": pl.String,
}  # fmt: skip


def _ratio(area: str, version: str, **more: Any) -> dict[str, Any]:
    return {
        "metric": METRIC, "area_kind": "region" if area == "WB" else "territory", "area": area, "territory": area,
        "freq": "A", "period": PERIOD, "offence_group": "TIP", "count_unit": "person", "version": version,
        "value": 80.0, "low": 62.0, "high": 103.0, "interval_basis": "exact", "unit_measure": "PC",
        "numerator": 80.0, "denominator": 100.0, "lag": 0, "denominator_period": PERIOD, "state": "enough",
        "is_default": version == "same_period", "default_rule": "no_lag", "is_allowed": True, "reasons": "",
        "dispersion": 1.0, "numerator_card": "", "denominator_card": "", "ages": "_T/_T", "person_types": "_T/_T",
        "breaks": "", "left_out": "",
        "obs_status": "A", "conf_status": "F", "n_reported": 1, "n_expected": 1, "reporters": area, "flags": "",
    } | more  # fmt: skip


def _none(obs_status: str, conf_status: str, state: str) -> dict[str, Any]:
    empty = dict.fromkeys(("value", "low", "high", "numerator", "denominator"))
    return {**empty, "interval_basis": "", "obs_status": obs_status, "conf_status": conf_status, "state": state}


def build_tables(territories: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """Build `stage_ratio`, `pair` and `region` of one year: with a lag, too few, withheld, refused, over 100."""
    rows = [
        _ratio(
            "WB", "same_period", reporters="AL,RS,MK", n_reported=3, n_expected=7,
            **_none("M", "F", "too_few_territories"),
        ),
        _ratio("AL", "same_period"),
        _ratio("RS", "same_period", is_default=False, default_rule="lag_known"),
        _ratio("RS", "lagged", value=65.0, low=50.0, high=84.0, lag=1, is_default=True, default_rule="lag_known"),
        _ratio("HR", "same_period", is_default=False, default_rule="lag_known"),
        _ratio("HR", "lagged", value=71.0, low=54.0, high=93.0, lag=1, is_default=True, default_rule="lag_known"),
        _ratio("ME", "same_period", numerator=7.0, denominator=9.0, state="too_few", interval_basis="lower_bound"),
        _ratio("XK", "same_period", **_none("Q", "C", "withheld")),
        _ratio(
            "BA", "same_period", is_default=False, is_allowed=False, default_rule="refused",
            reasons="count_unit_differs", **_none("M", "F", "missing"),
        ),
        _ratio("MK", "same_period", value=127.0, low=101.0, high=160.0, flags="over_100"),
    ]  # fmt: skip
    states = {row["area"]: row["state"] for row in rows if row["version"] == "same_period"}
    versions = {row["area"]: row["version"] for row in rows if row["is_default"]}
    pairs = []
    for first, second in combinations(sorted(territories), 2):
        both_states = {states.get(first, "missing"), states.get(second, "missing")}
        verdict = next((s for s in ("missing", "withheld", "too_few") if s in both_states), "no_difference")
        verdict = "lower" if (first, second) == ("AL", "MK") else verdict
        pair_versions = [versions.get(area, "same_period") for area in (first, second)]
        is_other = verdict == "no_difference" and pair_versions[0] != pair_versions[1]
        verdict = "not_comparable" if is_other else verdict
        care = (first, second) == ("HR", "RS")
        tested = verdict in ("lower", "no_difference")
        pairs.append(
            {
                "metric": METRIC, "dimension": "_Z", "category": "_Z", "measure": UPPER, "freq": "A", "period": PERIOD,
                "offence_group": "TIP", "count_unit": "person", "victim_status": "_Z",
                "area_a": first, "area_b": second,
                "version_a": pair_versions[0], "version_b": pair_versions[1], "value_a": 80.0, "value_b": 127.0,
                "score": 1 if is_other else 2 if care else 3, "is_with_care": care,
                "reasons": "version_differs" if is_other else "attempts_not_stated" if care else "", "breaks": "",
                "ratio": 0.63 if tested else None, "low": 0.45 if tested else None, "high": 0.88 if tested else None,
                "p": 0.01 if tested else None, "verdict": verdict, "interval_basis": "exact",
                "obs_status": "A", "conf_status": "F", "flags": "",
            }
        )  # fmt: skip
    n_tested = sum(pair["verdict"] in ("lower", "no_difference") for pair in pairs)
    pairs = [pair | {"n_tested": n_tested} for pair in pairs]
    pairs += _shares(territories)
    key = {
        "freq": "A", "period": PERIOD, "offence_group": "TIP", "count_unit": "person", "victim_status": "_Z",
        "obs_status": "A", "conf_status": "F",
    }  # fmt: skip
    of_region = [
        {"metric": METRIC, "measure": "", "version": "same_period", "value": 80.0, "state": "enough",
         "reporters": "AL,RS,MK", "n": 4,
         "n_enough": 3, "n_withheld": 1, "minimum": 78.0, "median": 80.0, "maximum": 127.0, **key},
        {"metric": "rate", "measure": "convicted_first", "version": "", "value": 1.25, "state": "enough",
         "reporters": "AL,BA,MK,ME,RS",
         "n": 5, "n_enough": 4, "n_withheld": 2, "minimum": 0.44, "median": 1.6, "maximum": 1.81, **key},
        {"metric": "rate", "measure": "sentenced_first", "version": "", "value": None, "state": "too_few_territories",
         "reporters": "AL,RS",
         "n": 2, "n_enough": 0, "n_withheld": 0, "minimum": 0.3, "median": None, "maximum": 0.9, **key},
    ]  # fmt: skip
    return {
        "stage_ratio": pl.DataFrame(rows, schema=_STAGE_RATIO),
        "pair": pl.DataFrame(pairs, schema=_PAIR),
        "region": pl.DataFrame(of_region, schema=_REGION),
    }


def _shares(territories: tuple[str, ...]) -> list[dict[str, Any]]:
    """Build pairs of the share of women convicted at first instance: different, infinitely different, not different."""
    planted: dict[tuple[str, str], dict[str, Any]] = {
        ("AL", "HR"): {"value_a": 50.0, "value_b": 25.0, "ratio": 3.0, "low": 1.32, "high": 6.94, "verdict": "higher"},
        ("AL", "RS"): {"value_a": 50.0, "value_b": 45.0, "ratio": 1.22, "low": 0.5, "high": 2.9,
                       "verdict": "no_difference"},
        ("BA", "HR"): {"value_a": 100.0, "value_b": 25.0, "low": 1.75, "high": float("inf"), "verdict": "higher"},
    }  # fmt: skip
    return [
        {
            "metric": "share", "dimension": "sex", "category": "F", "measure": UPPER, "freq": "A", "period": PERIOD,
            "offence_group": "TIP", "count_unit": "person", "victim_status": "_Z", "area_a": first, "area_b": second,
            "version_a": "", "version_b": "", "score": 3, "is_with_care": False, "reasons": "", "breaks": "",
            "p": None, "n_tested": 3, "interval_basis": "exact", "obs_status": "A", "conf_status": "F", "flags": "",
            "verdict": "too_few", "value_a": 50.0, "value_b": 50.0, "ratio": None, "low": None, "high": None,
        }
        | planted.get((first, second), {})
        for first, second in combinations(sorted(territories), 2)
    ]  # fmt: skip
