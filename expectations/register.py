"""The suite of the instrument `register`: pseudonymised records, one defendant in one proceeding, one event."""

from __future__ import annotations

from expectations import nil_returns, records, sources
from expectations.contracts import (
    build_coverage_contract,
    describe_failure,
    expect_in_order,
    expect_in_period,
    expect_keys_and_codes,
    expect_unique_key,
)
from expectations.engine import TableExpectations
from expectations.figures import PlausibilityRule
from expectations.loading import gxe
from expectations.tables import EVENT_CODED
from pipelines.model.long_tables import CASE_EVENT_KEY

INSTRUMENT = "register"


def build_suite() -> list[TableExpectations | PlausibilityRule]:
    """Return contracts of keys and codes, coverage, and records: unique events, dates in order, sentences."""
    return [
        TableExpectations(
            f"{INSTRUMENT}.event_codes", "event_codes", tuple(expect_keys_and_codes(CASE_EVENT_KEY, EVENT_CODED))
        ),
        build_coverage_contract(INSTRUMENT),
        TableExpectations(
            f"{INSTRUMENT}.events",
            "events",
            (
                expect_unique_key(CASE_EVENT_KEY, "A return has each event of a person once.", "record.unique"),
                expect_in_order(
                    "event_date",
                    "date_of_earlier_stage",
                    "The stages of a proceeding follow each other.",
                    "record.order",
                    expected="date_of_earlier_stage",
                    params={"event": "event", "earlier": "earlier_stage"},
                ),
                *expect_in_period(),
                expect_in_order(
                    "cutoff_date",
                    "event_date",
                    "An event is not after the cut-off date of its record.",
                    "record.cutoff",
                    expected="cutoff_date",
                ),
                gxe.ExpectColumnValuesToBeNull(
                    column="months_without_prison",
                    **describe_failure(
                        "Only sanctions that deprive of liberty, and community service, have a length: "
                        "`months_without_prison` is the length of any other sanction.",
                        "record.sentence",
                        "sentence_months",
                        params={"sentence_type": "sentence_type"},
                    ),
                ),
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A="longest_months_of_article",
                    column_B="sentence_months",
                    or_equal=True,
                    ignore_row_if="either_value_is_missing",
                    **describe_failure(
                        "A sentence is not longer than its article allows.",
                        "record.length",
                        "sentence_months",
                        "longest_months_of_article",
                    ),
                ),
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A="longest_months_of_law",
                    column_B="months_term",
                    or_equal=True,
                    ignore_row_if="either_value_is_missing",
                    **describe_failure(
                        "A term is not longer than any that the law knows. `months_term` has the lengths that the "
                        "article itself does not limit.",
                        "record.term",
                        "sentence_months",
                        "longest_months_of_law",
                        params={"sentence_type": "sentence_type", "records": "records_term"},
                    ),
                ),
                gxe.ExpectColumnValuesToBeBetween(
                    column="months_zero",
                    min_value=0,
                    strict_min=True,
                    **describe_failure(
                        "A length is above zero.",
                        "record.no_length",
                        "sentence_months",
                        params={"sentence_type": "sentence_type", "records": "records_zero"},
                    ),
                ),
                gxe.ExpectColumnPairValuesToBeEqual(
                    column_A="months_part",
                    column_B="nearest_whole_months",
                    ignore_row_if="either_value_is_missing",
                    **describe_failure(
                        "A length is in whole months, in a register in which nearly all are.",
                        "record.part_of_month",
                        "sentence_months",
                        params={"records": "records_part"},
                    ),
                ),
            ),
        ),
        *records.RULES,
        *sources.RULES,
        *nil_returns.RULES,
    ]
