"""Tests of the pages of ratios between stages: the periods of the two counts."""

from __future__ import annotations

import pytest

from pipelines.front.pages.facts import explain_formula
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_metric, make_ratio, make_total

CODE = "convicted_first_per_indicted"


@pytest.mark.parametrize(
    ("version", "lag", "text"),
    [
        ("same_period", 0, "Both counts are of the same period."),
        ("lagged", 1, "Both counts are of the same period, unless a note at a figure says otherwise."),
    ],
)
def test_formula_names_the_periods_of_both_counts(version: str, lag: int, text: str) -> None:
    ratios = [make_ratio("WB", "2025"), make_ratio("AA", "2025", version=version, lag=lag)]
    about = make_metric(CODE, "Convicted per 100 indicted")
    edition = make_edition(stage_ratio=ratios, total=[make_total("WB", "2025", 90.0)], metric=[about])
    assert explain_formula(Reader(edition, "en"), about, "TIP") == f"convicted_first × 100 ÷ indicted. {text}"
    nested = make_metric(CODE, "Convicted per 100 indicted", is_nested=True)
    assert "period" not in explain_formula(Reader(edition, "en"), nested, "TIP")
