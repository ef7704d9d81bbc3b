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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache as cache_once
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure import audit, lifting, lp, margins, programme, space, structure, ties
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


class ProtectError(Exception):
    """A block is contradictory or could not be made safe; the text says which. None of it may be published."""


@dataclass(frozen=True)
class ProtectedCells:
    """Cells with `conf_status` (F free, A hidden as small, D hidden to protect another) and the audit of all blocks."""

    cells: pl.DataFrame
    report: audit.AuditReport


def hide_small_counts(
    cells: pl.DataFrame,
    *,
    threshold: int = SMALLEST_PUBLISHED_COUNT,
    width: int = WIDTH,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ProtectedCells:
    """Hide small counts in the programme's cells, and the further cells from which they could be inferred.

    `cells`: columns of `mart_count` and `table_id`; the same cell in two tables gets the same treatment.  Rows without
    a value (missing, not applicable) are returned unchanged with conf_status F.  The result has the same rows in the
    same order; hidden cells have a null `value` and `obs_status` Q.  `cache` is a folder with the outcome of each block
    by its content, so that a new return costs only the blocks that it affects; `progress` is called with the number of
    finished blocks and of all blocks.  Raises ProtectError if a block cannot be made safe.
    """
    indexed = cells.with_row_index("_row")
    hidden = np.full(cells.height, "F", dtype=object)
    reports: list[audit.BlockAudit] = []
    # Of several equally cheap patterns the order decides which is hidden, so it must not be that of the input.
    counted = indexed.filter(pl.col("value").is_not_null()).sort(*codes.CELL_KEY, "table_id")
    blocks = list(ties.with_family(counted).partition_by(ties.TIED, maintain_order=True))

    def protect_one(block: pl.DataFrame) -> tuple[Array, audit.BlockAudit]:
        name = " ".join(block.row(0, named=True)[column] for column in ties.TIED)
        return _protect_cached(block, cache, name=name, threshold=threshold, width=width)

    # Largest blocks first; otherwise the pool would end up waiting for one of them alone.
    blocks.sort(key=lambda block: -block.height)
    # The solver releases the GIL while it works.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for block, (states, report) in zip(blocks, pool.map(protect_one, blocks), strict=True):
            hidden[block["_row"].to_numpy()] = states
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
    block: pl.DataFrame, cache: Path | None, *, name: str, threshold: int, width: int
) -> tuple[Array, audit.BlockAudit]:
    """Return the outcome of a block, from the cache if the same block was protected by the same code before."""
    if cache is None:
        return protect_block(block, name=name, threshold=threshold, width=width)
    content = block.drop("_row").write_csv() + f"|{threshold}|{width}|{codes.measure_parts()}|{_code_digest()}"
    cached_path = cache / f"{hashlib.sha256(content.encode()).hexdigest()}.json"
    if cached_path.exists():
        outcome = json.loads(cached_path.read_text(encoding="ascii"))
        return np.array(list(outcome["states"]), dtype=object), audit.BlockAudit(name, outcome["hidden"], (), (), ())
    states, report = protect_block(block, name=name, threshold=threshold, width=width)
    cache.mkdir(parents=True, exist_ok=True)
    temporary = cached_path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
    temporary.write_text(
        json.dumps({"block": name, "hidden": report.hidden, "states": "".join(states)}), encoding="ascii"
    )
    temporary.replace(cached_path)
    return states, report


@cache_once
def _code_digest() -> str:
    """Return the digest of this package's code and programme; after a change every block is protected again."""
    folder = Path(__file__).parent
    paths = sorted([*folder.glob("*.py"), programme.FILE])
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def protect_block(block: pl.DataFrame, *, name: str, threshold: int, width: int) -> tuple[Array, audit.BlockAudit]:
    """Return the states (F, A, D) of the cells of one or more linked blocks, and their audit. Raises ProtectError.

    Cells are chosen over margins. The result is audited over margins and over leaves, which are built independently; a
    cell that fails either audit is raised further.
    """
    views = _Views(block)
    cells = views.margins
    small = (cells.values > 0) & (cells.values < threshold)
    hidden = small.copy()
    if not hidden.any():
        return np.full(block.height, "F", dtype=object), audit.nothing_hidden(name)
    raising = lp.Raising(cells.matrix, cells.values, _costs(block, cells, views.leaves), cells.ties)
    _refuse_contradictions(raising.find_contradictions(), block, cells, name)
    for cell in np.flatnonzero(hidden):
        raising.hide_cell(int(cell))
    safe = np.zeros(len(hidden), dtype=bool)
    reach = np.full(len(hidden), float(width))
    for _ in range(_ROUNDS):
        _raise_all(raising, hidden, safe, reach, width)
        report, failed = views.audit_cells(hidden[cells.rows], name=name, width=width)
        if report.passed:
            return _states(cells, small, hidden), report
        safe[failed] = False
        reach[failed] += 1.0
    raise ProtectError(f"{name}: {len(report.failed_rows)} cells could still be worked out after {_ROUNDS} rounds")


class _Views:
    """One problem over margins and over leaves."""

    def __init__(self, block: pl.DataFrame) -> None:
        blocks = ties.split_blocks(block)
        self._blocks = [(margins.Margins(part), space.Leaves(part)) for part in blocks]
        self.margins = ties.tie_spaces(block, [over_margins.space for over_margins, _ in self._blocks])
        self.leaves = ties.tie_spaces(block, [over_leaves.space for _, over_leaves in self._blocks])

    def audit_cells(self, hidden: Array, *, name: str, width: int) -> tuple[audit.BlockAudit, Array]:
        """Return the audit over margins if it fails, else that over leaves, and the failed rows of `margins`."""
        report, view = audit.audit_cells(self.margins, hidden, name=name, width=width), self.margins
        if report.passed:
            witnesses = lifting.lift_populations(report.witnesses, self._blocks, self.leaves)
            report = audit.audit_cells(self.leaves, hidden, name=name, width=width, witnesses=witnesses)
            view = self.leaves
        failed: Array = np.unique(self.margins.rows[np.isin(view.rows, report.failed_rows) & hidden])
        return dataclasses.replace(report, witnesses=()), failed


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


def _raise_all(raising: lp.Raising, hidden: Array, safe: Array, reach: Array, width: int) -> None:
    """Raise every hidden cell that no population so far has moved far enough, and hide the cells that move with it."""
    while (waiting := _next_waiting(hidden, safe)) is not None:
        moved = raising.raise_cell(waiting, reach[waiting])
        for cell in np.flatnonzero((np.abs(moved) > 1e-6) & ~hidden):
            hidden[cell] = True
            raising.hide_cell(int(cell))
        safe |= hidden & (np.abs(moved) >= width - 1e-6) & (np.abs(moved) >= reach - 1e-6)
        safe[waiting] = True


def _next_waiting(hidden: Array, safe: Array) -> int | None:
    waiting = np.flatnonzero(hidden & ~safe)
    return int(waiting[0]) if len(waiting) else None


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


def _states(known: space.Space, small: Array, hidden: Array) -> Array:
    by_row: Array = np.where(small, "A", np.where(hidden, "D", "F")).astype(object)
    states: Array = by_row[known.rows]
    return states
