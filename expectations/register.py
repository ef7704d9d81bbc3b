"""The suite of the instrument `register`: pseudonymised records, one defendant in one proceeding, one event."""

from __future__ import annotations

from expectations.common import Check, build_code_checks, build_coverage_checks

INSTRUMENT = "register"
CODED = {
    "event": "measure",
    "level": "level",
    "offence": "offence",
    "sex": "sex",
    "age": "age",
    "sentence_type": "sentence_type",
}


def build_suite() -> list[Check]:
    """Return checks of codes, repeated events, the order and range of dates, and sentences."""
    return [
        *build_code_checks(CODED),
        *build_coverage_checks(),
        Check(
            "records",
            "ExpectColumnValuesToBeInSet",
            {"column": "repeated", "value_set": [0]},
            "record.unique",
        ),
        Check(
            "records",
            "ExpectColumnValuesToBeBetween",
            {"column": "days_after_earlier", "min_value": 0},
            "record.order",
            "event_date",
            "earlier_date",
            params={"event": "event", "earlier": "earlier"},
        ),
        Check(
            "records",
            "ExpectColumnValuesToBeBetween",
            {"column": "days_before_end", "min_value": 0},
            "record.period",
            "event_date",
            params={"period": "period"},
        ),
        Check(
            "records",
            "ExpectColumnValuesToBeBetween",
            {"column": "days_after_start", "min_value": 0},
            "record.period",
            "event_date",
            params={"period": "period"},
        ),
        Check(
            "records",
            "ExpectColumnValuesToBeBetween",
            {"column": "days_before_cutoff", "min_value": 0},
            "record.cutoff",
            "event_date",
            "cutoff_date",
        ),
        Check(
            "records",
            "ExpectColumnValuesToBeInSet",
            {"column": "length_without_prison", "value_set": [0]},
            "record.sentence",
            "sentence_months",
            params={"sentence_type": "sentence_type"},
        ),
        Check(
            "records",
            "ExpectColumnValuesToBeBetween",
            {"column": "months_below_longest", "min_value": 0},
            "record.length",
            "sentence_months",
            "longest",
        ),
    ]
