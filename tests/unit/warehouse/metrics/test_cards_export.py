"""Cards, pairs of levels and breaks as tables: compared with single cards and declarations, and with faults
planted in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.declarations.registry import Registry, load
from pipelines.warehouse.metrics import breaks, cards_export, counting
from pipelines.warehouse.metrics.breaks import Break
from tests.support.fakes.counting_fakes import make_registry_with_rules, make_rule

QUARTERS = [f"{year}-Q{quarter}" for year in range(2018, 2027) for quarter in (1, 2, 3, 4)]
PERIODS = [*QUARTERS, *(str(year) for year in range(2013, 2027)), "2011-2013", "2017-2019", "2020-2022", "2021-2025"]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load().without_training()


@pytest.fixture(scope="module")
def tables(registry: Registry) -> dict[str, pl.DataFrame]:
    return cards_export.build_frames(registry, PERIODS)


def _of(table: pl.DataFrame, **what: object) -> pl.DataFrame:
    return table.filter(**what)


# -- cards


def test_each_period_has_the_card_built_for_it_alone(registry: Registry, tables: dict[str, pl.DataFrame]) -> None:
    rows = tables["counting_card_of"].rows(named=True)
    assert len(rows) > 2000
    for row in rows[::17]:
        card = counting.build_card(registry, row["area"], row["level"], row["period"], count_unit=row["count_unit"])
        assert cards_export.card_id(card) == row["card_id"], row


def test_cards_are_built_once_per_stretch_of_equal_periods(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def count_call(*positional: object, **keywords: object) -> counting.Card:
        calls.append(positional)
        return counting.build_card(*positional, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(cards_export, "build_card", count_call)
    short = cards_export.gather_cards(registry, QUARTERS[:18])
    calls_of_short = len(calls)
    calls.clear()
    cards_export.gather_cards(registry, QUARTERS)
    assert len(calls) <= calls_of_short * 2 < len(short.of)


def test_card_has_every_statement_with_its_status(tables: dict[str, pl.DataFrame]) -> None:
    id_ = _of(tables["counting_card_of"], area="ME", level="prosecution", period="2025").item(0, "card_id")
    row = _of(tables["counting_card"], card_id=id_).row(0, named=True)
    assert (row["unknown_perpetrators"], row["unknown_perpetrators_status"]) == ("included", "verified")
    assert (row["attempts"], row["attempts_status"]) == ("included", "demonstration")
    assert row["status"] == "demonstration" and "unknown_perpetrators" not in row["not_read"].split(",")
    assert "[unverified]" in row["law"] and row["jurisdictions"] == "ME"


def test_law_of_a_card_is_that_of_its_period(tables: dict[str, pl.DataFrame]) -> None:
    def find_law(period: str) -> str:
        id_ = _of(tables["counting_card_of"], area="XK", level="first", period=period).item(0, "card_id")
        return str(_of(tables["counting_card"], card_id=id_).item(0, "law"))

    assert "XK 165" not in find_law("2019-Q1") and "XK 171" in find_law("2019-Q1")
    assert "XK 165" in find_law("2019-Q3") and "XK 171" not in find_law("2019-Q3")
    assert "XK 165" in find_law("2019-Q2") and "XK 171" in find_law("2019-Q2")  # the day is within the quarter
    assert "XK 165" in find_law("2017-2019") and "XK 171" in find_law("2017-2019")


def test_no_card_where_no_rule_counts_in_the_unit(tmp_path: Path) -> None:
    registry = make_registry_with_rules(
        tmp_path, make_rule(count_unit="case", level="prosecution"), make_rule(level="first")
    )
    frames = cards_export.build_frames(registry, ["2025"])
    of = {(r["level"], r["count_unit"]) for r in frames["counting_card_of"].rows(named=True) if r["area"] == "ZZ"}
    assert of == {("prosecution", "case"), ("first", "person")}
    pairs = {
        (r["count_unit"], r["upper_level"], r["lower_level"]): (r["is_allowed"], r["reasons"])
        for r in frames["card_pair"].rows(named=True)
        if r["area"] == "ZZ"
    }
    assert pairs["person", "first", "first"] == (True, "")
    assert pairs["person", "first", "prosecution"] == (False, "count_unit_differs")
    assert pairs["case", "first", "prosecution"] == (False, "count_unit_differs")
    assert ("case", "first", "first") not in pairs  # neither side is counted in cases


def test_level_without_a_rule_in_a_period_cannot_be_divided(tmp_path: Path) -> None:
    registry = make_registry_with_rules(
        tmp_path, make_rule(level="prosecution", valid="2026.."), make_rule(level="first")
    )
    pairs = cards_export.build_frames(registry, ["2025", "2026"])["card_pair"]
    pair = pairs.filter(area="ZZ", upper_level="first", lower_level="prosecution", count_unit="person").sort("period")
    assert pair.select("is_allowed", "reasons").rows() == [(False, "count_unit_not_stated"), (True, "")]


def test_rule_that_begins_within_a_year_breaks_only_that_year(tmp_path: Path) -> None:
    registry = make_registry_with_rules(
        tmp_path, make_rule(valid="2010-Q1..2025-Q2"), make_rule(attempts="excluded", valid="2025-Q3..")
    )
    frames = cards_export.build_frames(registry, ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2025", "2026"])
    of = {r["period"]: r["card_id"] for r in frames["counting_card_of"].rows(named=True) if r["area"] == "ZZ"}
    cards = {r["card_id"]: r for r in frames["counting_card"].rows(named=True)}
    assert of["2025-Q1"] == of["2025-Q2"] != of["2025-Q3"] == of["2025-Q4"] == of["2026"]
    year = cards[of["2025"]]
    assert (year["attempts"], year["breaks"]) == ("mixed", "counting:ZZ:first:2025-Q3")
    found_break = frames["break"].filter(area="ZZ", kind="counting").row(0, named=True)
    assert (found_break["code"], found_break["level"], found_break["detail"]) == (
        "counting:ZZ:first:2025-Q3",
        "first",
        "attempts",
    )
    assert (found_break["first_day"], found_break["last_day"]) == (date(2025, 7, 1), date(2025, 7, 1))


def test_region_card_names_the_territories_of_its_rules(tables: dict[str, pl.DataFrame]) -> None:
    id_ = _of(tables["counting_card_of"], area=codes.REGION, level="final", period="2025").item(0, "card_id")
    row = _of(tables["counting_card"], card_id=id_).row(0, named=True)
    assert row["juveniles"] == counting.MIXED and row["without_rule"] == ""
    assert {name.partition("_")[0] for name in row["jurisdictions"].split(",")} == {
        "AL", "BA", "HR", "ME", "MK", "RS", "XK",
    }  # fmt: skip


def test_pairs_of_cards_have_the_same_score_in_both_directions(tables: dict[str, pl.DataFrame]) -> None:
    of = tables["counting_card_of"].filter(level="final", period="2025", count_unit="person")
    al, mk = (of.filter(area=code).item(0, "card_id") for code in ("AL", "MK"))
    scores = tables["card_comparability"].filter(measure="convicted_final")
    for first_card, second_card in ((al, mk), (mk, al)):
        row = scores.filter(card_id_a=first_card, card_id_b=second_card).row(0, named=True)
        assert (row["score"], row["reasons"]) == (2, "juveniles_differs")


def test_list_periods_has_the_pools_of_the_warehouse(registry: Registry, tmp_path: Path) -> None:
    pl.DataFrame({"period": ["2020", "2022-Q4"]}).write_parquet(tmp_path / "block.parquet")
    periods = cards_export.list_periods(registry, tmp_path)
    assert {"2020", "2022", "2022-Q4", "2020-2022", "2016-2020", "2021-2025"} <= set(periods)
    assert not {"2021-2023", "2019-2021"} & set(periods)
    assert [cards_export.freq_of(p) for p in ("2022-Q4", "2022", "2020-2022", "2021-2025")] == ["Q", "A", "P3", "P5"]


# -- breaks


def _breaks(registry: Registry, area: str, kind: str) -> dict[tuple[str, str], Break]:
    return {
        (b.first_period, b.measure or b.offence_group): b
        for b in breaks.list_breaks(registry)
        if (b.of_area, b.kind) == (area, kind)
    }


def test_law_break_has_the_day_that_is_declared(registry: Registry) -> None:
    breaks = _breaks(registry, "XK", "law")
    new_code = breaks["2019-Q2", ""]
    assert (new_code.first_day, new_code.words, new_code.status) == (date(2019, 4, 14), "declared", "unverified")
    assert not [b for (period, _), b in breaks.items() if period == "2019-Q2" and b.words != "declared"]


def test_break_with_a_known_year_only_spans_that_year(registry: Registry) -> None:
    law_break = _breaks(registry, "BA_SRP", "law")["2013", "TIP"]
    assert (law_break.first_day, law_break.last_day) == (date(2013, 1, 1), date(2013, 12, 31))


def test_another_office_breaks_only_its_own_measures(registry: Registry) -> None:
    breaks = _breaks(registry, "HR", "source")
    assert {measure for _, measure in breaks} == {"adjudicated_first", "convicted_first", "sentenced_first"}
    assert (
        breaks["2023-Q1", "convicted_first"].to_sentence() == "First-instance figures come from the register of courts."
    )
    shape = _breaks(registry, "HR", "recording")["2023-Q1", "convicted_first"]
    assert (shape.detail, shape.status) == ("aggregates > register", "unverified")
    assert shape.to_sentence() == "Counts come from another kind of return: aggregates > register."


def test_new_wording_of_a_form_is_not_a_break(registry: Registry) -> None:
    assert not [b for b in breaks.list_breaks(registry) if b.of_area == "MK" and b.first_period.startswith("2025")]


def test_break_of_a_part_applies_to_the_whole_and_the_region(tables: dict[str, pl.DataFrame]) -> None:
    breaks = tables["break"].filter(code="law:BA_SRP:TIP:2020")
    assert set(breaks["area"]) == {"BA_SRP", "BA", codes.REGION} and set(breaks["territory"]) == {"BA"}


def test_no_break_before_the_first_rule(tmp_path: Path) -> None:
    registry = make_registry_with_rules(tmp_path, make_rule(valid="2024.."))
    assert not [b for b in breaks.list_breaks(registry) if b.kind == "counting"]
