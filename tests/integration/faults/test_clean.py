"""The measurement of unneeded warnings: its rows are those of the files, and its rates are counted right."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from typing import Any

import great_expectations.expectations
import polars as pl
import pytest

from expectations import engine
from pipelines.declarations.registry import load
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION_KEY
from tests.faults import clean
from tests.faults.clean import Alarm, Measurement, format_report, measure_history
from tests.faults.histories import build_history, name_world, read_history
from tests.faults.quick_contracts import find_failures_quickly
from tests.samples.articles import ARTICLES
from tests.samples.rows import make_quarter, quarters_between
from tests.samples.simulation import CLUSTERED, DEMONSTRATION
from tests.samples.truth import LAST, Truth

gxe: Any = great_expectations.expectations
SEED = 7
COMPARED = [*OBSERVATION_KEY, "value", "obs_status", "form"]
EVENT_COLUMNS = [column for column in CASE_EVENT if column not in ("place", "submission_id", "origin_submission_id")]


@pytest.mark.parametrize("territory", ["HR", "MK"])
def test_build_history_gives_the_rows_of_the_files(territory: str) -> None:
    registry = load()
    built, read = build_history(SEED, registry, [territory]), read_history(SEED, registry, [territory])
    assert [item.submission_id for item in built] == [item.submission_id for item in read]
    for built_return, read_return in zip(built, read, strict=True):
        a, b = built_return.reading, read_return.reading
        assert (a.form, a.series, a.kind, a.nil, a.periods) == (b.form, b.series, b.kind, b.nil, b.periods)
        for table, columns in (("observations", COMPARED), ("events", EVENT_COLUMNS)):
            rows = [getattr(reading, table).select(columns).sort(columns) for reading in (a, b)]
            assert rows[0].equals(rows[1]), built_return.submission_id


def test_name_world_alternates() -> None:
    assert [name_world(seed) for seed in (2026, 2027)] == ["demonstration", "clustered"]


def test_clustered_world_varies_more_than_the_demonstration() -> None:
    def measure_dispersion(truth: Truth) -> float:
        """Return the mean variance-to-mean ratio of reported persons by quarter."""
        ratios = []
        for article in ARTICLES:
            if article.weight >= 4 and article.since == date.min and article.until == date.max:
                counts = [
                    truth.count_events(article.jurisdiction, period, "reported", article=article.article)
                    for period in quarters_between(make_quarter(2016, 1), LAST)
                ]
                mean = sum(counts) / len(counts)
                ratios.append(sum((c - mean) ** 2 for c in counts) / (len(counts) - 1) / mean)
        return sum(ratios) / len(ratios)

    assert measure_dispersion(Truth(SEED, CLUSTERED)) > 1.3 * measure_dispersion(Truth(SEED, DEMONSTRATION)) > 1.3


def test_measure_history_judges_only_the_newest_quarters() -> None:
    measured = measure_history(SEED, 1)
    assert 10 <= measured.count_returns() <= 25
    assert measured.compute_rate() < 1


def test_skipping_needless_validations_changes_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = measure_history(SEED, 1)
    monkeypatch.setattr(clean, "skip_needless_validations", nullcontext)
    assert measure_history(SEED, 1) == measured


@pytest.mark.parametrize(
    ("expectation", "good", "bad"),
    [
        (gxe.ExpectColumnValuesToNotBeNull(column="a"), ("x", "y"), (None, "y")),
        (gxe.ExpectColumnValuesToBeNull(column="a"), (None, "y"), ("x", "y")),
        (gxe.ExpectColumnValuesToBeInSet(column="a", value_set=["x"]), (None, "y"), ("y", "y")),
        (gxe.ExpectColumnValuesToBeBetween(column="a", min_value=0, max_value=9), (9.0, 1.0), (-1.0, 1.0)),
        (gxe.ExpectColumnValuesToBeBetween(column="a", min_value=0, max_value=9), (None, 1.0), (9.5, 1.0)),
        (gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b"), (None, None), (1.0, None)),
        (
            gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b", ignore_row_if="either_value_is_missing"),
            (1.0, None),
            (1.0, 2.0),
        ),
        (
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="a", column_B="b", or_equal=True),
            (1.0, 1.0),
            (0.0, 1.0),
        ),
        (gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="a", column_B="b"), (2.0, 1.0), (1.0, 1.0)),
    ],
)
def test_table_is_validated_only_if_a_row_may_fail(
    request: pytest.FixtureRequest, expectation: Any, good: tuple[Any, Any], bad: tuple[Any, Any]
) -> None:
    contract = engine.Contract(request.node.name, "test", (expectation,))
    for row, fails in ((good, False), (bad, True)):
        table = pl.DataFrame({"submission_id": ["S"], "place": ["L1"], "a": [row[0]], "b": [row[1]]})
        table = table.with_columns(pl.col(pl.Null).cast(pl.Float64))
        assert (engine.find_failures(contract, table) != []) == fails
        assert (find_failures_quickly(contract, table) != []) == fails


def test_repeated_key_is_validated() -> None:
    contract = engine.Contract(
        "test_key", "test", (gxe.ExpectCompoundColumnsToBeUnique(column_list=["a", "submission_id"]),)
    )
    table = pl.DataFrame({"submission_id": ["S", "S"], "place": ["L1", "L2"], "a": ["x", "x"]})
    assert len(find_failures_quickly(contract, table)) == 1
    assert find_failures_quickly(contract, table.head(1)) == []


def test_measurement_counts_unneeded_warnings_per_return() -> None:
    unneeded = Alarm("g", 1, "MK/justice/a.xlsx", "plausible.jump", "warning", "", "")
    needed = Alarm("g", 1, "BA/justice/RZS_pravosudje_2023_3.ods", "plausible.jump", "warning", "", "")
    total = Measurement((unneeded, needed), {("g", "MK"): 4, ("g", "BA"): 6})
    assert total.compute_rate() == 0.1
    assert "plausible.jump                 0.0000   0.2500   0.1000" in format_report(total)
    assert needed.needed and not unneeded.needed
