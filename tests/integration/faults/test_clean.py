"""The measurement of unneeded warnings: its rows are those of the files, and its rates are counted right."""

from __future__ import annotations

from datetime import date

import pytest

from expectations import screening
from expectations.judge import JudgedReturn
from pipelines.declarations.registry import load
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION_KEY
from tests.faults.clean import Alarm, Measurement, format_report, measure_returns
from tests.faults.histories import build_history, name_world, read_history
from tests.samples.articles import ARTICLES
from tests.samples.rows import make_quarter, quarters_between
from tests.samples.simulation import CLUSTERED, DEMONSTRATION
from tests.samples.truth import LAST, Truth, draw_truth

SEED = 7
COMPARED = [*OBSERVATION_KEY, "value", "obs_status", "form"]
EVENT_COLUMNS = [column for column in CASE_EVENT if column not in ("place", "submission_id", "origin_submission_id")]


@pytest.mark.sampled()
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

    clustered, demonstration = (measure_dispersion(draw_truth(SEED, world)) for world in (CLUSTERED, DEMONSTRATION))
    assert clustered > 1.3 * demonstration > 1.3


@pytest.fixture(scope="module")
def history() -> list[JudgedReturn]:
    """The returns of a history."""
    return build_history(SEED, load())


@pytest.fixture(scope="module")
def measured(history: list[JudgedReturn]) -> Measurement:
    """The newest quarter of a history."""
    return measure_returns(history, SEED, 1)


@pytest.mark.sampled(turn=5)
def test_measure_history_judges_only_the_newest_quarters(measured: Measurement) -> None:
    assert 10 <= measured.count_returns() <= 25
    assert measured.compute_rate() < 1


@pytest.mark.sampled(turn=1)
def test_leaving_out_validations_that_cannot_fail_changes_no_finding(
    history: list[JudgedReturn], measured: Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening, "list_suspects", lambda expectations, _: tuple(range(len(expectations))))
    assert measure_returns(history, SEED, 1) == measured


def test_measurement_counts_unneeded_warnings_per_return() -> None:
    unneeded = Alarm("g", 1, "MK/justice/a.xlsx", "plausible.jump", "warning", "", "")
    needed = Alarm("g", 1, "BA/justice/RZS_pravosudje_2023_3.ods", "plausible.jump", "warning", "", "")
    total = Measurement((unneeded, needed), {("g", "MK"): 4, ("g", "BA"): 6})
    assert total.compute_rate() == 0.1
    assert "plausible.jump                 0.0000   0.2500   0.1000" in format_report(total)
    assert needed.needed and not unneeded.needed
