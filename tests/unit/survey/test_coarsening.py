"""No stored group of answers is small, whatever the cells were."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey.coarsening import NOT_STATED, coarsen_cells

X = NOT_STATED


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({("AL", "police"): 5}, {("AL", "police"): 5}),
        # Small cells of one role are pooled over the territories.
        ({("AL", "judge"): 2, ("ME", "judge"): 3, ("AL", "police"): 9}, {(X, "judge"): 5, ("AL", "police"): 9}),
        # Otherwise those of one territory over the roles.
        ({("AL", "judge"): 2, ("AL", "liaison_officer"): 3}, {("AL", X): 5}),
        # Otherwise all small cells.
        ({("AL", "judge"): 3, ("ME", "police"): 3, ("RS", "prosecutor"): 9}, {(X, X): 6, ("RS", "prosecutor"): 9}),
        # A pool that is too small takes in the smallest cell.
        ({("AL", "judge"): 1, ("RS", "police"): 9, ("ME", "police"): 7}, {(X, X): 8, ("RS", "police"): 9}),
        ({("AL", "judge"): 1}, {(X, X): 1}),
        ({}, {}),
    ],
)
def test_coarsen_cells(counts: dict[tuple[str, str], int], expected: dict[tuple[str, str], int]) -> None:
    cells = [cell for cell, n in counts.items() for _ in range(n)]
    assert Counter(coarsen_cells(cells)) == expected


def test_coarsen_cells_pools_a_cell_of_one_institution() -> None:
    cells = [("AL", "police")] * 8 + [("ME", "police")] * 6 + [("RS", "police")] * 6
    assert Counter(coarsen_cells(cells, {("AL", "police")})) == {
        (X, X): 8, ("ME", "police"): 6, ("RS", "police"): 6,
    }  # fmt: skip


def test_coarsen_cells_never_leaves_a_small_group() -> None:
    rng = random.Random(1)
    for _ in range(300):
        counts = {(t, r): rng.choice((0, 1, 2, 4, 5, 9)) for t in ("AL", "ME", "RS", "XK") for r in ("police", "judge")}
        cells = [cell for cell, n in counts.items() for _ in range(n)]
        groups = Counter(coarsen_cells(cells))
        assert groups.total() == len(cells)
        assert len(cells) < FEWEST_RESPONDENTS or min(groups.values()) >= FEWEST_RESPONDENTS, counts
