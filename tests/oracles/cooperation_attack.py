"""Attack published figures of cooperation with integer programs.

Each figure is an unknown whole number from 0 up.  A reader knows all published ones, how they add up, and exactly by
how much two figures of the same requests differ.  A partner also knows all figures of its own requests,
also those that others reported.  Nothing of the product is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from scipy import optimize, sparse

WHOLE: Final = "_T"
ENDINGS: Final = ("requests_executed", "requests_executed_part", "requests_refused", "requests_withdrawn")


class Item(NamedTuple):
    """One figure: whose it is, what it counts, and with which partner."""

    territory: str
    year: int
    direction: str
    partner: str
    measure: str
    statistic: str


Line = tuple[dict[Item, float], float, float]
"""Coefficients, and the least and greatest value of their sum."""


def read_items(rows: Iterable[Mapping[str, Any]]) -> dict[Item, float]:
    """Return the true values of rows by item."""
    return {Item(*(row[name] for name in Item._fields)): float(row["value"]) for row in rows}


def list_lines(truth: Mapping[Item, float]) -> Iterator[Line]:
    """Yield what everybody is assumed to know about the figures of one release."""

    def fix_sum(plus: list[Item], minus: list[Item]) -> Iterator[Line]:
        if all(item in truth for item in (*plus, *minus)):
            gap = sum(truth[item] for item in plus) - sum(truth[item] for item in minus)
            yield {**dict.fromkeys(plus, 1.0), **dict.fromkeys(minus, -1.0)}, gap, gap

    parts: dict[Item, list[Item]] = defaultdict(list)
    for item in truth:
        if item.partner != WHOLE:
            parts[item._replace(partner=WHOLE)].append(item)
        if item.direction == "outgoing" and item.partner != WHOLE:
            yield from fix_sum(
                [item], [item._replace(territory=item.partner, partner=item.territory, direction="incoming")]
            )
        if (item.measure, item.statistic) == ("pending_requests", "end"):
            yield from fix_sum([item], [item._replace(year=item.year + 1, statistic="start")])
        if item.measure == "requests_closed":
            yield from fix_sum([item], [item._replace(measure=name) for name in ENDINGS])
            stocks = [item._replace(measure="pending_requests", statistic=name) for name in ("start", "end")]
            registered = item._replace(measure="requests_registered")
            yield from fix_sum([stocks[0], registered], [item, stocks[1]])
            acknowledged = item._replace(measure="requests_acknowledged")
            if acknowledged in truth and truth.get(stocks[0], -1) + truth.get(registered, 0) >= truth[acknowledged]:
                yield {stocks[0]: 1.0, registered: 1.0, acknowledged: -1.0}, 0.0, np.inf
    for whole, members in parts.items():
        yield from fix_sum([whole], members)


def find_narrow(
    truth: Mapping[Item, float], published: set[Item], wanted: Iterable[Item], insider: str = "", lines: Any = None
) -> list[Item]:
    """Return the wanted items of which a reader can say that fewer than three values are possible.

    `insider` is a territory or partner; without it the reader is the public.
    """
    items = list(truth)
    number = {item: place for place, item in enumerate(items)}
    rows, low, high = [], [], []
    for coefficients, least, most in lines if lines is not None else list_lines(truth):
        rows.append({number[item]: weight for item, weight in coefficients.items()})
        low.append(least)
        high.append(most)
    matrix = sparse.lil_matrix((len(rows), len(items)))
    for place, row in enumerate(rows):
        for column, weight in row.items():
            matrix[place, column] = weight
    limit = optimize.LinearConstraint(matrix.tocsr(), low, high)
    is_known = np.array([item in published or insider in (item.territory, item.partner) for item in items])
    values = np.array([truth[item] for item in items])
    top = values.max() + 40.0
    bounds = optimize.Bounds(np.where(is_known, values, 0.0), np.where(is_known, values, top))
    narrow = []
    # Every solution is a possible world, which shows what else is open.
    low_seen, high_seen = values.copy(), values.copy()
    for item in wanted:
        place = number[item]
        if is_known[place] or high_seen[place] - low_seen[place] > 1.5:
            continue
        for sign in (1.0, -1.0):
            # Other figures have a little weight, so that one solution opens many of them.
            target = np.where(is_known, 0.0, sign * 1e-5 * np.cos(np.arange(len(items)) * (1.0 + sign)))
            target[place] = sign
            result = optimize.milp(target, constraints=limit, bounds=bounds, integrality=np.ones(len(items)))
            assert result.status == 0, result.message
            low_seen, high_seen = np.minimum(low_seen, result.x), np.maximum(high_seen, result.x)
        if high_seen[place] - low_seen[place] < 1.5:
            narrow.append(item)
    return narrow
