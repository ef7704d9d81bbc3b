"""Test that a corrected file changes a figure of the next release: real files, real refreshes, two publications."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.operations import run
from pipelines.warehouse import count_builds
from tests.support import small
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.releases import publication_fixture
from tests.support.service import portal_fixture

pytestmark = pytest.mark.slow
LATER = "2026-12-01T09:00:00Z"
AREA, QUARTER = "AL", "2026-Q3"
KEY = (
    "area", "freq", "period", "measure", "level", "count_unit", "statistic", "offence_group", "offence", "person_type",
    "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band",
)  # fmt: skip
"""Columns that identify a count, before protection and in a release."""


def choose_albania(line: small.Line) -> bool:
    return line["jurisdiction"] == AREA and "2026" in line["periods"]


def publish_refresh(home: Home) -> tuple[str, pl.DataFrame]:
    """Refresh and publish the draft. Return the release with its figures."""
    release = str(run.run_refresh(home, say=lambda _: None)["draft"])
    publication_fixture.publish_draft(home)
    assert home.current.resolve().name == release
    return release, pl.read_parquet(home.releases / release / "data" / "cell.parquet")


def read_counts(home: Home) -> pl.DataFrame:
    """Return the counts of Albania behind the newest draft, before their protection."""
    counts = count_builds.latest_counts(home)
    assert counts is not None
    table = pl.read_parquet(count_builds.tables_folder(counts) / "mart_count.parquet")
    return table.filter(pl.col("area") == AREA).select(*KEY, "value")


def find_changed_values(before: pl.DataFrame, after: pl.DataFrame, *key: str) -> pl.DataFrame:
    """Return the rows of both tables whose values differ, with the later one as `value_right`."""
    joined = before.join(after, on=key, how="full", coalesce=True, nulls_equal=True)
    return joined.filter(pl.col("value").ne_missing(pl.col("value_right")))


def test_correction_changes_a_figure_of_the_next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = tmp_path / "samples"
    line = next(
        line
        for line in small.choose_returns(samples, choose_albania)
        if line["file"].endswith(portal_fixture.RETURN.name)
    )
    monkeypatch.setenv("RTI_SAMPLES", str(samples))
    with frozen_at(CLOCK, tmp_path):
        home = initialise_home(tmp_path / "home", "demonstration")
        first_release, figures = publish_refresh(home)
        counts = read_counts(home)
    with frozen_at(LATER, tmp_path):
        corrected = portal_fixture.make_workbook(portal_fixture.UNUSUAL)
        file = line["file"].replace(".xlsx", "_korrigjim.xlsx")
        small.add_return(samples, line, corrected, file=file, received_at="2026-11-30T09:00:00Z", corrects=line["file"])
        second_release, corrected_figures = publish_refresh(home)
        corrected_counts = read_counts(home)
    assert (first_release, second_release) == (QUARTER, f"{QUARTER}.1")

    changed_counts = find_changed_values(counts, corrected_counts, *KEY)
    assert set(changed_counts["period"]) == {QUARTER}
    largest_change = changed_counts.select((pl.col("value_right") - pl.col("value")).max()).item()
    assert largest_change == 80, "the correction adds eighty persons"

    changed = find_changed_values(figures, corrected_figures, "cell_id")
    visible_changes = changed.filter(
        pl.col("value").is_not_null(), pl.col("value_right").is_not_null(), pl.col("area") == AREA
    )
    assert not visible_changes.is_empty(), "no published figure has changed"
    assert set(changed["area"]) <= {AREA, "WB"} and set(visible_changes["period"]) == {QUARTER}
    true_values = corrected_counts.rename({"value": "true_value"})
    compared = visible_changes.join(true_values, on=KEY, how="left", nulls_equal=True)
    assert compared["value_right"].to_list() == compared["true_value"].to_list()

    (earlier,) = (home.releases / first_release / "data").glob("cell.parquet")
    assert pl.read_parquet(earlier).equals(figures), "the earlier release has changed"
    changes = json.loads((home.releases / second_release / "changes.json").read_text(encoding="utf-8"))
    assert changes["previous"] == first_release and changes["counts"]["revised"] >= visible_changes.height
