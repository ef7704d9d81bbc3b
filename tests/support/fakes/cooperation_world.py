"""An invented world of requests between territories, as rows of `mart_cooperation`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl

TERRITORIES = ("AA", "BB", "CC")
PARTNERS = (*TERRITORIES, "OTHER")
ENDS = ("requests_executed", "requests_executed_part", "requests_refused", "requests_withdrawn")
TYPES = {"evidence": 1.0, "hearing": 0.6, "confiscation": 0.1}
CHANNELS = ("selec", "interpol", "liaison")
BASES = ("ets30", "pcc_see")
REQUEST_BASES = {"bilateral": 0.7, "ets30": 0.2, "reciprocity": 0.1}
REQUEST_CHANNELS = {"central": 0.7, "direct": 0.2, "other": 0.1}
"""Shares of all requests."""
SCHEMA = {
    "cooperation_id": pl.String, "territory": pl.String, "measure": pl.String, "count_unit": pl.String,
    "statistic": pl.String, "offence_group": pl.String, "partner": pl.String, "direction": pl.String,
    "assistance": pl.String, "legal_basis": pl.String, "channel": pl.String, "refusal_reason": pl.String,
    "days_band": pl.String, "freq": pl.String, "period": pl.String, "year": pl.Int32, "value": pl.Float64,
    "obs_status": pl.String, "date_basis": pl.String,
}  # fmt: skip
_TOTALS = dict.fromkeys(("partner", "assistance", "legal_basis", "channel", "refusal_reason", "days_band"), "_T")


def draw_figures(
    seed: int, *, years: Sequence[int] = (2025,), mean: float = 4.0, lost: float = 0.1, group: str = "TIP"
) -> pl.DataFrame:
    """Draw requests between all territories and one other partner; a receiver loses each with probability `lost`."""
    random = np.random.default_rng(seed)
    counts: Counter[tuple[Any, ...]] = Counter()
    for sender in PARTNERS:
        for receiver in PARTNERS:
            if sender == receiver:
                continue
            stock = {"outgoing": 0, "incoming": 0}
            for number, year in enumerate(years):
                sent = int(random.poisson(mean))
                opening = int(random.poisson(mean / 2))
                if number == 0:
                    stock = {"outgoing": opening, "incoming": opening}
                received = int(random.binomial(sent, 1 - lost))
                for direction, registered, (place, partner) in (
                    ("outgoing", sent, (sender, receiver)),
                    ("incoming", received, (receiver, sender)),
                ):
                    if place not in TERRITORIES:
                        continue
                    book = (place, year, direction, partner)
                    closed = int(random.binomial(stock[direction] + registered, 0.6))
                    ends = random.multinomial(closed, (0.6, 0.1, 0.2, 0.1))
                    counts[*book, "pending_requests", "start"] = stock[direction]
                    counts[*book, "requests_registered", "count"] = registered
                    counts[*book, "requests_acknowledged", "count"] = int(random.binomial(registered, 0.8))
                    for name, count in zip(ENDS, ends, strict=True):
                        counts[*book, name, "count"] = int(count)
                    stock[direction] += registered - closed
                    counts[*book, "pending_requests", "end"] = stock[direction]
    for (place, year, direction, _, *figure), count in list(counts.items()):
        counts[place, year, direction, "_T", *figure] += count
    rows = [
        make_row(place, year, direction, partner, measure, count, statistic=statistic, offence_group=group)
        for (place, year, direction, partner, measure, statistic), count in sorted(counts.items())
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def draw_breakdowns(seed: int, mean: float = 3.0) -> pl.DataFrame:
    """Draw requests of four territories by type, quarter, basis and channel, informal exchange, and joint teams."""
    random = np.random.default_rng(seed)
    places = (*TERRITORIES, "DD", "OTHER")
    counts: Counter[tuple[Any, ...]] = Counter()
    for sender in places:
        for receiver in (place for place in places if place != sender):
            for quarter, kind in product(range(1, 5), TYPES):
                sent = int(random.poisson(TYPES[kind] * mean / 4))
                received = int(random.binomial(sent, 0.95))
                for direction, count, place, partner in (
                    ("outgoing", sent, sender, receiver),
                    ("incoming", received, receiver, sender),
                ):
                    for whole_partner, whole_kind in product((partner, "_T"), (kind, "_T")):
                        counts[place, direction, whole_partner, whole_kind, 0] += count
                    for whole_partner in (partner, "_T"):
                        counts[place, direction, whole_partner, "_T", quarter] += count
    rows = [
        make_row(
            place, 2025, direction, partner, "requests_registered", count, assistance=kind, **_name_quarter(number)
        )
        for (place, direction, partner, kind, number), count in sorted(counts.items())
        if place != "OTHER" and (number == 0 or place in TERRITORIES[:2])
    ]
    for place, direction, channel in product(places[:4], ("incoming", "outgoing"), CHANNELS):
        registered = int(random.poisson(4 * mean))
        answered = int(random.binomial(registered, 0.8))
        for measure, count in (("exchanges_registered", registered), ("exchanges_answered", answered)):
            rows.append(make_row(place, 2025, direction, "_T", measure, count, channel=channel))
    rows += _draw_teams(random, places, mean)
    for (place, direction, partner, kind, number), count in sorted(counts.items()):
        if place == "OTHER" or (partner, kind, number) != ("_T", "_T", 0):
            continue
        for dimension in (REQUEST_BASES, REQUEST_CHANNELS):
            split = random.multinomial(count, list(dimension.values()))
            name = "legal_basis" if dimension is REQUEST_BASES else "channel"
            rows += [
                make_row(place, 2025, direction, "_T", "requests_registered", int(part), **{name: code})
                for code, part in zip(dimension, split, strict=True)
            ]
    return pl.DataFrame(rows, schema=SCHEMA)


def _name_quarter(number: int) -> dict[str, str]:
    return {"freq": "Q", "period": f"2025-Q{number}"} if number else {}


def _draw_teams(random: np.random.Generator, places: Sequence[str], mean: float) -> list[dict[str, Any]]:
    """Return teams set up, closed and at work in two years; each member counts a team with each other one."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for year in (2024, 2025):
        for _ in range(int(random.poisson(3 * mean))):
            size = 3 if random.random() < 0.3 else 2
            members = [str(place) for place in random.choice(places, size=size, replace=False)]
            basis = str(random.choice(BASES))
            for place in members:
                for partner in ("_T", *members):
                    if partner != place:
                        counts[place, year, "jits_set_up", "count", partner, "_T"] += 1
                        counts[place, 2025, "jits_running", "end", partner, "_T"] += 1
                        if year == 2024:
                            counts[place, 2024, "jits_running", "end", partner, "_T"] += 1
                            counts[place, 2025, "jits_running", "start", partner, "_T"] += 1
                counts[place, year, "jits_set_up", "count", "_T", basis] += 1
    figures = {figure for _, _, *figure in map(tuple, counts) for figure in [tuple(figure)]}
    keys = {(place, year) for place, year, *_ in counts}
    closed = {("jits_closed", "count", partner, "_T") for _, _, partner, _ in figures}
    return [
        make_row(place, year, "_Z", partner, measure, counts[place, year, measure, statistic, partner, basis],
                 statistic=statistic, legal_basis=basis, count_unit="event")
        for place, year in sorted(keys)
        for measure, statistic, partner, basis in sorted({*figures, *closed, *_STARTS})
        if place not in ("OTHER", partner)
    ]  # fmt: skip


_STARTS = {("jits_running", "start", partner, "_T") for partner in (*PARTNERS, "DD", "_T")}


def make_row(
    territory: str, year: int, direction: str, partner: str, measure: str, value: float | None, **more: str
) -> dict[str, Any]:
    """Return one annual figure."""
    row = {
        "territory": territory, "measure": measure, "count_unit": "request", "statistic": "count",
        "offence_group": "TIP", **_TOTALS, "partner": partner, "direction": direction, "freq": "A",
        "period": str(year), "year": year, "value": value, "obs_status": "A", "date_basis": "registration",
    } | more  # fmt: skip
    identity = (name for name in row if name not in ("value", "obs_status", "date_basis"))
    return {"cooperation_id": "|".join(str(row[name]) for name in identity), **row}
