"""The suite of the instrument `justice`: counts by stage of the proceedings."""

from __future__ import annotations

from expectations.common import (
    CODED,
    Check,
    build_code_checks,
    build_coverage_checks,
    build_plausibility_checks,
    build_sum_checks,
    build_value_checks,
)

INSTRUMENT = "justice"


def build_suite() -> list[Check]:
    """Return the shared checks, and those between the stages of the proceedings."""
    return [
        *build_code_checks(CODED),
        *build_value_checks(),
        *build_sum_checks(),
        *build_coverage_checks(),
        *build_plausibility_checks(),
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
