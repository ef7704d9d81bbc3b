"""Compare with all tables what a correction shows an insider of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import polars as pl
import pytest

from pipelines.publication.disclosure import earlier, margins, own_corrections, protect, readers, space
from pipelines.publication.disclosure.readers import InformedReader
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region

PARTS = ("B1", "B2", "B3")
BEFORE = {"B1": 19, "B2": 15, "B3": 21}


def build_territory(parts: Mapping[str, int]) -> pl.DataFrame:
    """Return a territory of three jurisdictions, all of whose figures are published by a first release."""
    areas = [build_cell(area, value, kind="jurisdiction", territory="BB") for area, value in parts.items()]
    return build_frame(build_cell("BB", sum(parts.values()), reporters=",".join(parts)), *areas)


def combine_both(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    released = earlier.record_release(before, pl.Series(["F"] * before.height))
    return earlier.combine_releases(now.with_row_index("_row"), [released], threshold=5)


def list_possible(own: set[str], now: Mapping[str, int], *, total_is_known: bool) -> set[tuple[int, ...]]:
    """Return all figures of the others that agree with an insider's own, and with the new total if it is known.

    The insider knows which figures have not changed: they are those of the first release.
    """
    fixed = {area for area in PARTS if area in own or now[area] == BEFORE[area]}
    ranges = [[now[area]] if area in fixed else range(60) for area in PARTS]
    total = sum(now.values())
    return {values for values in product(*ranges) if not total_is_known or sum(values) == total}


@pytest.mark.parametrize(
    "changes", [{"B2": 2}, {"B1": 1, "B2": 2}, {"B2": 2, "B3": 1}, {"B1": 1, "B2": 1, "B3": 1}, {"B2": 9, "B3": -7}]
)
@pytest.mark.parametrize("own", [{"B1", "B2"}, {"B1", "B3"}, {"B2", "B3"}])
def test_total_shows_nothing_of_others_if_all_corrections_are_own(changes: dict[str, int], own: set[str]) -> None:
    now = {area: value + changes.get(area, 0) for area, value in BEFORE.items()}
    combined = combine_both(build_territory(BEFORE), build_territory(now))
    is_own = own_corrections.mark_own_corrections(combined, [InformedReader("own", frozenset(own))])
    total = (combined["area"] == "BB").to_numpy() & combined["is_small_change"].to_numpy()
    assert total.sum() == 1
    learns = list_possible(own, now, total_is_known=True) != list_possible(own, now, total_is_known=False)
    assert is_own[0, total].tolist() == [not learns]
    assert not is_own[0, ~total].any()


def test_jurisdiction_without_figures_may_have_changed() -> None:
    """B3 reported only later: the total shows its figure to the others, though theirs have changed too."""
    before = build_frame(build_cell("BB", 40, reporters="B1,B2"), *build_territory(BEFORE).rows(named=True)[1:3])
    now = build_territory({"B1": 19, "B2": 22, "B3": 2})
    combined = combine_both(before, now)
    pair = InformedReader("B1+B2", frozenset({"B1", "B2"}))
    assert combined.filter(pl.col("area") == "BB", pl.col("_row").is_not_null())["is_small_change"].to_list() == [True]
    assert not own_corrections.mark_own_corrections(combined, [pair]).any()


def test_correction_of_a_measure_without_jurisdictions_is_read_from_its_whole() -> None:
    before, now = ({**BEFORE, "B2": value} for value in (15, 17))
    acquitted = [build_frame(build_cell("BB", value, measure="acquitted")) for value in (7, 8)]
    decided = [build_territory(parts).with_columns(measure=pl.lit("adjudicated_first")) for parts in (before, now)]
    combined = combine_both(*(pl.concat(frames) for frames in zip(decided, acquitted, strict=True)))
    results = [
        own_corrections.mark_own_corrections(combined, [InformedReader(name, frozenset(name.split("+")))])[
            0, ((combined["measure"] == "acquitted") & combined["is_small_change"]).to_numpy()
        ].tolist()
        for name in ("B1+B2", "B2+B3", "B1+B3")
    ]
    assert results == [[True], [True], [False]]


TERRITORIES = ("AA", "BB", "CC")
REPORTERS = ",".join(TERRITORIES)


def build_rejections(added: Mapping[str, int], years: tuple[str, ...] = ("2024",)) -> pl.DataFrame:
    """Return decisions by jurisdiction, and rejections of territories and the region: nobody but those of `added`.

    Rejections are not published by jurisdiction.  Years other than 2024 have 7 of each territory.
    """
    frames = []
    for year in years:
        new = added if year == "2024" else dict.fromkeys(("AA", "B1", "CC"), 7)
        decided = {area: value + new.get(area, 0) for area, value in BEFORE.items()}
        frames.append(build_territory(decided).with_columns(measure=pl.lit("adjudicated_first"), period=pl.lit(year)))
        rejected = {"AA": new.get("AA", 0), "BB": sum(new.get(part, 0) for part in PARTS), "CC": new.get("CC", 0)}
        cells = [build_cell(name, value, measure="rejected", period=year) for name, value in rejected.items()]
        cells.append(build_region(sum(rejected.values()), REPORTERS, measure="rejected", period=year))
        frames.append(build_frame(*cells))
    return pl.concat(frames)


def find_learners(added: Mapping[str, int], names: Sequence[str]) -> list[str]:
    """Return the insiders for whom the new rejections of the region leave fewer figures of others than without them.

    They know their own figures, and those of everybody whose figures have not changed.
    """
    learners = []
    for name in names:
        unknown = [area for area in added if area not in list_areas(name)]
        total_of_unknown = sum(added[area] for area in unknown)
        possible = list(product(range(8), repeat=len(unknown)))
        if len([values for values in possible if sum(values) == total_of_unknown]) < len(possible):
            learners.append(name)
    return learners


def list_areas(name: str) -> frozenset[str]:
    return frozenset({"BB", *PARTS} if name == "BB" else name.split("+"))


INSIDERS = ("AA", "BB", "CC", "B1+B2", "B1+B3", "B2+B3")


@pytest.mark.parametrize(
    "added", [{"B1": 1}, {"B1": 1, "B2": 2}, {"CC": 1}, {"B1": 1, "CC": 1}, {"B2": 1, "B3": 3}, {"AA": 2, "CC": 1}]
)
@pytest.mark.parametrize("period", ["2024", "2022-2024"])
def test_total_of_the_region_shows_nothing_of_others_if_all_corrections_are_own(
    added: dict[str, int], period: str
) -> None:
    """Publish first that the region had no rejections in 2024, or 42 in three years, and then correct the total."""
    years = ("2024",) if period == "2024" else ("2022", "2023", "2024")

    def build_release(new: Mapping[str, int]) -> pl.DataFrame:
        cells = build_rejections(new, years)
        total = 42 + sum(new.values())
        pool = build_region(total, REPORTERS, measure="rejected", period=period, freq="P3")
        return cells if period == "2024" else pl.concat([cells, build_frame(pool)])

    combined = combine_both(build_release({}), build_release(added))
    readers_of = [InformedReader(name, list_areas(name)) for name in INSIDERS]
    is_own = own_corrections.mark_own_corrections(combined, readers_of)
    is_total = (combined["area"] == "WB") & (combined["period"] == period) & combined["is_small_change"]
    assert is_total.sum() == 1
    is_own_total = is_own[:, is_total.to_numpy()].any(axis=1)
    assert np.array(INSIDERS)[~is_own_total].tolist() == find_learners(added, INSIDERS)


def test_correction_of_a_territory_without_cells_may_be_anybodys() -> None:
    """Publish the rejections of the region alone: B1 and B2 do not know whether only B1 has corrected them."""
    is_of_region = (pl.col("measure") != "rejected") | (pl.col("area") == "WB")
    before, now = (build_rejections(added).filter(is_of_region) for added in ({}, {"B1": 1}))
    combined = combine_both(before, now)
    pair = InformedReader("B1+B2", frozenset({"B1", "B2"}))
    assert combined.filter(area="WB")["is_small_change"].any()
    assert not own_corrections.mark_own_corrections(combined, [pair])[0, (combined["area"] == "WB").to_numpy()].any()


def protect_after(before: pl.DataFrame, now: pl.DataFrame) -> dict[str, int]:
    """Protect two releases one after another; return the counts of the second."""
    first = protect.hide_small_counts(before)
    released = earlier.record_release(before, first.cells["conf_status"])
    second = protect.hide_small_counts(now, earlier=[released])
    assert second.report.passed
    return second.report.count_cells()


def test_correction_that_only_its_own_office_knows_is_not_revealed() -> None:
    """B2 corrects its figure by 2: two offices with B2 know the new total, and nothing else than before."""
    assert protect_after(build_territory(BEFORE), build_territory({**BEFORE, "B2": 17}))["revealed_before"] == 0


def test_small_count_after_a_large_own_correction_is_not_revealed() -> None:
    """B2 takes back 5 of the 9 persons that BB published for a quarter: two offices with B2 know that 4 are left."""

    def build_quarters(parts: Mapping[str, int], third: int) -> pl.DataFrame:
        values = {"Q1": 10, "Q2": 10, "Q3": third, "Q4": 5}
        quarters = [
            build_cell("BB", value, period=f"2024-{quarter}", reporters="B1,B2,B3") for quarter, value in values.items()
        ]
        return pl.concat([build_territory(parts), build_frame(*quarters)])

    before, now = (build_quarters({"B1": 10, "B2": 8 + third, "B3": 7}, third) for third in (9, 4))
    assert protect_after(before, now)["revealed_before"] == 0


def test_regional_count_of_own_persons_alone_is_not_revealed() -> None:
    """Publish 0 for the region without BB, so that BB knows that its one person is the only one of the region."""
    before = build_frame(build_cell("AA", 0), build_cell("CC", 0), build_region(0, "AA,CC"))
    now = build_frame(build_cell("AA", 0), build_cell("BB", 1), build_cell("CC", 0), build_region(1, "AA,BB,CC"))
    assert protect_after(before, now)["revealed_before"] == 0


def test_regional_count_of_others_is_still_revealed() -> None:
    """Let an older release give away the one person of AA; a correction of BB does not change that."""
    cells = build_frame(build_cell("AA", 1), build_cell("BB", 9), build_region(10, "AA,BB"))
    released = earlier.record_release(cells, pl.Series(["A", "D", "F"]))
    further = build_frame(build_cell("AA", 7, period="2023"), build_region(7, "AA", period="2023"))
    protection = protect.hide_small_counts(pl.concat([cells, further]), earlier=[released], guards_against_offices=True)
    assert protection.report.passed
    assert protection.report.count_cells()["revealed_before"] == 1


def test_rows_of_zeros_and_own_persons_have_no_others() -> None:
    cells = build_frame(build_cell("AA", 0), build_cell("BB", 1), build_cell("CC", 4), build_region(5, "AA,BB,CC"))
    view = space.build_space(cells)

    def mark_rows(*areas: str) -> list[bool]:
        own_columns = readers.find_reader(cells, "+".join(areas)).find_own_columns(view)
        return own_corrections.mark_rows_without_others(view, own_columns)[view.rows].tolist()

    assert mark_rows("BB") == [True, True, False, False]
    assert mark_rows("BB", "CC") == [True, True, True, True]
    assert np.array_equal(mark_rows("CC"), [True, False, True, False])


@pytest.mark.parametrize(("minors", "are_nobody"), [(0, True), (1, False)])
def test_persons_in_a_margin_of_zero_are_nobody(minors: int, are_nobody: bool) -> None:
    """If BB counts no minors, the boys of the region are those of CC, although no cell has boys of BB."""
    values = {
        "BB": {"age": {"Y_LT18": minors, "Y_GE18": 5 - minors}, "sex": {"M": 1, "F": 4}},
        "CC": {"age": {"Y_LT18": 5, "Y_GE18": 5}, "sex": {"M": 6, "F": 4}},
    }
    of_areas = [
        build_cell(area, value, **{dimension: code})
        for area, dimensions in values.items()
        for dimension, counts in dimensions.items()
        for code, value in counts.items()
    ]
    parts = [("M", "Y_LT18", 3 + minors), ("M", "Y_GE18", 4 - minors), ("F", "Y_LT18", 2), ("F", "Y_GE18", 6)]
    of_region = [build_region(value, "BB,CC", sex=sex, age=age) for sex, age, value in parts]
    cells = build_frame(build_cell("BB", 5), build_cell("CC", 10), *of_areas, build_region(15, "BB,CC"), *of_region)
    view = margins.Margins(cells).space
    own_columns = readers.find_reader(cells, "CC").find_own_columns(view)
    marked = own_corrections.mark_rows_without_others(view, own_columns)[view.rows]
    of_others = {*cells.filter(pl.Series(~marked)).select("area", "sex", "age").rows()}
    assert (("WB", "M", "Y_LT18") not in of_others) == (("WB", "F", "Y_LT18") not in of_others) == are_nobody
    assert {("WB", "M", "Y_GE18"), ("WB", "F", "Y_GE18"), ("WB", "_T", "_T"), ("BB", "M", "_T")} <= of_others
