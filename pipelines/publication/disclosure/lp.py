"""Linear and whole-number programs over one block, solved by HiGHS.

Two models exist: the least costly population that raises one cell (for protection), and the bounds of one cell (for
the audit).
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
from scipy import sparse

Array = np.ndarray[Any, np.dtype[Any]]
_INF = highspy.kHighsInf
_INTEGER = highspy.HighsVarType.kInteger
_PRIMAL_SIMPLEX = 4  # the dual simplex, HiGHS's default, starts anew whenever only the objective changes


class SolverError(Exception):
    """The solver gave no usable answer. A release never goes on from here."""


def _swallow_banner() -> None:
    """The solver's first object of a process prints a banner past Python, into what may be somebody's JSON."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        highspy.Highs()  # type: ignore[no-untyped-call]
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


_swallow_banner()


def _solver(
    costs: Array,
    lower: Array,
    upper: Array,
    matrix: sparse.spmatrix,
    rows: tuple[Array, Array],
) -> highspy.Highs:
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
    solver.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX)
    solver.passModel(model)
    return solver


class Raising:
    """min sum c (up + down)  such that  A x - up + down = a,  x, up, down >= 0.

    `x` is a population, `up` and `down` how far it leaves the true cell values `a`.  A cell that is already hidden
    costs nothing; the last `ties` rows are equations between cells, which no population leaves.  The answer to
    `raise_cell` is a population that an intruder could not tell from the true one once the cells it moves are hidden.
    """

    def __init__(self, matrix: sparse.csr_matrix, values: Array, costs: Array, ties: int = 0) -> None:
        self.cells, self.leaves = matrix.shape
        self.costs = costs.astype(float).copy()
        identity = sparse.identity(self.cells, format="csr")
        whole = sparse.hstack([matrix, -identity, identity])
        free = np.full(self.cells, _INF)
        free[self.cells - ties :] = 0.0
        self._solver = _solver(
            np.concatenate([np.zeros(self.leaves), self.costs, self.costs]),
            np.zeros(self.leaves + 2 * self.cells),
            np.concatenate([np.full(self.leaves, _INF), free, free]),
            whole,
            (values.astype(float), values.astype(float)),
        )

    def contradictions(self) -> Array:
        """Movements without which no population has the true values: zero where the cells agree. Call before `hide`."""
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"looking for contradictions ended with {status}")
        return self._moved(np.array(self._solver.getSolution().col_value))

    def _moved(self, solution: Array) -> Array:
        moved = solution[self.leaves : self.leaves + self.cells] - solution[self.leaves + self.cells :]
        return np.where(np.abs(moved) < 1e-7, 0.0, moved)

    def hide(self, cell: int) -> None:
        """From now on the cell may move freely."""
        self.costs[cell] = 0.0
        for column in (self.leaves + cell, self.leaves + self.cells + cell):
            self._solver.changeColCost(column, 0.0)

    def raise_cell(self, cell: int, by: float) -> Array:
        """Movements (up - down) of all cells in a cheapest population in which the cell is at least `by` higher.

        Raises SolverError when there is no answer.
        """
        up, down = self.leaves + cell, self.leaves + self.cells + cell
        self._solver.changeColBounds(up, float(by), _INF)
        self._solver.changeColBounds(down, 0.0, 0.0)
        self._solver.run()
        status = self._solver.getModelStatus()  # read before any bound changes: that would reset it
        solution = (
            np.array(self._solver.getSolution().col_value) if status == highspy.HighsModelStatus.kOptimal else None
        )
        self._solver.changeColBounds(up, 0.0, _INF)
        self._solver.changeColBounds(down, 0.0, _INF)
        if solution is None:
            raise SolverError(f"raising a cell ended with {status}")
        return self._moved(solution)


@dataclass(frozen=True)
class Bound:
    """One end of what a cell may be: bounded, unbounded or unknown. `population` attains it, where it is whole."""

    state: Literal["bounded", "unbounded", "unknown"]
    value: float
    population: Array | None


class Intruder:
    """Bounds of linear forms over all populations that agree with the published cells (lower <= A x <= upper)."""

    def __init__(self, matrix: sparse.csr_matrix, lower: Array, upper: Array, mip_seconds: float) -> None:
        self.matrix, self.lower, self.upper = matrix, lower, upper
        self.mip_seconds = mip_seconds
        self.leaves = matrix.shape[1]
        self._columns = np.arange(self.leaves, dtype=np.int32)
        self._linear = self._fresh()
        self._whole: highspy.Highs | None = None

    def _fresh(self) -> highspy.Highs:
        return _solver(
            np.zeros(self.leaves),
            np.zeros(self.leaves),
            np.full(self.leaves, _INF),
            self.matrix,
            (np.where(np.isfinite(self.lower), self.lower, -_INF), np.where(np.isfinite(self.upper), self.upper, _INF)),
        )

    def witness(self, weights: Array) -> Array | None:
        """A whole population that (about) maximises the weighted sum of cells, or None where the solver finds none.

        Leaves are kept below the largest published value and ten, so that the search ends; a population found within
        that limit agrees with the published cells all the same.
        """
        if self._whole is None:
            self._whole = self._fresh()
            for option, value in (("presolve", "on"), ("time_limit", self.mip_seconds), ("mip_rel_gap", 1.0)):
                self._whole.setOptionValue(option, value)
            top = float(np.max(self.upper[np.isfinite(self.upper)], initial=0.0)) + 10.0
            self._whole.changeColsBounds(self.leaves, self._columns, np.zeros(self.leaves), np.full(self.leaves, top))
            self._whole.changeColsIntegrality(self.leaves, self._columns, np.full(self.leaves, _INTEGER))
        self._whole.changeColsCost(self.leaves, self._columns, -(self.matrix.T @ weights))
        self._whole.run()
        population = np.array(self._whole.getSolution().col_value)
        return self._agreeing(population) if len(population) == self.leaves else None

    def _agreeing(self, population: Array) -> Array | None:
        """The population rounded, where it is whole and agrees with all published cells."""
        whole: Array = np.rint(population)
        cells = self.matrix @ whole
        fits = np.abs(population - whole).max(initial=0.0) < 1e-6 and whole.min(initial=0.0) >= 0
        return whole if fits and (cells >= self.lower - 1e-6).all() and (cells <= self.upper + 1e-6).all() else None

    def bound(self, cell: int, sign: Literal[1, -1], *, whole: bool = False) -> Bound:
        """The least (sign 1) or greatest (sign -1) value of a cell, over whole populations where `whole`."""
        costs = np.zeros(self.leaves)
        row = self.matrix[cell]
        costs[row.indices] = sign * row.data
        solver = self._linear
        if whole:
            solver = self._fresh()
            solver.setOptionValue("presolve", "on")
            solver.setOptionValue("time_limit", self.mip_seconds)
            solver.setOptionValue("mip_abs_gap", 0.5)
            solver.changeColsIntegrality(self.leaves, self._columns, np.full(self.leaves, _INTEGER))
        solver.changeColsCost(self.leaves, self._columns, costs)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            objective = float(solver.getInfo().objective_function_value)
            return Bound("bounded", sign * objective, self._agreeing(np.array(solver.getSolution().col_value)))
        if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return Bound("unbounded", -sign * np.inf, None)
        return Bound("unknown", np.nan, None)
