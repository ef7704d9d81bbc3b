"""Attack the public tables of records as an intruder who knows the rule, the number of persons and all publications.

The attack is independent of the protection: for every way to divide a group into its parts, it lets the rule publish
the result, and groups the ways whose publications look the same. If a part is 1 to 4 in all of them, it is disclosed.
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
PROGRAMME = declared_programme.load()


def list_divisions(whole: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways to divide a number of persons into a number of parts."""
    if parts == 1:
        yield (whole,)
        return
    for first in range(whole + 1):
        for remaining_parts in list_divisions(whole - first, parts - 1):
            yield (first, *remaining_parts)


def _ratio(name: str, part: int, whole: int) -> dict[str, Any]:
    return {f"{name}_n": part, f"{name}_of": whole, f"{name}_deff": 1.0 if whole else None}


def make_cohorts(whole: int) -> pl.DataFrame:
    rows = [
        {"territory": "XX", "jurisdiction": "XX", "source": "O", "offence_group": "TIP", "stage": "first", "freq": "A"}
        | {"cohort": "|".join(map(str, division)), "quarters": 8, "seen_quarters": 8, "ended_otherwise": division[1]}
        | {"n_persons": whole, "n_proceedings": whole, "largest_share": 1 / whole}
        | _ratio("conviction_ratio", division[0], whole)
        | _ratio("decided_ratio", division[0], division[0] + division[1])
        | _ratio("open_share", division[2], whole)
        for division in list_divisions(whole, 3)
    ]
    types = {"decided_ratio_deff": pl.Float64}
    return insert_shares(pl.DataFrame(rows, schema_overrides=types), "conviction_ratio", "decided_ratio", "open_share")


def make_custody(whole: int) -> pl.DataFrame:
    rows = [
        {"territory": "XX", "jurisdiction": "XX", "source": "O", "offence_group": "TIP", "level": "first", "freq": "A"}
        | {
            "period": "|".join(map(str, division)),
            "n_persons": whole,
            "n_proceedings": whole,
            "largest_share": 1 / whole,
        }
        | dict(zip(CUSTODY, division, strict=True))
        | _ratio("custodial_share", division[0], whole - division[3])
        | _ratio("suspended_share", division[1], whole - division[3])
        for division in list_divisions(whole, 4)
    ]
    types = {"custodial_share_deff": pl.Float64, "suspended_share_deff": pl.Float64}
    return insert_shares(pl.DataFrame(rows, schema_overrides=types), "custodial_share", "suspended_share")


def find_disclosures(table: pl.DataFrame, name: str) -> list[str]:
    """Return the small parts that an intruder learns, from rows whose column `name` holds the division of the group."""
    publications: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in table.sort(name, "statistic").iter_rows(named=True):
        publications[row[name]].append((row["statistic"], row["value"], row["low"], row["high"], row["obs_status"]))
    divisions_by_look: dict[tuple[Any, ...], list[tuple[int, ...]]] = defaultdict(list)
    for division, look in publications.items():
        divisions_by_look[tuple(look)].append(tuple(int(part) for part in division.split("|")))
    return [
        f"part {position} is 1 to 4 in all {len(divisions)} ways that look like {look}"
        for look, divisions in divisions_by_look.items()
        for position in range(len(divisions[0]))
        if all(0 < division[position] < 5 for division in divisions)
    ]


def _select_published(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("value").is_not_null())


@pytest.mark.parametrize("whole", [*range(5, 31), 41, 60])
def test_cohort_tables_disclose_no_small_part(whole: int) -> None:
    table = tabulation.ruled_cohorts(make_cohorts(whole), PROGRAMME.cohorts.public.statistics)
    assert not find_disclosures(table, "cohort")
    assert _select_published(table).is_empty() == (whole < 10)


@pytest.mark.parametrize("whole", [*range(6, 17), 21, 25])
def test_custody_tables_disclose_no_small_part(whole: int) -> None:
    table = tabulation.ruled_custody(make_custody(whole), PROGRAMME.sentences.public.statistics)
    assert not find_disclosures(table, "period")
    assert _select_published(table).is_empty() == (whole < 10)


@pytest.mark.parametrize(
    ("make", "names", "name"),
    [
        (make_cohorts, tabulation.RATIOS, "cohort"),
        (make_custody, tabulation.CUSTODY, "period"),
    ],
)
def test_attack_finds_disclosure_by_shares_ruled_separately(
    make: Callable[[int], pl.DataFrame], names: tuple[str, ...], name: str
) -> None:
    """Plant a fault: each share passes alone, but the third part follows from the two of them."""
    table = "record_cohort" if name == "cohort" else "record_sentence"
    assert find_disclosures(tabulation._ruled_shares(make(25), table, names), name)


@pytest.fixture(scope="module")
def figures() -> wide_frames.RecordFigures:
    """Figures of three years of a simulated register of a small office."""
    events = simulate_events(7, "HR").with_columns(
        territory=pl.lit("HR"), jurisdiction=pl.lit("HR"), source=pl.lit("HR_MPU"), offence_group=pl.lit("TIP")
    )
    law = {"HR": load().law_of("HR")}
    return wide_frames.compute_figures(events, list_reported("2022-Q4", "2026-Q3"), law, PROGRAMME)


def test_public_figures_have_ten_persons_of_two_proceedings_none_over_half(
    figures: wide_frames.RecordFigures,
) -> None:
    """Count the members themselves, not the numbers that the rule received."""
    public = tabulation.tabulate_public(figures, PROGRAMME)
    published_cells = 0
    for name, table in public.items():
        value = "phi" if name == "record_dispersion" else "value"
        # Cells of sentences cover everyone sentenced; lengths cover those in prison and are ruled on their own numbers.
        cells = table.filter(pl.col(value).is_not_null()).select(wide_frames.name_cell(name).alias("cell")).unique()
        members = figures.members.filter(pl.col("table") == name).join(cells, on="cell", how="semi")
        for _, people in members.group_by("cell"):
            pairs = people.select("person", "cluster").unique()
            largest_proceeding = pairs.group_by("cluster").len()["len"].max()
            assert people["person"].n_unique() >= 10
            assert pairs["cluster"].n_unique() >= 2
            assert isinstance(largest_proceeding, int) and largest_proceeding <= people["person"].n_unique() / 2
            published_cells += 1
    assert published_cells > 10


def test_public_cohorts_have_one_follow_up_and_one_frequency(
    figures: wide_frames.RecordFigures,
) -> None:
    public = tabulation.tabulate_public(figures, PROGRAMME)["record_cohort"]
    assert public["quarters"].unique().to_list() == [PROGRAMME.cohorts.public.quarters]
    assert public["freq"].n_unique() == 1
    restricted = tabulation.tabulate_restricted(figures)["record_cohort"]
    assert restricted["quarters"].n_unique() > 1 and restricted["freq"].n_unique() == 2


def test_public_tables_have_only_statistics_of_the_programme(figures: wide_frames.RecordFigures) -> None:
    public = tabulation.tabulate_public(figures, PROGRAMME)
    assert set(public["record_duration"]["freq"]) == set(PROGRAMME.durations.public.freqs)
    for name, statistics in (
        ("record_duration", PROGRAMME.durations.public.statistics),
        ("record_pending", PROGRAMME.pending.public.statistics),
        ("record_sentence", PROGRAMME.sentences.public.statistics),
    ):
        assert set(public[name]["statistic"]) == set(statistics), name
    assert not set(public["record_pending"]["statistic"]) & {"under_6_months", "5_years_and_over"}
