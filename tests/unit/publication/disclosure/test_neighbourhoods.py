"""Programs over the persons of a few years: what they may move, and when more years are needed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.publication.disclosure import earlier, protect
from pipelines.publication.disclosure.neighbourhoods import Neighbourhoods, RaisedCell
from pipelines.publication.disclosure.problem import ProtectionProblem
from pipelines.publication.disclosure.space import Array, Space
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region, hidden_of

YEARS = ("2021", "2022", "2023", "2024")


def build_years(**annual: tuple[int, int, int, int]) -> pl.DataFrame:
    """Return annual totals by territory with their region, and the pool of the last three years of each territory."""
    rows = [
        build_cell(area, value, period=year)
        for area, values in annual.items()
        for year, value in zip(YEARS, values, strict=True)
    ]
    regional = [sum(values) for values in zip(*annual.values(), strict=True)]
    rows += [build_region(value, ",".join(annual), period=year) for year, value in zip(YEARS, regional, strict=True)]
    rows += [build_cell(area, sum(values[1:]), period="2022-2024", freq="P3") for area, values in annual.items()]
    return build_frame(*rows)


class Problem:
    """A problem with its programs, and the row of each cell of its frame."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = earlier.combine_releases(frame.with_row_index("_row"), [], threshold=5)
        problem = ProtectionProblem(self.frame, "test")
        self.space: Space = problem.views.margins
        self.truth = problem.find_true_population("test")
        self.programs = Neighbourhoods(self.space, self.truth, problem.raising)

    def find_population(self, raised: RaisedCell) -> Array:
        """Return all variables of the problem in a population that one of its programs found."""
        population = self.truth.copy()
        population[raised.of.part.columns] = raised.values
        return population

    def find_row(self, area: str, period: str) -> int:
        (number,) = self.frame.with_row_index("_n").filter(area=area, period=period)["_n"]
        return int(self.space.rows[number])


@pytest.fixture
def problem() -> Problem:
    return Problem(build_years(AA=(9, 3, 8, 7), BB=(20, 30, 40, 50), CC=(6, 7, 8, 9)))


def test_program_of_a_year_moves_only_its_cells_and_those_that_it_shares(problem: Problem) -> None:
    cell = problem.find_row("AA", "2022")
    raised = next(problem.programs.list_programs(cell)).raise_cell(cell, 2.0)
    assert raised is not None
    population = problem.find_population(raised)
    moved = problem.space.matrix @ population - problem.space.values
    part = raised.of.part
    assert np.allclose(moved[part.rows], raised.moved)
    assert np.flatnonzero(np.abs(moved) > 1e-6).tolist() == raised.moved_rows.tolist()
    assert (population >= 0).all()
    assert moved[cell] >= 2.0
    moved_periods = {
        period for period, row in zip(problem.frame["period"], problem.space.rows, strict=True) if moved[row] != 0.0
    }
    assert "2022" in moved_periods <= {"2022", "2022-2024"}


def test_cell_of_several_years_starts_with_these_years(problem: Problem) -> None:
    pool = problem.find_row("AA", "2022-2024")
    programs = list(problem.programs.list_programs(pool))
    assert len(programs) == 2
    assert programs[-1] is problem.programs.whole
    numbers = programs[0].part.find_numbers(np.array([problem.find_row("AA", "2021"), pool]))
    assert numbers[0] < 0 <= numbers[1]


def test_program_that_is_made_later_knows_what_was_fixed_and_hidden_before(problem: Problem) -> None:
    cell, hidden = problem.find_row("AA", "2022"), problem.find_row("AA", "2023")
    first = next(problem.programs.list_programs(cell))
    others = np.array([row for row in range(problem.space.cells) if row not in (cell, hidden)])
    problem.programs.fix_cells(others)
    problem.programs.hide_cell(hidden)
    later = next(problem.programs.list_programs(hidden))
    assert first.raise_cell(cell, 2.0) is None
    assert later.raise_cell(hidden, 2.0) is None
    assert later.raising.costs[later.find_own(np.array([hidden]))].tolist() == [0.0]
    problem.programs.unfix_cells(others)
    for program in (first, later):
        raised = program.raise_cell(cell if program is first else hidden, 2.0)
        assert raised is not None


def test_insider_keeps_own_persons_in_each_program(problem: Problem) -> None:
    cell = problem.find_row("AA", "2022")
    program = next(problem.programs.list_programs(cell))
    is_own = np.array([owner == "BB" for owner in problem.space.owners])
    program.freeze_columns(is_own)
    frozen = program.raise_cell(cell, 2.0)
    program.freeze_columns(None)
    assert frozen is not None
    assert np.allclose(problem.find_population(frozen)[is_own], problem.truth[is_own])


def test_problem_of_two_years_is_solved_as_a_whole() -> None:
    small = Problem(build_frame(build_cell("AA", 3), build_cell("AA", 9, period="2023"), build_cell("BB", 5)))
    assert list(small.programs.list_programs(0)) == [small.programs.whole]


def test_pool_stays_published_where_a_small_total_of_another_year_can_move() -> None:
    """Raise one small total and lower another: the program of one year alone would hide their pool."""
    frame = build_years(AA=(50, 3, 60, 4), BB=(50, 2, 80, 4))
    protected = protect.hide_small_counts(frame, guards_against_offices=False)
    assert protected.report.passed
    is_pool = (frame["freq"] == "P3").to_numpy()
    assert not np.array(hidden_of(protected.cells))[is_pool].any()
