"""Coarsen the territory and role of answers, so that no stored group is small.

Somebody who knows that a person answered finds this person among at least `FEWEST_RESPONDENTS` answers, and a group of
one territory and role has answers from at least `FEWEST_INSTITUTIONS` institutions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from pipelines.statistics.thresholds import FEWEST_RESPONDENTS

NOT_STATED = "_X"
"""Code of a territory or role that is not stored with an answer."""
Cell = tuple[str, str]


def coarsen_cells(cells: Sequence[Cell], exposed: Collection[Cell] = ()) -> list[Cell]:
    """Return for each answer the (territory, role) that is stored with it.

    A cell is too small if it has fewer than `FEWEST_RESPONDENTS` answers or is in `exposed` (answers from one
    institution only). Small cells of a role are pooled over the territories, else those of a territory over the roles,
    else all of them; a pool that is still too small takes in the smallest cell.
    """
    counts = Counter(cells)
    target: dict[Cell, Cell] = {cell: cell for cell in counts}
    small = {cell for cell, n in counts.items() if n < FEWEST_RESPONDENTS or cell in exposed}
    for position in (1, 0):
        pools: dict[str, set[Cell]] = {}
        for cell in small:
            pools.setdefault(cell[position], set()).add(cell)
        for code, members in sorted(pools.items()):
            if len(members) > 1 and sum(counts[cell] for cell in members) >= FEWEST_RESPONDENTS:
                pooled = (NOT_STATED, code) if position == 1 else (code, NOT_STATED)
                target |= dict.fromkeys(members, pooled)
                small -= members
    everything = (NOT_STATED, NOT_STATED)
    target |= dict.fromkeys(small, everything)
    while True:
        sizes: Counter[Cell] = Counter()
        for cell, n in counts.items():
            sizes[target[cell]] += n
        others = sorted((n, cell) for cell, n in sizes.items() if cell != everything)
        if not 0 < sizes[everything] < FEWEST_RESPONDENTS or not others:
            return [target[cell] for cell in cells]
        smallest = others[0][1]
        target = {cell: everything if place == smallest else place for cell, place in target.items()}
