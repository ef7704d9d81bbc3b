"""Quality, revisions and coherence for the hand-made release: one situation per territory."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.warehouse.quality.quality_table import QUALITY

_REVISED: dict[str, Any] = {
    "area_kind": pl.String, "area": pl.String, "periods": pl.Int32, "revised": pl.Int32,
}  # fmt: skip
_COHERENCE: dict[str, Any] = {
    **dict.fromkeys(
        (
            "world", "territory", "jurisdiction", "offence_group", "period", "measure", "definition", "left_source",
            "left_words", "left_parts", "left_caveat", "right_source", "right_words", "right_parts", "right_caveat",
        ),
        pl.String,
    ),
    "left_value": pl.Float64, "right_value": pl.Float64, "difference": pl.Float64, "verdict": pl.String,
    "reason_text": pl.String,
}  # fmt: skip


def _figure(territory: str, indicator: str, value: float | None, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "territory": territory, "instrument": "_T", "freq": "_T", "period": "_T", "indicator": indicator, "code": "",
        "value": value, "unit": unit, "n": 8, "reason": "",
    } | more  # fmt: skip


def _pair(verdict: str, left: float, right: float, **more: Any) -> dict[str, Any]:
    return {
        "world": "published", "territory": "AL", "jurisdiction": "AL", "offence_group": "TIP", "period": "2014",
        "measure": "investigated", "definition": "same", "left_source": "One", "left_caveat": "", "right_caveat": "",
        "left_words": "cases under investigation", "right_source": "Other", "right_words": "new cases",
        "left_value": left, "right_value": right, "difference": left - right, "verdict": verdict, "reason_text": "",
        "left_parts": "", "right_parts": "",
    } | more  # fmt: skip


def build_tables() -> dict[str, pl.DataFrame]:
    """Build the tables `quality`, `revision_summary` and `coherence`."""
    quality = [
        _figure("AL", "COMPLETENESS_RATE", 0.984, "fraction"),
        _figure("AL", "PUNCTUALITY_RATE", 0.75, "fraction"),
        _figure("AL", "PUNCTUALITY_DAYS", -6.5, "days"),
        _figure("AL", "TIMELAG_FIRST", 92.0, "days"),
        _figure("AL", "COMPAR_LENGTH", 11.0, "periods", freq="Q", period="2026-Q3"),
        _figure("AL", "COMPAR_LENGTH", 2.0, "periods", freq="A", period="2025"),
        _figure("ME", "COMPAR_LENGTH", 4.0, "periods", freq="A", period="2025"),
        _figure("AL", "DATA_REV_AVGSIZE", 0.107, "fraction"),
        _figure("AL", "COMPLETENESS_RATE", 0.5, "fraction", instrument="justice", freq="Q", period="2026-Q3"),
        _figure("RS", "PUNCTUALITY_DAYS", None, "days", reason="nothing came"),
    ]
    revised = [
        {"area_kind": "territory", "area": "AL", "periods": 20, "revised": 3},
        {"area_kind": "territory", "area": "AL", "periods": 5, "revised": 1},
        {"area_kind": "jurisdiction", "area": "BA_FED", "periods": 9, "revised": 9},
    ]
    carried = "Investigations carried over are counted with the new ones."
    pairs = [
        _pair("explained", 71.0, 46.0, reason_text=carried),
        _pair("open", 5.0, 9.0),
        _pair("reconciles", 9.0, 9.0),
    ]
    return {
        "quality": pl.DataFrame(quality, schema=QUALITY),
        "revision_summary": pl.DataFrame(revised, schema=_REVISED),
        "coherence": pl.DataFrame(pairs, schema=_COHERENCE),
    }
