"""Link blocks to each other: a count can be part of another count of the same persons, period and level.

By definition, a decision at first instance is a conviction, an acquittal, a rejection or a discontinuance.  So a reader
who sees the decisions and three of their four parts knows the fourth, and a reader who sees that six persons were
convicted knows that at most six were sentenced.  Protecting each block separately misses both: in the demonstration of
November 2026, eleven withheld cells followed exactly from published ones in this way.

The kind of link is derived from the cells themselves:
- if two or more parts add up to the whole, the whole is their sum, even if an office does not report other parts;
- if they leave a rest, or there is only one part, the parts are at most the whole;
- if they exceed the whole, the figures cover different persons and are not linked.

A count of cases is at most the count of the same persons, because each case has at least one.

A cell with the same value in two states of its counts (`earlier.py`) is linked to itself as equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core import codes
from pipelines.publication.disclosure import space
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.structure import DETAIL, NOT_APPLICABLE, TOTAL

TIED: tuple[str, ...] = (
    "family", "tied_unit", *(column for column in space.BLOCK if column not in ("measure", "count_unit"))
)  # fmt: skip
"""Columns that divide the programme into separately protected problems: no published cell links two of them."""

_CASE, _PERSON = "case", "person"
"""Units of counts of which the first is at most the second: a case has at least one person."""

_Place = tuple[str, ...]


class _Link(NamedTuple):
    """Row `whole` is at least the sum of the rows `parts`, and exactly that sum if `equal`."""

    whole: int
    parts: tuple[int, ...]
    equal: bool


def with_family(cells: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of `TIED` that are not those of a block.

    `family` is the topmost measure that a cell's measure is part of, or the measure itself; `tied_unit` is the unit, or
    persons for cases.
    """
    above = {(relation.part, relation.level): relation.whole for relation in codes.measure_parts()}
    names = {}
    for measure, level in cells.select("measure", "level").unique().iter_rows():
        top = measure
        while (top, level) in above:
            top = above[top, level]
        names[measure, level] = top
    families = pl.DataFrame(
        [(*key, top) for key, top in names.items()],
        schema={"measure": pl.String, "level": pl.String, "family": pl.String},
        orient="row",
    )
    return cells.join(families, on=["measure", "level"], how="left", maintain_order="left").with_columns(
        pl.col("count_unit").replace(_CASE, _PERSON).alias("tied_unit")
    )


def split_blocks(cells: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the blocks of a problem in the order in which `tie_spaces` expects their spaces."""
    return cells.partition_by(list(space.BLOCK), maintain_order=True)


def build_tied_space(cells: pl.DataFrame, build_block: Callable[[pl.DataFrame], Space] = space.build_space) -> Space:
    """Return the space of one problem. `build_block` makes that of one block. Raises ValueError as it does."""
    return tie_spaces(cells, [build_block(block) for block in split_blocks(cells)])


def tie_spaces(cells: pl.DataFrame, spaces: list[Space]) -> Space:
    """Return the space of one problem: the cells of its blocks as rows, then the ties of its blocks and between them.

    `cells` has the columns of `mart_count` and a value in every row; `spaces` are those of its blocks, over leaves or
    over margins.  A tie between blocks is whole - parts = 0, or whole - parts - rest = 0 with a column for the rest,
    after the columns of all blocks.
    """
    has_states = "states" in cells.columns and bool((cells["states"] != "").any())
    if len(spaces) == 1 and not has_states:
        return spaces[0]
    rows: Array = np.empty(cells.height, dtype=np.int64)
    first = 0
    for block, block_space in zip(split_blocks(cells.with_row_index("_place")), spaces, strict=True):
        rows[block["_place"].to_numpy()] = block_space.rows + first
        first += block_space.cells
    own_cells = sparse.block_diag([block_space.matrix[: block_space.cells] for block_space in spaces], format="csr")
    own_ties = sparse.block_diag([block_space.matrix[block_space.cells :] for block_space in spaces], format="csr")
    links = _find_links(cells, rows)
    if has_states:
        links += _link_states(cells, rows)
    matrix = _append_links(own_cells, own_ties, links)
    values = np.concatenate([block_space.values[: block_space.cells] for block_space in spaces])
    ties = matrix.shape[0] - len(values)
    owners = [block_space.owners for block_space in spaces]
    rests = np.full(matrix.shape[1] - sum(map(len, owners)), "", dtype=object)
    return Space(
        rows=rows,
        matrix=matrix,
        values=np.concatenate([values, np.zeros(ties)]),
        owners=np.concatenate([*owners, rests]),
        ties=ties,
    )


def _append_links(own_cells: sparse.csr_matrix, own_ties: sparse.csr_matrix, links: list[_Link]) -> sparse.csr_matrix:
    """Return cells, ties and links as the rows of one matrix, with an additional column for each rest."""
    over = sparse.lil_matrix((len(links), own_cells.shape[0]))
    for i, link in enumerate(links):
        over[i, link.whole] = 1.0
        for part in link.parts:
            over[i, part] = -1.0
    open_links = [i for i, link in enumerate(links) if not link.equal]
    rests = sparse.csr_matrix(
        (-np.ones(len(open_links)), (open_links, np.arange(len(open_links)))), shape=(len(links), len(open_links))
    )
    own_rows = sparse.vstack([own_cells, own_ties], format="csr")
    nothing = sparse.csr_matrix((own_rows.shape[0], len(open_links)))
    return sparse.vstack(
        [sparse.hstack([own_rows, nothing]), sparse.hstack([over.tocsr() @ own_cells, rests])], format="csr"
    )


def _find_links(cells: pl.DataFrame, rows: Array) -> list[_Link]:
    """Return all links between the cells, in a fixed order. Cells of different reporters are never linked."""
    cells_by_place: dict[_Place, dict[str, dict[str, tuple[int, float]]]] = defaultdict(lambda: defaultdict(dict))
    for row, cell in zip(rows, cells.iter_rows(named=True), strict=True):
        # A dimension may apply to only one of two measures: convictions have no sanction, sentences do.
        detail = tuple(TOTAL if cell[dim] == NOT_APPLICABLE else str(cell[dim]) for dim in DETAIL)
        states = cell.get("states") or ""
        place = (cell["area_kind"], cell["area"], cell["period"], cell["reporters"] or "", states, *detail)
        cells_by_place[place][cell["count_unit"]][cell["measure"]] = (int(row), cell["value"])
    level = cells["level"][0]
    below: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for relation in codes.measure_parts():
        if relation.level == level:
            below[relation.whole, relation.makes_whole].append(relation.part)
    links: dict[_Link, None] = {}
    for place_cells in cells_by_place.values():
        links |= dict.fromkeys(_link_cases(place_cells.get(_CASE, {}), place_cells.get(_PERSON, {})))
    for cells_here in (cells_here for units in cells_by_place.values() for cells_here in units.values()):
        for (whole, makes_whole), names in below.items():
            parts = [name for name in names if name in cells_here]
            if whole not in cells_here or not parts:
                continue
            remainder = cells_here[whole][1] - sum(cells_here[name][1] for name in parts)
            if remainder < 0:
                continue
            # A single part may equal the whole by chance.  If two or more parts add up to it, a reader can see in years
            # without withheld cells that they always do, because the form has no further part.
            equal = makes_whole and len(parts) > 1 and remainder == 0
            links[_Link(cells_here[whole][0], tuple(cells_here[name][0] for name in parts), equal)] = None
    return list(links)


def _link_cases(cases: dict[str, tuple[int, float]], persons: dict[str, tuple[int, float]]) -> Iterator[_Link]:
    """Yield a link for each measure that is counted in both units. More cases than persons are other cases."""
    for measure, (row, count) in cases.items():
        if measure in persons and persons[measure][1] >= count:
            yield _Link(persons[measure][0], (row,), equal=False)


def _link_states(cells: pl.DataFrame, rows: Array) -> list[_Link]:
    """Return a link for each cell with the same value in several states, between one of them and the next."""
    links: dict[_Link, None] = {}
    last_rows: dict[tuple[object, ...], int] = {}
    key = cells.select(*codes.CELL_KEY, "reporters", "value")
    for row, cell in zip(rows, key.iter_rows(), strict=True):
        before = last_rows.get(cell)
        if before is not None and before != row:
            links[_Link(int(row), (before,), equal=True)] = None
        last_rows[cell] = int(row)
    return list(links)
