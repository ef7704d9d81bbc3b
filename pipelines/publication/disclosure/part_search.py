"""Look for witnesses among the populations that move persons of a few years only (`parts.py`).

These programs are small, also over whole numbers, so they settle most of the cells that no known population settles.
They can show that a cell is protected, never that it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal

import numpy as np

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.parts import ProblemPart
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.witnesses import ObservedRange, Witnesses

_FARTHEST = 4.0
"""Persons by which a count may differ from the true one. A limit keeps whole-number programs quick."""


def search_parts(
    witnesses: Witnesses,
    observed: ObservedRange,
    rows: Sequence[int],
    limits: tuple[Array, Array],
    own_columns: Array | None,
) -> None:
    """Find populations that show other values of the open cells among `rows`, and add them to the witnesses.

    `limits` are the least and the greatest value of each row that agree with the published cells, and `own_columns`
    the variables that an insider knows.  A cell for which nothing is found is not settled.
    """
    space = witnesses.space
    programs: dict[int, _PartProgram] = {}
    for row in rows:
        for part in space.parts.list_parts(row) if not observed.is_wide(row) else ():
            if id(part) not in programs:
                programs[id(part)] = _PartProgram(space, part, limits, witnesses.truth, own_columns)
            for whole, sign in product((False, True), lp.SIGNS):
                if not observed.is_wide(row):
                    population = programs[id(part)].find_population(row, sign, whole=whole)
                    observed.extend_range(*witnesses.add_solution(population, own_columns))


class _PartProgram:
    """Populations that move no persons but those of a part, and each count by a few persons at most."""

    def __init__(
        self, space: Space, part: ProblemPart, limits: tuple[Array, Array], truth: Array, own_columns: Array | None
    ) -> None:
        self._part, self._truth = part, truth
        matrix, own_truth = space.matrix[part.rows][:, part.columns], truth[part.columns]
        by_others = space.matrix[part.rows] @ truth - matrix @ own_truth
        lower, upper = (limit[part.rows] - by_others for limit in limits)
        is_own = np.zeros(len(own_truth), dtype=bool) if own_columns is None else own_columns[part.columns]
        self._intruder = lp.Intruder(matrix, lower, upper, lp.MIP_SECONDS, (is_own, own_truth))
        self._intruder.limit_distance(own_truth, _FARTHEST)

    def find_population(self, row: int, sign: Literal[1, -1], *, whole: bool) -> Array:
        """Return a population with the least (sign 1) or greatest (sign -1) value of a row, or the true one."""
        bound = self._intruder.find_bound(int(np.searchsorted(self._part.rows, row)), sign, whole=whole)
        population = self._truth.copy()
        if len(bound.solution):
            population[self._part.columns] = bound.solution
        return population
