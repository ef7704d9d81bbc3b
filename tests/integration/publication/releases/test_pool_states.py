"""States of counts and rates over several years in a release: a territory that has some of the years is not one that
does not collect the figure.

The pools are found in the annual counts of the same release in plain Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.public import comparison
from pipelines import words
from pipelines.dissemination.observations import select_observations

Row = dict[str, Any]
Key = tuple[str, ...]
MEASURED = ("measure", "level", "count_unit", "offence_group")
LENGTHS = {"P3": 3, "P5": 5}
KNOWN: Sequence[Key] = (
    ("BA", "2021-2025", "adjudicated_first", "first", "person", "TIP"),
    ("HR", "2021-2025", "sentenced_first", "first", "person", "SOM"),
    ("MK", "2021-2025", "convicted_final", "final", "person", "TIP"),
)
"""Pools of two territories that count the stage since 2023, and of one that counts adults only."""


class Release:
    """Totals of the counts of a release."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def totals(self) -> Mapping[Key, Row]:
        """The total of each measure by area, period, measure, level, unit and offence group."""
        cells = pl.read_parquet(self.folder / "data" / "cell.parquet").filter(
            pl.col("is_total"), pl.col("statistic") == "count", pl.col("victim_status") == "_Z"
        )
        return {tuple(row[name] for name in ("area", "period", *MEASURED)): row for row in cells.to_dicts()}

    @cached_property
    def unfinished(self) -> Mapping[Key, int]:
        """The number of years of each pool of which a territory has some and another one all, by its key."""
        national = {(row["area"], row["area_kind"]) for row in self.totals.values()}
        territories = sorted(area for area, kind in national if kind == "territory")
        pools = [row for row in self.totals.values() if row["area_kind"] == "region" and row["freq"] in LENGTHS]
        counts = {}
        for pool in pools:
            first, last = (int(year) for year in pool["period"].split("-"))
            measure = tuple(pool[name] for name in MEASURED)
            for area in territories:
                years = [self.totals.get((area, str(year), *measure)) for year in range(first, last + 1)]
                present = [year for year in years if year is not None and year["age"] == pool["age"]]
                # A form can say that it does not count all ages (L), only adults.
                row = self.totals.get((area, pool["period"], *measure))
                is_of_adults = row is not None and row["obs_status"] == "L" and not present
                is_collected = any(year and year["obs_status"] != "L" for year in years)
                if is_collected and not is_of_adults and len(present) < len(years):
                    counts[(area, pool["period"], *measure)] = len(present)
        return counts


@pytest.fixture(scope="module")
def release(release_folder: Path) -> Release:
    return Release(release_folder)


def check_unfinished_pools(release: Release, totals: Mapping[Key, Row], keys: Iterable[Key]) -> None:
    """Look for the row of each pool of which a territory has some years."""
    for key in keys:
        row = totals.get(key)
        assert row is not None, key
        assert (row["value"], row["obs_status"], row["conf_status"]) == (None, "O", "F"), key
        assert (row["table_id"], row["basis"]) == ("area_pool", "derived_years"), key
        assert words.format_count(row).text == "not available", key


def test_count_of_a_pool_with_some_of_its_years_is_not_available(release: Release) -> None:
    assert len(release.unfinished) >= 30 and set(KNOWN) <= release.unfinished.keys()
    check_unfinished_pools(release, release.totals, release.unfinished)


@pytest.mark.parametrize("key", KNOWN)
@pytest.mark.parametrize("fault", [None, {"value": 3.0, "obs_status": "A"}, {"obs_status": "L"}])
def test_planted_count_of_a_pool_with_some_of_its_years_is_found(release: Release, key: Key, fault: Row | None) -> None:
    planted = dict(release.totals)
    row = planted.pop(key)
    if fault is not None:
        planted[key] = row | fault
    with pytest.raises(AssertionError, match=key[0]):
        check_unfinished_pools(release, planted, release.unfinished)


def test_pool_that_no_territory_has_is_not_missing(release: Release) -> None:
    """Check that a pool that has not ended has no row: years may follow the last pool."""
    ends = {key[1].split("-")[1] for key, row in release.totals.items() if row["freq"] in LENGTHS}
    years = {key[1] for key, row in release.totals.items() if row["freq"] == "A"}
    assert max(ends) <= max(years)
    for key, row in release.totals.items():
        if row["freq"] in LENGTHS and row["area_kind"] == "territory":
            assert ("WB", *key[1:]) in release.totals, key


@pytest.mark.parametrize("key", KNOWN)
@pytest.mark.parametrize("kind", ["count", "rate"])
def test_explorer_and_open_data_have_the_state_of_a_pool_with_some_of_its_years(
    release: Release, key: Key, kind: str
) -> None:
    area, period, measure, level, unit, crime = key
    choice = comparison.Choice(kind, measure, unit)
    rows = comparison.read_figures(str(release.folder / "release.duckdb"), choice, crime)
    explored = comparison.select_period(rows, period)[area]
    assert comparison.format_compared(explored, kind).text == "not available"
    observations = select_observations(release.folder, "PROCEEDINGS" if kind == "count" else "RATES").to_dicts()
    columns = ("REF_AREA", "TIME_PERIOD", "MEASURE", "LEVEL", "COUNT_UNIT", "OFFENCE_GROUP")
    first = period.split("-", maxsplit=1)[0]
    (observation,) = [
        row
        for row in observations
        if tuple(row[name] for name in columns) == (area, f"{first}-01-01/P5Y", measure, level, unit, crime)
    ]
    assert (observation["OBS_VALUE"], observation["OBS_STATUS"], observation["CONF_STATUS"]) == (None, "O", "F")
