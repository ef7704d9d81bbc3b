"""Keep the populations that protect a problem, so that the next draft of a home need not look for them again.

After a correction most counts are what they were, and so most moves (`moves.py`) agree with the published cells of the
next problem too.  A move is kept by the names of its variables, and is checked again like any other population.  Kept
moves save programs of assessments only: which cells are hidden does not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy import sparse

from pipelines.core import asides
from pipelines.publication.disclosure.moves import Move
from pipelines.publication.disclosure.space import Array, Space


def write_moves(path: Path, names: Array, moves: Iterable[Move]) -> None:
    """Write moves to a file. `names` has those of the first variables; the others are rests, which follow from them."""
    columns, amounts, starts = [np.array([], dtype=np.uint64)], [np.array([])], [0]
    for move in moves:
        is_named = move.columns < len(names)
        columns.append(names[move.columns[is_named]])
        amounts.append(np.rint(move.amounts[is_named]))
        starts.append(starts[-1] + int(is_named.sum()))
    with asides.replace_file(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, names=np.concatenate(columns), amounts=np.concatenate(amounts), starts=starts)


def read_moves(path: Path, names: Array, space: Space) -> list[Move]:
    """Return the kept moves whose variables `space` has, with the rests that its equations then need.

    `names` has those of the first variables of the space.
    """
    if not path.exists() or not len(names):
        return []
    with np.load(path) as archive:
        kept_names, amounts, starts = archive["names"], archive["amounts"], archive["starts"]
    order = np.argsort(names, kind="stable")
    columns = order[np.minimum(np.searchsorted(names, kept_names, sorter=order), len(names) - 1)]
    is_here = names[columns] == kept_names
    ranges = [(start, end) for start, end in pairwise(starts) if end > start and is_here[start:end].all()]
    if not ranges:
        return []
    positions = np.concatenate([np.arange(start, end) for start, end in ranges])
    pointers = np.concatenate([[0], np.cumsum([end - start for start, end in ranges])])
    size = space.matrix.shape[1]
    changes = sparse.csr_matrix((amounts[positions], columns[positions], pointers), shape=(len(ranges), size))
    # An equation with a rest is: plus - minus - rest = constant.  So the rest changes as much as the other terms.
    equations = space.matrix[space.cells :]
    rests = (changes @ equations.T) @ -equations[:, len(names) :]
    changes = sparse.hstack([changes[:, : len(names)], rests], format="csr")
    changes.sort_indices()
    return [
        Move(changes.indices[start:end], changes.data[start:end]) for start, end in pairwise(changes.indptr.tolist())
    ]
