"""Write the balance of each procedural level as equations between its stocks and its flows.

Whatever is pending at the start of a period or enters in it either leaves or is pending at the end: opening + entries -
exits = closing.  So a reader who sees all terms but one knows the last.  What is pending at the end of a period is also
what is pending at the start of the next one.

Offices do not count every entry and exit, and two clerks may enter one case in different quarters, so not all balances
close.  A reader does not know by how much, but often that the gap is small.  Here everyone is assumed to know the gap
of each balance exactly; a reader who knows less can find no more.  The same holds for an opening that differs from the
closing before.

A correction changes the gap.  A reader who knew the gaps of two releases would know their difference, which is the
correction.  So one gap of each balance counts as known: 0 if the balance closes in one of the releases, because readers
may guess that, and else the oldest.  Of any other gap, a reader is assumed to know that it is at most `KNOWN_SIZE`
times as large as the largest gap of this balance.  Where a release publishes all terms, its gap follows from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from pipelines.core import codes
from pipelines.model.periods import Period
from pipelines.warehouse.metrics import metrics

START, END = "start", "end"
"""Statistics of a stock: what is pending at the start and at the end of a period."""


KNOWN_SIZE = 2.0
"""Limit of a gap that is not known, relative to the largest gap of the balance in all releases.

A limit of 1 would be the true gap itself: a flow between two levels is in two balances, and is known exactly where both
gaps are as large as they can be.
"""


class BalanceLink(NamedTuple):
    """The sum of the rows `plus` less that of the rows `minus` is `constant`, or at least that if it leaves a rest."""

    plus: tuple[int, ...]
    minus: tuple[int, ...]
    constant: float = 0.0
    has_rest: bool = False

    def limit_gap(self, size: float) -> tuple[BalanceLink, BalanceLink]:
        """Return what is left of an equation if its constant is only known to be at most `size`, above or below 0."""
        return BalanceLink(self.plus, self.minus, -size, True), BalanceLink(self.minus, self.plus, -size, True)


class BalanceTerm(NamedTuple):
    """A count in a balance."""

    measure: str
    level: str
    statistic: str


@dataclass(frozen=True)
class Balance:
    """The terms of one balance, as the metrics of the kind `balance` declare them.

    Every office counts the `required` flows: those from one level to the next, and those of this balance alone.  The
    others are rare, and many offices do not count them.
    """

    opening: BalanceTerm
    closing: BalanceTerm
    entries: tuple[BalanceTerm, ...]
    exits: tuple[BalanceTerm, ...]
    required: tuple[BalanceTerm, ...]


@cache
def list_balances() -> tuple[Balance, ...]:
    """Return the declared balances, in the order of their ids."""
    sides = [
        (_list_terms(metric.numerator), _list_terms(metric.denominator))
        for metric in metrics.load()
        if metric.kind == "balance"
    ]
    occurrences = Counter(term.measure for entering, leaving in sides for term in (*entering, *leaving))
    balances = []
    for entering, leaving in sides:
        (opening,) = (term for term in entering if term.statistic == START)
        (closing,) = (term for term in leaving if term.statistic == END)
        entries = tuple(term for term in entering if term != opening)
        exits = tuple(term for term in leaving if term != closing)
        required = tuple(term for term in (*entries, *exits) if _is_of_one_level(term, occurrences))
        balances.append(Balance(opening, closing, entries, exits, required))
    return tuple(balances)


def _list_terms(side: object) -> list[BalanceTerm]:
    assert isinstance(side, tuple)
    return [
        BalanceTerm(measure, term.level_of(measure), term.statistic)
        for term in side
        for measure in term.list_measures()
    ]


def _is_of_one_level(term: BalanceTerm, occurrences: Mapping[str, int]) -> bool:
    return codes.get_code_attribute("measure", term.measure, "level_rule") != "free" or occurrences[term.measure] == 1


Cells = Mapping[BalanceTerm, tuple[int, float]]
"""Row and value of the counts of one area and period."""


def link_balances(cells_by_period: Mapping[str, Cells]) -> Iterator[BalanceLink]:
    """Yield the equations of the balances of one area, given its totals by period."""
    before_by_period = {Period.from_code(period).next_period().code: cells for period, cells in cells_by_period.items()}
    for period, cells in cells_by_period.items():
        before = before_by_period.get(period, {})
        for balance in list_balances():
            opening, closing = cells.get(balance.opening), cells.get(balance.closing)
            closing_before = before.get(balance.closing)
            if opening is not None and closing_before is not None:
                yield BalanceLink((opening[0],), (closing_before[0],), opening[1] - closing_before[1])
            opening = opening or closing_before
            if opening is not None and closing is not None:
                yield from _link_flows(balance, cells, opening, closing)


def _link_flows(
    balance: Balance, cells: Cells, opening: tuple[int, float], closing: tuple[int, float]
) -> Iterator[BalanceLink]:
    entering = [opening, *(cells[term] for term in balance.entries if term in cells)]
    leaving = [*(cells[term] for term in balance.exits if term in cells), closing]
    gap = sum(value for _, value in entering) - sum(value for _, value in leaving)
    entering_rows, leaving_rows = (tuple(row for row, _ in side) for side in (entering, leaving))
    lacks_entries, lacks_exits = (
        any(term in balance.required and term not in cells for term in side)
        for side in (balance.entries, balance.exits)
    )
    if not lacks_entries and not lacks_exits:
        yield BalanceLink(entering_rows, leaving_rows, gap)
    elif not lacks_entries and gap >= 0:
        # The remainder left by a way that is not reported.
        yield BalanceLink(entering_rows, leaving_rows, has_rest=True)
    elif not lacks_exits and gap <= 0:
        yield BalanceLink(leaving_rows, entering_rows, has_rest=True)
