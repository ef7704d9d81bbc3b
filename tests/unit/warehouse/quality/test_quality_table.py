"""Tests of the table of quality indicators: lengths of series by frequency, against an independent computation."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from pipelines.declarations.sims import load_sims
from pipelines.warehouse.quality import quality_table
from pipelines.warehouse.quality.quality_table import ComparabilityBreak, build_quality_table, figures_in
from pipelines.warehouse.quality.vintages import SERIES

PERIODS = {
    "Q": [f"{year}-Q{quarter}" for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4)],
    "A": ["2023", "2024", "2025"],
}
OFFICES = (("RS", "justice", "Q"), ("RS", "justice", "A"), ("RS", "victims", "A"), ("RS", "register", "Q"))
"""Two instruments of which one is sent by quarter and by year."""
ENDS = {
    **dict.fromkeys((*SERIES, "instrument", "period", "total_of"), pl.String()),
    "earlier": pl.Float64(),
    "later": pl.Float64(),
}


def find_days(period: str) -> tuple[date, date]:
    """Return the first day of a period and the day after its last one."""
    year, months = int(period[:4]), [3 * int(period[-1]) - 2, 3 * int(period[-1]) + 1] if "Q" in period else [1, 13]
    first, after = (date(year + (month > 12), (month - 1) % 12 + 1, 1) for month in months)
    return first, after


def build_table(reported: dict[tuple[str, str, str], list[bool]], starts: list[date]) -> pl.DataFrame:
    """Return the table of deliveries that are reported or not, office by office."""
    rows = [
        {
            "territory": territory, "jurisdiction": territory, "instrument": instrument, "source": "C", "freq": freq,
            "period": period, "deadline": find_days(period)[1] + timedelta(45), "is_reported": is_reported,
            "is_nil": False, "is_due": True, "first_received_at": datetime(2026, 1, 1) if is_reported else None,
            "final_on": find_days(period)[1] + timedelta(90), "cells_required": 1, "cells_provided": int(is_reported),
        }
        for (territory, instrument, freq), flags in reported.items()
        for period, is_reported in zip(PERIODS[freq], flags, strict=True)
    ]  # fmt: skip
    deliveries = pl.DataFrame(rows, schema_overrides={"first_received_at": pl.Datetime()})
    breaks = [ComparabilityBreak("RS", start) for start in starts]
    return build_quality_table(
        deliveries, pl.DataFrame(schema=quality_table.PUBLICATION), breaks, date(2026, 7, 1),
        revisions=pl.DataFrame(schema=ENDS),
    )  # fmt: skip


def count_back(periods: list[str], flags: list[bool], starts: list[date]) -> int:
    """Count the periods back from the last one until one is missing, or was the first after a break."""
    n = 0
    while n < len(periods) and flags[len(periods) - 1 - n]:
        first, after = find_days(periods[len(periods) - 1 - n])
        n += 1
        if any(first <= start < after for start in starts):
            break
    return n


@pytest.mark.parametrize("seed", range(20))
def test_lengths_equal_an_independent_count_for_each_frequency(seed: int) -> None:
    chance = random.Random(seed)
    reported = {office: [chance.random() < 0.8 for _ in PERIODS[office[2]]] for office in OFFICES}
    starts = [date(chance.choice((2023, 2024, 2025)), chance.randint(1, 12), 1) for _ in range(chance.randint(0, 2))]
    rows = build_table(reported, starts).filter(pl.col("indicator") == "COMPAR_LENGTH")
    expected: dict[tuple[str, str, str], int] = {}
    for (_, instrument, freq), flags in reported.items():
        for place, period in enumerate(PERIODS[freq], start=1):
            n = count_back(PERIODS[freq][:place], flags[:place], starts)
            for group in (instrument, "_T"):
                expected[group, freq, period] = min(n, expected.get((group, freq, period), n))
    lengths = {(row["instrument"], row["freq"], row["period"]): row["value"] for row in rows.iter_rows(named=True)}
    assert lengths == expected


def test_length_of_quarters_is_not_compared_with_that_of_years() -> None:
    """Require it because 12 quarters and 3 years are the same time, of which the smaller number was released."""
    table = build_table({office: [True] * len(PERIODS[office[2]]) for office in OFFICES}, [])
    lengths = table.filter((pl.col("indicator") == "COMPAR_LENGTH") & (pl.col("instrument") == "_T"))
    newest = {row["freq"]: (row["period"], row["value"]) for row in lengths.sort("period").iter_rows(named=True)}
    assert newest == {"Q": ("2025-Q4", 12.0), "A": ("2025", 3.0)}
    figure = figures_in(table, "RS")["COMPAR_LENGTH"]
    assert (figure.value, figure.unit, figure.n) == (12.0, "quarters", 2)
    yearly = figures_in(table, "RS", "victims")["COMPAR_LENGTH"]
    assert (yearly.value, yearly.unit, yearly.n) == (3.0, "years", 1)


def test_declared_change_of_layout_does_not_end_a_series() -> None:
    """North Macedonia declares one for 2025-Q1, and a law of 2008."""
    sims = load_sims()["MK"]
    assert [b.kind for b in sims.breaks] == ["law", "layout"]
    assert quality_table.breaks_of([sims]) == [ComparabilityBreak("MK", date(2008, 1, 1))]
