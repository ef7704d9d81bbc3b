"""Build the problem of one or more linked blocks: cells in both views, the cost of hiding each, and a linear program.

Protection chooses cells with it, and assessments of a release (`reader_risk.py`) find in it what a reader can work out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from pipelines.publication.disclosure import lifting, lp, margins, programme, risk, shares, space, structure, ties
from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures, add_figures
from pipelines.publication.disclosure.space import Array

WIDTH = 2
"""Range that the values of a hidden cell must have for every reader."""

# Cost of hiding for readers: annual totals are quoted often, inner cells seldom. A cell of the region costs no more
# than one of a territory; hiding it protects several territories at once.
_COST_OF_FREQ = {"Q": 1.0, "A": 6.0, "P3": 3.0, "P5": 3.0}
_COST_OF_DETAIL = 0.15
_COST_OF_ANNUAL_TOTAL = 1000.0
"""Factor for the annual total of a territory, which offices print themselves: a withheld one can be read elsewhere.

The annual totals of the region that the programme names have it too. Stocks do not: they are hidden before flows.
"""
_COST_OF_TOP = 20.0
"""Factor for a cell that no larger published cell contains; hiding it leaves the cells below without an upper bound."""
_COST_OF_EARLIER = 1e-3
"""Cost of moving a cell of an earlier release, where cells contradict each other: it gives way to those of now."""


class ProtectError(Exception):
    """A block is contradictory or could not be made safe; the text says which. None of it may be published."""


class Views:
    """One problem over margins and over leaves, with what figures from case records say about its cells."""

    def __init__(
        self, block: pl.DataFrame, figures: ReleasedRecordFigures | None = None, *, guesses_closing: bool = True
    ) -> None:
        blocks = ties.split_blocks(block)
        structures = [structure.Structure(structure.read_cells(part)) for part in blocks]
        self._blocks = [
            (margins.Margins(part, shared), space.Leaves(part, shared))
            for part, shared in zip(blocks, structures, strict=True)
        ]
        self.margins, self.leaves = (
            ties.tie_spaces(block, [view.space for view in views], guesses_closing=guesses_closing)
            for views in zip(*self._blocks, strict=True)
        )
        if figures is not None:
            self.margins, self.leaves = (add_figures(view, block, figures) for view in (self.margins, self.leaves))

    def weigh_variables(self) -> Array:
        """Return a weight for each variable over margins, which is the same in every problem that has it."""
        weights: Array = np.zeros(self.margins.matrix.shape[1])
        of_blocks = np.concatenate([over_margins.weigh_variables() for over_margins, _ in self._blocks])
        weights[: len(of_blocks)] = of_blocks
        return weights

    def list_states(self) -> list[tuple[int, ...]]:
        """Return the variables over margins of each count that has several states, the oldest first."""
        states: list[tuple[int, ...]] = []
        first = 0
        for over_margins, _ in self._blocks:
            states += [tuple(first + column for column in members) for members in over_margins.list_states()]
            first += over_margins.space.matrix.shape[1]
        return states

    def name_variables(self) -> Array:
        """Return a number for each variable over margins but rests, which is the same in every problem that has it."""
        return np.concatenate([over_margins.name_columns() for over_margins, _ in self._blocks])

    def lift_from(self, truth: Array) -> lifting.Lift:
        """Return the lift from margins to leaves. `truth` is the true population over margins."""
        return lifting.Lift(truth, self._blocks, self.leaves)


class ProtectionProblem:
    """The cells of one or more linked blocks, now and in earlier releases, in both views and as a linear program.

    `kept` marks the cells of the frame that it has.  A cell of an earlier release that contradicts the others is left
    out: what was counted then differently is not known.  `guesses_closing` is whether readers guess that a correction
    closes a balance (`ties.py`).  Raises ProtectError if the cells of now contradict each other.
    """

    def __init__(
        self,
        block: pl.DataFrame,
        name: str,
        figures: ReleasedRecordFigures | None = None,
        *,
        guesses_closing: bool = True,
    ) -> None:
        self.kept: Array = np.ones(block.height, dtype=bool)
        is_further = block["_row"].is_null().to_numpy()
        while True:
            cells = block.filter(self.kept)
            self.views = Views(cells, figures, guesses_closing=guesses_closing)
            view = self.views.margins
            costs = _costs(cells, view, self.views.leaves)
            is_of_now: Array = np.zeros(len(costs), dtype=bool)
            is_of_now[view.rows[~is_further[self.kept]]] = True
            costs = np.where(is_of_now, costs, _COST_OF_EARLIER)
            self.raising = lp.Raising(view.matrix, view.values, costs, view.ties)
            moved = self.raising.find_contradictions()
            is_wrong = (np.abs(moved) > 1e-6) & ~is_of_now
            if not is_wrong.any():
                _refuse_contradictions(moved, cells, view, name)
                self.raising.choose_population(self.views.weigh_variables())
                return
            self.kept[np.flatnonzero(self.kept)[is_wrong[view.rows]]] = False

    def find_true_population(self, name: str) -> Array:
        """Return a whole-number population over margins that has all true values. Raises ProtectError if none is found.

        Where margins do not say how a territory shares its persons, this is one of several possible ones. It depends on
        the counts of each place alone, so that a draft has the same one as the releases before it; the counts of then
        and of now of a corrected place differ as little as they can.
        """
        population = self.raising.true_population
        states = self.views.list_states()
        is_whole = bool((np.abs(population - np.rint(population)) <= 1e-6).all())
        if not is_whole:
            found_population = risk.find_population(self.views.margins)
            if found_population is None:
                raise ProtectError(f"{name}: no whole numbers agree with all figures")
            population = found_population
        population = np.rint(population)
        if states:
            weights = self.views.weigh_variables()
            population = shares.choose_nearest_tables(self.views.margins.matrix, population, states, weights)
        if states or not is_whole:
            self.raising.set_true_population(population)
        return population


def _refuse_contradictions(moved: Array, block: pl.DataFrame, known: space.Space, name: str) -> None:
    """Raise ProtectError for contradictory cells, which would make every bound of the assessment meaningless."""
    wrong = np.flatnonzero(np.abs(moved) > 1e-6)
    if not len(wrong):
        return
    words = []
    for row in wrong[:5]:
        cell = block.row(int(np.flatnonzero(known.rows == row)[0]), named=True)
        detail = " ".join(f"{dim}={cell[dim]}" for dim in structure.DETAIL if cell[dim] != structure.TOTAL)
        words.append(f"{cell['area']} {cell['period']} {detail}".strip() + f" = {cell['value']:g}")
    raise ProtectError(f"{name}: the published totals contradict each other, for instance at " + "; ".join(words))


def _costs(block: pl.DataFrame, known: space.Space, leaves: space.Space) -> Array:
    """Return the cost of hiding each row, by kind of cell and slightly by size so that small cells are hidden first."""
    costs = np.zeros(len(known.values))
    is_top = _find_tops(leaves)
    for row, leaf_row, weight in zip(known.rows, leaves.rows, _weights(block), strict=True):
        costs[row] = max(costs[row], weight * (_COST_OF_TOP if is_top[leaf_row] else 1.0))
    return costs * (1.0 + np.log1p(np.maximum(known.values, 0.0)))


def _find_tops(leaves: space.Space) -> Array:
    """Return a mask of the cells that no other cell of their measure contains completely."""
    matrix = leaves.matrix[: leaves.cells]
    shared = (matrix @ matrix.T).tocoo()
    sizes = np.diff(matrix.indptr)
    is_contained = (shared.row != shared.col) & (shared.data == sizes[shared.row])
    tops: Array = np.ones(leaves.cells, dtype=bool)
    tops[shared.row[is_contained]] = False
    return tops


def _weights(block: pl.DataFrame) -> Iterator[float]:
    declared = programme.load()
    for cell in block.iter_rows(named=True):
        weight = _COST_OF_FREQ[cell["freq"]]
        if any(cell[dim] not in (structure.TOTAL, structure.NOT_APPLICABLE) for dim in structure.DETAIL):
            weight *= _COST_OF_DETAIL
        elif (cell["freq"], cell["statistic"]) == ("A", "count") and (
            cell["area_kind"] == "territory"
            or (
                cell["area_kind"] == "region"
                and cell["offence_group"] in declared.regional_groups
                and cell["measure"] in declared.stages
            )
        ):
            weight *= _COST_OF_ANNUAL_TOTAL
        yield weight
