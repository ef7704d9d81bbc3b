"""Figures from case records on the pages of the explorer."""

from __future__ import annotations

import pytest

from dashboards.public.frame import Frame
from dashboards.public.pages.record_tables import RecordTable, group_rows
from pipelines import words


def test_areas_are_in_the_order_of_the_page_and_years_in_that_of_the_rows() -> None:
    """Statements return areas by code; sentences, pictures and tables have them in the order of their names."""
    frame = Frame("", {}, {area: {} for area in ("WB", "RS", "HR")})
    keys = [("HR", "2025"), ("HR", "2024"), ("RS", "2025")]
    rows = [{"area": area, "source": "Register", "cohort": year, "statistic": "median"} for area, year in keys]
    groups = group_rows(frame, rows, "cohort")
    assert list(groups) == [("RS", "Register", "2025"), ("HR", "Register", "2025"), ("HR", "Register", "2024")]


@pytest.mark.parametrize(
    ("key", "heading"),
    [(("RS", "Register"), ("Serbia", ("*",))), (("RS", "Register", "2025"), ("Serbia*, 2025", ()))],
)
def test_mark_of_a_name_is_at_the_name_and_not_at_the_year(
    key: tuple[str, ...], heading: tuple[str, tuple[str, ...]]
) -> None:
    area = {"name": "Serbia", "footnote": "About the name.", "area_kind": "jurisdiction", "territory": "RS"}
    frame = Frame("", {}, {"RS": area})
    line = RecordTable("sentence", {})._build_line(frame, key, {}, words.Notes(), has_several=False)
    assert (line.heading.text, line.heading.marks) == heading
