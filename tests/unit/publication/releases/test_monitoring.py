"""The monitoring of a release from made-up tables: newest dates, gaps, numbers of territories, and nothing added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.declarations.registry import load
from pipelines.publication.releases.monitoring import build_monitoring, find_middle_band
from pipelines.survey.monitored_themes import load_themes
from pipelines.warehouse.metrics import metrics

Row = dict[str, Any]
_TEXT, _NUMBER = pl.String(), pl.Float64()
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "practice_result": {
        **dict.fromkeys(("question", "series", "period", "dimension", "group", "code"), _TEXT),
        **dict.fromkeys(("position", "code_position", "count", "n", "invited", "answered"), pl.Int64()),
        **dict.fromkeys(("share", "low", "high"), _NUMBER), "is_withheld": pl.Boolean(),
    },
    "legal_assessment": {
        **dict.fromkeys(("jurisdiction", "element", "treaty", "result", "applies_from"), _TEXT),
        "is_current": pl.Boolean(),
    },
    "treaty_element": dict.fromkeys(("treaty", "element"), _TEXT),
    "cooperation_outcome": {
        **dict.fromkeys(("territory", "offence_group", "direction", "days_acknowledged", "days_executed"), _TEXT),
        "year": pl.Int64(), **dict.fromkeys(("closed", "closing", "executed", "share", "low", "high"), _NUMBER),
    },
    "stage_ratio": {
        **dict.fromkeys(("metric", "area_kind", "area", "freq", "period", "offence_group", "reporters"), _TEXT),
        **dict.fromkeys(("value", "low", "high", "denominator"), _NUMBER), "is_default": pl.Boolean(),
    },
}  # fmt: skip


def make_answer(position: int, group: str, code: str = "favourable", **changes: Any) -> Row:
    return {
        "question": "FR01", "series": "FR01.1", "period": f"2026-Q{position + 1}", "position": position,
        "dimension": "region" if group == "region" else "territory", "group": group, "code": code, "code_position": 9,
        "count": 30, "n": 100, "invited": 300, "answered": 120, "share": 0.3, "low": 0.07, "high": 0.49,
        "is_withheld": False, **changes,
    }  # fmt: skip


def make_outcome(territory: str, year: int, share: float | None, **changes: Any) -> Row:
    limits = {"low": share - 10, "high": share + 10, "executed": 2 * share} if share is not None else {}
    return {
        "territory": territory, "offence_group": "TIP", "direction": "outgoing", "year": year, "closed": 200.0,
        "share": share, "days_acknowledged": "", "days_executed": "D30T90", **limits, **changes,
    }  # fmt: skip


def make_ratio(area: str, period: str, value: float | None, reporters: str = "AL", **changes: Any) -> Row:
    return {
        "metric": "investigated_per_reported", "area_kind": "region" if area == "WB" else "territory", "area": area,
        "freq": "A", "period": period, "offence_group": "TIP", "reporters": reporters, "value": value, "low": 1.0,
        "high": 200.0, "denominator": 50.0, "is_default": True, **changes,
    }  # fmt: skip


def build_rows(**tables: list[Row]) -> dict[tuple[str, str, str], Row]:
    """Return the rows of the monitoring by area, source and item; of the first offence group."""
    frames = {name: pl.DataFrame(tables.get(name, []), schema=dict(schema)) for name, schema in SCHEMAS.items()}
    built = build_monitoring(frames, load().without_training())
    rows: dict[tuple[str, str, str], Row] = {}
    for row in built.iter_rows(named=True):
        rows.setdefault((row["area"], row["source"], row["item"]), row)
    return rows


def test_themes_name_declared_ratios_and_direction_of_each_delay() -> None:
    ratios = set(metrics.metric_table(metrics.load()).filter(pl.col("kind") == "ratio")["metric"])
    themes = load_themes()
    assert {name for theme in themes.values() for name in theme.ratios} <= ratios
    delays = [item for theme in themes.values() for item in theme.published if item.delay_question]
    assert [item.id for item in delays] == ["days_executed_outgoing"], "the page shows this one next to the answers"


def test_practice_is_of_the_newest_round_that_asked_the_question() -> None:
    rows = build_rows(
        practice_result=[
            make_answer(0, "region"), make_answer(0, "AL", share=0.9, low=0.6, high=0.99), make_answer(0, "ME"),
            make_answer(1, "region", low=0.3, high=0.6), make_answer(1, "AL"),
            make_answer(1, "RS", is_withheld=True, share=None, low=None, high=None, n=None),
        ],
    )  # fmt: skip
    by_area = {area: rows[area, "practice", "FR01.1"] for area in ("region", "AL", "ME", "RS")}
    assert {area: (row["gap"], row["state"], row["period"]) for area, row in by_area.items()} == {
        "region": ("unclear", "value", "2026-Q2"), "AL": ("gap", "value", "2026-Q2"),
        "ME": ("unknown", "withheld", "2026-Q2"), "RS": ("unknown", "withheld", "2026-Q2"),
    }  # fmt: skip
    assert (by_area["AL"]["value"], by_area["AL"]["high"]) == (pytest.approx(30.0), pytest.approx(49.0))
    assert by_area["RS"]["value"] is None and by_area["ME"]["value"] is None
    unasked = rows["AL", "practice", "IE01.1"]
    assert (unasked["period"], unasked["state"]) == ("", "missing"), "no round has asked this question"


def test_new_wording_replaces_answers_to_the_old_one() -> None:
    rows = build_rows(practice_result=[make_answer(0, "AL"), make_answer(1, "region", series="FR01.2")])
    assert ("AL", "practice", "FR01.2") not in rows
    assert rows["AL", "practice", "FR01.1"]["state"] == "withheld", "nobody answered the new wording"


def test_reported_delay_is_the_band_in_the_middle_of_published_answers() -> None:
    days = {"question": "FR02", "series": "FR02.1"}
    answers = [make_answer(0, "AL", code, count=n, **days) for code, n in (("d0_7", 1), ("d8_30", 3), ("d31_90", 6))]
    rows = build_rows(practice_result=[*answers, make_answer(0, "RS", "d0_7", is_withheld=True, **days)])
    assert rows["AL", "delay", "FR02.1"]["band"] == "d31_90"
    assert (rows["RS", "delay", "FR02.1"]["band"], rows["RS", "delay", "FR02.1"]["state"]) == ("", "withheld")
    assert find_middle_band([("a", 5), ("b", 0), ("c", 5)]) == "a" and find_middle_band([("a", 0)]) == ""
    assert find_middle_band([("a", 0), ("b", 2), ("c", 3)]) == "c"


def test_law_counts_treaties_also_in_places_without_an_assessment() -> None:
    assessed = [
        {"jurisdiction": "BA_FED", "element": "COSTS", "treaty": treaty, "result": result,
         "applies_from": "2024-05", "is_current": True}
        for treaty, result in (("EU_MLA", "met"), ("ETS182", "partly"))
    ]  # fmt: skip
    old = {**assessed[0], "result": "not_met", "is_current": False}
    provided = [{"element": "COSTS", "treaty": row["treaty"]} for row in assessed]
    rows = build_rows(legal_assessment=[*assessed, old], treaty_element=provided)
    assert rows["BA", "law", "COSTS"]["counts"] == "met=1 partly=1 unknown=6"
    added = build_rows(legal_assessment=assessed, treaty_element=[*provided, {"element": "COSTS", "treaty": "PCC_SEE"}])
    assert added["BA", "law", "COSTS"]["counts"] == "met=1 partly=1 unknown=10", "nobody has assessed the added one"
    assert (rows["BA", "law", "COSTS"]["gap"], rows["BA", "law", "COSTS"]["period"]) == ("gap", "2024-05")
    assert rows["AL", "law", "COSTS"]["gap"] == "unknown"
    assert {row["item"] for key, row in rows.items() if key[:2] == ("AL", "law")} == set(
        codes.list_codes("law_element")
    )


def test_outcome_is_of_the_newest_year_with_a_published_figure() -> None:
    rows = build_rows(
        cooperation_outcome=[
            make_outcome("AL", 2024, 20.0), make_outcome("AL", 2025, None, days_executed=""),
            make_outcome("RS", 2025, None), make_outcome("HR", 2025, 80.0), make_outcome("ME", 2025, 50.0),
        ],
    )  # fmt: skip
    share = {area: rows[area, "cooperation", "share_outgoing"] for area in ("AL", "RS", "HR", "ME", "MK", "region")}
    assert [(share[area]["gap"], share[area]["period"]) for area in ("AL", "RS", "HR", "ME", "MK")] == [
        ("gap", "2024"), ("unknown", "2025"), ("no_gap", "2025"), ("unclear", "2025"), ("unknown", ""),
    ]  # fmt: skip
    assert (share["RS"]["state"], share["MK"]["state"]) == ("withheld", "missing")
    assert (share["region"]["counts"], share["region"]["gap"]) == ("gap=1 unclear=1 no_gap=1 unknown=4", "gap")
    assert share["region"]["value"] is None, "figures of territories are not added up"
    days = rows["region", "cooperation", "days_executed_outgoing"]
    assert (days["counts"], days["gap"]) == ("D30T90=4 unknown=3", "none")
    assert ("region", "cooperation", "closing_incoming") not in rows


@pytest.mark.parametrize(("part", "is_few"), [(19, True), (20, False), (80, False), (81, True)])
def test_share_of_few_or_with_few_in_the_rest_has_no_finding(part: int, is_few: bool) -> None:
    rows = build_rows(
        practice_result=[make_answer(0, "AL", count=part, n=100, low=0.1, high=0.4)],
        cooperation_outcome=[
            make_outcome("AL", 2025, float(part), executed=part, closed=100.0, low=10.0, high=40.0),
            make_outcome("RS", 2025, 80.0),
        ],
    )
    finding = "few" if is_few else "gap"
    practice, outcome, region = (
        rows[key] for key in (("AL", "practice", "FR01.1"), ("AL", "cooperation", "share_outgoing"),
                              ("region", "cooperation", "share_outgoing"))
    )  # fmt: skip
    assert (practice["gap"], outcome["gap"], region["gap"]) == (finding, finding, finding)
    assert region["counts"] == f"{finding}=1 no_gap=1 unknown=5"
    assert outcome["value"] == part, "the share itself stays"


@pytest.mark.parametrize("item", ["share_incoming", "days_executed_incoming", "closing_incoming"])
def test_gap_of_every_figure_that_is_withheld_or_missing_is_not_known(item: str) -> None:
    withheld = {"direction": "incoming", "days_executed": "", "closing": None}
    rows = build_rows(cooperation_outcome=[make_outcome("RS", 2025, None, **withheld)])
    by_area = {area: rows[area, "cooperation", item] for area in ("RS", "MK")}
    assert {area: (row["state"], row["gap"]) for area, row in by_area.items()} == {
        "RS": ("withheld", "unknown"), "MK": ("missing", "unknown"),
    }  # fmt: skip
    if item != "closing_incoming":
        assert rows["region", "cooperation", item]["gap"] == "unknown", "no territory has a figure"


def test_ratio_is_of_the_newest_year_and_of_the_region_with_enough_territories() -> None:
    rows = build_rows(
        stage_ratio=[
            make_ratio("AL", "2023", 40.0), make_ratio("AL", "2024", 30.0), make_ratio("AL", "2025", None),
            make_ratio("AL", "2025", 90.0, is_default=False), make_ratio("AL", "2025-Q1", 70.0, freq="Q"),
            make_ratio("WB", "2025", 60.0, "AL,BA,HR"), make_ratio("WB", "2024", 55.0, "AL,BA,HR,RS"),
        ],
    )  # fmt: skip
    territory, region = (rows[area, "justice", "investigated_per_reported"] for area in ("AL", "region"))
    assert (territory["value"], territory["period"], territory["gap"]) == (30.0, "2024", "none")
    assert (region["value"], region["period"]) == (55.0, "2024"), "three territories are not the region"
