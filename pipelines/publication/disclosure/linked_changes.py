"""Merge variables that equations let change only together, so that programs have fewer variables and equations.

What one territory sent to another is what the other received, and what is pending at the end of a year is pending at
the start of the next.  Of a change that no reader sees, an equation of two variables says that both change alike, and
one of a single variable that it does not change.  The solver would find that out again in every program.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

Array = np.ndarray[Any, np.dtype[Any]]


_ROUNDS = 2
"""Rounds after which hardly any further variables are merged; merging only saves time."""


class LinkedVariables(NamedTuple):
    """The number of the class of each variable, the sign with which it changes as its class does, and `is_tied`.

    `is_tied` is True for a variable that an equation of its own, or a contradiction with its sign 0, leaves no change.
    """

    classes: Array
    signs: Array
    is_tied: Array


class MergedChanges(NamedTuple):
    """The changes with matrix @ change = 0 and lower <= change <= upper; `expand` @ change is one of all variables."""

    matrix: sparse.csr_matrix
    lower: Array
    upper: Array
    expand: sparse.csr_matrix


def merge_changes(matrix: sparse.csr_matrix, lower: Array, upper: Array) -> MergedChanges:
    """Return the same changes of fewer variables. Zero has to be one of them: lower <= 0 <= upper."""
    expand = sparse.identity(matrix.shape[1], format="csr")
    matrix = drop_repeated_rows(matrix)
    for _ in range(_ROUNDS):
        classes, signs, is_tied = link_variables(matrix)
        is_still = is_tied | (lower == upper)
        if classes.max(initial=-1) + 1 == len(classes) and not is_still.any():
            break
        is_still_class = np.bincount(classes, is_still) > 0
        movable = np.flatnonzero(~is_still_class[classes])
        merged, numbers = np.unique(classes[movable], return_inverse=True)
        merge = sparse.csr_matrix((signs[movable], (movable, numbers)), shape=(len(classes), len(merged)))
        is_alike = signs[movable] > 0.0
        least, most = np.full(len(merged), -np.inf), np.full(len(merged), np.inf)
        np.maximum.at(least, numbers, np.where(is_alike, lower[movable], -upper[movable]))
        np.minimum.at(most, numbers, np.where(is_alike, upper[movable], -lower[movable]))
        lower, upper = least, most
        expand, matrix = expand @ merge, drop_repeated_rows(matrix @ merge)
    return MergedChanges(matrix, lower, upper, expand)


def link_variables(equations: sparse.csr_matrix) -> LinkedVariables:
    """Return which variables change only together if equations @ change = 0.

    Equations of three variables or more, and those of two with coefficients of different size, link none. Classes are
    numbered from 0 in the order of their first variables.
    """
    sizes = np.diff(equations.indptr)
    classes, signs = _find_classes(_take_pairs(equations, sizes))
    is_tied: Array = signs == 0.0
    is_tied[equations.indices[equations.indptr[:-1][sizes == 1]]] = True
    return LinkedVariables(classes, signs, is_tied)


def drop_repeated_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the matrix without empty rows, and without those that are another row or its negative."""
    matrix = matrix.tocsr()
    matrix.eliminate_zeros()
    return matrix[find_distinct_rows(matrix)]


def find_distinct_rows(matrix: sparse.csr_matrix) -> Array:
    """Return the numbers of rows of whole numbers of which each other row is a repetition, the negative, or empty."""
    if (matrix.data != np.rint(matrix.data)).any():
        return np.arange(matrix.shape[0])
    matrix.sort_indices()
    filled = np.flatnonzero(np.diff(matrix.indptr))
    # A row's signature is the sum of its columns' random 64-bit numbers. That two different rows of a problem have the
    # same signature by chance is as unlikely as one in a million million.
    marks = np.random.default_rng(20260101).integers(1, 2**62, size=matrix.shape[1], dtype=np.int64)
    starts = matrix.indptr[filled]
    weights = marks[matrix.indices] * matrix.data.astype(np.int64)
    signatures = np.add.reduceat(weights, starts) if len(filled) else np.array([], dtype=np.int64)
    signatures *= np.sign(matrix.data[starts]).astype(np.int64)
    distinct: Array = filled[np.sort(np.unique(signatures, return_index=True)[1])]
    return distinct


def _take_pairs(matrix: sparse.csr_matrix, sizes: Array) -> sparse.csr_matrix:
    """Return the rows of two variables whose coefficients have the same size."""
    pairs = matrix[np.flatnonzero(sizes == 2)]
    # Merging may have added up coefficients.
    coefficients = np.abs(pairs.data.reshape(-1, 2))
    return pairs[np.flatnonzero(coefficients[:, 0] == coefficients[:, 1])]


def _find_classes(pairs: sparse.csr_matrix) -> tuple[Array, Array]:
    """Return the number of the class of each variable, and the sign with which it changes as its class does.

    Each row of `pairs` has two variables, with coefficients of the same size, and their sum is zero.  The sign is 0 if
    equations leave a class no change.
    """
    size = pairs.shape[1]
    first, second = pairs.indices.reshape(-1, 2).T
    has_same_sign = pairs.data.reshape(-1, 2).prod(axis=1) > 0.0
    # Each variable has two nodes, for itself and its negative.
    firsts = np.concatenate([first, first + size])
    seconds = np.concatenate([second + size * has_same_sign, second + size * ~has_same_sign])
    graph = sparse.csr_matrix((np.ones(len(firsts)), (firsts, seconds)), shape=(2 * size, 2 * size))
    labels = csgraph.connected_components(graph, directed=False)[1]
    itself, negative = labels[:size], labels[size:]
    signs: Array = np.sign(negative - itself).astype(float)
    classes: Array = np.unique(np.minimum(itself, negative), return_inverse=True)[1]
    return classes, signs
