"""The suite of the instrument `justice`: counts by stage of the proceedings."""

from __future__ import annotations

from expectations.common import CODED, Check, coded, coverage, plausible, sums, values

INSTRUMENT = "justice"


def suite() -> list[Check]:
    """Keys, codes and values as everywhere; and what the stages of one proceeding owe each other."""
    return [
        *coded(CODED),
        *values(),
        *sums(),
        *coverage(),
        *plausible(),
        Check(
            "outcomes",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "expected", "column_B": "value", "or_equal": True},
            "plausible.outcome",
            "value",
            "expected",
            params={"part": "part", "whole": "whole", "period": "period"},
        ),
        Check(
            "stocks",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": "value", "column_B": "expected"},
            "plausible.stock",
            "value",
            "expected",
            params={"measure": "measure", "period": "period"},
        ),
        Check(
            "lags",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "expected", "column_B": "value", "or_equal": True},
            "plausible.lag",
            "value",
            "expected",
            params={"period": "period"},
        ),
    ]
