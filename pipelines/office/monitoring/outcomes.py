"""Compute the outcomes of the monitoring from the newest build of the counts. Its figures are not protected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import file_states
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.result_cache import ResultCache
from pipelines.statistics.request_days import summarise_waits
from pipelines.survey.gaps import Gap, classify_share
from pipelines.survey.monitored_themes import MonitoredOutcome
from pipelines.warehouse.count_builds import latest_counts

if TYPE_CHECKING:
    import polars as pl

    from pipelines.core.home import Home

SOURCE_INSTRUMENT = "cooperation"
RECORDS_INSTRUMENT = "requests"
_TOTALS = ("_T", "_Z")
_FIGURES = """
    select territory, measure, statistic, offence_group, direction, assistance, channel, period, value
    from mart_cooperation
    where freq = 'A' and partner = '_T' and legal_basis in ('_T', '_Z') and refusal_reason in ('_T', '_Z')
      and days_band in ('_T', '_Z')
"""
_DAYS = """
    select territory, measure, offence_group, direction, assistance, upper_days, period, value_so_far, total
    from mart_cooperation_days
    where freq = 'A' and partner = '_T' and upper_days is not null
"""
_WAITS = "select * from mart_request_stay"
FigureKey = tuple[str, str, str, str, str, str]
"""Territory, measure, statistic, offence group, direction, assistance."""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """An outcome of a territory and an offence group in its newest year; without a figure, the value is None.

    `value` is a share, a count, or a median of days; `part` and `whole` are the counts behind a share, with its exact
    95 % limits.  Of a median, `whole` is the number of requests and `days` has the rest.  `earlier` is the value of the
    year before.
    """

    outcome: MonitoredOutcome
    territory: str
    offence_group: str
    period: str
    value: float | None
    gap: Gap
    part: float | None = None
    whole: float | None = None
    low: float | None = None
    high: float | None = None
    earlier: float | None = None
    days: WaitSummary | None = None


@dataclass(frozen=True, slots=True)
class WaitSummary:
    """Days of the requests of one year, with limits; None where too few have ended to say. `n_open` still wait."""

    median: float | None
    low: float | None
    high: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    n: int
    n_open: int


@dataclass(frozen=True)
class CooperationFigures:
    """Yearly figures of all territories by key and period: values, and (within so many days, all) of requests.

    `waits`: days of requests from records, by territory, measure, offence group and direction, and year.
    """

    values: Mapping[FigureKey, Mapping[str, float | None]]
    days: Mapping[tuple[str, str, str, str, str, int], Mapping[str, tuple[float | None, float | None]]]
    waits: Mapping[tuple[str, str, str, str], Mapping[str, WaitSummary]] = field(default_factory=dict)

    @property
    def offence_groups(self) -> list[str]:
        """Return the offence groups that occur."""
        return sorted({key[3] for key in self.values})


_BUILDS: Final[ResultCache[CooperationFigures]] = ResultCache(kept=2)
"""Figures of builds, by file."""


def read_figures(home: Home) -> CooperationFigures:
    """Return the figures of the newest build of the counts; none before the first build.

    A build is read once by each process, as long as nothing writes to its file.
    """
    import duckdb

    counts = latest_counts(home)
    if counts is None:
        return CooperationFigures({}, {})
    try:
        return _BUILDS.get_or_make_in_state(counts, file_states.read_states(counts).state, lambda: _read_build(counts))
    except duckdb.Error:
        return CooperationFigures({}, {})  # a build of an earlier version has no such tables


def _read_build(counts: Path) -> CooperationFigures:
    with open_duckdb(counts, read_only=True) as connection:
        figures = _fetch(connection, _FIGURES)
        days = _fetch(connection, _DAYS)
        waits = connection.execute(_WAITS).pl()
    return replace(arrange_figures(figures, days), waits=arrange_waits(waits))


def _fetch(connection: Any, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def arrange_figures(figures: Iterable[Mapping[str, Any]], days: Iterable[Mapping[str, Any]]) -> CooperationFigures:
    """Return figures from rows of the two marts. Channels are added up where no figure covers all of them."""
    by_channel: dict[FigureKey, dict[str, dict[str, float | None]]] = {}
    for row in figures:
        key = (row["territory"], row["measure"], row["statistic"], row["offence_group"], row["direction"],
               row["assistance"])  # fmt: skip
        by_channel.setdefault(key, {}).setdefault(row["period"], {})[row["channel"]] = row["value"]
    values = {
        key: {period: _add_channels(channels) for period, channels in periods.items()}
        for key, periods in by_channel.items()
    }
    within: dict[tuple[str, str, str, str, str, int], dict[str, tuple[float | None, float | None]]] = {}
    for row in days:
        band = (row["territory"], row["measure"], row["offence_group"], row["direction"], row["assistance"],
                int(row["upper_days"]))  # fmt: skip
        within.setdefault(band, {})[row["period"]] = (row["value_so_far"], row["total"])
    return CooperationFigures(values, within)


def arrange_waits(waits: pl.DataFrame) -> dict[tuple[str, str, str, str], dict[str, WaitSummary]]:
    """Return the days of requests by territory, measure, offence group, direction and year of registration."""
    arranged: dict[tuple[str, str, str, str], dict[str, WaitSummary]] = {}
    for row in summarise_waits(waits).iter_rows(named=True):
        key = (row["territory"], row["measure"], row["offence_group"], row["direction"])
        summary = WaitSummary(
            row["median"], row["median_low"], row["median_high"], row["p25"], row["p75"], row["n"], row["n_open"]
        )
        arranged.setdefault(key, {})[str(row["year"])] = summary
    return arranged


def _add_channels(channels: Mapping[str, float | None]) -> float | None:
    for total in _TOTALS:
        if total in channels:
            return channels[total]
    numbers = [value for value in channels.values() if value is not None]
    return sum(numbers) if len(numbers) == len(channels) else None


def compute_outcome(
    figures: CooperationFigures, outcome: MonitoredOutcome, territory: str, offence_group: str
) -> OutcomeRow:
    """Return an outcome in the newest year that has a figure."""
    if outcome.kind == "count":
        return _compute_count(figures, outcome, territory, offence_group)
    if outcome.kind == "median":
        return _find_median(figures, outcome, territory, offence_group)
    parts = _find_shares(figures, outcome, territory, offence_group)
    if not parts:
        return OutcomeRow(outcome, territory, offence_group, "", None, "unknown")
    period = max(parts)
    part, whole = parts[period]
    earlier = parts.get(str(int(period) - 1))
    before = earlier[0] / earlier[1] if earlier is not None else None
    if part > whole:  # more answers than requests in a year, to requests of the year before: not a share
        return OutcomeRow(
            outcome, territory, offence_group, period, part / whole, "unclear", part, whole, earlier=before
        )
    low, high = limit_share(part, whole)
    gap = classify_share(low, high)
    return OutcomeRow(outcome, territory, offence_group, period, part / whole, gap, part, whole, low, high, before)


def _compute_count(
    figures: CooperationFigures, outcome: MonitoredOutcome, territory: str, offence_group: str
) -> OutcomeRow:
    sums = _sum_measures(figures, outcome.of, outcome, territory, offence_group)
    if not sums:
        return OutcomeRow(outcome, territory, offence_group, "", None, "unknown")
    period = max(sums)
    earlier = sums.get(str(int(period) - 1))
    return OutcomeRow(outcome, territory, offence_group, period, sums[period], "none", earlier=earlier)


def _find_median(
    figures: CooperationFigures, outcome: MonitoredOutcome, territory: str, offence_group: str
) -> OutcomeRow:
    years = figures.waits.get((territory, outcome.of[0], offence_group, outcome.direction or "_Z"), {})
    if not years:
        return OutcomeRow(outcome, territory, offence_group, "", None, "unknown")
    period = max(years)
    days, before = years[period], years.get(str(int(period) - 1))
    return OutcomeRow(
        outcome, territory, offence_group, period, days.median, "none", None, days.n, days.low, days.high,
        earlier=before.median if before is not None else None, days=days,
    )  # fmt: skip


def _find_shares(
    figures: CooperationFigures, outcome: MonitoredOutcome, territory: str, offence_group: str
) -> dict[str, tuple[float, float]]:
    """Return part and whole by year, where both are known and the whole is not zero."""
    if outcome.kind == "share":
        parts = _sum_measures(figures, outcome.of, outcome, territory, offence_group)
        wholes = _sum_measures(figures, outcome.among, outcome, territory, offence_group)
        return {period: (parts[period], whole) for period, whole in wholes.items() if period in parts and whole > 0}
    assert outcome.days is not None
    key = (territory, outcome.of[0], offence_group, outcome.direction or "_Z", outcome.assistance or "_T", outcome.days)
    return {
        period: (part, whole)
        for period, (part, whole) in figures.days.get(key, {}).items()
        if part is not None and whole is not None and whole > 0
    }


def _sum_measures(
    figures: CooperationFigures, measures: Sequence[str], outcome: MonitoredOutcome, territory: str, offence_group: str
) -> dict[str, float]:
    """Return the sum of measures by year; years in which one of them has no figure are left out."""
    series = []
    for measure in measures:
        candidates = (outcome.assistance,) if outcome.assistance else _TOTALS
        keys = [
            (territory, measure, outcome.statistic, offence_group, outcome.direction or "_Z", assistance)
            for assistance in candidates
        ]
        series.append(next((figures.values[key] for key in keys if key in figures.values), {}))
    periods = set.intersection(*(set(values) for values in series))
    sums: dict[str, float] = {}
    for period in periods:
        numbers = [number for values in series if (number := values[period]) is not None]
        if len(numbers) == len(series):
            sums[period] = sum(numbers)
    return sums


@lru_cache(maxsize=4096)
def limit_share(part: float, whole: float) -> tuple[float, float]:
    """Return the exact 95 % limits of a share; a page asks for hundreds, which are the same at the next view."""
    import numpy as np

    from pipelines.statistics.intervals import clopper_pearson

    limits = clopper_pearson(np.array([part]), np.array([whole]))
    return float(limits.low[0]), float(limits.high[0])
