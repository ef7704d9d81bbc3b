"""Which cells of the programme are hidden, so that no small count can be read or worked out.

Primary: a count of 1 to threshold - 1.  Secondary: for every hidden cell there must be another population, no less
likely to a reader of all published cells, in which that cell is at least `width` away from its true value.  The
cheapest such population is found by a linear program; the cells it moves are hidden with it.  A zero is an ordinary
candidate for hiding, and the methodology says so: "a hidden cell may be zero" must be true to be of any help.

After the linear step every hidden cell is audited over whole-number populations too (`audit.py`), since no real
population has fractions; what fails is raised again, further, until nothing fails.

Formulation after Fischetti and Salazar's cell suppression problem, solved by the heuristic of one linear program a
cell (Kelly, Golden and Assad 1992; Statistical Disclosure Control, Hundepool et al. 2012, ch. 4 and 5).
"""

from __future__ import annotations

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
from pipelines.publication.disclosure import audit, lp, space, ties
from pipelines.publication.disclosure.space import Array

THRESHOLD = 5
WIDTH = 2
_ROUNDS = 8

# What hiding costs a reader: a regional or annual total is quoted, an inner cell seldom.
_COST_OF_AREA = {"region": 40.0, "territory": 8.0, "jurisdiction": 3.0}
_COST_OF_FREQ = {"Q": 1.0, "A": 6.0, "P3": 3.0, "P5": 3.0}
_COST_OF_DETAIL = 0.15
_COST_OF_TOP = 20.0
"""Factor for a cell that no larger published cell holds: hidden, it leaves those below it without an upper bound."""


class ProtectError(Exception):
    """The block contradicts itself or could not be made safe; the text says which. Nothing of it may be published."""


@dataclass(frozen=True)
class Protected:
    """Cells with `conf_status` (F free, A hidden as small, D hidden to protect another) and the audit of all blocks."""

    cells: pl.DataFrame
    report: audit.AuditReport


def protect(
    cells: pl.DataFrame,
    *,
    threshold: int = THRESHOLD,
    width: int = WIDTH,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Protected:
    """Hide what must be hidden in the programme's cells.

    `cells`: columns of `mart_count` and `table_id`; the same cell in two tables gets the same treatment.  Rows without
    a value (missing, not applicable) pass unchanged with conf_status F.  Returned: the same rows in the same order,
    `value` null and `obs_status` Q where hidden.  `cache` is a folder that keeps the outcome of a block by its content,
    so that a new return costs only the blocks it touches; `progress` is told how many blocks of how many are done.
    Raises ProtectError when a block cannot be made safe.
    """
    indexed = cells.with_row_index("_row")
    hidden = np.full(cells.height, "F", dtype=object)
    reports: list[audit.BlockAudit] = []
    counted = indexed.filter(pl.col("value").is_not_null())
    blocks = list(ties.with_family(counted).partition_by(ties.TIED, maintain_order=True))

    def work(block: pl.DataFrame) -> tuple[Array, audit.BlockAudit]:
        name = " ".join(block.row(0, named=True)[column] for column in ties.TIED)
        return _remembered(block, cache, name=name, threshold=threshold, width=width)

    # The largest first: begun last, they would be waited for alone.
    blocks.sort(key=lambda block: -block.height)
    # The solver lets other threads run while it works.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for block, (states, report) in zip(blocks, pool.map(work, blocks), strict=True):
            hidden[block["_row"].to_numpy()] = states
            reports.append(report)
            if progress:
                progress(len(reports), len(blocks))
    marked = cells.with_columns(pl.Series("conf_status", hidden.tolist(), dtype=pl.String))
    is_hidden = pl.col("conf_status") != "F"
    out = marked.with_columns(
        pl.when(is_hidden).then(None).otherwise(pl.col("value")).alias("value"),
        pl.when(is_hidden).then(pl.lit("Q")).otherwise(pl.col("obs_status")).alias("obs_status"),
    )
    return Protected(out, audit.AuditReport(tuple(reports)))


def _remembered(
    block: pl.DataFrame, cache: Path | None, *, name: str, threshold: int, width: int
) -> tuple[Array, audit.BlockAudit]:
    """The outcome of a block, from the cache where the very same block was protected by the very same code before."""
    if cache is None:
        return protect_block(block, name=name, threshold=threshold, width=width)
    content = block.drop("_row").write_csv() + f"|{threshold}|{width}|{codes.measure_parts()}|{_code_digest()}"
    kept = cache / f"{hashlib.sha256(content.encode()).hexdigest()}.json"
    if kept.exists():
        outcome = json.loads(kept.read_text(encoding="ascii"))
        return np.array(list(outcome["states"]), dtype=object), audit.BlockAudit(name, outcome["hidden"], (), (), ())
    states, report = protect_block(block, name=name, threshold=threshold, width=width)
    cache.mkdir(parents=True, exist_ok=True)
    aside = kept.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
    aside.write_text(json.dumps({"block": name, "hidden": report.hidden, "states": "".join(states)}), encoding="ascii")
    aside.replace(kept)
    return states, report


@cache_once
def _code_digest() -> str:
    """Digest of this package: a changed rule protects everything anew."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))).hexdigest()


def protect_block(block: pl.DataFrame, *, name: str, threshold: int, width: int) -> tuple[Array, audit.BlockAudit]:
    """States (F, A, D) of the cells of one block, or of blocks that are tied, and its audit. Raises ProtectError."""
    known = ties.build(block)
    small = (known.values > 0) & (known.values < threshold)
    hidden = small.copy()
    if not hidden.any():
        return np.full(block.height, "F", dtype=object), audit.nothing_hidden(name)
    raising = lp.Raising(known.matrix, known.values, _costs(block, known), known.ties)
    _refuse_contradictions(raising.contradictions(), block, known, name)
    for cell in np.flatnonzero(hidden):
        raising.hide(int(cell))
    safe = np.zeros(len(hidden), dtype=bool)
    reach = np.full(len(hidden), float(width))
    for _ in range(_ROUNDS):
        _raise_all(raising, hidden, safe, reach, width)
        report = audit.audit_block(known, hidden, name=name, width=width)
        if report.passed:
            return _states(known, small, hidden), report
        for row in report.failed_rows:
            safe[row] = False
            reach[row] += 1.0
    raise ProtectError(f"{name}: {len(report.failed_rows)} cells could still be worked out after {_ROUNDS} rounds")


def _refuse_contradictions(moved: Array, block: pl.DataFrame, known: space.Space, name: str) -> None:
    """Cells that no population has would make every bound of an intruder meaningless."""
    wrong = np.flatnonzero(np.abs(moved) > 1e-6)
    if not len(wrong):
        return
    words = []
    for row in wrong[:5]:
        cell = block.row(int(np.flatnonzero(known.rows == row)[0]), named=True)
        detail = " ".join(f"{dim}={cell[dim]}" for dim in space.DETAIL if cell[dim] != space.TOTAL)
        words.append(f"{cell['area']} {cell['period']} {detail}".strip() + f" = {cell['value']:g}")
    raise ProtectError(f"{name}: the published totals contradict each other, for instance at " + "; ".join(words))


def _raise_all(raising: lp.Raising, hidden: Array, safe: Array, reach: Array, width: int) -> None:
    """Raise every hidden cell that no population seen so far has moved far enough; hide what moves along."""
    while (waiting := _next(hidden, safe)) is not None:
        moved = raising.raise_cell(waiting, reach[waiting])
        for cell in np.flatnonzero((np.abs(moved) > 1e-6) & ~hidden):
            hidden[cell] = True
            raising.hide(int(cell))
        safe |= hidden & (np.abs(moved) >= width - 1e-6) & (np.abs(moved) >= reach - 1e-6)
        safe[waiting] = True


def _next(hidden: Array, safe: Array) -> int | None:
    waiting = np.flatnonzero(hidden & ~safe)
    return int(waiting[0]) if len(waiting) else None


def _costs(block: pl.DataFrame, known: space.Space) -> Array:
    """Cost of hiding each row: what the cell is, and a little for its size, so that small cells go first."""
    costs = np.zeros(len(known.values))
    for row, weight in zip(known.rows, _weights(block), strict=True):
        costs[row] = max(costs[row], weight)
    costs[_tops(known)] *= _COST_OF_TOP
    return costs * (1.0 + np.log1p(known.values))


def _tops(known: space.Space) -> Array:
    """Which cells are held whole by no other cell of their measure."""
    matrix = known.matrix[: known.cells]
    shared = (matrix @ matrix.T).tocoo()
    sizes = np.diff(matrix.indptr)
    held = (shared.row != shared.col) & (shared.data == sizes[shared.row])
    tops: Array = np.zeros(len(known.values), dtype=bool)
    tops[: known.cells] = True
    tops[shared.row[held]] = False
    return tops


def _weights(block: pl.DataFrame) -> Iterator[float]:
    for cell in block.iter_rows(named=True):
        details = sum(cell[dim] not in (space.TOTAL, space.NOT_APPLICABLE) for dim in space.DETAIL)
        yield _COST_OF_AREA[cell["area_kind"]] * _COST_OF_FREQ[cell["freq"]] * _COST_OF_DETAIL ** min(details, 1)


def _states(known: space.Space, small: Array, hidden: Array) -> Array:
    by_row: Array = np.where(small, "A", np.where(hidden, "D", "F")).astype(object)
    states: Array = by_row[known.rows]
    return states
