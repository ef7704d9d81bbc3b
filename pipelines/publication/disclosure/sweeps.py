"""Find many populations at once that agree with all published cells, before single cells are raised.

Most hidden cells are protected by others that are hidden anyway.  To find that out with a program for each cell and
reader would take most of the time of a search.  Here one program moves as many hidden cells as it can and hides none.
What it does not move is left to the programs of single cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.linked_changes import merge_changes
from pipelines.publication.disclosure.parts import ProblemPart
from pipelines.publication.disclosure.space import Array
from pipelines.publication.disclosure.witnesses import ObservedRange, Witnesses

_FEWEST_CELLS = 8
"""Open cells of a reader from which one program for all of them takes less time than some for each."""


def sweep_witnesses(
    witnesses: Witnesses, observed: ObservedRange, rows: Sequence[int], is_known: Array, own_columns: Array | None
) -> None:
    """Add populations to the witnesses that show other values of many open cells among `rows` at once.

    `is_known` marks the published rows and equations, and `own_columns` the variables that an insider knows.
    """
    open_rows = [row for row in rows if not observed.is_wide(row)]
    if len(open_rows) < _FEWEST_CELLS:
        return
    space, random = witnesses.space, np.random.default_rng(20260101)
    still_columns = np.zeros(space.matrix.shape[1], dtype=bool) if own_columns is None else own_columns
    moves = FreeMoves(space.matrix, witnesses.truth, is_known, still_columns, float(observed.width))
    count, settled = len(open_rows), len(open_rows)
    while count >= _FEWEST_CELLS and settled >= _FEWEST_CELLS:
        is_open: Array = np.zeros(len(is_known), dtype=bool)
        is_open[open_rows] = True
        change = moves.find_change(space.matrix.T @ draw_weights(random, is_open, space.values, observed.width))
        observed.extend_range(*witnesses.add_solution(witnesses.truth + change, own_columns))
        open_rows = [row for row in open_rows if not observed.is_wide(row)]
        settled, count = count - len(open_rows), len(open_rows)


def draw_weights(random: np.random.Generator, wanted: Array, values: Array, width: int) -> Array:
    """Return random weights of rows, as large as `wanted` at most: positive if the row shall be raised.

    A value below `width` cannot be lowered by as much; the others are raised or lowered.
    """
    signs = np.where(values < width, 1.0, random.choice([-1.0, 1.0], len(values)))
    weights: Array = signs * wanted * random.uniform(0.2, 1.0, len(values))
    return weights


class FreeMoves:
    """The changes of a population that no published cell shows, and that leave the variables of readers as they are.

    `is_known` marks the rows of `matrix` that may not change, and `own_columns` the variables.  Each of the other
    variables changes by `farthest` at most, and only those of `part` change if it is given.
    """

    def __init__(
        self,
        matrix: sparse.csr_matrix,
        truth: Array,
        is_known: Array,
        own_columns: Array,
        farthest: float,
        part: ProblemPart | None = None,
    ) -> None:
        self._size = matrix.shape[1]
        rows, columns = np.flatnonzero(is_known), np.arange(self._size)
        if part is not None:
            rows, columns = part.rows[is_known[part.rows]], part.columns
        self._columns = columns[~own_columns[columns]]
        merged = merge_changes(
            matrix[rows][:, self._columns],
            -np.minimum(truth[self._columns], farthest),
            np.full(len(self._columns), farthest),
        )
        self._expand = merged.expand
        self._numbers = np.arange(len(merged.lower), dtype=np.int32)
        nothing = np.zeros(merged.matrix.shape[0])
        self._solver = lp.create_solver(
            np.zeros(len(self._numbers)), merged.lower, merged.upper, merged.matrix, (nothing, nothing), lp.DUAL_SIMPLEX
        )

    def find_change(self, weights: Array) -> Array:
        """Return a change with the greatest weighted sum, of which some moves may have fractions.

        It is zero, which is always possible, if the solver finds no other.
        """
        change: Array = np.zeros(self._size)
        size = len(self._numbers)
        self._solver.changeColsCost(size, self._numbers, -(self._expand.T @ weights[self._columns]))
        # Weights change so much that the solver is faster without its last solution.
        self._solver.clearSolver()
        self._solver.run()
        solution = lp.read_solution(self._solver)
        if len(solution) == size:
            change[self._columns] = self._expand @ solution
        return change
