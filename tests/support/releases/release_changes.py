"""Windows, changes of convictions and exits for the hand-made release, with planted states."""

from __future__ import annotations

from typing import Any

import polars as pl

from tests.support.releases.release_ratios import METRIC

_TEXT = pl.String
_WINDOW: dict[str, Any] = {
    **dict.fromkeys(("metric", "measure", "offence_group", "count_unit", "victim_status", "freq", "period"), _TEXT),
    "n_reaching": pl.Int32, "n_territories": pl.Int32, "n_reported": pl.Int32, "is_most": pl.Boolean,
    "is_default": pl.Boolean,
}  # fmt: skip
_SPLIT: dict[str, Any] = {
    **dict.fromkeys(
        (
            "metric", "area_kind", "area", "territory", "freq", "period", "previous_period", "offence_group",
            "count_unit",
        ),
        _TEXT,
    ),
    **dict.fromkeys(
        ("volume_before", "count_before", "volume_after", "count_after", "change", "volume_effect", "ratio_effect"),
        pl.Float64,
    ),
    **dict.fromkeys(("state", "reporters", "left_out", "small", "obs_status", "conf_status"), _TEXT),
}  # fmt: skip
_EXIT: dict[str, Any] = {
    **dict.fromkeys(
        (
            "metric", "area_kind", "area", "territory", "freq", "period", "offence_group", "count_unit", "level",
            "measure",
        ),
        _TEXT,
    ),
    "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    **dict.fromkeys(
        ("interval_basis", "unit_measure", "state", "obs_status", "conf_status", "reporters", "flags"), _TEXT
    ),
}  # fmt: skip


def _windows() -> list[dict[str, Any]]:
    """Build windows: the ratio opens in three years, convictions in a year, and no window is enough for sentences."""
    of = {"offence_group": "TIP", "count_unit": "person", "victim_status": "_Z", "n_territories": 7}
    periods = (("Q", "2026-Q3"), ("A", "2025"), ("P3", "2023-2025"), ("P5", ""))
    reaching = {
        (METRIC, ""): ((0, 3, 7, 7), "P3"),
        ("rate", "convicted_first"): ((0, 4, 7, 7), "A"),
        ("rate", "sentenced_first"): ((0, 1, 3, 3), "P3"),
    }
    return [
        {
            **of, "metric": metric, "measure": measure, "freq": freq, "period": period, "n_reaching": n,
            "n_reported": 7, "is_most": 2 * n > 7, "is_default": freq == opens,
        }
        for (metric, measure), (counts, opens) in reaching.items()
        for (freq, period), n in zip(periods, counts, strict=True)
    ]  # fmt: skip


def _split(area: str, years: tuple[str, str], counts: tuple[float, ...] | None, state: str, **more: Any) -> Any:
    kind = "region" if area == "WB" else "territory"
    row: dict[str, Any] = {
        "metric": "decomposition_convicted", "area_kind": kind, "area": area, "territory": area, "freq": "A",
        "previous_period": years[0], "period": years[1], "offence_group": "TIP", "count_unit": "person",
        "state": state, "reporters": area, "left_out": "", "small": "", "obs_status": "A", "conf_status": "F",
    }  # fmt: skip
    if counts is None:
        return row | {"obs_status": "Q", "conf_status": "C", "reporters": ""} | more
    names = ("volume_before", "count_before", "volume_after", "count_after")
    return row | dict(zip(names, counts, strict=True)) | {"change": counts[3] - counts[1]} | more


def _splits() -> list[dict[str, Any]]:
    """Build the worked example of the methodology (50 of 100 to 60 of 150), few, withheld and regional ones."""
    worked = (100.0, 50.0, 150.0, 60.0)
    return [
        _split("AL", ("2022", "2023"), worked, "enough", volume_effect=22.5, ratio_effect=-12.5),
        _split("AL", ("2023", "2024"), (30.0, 19.0, 31.0, 25.0), "too_few"),
        _split("AL", ("2024", "2025"), None, "withheld", left_out="AL:withheld"),
        _split(
            "WB", ("2024", "2025"), worked, "enough", volume_effect=22.5, ratio_effect=-12.5,
            reporters="AL,BA,HR,ME,MK,XK",
        ),
        _split("WB", ("2023", "2024"), worked, "enough", volume_effect=22.5, ratio_effect=-12.5, reporters="AL,ME,RS"),
        _split(
            "WB", ("2022", "2023"), None, "missing", left_out="WB:reporters_differs", obs_status="M", conf_status="F"
        ),
    ]  # fmt: skip


def _exit(metric: str, level: str, measure: str, value: float | None, state: str, **more: Any) -> dict[str, Any]:
    hidden = {"obs_status": "Q", "conf_status": "C"} if value is None else {"low": value * 0.5, "high": value * 1.5}
    return {
        "metric": metric, "area_kind": "territory", "area": "AL", "territory": "AL", "freq": "A", "period": "2025",
        "offence_group": "TIP", "count_unit": "person", "level": level, "measure": measure, "value": value,
        "interval_basis": "", "unit_measure": "NR" if metric == "exit" else "PC", "state": state, "obs_status": "A",
        "conf_status": "F", "reporters": "AL", "flags": "", **hidden, **more,
    }  # fmt: skip


def _exits() -> list[dict[str, Any]]:
    """Build exits: all known and few requalified for the prosecution, one withheld at first instance."""
    return [
        _exit("exit", "prosecution", "rejected", 30.0, "enough"),
        _exit("exit", "prosecution", "discontinued", 15.0, "too_few"),
        _exit("exit", "prosecution", "requalified_out", 5.0, "too_few"),
        _exit("exit", "first", "acquitted", None, "withheld"),
        _exit("exit_share", "prosecution", "rejected", 60.0, "enough"),
        _exit("exit_share", "prosecution", "discontinued", 30.0, "too_few"),
        _exit("exit_share", "prosecution", "requalified_out", 10.0, "too_few"),
        _exit("exit_share", "first", "acquitted", None, "withheld"),
    ]


def build_tables() -> dict[str, pl.DataFrame]:
    """Build the tables `window`, `decomposition` and `exit`."""
    return {
        "window": pl.DataFrame(_windows(), schema=_WINDOW),
        "decomposition": pl.DataFrame(_splits(), schema=_SPLIT),
        "exit": pl.DataFrame(_exits(), schema=_EXIT),
    }
