"""States of rates, shares, exits and clearance rates of the region in a release: recomputed from its own counts, and
the same for every reader.

A figure of the region from too few territories would not be shown anyway, so it does not count as withheld.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.public import comparison
from pipelines import words
from pipelines.dissemination.observations import select_observations
from pipelines.front.edition import Edition
from pipelines.front.queries import CRIMES, read_tables
from pipelines.words import indicators, regions
from tests.support.cells import split_codes

Row = dict[str, Any]
Key = tuple[str, ...]
REGION = "WB"
FEWEST = 4
REFUSED = {"state": "too_few_territories", "obs_status": "M", "conf_status": "F"}
HIDDEN = {"state": "withheld", "obs_status": "Q", "conf_status": "C"}


class Release:
    """Rows of a release in dictionaries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read_regional(self, table: str) -> list[Row]:
        """Return the rows of the region in a table."""
        rows = pl.read_parquet(self.folder / "data" / f"{table}.parquet")
        return rows.filter(pl.col("area") == REGION).to_dicts()

    @cached_property
    def sides(self) -> Mapping[tuple[str, str], Sequence[Row]]:
        """The terms of each side of an indicator."""
        sides: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in pl.read_parquet(self.folder / "data" / "metric_operand.parquet").to_dicts():
            sides[row["metric"], row["side"]].append(row)
        return sides

    @cached_property
    def counts(self) -> Mapping[Key, Mapping[str, Row]]:
        """The totals of each measure of the region by period, offence group, unit, measure and statistic, and by
        level."""
        counts: dict[Key, dict[str, Row]] = defaultdict(dict)
        for row in self.read_regional("cell"):
            if row["is_total"] and row["victim_status"] == "_Z":
                key = tuple(row[name] for name in ("period", "offence_group", "count_unit", "measure", "statistic"))
                counts[key][row["level"]] = row
        return counts

    def find_terms(self, figure: Row, side: str) -> list[Row | None]:
        """Return the totals that one side of a clearance rate adds up; None for one that is not counted in its unit."""
        key = (figure["period"], figure["offence_group"], figure["count_unit"])
        terms = []
        for term in self.sides[figure["metric"], side]:
            by_level = self.counts.get((*key, term["measure"], term["statistic"]), {})
            terms.append(by_level.get(term["level"]) if term["level"] else next(iter(by_level.values()), None))
        return terms


@pytest.fixture(scope="module")
def release(release_folder: Path) -> Release:
    return Release(release_folder)


def check_regional_states(rows: Iterable[Row]) -> Counter[str]:
    """Compare states of rates and shares of the region with the territories in them; return their number by state."""
    states: Counter[str] = Counter()
    for row in rows:
        n = len(split_codes(row["reporters"]))
        stated = {name: row[name] for name in REFUSED}
        about = (row["metric"], row["period"], row["offence_group"], n, stated)
        assert n == row["n_reported"], about
        if row["state"] != "missing":
            assert (stated == REFUSED) is (n < FEWEST), about
        assert (row["state"] == "withheld") is (row["obs_status"] == "Q") is (row["conf_status"] != "F"), about
        states[row["state"]] += 1
    return states


def test_rate_or_share_of_the_region_from_few_territories_is_not_withheld(release: Release) -> None:
    rows = release.read_regional("indicator")
    states = check_regional_states(rows)
    assert states["too_few_territories"] > 1000 and states["withheld"] > 200
    withheld_counts = {row["cell_id"] for row in release.read_regional("cell") if row["conf_status"] != "F"}
    refused = [row for row in rows if row["state"] == "too_few_territories" and row["cell_id"] in withheld_counts]
    assert {row["metric"] for row in refused} == {"count", "rate", "share"}


def test_exit_of_the_region_from_few_territories_is_not_withheld(release: Release) -> None:
    rows = [row for row in release.read_regional("exit") if row["state"] != "missing"]
    assert rows and all(row["n_reported"] >= FEWEST for row in rows if row["state"] == "withheld")
    refused = [row for row in rows if row["state"] == "too_few_territories"]
    assert refused and all({name: row[name] for name in REFUSED} == REFUSED for row in refused)


def test_range_of_the_region_has_the_state_of_its_figure(release: Release) -> None:
    rows = pl.read_parquet(release.folder / "data" / "region.parquet").to_dicts()
    withheld = [row for row in rows if row["state"] == "withheld"]
    assert withheld and all(row["n_reported"] >= FEWEST for row in withheld)


def state_regional_clearance(upper: Sequence[Row | None], lower: Sequence[Row | None]) -> Row | None:
    """Return what the release must state of a clearance rate of the region of which a term is withheld.

    None for one that is missing, whatever the reason: a side has a missing term, or terms of different territories.
    """
    members = []
    for terms in (upper, lower):
        reported = [
            term for term in terms if term is not None and (term["value"] is not None or term["obs_status"] == "Q")
        ]
        scopes = {(term["reporters"], term["age"], term["person_type"]) for term in reported}
        if len(reported) < len(terms) or len(scopes) > 1:
            return None
        members.append(split_codes(reported[0]["reporters"]))
    n = len(members[0] & members[1])
    return None if not n else REFUSED if n < FEWEST else HIDDEN


def check_regional_clearances(release: Release, rows: Iterable[Row]) -> Counter[str]:
    """Compare clearance rates of the region of which a term is withheld with their counts; return their number by
    state."""
    checked: Counter[str] = Counter()
    for row in rows:
        upper, lower = (release.find_terms(row, side) for side in ("numerator", "denominator"))
        if not any(term is not None and term["conf_status"] != "F" for term in (*upper, *lower)):
            continue
        expected = state_regional_clearance(upper, lower)
        stated = {name: row[name] for name in REFUSED}
        about = (row["metric"], row["period"], row["offence_group"], row["count_unit"], stated, expected)
        if expected is None:
            assert row["state"] == "missing" and row["conf_status"] == "F" and row["obs_status"] in "OLM", about
        else:
            assert stated == expected, about
            assert row["undefined"] == row["state"], about
            assert row["n_reported"] == len(split_codes(row["reporters"])), about
        assert (row["value"], row["low"], row["high"]) == (None, None, None), about
        checked[row["state"]] += 1
    return checked


def test_state_of_a_regional_clearance_rate_follows_from_the_territories_with_both_counts(release: Release) -> None:
    checked = check_regional_clearances(release, release.read_regional("clearance"))
    assert checked["too_few_territories"] > 50 and checked["missing"] > 10


@pytest.mark.parametrize("fault", [HIDDEN, {"state": "missing", "obs_status": "O"}])
def test_planted_state_of_a_regional_clearance_rate_is_found(release: Release, fault: Row) -> None:
    refused = [row for row in release.read_regional("clearance") if row["state"] == "too_few_territories"]
    withheld = [row for row in refused if check_regional_clearances(release, [row])]
    with pytest.raises(AssertionError):
        check_regional_clearances(release, [withheld[0] | fault])


def test_planted_state_of_a_regional_rate_is_found(release: Release) -> None:
    rate = next(row for row in release.read_regional("indicator") if row["state"] == "too_few_territories")
    with pytest.raises(AssertionError):
        check_regional_states([rate | HIDDEN])


# ----------------------------------------------------------------------------------------------- all readers


def test_static_pages_explorer_and_open_data_have_the_same_state_of_a_regional_clearance_rate(release: Release) -> None:
    edition = Edition(read_tables(release.folder))
    path = str(release.folder / "release.duckdb")
    observations = {
        tuple(row[name] for name in ("INDICATOR", "OFFENCE_GROUP", "TIME_PERIOD")): row
        for row in select_observations(release.folder, "CLEARANCE").to_dicts()
        if (row["REF_AREA"], row["COUNT_UNIT"]) == (REGION, "person")
    }
    compared: Counter[str] = Counter()
    for crime in CRIMES:
        for metric in ("clearance_rate_prosecution", "clearance_rate_first", "clearance_rate_appeal"):
            rates = edition.find_clearance(metric, crime)
            for explored in comparison.read_figures(path, comparison.Choice("clearance", metric, "person"), crime):
                if explored["area"] != REGION or explored["freq"] != "A":
                    continue
                on_static_page = rates[REGION, explored["period"]]
                columns = ("state", "obs_status", "conf_status", "n_reported", "reporters", "undefined")
                assert [on_static_page[name] for name in columns] == [explored[name] for name in columns]
                text = indicators.format_figure(on_static_page).text
                assert comparison.format_compared(explored, "clearance").text == text
                assert regions.is_refused(on_static_page) is (explored["state"] == "too_few_territories")
                observation = observations[metric, crime, explored["period"]]
                assert (observation["OBS_STATUS"], observation["CONF_STATUS"]) == (
                    explored["obs_status"], explored["conf_status"],
                )  # fmt: skip
                compared[explored["state"]] += 1
    assert compared["too_few_territories"] > 3 and compared.total() > 20


def test_static_pages_explorer_and_open_data_have_the_same_state_of_a_regional_rate(release: Release) -> None:
    edition = Edition(read_tables(release.folder))
    path = str(release.folder / "release.duckdb")
    observations = {
        tuple(row[name] for name in ("MEASURE", "OFFENCE_GROUP", "TIME_PERIOD")): row
        for row in select_observations(release.folder, "RATES").to_dicts()
        if (row["REF_AREA"], row["COUNT_UNIT"], row["VICTIM_STATUS"]) == (REGION, "person", "_Z")
    }
    stated = {row["cell_id"]: row for row in release.read_regional("indicator") if row["metric"] == "rate"}
    compared: Counter[str] = Counter()
    for crime in CRIMES:
        for measure in ("reported", "indicted", "convicted_first", "sentenced_first", "convicted_final"):
            for explored in comparison.read_figures(path, comparison.Choice("rate", measure, "person"), crime):
                row = stated.get(explored["cell_id"])
                if row is None or explored["freq"] not in ("A", "Q"):
                    continue
                assert (explored["state"], explored["obs_status"]) == (row["state"], row["obs_status"])
                observation = observations[measure, crime, explored["period"]]
                assert (observation["OBS_STATUS"], observation["CONF_STATUS"]) == (
                    row["obs_status"],
                    row["conf_status"],
                )
                on_static_page = edition.find_total(crime, measure, REGION, explored["period"])
                assert on_static_page is not None
                assert regions.is_refused(on_static_page) is (row["state"] == "too_few_territories")
                text = comparison.format_compared(explored, "rate").text
                if regions.is_refused(on_static_page):
                    assert text == regions.refuse_figure().text
                else:
                    assert text == words.format_rate(on_static_page).text
                compared[row["state"]] += 1
    assert compared["too_few_territories"] and compared["withheld"]
