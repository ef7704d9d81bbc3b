"""Look up the last values of the same series for each value of a return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.findings.places import place_words
from pipelines.model.content import Where
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.office.answers.model import EarlierValue, FormattedValue, ValueHistory
from pipelines.office.answers.values import format_value, key_words

if TYPE_CHECKING:
    import polars as pl

_OF_TIME = ("period", "period_start", "period_end")
KEY = (*(name for name in OBSERVATION_KEY if name not in _OF_TIME), "form")
"""Key of one series: a key without its time. A year and a quarter differ by `freq`."""


def find_earlier_values(new: pl.DataFrame, history: pl.DataFrame, periods: int, language: str) -> list[ValueHistory]:
    """Return, for each row of `new`, the `periods` periods before it, oldest first; both frames are in OBSERVATION.

    `history` may hold a key and period several times, once per vintage: the last one (by its column `accepted_at`, or
    by the order of the rows without it) is the value, and earlier ones that differ are its revisions. The return's own
    period is not among the points; `compare_versions` handles what it replaces.
    """
    import polars as pl

    earlier_periods = {
        period for own_period in new["period"].unique() for period in list_periods_before(own_period, periods)
    }
    history = history.filter(pl.col("period").is_in(sorted(earlier_periods)))
    history = history.join(new.select(KEY).unique(), on=list(KEY), how="semi", nulls_equal=True, maintain_order="left")
    vintages: dict[tuple[Any, ...], dict[str, list[tuple[float | None, str]]]] = {}
    ordered = history.sort("accepted_at", maintain_order=True) if "accepted_at" in history.columns else history
    for *key, period, value, status in ordered.select(*KEY, "period", "value", "obs_status").iter_rows():
        vintages.setdefault(tuple(key), {}).setdefault(period, []).append((value, status))
    all_series = []
    for row in new.iter_rows(named=True):
        mine = vintages.get(tuple(row[name] for name in KEY), {})
        points = tuple(
            _point(period, mine.get(period, []), language) for period in list_periods_before(row["period"], periods)
        )
        all_series.append(
            ValueHistory(
                key={name: str(row[name]) for name in KEY},
                words=key_words(row, language),
                label=row["label"],
                place=place_words(Where.from_text(row["place"]), language) if row["place"] else None,
                period=row["period"],
                now=format_value(row["value"], row["obs_status"], language),
                points=points,
            )
        )
    return all_series


def _point(period: str, vintages: list[tuple[float | None, str]], language: str) -> EarlierValue:
    if not vintages:
        return EarlierValue(period, None)
    *older, last = vintages
    differing = [vintage for vintage in dict.fromkeys(older) if vintage != last]
    earlier: tuple[FormattedValue, ...] = tuple(format_value(value, status, language) for value, status in differing)
    return EarlierValue(period, format_value(*last, language), earlier)


def list_periods_before(period: str, count: int) -> list[str]:
    """Return the `count` periods of equal length before one, oldest first: `2026-Q1` -> ..., `2025-Q3`, `2025-Q4`."""
    year, quarter, number = period.partition("-Q")
    if not quarter:
        return [str(int(year) - back) for back in range(count, 0, -1)]
    at = int(year) * 4 + int(number) - 1
    return [f"{(at - back) // 4}-Q{(at - back) % 4 + 1}" for back in range(count, 0, -1)]
