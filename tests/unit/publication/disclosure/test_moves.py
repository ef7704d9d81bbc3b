"""Moves: the parts of a difference between two populations that need each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pipelines.publication.disclosure import moves
from pipelines.publication.disclosure.moves import Move, MoveSplitter, join_moves, stack_moves
from pipelines.publication.disclosure.space import write_links

# Two published sums of two counts each, a hidden sum of all four, and a hidden sum of the second and third.
MATRIX = sparse.csr_matrix([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]], dtype=float)
IS_HIDDEN = np.array([False, False, True, True])
CHANGE = Move(np.arange(4), np.array([2.0, -2.0, 0.5, -0.5]))


@pytest.fixture
def splitter() -> MoveSplitter:
    return MoveSplitter(MATRIX)


def test_counts_without_a_published_cell_in_common_are_separate_moves(splitter: MoveSplitter) -> None:
    parts = splitter.split_change(CHANGE, IS_HIDDEN)
    assert [(move.columns.tolist(), move.amounts.tolist(), move.is_whole) for move in parts] == [
        ([0, 1], [2.0, -2.0], True),
        ([2, 3], [0.5, -0.5], False),
    ]


def test_counts_of_one_published_cell_are_one_move(splitter: MoveSplitter) -> None:
    (move,) = splitter.split_change(CHANGE, np.array([False, False, True, False]))
    assert move.columns.tolist() == [0, 1, 2, 3]


def test_split_returns_only_moves_of_the_wanted_counts(splitter: MoveSplitter) -> None:
    (move,) = splitter.split_change(CHANGE, IS_HIDDEN, np.array([False, False, False, True]))
    assert move.columns.tolist() == [2, 3]
    assert splitter.split_change(Move.from_change(np.zeros(4)), IS_HIDDEN) == []


@pytest.mark.parametrize("fewest_in_graph", [0, 1000])
@pytest.mark.parametrize("seed", range(20))
def test_moves_are_the_connected_parts_of_a_change(
    seed: int, fewest_in_graph: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compare with the components of another graph, which connects the counts of each row directly."""
    monkeypatch.setattr(moves, "_FEWEST_IN_GRAPH", fewest_in_graph)
    random = np.random.default_rng(seed)
    matrix = sparse.random_array((30, 40), density=0.04, rng=random, format="csr")
    is_published = random.random(30) < 0.8
    change = random.integers(-1, 2, 40).astype(float)
    columns = np.flatnonzero(change)
    shared = (abs(matrix[is_published][:, columns]) > 0).astype(int)
    count, labels = connected_components(shared.T @ shared, directed=False)
    expected = sorted(columns[labels == number].tolist() for number in range(count))
    parts = MoveSplitter(matrix).split_change(Move.from_change(change), ~is_published)
    assert [move.columns.tolist() for move in parts] == expected


def test_effect_of_a_move_is_that_of_its_counts_on_every_cell(splitter: MoveSplitter) -> None:
    rows, effects = splitter.find_effect(Move(np.array([0, 1]), np.array([2.0, -2.0])))
    assert (rows.tolist(), effects.tolist()) == ([3], [-2.0])


@pytest.mark.parametrize("at_once", [1, 25, 1000])
@pytest.mark.parametrize("seed", range(10))
def test_effects_of_several_moves_are_those_of_each(monkeypatch: pytest.MonkeyPatch, seed: int, at_once: int) -> None:
    """Compare with the product of the matrix and all changes."""
    monkeypatch.setattr(moves, "_VARIABLES_AT_ONCE", at_once)
    random = np.random.default_rng(seed)
    matrix = sparse.csr_matrix(random.integers(-1, 2, (12, 15)).astype(float))
    changes = random.integers(-2, 3, (6, 15)).astype(float)
    several = [Move.from_change(change) for change in changes]
    splitter = MoveSplitter(matrix)
    numbers, rows, effects = splitter.find_effects(several)
    dense = sparse.csr_matrix((effects, (numbers, rows)), shape=(6, 12)).toarray()
    assert np.array_equal(dense, changes @ matrix.toarray().T)
    for number, move in enumerate(several):
        of_move = numbers == number
        alone = splitter.find_effect(move)
        assert (rows[of_move].tolist(), effects[of_move].tolist()) == (alone[0].tolist(), alone[1].tolist())
    assert all(len(array) == 0 for array in splitter.find_effects([]))


def test_move_of_some_variables_is_in_their_order() -> None:
    move = Move.from_change(np.array([2.0, 0.0, -1.0]), np.array([7, 3, 5]))
    assert (move.columns.tolist(), move.amounts.tolist()) == ([5, 7], [-1.0, 2.0])


def test_joined_moves_have_the_counts_of_both_in_order() -> None:
    late, early = Move(np.array([2, 3]), np.array([1.0, -1.0])), Move(np.array([0, 1]), np.array([2.0, -2.0]))
    joined = join_moves([late, early])
    assert stack_moves([joined, early], 4).toarray().tolist() == [[2, -2, 1, -1], [2, -2, 0, 0]]
    assert joined.key == join_moves([early, late]).key != early.key
    assert early.key == Move(early.columns.astype(np.int32), early.amounts).key
    assert stack_moves([], 4).shape == (0, 4)


@given(st.lists(st.tuples(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5))), max_size=6))
def test_links_have_the_signs_of_their_sides(sides: list[tuple[list[int], list[int]]]) -> None:
    expected = np.zeros((len(sides), 6))
    for row, (plus, minus) in enumerate(sides):
        for column in plus:
            expected[row, column] += 1.0
        for column in minus:
            expected[row, column] -= 1.0
    matrix = write_links(sides, 6)
    assert np.array_equal(matrix.toarray(), expected)
    assert matrix.nnz == np.count_nonzero(expected)
    assert matrix.has_sorted_indices
