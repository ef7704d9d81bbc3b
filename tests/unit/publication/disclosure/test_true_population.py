"""The true population of a problem, which is chosen for one group of equations after another."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.space import Space


def _make_problem(seed: int) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Return sums of two to four counts, the values of a population, and weights: most sums share no count."""
    random = np.random.default_rng(seed)
    columns = 60
    rows = [random.choice(np.arange(start, start + 6), random.integers(2, 5), replace=False) for start in
            random.integers(0, columns - 6, 25)]  # fmt: skip
    indices = np.concatenate(rows)
    matrix = sparse.csr_matrix(
        (np.ones(len(indices)), (np.repeat(np.arange(25), [len(row) for row in rows]), indices)), shape=(25, columns)
    )
    return matrix, matrix @ random.integers(0, 9, columns).astype(float), random.random(columns)


@pytest.mark.parametrize("at_once", [1, 12, 2_000])
@pytest.mark.parametrize("seed", range(5))
def test_population_is_the_one_of_the_least_weights_over_all_equations(
    seed: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lp, "_GROUP_SIZE", at_once)
    matrix, values, weights = _make_problem(seed)
    raising = lp.Raising(matrix, values, np.ones(len(values)))
    raising.find_contradictions()
    raising.choose_population(weights)
    population = raising.true_population
    best = linprog(weights, A_eq=matrix.toarray(), b_eq=values)
    assert best.status == 0
    assert population @ weights == pytest.approx(best.fun)
    assert matrix @ population == pytest.approx(values)
    assert (population >= -1e-9).all()


@pytest.mark.parametrize("at_once", [1, 12])
def test_equations_are_divided_into_groups_without_a_common_variable(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lp, "_GROUP_SIZE", at_once)
    matrix, values, _ = _make_problem(1)
    groups = list(lp._split_equations(matrix, values))
    assert len(groups) > 1
    variables = np.concatenate([columns for _, _, columns in groups])
    assert len(set(variables.tolist())) == len(variables)
    assert sum(equations.nnz for equations, _, _ in groups) == matrix.nnz
    assert sorted(np.concatenate([target for _, target, _ in groups])) == sorted(values)


def test_rows_with_a_variable_are_those_of_the_matrix() -> None:
    random = np.random.default_rng(1)
    matrix = sparse.random_array((30, 20), density=0.1, rng=random, format="csr")
    matrix.data[:3] = 0.0
    space = Space(np.arange(30), sparse.csr_matrix(matrix), np.zeros(30), np.full(20, "AL", dtype=object))
    is_wanted = random.random(20) < 0.3
    expected = (np.diff(matrix.indptr) > 0) & ((matrix.toarray()[:, is_wanted] != 0).any(axis=1))
    assert space.mark_rows_with(is_wanted).tolist() == expected.tolist()
