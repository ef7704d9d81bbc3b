"""Hide cells of the programme, so that no small count can be read or inferred.

Primary suppression: counts of 1 to threshold - 1.  Secondary suppression: for every hidden cell there must be another
population, equally possible for a reader of all published cells, in which that cell is at least `width` away from its
true value.  The cheapest such population is found by a linear program, and the cells that it moves are hidden too.
Zeros are ordinary candidates for hiding: the methodology states that a hidden cell may be zero, and that helps only if
it is true.

After the linear step every hidden cell is also audited over whole-number populations (`audit.py`), because no real
population has fractions; cells that fail are raised further until none fails.

The formulation is Fischetti and Salazar's cell suppression problem, solved by the heuristic of one linear program for
each cell (Kelly, Golden and Assad 1992; Statistical Disclosure Control, Hundepool et al. 2012, ch. 4 and 5).
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache as cache_once
from itertools import product, repeat
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure import audit, balances, groups, programme, structure, ties
from pipelines.publication.disclosure import earlier as earlier_releases
from pipelines.publication.disclosure.problem import WIDTH, Problem, ProtectError
from pipelines.publication.disclosure.readers import PUBLIC, Reader, list_readers
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.witnesses import Coverage, Witnesses
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

_ROUNDS = 8
_CELLS_FOR_PROCESSES = 3000
"""Cells to protect from which several processes are worth their start, which takes about a second each."""


@dataclass(frozen=True)
class Rule:
    """The threshold of small counts, the range that a hidden cell needs, and whether insiders count as readers."""

    threshold: int = SMALLEST_PUBLISHED_COUNT
    width: int = WIDTH
    guards_against_offices: bool = False


@dataclass(frozen=True)
class ProtectedCells:
    """Cells with `conf_status` (F free, A hidden as small, D hidden to protect another) and the audit of all blocks."""

    cells: pl.DataFrame
    report: audit.AuditReport


def hide_small_counts(
    cells: pl.DataFrame,
    *,
    earlier: Sequence[pl.DataFrame] = (),
    guards_against_offices: bool | None = None,
    threshold: int = SMALLEST_PUBLISHED_COUNT,
    width: int = WIDTH,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ProtectedCells:
    """Hide small counts in the programme's cells, and the further cells from which they could be inferred.

    `cells`: columns of `mart_count` and `table_id`; the same cell in two tables gets the same treatment.  Rows without
    a value (missing, not applicable) are returned unchanged with conf_status F.  The result has the same rows in the
    same order; hidden cells have a null `value` and `obs_status` Q.  `earlier` are the cells of all earlier releases,
    oldest first (`earlier.STORED`): readers have kept them, so they are protected and audited with the new cells.
    With `guards_against_offices` (default: as the programme declares) small counts are also protected from insiders
    (`readers.py`).  `cache` is a folder with the outcome of each block by its content, so that a new return costs only
    the blocks that it affects; `progress` is called with the number of finished blocks and of all blocks.  Raises
    ProtectError if a block cannot be made safe.
    """
    if guards_against_offices is None:
        guards_against_offices = programme.load().guards_against_offices
    rule = Rule(threshold, width, guards_against_offices)
    indexed = cells.with_row_index("_row")
    hidden = np.full(cells.height, "F", dtype=object)
    reports: list[audit.BlockAudit] = []
    counted = indexed.filter(pl.col("value").is_not_null())
    combined = earlier_releases.combine_releases(counted, earlier, threshold=threshold)
    combined = _mark_printed(_mark_groups(combined, threshold), threshold)
    # Of several equally cheap patterns the order decides which is hidden, so it must not be that of the input.
    combined = combined.sort(*codes.CELL_KEY, "states", "reporters", "_row", nulls_last=True)
    blocks = list(ties.with_family(combined).partition_by(ties.TIED, maintain_order=True))
    # Largest blocks first; otherwise the other processes would end up waiting for one of them.
    blocks.sort(key=lambda block: -block.height)
    for number, (states, report) in enumerate(_protect_blocks(blocks, rule, cache), start=1):
        block = blocks[number - 1]
        is_current = block["_row"].is_not_null()
        hidden[block["_row"].drop_nulls().to_numpy()] = states[is_current.to_numpy()]
        reports.append(report)
        if progress:
            progress(number, len(blocks))
    marked = cells.with_columns(pl.Series("conf_status", hidden.tolist(), dtype=pl.String))
    is_hidden = pl.col("conf_status") != "F"
    protected = marked.with_columns(
        pl.when(is_hidden).then(None).otherwise(pl.col("value")).alias("value"),
        pl.when(is_hidden).then(pl.lit("Q")).otherwise(pl.col("obs_status")).alias("obs_status"),
    )
    return ProtectedCells(protected, audit.AuditReport(tuple(reports)))


def _protect_blocks(
    blocks: Sequence[pl.DataFrame], rule: Rule, cache: Path | None
) -> Iterator[tuple[Array, audit.BlockAudit]]:
    """Yield the outcome of each block in order: repeated, from the cache, or protected now, in several processes."""
    ready = [_find_outcome(block, rule, cache) for block in blocks]
    waiting = [block for block, outcome in zip(blocks, ready, strict=True) if outcome is None]
    processes = min(os.cpu_count() or 1, len(waiting))
    if processes < 2 or sum(block.height for block in waiting) < _CELLS_FOR_PROCESSES:
        fresh = (_protect_named(block, rule) for block in waiting)
        yield from _join_outcomes(blocks, ready, fresh, rule, cache)
        return
    # Spawned, because a fork of a process with threads of Polars may never end.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcomes = pool.map(_protect_named, waiting, repeat(rule))
        yield from _join_outcomes(blocks, ready, outcomes, rule, cache)


def _join_outcomes(
    blocks: Sequence[pl.DataFrame],
    ready: Sequence[tuple[Array, audit.BlockAudit] | None],
    fresh: Iterator[tuple[Array, audit.BlockAudit]],
    rule: Rule,
    cache: Path | None,
) -> Iterator[tuple[Array, audit.BlockAudit]]:
    """Yield the outcomes that were ready and the fresh ones in the order of the blocks; keep the fresh ones."""
    for block, outcome in zip(blocks, ready, strict=True):
        if outcome is None:
            outcome = next(fresh)
            _store_outcome(block, rule, cache, outcome)
        yield outcome


def _protect_named(block: pl.DataFrame, rule: Rule) -> tuple[Array, audit.BlockAudit]:
    return protect_block(block, name=_name_block(block), rule=rule)


def _name_block(block: pl.DataFrame) -> str:
    return " ".join(block.row(0, named=True)[column] for column in ties.TIED)


def _find_outcome(block: pl.DataFrame, rule: Rule, cache: Path | None) -> tuple[Array, audit.BlockAudit] | None:
    """Return the outcome of a block that earlier releases had, or that the same code protected before."""
    name = _name_block(block)
    if (states := _repeat_pattern(block, rule.threshold)) is not None:
        hidden = block.filter(pl.Series(states != "F", dtype=pl.Boolean)).n_unique(list(codes.CELL_KEY))
        return states, audit.nothing_new(name, hidden)
    if cache is None or not (path := _cached_path(block, rule, cache)).exists():
        return None
    outcome = json.loads(path.read_text(encoding="ascii"))
    report = audit.BlockAudit(name, outcome["hidden"], (), (), (), revealed_before=tuple(outcome["revealed"]))
    return np.array(list(outcome["states"]), dtype=object), report


def _store_outcome(
    block: pl.DataFrame, rule: Rule, cache: Path | None, outcome: tuple[Array, audit.BlockAudit]
) -> None:
    if cache is None:
        return
    states, report = outcome
    path = _cached_path(block, rule, cache)
    cache.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.new")
    content = {
        "block": report.name, "hidden": report.hidden, "revealed": report.revealed_before, "states": "".join(states)
    }  # fmt: skip
    temporary.write_text(json.dumps(content), encoding="ascii")
    temporary.replace(path)


def _cached_path(block: pl.DataFrame, rule: Rule, cache: Path) -> Path:
    rules = f"|{rule}|{codes.measure_parts()}|{balances.list_balances()}|{_code_digest()}"
    content = block.drop("_row").write_csv() + rules
    return cache / f"{hashlib.sha256(content.encode()).hexdigest()}.json"


def _mark_groups(combined: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Mark current cells that show a property of all their persons, or count a single case: `is_group`."""
    is_of_now = pl.col("_row").is_not_null()
    now, further = combined.filter(is_of_now), combined.filter(~is_of_now)
    is_group = groups.mark_uniform_groups(now, threshold=threshold) | groups.mark_single_cases(now)
    return pl.concat(
        [now.with_columns(is_group.alias("is_group")), further.with_columns(pl.lit(False).alias("is_group"))]
    )


def _mark_printed(combined: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Mark current annual totals that offices print, so that withholding them protects nothing: `is_printed`.

    Those that changed by a small count, or show a single case, may still be withheld.
    """
    is_printed = programme.mark_printed_totals(combined, threshold)
    return combined.with_columns(
        is_printed=is_printed & pl.col("_row").is_not_null() & ~pl.col("is_small_change") & ~pl.col("is_group")
    )


@cache_once
def _code_digest() -> str:
    """Return the digest of this package's code and programme; after a change every block is protected again."""
    folder = Path(__file__).parent
    paths = sorted([*folder.glob("*.py"), programme.FILE])
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _repeat_pattern(block: pl.DataFrame, threshold: int) -> Array | None:
    """Return the states of a block if earlier releases had all its cells with the same values, else None.

    What they published is published again and what they hid stays hidden. That tells readers nothing, so it needs no
    audit.
    """
    is_known = pl.col("was_published") | pl.col("was_hidden")
    if not block.select((is_known & pl.col("_row").is_not_null()).all()).item():
        return None
    is_small = pl.col("value").is_between(1, threshold - 1)
    states: Array = block.select(
        pl.when(is_small | ((pl.col("is_small_change") | pl.col("is_group")) & ~pl.col("was_published")))
        .then(pl.lit("A"))
        .when("was_hidden")
        .then(pl.lit("D"))
        .otherwise(pl.lit("F"))
        .alias("state")
    )["state"].to_numpy().astype(object)  # fmt: skip
    return states


def protect_block(block: pl.DataFrame, *, name: str, rule: Rule) -> tuple[Array, audit.BlockAudit]:
    """Return the states (F, A, D) of the cells of one or more linked blocks, and their audit. Raises ProtectError.

    `block` has the columns of `earlier.combine_releases`.  Cells are chosen over margins. The result is audited over
    margins and over leaves, which are built independently; a cell that fails either audit is raised further.
    """
    pattern = _Pattern(block, name=name, rule=rule)
    if not pattern.hidden.any():
        return np.full(block.height, "F", dtype=object), audit.nothing_hidden(name)
    for number in range(_ROUNDS):
        pattern.hide_further()
        if number == 0:
            pattern.show_unneeded()
        report = pattern.audit_cells()
        if report.passed:
            return pattern.read_states(), report
    if pattern.fixed.any():
        pattern.hide_everything()
        report = pattern.audit_cells()
        if report.passed:
            return pattern.read_states(), report
    raise ProtectError(
        f"{name}: {len(report.failed_rows) + len(report.to_insiders)} cells could still be worked out after "
        f"{_ROUNDS} rounds"
    )


class _Pattern:
    """The cells of one problem that are hidden so far.

    Arrays have an element for each row of `views.margins`.  `fixed` cells were published by an earlier release with the
    same value: readers know them, so they can protect nothing and are published again.  `printed` cells are not hidden
    either, unless no other pattern protects.
    """

    def __init__(self, block: pl.DataFrame, *, name: str, rule: Rule) -> None:
        self._name, self._width = name, rule.width
        problem = Problem(block, name)
        self._views, self._raising, self._kept = problem.views, problem.raising, problem.kept
        self._block = block.filter(self._kept)
        self._cells = self._views.margins
        values = self._cells.values
        self.fixed = self._find_rows(self._block["was_published"])
        is_small = (values > 0) & (values < rule.threshold)
        is_small_change = self._find_rows(self._block["is_small_change"])
        self._is_group = self._find_rows(self._block["is_group"])
        self._small = is_small | (is_small_change | self._is_group) & ~self.fixed
        self.printed = self._find_rows(self._block["is_printed"]) & ~self.fixed & ~self._small
        self._was_hidden = self._find_rows(self._block["was_hidden"]) & ~self.printed
        self.hidden = (self._small | self._was_hidden) & ~self.fixed
        if not self.hidden.any():
            return
        self._readers = list_readers(self._block) if rule.guards_against_offices else [Reader(PUBLIC)]
        self._own_columns = np.stack([reader.find_own_columns(self._cells) for reader in self._readers])
        self._concerned: Array = (abs(self._cells.matrix) @ ~self._own_columns.T > 0).T
        # An insider who has corrected an own figure knows by how much the totals of the region have changed.
        of_others = self._find_rows(self._block["area_kind"] != "region")
        self._is_guarded = is_small | is_small_change & of_others & ~self.fixed
        self._concerned[1:] &= self._is_guarded
        self._safe: Array = np.zeros((len(self._readers), len(values)), dtype=bool)
        self._reach = np.full(len(values), float(rule.width))
        self._revealed: tuple[Array, set[tuple[str, int]]] | None = None
        self._costs = self._raising.costs.copy()
        self._truth = problem.find_true_population(name)
        self._populations: list[Array] = []
        self._places = _list_places(self._block, self._cells)
        self._raising.fix_cells(np.flatnonzero(self.fixed | self.printed))
        for cell in np.flatnonzero(self.hidden):
            self._raising.hide_cell(int(cell))

    def _find_rows(self, is_marked: pl.Series) -> Array:
        marked: Array = np.zeros(len(self._cells.values), dtype=bool)
        marked[self._cells.rows[is_marked.to_numpy()]] = True
        return marked

    def hide_further(self) -> None:
        """Move every hidden cell that no population so far has moved far enough, and hide what moves with it.

        For each insider, small counts of others have to move while the insider's own figures do not.
        """
        while (self.hidden & self._concerned & ~self._safe).any():
            # The public comes last: every population that protects from an insider protects from the public.
            for reader in (*range(1, len(self._readers)), 0):
                own_columns = self._own_columns[reader]
                if not (self.hidden & self._concerned[reader] & ~self._safe[reader]).any():
                    continue
                self._raising.freeze_columns(own_columns)
                while len(waiting := np.flatnonzero(self.hidden & self._concerned[reader] & ~self._safe[reader])):
                    self._hide_with(int(waiting[0]), reader)
                self._raising.release_columns(own_columns)

    def _hide_with(self, cell: int, reader: int) -> None:
        for moved, population in self._move_cell(cell):
            for moving in np.flatnonzero((np.abs(moved) > 1e-6) & (self._raising.costs > 0.0)):
                self.hidden[moving] = True
                self._raising.hide_cell(int(moving))
            if (np.abs(population - np.rint(population)) < 1e-6).all():
                self._populations.append(np.rint(population))
            # A population protects from every reader whose own figures it leaves as they are.
            is_possible: Array = np.all(~self._own_columns | (np.abs(population - self._truth) < 1e-6), axis=1)
            is_possible[reader] = True
            far = self.hidden & (np.abs(moved) >= self._width - 1e-6) & (np.abs(moved) >= self._reach - 1e-6)
            self._safe |= is_possible[:, None] & far
        self._safe[reader, cell] = True

    def _move_cell(self, cell: int) -> list[_Move]:
        """Return moves of a cell that leave enough values possible, giving up printed totals only if necessary.

        What earlier releases published may leave no such move, or a shorter one.
        """
        moves, is_enough = self._try_moves(cell)
        for nearby in self._list_printed(cell) if not is_enough else ():
            self._raising.unfix_cells(nearby)
            moves, is_enough = self._try_moves(cell)
            for moved, _ in moves:
                self.printed[nearby] &= np.abs(moved[nearby]) < 1e-6
            self._raising.fix_cells(nearby[self.printed[nearby]])
            if is_enough:
                break
        return moves

    def _try_moves(self, cell: int) -> tuple[list[_Move], bool]:
        reach = float(self._reach[cell])
        # The only category of a total cannot be larger than the total, but smaller at no cost.
        for by in (-reach, reach) if self._is_group[cell] else (reach, -reach):
            if (moved := self._raising.raise_cell(cell, by)) is not None:
                return [(moved, self._raising.read_population(moved))], True
        moves = [
            (moved, self._raising.read_population(moved))
            for by in (1.0, -1.0)
            if (moved := self._raising.raise_cell(cell, by)) is not None
        ]
        return moves, len(moves) == 2 and reach <= 2.0

    def _list_printed(self, cell: int) -> Iterator[Array]:
        """Yield the printed totals that have persons in common with a cell, then all of them."""
        rows = np.flatnonzero(self.printed)
        nearby = np.array([bool(self._places[row] & self._places[cell]) for row in rows], dtype=bool)
        for chosen in (rows[nearby], rows) if nearby.any() and not nearby.all() else (rows,):
            if len(chosen):
                yield chosen[self.printed[chosen]]

    def show_unneeded(self) -> None:
        """Publish cells again that were hidden for one cell, if populations found for others protect that cell too."""
        coverage = Coverage(
            self._find_witnesses(self._cells, self._truth, self.hidden, self._populations),
            [
                (own_columns, self.hidden & concerned)
                for own_columns, concerned in zip(self._own_columns, self._concerned, strict=True)
            ],
            self._width,
        )
        candidates = np.flatnonzero(self.hidden & ~self._small & ~self._was_hidden)
        for cell in candidates[np.argsort(-self._costs[candidates], kind="stable")]:
            if coverage.give_up(int(cell)):
                self.hidden[cell] = False
                self._raising.show_cell(int(cell), float(self._costs[cell]))

    def hide_everything(self) -> None:
        """Hide every cell that earlier releases have not published: then readers learn nothing new."""
        self.hidden = ~self.fixed
        self.hidden[self._cells.cells :] = False

    def audit_cells(self) -> audit.BlockAudit:
        """Audit the hidden cells, and prepare those that fail to be moved further.

        Cells that earlier releases reveal by themselves cannot be protected; they are reported, and do not fail.
        """
        report = self._audit_readers(self.hidden)
        if not report.passed and self.fixed.any():
            report = self._except_revealed(report)
        self._safe[0, list(report.failed_rows)] = False
        self._reach[list(report.failed_rows)] += 1.0
        names = [reader.name for reader in self._readers]
        for name, row in report.to_insiders:
            self._safe[names.index(name), row] = False
        self._reach[list({row for _, row in report.to_insiders})] += 1.0
        return report

    def _audit_readers(self, hidden: Array) -> audit.BlockAudit:
        """Return the audit for all readers, with the failed rows of margins: over margins first, then over leaves."""
        witnesses = self._find_witnesses(self._cells, self._truth, hidden, self._populations)
        report = self._audit_view(self._cells, hidden, witnesses)
        return self._audit_leaves(hidden, witnesses) if report.passed else report

    def _audit_leaves(self, hidden: Array, margin_witnesses: Witnesses) -> audit.BlockAudit:
        """Audit over leaves with the populations of the audit over margins that are needed to settle all cells."""
        audited = [
            (own_columns, hidden & concerned)
            for own_columns, concerned in zip(self._own_columns, self._concerned, strict=True)
        ]
        needed = margin_witnesses.choose_needed(audited, self._width)
        leaves = self._views.leaves
        truth, *lifted = self._views.lift_populations([self._truth, *needed])
        report = self._audit_view(leaves, hidden, self._find_witnesses(leaves, truth, hidden, lifted))
        is_hidden_cell = hidden[self._cells.rows]
        return report.with_rows_of(leaves.rows[is_hidden_cell], self._cells.rows[is_hidden_cell])

    def _find_witnesses(self, view: Space, truth: Array, hidden: Array, populations: Sequence[Array]) -> Witnesses:
        is_published = audit.find_published_rows(view, hidden[self._cells.rows])
        witnesses = Witnesses(view, truth, is_published)
        witnesses.add_populations(populations)
        return witnesses

    def _audit_view(self, view: Space, hidden: Array, witnesses: Witnesses) -> audit.BlockAudit:
        cells, guarded = hidden[self._cells.rows], self._is_guarded[self._cells.rows]
        return audit.audit_readers(view, cells, guarded, self._readers, witnesses, name=self._name, width=self._width)

    def _except_revealed(self, report: audit.BlockAudit) -> audit.BlockAudit:
        if self._revealed is None:
            can_hide = ~self.fixed
            can_hide[self._cells.cells :] = False
            everything = self._audit_readers(can_hide)
            self._revealed = np.array(everything.failed_rows, dtype=np.int64), set(everything.to_insiders)
        rows, pairs = self._revealed
        return report.except_revealed(rows, pairs)

    def read_states(self) -> Array:
        """Return the state of each cell of the frame."""
        by_row: Array = np.where(self._small, "A", np.where(self.hidden, "D", "F")).astype(object)
        states: Array = np.full(len(self._kept), "F", dtype=object)
        states[self._kept] = by_row[self._cells.rows]
        return states


_Move = tuple[Array, Array]
"""Deviations of all cells, and the population that has them."""


def _list_places(block: pl.DataFrame, known: Space) -> list[frozenset[tuple[str, str]]]:
    """Return the territories and years of each row."""
    places: list[frozenset[tuple[str, str]]] = [frozenset()] * len(known.values)
    for row, cell in zip(known.rows, block.iter_rows(named=True), strict=True):
        territories = cell["reporters"].split(",") if cell["area_kind"] == "region" else [cell["territory"]]
        places[row] = frozenset(product(territories, structure.years_of(cell["period"])))
    return places
