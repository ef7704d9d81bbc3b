"""Find many populations at once that agree with all published cells, before single cells are raised.

Most hidden cells are protected by others that are hidden anyway.  To find that out with a program for each cell and
reader would take most of the time of a search.  Here one program moves as many hidden cells as it can and hides none.
What it does not move is left to the programs of single cells.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.linked_changes import merge_changes
from pipelines.publication.disclosure.moves import Move
from pipelines.publication.disclosure.parts import ProblemPart
from pipelines.publication.disclosure.space import Array
from pipelines.publication.disclosure.witnesses import ObservedRange, Witnesses

_FEWEST_CELLS = 8
"""Open cells of a reader from which one program for all of them takes less time than some for each."""


def sweep_witnesses(
    witnesses: Witnesses,
    observed: ObservedRange,
    rows: Array,
    is_known: Array,
    own_columns: Array | None,
    parts: Iterable[ProblemPart],
) -> None:
    """Add populations to the witnesses that show other values of many open cells among `rows` at once.

    They move nothing outside one of the `parts`.  `is_known` marks the published rows and equations, and `own_columns`
    the variables that an insider knows.
    """
    space, random = witnesses.space, np.random.default_rng(20260101)
    is_open: Array = np.zeros(len(is_known), dtype=bool)
    is_open[observed.list_open(rows)] = True
    still_columns = np.zeros(space.matrix.shape[1], dtype=bool) if own_columns is None else own_columns
    for part in parts:
        count = settled = int(is_open[part.rows].sum())
        if count < _FEWEST_CELLS:
            continue
        moves = FreeMoves(
            part, witnesses.truth, is_known[part.rows], still_columns[part.columns], float(observed.width)
        )
        values = space.values[part.rows]
        while count >= _FEWEST_CELLS and settled >= _FEWEST_CELLS:
            weights = draw_weights(random, is_open[part.rows], values, observed.width)
            change = moves.find_change(part.matrix.T @ weights)
            observed.extend_range(*witnesses.add_solution(change, own_columns))
            is_open[part.rows] = False
            is_open[observed.list_open(part.rows[weights != 0.0])] = True
            settled, count = count - int(is_open[part.rows].sum()), int(is_open[part.rows].sum())


def draw_weights(random: np.random.Generator, wanted: Array, values: Array, width: int) -> Array:
    """Return random weights of rows, as large as `wanted` at most: positive if the row shall be raised.

    A value below `width` cannot be lowered by as much; the others are raised or lowered.
    """
    signs = np.where(values < width, 1.0, random.choice([-1.0, 1.0], len(values)))
    weights: Array = signs * wanted * random.uniform(0.2, 1.0, len(values))
    return weights


class FreeMoves:
    """The changes of a population that no published cell shows, and that leave the variables of readers as they are.

    `is_known` marks the rows of `part` that may not change, and `is_own` the variables.  Each of the other variables
    changes by `farthest` at most.
    """

    def __init__(self, part: ProblemPart, truth: Array, is_known: Array, is_own: Array, farthest: float) -> None:
        self._is_free = ~is_own
        self._columns = part.columns[self._is_free]
        merged = merge_changes(
            part.matrix[is_known][:, self._is_free],
            -np.minimum(truth[self._columns], farthest),
            np.full(len(self._columns), farthest),
        )
        self._expand = merged.expand
        self._numbers = np.arange(len(merged.lower), dtype=np.int32)
        nothing = np.zeros(merged.matrix.shape[0])
        self._solver = lp.create_solver(
            np.zeros(len(self._numbers)), merged.lower, merged.upper, merged.matrix, (nothing, nothing), lp.DUAL_SIMPLEX
        )

    def find_change(self, weights: Array) -> Move:
        """Return a change with the greatest sum, weighted by the columns of the part. Some amounts may be fractions.

        It changes nothing, which is always possible, if the solver finds no other.
        """
        size = len(self._numbers)
        self._solver.changeColsCost(size, self._numbers, -(self._expand.T @ weights[self._is_free]))
        # Weights change so much that the solver is faster without its last solution.
        self._solver.clearSolver()
        self._solver.run()
        solution = lp.read_solution(self._solver)
        change = self._expand @ solution if len(solution) == size else np.zeros(len(self._columns))
        return Move.from_change(change, self._columns)
