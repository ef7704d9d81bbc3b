"""Tests of the page on victims: one name for a total, and shares that do not add up because they are rounded."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.front.pages import victims
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_total

Row = dict[str, Any]
LABELS = [
    {"codelist": "age", "code": code, "label": label}
    for code, label in (("Y_LT18", "Under 18"), ("Y_GE18", "18 and over"), ("_T", "All ages"))
]


def make_part(age: str, value: float, share: float | None) -> Row:
    """Return the victims of one age in 2025 with their share."""
    status = None if share is None else "A"
    return make_total(
        "AA", "2025", value, table_id="victims_year_age", age=age, sex="_T", measure="victims_detected",
        count_unit="victim", share_value=share, share_low=0.0, share_high=100.0, share_obs_status=status,
        share_conf_status="F", share_interval_basis="exact", share_state="enough", is_total=age == "_T",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shares", "is_noted"), [((22.5, 77.5), True), ((22.4, 77.6), False), ((22.5, 60.5), False), ((None, 77.5), False)]
)
def test_shares_that_do_not_add_up_because_they_are_rounded_have_a_note(
    shares: tuple[float | None, float | None], is_noted: bool
) -> None:
    parts = [make_part("Y_LT18", 9.0, shares[0]), make_part("Y_GE18", 31.0, shares[1]), make_part("_T", 40.0, None)]
    reader = Reader(make_edition(victim_part=parts, codelist=LABELS), "en")
    table = victims._compose_parts(reader, "TIP", "age", "2025")
    notes = [text for mark, text in table.visible_notes if mark.isdigit()]
    assert notes == (["Shares are rounded, so those of one row may add up to 99 or 101."] if is_noted else [])
    (row,) = [row for row in table.table.rows if str(row.heading) == "Aland"]
    assert sum(">1</sup>" in str(field) for field in row.fields) == 2 * is_noted


def test_total_has_one_name_in_each_breakdown() -> None:
    parts = [make_part("Y_LT18", 9.0, 22.5), make_part("_T", 40.0, None)]
    reader = Reader(make_edition(victim_part=parts, codelist=LABELS), "en")
    table = victims._compose_parts(reader, "TIP", "age", "2025")
    assert [str(column) for column in table.columns][:2] == ["Under 18", "Total"]
    profile = victims._compose_territory_parts(reader, "TIP", "AA", "age", "2025", parts)
    assert [str(row.heading) for row in profile.rows] == ["Under 18", "Total"]


def test_headline_on_the_region_has_the_interval_of_its_figure() -> None:
    """Require it because the headlines of all other pages have one."""
    of_all = dict.fromkeys(("offence", "sex", "exploitation", "citizenship", "sentence_type", "sentence_band"), "_T")
    whole = make_total(
        "WB", "2025", 335.0, low=285.0, high=392.0, measure="victims_detected", count_unit="victim", cell_id="c",
        victim_status="_T", level="none", **of_all,
    )  # fmt: skip
    headline = victims._describe_region(Reader(make_edition(), "en"), "TIP", whole)
    assert "335 (95% confidence interval 285 to 392)." in headline
    withheld = {**whole, "value": None, "low": None, "high": None, "conf_status": "C", "obs_status": "Q"}
    assert "interval" not in victims._describe_region(Reader(make_edition(), "en"), "TIP", withheld)
