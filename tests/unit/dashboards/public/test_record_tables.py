"""Figures from case records on the pages of the explorer."""

from __future__ import annotations

from dashboards.public.frame import Frame
from dashboards.public.pages.record_tables import group_rows


def test_areas_are_in_the_order_of_the_page_and_years_in_that_of_the_rows() -> None:
    """Statements return areas by code; sentences, pictures and tables have them in the order of their names."""
    frame = Frame("", {}, {area: {} for area in ("WB", "RS", "HR")})
    keys = [("HR", "2025"), ("HR", "2024"), ("RS", "2025")]
    rows = [{"area": area, "source": "Register", "cohort": year, "statistic": "median"} for area, year in keys]
    groups = group_rows(frame, rows, "cohort")
    assert list(groups) == [("RS", "Register", "2025"), ("HR", "Register", "2025"), ("HR", "Register", "2024")]
