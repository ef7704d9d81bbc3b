"""States of ratios in a release: recomputed from its own counts in plain Python, and the same for every reader.

A ratio of the region is withheld only if enough territories have both counts. A pool of which a territory has some
years is missing, not uncollected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.public import comparison
from pipelines.dissemination.observations import select_observations
from pipelines.front.edition import Edition
from pipelines.front.queries import CRIMES, read_tables
from pipelines.words import indicators
from tests.support.cells import split_codes

Row = dict[str, Any]
Key = tuple[str, ...]
REGION = "WB"
FEWEST = 4
KNOWN = {
    ("convicted_final_per_adjudicated_final", "SOM", "2022"): "HR,ME,RS",
    ("sentenced_final_per_convicted_final", "SOM", "2022"): "HR,ME",
}
"""Ratios of the region with a withheld count and under four territories with both, on pages about smuggling."""


class Release:
    """Rows of a release in dictionaries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read_rows(self, table: str) -> list[Row]:
        return pl.read_parquet(self.folder / "data" / f"{table}.parquet").to_dicts()

    @cached_property
    def ratios(self) -> list[Row]:
        return [row for row in self.read_rows("stage_ratio") if row["version"] == "same_period"]

    @cached_property
    def sides(self) -> Mapping[str, Mapping[str, Row]]:
        """The measure of each ratio's numerator and denominator."""
        sides: dict[str, dict[str, Row]] = defaultdict(dict)
        for row in self.read_rows("metric_operand"):
            sides[row["metric"]][row["side"]] = row
        return sides

    @cached_property
    def counts(self) -> Mapping[Key, Row]:
        """The total of each measure by area, period, offence group and unit."""
        return {
            (row["area"], row["period"], row["offence_group"], row["count_unit"], row["measure"]): row
            for row in self.read_rows("cell")
            if row["is_total"] and row["statistic"] == "count" and row["victim_status"] == "_Z"
        }

    def find_counts(self, ratio: Row) -> list[Row | None]:
        """Return the two totals that a ratio divides; None for one that is not counted in its unit."""
        return [
            self.counts.get(
                (ratio["area"], ratio["period"], ratio["offence_group"], ratio["count_unit"], side["measure"])
            )
            for side in (self.sides[ratio["metric"]][name] for name in ("numerator", "denominator"))
        ]


@pytest.fixture(scope="module")
def release(release_folder: Path) -> Release:
    return Release(release_folder)


def state_regional_ratio(counts: Sequence[Row | None], n_expected: int) -> Row:
    """Return what the release must state of a ratio of the region of which a count is withheld."""
    upper, lower = counts
    if upper is None or lower is None:
        return {"state": "missing", "obs_status": "M", "conf_status": "F"}
    if "L" in (upper["obs_status"], lower["obs_status"]):
        return {"state": "missing", "obs_status": "L", "conf_status": "F"}
    first, second = split_codes(upper["reporters"]), split_codes(lower["reporters"])
    common = first & second
    about: Row = {"reporters": ",".join(sorted(common)), "n_reported": len(common)}
    if not common:
        return about | {"state": "missing", "obs_status": "O", "conf_status": "F", "common_reporters": False}
    about |= {"common_reporters": first != second, "partial": len(common) < n_expected}
    if first != second:
        about |= {"numerator": None, "denominator": None}
    if len(common) < FEWEST:
        return about | {"state": "too_few_territories", "obs_status": "M", "conf_status": "F"}
    return about | {"state": "withheld", "obs_status": "Q", "conf_status": "C"}


def check_regional_ratios(release: Release, ratios: Iterable[Row]) -> dict[str, int]:
    """Compare ratios of the region of which a count is withheld with their counts; return their number by state."""
    checked: dict[str, int] = defaultdict(int)
    for row in ratios:
        counts = release.find_counts(row)
        if row["area"] != REGION or not any(count and count["conf_status"] != "F" for count in counts):
            continue
        flags = split_codes(row["flags"])
        released = row | {flag: flag in flags for flag in ("common_reporters", "partial")}
        expected = state_regional_ratio(counts, row["n_expected"])
        differing = {name: (released[name], value) for name, value in expected.items() if released[name] != value}
        assert not differing, (row["metric"], row["period"], row["offence_group"], row["count_unit"], differing)
        assert (row["value"], row["low"], row["high"]) == (None, None, None)
        checked[expected["state"]] += 1
    return checked


def test_state_of_a_regional_ratio_follows_from_the_territories_with_both_counts(release: Release) -> None:
    checked = check_regional_ratios(release, release.ratios)
    assert checked["too_few_territories"] > 500 and checked["withheld"] > 40 and checked["missing"] > 20
    regional = {
        (row["metric"], row["offence_group"], row["period"]): row
        for row in release.ratios
        if row["area"] == REGION and row["count_unit"] == "person"
    }
    for key, reporters in KNOWN.items():
        assert (regional[key]["state"], regional[key]["reporters"]) == ("too_few_territories", reporters)


@pytest.mark.parametrize(
    ("metric", "fault"),
    [
        (metric, fault)
        for metric, _, _ in KNOWN
        for fault in (
            {"state": "withheld", "obs_status": "Q", "conf_status": "C"},
            {"reporters": "AL,HR,ME,RS,XK", "n_reported": 5},
            {"flags": "partial"},
            {"numerator": 3.0},
        )
    ],
)
def test_planted_state_or_territory_of_a_regional_ratio_is_found(release: Release, metric: str, fault: Row) -> None:
    planted = [
        row | fault
        for row in release.ratios
        if (row["area"], row["metric"], row["offence_group"], row["period"]) == (REGION, metric, "SOM", "2022")
    ]
    assert len(planted) == 1
    with pytest.raises(AssertionError):
        check_regional_ratios(release, planted)


def name_sdmx_period(period: str) -> str:
    """Return a year as it is, and a pool as its first day and its length."""
    first, _, last = period.partition("-")
    return f"{first}-01-01/P{int(last) - int(first) + 1}Y" if last else period


def test_static_pages_explorer_and_open_data_have_the_same_state_of_a_regional_ratio(release: Release) -> None:
    edition = Edition(read_tables(release.folder))
    path = str(release.folder / "release.duckdb")
    observations = {
        tuple(str(row[name]) for name in ("INDICATOR", "OFFENCE_GROUP", "TIME_PERIOD")): row
        for row in select_observations(release.folder, "RATIOS").to_dicts()
        if (row["REF_AREA"], row["COUNT_UNIT"], row["VERSION"]) == (REGION, "person", "same_period")
    }
    compared = 0
    for metric in sorted({row["metric"] for row in release.ratios}):
        for crime in CRIMES:
            choice = comparison.Choice("ratio", metric, "person")
            rows = comparison.select_version(comparison.read_figures(path, choice, crime), comparison.RECOMMENDED)
            for explored in rows:
                if explored["area"] != REGION or explored["freq"] == "Q":
                    continue  # static pages have no quarterly ratios
                on_static_page = edition.find_ratios(metric, crime, explored["period"]).get(REGION)
                observation = observations[metric, crime, name_sdmx_period(explored["period"])]
                columns = ("state", "obs_status", "conf_status", "n_reported", "reporters")
                assert on_static_page is not None and [on_static_page[name] for name in columns] == [
                    explored[name] for name in columns
                ]
                word = indicators.format_figure(on_static_page).text
                assert comparison.format_compared(explored, "ratio").text == word
                assert (observation["OBS_STATUS"], observation["CONF_STATUS"], observation["N_REPORTED"]) == (
                    on_static_page["obs_status"], on_static_page["conf_status"], on_static_page["n_reported"],
                )  # fmt: skip
                if (metric, crime, explored["period"]) in KNOWN:
                    assert word == "no regional figure"
                compared += 1
    assert compared > 200


# ----------------------------------------------------------------------------------------------- pools of some years


def list_unfinished_pools(release: Release) -> set[Key]:
    """Return metric, area, offence group, unit and period of each ratio of a pool of which a territory has some years.

    It has cells of both counts in a year of the pool, and at least one of them lacks years.
    """
    regional = [row for row in release.ratios if row["area"] == REGION and row["freq"] in ("P3", "P5")]
    territories = {area for area, *_ in release.counts if area != REGION and "_" not in area}
    unfinished: set[Key] = set()
    for row in regional:
        first, last = (int(year) for year in row["period"].split("-"))
        years = [str(year) for year in range(first, last + 1)]
        measures = [release.sides[row["metric"]][name]["measure"] for name in ("numerator", "denominator")]
        for area in territories:
            pools = release.find_counts(row | {"area": area})
            of_years = [
                [release.counts.get((area, year, row["offence_group"], row["count_unit"], measure)) for year in years]
                for measure in measures
            ]
            has_some = all(any(count and count["obs_status"] != "L" for count in counts) for counts in of_years)
            if has_some and any(lacks_years(*sides) for sides in zip(pools, of_years, strict=True)):
                unfinished.add((row["metric"], area, row["offence_group"], row["count_unit"], row["period"]))
    return unfinished


def lacks_years(pool: Row | None, years: Sequence[Row | None]) -> bool:
    """Return True if a pool has no figure because some of its years have no cell, or one of other ages."""
    if pool is not None and (pool["value"] is not None or pool["obs_status"] != "O"):
        return False
    return pool is None or any(year is None or year["age"] != pool["age"] for year in years)


def check_unfinished_pools(release: Release, ratios: Iterable[Row]) -> int:
    """Look for the row of each ratio of a pool of which a territory has some years; return their number."""
    rows: dict[Key, Row] = {
        (row["metric"], row["area"], row["offence_group"], row["count_unit"], row["period"]): row for row in ratios
    }
    unfinished = list_unfinished_pools(release)
    for key in unfinished:
        row = rows.get(key)
        assert row is not None, key
        contents = (row["value"], row["state"], row["obs_status"], row["conf_status"])
        assert contents == (None, "missing", "O", "F"), key
        assert comparison.format_compared(row, "ratio").text == "not available", key
    return len(unfinished)


def test_ratio_of_a_pool_with_some_of_its_years_is_not_available(release: Release) -> None:
    assert check_unfinished_pools(release, release.ratios) >= 40
    key = ("convicted_first_per_adjudicated_first", "BA", "TIP", "person", "2021-2025")
    assert key in list_unfinished_pools(release)
    remaining = [
        row
        for row in release.ratios
        if (row["metric"], row["area"], row["offence_group"], row["count_unit"], row["period"]) != key
    ]
    assert len(remaining) == len(release.ratios) - 1
    with pytest.raises(AssertionError, match="BA"):
        check_unfinished_pools(release, remaining)


def test_ratio_of_a_pool_shows_no_count_that_is_not_published(release: Release) -> None:
    """Compare the counts next to ratios of pools with the cells of the pool."""
    compared = 0
    for row in release.ratios:
        if row["freq"] not in ("P3", "P5") or row["area"] == REGION:
            continue
        for name, count in zip(("numerator", "denominator"), release.find_counts(row), strict=True):
            assert row[name] == (None if count is None else count["value"]), row
            compared += 1
    assert compared > 500
