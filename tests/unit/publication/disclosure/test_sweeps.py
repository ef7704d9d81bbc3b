"""Sweeps: populations that move many hidden cells at once, and nothing that readers know."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from pipelines.publication.disclosure.parts import ProblemPart, YearParts
from pipelines.publication.disclosure.sweeps import FreeMoves

FARTHEST = 2.0


def take_whole(matrix: np.ndarray) -> ProblemPart:
    """Return all rows and columns of a matrix."""
    return YearParts(sparse.csr_matrix(matrix), None).whole


def list_changes(matrix: np.ndarray, truth: np.ndarray, is_own: np.ndarray) -> list[np.ndarray]:
    """Return all changes that leave every row of a matrix and the own variables as they are."""
    steps = [
        (0.0,) if is_still else tuple(np.arange(-min(value, FARTHEST), FARTHEST + 1))
        for value, is_still in zip(truth, is_own, strict=True)
    ]
    changes = [np.array(change) for change in product(*steps)]
    return [change for change in changes if not (matrix @ change).any()]


@pytest.mark.parametrize("seed", range(12))
def test_sweep_moves_what_no_known_row_shows_and_nothing_else(seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = random.choice([0.0, 1.0, -1.0], (5, 6), p=[0.6, 0.3, 0.1])
    is_known = np.array([True, True, True, False, False])
    truth, is_own = random.integers(0, 5, 6).astype(float), random.random(6) < 0.2
    possible = list_changes(matrix[is_known], truth, is_own)
    moves = FreeMoves(take_whole(matrix), truth, is_known, is_own, FARTHEST)
    for _ in range(5):
        weights = random.uniform(-1.0, 1.0, 6)
        change = moves.find_change(weights).add_to(np.zeros(6))
        assert np.allclose(matrix[is_known] @ change, 0.0)
        assert not change[is_own].any()
        assert (change >= -np.minimum(truth, FARTHEST) - 1e-9).all()
        assert (change <= FARTHEST + 1e-9).all()
        # Changes with fractions may be better than those without, but not worse.
        assert weights @ change >= max(float(weights @ expected) for expected in possible) - 1e-6


def test_sweep_of_a_problem_in_which_nothing_can_move_changes_nothing() -> None:
    moves = FreeMoves(take_whole(np.eye(3)), np.ones(3), np.ones(3, bool), np.zeros(3, bool), FARTHEST)
    assert moves.find_change(np.ones(3)).columns.tolist() == []


def test_count_that_is_alone_in_a_known_row_does_not_move() -> None:
    # The first row shows the first count, so the second row shows the second; the last two may be exchanged.
    matrix = np.array([[1.0, 0, 0, 0], [1.0, 1.0, 0, 0], [0, 0, 1.0, 1.0]])
    moves = FreeMoves(take_whole(matrix), np.full(4, 3.0), np.ones(3, bool), np.zeros(4, bool), FARTHEST)
    change = moves.find_change(np.array([9.0, 9.0, 1.0, 0.0]))
    assert (change.columns.tolist(), change.amounts.tolist()) == ([2, 3], [2.0, -2.0])
