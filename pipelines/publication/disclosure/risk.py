"""Assess the risk that is left: compute what an intruder can infer from the published cells of a block.

For every hidden cell this finds the least and the greatest value over all populations that agree with the published
cells and with how cells add up (`space.py`, `ties.py`), without negative counts.  Bounds are computed over fractional
populations first (a quick outer bound), then over whole-number ones if two known whole-number populations do not yet
show that the range is wide enough.

This module does not know how cells were chosen for hiding, so that it can fail the result of `protect.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from pipelines.publication.disclosure import lp
from pipelines.publication.disclosure.moves import Move
from pipelines.publication.disclosure.part_search import search_parts
from pipelines.publication.disclosure.readers import InformedReader
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.sweeps import sweep_witnesses
from pipelines.publication.disclosure.witnesses import ObservedRange, Witnesses

_SWEEPS = 24
_OPEN_WEIGHT = 3.0
"""Weight in a sweep of the cells that are still open; the other hidden cells have weights of at most 1."""


@dataclass(frozen=True)
class BlockRisk:
    """The assessment of one block. Rows refer to its `Space`; a narrow cell has fewer than `width` + 1 possible values.

    `witnesses` are the whole-number populations that it found, each over the columns of the `Space`.
    `to_insiders` are the small counts that insiders can work out or narrow, or that are undecided, with their readers.
    `revealed_before` are cells that earlier releases reveal without this one, and `open_to_guess` those that readers
    also need a right guess for: that a correction closes a balance.  Neither fails the assessment.
    """

    name: str
    hidden: int
    disclosed: tuple[int, ...]
    narrow: tuple[int, ...]
    unknown: tuple[int, ...]
    witnesses: tuple[Array, ...] = field(default=(), repr=False, compare=False)
    revealed_before: tuple[int, ...] = ()
    open_to_guess: tuple[int, ...] = ()
    to_insiders: tuple[tuple[str, int], ...] = ()

    @property
    def failed_rows(self) -> tuple[int, ...]:
        return (*self.disclosed, *self.narrow, *self.unknown)

    @property
    def passed(self) -> bool:
        """True if no cell is disclosed, narrow or undecided by the solver."""
        return not self.failed_rows and not self.to_insiders

    def with_rows_of(self, rows: Array, other_rows: Array) -> BlockRisk:
        """Return the risk with the rows of another view; the two arrays have the row of the same cells in each."""
        rows_by_row: dict[int, list[int]] = defaultdict(list)
        for row, other_row in zip(rows.tolist(), other_rows.tolist(), strict=True):
            rows_by_row[row].append(other_row)

        def translate_rows(failed: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(sorted({other_row for row in failed for other_row in rows_by_row[row]}))

        pairs = {(name, other_row) for name, row in self.to_insiders for other_row in rows_by_row[row]}
        return replace(
            self,
            disclosed=translate_rows(self.disclosed),
            narrow=translate_rows(self.narrow),
            unknown=translate_rows(self.unknown),
            to_insiders=tuple(sorted(pairs)),
        )

    def except_revealed(
        self, rows: Array, pairs: set[tuple[str, int]], own_pairs: Collection[tuple[str, int]] = ()
    ) -> BlockRisk:
        """Return the risk without cells that earlier releases reveal, to all or to an insider, if no other fails.

        `own_pairs` reveal nothing of others to the insider (`own_corrections.py`), so they do not count as revealed.
        """
        is_other = any(row not in rows for row in self.failed_rows) or not pairs.issuperset(self.to_insiders)
        if is_other:
            disclosed, narrow, unknown = (
                tuple(row for row in failed if row not in rows)
                for failed in (self.disclosed, self.narrow, self.unknown)
            )
            further = tuple(pair for pair in self.to_insiders if pair not in pairs)
            return replace(self, disclosed=disclosed, narrow=narrow, unknown=unknown, to_insiders=further)
        revealed = {*self.failed_rows, *(row for name, row in self.to_insiders if (name, row) not in own_pairs)}
        return BlockRisk(self.name, self.hidden, (), (), (), revealed_before=tuple(sorted(revealed)))


@dataclass(frozen=True)
class RiskReport:
    """The assessments of all blocks of a release."""

    blocks: tuple[BlockRisk, ...]

    @property
    def passed(self) -> bool:
        return all(block.passed for block in self.blocks)

    def count_cells(self) -> dict[str, int]:
        """Return the numbers of blocks and of hidden, disclosed, narrow and unknown cells, and of those lost before."""
        return {
            "blocks": len(self.blocks),
            "hidden": sum(block.hidden for block in self.blocks),
            "disclosed": sum(len(block.disclosed) for block in self.blocks),
            "narrow": sum(len(block.narrow) for block in self.blocks),
            "unknown": sum(len(block.unknown) for block in self.blocks),
            "to_insiders": sum(len(block.to_insiders) for block in self.blocks),
            "revealed_before": sum(len(block.revealed_before) for block in self.blocks),
            "open_to_guess": sum(len(block.open_to_guess) for block in self.blocks),
        }


def nothing_hidden(name: str) -> BlockRisk:
    """Return the assessment of a block without hidden cells."""
    return BlockRisk(name, 0, (), (), ())


def assess_block(
    known: Space,
    hidden: Array,
    *,
    name: str,
    width: int,
    witnesses: Witnesses | None = None,
    mip_seconds: float = lp.MIP_SECONDS,
    own_figures: tuple[Array, Array] | None = None,
    assessed: Array | None = None,
) -> BlockRisk:
    """Assess one block as an intruder would. `hidden` marks the rows of `known` that are not published.

    `witnesses` are populations from elsewhere that agree with the published cells; they save programs.  `own_figures`
    are the columns that an insider knows, and a population with their values: only rows that have other columns too are
    then assessed.  `assessed` restricts the assessment to some rows.
    """
    is_assessed = hidden if assessed is None else hidden & assessed
    if own_figures is not None:
        is_assessed = is_assessed & known.mark_rows_with(~own_figures[0])
    rows = np.flatnonzero(is_assessed)
    observed = ObservedRange(known.matrix, len(hidden), width)
    own_columns = None if own_figures is None else own_figures[0]
    failed: dict[int, Literal["narrow", "disclosed"]] = {}
    lower = np.where(hidden, 0.0, known.values)
    upper = np.where(hidden, np.inf, known.values)
    if witnesses is not None:
        observed.low, observed.high = witnesses.find_range(own_columns)
        sweep_witnesses(witnesses, observed, rows, ~hidden, own_columns, known.parts.list_years())
        search_parts(witnesses, observed, rows, (lower, upper), own_columns)
        sweep_witnesses(witnesses, observed, rows, ~hidden, own_columns, [known.parts.whole])
    if not len(observed.list_open(rows)):
        return BlockRisk(name, len(rows), (), (), ())
    columns = _find_open_columns(known, hidden)
    if own_figures is not None:
        own_figures = (own_figures[0][columns], own_figures[1][columns])
    intruder = lp.Intruder(known.matrix[:, columns], lower, upper, mip_seconds, own_figures)
    observed.matrix = intruder.matrix
    verdicts: dict[str, list[int]] = {"wide": [], "disclosed": [], "narrow": [], "unknown": []}
    if witnesses is not None:
        failed = _widen_ranges(intruder, observed, rows, _SolutionReader(witnesses, own_columns, columns))
        for cell, verdict in failed.items():
            verdicts[verdict].append(cell)
    undecided = rows[~np.isin(rows, list(failed))]
    _sweep(intruder, observed, undecided)
    for cell in undecided.tolist():
        verdicts[_verdict(intruder, observed, cell)].append(cell)
    populations: Array = np.zeros((len(observed.populations), known.matrix.shape[1]))
    if observed.populations:
        populations[:, columns] = observed.populations
    return BlockRisk(
        name,
        len(rows),
        tuple(verdicts["disclosed"]),
        tuple(verdicts["narrow"]),
        tuple(verdicts["unknown"]),
        witnesses=tuple(populations),
    )


def find_population(known: Space, mip_seconds: float = lp.MIP_SECONDS) -> Array | None:
    """Return a whole-number population that agrees with all true values, or None if the solver finds none."""
    return lp.Intruder(known.matrix, known.values, known.values, mip_seconds).find_witness(np.zeros(len(known.values)))


def assess_readers(
    known: Space,
    hidden: Array,
    guarded: Array,
    readers: Sequence[InformedReader],
    witnesses: Witnesses,
    *,
    name: str,
    width: int,
) -> BlockRisk:
    """Assess all hidden cells for the public, the first of the readers, and the `guarded` ones for each insider.

    Both masks are of the cells of the frame.  What the solver finds for one reader is added to `witnesses`.
    """
    report = assess_cells(known, hidden, name=name, width=width, witnesses=witnesses)
    witnesses.add_populations(report.witnesses)
    failed: list[tuple[str, int]] = []
    for reader in readers[1:]:
        own_figures = (reader.find_own_columns(known), witnesses.truth)
        of_reader = assess_cells(
            known,
            hidden,
            name=name,
            width=width,
            witnesses=witnesses,
            own_figures=own_figures,
            assessed=guarded,
        )
        witnesses.add_populations(of_reader.witnesses)
        failed += [(reader.name, row) for row in of_reader.failed_rows]
    return replace(report, to_insiders=tuple(failed), witnesses=())


def find_published_rows(known: Space, hidden: Array) -> Array:
    """Return a mask of the rows that a reader knows: equations, and cells of which a twin in the same row is shown.

    `hidden` marks the cells of the frame from which `known` was built.
    """
    is_published: Array = np.ones(len(known.values), dtype=bool)
    is_published[: known.cells] = False
    is_published[known.rows[~hidden]] = True
    return is_published


def assess_cells(
    known: Space,
    hidden: Array,
    *,
    name: str,
    width: int,
    witnesses: Witnesses | None = None,
    own_figures: tuple[Array, Array] | None = None,
    assessed: Array | None = None,
) -> BlockRisk:
    """Assess one block. `hidden` marks cells of the frame from which `known` was built, and `assessed` some of them.

    Cells in one row are known to be equal, so a row is published if one of its cells is, and its hidden cells are then
    disclosed.
    """
    is_published = find_published_rows(known, hidden)
    is_assessed = _mark_rows(known, hidden if assessed is None else hidden & assessed)
    report = assess_block(
        known,
        ~is_published,
        name=name,
        width=width,
        witnesses=witnesses,
        own_figures=own_figures,
        assessed=is_assessed,
    )
    is_twin = is_assessed & is_published
    if own_figures is not None:
        is_twin &= known.mark_rows_with(~own_figures[0])
    twins = tuple(int(row) for row in np.flatnonzero(is_twin))
    return replace(report, hidden=report.hidden + len(twins), disclosed=(*report.disclosed, *twins))


def _mark_rows(known: Space, cells: Array) -> Array:
    marked: Array = np.zeros(len(known.values), dtype=bool)
    marked[known.rows[cells]] = True
    return marked


class _SolutionReader:
    """The moves of solutions of the linear program of one reader, whose variables are `columns` of the space."""

    def __init__(self, witnesses: Witnesses, own_columns: Array | None, columns: Array) -> None:
        self._witnesses, self._own_columns, self._columns = witnesses, own_columns, columns

    def read_moves(self, solution: Array) -> tuple[Array, Array]:
        """Keep the whole moves of a solution; return rows and values of new ones (`Witnesses.add_solution`)."""
        population: Array = np.zeros(len(self._witnesses.truth))
        population[self._columns] = solution
        return self._witnesses.add_solution(Move.from_change(population - self._witnesses.truth), self._own_columns)


def _widen_ranges(
    intruder: lp.Intruder, observed: ObservedRange, rows: Array, reader: _SolutionReader
) -> dict[int, Literal["narrow", "disclosed"]]:
    """Bound the open cells one after another, and note the whole moves that the solutions contain.

    A solution of the linear program has fractions in few of its moves, so most cells need no whole-number program.
    Return the cells that fail, as not even fractions widen them.
    """
    failed: dict[int, Literal["narrow", "disclosed"]] = {}
    for cell in observed.list_open(rows).tolist():
        bounds: list[lp.Bound] = []
        for sign in lp.SIGNS:
            if observed.is_wide(cell):
                break
            bounds.append(intruder.find_bound(cell, sign))
            if len(bounds[-1].solution):
                observed.extend_range(*reader.read_moves(bounds[-1].solution))
        else:
            if "unknown" not in (bound.state for bound in bounds) and not observed.is_wide(cell):
                verdict = _compare_bounds(bounds[0], bounds[1], observed.width)
                if verdict != "wide":
                    failed[cell] = verdict
    return failed


def _compare_bounds(least: lp.Bound, most: lp.Bound, width: int) -> Literal["wide", "narrow", "disclosed"]:
    low, high = np.ceil(least.value - 1e-6), np.floor(most.value + 1e-6)
    if high <= low:
        return "disclosed"
    return "narrow" if high - low < width else "wide"


def _sweep(intruder: lp.Intruder, observed: ObservedRange, rows: Array) -> None:
    """Find whole-number populations in random directions; each shows that many cells are wide, with one solver call.

    On a block of 596 cells, 317 of them hidden, 14 populations settled all but two cells in 0.5 s; bounding each cell
    separately took 4.4 s.  Settled cells keep a weight, because an objective of the few open cells alone has many
    fractional optima, and the solver adds cuts to them for seconds: on a block of 1,892 cells, 694 of them hidden, all
    sweeps together took 30 s without these weights and take 4 s with them.
    """
    signs = np.random.default_rng(20260101)
    for _ in range(_SWEEPS):
        open_rows = observed.list_open(rows)
        if not len(open_rows):
            return
        weights = np.zeros(observed.matrix.shape[0])
        weights[rows] = signs.uniform(-1.0, 1.0, len(rows))
        weights[open_rows] = _OPEN_WEIGHT * np.sign(weights[open_rows])
        observed.add_population(intruder.find_witness(weights))


def _verdict(
    intruder: lp.Intruder, observed: ObservedRange, cell: int
) -> Literal["wide", "narrow", "disclosed", "unknown"]:
    """Return the verdict on one cell: from fractional bounds first, then from whole-number ones if needed."""
    for whole in (False, True):
        if observed.is_wide(cell):
            return "wide"
        least, most = intruder.find_bound(cell, 1, whole=whole), intruder.find_bound(cell, -1, whole=whole)
        observed.add_population(intruder.check_population(least.solution))
        observed.add_population(intruder.check_population(most.solution))
        if "unknown" in (least.state, most.state):
            continue
        verdict = _compare_bounds(least, most, observed.width)
        if whole or verdict != "wide":
            return verdict
    return "wide" if observed.is_wide(cell) else "unknown"


def _find_open_columns(known: Space, hidden: Array) -> Array:
    """Return the columns that may be above zero: all but those of published zeros."""
    zero_rows = np.flatnonzero(~hidden[: known.cells] & (known.values[: known.cells] == 0))
    touched = np.asarray(known.matrix[zero_rows].sum(axis=0)).ravel() > 0
    columns: Array = np.flatnonzero(~touched)
    return columns
