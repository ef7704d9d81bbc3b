"""The suite of the instrument `victims`."""

from __future__ import annotations

from expectations import nil_returns, parts, plausibility, structure
from expectations.contracts import (
    build_bounds_contract,
    build_coverage_contract,
    build_observation_contract,
    build_sum_contracts,
    describe_failure,
)
from expectations.engine import TableExpectations
from expectations.figures import PlausibilityRule
from expectations.loading import gxe
from expectations.reporting import EMPTY

INSTRUMENT = "victims"


def build_suite() -> list[TableExpectations | PlausibilityRule]:
    """Return the shared contracts and rules, and the expectation that counts are of victims or migrants only."""
    counts_people = gxe.ExpectColumnValuesToBeInSet(
        column="count_unit",
        value_set=["victim", "migrant", EMPTY],
        **describe_failure(
            "This instrument counts victims of trafficking and smuggled migrants. An empty unit is reported once, as a "
            "missing part of the key.",
            "expect.code",
            "count_unit",
            constants={"column": "count_unit"},
        ),
    )
    return [
        build_observation_contract(INSTRUMENT, [counts_people]),
        *build_sum_contracts(INSTRUMENT),
        *parts.RULES,
        build_coverage_contract(INSTRUMENT),
        build_bounds_contract(INSTRUMENT),
        *plausibility.SHARED_RULES,
        *structure.RULES,
        *nil_returns.RULES,
    ]
