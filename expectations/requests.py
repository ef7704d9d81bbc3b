"""The suite of the instrument `requests`: pseudonymised records, one formal request, one event."""

from __future__ import annotations

from expectations import nil_returns, request_events, request_sources
from expectations.contracts import (
    build_coverage_contract,
    describe_failure,
    expect_in_period,
    expect_keys_and_codes,
    expect_unique_key,
)
from expectations.engine import TableExpectations
from expectations.figures import PlausibilityRule
from expectations.loading import gxe
from expectations.tables import REQUEST_CODED
from pipelines.model.long_tables import CASE_EVENT_KEY

INSTRUMENT = "requests"


def build_suite() -> list[TableExpectations | PlausibilityRule]:
    """Return contracts of keys, codes, coverage, partners and dates, and the rules on the order of events."""
    return [
        TableExpectations(
            f"{INSTRUMENT}.event_codes", "event_codes", tuple(expect_keys_and_codes(CASE_EVENT_KEY, REQUEST_CODED))
        ),
        build_coverage_contract(INSTRUMENT),
        TableExpectations(
            f"{INSTRUMENT}.events",
            "requests",
            (
                expect_unique_key(CASE_EVENT_KEY, "A return has each event of a request once.", "request.unique"),
                *expect_in_period(),
                gxe.ExpectColumnValuesToBeNull(
                    column="own_partner",
                    **describe_failure(
                        "Requests within a territory are not international: `own_partner` is the partner if it is the "
                        "reporting territory.",
                        "request.self",
                        params={"partner": "own_partner"},
                    ),
                ),
            ),
        ),
        *request_events.RULES,
        *request_sources.RULES,
        *nil_returns.RULES,
    ]
