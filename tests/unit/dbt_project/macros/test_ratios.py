"""Closed forms of `dbt_project/macros/ratios.sql`, and repetitions in the marts, against pipelines/statistics.

The models themselves are tested by dbt (worked examples next to them) and in
`tests/integration/dbt_project/test_mart_ratios.py`.
"""

from __future__ import annotations

import re

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from pipelines.warehouse.metrics import metrics
from tests.oracles import balance, clearance, decomposition
from tests.oracles.decomposition import Counts
from tests.support.paths import ROOT

PROJECT = ROOT / "dbt_project"
MACROS = (PROJECT / "macros" / "ratios.sql").read_text(encoding="utf-8")
MODELS = PROJECT / "models" / "indicators"


def render_macro(call: str) -> str:
    """Render a macro call as SQL."""
    return Environment(autoescape=False).from_string(MACROS + "{{ " + call + " }}").render().strip()


SPLIT = "'v0', 'c0', 'v1', 'c1'"
VOLUME, RATIO = render_macro(f"shapley_volume({SPLIT})"), render_macro(f"shapley_ratio({SPLIT})")
GAP, STATE = render_macro("balance_gap('sign', 'value')"), render_macro("balance_state('gap')")


def split_by_warehouse(counts: Counts) -> tuple[float, float]:
    """Compute volume and ratio effects as the warehouse does, from doubles."""
    row = ", ".join(f"{value}::double as {name}" for name, value in zip(("v0", "c0", "v1", "c1"), counts, strict=True))
    effects = duckdb.sql(f"select {VOLUME}, {RATIO} from (select {row})").fetchone()
    assert effects is not None
    return float(effects[0]), float(effects[1])


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # (150 - 100)(0.5 + 0.4)/2 and (0.4 - 0.5)(100 + 150)/2
        (Counts(100, 50, 150, 60), (22.5, -12.5)),
        # the volume alone: 40 x 0.5
        (Counts(40, 20, 80, 40), (20.0, 0.0)),
        # the ratio alone, above 100 per cent: 0.75 x 80
        (Counts(80, 40, 80, 100), (0.0, 60.0)),
    ],
)
def test_split_by_hand(counts: Counts, expected: tuple[float, float]) -> None:
    assert split_by_warehouse(counts) == expected


whole = st.integers(20, 200_000)


@settings(deadline=None, max_examples=60)
@given(whole, whole, whole, whole)
def test_split_in_sql_equals_exact_fractions_up_to_rounding(v0: int, c0: int, v1: int, c1: int) -> None:
    volume, ratio = split_by_warehouse(Counts(v0, c0, v1, c1))
    exact = decomposition.split_change(Counts(v0, c0, v1, c1))
    assert (volume, ratio) == pytest.approx(exact, rel=1e-14, abs=1e-12)
    largest = max(abs(volume), abs(ratio), 1.0)
    assert abs(volume + ratio - (c1 - c0)) <= 2 * np.spacing(largest)


counts = st.one_of(st.none(), st.integers(0, 500))


@settings(deadline=None, max_examples=60)
@given(counts, st.lists(counts, min_size=1, max_size=4), st.lists(counts, min_size=1, max_size=4), counts)
def test_balance_in_sql_equals_that_of_the_package(
    opening: int | None, came: list[int | None], went: list[int | None], closing: int | None
) -> None:
    terms = [(1, opening), *((1, value) for value in came), *((-1, value) for value in went), (-1, closing)]
    # The mart evaluates only complete rows; the package calls the others unknown.
    numbers = [
        [np.nan if value is None else float(value) for value in side] for side in ([opening], came, went, [closing])
    ]
    expected = balance.compute_balance(numbers[0], [numbers[1]], [numbers[2]], numbers[3])
    if any(value is None for _, value in terms):
        assert expected.state[0] == balance.UNKNOWN
        return
    rows = ", ".join(f"({sign}, {value}::double)" for sign, value in terms)
    result = duckdb.sql(
        f"select gap, {STATE} from (select {GAP} as gap from (values {rows}) as terms(sign, value))"
    ).fetchone()
    assert result == (float(expected.gap[0]), str(expected.state[0]))


@pytest.mark.parametrize(("gap", "state"), [(0, "holds"), (1, "holds"), (-1, "holds"), (2, "broken"), (-2, "broken")])
def test_balance_tolerates_a_gap_of_one_case(gap: int, state: str) -> None:
    assert duckdb.sql(f"select {STATE} from (select {gap}::double as gap)").fetchone() == (state,)
    assert balance.TOLERANCE == 1


def test_declared_balances_equal_those_of_the_package() -> None:
    declared = {metric.id: metric for metric in metrics.load() if metric.kind == "balance"}
    assert set(declared) == {f"balance_{level}" for level in balance.LEVELS}
    for level, flows in balance.LEVELS.items():
        metric = declared[f"balance_{level}"]
        sides = {
            side: {
                (measure, term.statistic, term.level_of(measure)) for term in terms for measure in term.list_measures()
            }
            for side, terms in (("numerator", metric.numerator), ("denominator", metric.denominator))
            if not isinstance(terms, str) and terms is not None
        }
        level_of_entry = {"reported": "prosecution", "indicted": "prosecution", "appealed": "appeal"}
        assert sides["numerator"] == {
            (flows.stock, "start", level),
            *((measure, "count", level_of_entry.get(measure, level)) for measure in flows.entries),
        }
        assert sides["denominator"] == {
            (flows.stock, "end", level),
            *((measure, "count", level) for measure in flows.exits),
        }


def test_mart_has_every_reason_of_the_package() -> None:
    matches = set(re.findall(r"then '([a-z_]+)'|else '([a-z_]+)'", (MODELS / "mart_clearance.sql").read_text("utf-8")))
    words = {reason for pair in matches for reason in pair if reason}
    assert words >= {
        clearance.NO_RESOLVED, clearance.NO_INCOMING, clearance.RESOLVED_MISSING, clearance.INCOMING_MISSING,
        clearance.STOCK_MISSING,
    }  # fmt: skip


def test_every_ratio_divides_a_single_measure_by_a_single_measure() -> None:
    """`mart_stage_ratio` reads lags and breaks by the measure of a side, and a sum has none."""
    for metric in metrics.load():
        if metric.model == "mart_stage_ratio":
            for terms in (metric.numerator, metric.denominator):
                assert not isinstance(terms, str) and terms is not None
                assert len([measure for term in terms for measure in term.list_measures()]) == 1, metric.id
