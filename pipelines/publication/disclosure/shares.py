"""Choose tables of then and now that differ by the corrections alone, where no cell shows how persons are shared.

An insider knows how the persons of its jurisdiction are spread over quarters and categories, before a correction and
after it.  Cells do not show this, so an assessment takes a table that agrees with them (`problem.py`).  If it took two
tables that differ by more than the correction, the insider would appear to work out the others' part from changes
that nobody made.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse

from pipelines.publication.disclosure.space import Array

MIP_SECONDS = 60.0
"""Limit of the program, after which the tables stay as they are."""
_COST_OF_CHANGE = 1000.0
"""Cost of a difference between two states of a count, relative to one from the table of the first release alone."""
_COST_OF_WEIGHT = 1e-3
"""Cost of the weights, which decide between tables that are as near to each other."""


def choose_nearest_tables(
    matrix: sparse.csr_matrix, population: Array, states: Sequence[Sequence[int]], weights: Array
) -> Array:
    """Return a whole population with the same cells as `population` whose states differ as little as possible.

    `matrix` has the cells and equations as rows over the variables.  Each of `states` lists the variables of one count
    in all states of its place, the oldest first.  The oldest ones stay near `population`, so that a reader is assumed
    to have known then what the release of then assumed.  Variables in no state keep their value.  If the solver finds
    nothing in time, `population` is returned, with which figures may count as revealed that are not.
    """
    # Imported here, because few problems need it and it takes a quarter of a second of each process.
    from scipy import optimize

    pairs = np.array([pair for members in states for pair in pairwise(members)], dtype=np.int64)
    oldest = np.unique([members[0] for members in states]).astype(np.int64)
    columns = np.unique(pairs)
    differences, target = _build_differences(np.searchsorted(columns, pairs), np.searchsorted(columns, oldest))
    target[len(pairs) :] = population[oldest]
    part = matrix[:, columns].tocsr()
    part = part[np.diff(part.indptr) > 0]
    sums = part @ population[columns]
    distances = sparse.identity(len(target), format="csr")
    no_distances = sparse.csr_matrix((part.shape[0], len(target)))
    result = optimize.milp(
        np.concatenate(
            [_COST_OF_WEIGHT * weights[columns], np.full(len(pairs), _COST_OF_CHANGE), np.ones(len(oldest))]
        ),
        constraints=[
            optimize.LinearConstraint(sparse.hstack([part, no_distances]), sums, sums),
            optimize.LinearConstraint(sparse.hstack([differences, -distances]), -np.inf, target),
            optimize.LinearConstraint(sparse.hstack([differences, distances]), target, np.inf),
        ],
        bounds=optimize.Bounds(0, np.inf),
        integrality=np.concatenate([np.ones(len(columns)), np.zeros(len(target))]),
        options={"time_limit": MIP_SECONDS},
    )
    nearest = population.copy()
    if result.x is not None:
        nearest[columns] = np.rint(result.x[: len(columns)])
    return nearest if np.abs(matrix @ (nearest - population)).max(initial=0.0) < 0.5 else population


def _build_differences(pairs: Array, oldest: Array) -> tuple[sparse.csr_matrix, Array]:
    """Return rows of the later less the earlier variable of each pair and of each oldest one, and zeros as targets."""
    count = len(pairs) + len(oldest)
    signs = np.concatenate([np.ones(len(pairs)), -np.ones(len(pairs)), np.ones(len(oldest))])
    rows = np.concatenate([np.arange(len(pairs)), np.arange(len(pairs)), np.arange(len(pairs), count)])
    variables = np.concatenate([pairs[:, 1], pairs[:, 0], oldest])
    return sparse.csr_matrix((signs, (rows, variables)), shape=(count, pairs.max() + 1)), np.zeros(count)
