"""Expectations that every instrument of counts shares: keys, codes, values, coverage, plausibility."""

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
COPIED_FROM = 8
"""So many figures above zero, all the same as in the period before, are no accident."""


@dataclass(frozen=True)
class Check:
    """One expectation over one table, by its Great Expectations type, and the rule that a failing row breaks.

    `seen` and `expected` name columns of the table that hold those values of a finding; `params` maps further
    parameters of the rule to columns, `constants` to values, and `severity` names a column that overrules the rule's.
    With `together` the failing rows of one return are one finding, since its periods have the same to be told.
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


def coded(columns: dict[str, str]) -> list[Check]:
    """No part of a key is empty, and every code is in its list. `columns`: column -> code list."""
    declared = [f"{column}={code}" for column, name in columns.items() for code in codes.codes(name)]
    return [
        Check("keys", "ExpectColumnValuesToNotBeNull", {"column": "code"}, "expect.key", params={"column": "column"}),
        Check(
            "codings",
            "ExpectColumnValuesToBeInSet",
            {"column": "coding", "value_set": declared},
            "expect.code",
            seen="code",
            params={"column": "column"},
        ),
    ]


def values() -> list[Check]:
    """Counts are whole and not below zero, have a value or a reason for none, and stand once."""
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


def sums() -> list[Check]:
    """Declared sums: the total equals its parts where all are known, and is never less than those that are."""
    said = {"dim": "dim", "label": "label", "parts": "parts"}
    return [
        Check(
            "whole_sums",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": "total", "column_B": "added"},
            "sum.differs",
            "total",
            "added",
            params=said,
            severity="severity",
        ),
        Check(
            "partial_sums",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "total", "column_B": "added", "or_equal": True},
            "sum.exceeded",
            "total",
            "added",
            params=said,
            severity="severity",
        ),
    ]


def coverage() -> list[Check]:
    """Periods have ended, are expected, and came in time."""
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


def plausible() -> list[Check]:
    """Totals lie within the territory's bounds, and are no surprise beside the periods before."""
    named = {"measure": "measure", "offence_group": "offence_group", "period": "period"}
    return [
        Check(
            "bounds",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "value", "column_B": "low", "or_equal": True},
            "plausible.bounds",
            "value",
            params={**named, "low": "low", "high": "high"},
        ),
        Check(
            "bounds",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": "high", "column_B": "value", "or_equal": True},
            "plausible.bounds",
            "value",
            params={**named, "low": "low", "high": "high"},
        ),
        Check(
            "jumps",
            "ExpectColumnValuesToBeBetween",
            {"column": "p", "min_value": P_SURPRISING},
            "plausible.jump",
            "value",
            params={**named, "n": "n", "mean": "mean", "p": "p"},
        ),
        Check(
            "exchanges",
            "ExpectColumnValuesToBeInSet",
            {"column": "suspect", "value_set": [0]},
            "plausible.exchanged",
            "value",
            params={**named, "n": "n", "share": "share", "periods": "periods"},
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
