"""Compute by linear programming how many people of a hidden group must have given an answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from scipy.optimize import linprog

Cell = tuple[str, str]


def find_least_count(
    counts: Mapping[Cell, int], published: Mapping[int, Collection[str]], group: Collection[Cell]
) -> float:
    """Return the least number of people in `group` who can have given an answer.

    `counts` are the true counts of the answer by (territory, role). The public knows their sum, and the sum of each
    territory in `published[0]` and of each role in `published[1]`.
    """
    cells = sorted(counts)
    equations = [[1.0] * len(cells)]
    equations += [
        [float(cell[position] == code) for cell in cells] for position, codes in published.items() for code in codes
    ]
    truth = np.array([counts[cell] for cell in cells], dtype=float)
    matrix = np.array(equations)
    solved = linprog(
        [float(cell in group) for cell in cells], A_eq=matrix, b_eq=matrix @ truth, bounds=(0, None), method="highs"
    )
    assert solved.success
    return float(solved.fun)
