"""What ties blocks to each other: a count that is part of another of the same persons, period and level.

A decision at first instance is a conviction, an acquittal, a rejection or a discontinuance, by its definition.  So a
reader who sees the decisions and three of their four parts knows the fourth; and who sees that six were convicted knows
that no more than six were sentenced.  Looked at block by block neither is noticed: in the demonstration of November
2026, eleven withheld cells followed exactly from published ones in this way.

What holds is seen in the cells themselves:
- where two parts or more make the whole, it is their sum, whatever other parts an office may not tell;
- where they leave a rest, or there is one alone, the parts are no more than the whole;
- where they exceed it, the figures are of different persons and tie nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core import codes
from pipelines.publication.disclosure import space
from pipelines.publication.disclosure.space import Array, Space

TIED: tuple[str, ...] = ("family", *(column for column in space.BLOCK if column != "measure"))
"""Columns that part the programme into problems, each protected by itself: nothing published ties two of them."""

_Place = tuple[str, ...]


class _Link(NamedTuple):
    """Row `whole` is at least the sum of the rows `parts`, and is that sum where `equal`."""

    whole: int
    parts: tuple[int, ...]
    equal: bool


def with_family(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with `family`: the measure that theirs is a part of, over all steps, or theirs itself."""
    above = {(one.part, one.level): one.whole for one in codes.measure_parts()}
    names = {}
    for measure, level in cells.select("measure", "level").unique().iter_rows():
        top = measure
        while (top, level) in above:
            top = above[top, level]
        names[measure, level] = top
    known = pl.DataFrame(
        [(*key, top) for key, top in names.items()],
        schema={"measure": pl.String, "level": pl.String, "family": pl.String},
        orient="row",
    )
    return cells.join(known, on=["measure", "level"], how="left", maintain_order="left")


def build(cells: pl.DataFrame) -> Space:
    """The space of one problem: the cells of its blocks as rows, and below them a row of value 0 for each tie.

    `cells` has the columns of `mart_count`, a value in every row.  A tie is whole - parts = 0, or
    whole - parts - rest = 0 with a leaf of its own for the rest.  Raises ValueError as `space.build` does.
    """
    blocks = cells.with_row_index("_place").partition_by(list(space.BLOCK), maintain_order=True)
    spaces = [space.build(block) for block in blocks]
    if len(spaces) == 1:
        return spaces[0]
    rows: Array = np.empty(cells.height, dtype=np.int64)
    first = 0
    for block, one in zip(blocks, spaces, strict=True):
        rows[block["_place"].to_numpy()] = one.rows + first
        first += len(one.values)
    matrix = sparse.block_diag([one.matrix for one in spaces], format="csr")
    values = np.concatenate([one.values for one in spaces])
    links = _links(cells, rows)
    return Space(
        rows=rows,
        matrix=_tied(matrix, links),
        values=np.concatenate([values, np.zeros(len(links))]),
        ties=len(links),
    )


def _tied(matrix: sparse.csr_matrix, links: list[_Link]) -> sparse.csr_matrix:
    """The matrix with a row for each link and a column for each rest."""
    if not links:
        return matrix
    over = sparse.lil_matrix((len(links), matrix.shape[0]))
    for i, link in enumerate(links):
        over[i, link.whole] = 1.0
        for part in link.parts:
            over[i, part] = -1.0
    open_links = [i for i, link in enumerate(links) if not link.equal]
    rests = sparse.csr_matrix(
        (-np.ones(len(open_links)), (open_links, np.arange(len(open_links)))), shape=(len(links), len(open_links))
    )
    nothing = sparse.csr_matrix((matrix.shape[0], len(open_links)))
    return sparse.vstack(
        [sparse.hstack([matrix, nothing]), sparse.hstack([over.tocsr() @ matrix, rests])], format="csr"
    )


def _links(cells: pl.DataFrame, rows: Array) -> list[_Link]:
    """All ties between the cells, in a fixed order; cells of different reporters are of different persons."""
    found: dict[_Place, dict[str, tuple[int, float]]] = defaultdict(dict)
    for row, cell in zip(rows, cells.iter_rows(named=True), strict=True):
        # What does not apply to one measure is the total of another: convictions have no sanction, sentences have.
        detail = tuple(space.TOTAL if cell[dim] == space.NOT_APPLICABLE else str(cell[dim]) for dim in space.DETAIL)
        place = (cell["area_kind"], cell["area"], cell["period"], cell["reporters"] or "", *detail)
        found[place][cell["measure"]] = (int(row), cell["value"])
    level = cells["level"][0]
    below: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for one in codes.measure_parts():
        if one.level == level:
            below[one.whole, one.makes_whole].append(one.part)
    links: dict[_Link, None] = {}
    for there in found.values():
        for (whole, makes_whole), names in below.items():
            parts = [name for name in names if name in there]
            if whole not in there or not parts:
                continue
            rest = there[whole][1] - sum(there[name][1] for name in parts)
            if rest < 0:
                continue
            # One part alone may be the whole by chance.  Of two or more that make it a reader sees in the years in
            # which nothing is withheld that they always do: a form that lacks a further part has none to tell.
            equal = makes_whole and len(parts) > 1 and rest == 0
            links[_Link(there[whole][0], tuple(there[name][0] for name in parts), equal)] = None
    return list(links)
