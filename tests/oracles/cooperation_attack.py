"""Attack published figures of cooperation with integer programs.

Each figure is an unknown whole number from 0 up.  A reader knows all published ones, how they add up (over partners,
types, legal bases, channels, quarters, years and territories), how stocks follow from flows, and exactly by how much
two figures of the same requests or teams differ.  A partner also knows all figures of its own requests, also those that
others reported.  Nothing of the product is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from scipy import optimize, sparse

WHOLE: Final = "_T"
REGION: Final = "WB"
ENDINGS: Final = ("requests_executed", "requests_executed_part", "requests_refused", "requests_withdrawn")


class Item(NamedTuple):
    """One figure: whose it is, of which period, what it counts, and with which partner; quarter 0 is a whole year."""

    territory: str
    year: int
    since: int
    quarter: int
    direction: str
    partner: str
    measure: str
    statistic: str
    assistance: str
    legal_basis: str
    channel: str


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

    def limit_sum(whole: list[Item], part: Item) -> Iterator[Line]:
        if all(item in truth for item in whole) and sum(truth[item] for item in whole) >= truth[part]:
            yield {**dict.fromkeys(whole, 1.0), part: -1.0}, 0.0, np.inf

    def list_books(item: Item) -> Iterator[Line]:
        if (item.quarter, item.statistic) == (0, "end"):
            yield from fix_sum([item], [item._replace(year=item.year + 1, since=item.since + 1, statistic="start")])
            opening = item._replace(statistic="start")
            entries, exits = ("jits_set_up", "jits_closed")
            if item.measure == "pending_requests":
                entries, exits = "requests_registered", "requests_closed"
            flows = [item._replace(measure=name, statistic="count") for name in (entries, exits)]
            yield from fix_sum([opening, flows[0]], [flows[1], item])
        if item.measure == "requests_closed" and item.quarter == 0:
            yield from fix_sum([item], [item._replace(measure=name) for name in ENDINGS])
        if item.measure == "requests_acknowledged":
            stock = item._replace(measure="pending_requests", statistic="start")
            yield from limit_sum([stock, item._replace(measure="requests_registered")], item)

    parts: dict[tuple[Item, str], list[Item]] = defaultdict(list)
    for item in truth:
        is_team = item.measure.startswith("jits")
        for name in ("partner", "assistance", "legal_basis", "channel"):
            if getattr(item, name) != WHOLE and not (is_team and name == "partner"):
                parts[item._replace(**{name: WHOLE}), name].append(item)
        if item.territory != REGION:
            parts[item._replace(territory=REGION), "territory"].append(item)
        if item.quarter:
            parts[item._replace(quarter=0), "quarter"].append(item)
        if item.since < item.year:
            yield from fix_sum([item], [item._replace(year=y, since=y) for y in range(item.since, item.year + 1)])
        if item.territory == REGION or item.partner == REGION:
            continue
        swapped = item._replace(territory=item.partner, partner=item.territory)
        if item.direction == "outgoing" and item.partner != WHOLE:
            yield from fix_sum([item], [swapped._replace(direction="incoming")])
        if is_team and item.partner != WHOLE:
            yield from fix_sum([item], [swapped])
            yield from limit_sum([item._replace(partner=WHOLE)], item)
        if item.measure == "exchanges_answered":
            yield from limit_sum([item._replace(measure="exchanges_registered")], item)
        yield from list_books(item)
    for (whole, name), members in parts.items():
        if name != "quarter" or len(members) == 4:
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
