"""An invented world of requests between territories, as rows of `mart_cooperation`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

TERRITORIES = ("AA", "BB", "CC")
PARTNERS = (*TERRITORIES, "OTHER")
ENDS = ("requests_executed", "requests_executed_part", "requests_refused", "requests_withdrawn")
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
