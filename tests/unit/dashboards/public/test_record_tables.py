"""Tests of tables of figures from case records: which areas their citation names."""

from __future__ import annotations

from datetime import date
from typing import Any

from dashboards.public.frame import Frame
from dashboards.public.pages.record_tables import Groups, RecordTable
from pipelines.words import durations
from tests.support.editions import AREAS

FRAME = Frame("", {}, {row["area"]: {"name": row["name_en"], "footnote": row["footnote_en"]} for row in AREAS})


def test_citation_names_the_areas_with_records_and_their_dates() -> None:
    """Require it because the citation of durations of two territories named all seven and no period."""
    row: dict[str, Any] = {"seen_from": date(2022, 10, 1), "seen_until": date(2026, 9, 30)}
    groups: Groups = {("AA", "Register"): {"median": row}, ("BB", "Register"): {"median": row}}
    table = RecordTable("duration", durations.QUANTILES)
    dates = "1 October 2022 to 30 September 2026"
    assert table._name_covered(FRAME, groups) == f"Aland and Bland*: {dates}"
    by_year: Groups = {(*key, "2025"): group for key, group in groups.items()}
    assert RecordTable("sentence", durations.LENGTHS)._name_covered(FRAME, by_year) == "Aland; Bland*"
