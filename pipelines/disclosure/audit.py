"""The intruder: what can anyone work out from the published cells of a block?

For every hidden cell the least and the greatest value that some population allows, given all published cells, the way
they add up (`space.py`) and that nobody counts below zero.  First over fractional populations (a quick outer bound),
then over whole ones where two whole populations have not already shown the cell to be wide enough.

This module knows nothing of how cells were chosen for hiding; it must be able to fail what `protect.py` did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.disclosure import lp
from pipelines.disclosure.space import Array, Space

MIP_SECONDS = 60.0


@dataclass(frozen=True)
class BlockAudit:
    """The audit of one block. Rows are rows of its `Space`; a narrow cell has fewer than `width` + 1 values left."""

    name: str
    hidden: int
    disclosed: tuple[int, ...]
    narrow: tuple[int, ...]
    unknown: tuple[int, ...]

    @property
    def failed_rows(self) -> tuple[int, ...]:
        return (*self.disclosed, *self.narrow, *self.unknown)

    @property
    def passed(self) -> bool:
        """No cell disclosed, none narrow, none that the solver could not decide."""
        return not self.failed_rows


@dataclass(frozen=True)
class AuditReport:
    """All blocks of a release."""

    blocks: tuple[BlockAudit, ...]

    @property
    def passed(self) -> bool:
        return all(block.passed for block in self.blocks)

    def totals(self) -> dict[str, int]:
        """Cells hidden, disclosed, narrow and unknown over all blocks."""
        return {
            "blocks": len(self.blocks),
            "hidden": sum(block.hidden for block in self.blocks),
            "disclosed": sum(len(block.disclosed) for block in self.blocks),
            "narrow": sum(len(block.narrow) for block in self.blocks),
            "unknown": sum(len(block.unknown) for block in self.blocks),
        }


def nothing_hidden(name: str) -> BlockAudit:
    """The audit of a block without a hidden cell."""
    return BlockAudit(name, 0, (), (), ())


def audit_block(known: Space, hidden: Array, *, name: str, width: int, mip_seconds: float = MIP_SECONDS) -> BlockAudit:
    """Play the intruder on one block. `hidden` marks rows of `known` that the public does not see."""
    lower = np.where(hidden, 0.0, known.values)
    upper = np.where(hidden, np.inf, known.values)
    matrix, rows = _without_zero_leaves(known, hidden)
    intruder = lp.Intruder(matrix, lower, upper, mip_seconds)
    seen_low = np.full(len(hidden), np.inf)
    seen_high = np.full(len(hidden), -np.inf)

    def witness(population: Array | None) -> None:
        if population is not None and np.abs(population - np.rint(population)).max(initial=0.0) < 1e-6:
            cells = matrix @ np.rint(population)
            np.minimum(seen_low, cells, out=seen_low)
            np.maximum(seen_high, cells, out=seen_high)

    disclosed, narrow, unknown = [], [], []
    for cell in rows:
        low, high, undecided = -np.inf, np.inf, False
        for whole in (False, True):
            if seen_high[cell] - seen_low[cell] >= width:
                break
            least, most = intruder.bound(cell, 1, whole=whole), intruder.bound(cell, -1, whole=whole)
            witness(least.population)
            witness(most.population)
            undecided = "unknown" in (least.state, most.state)
            if not undecided:
                low, high = np.ceil(least.value - 1e-6), np.floor(most.value + 1e-6)
                if high - low < width:
                    break
        if seen_high[cell] - seen_low[cell] >= width or (not undecided and high - low >= width and whole):
            continue
        if undecided:
            unknown.append(cell)
        elif high <= low:
            disclosed.append(cell)
        else:
            narrow.append(cell)
    return BlockAudit(name, int(hidden.sum()), tuple(disclosed), tuple(narrow), tuple(unknown))


def _without_zero_leaves(known: Space, hidden: Array) -> tuple[object, list[int]]:
    """Leaves below a published zero are zero; without them the programs are smaller. Rows keep their places."""
    zero_rows = np.flatnonzero(~hidden & (known.values == 0))
    touched = np.asarray(known.matrix[zero_rows].sum(axis=0)).ravel() > 0
    return known.matrix[:, ~touched].tocsr(), [int(row) for row in np.flatnonzero(hidden)]
