"""Tests of the row "Territories included" of the explorer."""

from __future__ import annotations

from typing import cast

from dashboards.public.layout import Frame
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from tests.support.editions import make_ratio


def test_missing_ratio_of_the_region_has_no_number_of_territories() -> None:
    """Check that the territories of one of its two counts are not shown as those of the ratio."""
    coverage = Coverage(cast("Frame", None), (), "TIP", "person")
    row = make_ratio("WB", "2025", value=None, state="missing", obs_status="M")
    field = coverage.build_cell(row, "Convicted per 100 indicted", words.Notes())
    assert (field.text, field.spoken) == ("no regional figure", "Convicted per 100 indicted: no regional figure")
