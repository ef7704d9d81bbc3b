"""Checks shared by all instruments that hold counts: keys, codes, values, coverage, plausibility."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines.core import codes

CODED: dict[str, str] = {
    # column of an observation -> code list
    "instrument": "instrument",
    "freq": "freq",
    "accumulation": "accumulation",
    "date_basis": "date_basis",
    "measure": "measure",
    "level": "level",
    "count_unit": "count_unit",
    "statistic": "statistic",
    "unit_measure": "unit_measure",
    "offence": "offence",
    "person_type": "person_type",
    "victim_status": "victim_status",
    "sex": "sex",
    "age": "age",
    "age_basis": "age_basis",
    "exploitation": "exploitation",
    "citizenship": "citizenship",
    "sentence_type": "sentence_type",
    "sentence_band": "sentence_band",
    "partner": "partner",
    "obs_status": "obs_status",
    "conf_status": "conf_status",
}
P_SURPRISING = 0.001
"""A count whose p-value given the periods before is lower than this is reported."""
COPIED_FROM = 8
"""This many figures above zero, all equal to those of the period before, suggest a copied return."""


@dataclass(frozen=True)
class Check:
    """One Great Expectations expectation over one table, and the rule that a failing row breaks.

    `type` is the name of the expectation.  `seen` and `expected` name the columns with those values of the finding;
    `params` maps further parameters of the rule to columns, `constants` maps them to values, and `severity` names a
    column that overrides the severity of the rule.  With `together`, all failing rows of a return give one finding
    that lists their periods.
    """

    table: str
    type: str
    kwargs: dict[str, Any]
    rule: str
    seen: str | None = None
    expected: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    severity: str | None = None
    together: bool = False


def build_code_checks(columns: dict[str, str]) -> list[Check]:
    """Build checks that no part of a key is empty and every code is in its list. `columns`: column -> code list."""
    allowed = [f"{column}={code}" for column, name in columns.items() for code in codes.list_codes(name)]
    return [
        Check("keys", "ExpectColumnValuesToNotBeNull", {"column": "code"}, "expect.key", params={"column": "column"}),
        Check(
            "codings",
            "ExpectColumnValuesToBeInSet",
            {"column": "coding", "value_set": allowed},
            "expect.code",
            seen="code",
            params={"column": "column"},
        ),
    ]


def build_value_checks() -> list[Check]:
    """Build checks that counts are whole, not negative, unique, and have either a value or a reason for its absence."""
    return [
        Check(
            "figures",
            "ExpectColumnValuesToBeBetween",
            {"column": "value", "min_value": 0},
            "value.negative",
            "value",
        ),
        Check(
            "figures", "ExpectColumnValuesToBeBetween", {"column": "whole", "max_value": 0}, "value.fraction", "value"
        ),
        Check(
            "figures",
            "ExpectColumnValuesToBeInSet",
            {"column": "status_fits", "value_set": [1]},
            "expect.status",
            "value",
            params={"status": "obs_status"},
        ),
        Check(
            "figures",
            "ExpectColumnValuesToBeInSet",
            {"column": "repeated", "value_set": [0]},
            "expect.unique",
            "value",
            params={"label": "label", "period": "period"},
        ),
    ]


def build_sum_checks() -> list[Check]:
    """Build checks that a declared total equals its parts if all are known, and is not less than the known ones."""
    params = {"dim": "dim", "label": "label", "parts": "parts"}
    return [
        Check(
            "whole_sums",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": "total", "column_B": "added"},
            "sum.differs",
            "total",
            "added",
            params=params,
            severity="severity",
        ),
        Check(
            "partial_sums",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "total", "column_B": "added", "or_equal": True},
            "sum.exceeded",
            "total",
            "added",
            params=params,
            severity="severity",
        ),
    ]


def build_coverage_checks() -> list[Check]:
    """Build checks that periods have ended, are expected, and arrived in time."""
    period = {"period": "period"}
    return [
        Check(
            "coverage",
            "ExpectColumnValuesToBeBetween",
            {"column": "days_open", "max_value": -1},
            "coverage.too_early",
            params=period,
            together=True,
        ),
        Check(
            "coverage",
            "ExpectColumnValuesToBeInSet",
            {"column": "is_expected", "value_set": [1]},
            "coverage.unexpected",
            params=period,
            together=True,
        ),
        Check(
            "coverage",
            "ExpectColumnValuesToBeBetween",
            {"column": "days_late", "max_value": 0},
            "coverage.late",
            seen="received",
            expected="deadline",
            params=period,
            together=True,
        ),
    ]


def build_plausibility_checks() -> list[Check]:
    """Build checks that totals are within the bounds of the territory and plausible given earlier periods."""
    params = {"measure": "measure", "offence_group": "offence_group", "period": "period"}
    return [
        Check(
            "bounds",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "value", "column_B": "low", "or_equal": True},
            "plausible.bounds",
            "value",
            params={**params, "low": "low", "high": "high"},
        ),
        Check(
            "bounds",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "high", "column_B": "value", "or_equal": True},
            "plausible.bounds",
            "value",
            params={**params, "low": "low", "high": "high"},
        ),
        Check(
            "jumps",
            "ExpectColumnValuesToBeBetween",
            {"column": "p", "min_value": P_SURPRISING},
            "plausible.jump",
            "value",
            params={**params, "n": "n", "mean": "mean", "p": "p"},
        ),
        Check(
            "exchanges",
            "ExpectColumnValuesToBeInSet",
            {"column": "suspect", "value_set": [0]},
            "plausible.exchanged",
            "value",
            params={**params, "n": "n", "share": "share", "periods": "periods"},
        ),
        Check(
            "years_so_far",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "value", "column_B": "expected", "or_equal": True},
            "plausible.year_so_far",
            "value",
            "expected",
            params={"label": "label", "period": "period", "previous": "previous"},
        ),
        Check(
            "copies",
            "ExpectColumnValuesToBeInSet",
            {"column": "suspect", "value_set": [0]},
            "plausible.copied",
            params={"n": "n", "period": "period", "previous": "previous"},
        ),
        Check(
            "gone",
            "ExpectColumnValuesToBeInSet",
            {"column": "absent", "value_set": [0]},
            "coverage.gone",
            "label",
            params={"period": "period", "previous": "previous", "measure": "measure", "article": "law_article"},
        ),
        Check(
            "revisions",
            "ExpectColumnValuesToBeBetween",
            {"column": "changed", "max_value": 0},
            "revision.changed",
            "value",
            "expected",
            params={"label": "label", "period": "period"},
        ),
    ]
