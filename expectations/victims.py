"""The suite of the instrument `victims`."""

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

INSTRUMENT = "victims"


def build_suite() -> list[Check]:
    """Return the shared checks, and one that counts are of victims or migrants only."""
    return [
        *build_code_checks(CODED),
        *build_value_checks(),
        *build_sum_checks(),
        *build_coverage_checks(),
        *build_plausibility_checks(),
        Check(
            "figures",
            "ExpectColumnValuesToBeInSet",
            {"column": "count_unit", "value_set": ["victim", "migrant"]},
            "expect.code",
            "count_unit",
            constants={"column": "count_unit"},
        ),
    ]
