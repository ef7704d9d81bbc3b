"""The suite of the instrument `register`: pseudonymised records, one defendant in one proceeding, one event."""

from __future__ import annotations

from expectations.common import Check, coded, coverage

INSTRUMENT = "register"
CODED = {
    "event": "measure",
    "level": "level",
    "offence": "offence",
    "sex": "sex",
    "age": "age",
    "sentence_type": "sentence_type",
}


def suite() -> list[Check]:
    """Codes; one event once; dates in the order of the stages, within the period and before the cut-off."""
    return [
        *coded(CODED),
        *coverage(),
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
