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

import dataclasses
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache as cache_once
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure import audit, groups, lifting, lp, margins, programme, space, structure, ties
from pipelines.publication.disclosure import earlier as earlier_releases
from pipelines.publication.disclosure.readers import PUBLIC, Reader, list_readers
from pipelines.publication.disclosure.space import Array
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

WIDTH = 2
_ROUNDS = 8

# Cost of hiding for readers: regional and annual totals are quoted often, inner cells seldom.
_COST_OF_AREA = {"region": 40.0, "territory": 8.0, "jurisdiction": 3.0}
_COST_OF_FREQ = {"Q": 1.0, "A": 6.0, "P3": 3.0, "P5": 3.0}
_COST_OF_DETAIL = 0.15
_COST_OF_ANNUAL_TOTAL = 1000.0
"""Factor for the annual total of a territory, which offices print themselves: a withheld one can be read elsewhere.

The annual totals of the region that the programme names have it too.
"""
_COST_OF_TOP = 20.0
"""Factor for a cell that no larger published cell contains; hiding it leaves the cells below without an upper bound."""
_COST_OF_EARLIER = 1e-3
"""Cost of moving a cell of an earlier release, where cells contradict each other: it gives way to those of now."""


class ProtectError(Exception):
    """A block is contradictory or could not be made safe; the text says which. None of it may be published."""


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
    combined = _mark_groups(combined, threshold)
    # Of several equally cheap patterns the order decides which is hidden, so it must not be that of the input.
    combined = combined.sort(*codes.CELL_KEY, "states", "reporters", "_row", nulls_last=True)
    blocks = list(ties.with_family(combined).partition_by(ties.TIED, maintain_order=True))

    def protect_one(block: pl.DataFrame) -> tuple[Array, audit.BlockAudit]:
        name = " ".join(block.row(0, named=True)[column] for column in ties.TIED)
        return _protect_cached(block, cache, name=name, rule=rule)

    # Largest blocks first; otherwise the pool would end up waiting for one of them alone.
    blocks.sort(key=lambda block: -block.height)
    # The solver releases the GIL while it works.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for block, (states, report) in zip(blocks, pool.map(protect_one, blocks), strict=True):
            is_current = block["_row"].is_not_null()
            hidden[block["_row"].drop_nulls().to_numpy()] = states[is_current.to_numpy()]
            reports.append(report)
            if progress:
                progress(len(reports), len(blocks))
    marked = cells.with_columns(pl.Series("conf_status", hidden.tolist(), dtype=pl.String))
    is_hidden = pl.col("conf_status") != "F"
    protected = marked.with_columns(
        pl.when(is_hidden).then(None).otherwise(pl.col("value")).alias("value"),
        pl.when(is_hidden).then(pl.lit("Q")).otherwise(pl.col("obs_status")).alias("obs_status"),
    )
    return ProtectedCells(protected, audit.AuditReport(tuple(reports)))


def _protect_cached(
    block: pl.DataFrame, cache: Path | None, *, name: str, rule: Rule
) -> tuple[Array, audit.BlockAudit]:
    """Return the outcome of a block, from the cache if the same block was protected by the same code before."""
    if (states := _repeat_pattern(block, rule.threshold)) is not None:
        hidden = block.filter(pl.Series(states != "F", dtype=pl.Boolean)).n_unique(list(codes.CELL_KEY))
        return states, audit.nothing_new(name, hidden)
    if cache is None:
        return protect_block(block, name=name, rule=rule)
    content = block.drop("_row").write_csv() + f"|{rule}|{codes.measure_parts()}|{_code_digest()}"
    cached_path = cache / f"{hashlib.sha256(content.encode()).hexdigest()}.json"
    if cached_path.exists():
        outcome = json.loads(cached_path.read_text(encoding="ascii"))
        report = audit.BlockAudit(name, outcome["hidden"], (), (), (), revealed_before=tuple(outcome["revealed"]))
        return np.array(list(outcome["states"]), dtype=object), report
    states, report = protect_block(block, name=name, rule=rule)
    cache.mkdir(parents=True, exist_ok=True)
    temporary = cached_path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
    outcome = {
        "block": name, "hidden": report.hidden, "revealed": report.revealed_before, "states": "".join(states)
    }  # fmt: skip
    temporary.write_text(json.dumps(outcome), encoding="ascii")
    temporary.replace(cached_path)
    return states, report


def _mark_groups(combined: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Mark current cells that show a property of all their persons, or count a single case: `is_group`."""
    is_of_now = pl.col("_row").is_not_null()
    now, further = combined.filter(is_of_now), combined.filter(~is_of_now)
    is_group = groups.mark_uniform_groups(now, threshold=threshold) | groups.mark_single_cases(now)
    return pl.concat(
        [now.with_columns(is_group.alias("is_group")), further.with_columns(pl.lit(False).alias("is_group"))]
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
    for _ in range(_ROUNDS):
        pattern.hide_further()
        report = pattern.audit_cells()
        if report.passed:
            return pattern.read_states(), report
    if pattern.fixed.any():
        pattern.hide_everything()
        report = pattern.audit_cells()
        if report.passed:
            return pattern.read_states(), report
    raise ProtectError(f"{name}: {len(report.failed_rows)} cells could still be worked out after {_ROUNDS} rounds")


class _Pattern:
    """The cells of one problem that are hidden so far.

    Arrays have an element for each row of `views.margins`.  `fixed` cells were published by an earlier release with the
    same value: readers know them, so they can protect nothing and are published again.
    """

    def __init__(self, block: pl.DataFrame, *, name: str, rule: Rule) -> None:
        self._name, self._width = name, rule.width
        problem = Problem(block, name)
        self._views, self._raising, self._kept = problem.views, problem.raising, problem.kept
        block = block.filter(self._kept)
        self._cells = self._views.margins
        values = self._cells.values
        self.fixed = self._find_rows(block["was_published"])
        is_small = (values > 0) & (values < rule.threshold)
        self._is_group = self._find_rows(block["is_group"])
        self._small = is_small | self._find_rows(block["is_small_change"] | block["is_group"]) & ~self.fixed
        self.hidden = (self._small | self._find_rows(block["was_hidden"])) & ~self.fixed
        readers = list_readers(block) if rule.guards_against_offices else [Reader(PUBLIC)]
        self._own_columns = np.stack([reader.find_own_columns(self._cells) for reader in readers])
        self._concerned: Array = (abs(self._cells.matrix) @ ~self._own_columns.T > 0).T
        self._concerned[1:] &= is_small
        self._safe: Array = np.zeros((len(readers), len(values)), dtype=bool)
        self._reach = np.full(len(values), float(rule.width))
        self._revealed: Array | None = None
        self._raising.fix_cells(np.flatnonzero(self.fixed))
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
            for reader, own_columns in enumerate(self._own_columns):
                if not (self.hidden & self._concerned[reader] & ~self._safe[reader]).any():
                    continue
                self._raising.freeze_columns(own_columns)
                while len(waiting := np.flatnonzero(self.hidden & self._concerned[reader] & ~self._safe[reader])):
                    self._hide_with(int(waiting[0]), reader)
                self._raising.release_columns(own_columns)

    def _hide_with(self, cell: int, reader: int) -> None:
        for moved in self._move_cell(cell):
            for moving in np.flatnonzero((np.abs(moved) > 1e-6) & ~self.hidden):
                self.hidden[moving] = True
                self._raising.hide_cell(int(moving))
            # A population protects from every reader whose own figures it leaves as they are.
            is_possible: Array = np.all(~self._own_columns | ~self._raising.find_moved_columns(moved), axis=1)
            is_possible[reader] = True
            far = self.hidden & (np.abs(moved) >= self._width - 1e-6) & (np.abs(moved) >= self._reach - 1e-6)
            self._safe |= is_possible[:, None] & far
        self._safe[reader, cell] = True

    def _move_cell(self, cell: int) -> list[Array]:
        """Return deviations that move a cell. What earlier releases published may leave none, or only one direction."""
        reach = float(self._reach[cell])
        # The only category of a total cannot be larger than the total, but smaller at no cost.
        for by in (-reach, reach) if self._is_group[cell] else (reach, -reach):
            if (moved := self._raising.raise_cell(cell, by)) is not None:
                return [moved]
        return [moved for by in (1.0, -1.0) if (moved := self._raising.raise_cell(cell, by)) is not None]

    def hide_everything(self) -> None:
        """Hide every cell that earlier releases have not published: then readers learn nothing new."""
        self.hidden = ~self.fixed
        self.hidden[self._cells.cells :] = False

    def audit_cells(self) -> audit.BlockAudit:
        """Audit the hidden cells, and prepare those that fail to be moved further.

        Cells that earlier releases reveal by themselves cannot be protected; they are reported, and do not fail.
        """
        report, failed = self._views.audit_cells(self.hidden[self._cells.rows], name=self._name, width=self._width)
        if not report.passed and self.fixed.any():
            report, failed = self._except_revealed(report, failed)
        self._safe[0, failed] = False
        self._reach[failed] += 1.0
        return report

    def _except_revealed(self, report: audit.BlockAudit, failed: Array) -> tuple[audit.BlockAudit, Array]:
        if self._revealed is None:
            can_hide = ~self.fixed[self._cells.rows]
            _, self._revealed = self._views.audit_cells(can_hide, name=self._name, width=self._width)
        revealed = np.intersect1d(failed, self._revealed)
        failed = np.setdiff1d(failed, self._revealed)
        if len(failed):
            return report, failed
        return audit.BlockAudit(
            self._name, report.hidden, (), (), (), revealed_before=tuple(int(row) for row in revealed)
        ), failed

    def read_states(self) -> Array:
        """Return the state of each cell of the frame."""
        by_row: Array = np.where(self._small, "A", np.where(self.hidden, "D", "F")).astype(object)
        states: Array = np.full(len(self._kept), "F", dtype=object)
        states[self._kept] = by_row[self._cells.rows]
        return states


class _Views:
    """One problem over margins and over leaves."""

    def __init__(self, block: pl.DataFrame) -> None:
        blocks = ties.split_blocks(block)
        self.blocks = [(margins.Margins(part), space.Leaves(part)) for part in blocks]
        self.margins = ties.tie_spaces(block, [over_margins.space for over_margins, _ in self.blocks])
        self.leaves = ties.tie_spaces(block, [over_leaves.space for _, over_leaves in self.blocks])

    def audit_cells(self, hidden: Array, *, name: str, width: int) -> tuple[audit.BlockAudit, Array]:
        """Return the audit over margins if it fails, else that over leaves, and the failed rows of `margins`."""
        report, view = audit.audit_cells(self.margins, hidden, name=name, width=width), self.margins
        if report.passed:
            witnesses = lifting.lift_populations(report.witnesses, self.blocks, self.leaves)
            report = audit.audit_cells(self.leaves, hidden, name=name, width=width, witnesses=witnesses)
            view = self.leaves
        failed: Array = np.unique(self.margins.rows[np.isin(view.rows, report.failed_rows) & hidden])
        return dataclasses.replace(report, witnesses=()), failed


class Problem:
    """The cells of one or more linked blocks, now and in earlier releases, in both views and as a linear program.

    `kept` marks the cells of the frame that it has.  A cell of an earlier release that contradicts the others is left
    out: what was counted then differently is not known.  Raises ProtectError if the cells of now contradict each other.
    """

    def __init__(self, block: pl.DataFrame, name: str) -> None:
        self.kept: Array = np.ones(block.height, dtype=bool)
        is_further = block["_row"].is_null().to_numpy()
        while True:
            cells = block.filter(self.kept)
            self.views = _Views(cells)
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
                return
            self.kept[np.flatnonzero(self.kept)[is_wrong[view.rows]]] = False


def _refuse_contradictions(moved: Array, block: pl.DataFrame, known: space.Space, name: str) -> None:
    """Raise ProtectError for contradictory cells, which would make every bound of the audit meaningless."""
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
    return costs * (1.0 + np.log1p(known.values))


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
        weight = _COST_OF_AREA[cell["area_kind"]] * _COST_OF_FREQ[cell["freq"]]
        if any(cell[dim] not in (structure.TOTAL, structure.NOT_APPLICABLE) for dim in structure.DETAIL):
            weight *= _COST_OF_DETAIL
        elif cell["freq"] == "A" and (
            cell["area_kind"] == "territory"
            or (
                cell["area_kind"] == "region"
                and cell["offence_group"] in declared.regional_groups
                and cell["measure"] in declared.stages
            )
        ):
            weight *= _COST_OF_ANNUAL_TOTAL
        yield weight
