"""Link blocks to each other: a count can be part of another count of the same persons, period and level.

By definition, a decision at first instance is a conviction, an acquittal, a rejection or a discontinuance.  So a reader
who sees the decisions and three of their four parts knows the fourth, and a reader who sees that six persons were
convicted knows that at most six were sentenced.  Protecting each block separately misses both: in the demonstration of
November 2026, eleven withheld cells followed exactly from published ones in this way.

The kind of link is derived from the cells themselves:
- if two or more parts add up to the whole, the whole is their sum, even if an office does not report other parts;
- if they leave a rest, or there is only one part, the parts are at most the whole;
- if they exceed the whole, the figures cover different persons and are not linked.

The same holds for the persons whom no published category covers: if five of twelve decisions concern women and eleven
persons were convicted, at least four women were.

A count of cases is at most the count of the same persons, because each case has at least one.

Stocks and flows are linked by the balances of their level (`balances.py`).

A cell with the same value in two states of its counts (`earlier.py`) is linked to itself as equal.  The cells that one
release shows are linked with each other, whichever states their counts are in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core import codes
from pipelines.publication.disclosure import balances, earlier, space
from pipelines.publication.disclosure.balances import BalanceLink
from pipelines.publication.disclosure.space import Array, Space
from pipelines.publication.disclosure.structure import DETAIL, NOT_APPLICABLE, OUTSIDE, TOTAL

TIED = ("family", "tied_unit", "tied_level", "tied_statistic", "offence_group")
"""Columns that divide the programme into separately protected problems: no published cell links two of them."""

_CASE, _PERSON = "case", "person"
"""Units of counts of which the first is at most the second: a case has at least one person."""


def with_family(cells: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of `TIED` that are not those of a block.

    `family` is the topmost measure that a cell's measure is part of, or the measure itself; `tied_unit` is the unit, or
    persons for cases.  Where an offence group has stocks, all families with a term in their balances are one, of the
    name of the first stock, and so are their levels and statistics.
    """
    above = {(relation.part, relation.level): relation.whole for relation in codes.measure_parts()}
    marked = cells.with_columns(pl.col("count_unit").replace(_CASE, _PERSON).alias("tied_unit"))
    kinds = ["measure", "level", "statistic"]
    families = []
    for key, group in marked.group_by("offence_group", "tied_unit", maintain_order=True):
        tops: dict[balances.BalanceTerm, str] = {}
        for measure, level, statistic in group.select(kinds).unique(maintain_order=True).iter_rows():
            top = measure
            while (top, level) in above:
                top = above[top, level]
            tops[balances.BalanceTerm(measure, level, statistic)] = top
        joined = _join_families(tops)
        for term, top in tops.items():
            family = (top, term.level, term.statistic)
            families.append((*key, *term, *((joined[family], "", "") if family in joined else family)))
    schema = ["offence_group", "tied_unit", *kinds, "family", "tied_level", "tied_statistic"]
    frame = pl.DataFrame(families, schema=dict.fromkeys(schema, pl.String), orient="row")
    return marked.join(frame, on=["offence_group", "tied_unit", *kinds], how="left", maintain_order="left")


_Family = tuple[str, str, str]
"""Topmost measure, level and statistic."""


def _join_families(tops: Mapping[balances.BalanceTerm, str]) -> dict[_Family, str]:
    """Return the common name of each family that shares a balance with others."""
    groups: list[tuple[str, set[_Family]]] = []
    for balance in balances.list_balances():
        if balance.closing not in tops and balance.opening not in tops:
            continue
        terms = (balance.opening, *balance.entries, *balance.exits, balance.closing)
        name = balance.closing.measure
        members = {(tops[term], term.level, term.statistic) for term in terms if term in tops}
        for group in [group for group in groups if group[1] & members]:
            groups.remove(group)
            name = group[0]
            members |= group[1]
        groups.append((name, members))
    return {family: name for name, members in groups for family in members}


def split_blocks(cells: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the blocks of a problem in the order in which `tie_spaces` expects their spaces."""
    return cells.partition_by(list(space.BLOCK), maintain_order=True)


def build_tied_space(cells: pl.DataFrame, build_block: Callable[[pl.DataFrame], Space] = space.build_space) -> Space:
    """Return the space of one problem. `build_block` makes that of one block. Raises ValueError as it does."""
    return tie_spaces(cells, [build_block(block) for block in split_blocks(cells)])


def tie_spaces(cells: pl.DataFrame, spaces: list[Space], *, guesses_closing: bool = True) -> Space:
    """Return the space of one problem: the cells of its blocks as rows, then the ties of its blocks and between them.

    `cells` has the columns of `mart_count` and a value in every row; `spaces` are those of its blocks, over leaves or
    over margins.  A tie between blocks is plus - minus = constant, or plus - minus - rest = 0 with a column for the
    rest, after the columns of all blocks.  `guesses_closing` decides which gap of a balance readers know
    (`_limit_gaps`).
    """
    has_states = "states" in cells.columns and bool((cells["states"] != "").any())
    is_stock = cells["statistic"].is_in([balances.START, balances.END]).any()
    if len(spaces) == 1 and not has_states and not is_stock:
        return spaces[0]
    rows: Array = np.empty(cells.height, dtype=np.int64)
    first = 0
    for block, block_space in zip(split_blocks(cells.with_row_index("_place")), spaces, strict=True):
        rows[block["_place"].to_numpy()] = block_space.rows + first
        first += block_space.cells
    own_cells = sparse.block_diag([block_space.matrix[: block_space.cells] for block_space in spaces], format="csr")
    own_ties = sparse.block_diag([block_space.matrix[block_space.cells :] for block_space in spaces], format="csr")
    links = _find_links(cells, rows, guesses_closing)
    if has_states:
        links += _link_states(cells, rows)
    matrix = _append_links(own_cells, own_ties, links)
    values = np.concatenate([block_space.values[: block_space.cells] for block_space in spaces])
    ties = matrix.shape[0] - len(values)
    constants = np.concatenate([np.zeros(ties - len(links)), [link.constant for link in links]])
    owners, years = ([getattr(block_space, name) for block_space in spaces] for name in ("owners", "years"))
    rests = np.full(matrix.shape[1] - sum(map(len, owners)), "", dtype=object)
    return Space(
        rows=rows,
        matrix=matrix,
        values=np.concatenate([values, constants]),
        owners=np.concatenate([*owners, rests]),
        ties=ties,
        years=np.concatenate([*years, rests]),
    )


def _append_links(
    own_cells: sparse.csr_matrix, own_ties: sparse.csr_matrix, links: list[BalanceLink]
) -> sparse.csr_matrix:
    """Return cells, ties and links as the rows of one matrix, with an additional column for each rest."""
    # A category that always equals its total is one row with it, and may be on both sides of a link.
    over = space.write_links([(link.plus, link.minus) for link in links], own_cells.shape[0])
    open_links = [i for i, link in enumerate(links) if link.has_rest]
    rests = sparse.csr_matrix(
        (-np.ones(len(open_links)), (open_links, np.arange(len(open_links)))), shape=(len(links), len(open_links))
    )
    own_rows = sparse.vstack([own_cells, own_ties], format="csr")
    nothing = sparse.csr_matrix((own_rows.shape[0], len(open_links)))
    return sparse.vstack([sparse.hstack([own_rows, nothing]), sparse.hstack([over @ own_cells, rests])], format="csr")


_Place = tuple[str, ...]
"""Level, kind of area, area, period, reporters and breakdown."""
_Totals = dict[tuple[str, str, str], dict[str, dict[balances.BalanceTerm, tuple[int, float]]]]
"""Row and value of each total, by area and unit, then period."""


_LINKED = (
    "area_kind", "area", "level", "statistic", "period", "freq", "reporters", "count_unit", "measure", "value"
)  # fmt: skip
"""Columns from which links between cells are found, apart from the breakdown."""


def _find_links(cells: pl.DataFrame, rows: Array, guesses_closing: bool) -> list[BalanceLink]:
    """Return all links between the cells of each release, in a fixed order."""
    links: dict[BalanceLink, None] = {}
    balance_links: list[tuple[_Sides, BalanceLink]] = []
    all_cells = cells.select(_LINKED).to_dicts()
    # A dimension may apply to only one of two measures: convictions have no sanction, sentences do.
    details = cells.select(pl.col(DETAIL).replace(NOT_APPLICABLE, TOTAL)).rows()
    rows_of_cells = rows.tolist()
    for release in _list_releases(cells):
        places: dict[_Place, dict[str, dict[str, tuple[int, float]]]] = defaultdict(lambda: defaultdict(dict))
        totals: _Totals = defaultdict(lambda: defaultdict(dict))
        for number in release:
            row, cell, detail = rows_of_cells[number], all_cells[number], details[number]
            area = (cell["area_kind"], cell["area"])
            if cell["statistic"] not in (balances.START, balances.END):
                place = (cell["level"], *area, cell["period"], cell["reporters"] or "", *detail)
                places[place][cell["count_unit"]][cell["measure"]] = (row, cell["value"])
            if cell["area_kind"] != "region" and cell["freq"] in ("Q", "A") and set(detail) == {TOTAL}:
                term = balances.BalanceTerm(cell["measure"], cell["level"], cell["statistic"])
                totals[(*area, cell["count_unit"])][cell["period"]][term] = (row, cell["value"])
        links |= dict.fromkeys(_link_measures(places))
        links |= dict.fromkeys(_link_rests(places))
        balance_links += (pair for books in totals.items() for pair in _link_books(*books))
    return list(links | dict.fromkeys(_limit_gaps(balance_links, guesses_closing)))


_Sides = tuple[frozenset[object], frozenset[object]]
"""The terms on either side of a balance of one area and unit."""


def _link_books(
    books: tuple[str, ...], cells_by_period: Mapping[str, balances.Cells]
) -> Iterator[tuple[_Sides, BalanceLink]]:
    """Yield the equations of the balances of one area and unit in one release, with the terms on their sides."""
    terms = {
        row: (books, period, term) for period, cells in cells_by_period.items() for term, (row, _) in cells.items()
    }
    for link in balances.link_balances(cells_by_period):
        yield (frozenset(terms[row] for row in link.plus), frozenset(terms[row] for row in link.minus)), link


def _limit_gaps(balance_links: Sequence[tuple[_Sides, BalanceLink]], guesses_closing: bool) -> Iterator[BalanceLink]:
    """Yield the balances of all releases, the oldest first: of several gaps of a balance, readers know one.

    The difference of two gaps is the correction itself, so nobody outside the office can know both, unless a release
    publishes all terms.  The known gap is that of the oldest release, or 0 if the balance closes in another one and
    readers guess that.
    """
    gaps: dict[_Sides, list[float]] = defaultdict(list)
    for sides, link in balance_links:
        if not link.has_rest:
            gaps[sides].append(link.constant)
    for sides, link in balance_links:
        known_gap = 0.0 if guesses_closing and 0.0 in gaps[sides] else next(iter(gaps[sides]), 0.0)
        if link.has_rest or link.constant == known_gap:
            yield link
        else:
            yield from link.limit_gap(balances.KNOWN_SIZE * max(map(abs, gaps[sides])))


def _list_releases(cells: pl.DataFrame) -> Iterator[list[int]]:
    """Yield the numbers of the cells that each release shows, the newest release last.

    Of an earlier release only the cells of an area with a changed cell in some release are linked again.
    """
    if "releases" not in cells.columns or (cells["releases"] == earlier.NOW).all():
        yield list(range(cells.height))
        return
    rows_by_release: dict[str, list[int]] = defaultdict(list)
    for number, releases in enumerate(cells["releases"]):
        for release in releases.split(","):
            rows_by_release[release].append(number)
    areas = cells.select("area_kind", "area").rows()
    now = set(rows_by_release.pop(earlier.NOW, []))
    changed = {areas[number] for numbers in rows_by_release.values() for number in numbers if number not in now}
    for release in sorted(rows_by_release, key=int):
        yield [number for number in rows_by_release[release] if areas[number] in changed]
    yield sorted(now)


def _link_measures(places: Mapping[_Place, Mapping[str, Mapping[str, tuple[int, float]]]]) -> Iterator[BalanceLink]:
    """Yield the links of wholes with their parts, and of cases with persons. Cells of different reporters have none."""
    below: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for relation in codes.measure_parts():
        below[relation.level, relation.whole, relation.makes_whole].append(relation.part)
    for units in places.values():
        yield from _link_cases(units.get(_CASE, {}), units.get(_PERSON, {}))
    for place, cells_here in ((place, cells_here) for place, units in places.items() for cells_here in units.values()):
        for (level, whole, makes_whole), names in below.items():
            parts = [name for name in names if name in cells_here]
            if level != place[0] or whole not in cells_here or not parts:
                continue
            remainder = cells_here[whole][1] - sum(cells_here[name][1] for name in parts)
            if remainder < 0:
                continue
            # A single part may equal the whole by chance.  If two or more parts add up to it, a reader can see in years
            # without withheld cells that they always do, because the form has no further part.
            equal = makes_whole and len(parts) > 1 and remainder == 0
            yield BalanceLink((cells_here[whole][0],), tuple(cells_here[name][0] for name in parts), has_rest=not equal)


def _link_rests(places: Mapping[_Place, Mapping[str, Mapping[str, tuple[int, float]]]]) -> Iterator[BalanceLink]:
    """Yield a link between the rests of a whole and of its parts, for each dimension with the same categories in both.

    The rest of a count is its total less its categories.
    """
    below: dict[tuple[str, str], list[str]] = defaultdict(list)
    for relation in codes.measure_parts():
        below[relation.level, relation.whole].append(relation.part)
    categories: dict[tuple[_Place, int, str, str], dict[str, tuple[int, float]]] = defaultdict(dict)
    for place, units in places.items():
        broken_down = [i for i, code in enumerate(_detail_of(place)) if code != TOTAL]
        if len(broken_down) == 1:
            (i,) = broken_down
            code = _detail_of(place)[i]
            if code not in OUTSIDE.get(DETAIL[i], ()):
                for unit, cells_here in units.items():
                    for measure, cell in cells_here.items():
                        categories[place[: -len(DETAIL)], i, unit, measure][code] = cell
    for (area, i, unit, whole), cells_of_whole in categories.items():
        totals = places.get((*area, *[TOTAL] * len(DETAIL)), {}).get(unit, {})
        counted = {
            part: cells_of_part
            for part in below[area[0], whole]
            if part in totals
            and (cells_of_part := categories.get((area, i, unit, part), {})).keys() == cells_of_whole.keys()
        }
        if whole not in totals or not counted:
            continue
        plus = [totals[whole], *(cell for cells_of_part in counted.values() for cell in cells_of_part.values())]
        minus = [*cells_of_whole.values(), *(totals[part] for part in counted)]
        if sum(value for _, value in plus) >= sum(value for _, value in minus):
            yield BalanceLink(tuple(row for row, _ in plus), tuple(row for row, _ in minus), has_rest=True)


def _detail_of(place: _Place) -> tuple[str, ...]:
    return place[-len(DETAIL) :]


def _link_cases(
    cases: Mapping[str, tuple[int, float]], persons: Mapping[str, tuple[int, float]]
) -> Iterator[BalanceLink]:
    """Yield a link for each measure that is counted in both units. More cases than persons are other cases."""
    for measure, (row, count) in cases.items():
        if measure in persons and persons[measure][1] >= count:
            yield BalanceLink((persons[measure][0],), (row,), has_rest=True)


def _link_states(cells: pl.DataFrame, rows: Array) -> list[BalanceLink]:
    """Return a link for each cell with the same value in several states, between one of them and the next."""
    links: dict[BalanceLink, None] = {}
    last_rows: dict[tuple[object, ...], int] = {}
    key = cells.select(*codes.CELL_KEY, "reporters", "value")
    for row, cell in zip(rows, key.iter_rows(), strict=True):
        before = last_rows.get(cell)
        if before is not None and before != row:
            links[BalanceLink((int(row),), (before,))] = None
        last_rows[cell] = int(row)
    return list(links)
