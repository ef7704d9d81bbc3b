"""Linear and integer programs over one block, solved by HiGHS.

There are two models: the least costly population that raises one cell (for protection), and the bounds of one cell (for
the assessment).
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import highspy
import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from pipelines.publication.disclosure.distinct import list_others, sort_distinct
from pipelines.publication.disclosure.linked_changes import find_distinct_rows, link_variables

Array = np.ndarray[Any, np.dtype[Any]]
_INF = highspy.kHighsInf
INTEGER = highspy.HighsVarType.kInteger
MIP_SECONDS = 60.0
"""Limit of one program over whole numbers, after which its cell counts as unknown."""
SIGNS: tuple[Literal[1, -1], ...] = (1, -1)
"""Signs of the objective for the least and the greatest value of a cell."""
_GROUP_SIZE = 2_000
"""Number of variables after which a further group of equations begins (`_split_equations`)."""
DUAL_SIMPLEX, PRIMAL_SIMPLEX = 1, 4
"""Values of HiGHS's `simplex_strategy`.

The solution before stays feasible for the dual simplex if only bounds change, and for the primal simplex if only the
objective changes; the other algorithm starts from the beginning.
"""


class SolverError(Exception):
    """The solver gave no usable answer, so the release must not continue."""


def _suppress_banner() -> None:
    """Create a first solver with standard output redirected.

    The first solver object of a process prints a banner directly to file descriptor 1, which may carry JSON output.
    """
    sys.stdout.flush()
    original = os.dup(1)
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, 1)
        highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(original, 1)
        os.close(original)
        os.close(devnull)


_suppress_banner()


def create_solver(
    costs: Array,
    lower: Array,
    upper: Array,
    matrix: sparse.spmatrix,
    rows: tuple[Array, Array],
    strategy: int,
) -> highspy.Highs:
    """Return a solver with the program min c x, lower <= x <= upper, A x between the two `rows`."""
    columns = matrix.tocsc()
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = columns.shape
    model.col_cost_, model.col_lower_, model.col_upper_ = costs, lower, upper
    model.row_lower_, model.row_upper_ = rows
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = columns.indptr, columns.indices
    model.a_matrix_.value_ = columns.data.astype(float)
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("simplex_strategy", strategy)
    solver.passModel(model)
    return solver


def read_solution(solver: highspy.Highs) -> Array:
    """Return the values of the variables, or an empty array if the solver has none."""
    # The solver gives a list, which NumPy itself reads in a third more of the time than an array of numbers.
    solution: Array = np.frombuffer(array("d", solver.getSolution().col_value))
    return solution


def _find_single_variables(matrix: sparse.csr_matrix, rows: int) -> tuple[Array, Array]:
    """Return the rows among the first `rows` that are one variable, and these variables, each of them once."""
    matrix = matrix.tocsr()
    single = np.flatnonzero(np.diff(matrix.indptr)[:rows] == 1)
    single = single[matrix.data[matrix.indptr[single]] == 1.0]
    variables, first = np.unique(matrix.indices[matrix.indptr[single]], return_index=True)
    return single[first], variables


def _select_links(equations: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the equations of one cell, and those which say that two cells change alike.

    A cell that rises as another falls stays a variable of its own: what rises has no limit, and what falls has one.
    """
    sizes, totals = np.diff(equations.indptr), np.asarray(equations.sum(axis=1)).ravel()
    return equations[np.flatnonzero((sizes == 1) | ((sizes == 2) & (totals == 0.0)))]


def _split_equations(matrix: sparse.csr_matrix, target: Array) -> Iterator[tuple[sparse.csr_matrix, Array, Array]]:
    """Yield the equations matrix @ x = target in groups without a common variable, with the variables of each group.

    The simplex method takes longer for all equations at once than for one group after another.  Equations without
    variables are left out.
    """
    rows, columns = matrix.shape
    if not columns:
        return
    graph = sparse.block_array([[None, matrix], [matrix.T, None]], format="csr")
    count, labels = csgraph.connected_components(graph, directed=False)
    row_order, column_order = (np.argsort(part, kind="stable") for part in (labels[:rows], labels[rows:]))
    sizes = np.bincount(labels[rows:], minlength=count)
    # A group begins with the first component that begins in it.
    group_of = (sizes.cumsum() - sizes) // _GROUP_SIZE
    groups = np.arange(int(group_of[-1]) + 2) if count else np.zeros(1, dtype=np.int64)
    row_starts = np.searchsorted(group_of[labels[:rows][row_order]], groups)
    column_starts = np.searchsorted(group_of[labels[rows:][column_order]], groups)
    in_order = matrix[row_order][:, column_order]
    for (first_row, end_row), (first, end) in zip(pairwise(row_starts), pairwise(column_starts), strict=True):
        if end_row > first_row and end > first:
            numbers = row_order[first_row:end_row]
            yield in_order[first_row:end_row, first:end], target[numbers], column_order[first:end]


class Raising:
    """min sum c (up + down)  such that  A x = a + up - down,  x, up, down >= 0.

    `x` is a population; `up` and `down` are its deviations from the true cell values `a`.  Hidden cells cost nothing;
    the last `ties` rows are equations between cells, which have no deviations.  The result of `raise_cell`
    is a population that an intruder cannot distinguish from the true one once the cells that it moves are hidden.

    A cell that is a single variable needs no row: the variable is its value plus its deviations.  For a block over
    margins (`margins.py`), only the sums between cells remain as rows.  Cells that equations let change only alike are
    one variable, whose cost is the sum of theirs.
    """

    def __init__(
        self, matrix: sparse.csr_matrix, values: Array, costs: Array, ties: int = 0, *, is_part: bool = False
    ) -> None:
        """With `is_part`, cells may have no population, as in a problem in which other persons keep their place."""
        self._is_part = is_part
        self.costs = costs.astype(float).copy()
        self.cells = cells = matrix.shape[0] - ties
        single, owned = _find_single_variables(matrix, cells)
        summed = list_others(matrix.shape[0], single)
        free = list_others(matrix.shape[1], owned)
        self.free = len(free)
        self._free_columns, self._owned_columns, self._owned_rows = free, owned, single
        rows = matrix.tocsr()[summed]
        of_single, summed_cells = rows[:, owned].tocoo(), np.flatnonzero(summed < cells)
        moves = sparse.csr_matrix(
            (
                np.concatenate([of_single.data, -np.ones(len(summed_cells))]),
                (
                    np.concatenate([of_single.row, summed_cells]),
                    np.concatenate([single[of_single.col], summed[summed_cells]]),
                ),
            ),
            shape=(len(summed), cells),
        )
        target = values[summed] - rows[:, owned] @ values[single]
        self._values = values.astype(float)
        self._is_frozen = False
        self._frozen_cells: Array = np.zeros(cells, dtype=bool)
        self._fixed: Array = np.zeros(cells, dtype=bool)
        # Cells that equations let change only alike are one variable, if their true values agree with these equations.
        is_plain = (np.diff(rows[:, free].indptr) == 0) & (summed >= cells) & (target == 0.0)
        linked = link_variables(_select_links(moves[np.flatnonzero(is_plain)]))
        self._set_of_cell, self._is_tied = linked.classes, linked.is_tied
        self._sets = int(self._set_of_cell.max(initial=-1)) + 1
        self._cells_by_set: Array = np.argsort(self._set_of_cell, kind="stable")
        self._starts_of_sets = np.searchsorted(self._set_of_cell[self._cells_by_set], np.arange(self._sets + 1))
        self._least_values: Array = np.full(self._sets, _INF)
        np.minimum.at(self._least_values, self._set_of_cell, self._values[:cells])
        self._is_still: Array = np.zeros(self._sets, dtype=bool)
        join = sparse.csr_matrix((np.ones(cells), (np.arange(cells), self._set_of_cell)), shape=(cells, self._sets))
        moves = moves @ join
        distinct = find_distinct_rows(sparse.hstack([rows[:, free], moves, target[:, None]], format="csr"))
        costs, target = np.bincount(self._set_of_cell, self.costs[:cells], self._sets), target[distinct]
        if not is_part:
            self._equations = rows[distinct][:, free], target
        self._solver = create_solver(
            np.concatenate([np.zeros(self.free), costs, costs]),
            np.zeros(self.free + 2 * self._sets),
            np.concatenate([np.full(self.free + self._sets, _INF), self._least_values]),
            sparse.hstack([rows[distinct][:, free], moves[distinct], -moves[distinct]]),
            (target, target),
            DUAL_SIMPLEX,
        )
        self._update_bounds(np.arange(self._sets))

    def find_contradictions(self) -> Array:
        """Return the deviations needed for a population to exist: zero if the cells agree. Call before `hide_cell`."""
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"looking for contradictions ended with {status}")
        solution = read_solution(self._solver)
        self._true_free = solution[: self.free]
        return self._moved(solution)

    def choose_population(self, weights: Array) -> None:
        """Take, of all populations that have the true values, the one with the least weighted sum of its variables.

        Raises SolverError if the solver finds none. Call after `find_contradictions`, and not for a part.
        """
        costs = weights[self._free_columns].astype(float)
        population: Array = np.zeros(self.free)
        for equations, target, variables in _split_equations(*self._equations):
            size = len(variables)
            solver = create_solver(
                costs[variables], np.zeros(size), np.full(size, _INF), equations, (target, target), PRIMAL_SIMPLEX
            )
            solver.run()
            status = solver.getModelStatus()
            if status != highspy.HighsModelStatus.kOptimal:
                raise SolverError(f"looking for a true population ended with {status}")
            population[variables] = read_solution(solver)
        self._true_free = population

    @property
    def true_population(self) -> Array:
        """A population with all true values, over the variables of the matrix; it may have fractions."""
        return self.join_population(self._true_free, np.zeros(len(self._values)))

    def set_true_population(self, population: Array) -> None:
        """Take another population that has all true values as the one from which insiders know their own figures."""
        self._true_free = population[self._free_columns]

    @property
    def last_free(self) -> Array:
        """Values of the variables that cover several cells, in the solution of the last `raise_cell`."""
        return self._last_free

    def join_population(self, free: Array, moved: Array) -> Array:
        """Return a population from `last_free` and the deviations of the same solution."""
        population: Array = np.empty(len(self._free_columns) + len(self._owned_columns))
        population[self._free_columns] = free
        population[self._owned_columns] = self._values[self._owned_rows] + moved[self._owned_rows]
        return population

    def _moved(self, solution: Array) -> Array:
        moved: Array = np.zeros(len(self._values))
        of_sets = solution[self.free : self.free + self._sets] - solution[self.free + self._sets :]
        of_sets[np.abs(of_sets) < 1e-7] = 0.0
        moved[: self.cells] = of_sets[self._set_of_cell]
        return moved

    def freeze_columns(self, is_known: Array) -> None:
        """Let these variables keep their true value until they are released: an insider knows them."""
        self._is_frozen = True
        cells = self._owned_rows[is_known[self._owned_columns]]
        self._frozen_cells[cells] = True
        free = np.flatnonzero(is_known[self._free_columns])
        self._change_bounds(free, self._true_free[free], self._true_free[free])
        self._update_bounds(self._set_of_cell[cells])

    def release_columns(self, is_known: Array) -> None:
        """Let these variables move again."""
        self._is_frozen = False
        self._frozen_cells[:] = False
        free = np.flatnonzero(is_known[self._free_columns])
        self._change_bounds(free, np.zeros(len(free)), np.full(len(free), _INF))
        self._update_bounds(self._set_of_cell[self._owned_rows[is_known[self._owned_columns]]])

    def _update_bounds(self, sets: Array) -> None:
        """Let sets of cells move, but not those that have a fixed or frozen cell, or one that nothing moves."""
        sets = sort_distinct(sets)
        self._is_still[sets] = False
        is_still = self._fixed | self._frozen_cells | self._is_tied
        self._is_still[self._set_of_cell[is_still]] = True
        least = np.zeros(len(sets))
        is_still = self._is_still[sets]
        self._change_bounds(self.free + sets, least, np.where(is_still, 0.0, _INF))
        self._change_bounds(self.free + self._sets + sets, least, np.where(is_still, 0.0, self._least_values[sets]))

    def _change_bounds(self, columns: Array, lower: Array, upper: Array) -> None:
        self._solver.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def fix_cells(self, cells: Array) -> None:
        """Let these cells keep their value from now on, because readers know it."""
        self._fixed[cells] = True
        self._update_bounds(self._set_of_cell[cells])

    def unfix_cells(self, cells: Array) -> None:
        """Let these cells move again, as far as no insider knows them."""
        self._fixed[cells] = False
        self._update_bounds(self._set_of_cell[cells])

    def hide_cell(self, cell: int) -> None:
        """Let the cell deviate at no cost from now on."""
        self.show_cell(cell, 0.0)

    def show_cell(self, cell: int, cost: float) -> None:
        """Let the deviation of a cell that was hidden cost something again."""
        self.costs[cell] = cost
        of_set = self._set_of_cell[cell]
        first, end = self._starts_of_sets[of_set : of_set + 2]
        cost = float(self.costs[self._cells_by_set[first:end]].sum())
        for column in (self.free + of_set, self.free + self._sets + of_set):
            self._solver.changeColCost(int(column), cost)

    def raise_cell(self, cell: int, by: float) -> Array | None:
        """Return all deviations (up - down) in a cheapest population that raises the cell by `by` or more.

        With a negative `by` the cell is lowered. Return None if no population does that, which is possible only if it
        would be below zero, or if cells are fixed, variables frozen, or other persons kept in their place.  Raises
        SolverError if the solver ends in another way.
        """
        of_set = int(self._set_of_cell[cell])
        least = float(self._least_values[of_set])
        if self._is_still[of_set] or -by > least:
            return None
        up, down = self.free + of_set, self.free + self._sets + of_set
        moving, resting, most = (up, down, _INF) if by > 0 else (down, up, least)
        self._solver.changeColBounds(moving, abs(float(by)), most)
        self._solver.changeColBounds(resting, 0.0, 0.0)
        self._solver.run()
        status = self._solver.getModelStatus()  # read this first, because changing a bound resets it
        solution = read_solution(self._solver) if status == highspy.HighsModelStatus.kOptimal else None
        self._solver.changeColBounds(up, 0.0, _INF)
        self._solver.changeColBounds(down, 0.0, least)
        if solution is not None:
            self._last_free = solution[: self.free]
            return self._moved(solution)
        if (self._is_part or self._is_frozen or self._fixed.any()) and status == highspy.HighsModelStatus.kInfeasible:
            return None
        raise SolverError(f"raising a cell ended with {status}")


@dataclass(frozen=True)
class Bound:
    """Lower or upper bound of a cell.

    `solution` is a population that attains it; it may have fractions, and is empty if the solver found none.
    """

    state: Literal["bounded", "unbounded", "unknown"]
    value: float
    solution: Array


class Intruder:
    """Bounds of linear forms over all populations that agree with the published cells (lower <= A x <= upper)."""

    def __init__(
        self,
        matrix: sparse.csr_matrix,
        lower: Array,
        upper: Array,
        mip_seconds: float,
        own_figures: tuple[Array, Array] | None = None,
    ) -> None:
        """`own_figures` are a mask of the variables that an insider knows, and a population that has their values."""
        self.matrix, self.lower, self.upper = matrix, lower, upper
        self.mip_seconds = mip_seconds
        self.leaves = matrix.shape[1]
        self._columns = np.arange(self.leaves, dtype=np.int32)
        # A row of one variable is a bound of that variable, so only sums remain as rows.
        single, owned = _find_single_variables(matrix, len(lower))
        self._least: Array = np.zeros(self.leaves)
        self._most: Array = np.full(self.leaves, np.inf)
        self._least[owned] = np.maximum(lower[single], 0.0)
        self._most[owned] = upper[single]
        if own_figures is not None:
            is_known, population = own_figures
            self._least[is_known] = self._most[is_known] = population[is_known]
        self._sums = list_others(len(lower), single)
        self._whole: highspy.Highs | None = None

    @cached_property
    def _linear(self) -> highspy.Highs:
        """The program of bounds with fractions; audits that settle all cells without one need not create it."""
        return self._create_intruder_solver()

    def _create_intruder_solver(self) -> highspy.Highs:
        return create_solver(
            np.zeros(self.leaves),
            self._least,
            np.where(np.isfinite(self._most), self._most, _INF),
            self.matrix[self._sums],
            (
                np.where(np.isfinite(self.lower[self._sums]), self.lower[self._sums], -_INF),
                np.where(np.isfinite(self.upper[self._sums]), self.upper[self._sums], _INF),
            ),
            PRIMAL_SIMPLEX,
        )

    def limit_distance(self, population: Array, most: float) -> None:
        """Let each variable differ from that of a population by `most` at most. Call before the first program."""
        self._least = np.maximum(self._least, population - most)
        self._most = np.minimum(self._most, population + most)

    def find_witness(self, weights: Array) -> Array | None:
        """Return a whole-number population that roughly maximises the weighted sum of cells, or None if none is found.

        Leaves are limited to the largest published value plus ten, so that the search ends; a population found within
        that limit still agrees with the published cells.
        """
        if self._whole is None:
            self._whole = self._create_intruder_solver()
            for option, value in (("presolve", "on"), ("time_limit", self.mip_seconds), ("mip_rel_gap", 1.0)):
                self._whole.setOptionValue(option, value)
            top = float(np.max(self.upper[np.isfinite(self.upper)], initial=0.0)) + 10.0
            self._whole.changeColsBounds(self.leaves, self._columns, self._least, np.minimum(self._most, top))
            self._whole.changeColsIntegrality(self.leaves, self._columns, np.full(self.leaves, INTEGER))
        self._whole.changeColsCost(self.leaves, self._columns, -(self.matrix.T @ weights))
        self._whole.run()
        return self.check_population(read_solution(self._whole))

    def check_population(self, population: Array) -> Array | None:
        """Return the population rounded if it is whole and agrees with all published cells, else None.

        An empty array gives None.
        """
        if len(population) < self.leaves:
            return None
        whole: Array = np.rint(population)
        cells = self.matrix @ whole
        fits = np.abs(population - whole).max(initial=0.0) < 1e-6 and (whole >= self._least).all()
        fits = fits and (whole <= self._most).all()
        return whole if fits and (cells >= self.lower - 1e-6).all() and (cells <= self.upper + 1e-6).all() else None

    def find_bound(self, cell: int, sign: Literal[1, -1], *, whole: bool = False) -> Bound:
        """Return the least (sign 1) or greatest (sign -1) value of a cell, with `whole` over whole populations."""
        costs = np.zeros(self.leaves)
        row = self.matrix[cell]
        costs[row.indices] = sign * row.data
        if whole:
            solver = self._create_intruder_solver()
            solver.setOptionValue("presolve", "on")
            solver.setOptionValue("time_limit", self.mip_seconds)
            solver.setOptionValue("mip_abs_gap", 0.5)
            solver.changeColsIntegrality(self.leaves, self._columns, np.full(self.leaves, INTEGER))
        else:
            solver = self._linear
        solver.changeColsCost(self.leaves, self._columns, costs)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            objective = float(solver.getInfo().objective_function_value)
            return Bound("bounded", sign * objective, read_solution(solver))
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return Bound("unbounded", -sign * np.inf, np.array([]))
        return Bound("unknown", np.nan, np.array([]))
