"""Write the equations between figures of cooperation, which every reader is assumed to know.

Each figure is a variable of its own.  The equations hold between the figures of one release:
- a total is the sum of its partners, types, legal bases or channels, and closed requests that of the ways in which
  requests end;
- a year is the sum of its quarters, several years that of each, and the region that of its territories;
- opening + registered - closed = closing, for all partners together and for each; the same for joint teams;
- what is pending at the end of a year is pending at the start of the next;
- what one territory sent to another is what the other received from it, and both have the same teams with each other;
- requests acknowledged are among those that were pending or came in, exchange answered is part of what was registered,
  and a team with a partner is one of all teams.

Where figures do not agree exactly, as those of two territories seldom do, the difference is a constant that readers are
assumed to know.  A reader who knows less has more possible figures, and is protected too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from pipelines.core.codes import REGION
from pipelines.publication.cooperation.cells import (
    CLOSED,
    ENDINGS,
    EXCHANGED,
    KEY,
    OUTCOMES,
    PENDING,
    REGISTERED,
    TEAMS_RUNNING,
    TEAMS_SET_UP,
    TOTAL,
    WHOLE_YEAR,
)
from pipelines.publication.disclosure.readers import PUBLIC, InformedReader
from pipelines.publication.disclosure.space import Array, Space, write_links

_MIRRORED = {"incoming": "outgoing", "outgoing": "incoming"}


class Equation(NamedTuple):
    """Plus - minus = constant, or plus - minus - rest = 0 with a rest that is not negative. Terms are cell numbers."""

    plus: tuple[int, ...]
    minus: tuple[int, ...]
    constant: float = 0.0
    has_rest: bool = False


class _Figure(NamedTuple):
    """Key of a figure of one offence group; the fields are those of `cells.KEY`."""

    territory: str
    year: int
    since: int
    quarter: int
    direction: str
    measure: str
    statistic: str
    partner: str
    assistance: str
    legal_basis: str
    channel: str


_FIELDS: Final = tuple(name for name in KEY if name != "offence_group")
_Places = Mapping[_Figure, int]
"""The number of each figure of one release."""
_QUARTERS: Final = (1, 2, 3, 4)


def build_space_of_releases(block: pl.DataFrame) -> Space:
    """Return the space of the figures of one problem in a draft and all earlier releases.

    `block` has the columns of `earlier.combine_releases`.
    """
    releases = block["releases"].to_list()
    numbers = sorted({number for of_cell in releases for number in of_cell})
    return build_space(block, [[i for i, of_cell in enumerate(releases) if number in of_cell] for number in numbers])


def build_space(cells: pl.DataFrame, releases: Sequence[Sequence[int]]) -> Space:
    """Return the space of the figures of one problem: one row and one variable for each, then the equations.

    `cells` has the columns of `KEY` and `value`, and `releases` are the numbers of the cells of each release, this one
    included.  A cell belongs to its territory and, if it is of one partner, to the partner too: `owners` has both.
    """
    keys = [_Figure(*row) for row in cells.select(_FIELDS).iter_rows()]
    values: Array = cells["value"].to_numpy().astype(float)
    equations: dict[Equation, None] = {}
    for numbers in releases:
        places = {keys[number]: number for number in numbers}
        equations |= dict.fromkeys(_write_equations(places, values))
    written = list(equations)
    with_rest = [i for i, equation in enumerate(written) if equation.has_rest]
    rest_of = {i: len(values) + place for place, i in enumerate(with_rest)}
    sides = [
        (equation.plus, (*equation.minus, rest_of[i]) if equation.has_rest else equation.minus)
        for i, equation in enumerate(written)
    ]
    over = write_links(sides, len(values) + len(with_rest))
    variables = sparse.hstack([sparse.identity(len(values)), sparse.csr_matrix((len(values), len(with_rest)))])
    owners = [name_owners(key.territory, key.partner) for key in keys]
    years = [str(key.year) if key.since == key.year else "" for key in keys]
    return Space(
        rows=np.arange(len(values)),
        matrix=sparse.vstack([variables, over], format="csr"),
        values=np.concatenate([values, [equation.constant for equation in written]]),
        owners=np.array([*owners, *([""] * len(with_rest))], dtype=object),
        ties=len(written),
        years=np.array([*years, *([""] * len(with_rest))], dtype=object),
    )


def name_owners(territory: str, partner: str) -> str:
    """Return the codes of those who know a figure: its territory, and the partner if it is of one."""
    return territory if partner == TOTAL else f"{territory} {partner}"


def list_readers(cells: pl.DataFrame) -> list[InformedReader]:
    """Return the public, and each territory and other partner: who is one half of a pair knows the other half."""
    return [InformedReader(PUBLIC), *(find_partner(cells, place) for place in list_partners(cells))]


def list_partners(cells: pl.DataFrame) -> list[str]:
    """Return the territories and other partners of some figures."""
    return sorted((set(cells["territory"]) | set(cells["partner"])) - {TOTAL, REGION})


def find_partner(cells: pl.DataFrame, name: str) -> InformedReader:
    """Return partners, named with `+` between them, as one reader who knows all figures of their requests.

    A part of the name that is not a partner, such as a jurisdiction, adds nothing to what the public knows.
    """
    parts = set(name.split("+")) - {TOTAL, REGION}
    pairs = cells.select("territory", "partner").unique().rows()
    return InformedReader(name, frozenset(name_owners(*pair) for pair in pairs if parts.intersection(pair)))


def find_true_population(space: Space) -> Array:
    """Return the population with all true values; the variables of rests follow from their equations."""
    population: Array = np.zeros(space.matrix.shape[1])
    population[: space.cells] = space.values[: space.cells]
    sums = space.matrix[space.cells :] @ population - space.values[space.cells :]
    rests = space.matrix[space.cells :, space.cells :].tocoo()
    population[space.cells + rests.col] = sums[rests.row]
    return population


def _write_equations(places: _Places, values: Array) -> Iterator[Equation]:
    partners = sorted({code for figure in places for code in (figure.territory, figure.partner)} - {TOTAL, REGION})
    parts = _group_parts(places)
    for figure, number in places.items():
        if figure.territory != REGION:
            yield from _write_balance(figure, places, values)
            yield from _write_limits(figure, places, values)
            yield from _write_mirror(figure, places, values)
            if figure.partner == TOTAL and not _is_of_teams(figure):
                of_partners = [_find_part(figure._replace(partner=code), places) for code in partners]
                yield from _write_sum(number, of_partners, values)
        for members in parts.get(figure, {}).values():
            yield from _write_sum(number, members, values)


def _is_of_teams(figure: _Figure) -> bool:
    """Return True for figures of teams, which may have several partners: their parts add up to more than the total."""
    return figure.measure.startswith("jits_")


def _group_parts(places: _Places) -> dict[_Figure, dict[str, list[int]]]:
    """Return the parts of each figure by the dimension that they divide; incomplete quarters and years are none."""
    parts: dict[_Figure, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for figure, number in places.items():
        wholes = (
            ("assistance", figure._replace(assistance=TOTAL)),
            ("legal_basis", figure._replace(legal_basis=TOTAL)),
            ("channel", figure._replace(channel=TOTAL)),
        )
        for name, whole in wholes:
            if whole != figure:
                parts[whole][name].append(number)
        if figure.territory != REGION:
            parts[figure._replace(territory=REGION)]["territory"].append(number)
        if figure.quarter == 1:
            quarters = [figure._replace(quarter=quarter) for quarter in _QUARTERS]
            if all(quarter in places for quarter in quarters):
                parts[figure._replace(quarter=WHOLE_YEAR)]["quarter"] = [places[quarter] for quarter in quarters]
        if figure.since < figure.year:
            years = [figure._replace(year=year, since=year) for year in range(figure.since, figure.year + 1)]
            if all(year in places for year in years):
                parts[figure]["year"] = [places[year] for year in years]
    return parts


def _find_part(figure: _Figure, places: _Places) -> int | None:
    """Return the figure of one partner; if a territory does not report it, that of the partner, who knows it."""
    number = places.get(figure)
    return number if number is not None else places.get(_mirror(figure))


def _mirror(figure: _Figure) -> _Figure:
    """Return the same requests, or teams, as the partner counts them."""
    return figure._replace(
        territory=figure.partner,
        partner=figure.territory,
        direction=_MIRRORED.get(figure.direction, figure.direction),
    )


def _write_sum(total: int, parts: Sequence[int | None], values: Array) -> Iterator[Equation]:
    if terms := tuple(part for part in parts if part is not None):
        yield _link((total,), terms, values)


def _link(plus: tuple[int, ...], minus: tuple[int, ...], values: Array) -> Equation:
    constant = float(values[list(plus)].sum() - values[list(minus)].sum())
    return Equation(plus, minus, constant)


def _write_balance(figure: _Figure, places: _Places, values: Array) -> Iterator[Equation]:
    """Write what ties the stocks of one set of books to its flows, starting from what was closed or its stocks."""
    if figure.measure == CLOSED:
        ended = tuple(number for name in ENDINGS if (number := places.get(figure._replace(measure=name))) is not None)
        yield from _write_sum(places[figure], ended, values)
    if figure.quarter != WHOLE_YEAR or figure.statistic != "end":
        return
    stock = places[figure]
    later = places.get(figure._replace(year=figure.year + 1, since=figure.since + 1, statistic="start"))
    if later is not None:
        yield _link((stock,), (later,), values)
    entry, exit_ = (TEAMS_SET_UP, "jits_closed") if figure.measure == TEAMS_RUNNING else (REGISTERED, CLOSED)
    opening = places.get(figure._replace(statistic="start"))
    entered, ended_all = (places.get(figure._replace(measure=name, statistic="count")) for name in (entry, exit_))
    if opening is not None and entered is not None and ended_all is not None:
        yield _link((opening, entered), (ended_all, stock), values)


def _write_limits(figure: _Figure, places: _Places, values: Array) -> Iterator[Equation]:
    """Write which figures cannot be larger than others. A limit that the true figures break is left out."""
    number = places[figure]
    whole: tuple[int | None, ...] = ()
    if figure.measure == OUTCOMES[0]:
        stock = figure._replace(measure=PENDING, statistic="start")
        whole = (places.get(stock), places.get(figure._replace(measure=REGISTERED)))
    elif figure.measure == EXCHANGED[1]:
        whole = (places.get(figure._replace(measure=EXCHANGED[0])),)
    elif _is_of_teams(figure) and figure.partner != TOTAL:
        whole = (places.get(figure._replace(partner=TOTAL)),)
    terms = tuple(term for term in whole if term is not None)
    if terms and len(terms) == len(whole) and values[list(terms)].sum() >= values[number]:
        yield Equation(terms, (number,), has_rest=True)


def _write_mirror(figure: _Figure, places: _Places, values: Array) -> Iterator[Equation]:
    is_first = figure.territory < figure.partner if _is_of_teams(figure) else figure.direction == "outgoing"
    if is_first and figure.partner != TOTAL:
        received = places.get(_mirror(figure))
        if received is not None:
            yield _link((places[figure],), (received,), values)
