"""The suite of the instrument `justice`: counts by stage of the proceedings."""

from __future__ import annotations

from expectations import balances, nil_returns, parts, plausibility, sources, structure
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

INSTRUMENT = "justice"


def build_suite() -> list[TableExpectations | PlausibilityRule]:
    """Return the shared contracts and rules, and those between the stages of the proceedings."""
    return [
        build_observation_contract(INSTRUMENT),
        *build_sum_contracts(INSTRUMENT),
        *parts.RULES,
        build_coverage_contract(INSTRUMENT),
        build_bounds_contract(INSTRUMENT),
        *plausibility.SHARED_RULES,
        *structure.RULES,
        *nil_returns.RULES,
        TableExpectations(
            f"{INSTRUMENT}.outcomes",
            "outcomes",
            (
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A="value_of_whole",
                    column_B="value_of_part",
                    or_equal=True,
                    **describe_failure(
                        "Court decisions of one kind are not more than all decisions that include them, for example "
                        "convictions and decisions of the first instance.",
                        "plausible.outcome",
                        "value_of_part",
                        "value_of_whole",
                        params={"part": "part", "whole": "whole", "period": "period"},
                    ),
                ),
            ),
        ),
        *parts.STAGE_RULES,
        *balances.RULES,
        *plausibility.STAGE_RULES,
        *sources.RULES,
    ]
