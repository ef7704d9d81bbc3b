"""Look for witnesses among the populations that move persons of a few years only (`parts.py`).

These programs are small, also over whole numbers, so they settle most of the cells that no known population settles.
They can show that a cell is protected, never that it is not.
"""

from __future__ import annotations

from itertools import product
from typing import Literal

import numpy as np

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.moves import Move
from pipelines.publication.disclosure.parts import ProblemPart
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.witnesses import ObservedRange, Witnesses

_FARTHEST = (4.0, 64.0)
"""Persons by which a count may differ from the true one. A limit keeps whole-number programs quick.

In a history of 40 years, some stocks move far enough only if others differ by dozens.  With the first limit alone they
were left to programs over the whole problem, which took more than half of the time of its largest problem of counts.
"""


def search_parts(
    witnesses: Witnesses,
    observed: ObservedRange,
    rows: Array,
    limits: tuple[Array, Array],
    own_columns: Array | None,
) -> None:
    """Find populations that show other values of the open cells among `rows`, and add them to the witnesses.

    `limits` are the least and the greatest value of each row that agree with the published cells, and `own_columns`
    the variables that an insider knows.  A cell for which nothing is found is not settled.
    """
    space = witnesses.space
    open_rows = observed.list_open(rows)
    for span in space.parts.spans if len(open_rows) else ():
        programs: dict[tuple[ProblemPart, float], _PartProgram] = {}
        for row in np.intersect1d(open_rows, span.rows).tolist():
            for place in product(space.parts.list_parts(row), _FARTHEST) if not observed.is_wide(row) else ():
                if place not in programs:
                    programs[place] = _PartProgram(space, *place, limits, witnesses.truth, own_columns)
                for whole, sign in product((False, True), lp.SIGNS):
                    if not observed.is_wide(row):
                        change = programs[place].find_change(row, sign, whole=whole)
                        observed.extend_range(*witnesses.add_solution(change, own_columns))
                if observed.is_wide(row):
                    break


class _PartProgram:
    """Populations that move no persons but those of a part, and each count by `farthest` at most."""

    def __init__(
        self,
        space: Space,
        part: ProblemPart,
        farthest: float,
        limits: tuple[Array, Array],
        truth: Array,
        own_columns: Array | None,
    ) -> None:
        self._part, self._truth = part, truth[part.columns]
        by_others = space.matrix[part.rows] @ truth - part.matrix @ self._truth
        lower, upper = (limit[part.rows] - by_others for limit in limits)
        is_own = np.zeros(len(self._truth), dtype=bool) if own_columns is None else own_columns[part.columns]
        self._intruder = lp.Intruder(part.matrix, lower, upper, lp.MIP_SECONDS, (is_own, self._truth))
        self._intruder.limit_distance(self._truth, farthest)

    def find_change(self, row: int, sign: Literal[1, -1], *, whole: bool) -> Move:
        """Return what a population with the least (sign 1) or greatest (sign -1) value of a row changes.

        It is nothing if the solver finds no population.
        """
        number = int(self._part.find_numbers(np.array([row]))[0])
        bound = self._intruder.find_bound(number, sign, whole=whole)
        population = bound.solution if len(bound.solution) else self._truth
        return Move.from_change(population - self._truth, self._part.columns)
