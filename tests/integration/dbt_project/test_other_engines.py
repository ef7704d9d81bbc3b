"""Compiled models and data tests have no text that Spark reads otherwise than DuckDB, as far as is known.

Spark takes `from t where (x) group by` as a relation t that is named `where` and has a column x. `make test-spark`
runs everything there.
"""

from __future__ import annotations

import re

from pipelines.core.home import Home

MISREAD = re.compile(
    r"\bwhere\s*\(\s*\w+(?:\s*,\s*\w+)*\s*\)"
    r"(?=\s*(?:group|order|having|limit|union|except|intersect)\b|\s*\)|\s*;?\s*\Z)",
    re.IGNORECASE,
)
"""A condition that is one name, or several, in parentheses."""


def test_no_condition_can_be_the_name_of_a_relation(demonstration: Home) -> None:
    compiled = sorted((demonstration.restricted / "dbt" / "compiled" / "rti").rglob("*.sql"))
    assert len(compiled) > 200
    conditions = {path.name: MISREAD.findall(path.read_text(encoding="utf-8")) for path in compiled}
    assert {name: misread for name, misread in conditions.items() if misread} == {}


def test_conditions_that_spark_misreads_are_found() -> None:
    for misread in (
        "select hash(a) from t where (true) group by hash(a)",
        "select a from t\nwhere\n    (is_total)\n",
        "with x as (select a from t where (a, b)) select * from x",
    ):
        assert MISREAD.search(misread), misread
    for good in (
        "select hash(a) from t where true and (true) group by hash(a)",
        "select a from t where (a = 1) group by a",
        "select a from t where (is_due or is_reported) and b group by a",
        "select a from t where (a) in (select b from u)",
    ):
        assert not MISREAD.search(good), good
