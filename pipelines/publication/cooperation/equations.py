"""Write the equations between figures of cooperation, which every reader is assumed to know.

Each figure is a variable of its own.  The equations hold between the figures of one release:
- a total is the sum of its partners, and closed requests that of the ways in which requests end;
- opening + registered - closed = closing, for all partners together and for each;
- what is pending at the end of a year is pending at the start of the next;
- what one territory sent to another is what the other received from it;
- requests acknowledged are among those that were pending or came in.

Where figures do not agree exactly, as those of two territories seldom do, the difference is a constant that readers are
assumed to know.  A reader who knows less has more possible figures, and is protected too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.publication.cooperation.cells import CLOSED, ENDINGS, OUTCOMES, PENDING, REGISTERED, TOTAL
from pipelines.publication.disclosure.readers import PUBLIC, InformedReader
from pipelines.publication.disclosure.space import Array, Space

_MIRRORED = {"incoming": "outgoing", "outgoing": "incoming"}


class Equation(NamedTuple):
    """Plus - minus = constant, or plus - minus - rest = 0 with a rest that is not negative. Terms are cell numbers."""

    plus: tuple[int, ...]
    minus: tuple[int, ...]
    constant: float = 0.0
    has_rest: bool = False


class _Book(NamedTuple):
    """Key of one set of books."""

    territory: str
    year: int
    direction: str
    partner: str


class _Figure(NamedTuple):
    """Key of a figure in a set of books."""

    measure: str
    statistic: str = "count"


_Places = dict[_Book, dict[_Figure, int]]
"""The number of each figure of one release."""


def build_space_of_releases(block: pl.DataFrame) -> Space:
    """Return the space of the figures of one offence group in a draft and all earlier releases.

    `block` has the columns of `earlier.combine_releases`.
    """
    releases = block["releases"].to_list()
    numbers = sorted({number for of_cell in releases for number in of_cell})
    return build_space(block, [[i for i, of_cell in enumerate(releases) if number in of_cell] for number in numbers])


def build_space(cells: pl.DataFrame, releases: Sequence[Sequence[int]]) -> Space:
    """Return the space of the figures of one offence group: one row and one variable for each, then the equations.

    `cells` has the columns of `KEY` and `value`, and `releases` are the numbers of the cells of each release, this one
    included.  A cell belongs to its territory and, if it is of one partner, to the partner too: `owners` has both.
    """
    keys = cells.select(*_Book._fields, *_Figure._fields).rows()
    values: Array = cells["value"].to_numpy().astype(float)
    equations: dict[Equation, None] = {}
    for numbers in releases:
        places: _Places = defaultdict(dict)
        for number in numbers:
            book, figure = keys[number][: len(_Book._fields)], keys[number][len(_Book._fields) :]
            places[_Book(*book)][_Figure(*figure)] = number
        equations |= dict.fromkeys(_write_equations(places, values))
    written = list(equations)
    with_rest = [i for i, equation in enumerate(written) if equation.has_rest]
    over = sparse.lil_matrix((len(written), len(values) + len(with_rest)))
    for i, equation in enumerate(written):
        for numbers, sign in ((equation.plus, 1.0), (equation.minus, -1.0)):
            for number in numbers:
                over[i, number] += sign
    for place, i in enumerate(with_rest):
        over[i, len(values) + place] = -1.0
    variables = sparse.hstack([sparse.identity(len(values)), sparse.csr_matrix((len(values), len(with_rest)))])
    owners = [name_owners(territory, partner) for territory, _, _, partner, *_ in keys]
    return Space(
        rows=np.arange(len(values)),
        matrix=sparse.vstack([variables, over], format="csr"),
        values=np.concatenate([values, [equation.constant for equation in written]]),
        owners=np.array([*owners, *([""] * len(with_rest))], dtype=object),
        ties=len(written),
    )


def name_owners(territory: str, partner: str) -> str:
    """Return the codes of those who know a figure: its territory, and the partner if it is of one."""
    return territory if partner == TOTAL else f"{territory} {partner}"


def list_readers(cells: pl.DataFrame) -> list[InformedReader]:
    """Return the public, and each territory and other partner: who is one half of a pair knows the other half."""
    pairs = cells.select("territory", "partner").unique().rows()
    places = sorted({code for pair in pairs for code in pair if code != TOTAL})
    return [
        InformedReader(PUBLIC),
        *(InformedReader(place, frozenset(name_owners(*pair) for pair in pairs if place in pair)) for place in places),
    ]


def find_true_population(space: Space) -> Array:
    """Return the population with all true values; the variables of rests follow from their equations."""
    population: Array = np.zeros(space.matrix.shape[1])
    population[: space.cells] = space.values[: space.cells]
    sums = space.matrix[space.cells :] @ population - space.values[space.cells :]
    rests = space.matrix[space.cells :, space.cells :].tocoo()
    population[space.cells + rests.col] = sums[rests.row]
    return population


def _write_equations(places: _Places, values: Array) -> Iterator[Equation]:
    for book, figures in places.items():
        yield from _write_balance(book, figures, places, values)
        yield from _write_mirror(book, figures, places, values)
    partners = sorted({code for book in places for code in (book.territory, book.partner)} - {TOTAL})
    for book, figures in places.items():
        for figure, number in figures.items():
            if book.partner == TOTAL:
                parts = [_find_part(book._replace(partner=code), figure, places) for code in partners]
                yield from _write_sum(number, parts, values)


def _find_part(book: _Book, figure: _Figure, places: _Places) -> int | None:
    """Return the figure of one partner; if a territory does not report it, that of the partner, who knows it."""
    if (number := places.get(book, {}).get(figure)) is not None:
        return number
    return places.get(_mirror_book(book), {}).get(figure)


def _mirror_book(book: _Book) -> _Book:
    return book._replace(territory=book.partner, partner=book.territory, direction=_MIRRORED[book.direction])


def _write_sum(total: int, parts: Sequence[int | None], values: Array) -> Iterator[Equation]:
    if terms := tuple(part for part in parts if part is not None):
        yield _link((total,), terms, values)


def _link(plus: tuple[int, ...], minus: tuple[int, ...], values: Array) -> Equation:
    constant = float(values[list(plus)].sum() - values[list(minus)].sum())
    return Equation(plus, minus, constant)


def _write_balance(book: _Book, figures: dict[_Figure, int], places: _Places, values: Array) -> Iterator[Equation]:
    opening, closing = figures.get(_Figure(PENDING, "start")), figures.get(_Figure(PENDING, "end"))
    registered, closed = figures.get(_Figure(REGISTERED)), figures.get(_Figure(CLOSED))
    ended = tuple(figures[_Figure(name)] for name in ENDINGS if _Figure(name) in figures)
    if closed is not None:
        yield _link((closed,), ended, values)
    if None not in (opening, closing, registered, closed):
        yield _link((opening, registered), (closed, closing), values)  # type: ignore[arg-type]
    later = places.get(book._replace(year=book.year + 1), {}).get(_Figure(PENDING, "start"))
    if closing is not None and later is not None:
        yield _link((closing,), (later,), values)
    acknowledged = figures.get(_Figure(OUTCOMES[0]))
    if opening is None or registered is None or acknowledged is None:
        return
    if values[opening] + values[registered] >= values[acknowledged]:
        yield Equation((opening, registered), (acknowledged,), has_rest=True)


def _write_mirror(book: _Book, figures: dict[_Figure, int], places: _Places, values: Array) -> Iterator[Equation]:
    if book.direction != "outgoing" or book.partner == TOTAL:
        return
    received = places.get(_mirror_book(book), {})
    for figure, number in figures.items():
        if figure in received:
            yield _link((number,), (received[figure],), values)
