"""An intruder on the public tables of records, who knows the rule, the number of persons and everything published.

He is played independently: he takes every way in which a group can fall into its parts, lets the rule publish each,
and keeps those that look like what he sees. If in all of them a part is 1 to 4, he has learned it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

from pipelines.declarations.registry import load
from pipelines.statistics.record_shares import insert_shares
from pipelines.warehouse.records import declared_programme, tabulation, wide_frames
from tests.records import list_reported, simulate_events

COHORT = ("convicted", "ended_otherwise", "not_ended")
CUSTODY = ("prison", "prison_suspended", "other", "_U")
TOLD = declared_programme.load()


def falls(whole: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways in which so many persons fall into so many parts."""
    if parts == 1:
        yield (whole,)
        return
    for first in range(whole + 1):
        for rest in falls(whole - first, parts - 1):
            yield (first, *rest)


def _ratio(name: str, part: int, whole: int) -> dict[str, Any]:
    return {f"{name}_n": part, f"{name}_of": whole, f"{name}_deff": 1.0 if whole else None}


def cohorts(whole: int) -> pl.DataFrame:
    rows = [
        {"territory": "XX", "jurisdiction": "XX", "source": "O", "offence_group": "TIP", "stage": "first", "freq": "A"}
        | {"cohort": "|".join(map(str, way)), "quarters": 8, "seen_quarters": 8, "ended_otherwise": way[1]}
        | {"n_persons": whole, "n_proceedings": whole, "largest_share": 1 / whole}
        | _ratio("conviction_ratio", way[0], whole)
        | _ratio("decided_ratio", way[0], way[0] + way[1])
        | _ratio("open_share", way[2], whole)
        for way in falls(whole, 3)
    ]
    types = {"decided_ratio_deff": pl.Float64}
    return insert_shares(pl.DataFrame(rows, schema_overrides=types), "conviction_ratio", "decided_ratio", "open_share")


def custody(whole: int) -> pl.DataFrame:
    rows = [
        {"territory": "XX", "jurisdiction": "XX", "source": "O", "offence_group": "TIP", "level": "first", "freq": "A"}
        | {"period": "|".join(map(str, way)), "n_persons": whole, "n_proceedings": whole, "largest_share": 1 / whole}
        | dict(zip(CUSTODY, way, strict=True))
        | _ratio("custodial_share", way[0], whole - way[3])
        | _ratio("suspended_share", way[1], whole - way[3])
        for way in falls(whole, 4)
    ]
    types = {"custodial_share_deff": pl.Float64, "suspended_share_deff": pl.Float64}
    return insert_shares(pl.DataFrame(rows, schema_overrides=types), "custodial_share", "suspended_share")


def learned(table: pl.DataFrame, name: str) -> list[str]:
    """What an intruder learns of small parts, from rows whose `name` tells how the group fell."""
    seen: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in table.sort(name, "statistic").iter_rows(named=True):
        seen[row[name]].append((row["statistic"], row["value"], row["low"], row["high"], row["obs_status"]))
    alike: dict[tuple[Any, ...], list[tuple[int, ...]]] = defaultdict(list)
    for way, looks in seen.items():
        alike[tuple(looks)].append(tuple(int(part) for part in way.split("|")))
    return [
        f"part {place} is 1 to 4 in all {len(ways)} ways that look like {looks}"
        for looks, ways in alike.items()
        for place in range(len(ways[0]))
        if all(0 < way[place] < 5 for way in ways)
    ]


def _told(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("value").is_not_null())


@pytest.mark.parametrize("whole", [*range(5, 31), 41, 60])
def test_no_small_part_of_a_cohort_is_learned(whole: int) -> None:
    table = tabulation.ruled_cohorts(cohorts(whole), TOLD.cohorts.public.statistics)
    assert not learned(table, "cohort")
    assert _told(table).is_empty() == (whole < 10)


@pytest.mark.parametrize("whole", [*range(6, 17), 21, 25])
def test_no_small_part_of_the_sentenced_is_learned(whole: int) -> None:
    table = tabulation.ruled_custody(custody(whole), TOLD.sentences.public.statistics)
    assert not learned(table, "period")
    assert _told(table).is_empty() == (whole < 10)


@pytest.mark.parametrize(
    ("make", "names", "name"),
    [
        (cohorts, tabulation.RATIOS, "cohort"),
        (custody, tabulation.CUSTODY, "period"),
    ],
)
def test_the_intruder_finds_what_shares_ruled_one_by_one_give_away(
    make: Callable[[int], pl.DataFrame], names: tuple[str, ...], name: str
) -> None:
    """The planted fault: each share passes by itself, and from the two of them the third part follows."""
    table = "record_cohort" if name == "cohort" else "record_sentence"
    assert learned(tabulation._ruled_shares(make(25), table, names), name)


@pytest.fixture(scope="module")
def found() -> wide_frames.Figures:
    """A simulated register of a small office, three years of it."""
    events = simulate_events(7, "HR").with_columns(
        territory=pl.lit("HR"), jurisdiction=pl.lit("HR"), source=pl.lit("HR_MPU"), offence_group=pl.lit("TIP")
    )
    law = {"HR": load().law_of("HR")}
    return wide_frames.compute_figures(events, list_reported("2022-Q4", "2026-Q3"), law, TOLD)


def test_behind_each_public_figure_stand_ten_of_two_proceedings_and_none_over_half(
    found: wide_frames.Figures,
) -> None:
    """Counted from the members, not from the numbers that the rule was given."""
    public = tabulation.tabulate_public(found, TOLD)
    shown = 0
    for name, table in public.items():
        value = "phi" if name == "record_dispersion" else "value"
        # Of sentences the cell is of all sentenced; lengths are of those in prison, ruled on their own numbers.
        cells = table.filter(pl.col(value).is_not_null()).select(wide_frames.name_cell(name).alias("cell")).unique()
        behind = found.members.filter(pl.col("table") == name).join(cells, on="cell", how="semi")
        for _, people in behind.group_by("cell"):
            pairs = people.select("person", "cluster").unique()
            most = pairs.group_by("cluster").len()["len"].max()
            assert people["person"].n_unique() >= 10
            assert pairs["cluster"].n_unique() >= 2
            assert isinstance(most, int) and most <= people["person"].n_unique() / 2
            shown += 1
    assert shown > 10


def test_cohorts_are_public_after_one_number_of_quarters_and_of_one_kind_of_period(
    found: wide_frames.Figures,
) -> None:
    public = tabulation.tabulate_public(found, TOLD)["record_cohort"]
    assert public["quarters"].unique().to_list() == [TOLD.cohorts.public.quarters]
    assert public["freq"].n_unique() == 1
    inside = tabulation.tabulate_restricted(found)["record_cohort"]
    assert inside["quarters"].n_unique() > 1 and inside["freq"].n_unique() == 2


def test_what_is_not_in_the_programme_is_not_in_a_public_table(found: wide_frames.Figures) -> None:
    public = tabulation.tabulate_public(found, TOLD)
    assert set(public["record_duration"]["freq"]) == set(TOLD.durations.public.freqs)
    for name, told in (
        ("record_duration", TOLD.durations.public.statistics),
        ("record_pending", TOLD.pending.public.statistics),
        ("record_sentence", TOLD.sentences.public.statistics),
    ):
        assert set(public[name]["statistic"]) == set(told), name
    assert not set(public["record_pending"]["statistic"]) & {"under_6_months", "5_years_and_over"}
