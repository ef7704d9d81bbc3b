"""Programs over the persons of a few years: what they may move, and when more years are needed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipelines.publication.disclosure import earlier, parts, protect
from pipelines.publication.disclosure.neighbourhoods import Neighbourhood, Neighbourhoods, RaisedCell
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


def test_program_that_was_given_up_is_made_again_as_it_was(problem: Problem) -> None:
    cell, hidden = problem.find_row("AA", "2022"), problem.find_row("BB", "2022")
    before = next(problem.programs.list_programs(cell))
    later = next(problem.programs.list_programs(problem.find_row("AA", "2023")))
    problem.programs.hide_cell(hidden)
    problem.programs.drop_programs(YEARS.index("2023"))
    again = next(problem.programs.list_programs(cell))
    assert again is not before and again.part is before.part
    assert np.array_equal(again.raising.costs, before.raising.costs)
    assert next(problem.programs.list_programs(problem.find_row("AA", "2023"))) is later
    problem.programs.show_cell(hidden, 7.0)
    assert again.raising.costs[again.find_own(np.array([hidden]))].tolist() == [7.0]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_what_equations_within_years_do_not_allow_no_program_can(data: st.DataObject) -> None:
    """Fix any cells, and let an insider know any variables: then compare each program of some years with all years."""
    counts = st.tuples(*[st.integers(0, 5)] * len(YEARS))
    problem = Problem(build_years(AA=data.draw(counts), BB=data.draw(counts), CC=data.draw(counts)))
    cell = data.draw(st.integers(0, problem.space.cells - 1))
    others = [row for row in range(problem.space.cells) if row != cell]
    problem.programs.fix_cells(np.array(data.draw(st.lists(st.sampled_from(others), unique=True)), dtype=np.int64))
    is_known = np.array(data.draw(st.lists(st.booleans(), min_size=len(problem.truth), max_size=len(problem.truth))))
    *of_some_years, whole = problem.programs.list_programs(cell)
    for program in of_some_years:
        within_years = problem.programs.drop_shared_rows(program)
        part = within_years.part
        assert not part.is_shared.any() and part.find_numbers(np.array([cell])) >= 0
        for neighbourhood in (within_years, program, whole):
            neighbourhood.freeze_columns(is_known)
        for by in (1.0, -1.0, 2.0, -2.0):
            can_move = [reader.raise_cell(cell, by) is not None for reader in (program, whole, within_years)]
            assert can_move == sorted(can_move), by


def test_cell_is_stuck_within_its_year_where_all_that_moves_with_it_is_known(problem: Problem) -> None:
    cell = problem.find_row("AA", "2022")
    of_year = next(problem.programs.list_programs(cell))
    assert problem.programs.drop_shared_rows(of_year).raise_cell(cell, 2.0) is not None
    problem.programs.fix_cells(np.array([problem.find_row(area, "2022") for area in ("BB", "CC", "WB")]))
    assert problem.programs.drop_shared_rows(of_year).raise_cell(cell, 2.0) is None
    assert problem.programs.whole.raise_cell(cell, 2.0) is None


def test_further_years_are_not_tried_for_a_cell_that_is_stuck_within_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """BB and CC have published their figures of 2022, and the region, so that an earlier release reveals AA."""
    totals = build_years(AA=(9, 3, 8, 7), BB=(20, 30, 40, 50), CC=(6, 7, 8, 9))
    is_hidden = ((totals["area"] == "AA") & (totals["freq"] == "A") & (totals["period"] == "2022")).to_numpy()
    released = earlier.record_release(totals, pl.Series(np.where(is_hidden, "A", "F")))
    # A year is searched only if it has a cell that earlier releases did not have.
    frame = pl.concat([totals, build_frame(build_cell("BB", 12, period="2022", sex="F"))], how="diagonal")
    tried: list[int] = []
    raise_cell = Neighbourhood.raise_cell

    def note_years(program: Neighbourhood, cell: int, by: float) -> RaisedCell | None:
        tried.append(len(program.part.years))
        return raise_cell(program, cell, by)

    monkeypatch.setattr(Neighbourhood, "raise_cell", note_years)
    protected = protect.hide_small_counts(frame, earlier=[released])
    assert protected.report.count_cells()["revealed_before"] == 1
    assert tried and set(tried) == {1}


def test_parts_of_long_histories_have_8_and_32_years_before_all() -> None:
    years = np.array([str(year) for year in range(1900, 2000)], dtype=object)
    parts_of_row = parts.YearParts(sparse.identity(100, format="csr"), years).list_parts(50)
    windows = [(part.years[0], part.years[-1]) for part in parts_of_row]
    assert windows == [(50, 50), (49, 51), (48, 55), (32, 63)]


@pytest.mark.parametrize("seed", range(5))
def test_spans_have_every_row_once_with_its_first_year(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    random = np.random.default_rng(seed)
    years = np.array(random.choice(["2019", "2020", "2021", "2022", "2023", ""], 40), dtype=object)
    matrix = sparse.random(60, 40, 0.05, "csr", random_state=random)
    monkeypatch.setattr(parts, "_FEWEST_IN_SPANS", 3)
    monkeypatch.setattr(parts, "_SPAN_YEARS", 2)
    spans = parts.YearParts(matrix, years).spans
    assert [list(span.years) for span in spans] == [[0, 1], [2, 3], [4], []]
    assert sorted(row for span in spans for row in span.rows.tolist()) == list(range(60))
    for span in spans:
        for row in range(60):
            first = min((years[column] for column in matrix[row].indices), default="")
            place = int(first) - 2019 if first else None
            assert span.has_row(row) == (place in span.years if place is not None else not span.years)
        assert [part.years for part in span.parts] == [(year,) for year in span.years]


def test_short_history_is_one_span(problem: Problem) -> None:
    (span,) = problem.space.parts.spans
    assert span.rows.tolist() == list(range(problem.space.matrix.shape[0]))
    assert [part.years for part in span.parts] == [(0,), (1,), (2,), (3,)]


def test_history_that_is_searched_in_spans_is_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant small totals in each year: each needs another cell, and pools have years of several spans."""
    monkeypatch.setattr(parts, "_FEWEST_IN_SPANS", 3)
    monkeypatch.setattr(parts, "_SPAN_YEARS", 1)
    frame = build_years(AA=(9, 3, 8, 7), BB=(20, 30, 40, 2), CC=(1, 7, 4, 9))
    protected = protect.hide_small_counts(frame)
    assert protected.report.passed
    hidden = np.array(hidden_of(protected.cells))
    is_small = frame["value"].is_between(1, 4).to_numpy()
    assert hidden[is_small].all() and hidden.sum() > is_small.sum() and not hidden.all()


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
