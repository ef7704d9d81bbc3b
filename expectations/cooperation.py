"""The suite of the instrument `cooperation`: requests, informal exchange and joint investigation teams."""

from __future__ import annotations

from typing import Any

from expectations import cooperation_openings, nil_returns, parts, plausibility, request_sources
from expectations.contracts import (
    build_bounds_contract,
    build_coverage_contract,
    build_observation_contract,
    build_sum_contracts,
    describe_failure,
)
from expectations.cooperation_openings import CELL
from expectations.engine import TableExpectations
from expectations.figures import PlausibilityRule
from expectations.loading import gxe
from expectations.reporting import EMPTY

INSTRUMENT = "cooperation"


def build_suite() -> list[TableExpectations | PlausibilityRule]:
    """Return the shared contracts and rules, and those on partners, dimensions and the balance of requests."""
    return [
        build_observation_contract(INSTRUMENT, [_expect_unit()]),
        *build_sum_contracts(INSTRUMENT),
        *parts.RULES,
        build_coverage_contract(INSTRUMENT),
        build_bounds_contract(INSTRUMENT),
        *plausibility.SHARED_RULES,
        _build_dimension_contract(),
        _build_balance_contract(),
        *cooperation_openings.RULES,
        *request_sources.RULES,
        *nil_returns.RULES,
    ]


def _expect_unit() -> Any:
    return gxe.ExpectColumnValuesToBeInSet(
        column="count_unit",
        value_set=["request", "event", EMPTY],
        **describe_failure(
            "This instrument counts requests, and joint investigation teams as events. An empty unit is reported once, "
            "as a missing part of the key.",
            "expect.code",
            "count_unit",
            constants={"column": "count_unit"},
        ),
    )


def _build_dimension_contract() -> TableExpectations:
    return TableExpectations(
        f"{INSTRUMENT}.dimensions",
        "cooperation_dimensions",
        (
            gxe.ExpectColumnValuesToBeNull(
                column="own_partner",
                **describe_failure(
                    "The partner of a request is another territory.",
                    "cooperation.self",
                    params={"label": "label", "partner": "own_partner"},
                    once_per="return",
                ),
            ),
            gxe.ExpectColumnValuesToBeNull(
                column="strange_dimension",
                **describe_failure(
                    "A figure is broken down only by the dimensions of its measure (`cooperation_dimension.csv`).",
                    "cooperation.dimension",
                    params={"label": "label", "measure": "measure", "dim": "strange_dimension"},
                ),
            ),
        ),
    )


def _build_balance_contract() -> TableExpectations:
    return TableExpectations(
        f"{INSTRUMENT}.balances",
        "cooperation_balances",
        (
            gxe.ExpectColumnPairValuesToBeEqual(
                column_A="closing",
                column_B="expected",
                **describe_failure(
                    "Requests pending at the end are those at the start, plus those that came in, less those executed, "
                    "refused or withdrawn.",
                    "cooperation.balance",
                    "closing",
                    "expected",
                    params={**CELL, "opening": "opening", "entries": "entries", "exits": "exits"},
                ),
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="open_in_period",
                column_B="acknowledged",
                or_equal=True,
                ignore_row_if="either_value_is_missing",
                **describe_failure(
                    "No more requests are acknowledged than were pending at the start or came in.",
                    "cooperation.acknowledged",
                    "acknowledged",
                    "open_in_period",
                    params=CELL,
                ),
            ),
        ),
    )
