"""Compare the sizes of groups of durations and cohorts with withheld counts: no withheld count may follow from them.

A cohort has the persons who were indicted in a year, as far as the records cover it; the band of its size bounds the
sum of the counts of these quarters.  That of a duration bounds the sum of all quarters that the records cover.  Both
are added to what a reader of the release knows, and every withheld count of the same crimes is assessed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.core.home import Home, open_home
from pipelines.publication.disclosure import problem, record_figures
from pipelines.publication.disclosure.reader_risk import ReleaseAssessment
from pipelines.publication.disclosure.readers import PUBLIC, InformedReader
from pipelines.publication.disclosure.record_figures import Inequality, ReleasedRecordFigures
from pipelines.publication.disclosure.space import Space
from pipelines.publication.releases.publish import find_current_release

ENTERED = {"first": "indicted", "proceedings": "indicted", "appeal": "appealed"}
"""The measure that counts those who enter a stage; the other stages have no published figures in the demonstration."""


class GroupSize(NamedTuple):
    """The band of persons who entered a stage in some quarters."""

    area: str
    offence_group: str
    measure: str
    quarters: Sequence[str]
    band: str


@pytest.fixture(scope="module")
def home(built_home: Path) -> Home:
    return open_home(built_home)


def list_quarters(first: str, last: str) -> list[str]:
    """Return the quarters from one day to another, which are the first and the last day of quarters."""
    quarters = [f"{year}-Q{quarter}" for year in range(int(first[:4]), int(last[:4]) + 1) for quarter in (1, 2, 3, 4)]
    begin, end = (f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}" for day in (first, last))
    return [quarter for quarter in quarters if begin <= quarter <= end]


def list_sizes(data: Path) -> list[GroupSize]:
    """Return the sizes of the groups of all durations and cohorts of a release."""
    durations, cohorts = (
        pl.read_parquet(data / f"{name}.parquet").filter(pl.col("n_band").is_not_null(), pl.col("stage").is_in(ENTERED))
        for name in ("duration", "cohort")
    )
    sizes, covered = set(), {}
    for row in durations.iter_rows(named=True):
        quarters = tuple(list_quarters(str(row["seen_from"]), str(row["seen_until"])))
        covered[row["area"], row["offence_group"], row["stage"]] = quarters
        sizes.add(GroupSize(row["area"], row["offence_group"], ENTERED[row["stage"]], quarters, row["n_band"]))
    for row in cohorts.iter_rows(named=True):
        of_records = covered[row["area"], row["offence_group"], row["stage"]]
        quarters = tuple(quarter for quarter in of_records if quarter.startswith(row["cohort"]))
        sizes.add(GroupSize(row["area"], row["offence_group"], ENTERED[row["stage"]], quarters, row["n_band"]))
    return sorted(sizes)


def bound_counts(sizes: Sequence[GroupSize], view: Space, cells: pl.DataFrame) -> Iterator[Inequality]:
    """Yield what sizes say about the quarterly totals of persons among the cells of a view."""
    is_total = pl.all_horizontal(pl.col(name).is_in(codes.TOTAL_CODES) for name in codes.BREAKDOWNS)
    totals = cells.with_columns(pl.Series("_in", view.rows)).filter(
        is_total & (pl.col("freq") == "Q") & (pl.col("count_unit") == "person") & (pl.col("statistic") == "count")
    )
    rows = {tuple(key): row for *key, row in totals.select("area", "offence_group", "measure", "period", "_in").rows()}
    for size in sizes:
        keys = [(size.area, size.offence_group, size.measure, quarter) for quarter in size.quarters]
        if keys and rows.keys() >= set(keys):
            least, most = record_figures.read_band(size.band)
            yield Inequality({rows[key]: 1 for key in keys}, least)
            if most is not None:
                yield Inequality({rows[key]: -1 for key in keys}, -most)


def assess_with(home: Home, sizes: Sequence[GroupSize], monkeypatch: pytest.MonkeyPatch) -> tuple[pl.DataFrame, int]:
    """Return what a reader finds in the release who also knows sizes, and the number of inequalities."""
    release = find_current_release(home)
    assert release is not None
    cells = pl.read_parquet(home.released / f"{release.name}.parquet").filter(
        pl.col("offence_group").is_in({size.offence_group for size in sizes})
    )
    figures = ReleasedRecordFigures(
        *(pl.read_parquet(release / "data" / f"{n}.parquet") for n in ("sentence", "pending"))
    )
    added: list[Inequality] = []

    def add_sizes(view: Space, block: pl.DataFrame, known: ReleasedRecordFigures) -> Space:
        further = list(bound_counts(sizes, view, block))
        added.extend(further)
        return record_figures.add_inequalities(record_figures.add_figures(view, block, known), further)

    monkeypatch.setattr(problem, "add_figures", add_sizes)
    results = ReleaseAssessment(cells, [], figures).assess_reader(InformedReader(PUBLIC))
    return results, len(added)


def test_sizes_of_durations_and_cohorts_give_no_withheld_count(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    release = find_current_release(home)
    assert release is not None
    sizes = list_sizes(release / "data")
    results, n_inequalities = assess_with(home, sizes, monkeypatch)
    assert len(sizes) > 10 and n_inequalities > 30
    assert results.height > 1_000
    open_counts = results.filter(pl.col("result") != "protected")
    assert open_counts.is_empty(), open_counts


def test_size_of_one_person_in_a_withheld_quarter_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a cohort of one quarter, whose band is the number of persons."""
    release = find_current_release(home)
    assert release is not None
    is_total = pl.all_horizontal(pl.col(name).is_in(codes.TOTAL_CODES) for name in codes.BREAKDOWNS)
    withheld = pl.read_parquet(home.released / f"{release.name}.parquet").filter(
        ~pl.col("is_published") & is_total & (pl.col("freq") == "Q") & (pl.col("measure") == "indicted")
        & (pl.col("count_unit") == "person") & (pl.col("area_kind") == "territory") & (pl.col("offence_group") == "TIP")
    )  # fmt: skip
    quarter = withheld.sort(codes.CELL_KEY).row(0, named=True)
    n = int(quarter["value"])
    planted = GroupSize(quarter["area"], "TIP", "indicted", (quarter["period"],), f"{n}-{n}")
    results, _ = assess_with(home, [planted], monkeypatch)
    open_counts = results.filter(
        pl.col("result") == "disclosed", area=quarter["area"], period=quarter["period"], measure="indicted"
    )
    assert not open_counts.is_empty()
