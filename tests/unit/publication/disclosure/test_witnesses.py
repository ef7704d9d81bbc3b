"""Populations as witnesses: which agree with published cells, which serve an insider, and which can be given up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from pipelines.publication.disclosure.moves import Move
from pipelines.publication.disclosure.space import Space
from pipelines.publication.disclosure.witnesses import WitnessCoverage, Witnesses

TRUTH = np.array([3.0, 4.0, 5.0])
OF_FIRST = np.array([True, False, False])


@pytest.fixture
def witnesses() -> Witnesses:
    """Three counts of three areas, all hidden, and their published sum."""
    matrix = sparse.csr_matrix(np.vstack([np.eye(3), np.ones(3)]))
    areas = np.array(["AA", "BB", "CC"], dtype=object)
    view = Space(rows=np.arange(4), matrix=matrix, values=matrix @ TRUTH, owners=areas)
    return Witnesses(view, TRUTH, np.array([False, False, False, True]))


def test_populations_that_disagree_are_left_out(witnesses: Witnesses) -> None:
    witnesses.add_populations(
        [np.array([5.0, 2.0, 5.0]), np.array([5.0, 4.0, 5.0]), np.array([8.0, -1.0, 5.0]), np.array([3.5, 3.5, 5.0])]
    )
    assert witnesses.changes.toarray().tolist() == [[2.0, -2.0, 0.0]]


def test_range_of_an_insider_has_no_population_that_changes_its_own_figures(witnesses: Witnesses) -> None:
    witnesses.add_populations([np.array([5.0, 2.0, 5.0]), np.array([3.0, 6.0, 3.0])])
    low, high = witnesses.find_range()
    assert (low.tolist(), high.tolist()) == ([3, 2, 3, 12], [5, 6, 5, 12])
    low, high = witnesses.find_range(OF_FIRST)
    assert (low.tolist(), high.tolist()) == ([3, 4, 3, 12], [3, 6, 5, 12])


def test_only_needed_populations_are_chosen(witnesses: Witnesses) -> None:
    witnesses.add_populations([np.array([5.0, 2.0, 5.0]), np.array([4.0, 3.0, 5.0]), np.array([5.0, 4.0, 3.0])])
    nobody, rows = np.zeros(3, dtype=bool), np.array([True, True, True, False])
    needed = witnesses.choose_needed([(nobody, rows)], 2)
    assert [move.add_to(witnesses.truth).tolist() for move in needed] == [[5, 2, 5], [5, 4, 3]]


def test_cell_is_given_up_only_if_other_populations_cover_the_others(witnesses: Witnesses) -> None:
    witnesses.add_populations([np.array([5.0, 2.0, 5.0]), np.array([5.0, 4.0, 3.0])])
    nobody, first = np.zeros(3, dtype=bool), np.array([True, False, False, False])
    coverage = WitnessCoverage(witnesses, [(nobody, first)], 2)
    assert coverage.give_up(1)
    assert not coverage.give_up(2), "then nothing would protect the first"


def test_population_counts_for_each_of_its_moves() -> None:
    """Two pairs of counts have a published sum each: an insider of the first pair still sees the second move."""
    matrix = sparse.csr_matrix(np.vstack([np.eye(4), [1, 1, 0, 0], [0, 0, 1, 1]]))
    truth = np.array([3.0, 4.0, 5.0, 6.0])
    view = Space(rows=np.arange(6), matrix=matrix, values=matrix @ truth, owners=np.array(["AA", "AA", "BB", "BB"]))
    of_pairs = Witnesses(view, truth, np.array([False] * 4 + [True] * 2))
    rows, values = of_pairs.add_solution(Move(np.arange(4), np.array([0.5, -0.5, 2.0, -2.0])))
    assert (rows.tolist(), values.tolist()) == ([2, 3], [7.0, 4.0]), "the move with fractions is left out"
    of_second = np.array([False, False, False, True])
    rows, values = of_pairs.add_solution(Move(np.arange(4), np.array([1.0, -1.0, -2.0, 2.0])), of_second)
    assert (rows.tolist(), values.tolist()) == ([0, 1], [4.0, 3.0]), "the second pair is in part the reader's"
    of_pairs.add_populations([truth + np.array([2.0, -2.0, 2.0, -2.0])])
    low, high = of_pairs.find_range(np.array([True, True, False, False]))
    assert (low[:4].tolist(), high[:4].tolist()) == ([3, 4, 3, 4], [3, 4, 7, 8])
    assert len(of_pairs.list_moves()) == 5, "two moves of each pair, and two of them together"
