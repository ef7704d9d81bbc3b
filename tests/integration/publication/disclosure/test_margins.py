"""Margins: the same bounds as leaves for any table, independence of row order, and equations left out on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.publication.disclosure import lifting, lp, margins, pattern, protect, risk, space, structure
from pipelines.publication.disclosure.moves import Move
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region, hidden_of
from tests.support.sampling import count_examples

YEARS = ("2024", "2025")
TERRITORIES = {"AA": ("A1", "A2"), "BB": ("BB",), "CC": ("CC",)}
CATEGORIES = {"sex": ("F", "M"), "age": ("Y_LT18", "Y_GE18"), "offence": ("ICCS0204", "ICCS02044")}


def test_margins_of_one_total_need_one_sum_each() -> None:
    assert margins.plan_margins(frozenset([(), (0,), (1,), (2,)])).sums == (((), (0,)), ((), (1,)), ((), (2,)))


def test_margins_that_share_an_axis_are_joined_at_it() -> None:
    assert margins.plan_margins(frozenset([(), (4,), (4, 5), (4, 6)])).sums == (
        ((), (4,)),
        ((4,), (4, 5)),
        ((4,), (4, 6)),
    )


def test_margins_of_two_axes_and_their_single_axes_share_one_table() -> None:
    assert margins.plan_margins(frozenset([(), (5,), (6,), (5, 6)])).sums == (
        ((), (5,)),
        ((5,), (5, 6)),
        ((6,), (5, 6)),
    )


def test_margins_in_a_circle_are_replaced_by_the_full_table() -> None:
    """Sex x age, age x status and sex x status can agree in pairs without any table that has all three."""
    sums = margins.plan_margins(frozenset([(4, 5), (5, 6), (4, 6)])).sums
    assert sums == (((4, 5), (4, 5, 6)), ((4, 6), (4, 5, 6)), ((5, 6), (4, 5, 6)))


class RandomTables:
    """Published tables of random persons, with the irregularities of real returns."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        persons = list(self._draw_persons())
        # Arrays, not a data frame: a hundred cells are counted for each example.
        self._persons = {name: np.array([person[name] for person in persons]) for name in persons[0]}
        self._lacking = {
            (territory, dim, code)
            for territory in TERRITORIES
            for dim, members in CATEGORIES.items()
            for code in members
            if self._random.random() < 0.2
        }
        self._additive = self._random.random() < 0.7

    def _draw_persons(self) -> Iterator[dict[str, str]]:
        """Some persons count for a year but for none of its quarters, and some have no known sex."""
        has_uneven_year, has_unknown_sex = self._random.random(2) < 0.4
        for _ in range(int(self._random.integers(5, 60))):
            territory = str(self._random.choice(list(TERRITORIES)))
            year = str(self._random.choice(YEARS))
            is_uneven = has_uneven_year and territory == "BB" and self._random.random() < 0.2
            person = {
                "territory": territory,
                "area": str(self._random.choice(TERRITORIES[territory])),
                "year": year,
                "quarter": "" if is_uneven else f"{year}-Q{self._random.integers(1, 5)}",
            }
            for dim, members in CATEGORIES.items():
                person[dim] = str(self._random.choice(members))
            if has_unknown_sex and territory == "CC" and self._random.random() < 0.3:
                person["sex"] = "unknown"
            yield person

    def _count(self, territories: tuple[str, ...], period: str, **codes: str) -> int:
        """Count the persons of a cell; offences of CC are counted twice, as charges are."""
        counted = np.isin(self._persons["territory"], territories)
        if "-Q" in period:
            counted &= self._persons["quarter"] == period
        else:
            counted &= np.isin(self._persons["year"], structure.years_of(period))
        for dim, code in codes.items():
            matches = self._persons[dim] == code
            if dim == "offence":
                is_first_quarter = np.char.endswith(self._persons["quarter"], "1")
                matches |= (self._persons["territory"] == "CC") & is_first_quarter
            counted &= matches
        return int(counted.sum())

    def build_rows(self) -> pl.DataFrame:
        """Return the published rows in random order, without some of them."""
        rows = [row for row in self._list_rows() if self._random.random() < 0.9]
        order = self._random.permutation(len(rows))
        return build_frame(*(rows[i] for i in order))

    def _list_rows(self) -> Iterator[dict[str, object]]:
        quarters = [f"{year}-Q{number}" for year in YEARS for number in range(1, 5)]
        for territory, areas in TERRITORIES.items():
            for period in (*quarters, *YEARS, "2024-2025"):
                is_additive = len(areas) == 1 or self._additive
                yield build_cell(territory, self._count((territory,), period), period=period, is_additive=is_additive)
            for area in areas if len(areas) > 1 else ():
                for year in YEARS:
                    count = int(((self._persons["area"] == area) & (self._persons["year"] == year)).sum())
                    yield build_cell(area, count, kind="jurisdiction", territory=territory, period=year)
            for year in YEARS:
                for dim, members in CATEGORIES.items():
                    for code in members:
                        if (territory, dim, code) not in self._lacking:
                            yield build_cell(
                                territory, self._count((territory,), year, **{dim: code}), period=year, **{dim: code}
                            )
        yield from self._list_regional_rows((*quarters, *YEARS, "2024-2025"))

    def _list_regional_rows(self, periods: tuple[str, ...]) -> Iterator[dict[str, object]]:
        everybody = tuple(TERRITORIES)
        for period in periods:
            yield build_region(self._count(everybody, period), ",".join(everybody), period=period)
        for year in YEARS:
            for sex in ("_T", *CATEGORIES["sex"]):
                for age in ("_T", *CATEGORIES["age"]):
                    codes = {dim: code for dim, code in (("sex", sex), ("age", age)) if code != "_T"}
                    reporters = tuple(
                        territory
                        for territory in everybody
                        if not any((territory, dim, code) in self._lacking for dim, code in codes.items())
                    )
                    if codes and reporters:
                        count = self._count(reporters, year, **codes)
                        yield build_region(count, ",".join(reporters), period=year, **codes)


def find_bounds(view: space.Space, hidden: np.ndarray, cells: list[int], *, whole: bool) -> list[tuple[float, float]]:
    """Return the least and greatest value of some cells of the frame for an intruder with this view."""
    published = np.ones(len(view.values), dtype=bool)
    published[: view.cells] = False
    published[view.rows[~hidden]] = True
    lower, upper = np.where(published, view.values, 0.0), np.where(published, view.values, np.inf)
    intruder = lp.Intruder(view.matrix, lower, upper, 60.0)
    bounds = []
    for cell in cells:
        row = int(view.rows[cell])
        least, most = intruder.find_bound(row, 1, whole=whole), intruder.find_bound(row, -1, whole=whole)
        assert "unknown" not in (least.state, most.state)
        bounds.append((round(least.value, 6), round(most.value, 6)))
    return bounds


def contradicts_itself(view: space.Space) -> bool:
    """Return True if no population has the values of the cells, for instance because a gap hides an uneven year."""
    raising = lp.Raising(view.matrix, view.values, np.ones(len(view.values)), view.ties)
    return bool((np.abs(raising.find_contradictions()) > 1e-6).any())


def select_placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows without regional cells that no reporter can be said to have."""
    return rows.filter(~pl.Series(structure.find_unplaced(rows), dtype=pl.Boolean))


@pytest.mark.parametrize("whole", [False, True])
@settings(max_examples=count_examples(25), deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_margins_and_leaves_give_the_same_bounds(seed: int, whole: bool) -> None:
    """Hide random cells: what an intruder can work out must not depend on how the equations are written."""
    rows = select_placed(RandomTables(seed).build_rows())
    random = np.random.default_rng(seed)
    hidden = random.random(rows.height) < random.choice([0.2, 0.5])
    leaves, sums = space.build_space(rows), margins.Margins(rows).space
    assert sums.cells == leaves.cells
    assert contradicts_itself(sums) == contradicts_itself(leaves)
    assume(not contradicts_itself(sums))
    cells = [int(cell) for cell in np.flatnonzero(hidden)[: 5 if whole else 40]]
    assert find_bounds(sums, hidden, cells, whole=whole) == find_bounds(leaves, hidden, cells, whole=whole)


@settings(max_examples=count_examples(25), deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_lifted_population_has_the_cells_of_the_margins(seed: int) -> None:
    """Give the persons of margins all their categories: every cell, published or hidden, must keep its count."""
    rows = select_placed(RandomTables(seed).build_rows())
    over_margins, over_leaves = margins.Margins(rows), space.Leaves(rows)
    assume(not contradicts_itself(over_margins.space))
    hidden = np.random.default_rng(seed).random(rows.height) < 0.5
    report = risk.assess_cells(over_margins.space, hidden, name="lifted", width=2)
    assume(len(report.witnesses) > 1)
    truth, *others = report.witnesses
    moves = [move for population in others if len((move := Move.from_change(population - truth)).columns)]
    lift = lifting.Lift(truth, [(over_margins, over_leaves)], over_leaves.space)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifting, "_MOVES_AT_ONCE", 2)
        lifted = list(lift.lift_moves(moves))
    assert len(lifted) == len(moves)
    populations = [truth, *(move.add_to(truth) for move in sorted(moves, key=lambda move: int(move.columns[0])))]
    leaves_of_truth = lift.lift_truth()
    for population, leaves in zip(
        populations, [leaves_of_truth, *(move.add_to(leaves_of_truth) for move in lifted)], strict=True
    ):
        expected = (over_margins.space.matrix @ population)[over_margins.space.rows]
        assert ((over_leaves.space.matrix @ leaves)[over_leaves.space.rows] == expected).all()
        assert (leaves >= 0).all()


@settings(max_examples=count_examples(10), deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_hidden_cells_do_not_depend_on_the_order_of_rows(seed: int) -> None:
    rows = select_placed(RandomTables(seed).build_rows()).with_row_index("_number")
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=seed % 1000)
    assert protect_or_refuse(rows) == protect_or_refuse(shuffled)


def protect_or_refuse(rows: pl.DataFrame) -> list[str] | str:
    """Return the states of the numbered rows, or the reason why they contradict each other."""
    try:
        return protect.hide_small_counts(rows).cells.sort("_number")["conf_status"].to_list()
    except protect.ProtectError as error:
        return str(error)


QUARTERS = [build_cell("AA", value, period=f"2024-Q{i}") for i, value in enumerate((3, 20, 30, 40), start=1)]
FAULTS: dict[str, tuple[list[dict[str, object]], pl.Expr]] = {
    "region": (
        [build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC")],
        pl.col("area_kind") == "region",
    ),
    "year": ([*QUARTERS, build_cell("AA", 93)], pl.col("freq") == "A"),
    "pool": (
        [
            *(build_cell("AA", value, period=year) for year, value in (("2022", 3), ("2023", 40), ("2024", 50))),
            build_cell("AA", 93, period="2022-2024", freq="P3"),
        ],
        pl.col("freq") == "P3",
    ),
    "adults only": (
        [
            build_cell("AA", 30),
            build_cell("AA", 30, age="Y_GE18"),
            build_cell("BB", 40),
            build_cell("BB", 37, age="Y_GE18"),
            build_cell("BB", 3, age="Y_LT18"),
            build_region(67, "AA,BB", age="Y_GE18"),
        ],
        (pl.col("area") == "AA") & (pl.col("age") == "_T"),
    ),
}
"""Published rows, and those of them that a faulty view connects to no other cell."""


@pytest.mark.parametrize("family", FAULTS)
def test_audit_over_leaves_finds_what_margins_without_a_family_leave_open(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leave out one family of equations: protection hides too little, its own audit passes, and the other must fail."""
    rows, disconnected = FAULTS[family]
    frame = build_frame(*rows)
    assert protect.hide_small_counts(frame, guards_against_offices=False).report.passed
    build = margins.Margins

    def build_without_family(block: pl.DataFrame, *_: Any) -> margins.Margins:
        return build(
            block.with_columns(
                pl.when(disconnected).then(pl.lit("territory")).otherwise("area_kind").alias("area_kind"),
                pl.when(disconnected).then(pl.lit("ZZ")).otherwise("territory").alias("territory"),
            )
        )

    monkeypatch.setattr(margins, "Margins", build_without_family)
    with monkeypatch.context() as without_leaves:
        without_leaves.setattr(pattern.Pattern, "_assess_leaves", pass_without_leaves)
        hidden = np.array(hidden_of(protect.hide_small_counts(frame, guards_against_offices=False).cells))
    report = risk.assess_cells(space.build_space(frame), hidden, name=family, width=2)
    assert report.disclosed
    with pytest.raises(protect.ProtectError, match="could still be worked out"):
        protect.hide_small_counts(frame, guards_against_offices=False)


def pass_without_leaves(*_: object) -> risk.BlockRisk:
    """Return a passed audit, as if there were no leaves to disagree with the margins."""
    return risk.nothing_hidden("margins only")
