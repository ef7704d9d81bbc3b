"""Merging variables that change only together: the small program has the same changes as the large one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.linked_changes import find_distinct_rows, link_variables, merge_changes


def list_changes(matrix: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> set[tuple[float, ...]]:
    """Return all whole changes within the bounds for which every row of a matrix is zero."""
    steps = [np.arange(least, most + 1.0) for least, most in zip(lower, upper, strict=True)]
    changes = (np.array(change) for change in product(*steps))
    return {tuple(change + 0.0) for change in changes if not (matrix @ change).any()}


@pytest.mark.parametrize("seed", range(30))
def test_merged_program_has_the_same_changes(seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = random.choice([0.0, 1.0, -1.0], (5, 6), p=[0.6, 0.25, 0.15])
    lower, upper = -random.integers(0, 3, 6).astype(float), np.full(6, 2.0)
    merged = merge_changes(sparse.csr_matrix(matrix), lower, upper)
    assert merged.matrix.shape[1] == len(merged.lower) == len(merged.upper) == merged.expand.shape[1]
    of_merged = list_changes(merged.matrix.toarray(), merged.lower, merged.upper)
    assert {tuple(merged.expand @ change + 0.0) for change in of_merged} == list_changes(matrix, lower, upper)


def test_linked_variables_are_one() -> None:
    # The first two change alike, the third in the other direction, and the last not at all.
    matrix = sparse.csr_matrix([[1.0, -1.0, 0, 0, 0], [0, 1.0, 1.0, 0, 0], [0, 0, 0, 0, 1.0]])
    merged = merge_changes(matrix, np.array([-2.0, -1.0, 0.0, -2.0, -2.0]), np.full(5, 2.0))
    assert merged.matrix.shape == (0, 2)
    assert sorted(zip(merged.lower.tolist(), merged.upper.tolist(), strict=True)) == [(-2.0, 2.0), (-1.0, 0.0)]


def test_repeated_rows_are_dropped_and_others_kept() -> None:
    rows = [[1.0, 1.0, -1.0], [0, 0, 0], [-1.0, -1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, -1.0]]
    assert find_distinct_rows(sparse.csr_matrix(rows)).tolist() == [0, 3]


def test_rows_of_fractions_are_all_kept() -> None:
    assert find_distinct_rows(sparse.csr_matrix([[0.5, 0.2], [0.4, 0.1], [0.0, 0.0]])).tolist() == [0, 1, 2]


def create_linked_program() -> lp.Raising:
    """Return four cells: the first is always one less than the second, and both pairs have the same sum."""
    matrix = sparse.csr_matrix(
        [[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0], [-1.0, 1.0, 0, 0], [1.0, 1.0, -1.0, -1.0]]
    )
    raising = lp.Raising(matrix, np.array([1.0, 2.0, 3.0, 3.0, 1.0, -3.0]), np.array([1.0, 2.0, 5.0, 4.0]), ties=2)
    raising.set_true_population(np.array([1.0, 2.0, 3.0, 3.0]))
    return raising


def test_linked_cells_are_raised_together() -> None:
    raising = create_linked_program()
    raised = raising.raise_cell(0, 2.0)
    assert raised is not None
    assert raised.tolist() == [2.0, 2.0, 0.0, 4.0, 0.0, 0.0]


def test_linked_cells_are_lowered_as_far_as_the_smaller_one() -> None:
    raising = create_linked_program()
    assert raising.raise_cell(1, -2.0) is None
    lowered = raising.raise_cell(1, -1.0)
    assert lowered is not None
    assert lowered.tolist() == [-1.0, -1.0, 0.0, -2.0, 0.0, 0.0]


def test_cost_of_linked_cells_is_that_of_all_that_are_not_hidden() -> None:
    raising = create_linked_program()
    raising.hide_cell(0)
    raising.show_cell(2, 4.5)
    raising.hide_cell(1)
    raised = raising.raise_cell(3, 1.0)
    # Nothing else moves at no cost, so the linked cells, which do, move by a half each.
    assert raised is not None
    assert raised[:4].tolist() == [0.5, 0.5, 0.0, 1.0]
    raising.show_cell(1, 20.0)
    raised = raising.raise_cell(3, 1.0)
    assert raised is not None
    assert raised[:4].tolist() == [0.0, 0.0, -1.0, 1.0]


def test_cell_linked_to_one_that_is_known_does_not_move() -> None:
    raising = create_linked_program()
    raising.fix_cells(np.array([1]))
    assert raising.raise_cell(0, 1.0) is None
    is_known = np.array([True, False, False, False])
    raising.freeze_columns(is_known)
    raising.unfix_cells(np.array([1]))
    assert raising.raise_cell(1, 1.0) is None
    raising.release_columns(is_known)
    assert raising.raise_cell(1, 1.0) is not None


@pytest.mark.parametrize("seed", range(20))
def test_link_variables_finds_what_all_changes_have_in_common(seed: int) -> None:
    """Compare with all whole changes: variables of a class change alike, or as the negative, and tied ones never."""
    random = np.random.default_rng(seed)
    matrix = np.zeros((4, 5))
    for row in matrix:
        columns = random.choice(5, random.choice([1, 2, 2, 2]), replace=False)
        row[columns] = random.choice([1.0, -1.0], len(columns))
    linked = link_variables(sparse.csr_matrix(matrix))
    changes = np.array(sorted(list_changes(matrix, np.full(5, -2.0), np.full(5, 2.0))))
    numbers = dict.fromkeys(linked.classes.tolist())
    assert list(numbers) == list(range(len(numbers))), "numbered in the order of the first variables"
    for first, second in product(range(5), repeat=2):
        is_alike = (changes[:, first] == changes[:, second]).all()
        is_opposite = (changes[:, first] == -changes[:, second]).all()
        if linked.classes[first] == linked.classes[second]:
            is_same_sign = linked.signs[first] == linked.signs[second]
            assert is_alike if is_same_sign else is_opposite
        elif changes[:, first].any():
            assert not is_alike and not is_opposite
    assert not changes[:, linked.is_tied].any()
